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
        ("curl http://localhost:5000/x", "%http curl http://localhost:5000/x"),
        ("curl -d '{\"a\": 1}' http://localhost:5000/x", "%http curl -d '{\"a\": 1}' http://localhost:5000/x"),
        ("curl 'http://localhost:5000/x' \\\n  -H 'A: b'", "%%http"),
        ("http POST :5000/users name=Ada", "%http POST :5000/users name=Ada"),
        ("$ http localhost:5000/x", "%http localhost:5000/x"),
        ("http POST :5000/users \\\n  name=Ada \\\n  age:=36\n\nprint(1)", "%http POST :5000/users name=Ada age:=36"),
        ("https -f localhost/x a=b", "%http -f localhost/x a=b"),
        ("wget http://localhost:5000/x?a=1", "%http /x?a=1"),
        ("wget http://localhost:5000/x\nprint(1)", "%http /x"),
        (
            "wget --post-data='a=1' localhost:5000/x",
            "%%http\nPOST /x\nContent-Type: application/x-www-form-urlencoded\n\na=1",
        ),
        ("Invoke-WebRequest -Uri 'http://localhost:5000/x' -Method DELETE", "%%http\nDELETE /x"),
        ("$r = Invoke-RestMethod http://localhost:5000/x", "%%http\nGET /x"),
        ("iwr http://localhost:5000/x", "%%http\nGET /x"),
        (
            'Invoke-WebRequest -UseBasicParsing -Uri "http://localhost:5000/x" `\n-Method "POST" `\n'
            '-ContentType "application/json" `\n-Body "{`"a`":1}"',
            '%%http\nPOST /x\nContent-Type: application/json\n\n{"a":1}',
        ),
        ("TOKEN=abc curl http://localhost:5000/x", "{{ name }}"),
        ("sudo curl http://localhost:5000/x", "{{ name }}"),
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
    [
        "http and 1",
        "http is None",
        "https = http if True else 1",
        "Invoke-WebRequest",
        "wget = 1",
        "env = {}",
        "x=1",
        "iwr [0]",
        "sudo apt install x",
        "flask.run()",
        "set(x)",
        "GET = 1",
        "GET / x",
        "curl = 5",
        "export = {}",
        "python",
        "http = 5",
        "settings",
        "",
    ],
)
def test_python_is_left_alone(cell: str) -> None:
    reject_pasted(cell)
