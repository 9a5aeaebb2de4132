"""In a real kernel: errors of requests name the line and column that the cell's editor shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel

APP = """\
%load_ext nbmicro
@app.route("/x", methods=["GET", "POST"])
def x():
    return {"q": request.args.to_dict(), "sent": request.get_json(silent=True)}, 201
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[RealKernel]:
    with RealKernel() as real:
        real.check(APP, cell_id="app")
        real.check('open("api.http", "w").write("GET /x\\n\\nHTTP 200\\n###\\nGET /x/{{ gone }}\\n");', cell_id="file")
        yield real


@pytest.mark.parametrize(
    ("cell", "begin"),
    [
        ("x1 = 1\n\nfor i in range(2):\n    %http /x?{{ nope }}", "line 4, column 14: {{ nope }}:"),
        ("\n\n# c\nr = %http /x name=Ada --nope 200", "line 4, column 23: %http has no option --nope."),
        ("# NBVAL_SKIP\n\n%%http GET /x?q={{ nope }}", "line 3, column 17: {{ nope }}:"),
        ("# NBVAL_SKIP\n%%http\nGET /x?q={{ nope }}", "line 3, column 10: {{ nope }}:"),
        ("def ask():\n    %http /x {{ nope }}=1\nask()", "line 2, column 14: {{ nope }}:"),
        ("%http POST /x photo@nope.png", "line 1, column 21: the file nope.png cannot be read"),
        ("%http --file api.http", "api.http, line 5, column 8: {{ gone }}:"),
        ("%%http\ncurl /x \\\n  -H 'A: b' --nope\n", "line 3, column 13: curl's --nope"),
    ],
)
def test_an_error_names_its_place_as_the_editor_counts(kernel: RealKernel, cell: str, begin: str) -> None:
    error = kernel.run(cell).error
    assert error is not None
    assert error.name == "RequestError"
    assert error.traceback.startswith(f"RequestError: {begin}")


def test_the_line_of_a_failed_expectation_is_that_of_its_magic(kernel: RealKernel) -> None:
    error = kernel.run("for i in [1]:\n    %http /x --expect 200").error
    assert error is not None
    assert "line 2   --expect 200     got 201, expected 200" in error.traceback


def test_a_command_over_several_lines_is_one_request(kernel: RealKernel) -> None:
    """As a line that goes on behind backslashes, and in a cell."""
    command = (
        "curl 'http://localhost:5000/x?a=1' \\\n  -H 'Content-Type: application/json' \\\n  --data-raw '{\"b\": 2}'"
    )
    for cell in (f"%http --curl {command}", f"%%http\n{command}\n\nHTTP 201\n"):
        shown = kernel.check(cell).shown
        assert shown.startswith("POST /x?a=1 → 201 CREATED")
        assert '"b": 2' in shown


def test_help_is_shown_beside_anything_else(kernel: RealKernel) -> None:
    for cell in ("%http /x --help", "%%http /x -h\nbody"):
        assert "%http [METHOD] URL [ITEM…]" in kernel.check(cell).stdout
