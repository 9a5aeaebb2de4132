"""A file of another tool with lines that nbmicro rejects: every other request is kept, and nothing is lost silently."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nbmicro.cli import main
from tests.support.nbmicro_sends import by_import

REJECTED = "GET ftp://elsewhere.example/b"


def laid_out(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def imported(path: Path) -> Result:
    return CliRunner().invoke(main, ["import", str(path), "--force"])


def cells_of(path: Path) -> list[tuple[str, str]]:
    cells = json.loads(path.with_suffix(".ipynb").read_text("utf-8"))["cells"]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in cells][3:]


def requests_of(path: Path) -> list[str]:
    return [text for kind, text in cells_of(path) if text.startswith("%%http")]


@pytest.mark.parametrize("rejected", range(4))
@pytest.mark.parametrize(
    ("name", "separator"),
    [
        ("plain.hurl", "\n\n"),
        ("answered.hurl", "\nHTTP 200\n\n"),
        ("checked.hurl", "\nHTTP 200\n[Asserts]\nstatus == 200\n\n"),
        ("expected.hurl", '\nHTTP 200\n{"a": 1}\n\n'),
        ("commented.hurl", "\nHTTP 200\n\n# about the next one\n"),
        ("separated.http", "\n\n###\n"),
        ("titled.http", "\n\n### The next one\n\n"),
        ("both.http", "\nHTTP 200\n\n### The next one\n# about it\n"),
    ],
)
def test_a_rejected_request_leaves_every_other_one(tmp_path: Path, name: str, separator: str, rejected: int) -> None:
    """Wherever it stands, and whatever stands between them; its line and its text are said and kept in its place."""
    lines = [f"POST /{letter}\nX-Own: {letter}" for letter in "abcd"]
    lines[rejected] = f"{REJECTED}\nX-Own: lost"
    path = laid_out(tmp_path, name, separator.join(lines) + "\n")
    result = imported(path)
    assert result.exit_code == 3
    number = path.read_text().splitlines().index(REJECTED) + 1
    assert f"{name}, line {number}: not taken over: ftp://elsewhere.example/b is not this app" in result.output
    cells = cells_of(path)
    places = [at for at, (kind, text) in enumerate(cells) if text.startswith("%%http") or "**Not taken over**" in text]
    assert len(places) == 4
    for at, place in enumerate(places):
        kind, text = cells[place]
        wanted = ("markdown", "X-Own: lost") if at == rejected else ("code", f"X-Own: {'abcd'[at]}")
        assert (kind, wanted[1] in text) == (wanted[0], True)
        assert "lost" not in text or at == rejected
    assert [sent.target for sent in by_import(path).sent] == [
        f"/{letter}" for letter in "abcd" if letter not in "abcd"[rejected]
    ]


def test_a_remark_stands_in_the_cell_of_its_request(tmp_path: Path) -> None:
    """Not in that of the one before: with a separator, without one, and behind a request that was left out."""
    path = laid_out(
        tmp_path,
        "remarks.http",
        f"GET https://one.example/a\n\n###\n{REJECTED}\n\n###\nGET https://three.example/c\n\n"
        "GET https://four.example/d\n> run.js\n",
    )
    assert imported(path).exit_code == 3
    first, third, fourth = requests_of(path)
    assert first == (
        "%%http\n# line 1: https://one.example is left out: the request goes to the notebook's app.\nGET /a"
    )
    assert "line 7: https://three.example" in third
    assert third.endswith("\nGET /c")
    assert "line 9: https://four.example" in fourth
    assert "#   | > run.js" in fourth
    assert all(text.count("is left out") == 1 for text in (first, third, fourth))


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /b\nno header at all",
        "POST /b\nX-Request-Type: GraphQL\n\nquery {\n  users { name }\n}",
        "POST /b\nContent-Type: application/json\n\nquery one($id: ID) {\n  user(id: $id) { name }\n}",
        "GET /b\nAuthorization: Digest ada secret",
        "POST /b\nContent-Type: text/plain\n\n<@latin1 ./a.txt",
        "POST /b\nContent-Type: text/plain\n\nbefore\n< ./a.txt\nafter",
        "POST /b\n[Form]\nno pair",
        "POST /b\n[Query]\nno pair\n[Asserts]\nstatus == 200",
        "POST /b\n[Unheard]\na: b",
        "# @disabled\nGET /b",
        "# @loop for 3\nGET /b",
        "GRAPHQL /b\n\nquery { users { name } }",
        "WEBSOCKET ws://localhost/b",
        "GET users.json",
        "GET v1.0/users",
        "GET /b # a comment",
        "GET /b\nX-A: {{ no python }}",
    ],
)
def test_a_request_without_a_line_of_what_it_sends_is_left_out_as_a_whole(tmp_path: Path, request_text: str) -> None:
    """Without that line it would be another request; its whole text is kept."""
    text = f"POST /a\nContent-Type: text/plain\n\nwords\n\n### The second\n{request_text}\n\n### The third\nGET /c\n"
    path = laid_out(tmp_path, "whole.http", text)
    result = imported(path)
    assert result.exit_code == 3
    assert [(sent.target, sent.body) for sent in by_import(path).sent] == [("/a", b"words"), ("/c", b"")]
    (left,) = [text for _, text in cells_of(path) if "**Not taken over**" in text]
    assert left.startswith("### The second\n\n**Not taken over** (line ")
    assert f"```http\n{request_text}\n```" in left


@pytest.mark.parametrize(("kind", "is_sent"), [("text/markdown", True), ("text/plain", False)])
def test_a_heading_at_the_end_of_a_text_is_not_lost(tmp_path: Path, kind: str, is_sent: bool) -> None:
    """In markdown it is text; elsewhere nobody knows, and the request is left out with it."""
    text = f"GET /a\n\n###\nPOST /b\nContent-Type: {kind}\n\nwords\n\n### C\n\n###\nGET /c\n"
    path = laid_out(tmp_path, "heading.http", text)
    assert imported(path).exit_code == (0 if is_sent else 3)
    sent = [(one.target, one.body) for one in by_import(path).sent]
    assert sent == [("/a", b""), *([("/b", b"words\n\n### C")] if is_sent else []), ("/c", b"")]
    assert sum("words\n\n### C" in text for _, text in cells_of(path)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "> ./handler.js",
        '> {% client.log("done") %}',
        ">> out.json",
        "<> 2024-01-01T101010.200.json",
        "?? status == 200",
        "HTTP 2xx",
        'HTTP 200\n[Asserts]\nxpath "//a" count == 2',
        "HTTP 200\n[Asserts]\nno python here",
        "HTTP 200\n[Captures]\nx: no python here",
        "HTTP 200\n[Unheard]\nx: y",
        "[Options]\nretry: 3",
    ],
)
def test_what_is_done_around_a_request_is_left_out_alone(tmp_path: Path, line: str) -> None:
    """The request is sent as it would be without it, and the line stands in its cell."""
    path = laid_out(tmp_path, "around.http", f"GET /a\n\n###\nGET /b\nX-A: b\n\n{line}\n\n###\nGET /c\n")
    assert imported(path).exit_code == 3
    sent = by_import(path).sent
    assert [(one.target, dict(one.headers).get("x-a")) for one in sent] == [("/a", None), ("/b", "b"), ("/c", None)]
    (cell,) = [text for text in requests_of(path) if "GET /b" in text]
    assert f"#   | {line.splitlines()[-1]}" in cell.splitlines() or "#   | [Unheard]" in cell.splitlines()


def test_a_file_of_which_nothing_can_be_taken_over_writes_nothing(tmp_path: Path) -> None:
    """The line is said; no notebook without a request is made."""
    path = laid_out(tmp_path, "none.hurl", f"{REJECTED}\nHTTP 200\n")
    result = imported(path)
    assert (result.exit_code, path.with_suffix(".ipynb").exists()) == (1, False)
    assert "none.hurl, line 1: ftp://elsewhere.example/b is not this app" in result.output


@pytest.mark.parametrize(
    "line",
    [
        "https://api.example.org/hook?a=1",
        "{{payload}}",
        "{{payload}}/more",
        "see https://api.example.org/x",
        "{{host}}/a/b",
    ],
)
@pytest.mark.parametrize("kind", ["text/plain", "application/xml"])
def test_what_stands_in_a_body_is_no_address(tmp_path: Path, line: str, kind: str) -> None:
    """A URL and a placeholder there keep their origin and their place."""
    path = laid_out(
        tmp_path,
        "body.http",
        f"@host = https://api.example.org\n@payload = https://a.example/b\n\nPOST {{{{host}}}}/notes\n"
        f"Content-Type: {kind}\n\nfirst\n{line}\n",
    )
    assert imported(path).exit_code == 0
    filled = line.replace("{{host}}", "https://api.example.org").replace("{{payload}}", "https://a.example/b")
    assert [(sent.target, sent.body.decode()) for sent in by_import(path).sent] == [("/notes", f"first\n{filled}")]


@pytest.mark.parametrize(
    ("line", "written", "said"),
    [
        ("GET https://api.example.org/users", "GET /users", "https://api.example.org is left out"),
        ("PURGE https://api.example.org/users", "PURGE /users", "https://api.example.org is left out"),
        ("GET https://api.example.org", "GET /", "https://api.example.org is left out"),
        ("GET https://api.example.org?a=1", "GET /?a=1", "https://api.example.org is left out"),
        ("https://api.example.org/users", "/users", "https://api.example.org is left out"),
        ("GET https://{{tenant}}.example.org/users", "GET /users", "https://{{tenant}}.example.org is left out"),
        ("GET api.example.org/users", "GET /users", "http://api.example.org is left out"),
        ("GET api.example.org:8080", "GET /", "http://api.example.org:8080 is left out"),
        ("GET shop:8080/users?a=1", "GET /users?a=1", "http://shop:8080 is left out"),
        ("GET localhost:5000/users", "GET localhost:5000/users", None),
        ("GET {{api}}/users", "GET /v1/users", "https://api.example.org is left out"),
        ("GET {{site}}:{{number}}/users", "GET /users", "http://api.example.org:443 is left out"),
        ("GET https://{{site}}:{{number}}/{{id}}", "GET /{{id}}", "https://api.example.org:443 is left out"),
        ("GET http://localhost:{{number}}/users", "GET http://localhost:{{number}}/users", None),
        ("GET {{local}}/users", "GET {{local}}/users", None),
        ("GET {{path}}/users", "GET {{path}}/users", None),
        ("GET {{api}}{{path}}", "GET /v1/a/b", "https://api.example.org is left out"),
        ("GET http://{{site}}{{path}}", "GET {{path}}", "http://api.example.org is left out"),
        ("GET /x{{path}}?{{pairs}}", "GET /x/a/b?c=1&d=2", "is written"),
        ("GET /x/{{spaced}}", "GET /x/{{spaced}}", None),
        ("GET /x?q={{encoded}}", "GET /x?q=green%20tea", "is written"),
        ("GET /x\n  ?q={{encoded}}", "GET /x\n  ?q=green%20tea", "is written"),
        ("GET /x?q={{%encoded}}", "GET /x?q={{ str(encoded) }}", "is written"),
        ("GET https://api.example.org/a b?c=d e", "GET /a%20b?c=d%20e", "is written"),
        ("GET /users HTTP/2 (Prior Knowledge)", "GET /users", "is written"),
    ],
)
def test_the_address_of_a_request_is_the_apps(tmp_path: Path, line: str, written: str, said: str | None) -> None:
    """Whatever of it stands in variables; a value that means more than one part of a URL stands in it as it is."""
    variables = {
        "api": "https://api.example.org/v1",
        "site": "api.example.org",
        "number": "443",
        "local": "http://localhost:5000",
        "path": "/a/b",
        "pairs": "c=1&d=2",
        "spaced": "green tea",
        "encoded": "green%20tea",
    }
    head = "".join(f"@{name} = {value}\n" for name, value in variables.items())
    path = laid_out(tmp_path, "address.http", f"{head}\n{line}\n")
    result = imported(path)
    assert result.exit_code == 0
    (cell,) = requests_of(path)
    assert "\n".join(part for part in cell.splitlines()[1:] if not part.startswith("#")) == written
    assert said is None or said in result.output
    assert said is not None or "address.http" not in result.output.partition("\n")[2].replace("nothing gives", "")


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("GET http://ada:secret@localhost/c", "ada:secret"),
        ("GET http://ada:{{pwd}}@localhost/c", "ada:p/w"),
        ("GET http://{{who}}:{{pwd}}@localhost:5000/c", "ada:p/w"),
        ("GET https://ada:{{pwd}}@api.example.org/c", "ada:p/w"),
        ("GET {{base}}/c", "eve:x"),
        ("GET http://a%40b:p%3Aw@localhost/c", "a@b:p:w"),
        ("GET http://token@localhost/c", "token:"),
    ],
)
def test_a_password_in_a_url_is_a_header(tmp_path: Path, line: str, sent: str) -> None:
    """As clients send it (RFC 7617), and never a part of the path."""
    import base64

    path = laid_out(
        tmp_path, "login.http", f"@pwd = p/w\n@who = ada\n@base = http://eve:x@localhost:5000\n\n{line}\nX-A: b\n"
    )
    result = imported(path)
    assert (result.exit_code, "are written as the header Authorization" in result.output) == (0, True)
    (request,) = by_import(path).sent
    headers = dict(request.headers)
    assert (request.target, headers["x-a"]) == ("/c", "b")
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode() == sent


def test_words_behind_a_url_that_are_no_part_of_it_are_left_out_with_the_request(tmp_path: Path) -> None:
    """A comment is not a part of a URL; nobody knows what else they are."""
    path = laid_out(tmp_path, "comment.http", "GET /a // the first\n\n###\nGET /b # the second\n\n###\nGET /c\n")
    result = imported(path)
    assert result.exit_code == 3
    assert requests_of(path) == ["%%http\nGET /c"]
    assert sum("**Not taken over**" in text for _, text in cells_of(path)) == 2


@pytest.mark.parametrize(
    "value",
    [
        "true",
        "false",
        "null",
        "1.50",
        "1e5",
        "-0",
        '["a", "b"]',
        '["a","b"]',
        '{"a": 1}',
        '{"a":[1,2]}',
        '"Ada"',
        "007",
        "36",
        "1.5",
        "Ada",
        "[a",
        "True",
        "None",
        "'Ada'",
    ],
)
@pytest.mark.parametrize("place", ["json", "text", "query", "header"])
def test_a_variable_keeps_its_value_wherever_it_stands(tmp_path: Path, value: str, place: str) -> None:
    """httpYac puts its text there; in JSON a text that is none stands in quotes."""
    written = {
        "json": 'POST /a\nContent-Type: application/json\n\n{"x": {{value}}}\n',
        "text": "POST /a\nContent-Type: text/plain\n\n{{value}}\n",
        "query": "GET /a?x={{value}}\n",
        "header": "GET /a\nX-Value: {{value}}\n",
    }[place]
    path = laid_out(tmp_path, "typed.http", f"@value = {value}\n\nGET /first\n\n###\n{written}")
    assert imported(path).exit_code == 0
    outcome = by_import(path)
    assert (outcome.refusal, len(outcome.sent)) == (None, 2)
    request = outcome.sent[1]
    if place == "json":
        try:
            json.loads(value)
            expected = value
        except ValueError:
            expected = json.dumps(value)
        assert request.body.decode() == f'{{"x": {expected}}}'
    elif place == "text":
        assert request.body.decode() == value
    elif place == "header":
        assert dict(request.headers)["x-value"] == value
    else:
        from urllib.parse import unquote

        assert unquote(request.target) == f"/a?x={value}"


@pytest.mark.parametrize("origin", ["https://api.example.org", "{{host}}", "http://localhost:5000", ""])
@pytest.mark.parametrize("between", ["", "    # old\n"])
def test_a_path_over_several_lines_is_the_path_that_is_asked(tmp_path: Path, origin: str, between: str) -> None:
    """Whatever stands in the place of the app's origin, as JetBrains' client writes it."""
    first = f"GET {origin}/v1" if not origin else f"GET {origin}"
    text = (
        f"@host = https://api.example.org\n\n{first}\n{between}    /api\n    /items\n{between}    ?page=2\n    &q=a\n"
    )
    path = laid_out(tmp_path, "long.http", text)
    assert imported(path).exit_code == 0
    assert [sent.target for sent in by_import(path).sent] == [f"{'' if origin else '/v1'}/api/items?page=2&q=a"]


@pytest.mark.parametrize("directive", ["# @disabled", "// @loop for 3", "# @injectVariables", "## @disabled true"])
@pytest.mark.parametrize("place", ["above the request", "above its variable", "among its headers"])
def test_a_request_that_another_tool_sends_otherwise_is_left_out_whole(
    tmp_path: Path, directive: str, place: str
) -> None:
    """Not the directive alone, so that it is sent once, or at all; its text and the reason are kept in its place."""
    above = {"above the request": f"{directive}\n", "above its variable": f"{directive}\n@own = 1\n"}.get(place, "")
    below = "" if above else f"{directive}\n"
    text = f"GET /a\n\n### b\n{above}POST /b\n{below}X-Own: lost\n\ntext\n\n###\nGET /c\n"
    path = laid_out(tmp_path, "off.http", text)
    result = imported(path)
    assert result.exit_code == 3
    number = text.splitlines().index(directive) + 1
    assert f"off.http, line {number}: not taken over: `# @{directive.split('@')[1].split()[0]}`" in result.output
    assert [sent.target for sent in by_import(path).sent] == ["/a", "/c"]
    assert [kind for kind, text in cells_of(path) if "X-Own: lost" in text] == ["markdown"]
