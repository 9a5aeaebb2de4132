"""A magic that nobody knows and that is near one of ours shows the line as it is meant; all else is left alone."""

from __future__ import annotations

import pytest

from nbmicro.cells.input_transformer import reject_misspelt
from nbmicro.errors import CellError

OURS = {"line": {"http", "routes", "serve", "exchanges"}, "cell": {"route", "http", "template", "static"}}
KNOWN = {"line": {*OURS["line"], "time", "rerun"}, "cell": {*OURS["cell"], "time", "bash"}}


@pytest.mark.parametrize(
    ("cell", "meant", "line"),
    [
        ("%route /x", "%%route /x", 1),
        ("%%routes POST /x\n'x'", "%%route POST /x", 1),
        ("\n%%rout /x\n'x'", "%%route /x", 1),
        ("%%Route /x\n'x'", "%%route /x", 1),
        ("%HTTP /x", "%http /x", 1),
        ("x = 1\n\n%sevre --port 80", "%serve --port 80", 3),
        ("answer = %htpp /x", "%http /x", 1),
        ("%exchange", "%exchanges", 1),
    ],
)
def test_it_is_rejected_with_the_line_that_is_meant(cell: str, meant: str, line: int) -> None:
    with pytest.raises(CellError) as caught:
        reject_misspelt(cell, OURS, KNOWN)
    assert caught.value.hint == f"Did you mean  {meant}"
    assert caught.value.line == line


@pytest.mark.parametrize(
    "cell",
    [
        "%time 1",
        "%%bash\n%htpp /x",
        "%nothing like it",
        "'''\n%htpp /x\n'''",
        "x = 5 \\\n%htpp",
        "%%time\n%http /x",
        "%rerun",
        "",
    ],
)
def test_what_others_know_or_nobody_means_is_left_alone(cell: str) -> None:
    reject_misspelt(cell, OURS, KNOWN)
