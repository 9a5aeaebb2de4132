"""A command or a request that was pasted into a plain cell shows the line that does it in a notebook."""

from __future__ import annotations

import pytest

from nbmicro.cells.input_transformer import reject_pasted
from nbmicro.errors import CellError


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("flask run", "%serve"),
        ("$ flask --app hello run --debug", "%serve"),
        ("python -m flask run", "%serve"),
        ("nbmicro run app.ipynb", "%serve"),
        ("export FLASK_APP=hello.py\nflask run", "%serve"),
        ("set FLASK_ENV=development", "%serve"),
        ("curl http://localhost:5000/x", "%http --curl 'curl http://localhost:5000/x'"),
        ("GET /users", "%http GET /users"),
        ("POST /users\nContent-Type: application/json\n\n{}", "%%http"),
        ("http://localhost:5000/", "%http http://localhost:5000/"),
    ],
)
def test_it_is_rejected_with_the_line_to_write(cell: str, line: str) -> None:
    with pytest.raises(CellError) as caught:
        reject_pasted(cell)
    assert (caught.value.hint or "").endswith(line)


@pytest.mark.parametrize(
    "cell",
    ["flask.run()", "set(x)", "GET = 1", "GET / x", "curl = 5", "export = {}", "python", "http = 5", "settings", ""],
)
def test_python_is_left_alone(cell: str) -> None:
    reject_pasted(cell)
