"""`nbmicro import API.http`: a notebook that holds the file's requests, and runs."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nbmicro.cli import main
from nbmicro.testing.kernel import RealKernel

SAMPLES = Path(__file__).parents[1] / "runner" / "samples"
SHOP = """
from nbmicro import App, request

app = App(__name__)
ITEMS = {"items": [{"id": 1, "name": "tea"}, {"id": 2, "name": "milk"}]}


@app.route("/items")
def items():
    return ITEMS


@app.route("/items", methods=["POST"])
def create():
    return {"id": 7, **(request.get_json() or {})}, 201, {"X-Token": "t7"}


@app.route("/items/<int:id>", methods=["GET", "PUT", "DELETE"])
def item(id):
    return {"id": id, **(request.get_json(silent=True) or {"token": request.headers.get("X-Token")})}


@app.route("/form", methods=["POST"])
def form():
    return dict(request.form)


@app.route("/upload", methods=["POST"])
def upload():
    return {**request.form, **{name: file.read().decode() for name, file in request.files.items()}}


@app.route("/text", methods=["POST"])
def text():
    return request.get_data(), {"Content-Type": "text/plain"}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the samples and an app that answers them."""
    for file in SAMPLES.iterdir():
        shutil.copy(file, tmp_path)
    (tmp_path / "shop.py").write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def imported(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["import", *arguments])


def cells_of(path: Path) -> list[tuple[str, str]]:
    return [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(path.read_text("utf-8"))["cells"]]


def test_each_request_is_a_cell_under_its_title(folder: Path) -> None:
    """Comments and directives stay, literal variables are Python, and the file beside it is still found."""
    result = imported("rest_client_basics.http")
    assert (result.exit_code, result.output) == (0, "wrote rest_client_basics.ipynb: 11 requests\n")
    cells = cells_of(folder / "rest_client_basics.ipynb")
    assert cells[1] == ("code", "%load_ext nbmicro")
    assert cells[3] == ("code", 'hostname = "localhost"\nport = 5000\ncontentType = "application/json"')
    at = cells.index(("markdown", "### A list, page by page"))
    page = (
        "GET http://{{host}}/items\n    ?page=2\n    &size=10\nAccept: application/json\n// the second kind of comment"
    )
    assert cells[at + 1] == ("code", f"%%http\n{page}")
    assert sum(text.startswith("%%http") for _, text in cells) == 11
    assert any(text.endswith("\n\n< ./item.json") for _, text in cells)


def test_a_notebook_elsewhere_finds_the_files_of_its_requests(folder: Path) -> None:
    """Their paths are written from the notebook's folder."""
    (folder / "notes" / "api").mkdir(parents=True)
    assert imported("hurl_basics.hurl", "-o", "notes/api/NB.ipynb").exit_code == 0
    text = "\n".join(text for _, text in cells_of(folder / "notes/api/NB.ipynb"))
    assert "picture: file,../../item.json; application/json" in text


def test_what_the_file_asks_for_is_a_variable_in_a_cell_of_python(folder: Path) -> None:
    """Each once, by a name that Python takes, whether a request reads it or not."""
    (folder / "asks.http").write_text(
        "# @prompt user Who?\nGET /hello/{{user}}\n\n###\n# @prompt other\n# @prompt user\nGET /x/{{user}}\n\n"
        "###\n// @prompt user-id\nGET /users/{{user-id}}\n# @prompt token\nX-Token: {{token}}\n"
    )
    result = imported("asks.http")
    assert result.exit_code == 0
    assert "line 1: `user` is asked for in the file; in the notebook it is the variable `user`" in result.output
    cells = cells_of(folder / "asks.ipynb")
    assert cells[3] == ("code", 'user = "user"\nother = "other"\nuser_id = "user_id"\ntoken = "token"')
    assert "GET /users/{{user_id}}" in cells[-1][1]


def test_what_nothing_gives_a_value_is_told_and_refused(folder: Path) -> None:
    """A line is printed for it; a secret is asked for, and braces in a title or a comment are no variables."""
    (folder / "lacks.http").write_text(
        "### Show {{title}}\n# with {{words}}\nGET /items/{{user}}\nX-Token: {{apiKey}}\nX-Again: {{user}}\n"
    )
    result = imported("lacks.http")
    assert result.exit_code == 0
    assert result.output.splitlines()[1:] == [
        "lacks.http, line 3: nothing gives `user` a value: the cell of variables has a line for it.",
        "lacks.http, line 4: nothing gives `apiKey` a value: the cell of variables has a line for it.",
    ]
    cells = cells_of(folder / "lacks.ipynb")
    assert 'apiKey = os.environ.get("API_KEY") or getpass("apiKey: ")  # line 4 reads it' in cells[3][1]
    assert "# user =     line 3 reads it, and nothing gives it a value: give it one here" in cells[3][1].splitlines()
    assert not {"title", "words"} & set(re.findall(r"\w+", cells[3][1]))


def test_two_requests_of_one_name_are_both_taken_over(folder: Path) -> None:
    """The second has another name, and its own cell says so."""
    (folder / "twice.http").write_text("# @name up\nGET /items\n\n###\n# @name up\nPOST /items\n\n###\nGET /text\n")
    result = imported("twice.http")
    assert (result.exit_code, result.output.splitlines()[1:]) == (
        0,
        ["twice.http, line 5: another request is named `up` above; this one is `up_2`."],
    )
    requests = [text for _, text in cells_of(folder / "twice.ipynb") if text.startswith("%%http")]
    assert requests == [
        "%%http\n# @name up\nGET /items",
        "%%http\n# line 5: another request is named `up` above; this one is `up_2`.\n# @name up_2\nPOST /items",
        "%%http\nGET /text",
    ]


def test_a_variable_that_reads_an_answer_stands_behind_its_request(folder: Path) -> None:
    """REST Client fills it when it is used; the cells of a notebook run in order."""
    (folder / "token.http").write_text(
        "@token = {{login.response.body.access_token}}\n@header = Bearer {{token}}\n\n### Log in\n# @name login\n"
        "POST /items\n\n{}\n\n### Me\nGET /items\nAuthorization: {{header}}\n"
    )
    result = imported("token.http")
    assert "token.http, line 1: `@token` stands behind `login`, which it reads." in result.output
    first, second = (text for _, text in cells_of(folder / "token.ipynb") if text.startswith("%%http"))
    assert "@token" not in first.replace("`@token`", "")
    assert second.startswith("%%http\n@token = {{login.response.body.access_token}}\n@header = Bearer {{token}}\n")


def test_cells_that_send_other_values_in_each_run_are_not_compared(folder: Path) -> None:
    """`{{$guid}}` and its kind, themselves or in a variable, would fail nbval where the answer repeats them."""
    (folder / "changes.http").write_text(
        "@id = {{$guid}}\n@key = {{$processEnv KEY}}\n\nGET /items\nX-Key: {{key}}\n\n###\nPOST /items\n\n"
        '{"id": "{{id}}"}\n\n###\nGET /items/{{$randomInt 1 5}}\n\n###\nGET /items/1\n'
    )
    assert imported("changes.http").exit_code == 0
    requests = [text for _, text in cells_of(folder / "changes.ipynb") if text.startswith("%%http")]
    assert ["# NBVAL_IGNORE_OUTPUT" in text.splitlines() for text in requests] == [True, True, True, False]


def test_what_could_not_be_taken_over_stands_in_its_cell_and_is_printed(folder: Path) -> None:
    """With its line in the file, the line itself, and what to write; the exit code says that there is some."""
    result = imported("jetbrains_refused.http", "-o", "NB.ipynb")
    assert result.exit_code == 3
    assert "jetbrains_refused.http, line 25: not taken over: a response is not put into a file" in result.output
    assert "    Name the request (# @name answer)" in result.output
    (cell,) = [text for _, text in cells_of(folder / "NB.ipynb") if "items.json" in text]
    assert cell == (
        "%%http\n"
        "# line 25: not taken over: a response is not put into a file by its request.\n"
        "#   | >> items.json\n"
        "#   Name the request (# @name answer) and write below the cell:  "
        "open('items.json', 'wb').write(answer.body)\n"
        "GET /items"
    )


def test_the_same_file_gives_the_same_notebook(folder: Path) -> None:
    """Ids of cells follow from their text, and are a notebook's: unique, short, of plain letters."""
    for name in ("a.ipynb", "b.ipynb"):
        imported("hurl_refused.hurl", "-o", name)
    assert (folder / "a.ipynb").read_bytes() == (folder / "b.ipynb").read_bytes()
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(folder / "a.ipynb", as_version=4))


def test_a_notebook_that_is_there_is_not_replaced(folder: Path) -> None:
    """Unless it is asked for."""
    (folder / "NB.ipynb").write_text("mine")
    result = imported("hurl_basics.hurl", "-o", "NB.ipynb")
    assert (result.exit_code, (folder / "NB.ipynb").read_text()) == (1, "mine")
    assert "--force" in result.output
    assert imported("hurl_basics.hurl", "-o", "NB.ipynb", "--force").exit_code == 0
    assert (folder / "NB.ipynb").read_text() != "mine"


def test_a_folder_that_is_missing_is_made_and_a_place_that_cannot_be_is_said(folder: Path) -> None:
    """As nbmicro export does."""
    assert imported("hurl_basics.hurl", "-o", "new/folder/NB.ipynb").exit_code == 0
    assert cells_of(folder / "new" / "folder" / "NB.ipynb")
    result = imported("hurl_basics.hurl", "-o", "shop.py/NB.ipynb")
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert re.search(r"^Error: shop\.py.NB\.ipynb cannot be written: ", result.output)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.http", None, "Beside it: "),
        ("notes.txt", "GET /x", "One ends in .http .rest .hurl"),
        ("empty.http", "# nothing\n", "there is no request in it"),
        ("words.http", "some words\n", "nothing was written"),
        ("bytes.http", "\udcff", "cannot be read"),
    ],
)
def test_what_is_no_file_of_requests_writes_nothing(folder: Path, name: str, content: str | None, said: str) -> None:
    """The error says what would do; the exit code is 1."""
    if content is not None:
        (folder / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    result = imported(name, "-o", "NB.ipynb")
    assert result.exit_code == 1
    assert said in result.output
    assert not (folder / "NB.ipynb").exists()


@pytest.mark.kernel
def test_the_notebook_runs(folder: Path) -> None:
    """From top to bottom in a real kernel, against the app that --app names; every check of the files holds."""
    with RealKernel(cwd=folder) as kernel:
        for name in ("rest_client_basics.http", "hurl_basics.hurl", "rest_client_refused.http"):
            imported(name, "-o", "NB.ipynb", "--app", "shop:app", "--force")
            code = [text for kind, text in cells_of(folder / "NB.ipynb") if kind == "code"]
            # What the file does not say, the reader fills in.
            code = [re.sub(r"^# name = .*", 'name = "tea"', text, flags=re.MULTILINE) for text in code]
            shown = "\n".join(kernel.check(text, cell_id=f"{name}-{number}").shown for number, text in enumerate(code))
            statuses = re.findall(r"^\w+ \S+ → (\d{3})", shown, re.MULTILINE)
            assert len(statuses) == sum(text.startswith("%%http") for text in code)
            if "refused" not in name:
                assert {status[0] for status in statuses} == {"2"}


def test_what_a_file_calls_as_python_does_has_another_name(folder: Path) -> None:
    """Variables, requests and captures alike, of both kinds of file: the notebook keeps `id` and `list`."""
    (folder / "names.http").write_text("@id = 5\n@class = 3\n# @name list\nGET /items?of={{id}}&c={{class}}\n")
    (folder / "names.hurl").write_text(
        'GET http://localhost:5000/items\nHTTP 200\n[Captures]\nid: jsonpath "$.items[0].id"\nfrom: status\n\n'
        "GET http://localhost:5000/items/{{id}}?from={{from}}\nHTTP 200\n"
    )
    for file, words in (
        ("names.http", ["id_ = 5", "class_ = 3", "# @name list_", "of={{id_}}&c={{class_}}"]),
        ("names.hurl", ['id_: json["items"][0]["id"]', "from_: status", "/items/{{id_}}?from={{from_}}"]),
    ):
        result = imported(file, "--app", "shop:app", "-o", f"{file}.ipynb")
        assert result.exit_code == 0, result.output
        assert "`id` is called `id_`" in result.output
        text = "\n".join(source for _, source in cells_of(folder / f"{file}.ipynb"))
        assert [word for word in words if word not in text] == []
