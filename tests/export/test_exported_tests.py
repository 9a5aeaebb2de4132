"""The tests that a notebook's requests become: their text, and that they pass and can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nbmicro.export.notebook_export import Exported, export_notebook

Notebook = Callable[..., Path]
LOAD = "%load_ext nbmicro"
ECHO = """%%route GET,POST,PUT,DELETE,PATCH /echo
seen = {
    "method": request.method, "query": request.args.to_dict(flat=False), "type": request.mimetype,
    "text": request.get_data(as_text=True), "form": request.form.to_dict(flat=False),
    "json": request.get_json(silent=True),
    "token": request.headers.get("X-Token"), "user": request.authorization and request.authorization.username,
    "cookie": request.cookies.get("seen"),
}
seen, 200, {"Set-Cookie": "seen=yes"}"""


def exported(path: Path, name: str = "shop") -> Exported:
    return export_notebook(path, path.with_name(f"{name}.py"), tests=True)


def functions_of(path: Path, name: str = "shop") -> str:
    """The functions, without the head of the module."""
    text = exported(path, name).tests
    assert text is not None
    return text[text.index("def test_") :]


def run(path: Path, name: str = "shop", *, replace: tuple[str, str] = ("", "")) -> tuple[int, str]:
    """Run the tests in a process of their own: how many passed, and what was printed."""
    result = exported(path, name)
    folder = path.parent / "out"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(result.module.replace(*replace) if replace[0] else result.module)
    assert result.tests is not None
    (folder / f"test_{name}.py").write_text(result.tests)
    for place, content in result.files.items():
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_bytes(content)
    lint = ["ruff", "check", "--isolated", "--select", "E,F,W,I,B,UP,C4,PT", "--line-length", "120", "."]
    for words in (lint, ["pytest", "-q", "-p", "no:cacheprovider", f"test_{name}.py"]):
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert "ruff" not in words or done.returncode == 0, done.stdout + result.tests
    passed = done.stdout.rpartition(" passed")[0].split()
    return int(passed[-1]) if passed else 0, done.stdout + result.tests


def test_every_kind_of_request_says_in_python_what_it_said(notebook: Notebook) -> None:
    """Items, forms, headers, queries, credentials, bodies, blanks, names and captures arrive as they did."""
    path = notebook(
        LOAD,
        ECHO,
        "name = 'Ada & Co'\nids = [7, 8]",
        '%http /echo q=="a b" q==c X-Token:abc -a ada:secret --expect 200',
        "%%http /echo a=1 b:=2\n\nHTTP 200\n[Asserts]\njson['method'] == 'POST'\njson['json'] == {'a': '1', 'b': 2}",
        "%%http -f /echo a=1 a=2 b={{ name }}\n\nHTTP 200\n[Asserts]\njson['form'] == {'a': ['1', '2'], 'b': [name]}",
        "%%http\n# @name first\nPUT /echo?q={{ name }}\nX-Token: t {{ ids[0] }}\nContent-Type: application/json\n\n"
        '{"id": {{ ids[0] }}, "all": {{ ids }}, "text": "to {{ name }}!", "none": null, "yes": true}\n\n'
        "HTTP 200\nContent-Type: application/json\n[Captures]\nuid: json['json']['id']\nwho: json['query']['q'][0]\n"
        "[Asserts]\nwho == name\njson['token'] == 't 7'     # as it was sent\n"
        "json['json'] == {'id': 7, 'all': ids, 'text': f'to {name}!', 'none': None, 'yes': True}",
        "%%http\nDELETE /echo?id={{ uid }}&old={{ first.response.body.$.json.id }}\n\nHTTP 200\n[Asserts]\n"
        "json['query'] == {'id': ['7'], 'old': ['7']}\nfirst.json['method'] == 'PUT'\n"
        "[n for n in ids if n == uid] == [7]",
        "%%http\nPOST /echo\nContent-Type: text/plain\n\nline {{ ids[1] }}\nnext\n\nHTTP 200\n[Asserts]\n"
        "json['text'] == 'line 8\\nnext'\njson['cookie'] == 'yes'",
        "%%http\n# @no-cookie-jar\nGET {{host}}/echo\n[Query]\nq: {{ name }}\n\nHTTP 200\n[Asserts]\n"
        "json['query'] == {'q': [name]}\njson['cookie'] is None",
        "%%http\n@size = 12\nPOST /echo\n[Form]\nsize: {{ size }}\n\nHTTP 200\n[Asserts]\n"
        "json['form'] == {'size': ['12']}",
        "%%http --reset\nGET /echo\n\nHTTP 200\n[Asserts]\njson['cookie'] is None",
        "%%http\nGET /nothing\n\nHTTP 404\n###\nPURGE /echo\n\nHTTP 405",
        '%%http\nPOST /echo\n\n{"a": 1}\n\nHTTP 200\n\n'
        '{"cookie": "yes", "form": {}, "json": {"a": 1}, "method": "POST", '
        '"query": {}, "text": "{\\"a\\": 1}", "token": null, "type": "application/json", "user": null}',
    )
    passed, printed = run(path)
    assert passed == 11, printed
    text = functions_of(path)
    assert '        "/echo",\n        query=[("q", "a b"), ("q", "c")],\n        headers={"X-Token": "abc"},\n' in text

    assert 'assert response.json["token"]' not in text
    assert "assert first.json['token'] == 't 7'  # as it was sent\n" in text
    assert "def test_first():\n    global first, uid\n\n    first = client.put(" in text
    failed, printed = run(path, replace=('"method": request.method', '"method": "GET"'))
    assert failed < 11, printed


def test_items_with_nested_names_are_the_json_that_they_make(notebook: Notebook) -> None:
    path = notebook(
        LOAD,
        ECHO,
        "name = 'Ada'\nn = 1",
        "%%http /echo a[b]={{ name }} a[c][]:=1 a[c][]=2 d[1]={{ name }}\n\nHTTP 200\n[Asserts]\n"
        "json['json'] == {'a': {'b': name, 'c': [1, '2']}, 'd': [None, name]}",
        "%%http /echo [][x{{ name }}]=1\n\nHTTP 200\n[Asserts]\njson['json'] == [{'xAda': '1'}]",
        "%%http /echo a[{{ n }}]=x\n\nHTTP 200",
    )
    passed, printed = run(path)
    assert passed == 2, printed
    text = functions_of(path)
    assert 'json={"a": {"b": str(shop.name), "c": [1, "2"]}, "d": [None, str(shop.name)]}' in text
    assert "# Left out: POST /echo; whether a[{{ n }}] is an index or a name is known only when it runs." in text


def test_a_request_without_checks_has_the_status_that_the_notebook_shows(notebook: Notebook) -> None:
    """The stored outputs say what the author saw; where there are none, only a failure of the app fails."""
    path = notebook(
        LOAD,
        "%%route /x --try\n'x'",
        "%http /y",
        "%http /x\n%http /y",
        "%http /x -F",
        "for n in range(3):\n    %http /x?n={{ n }}",
    )
    text = path.read_text()
    shown = {"%http /y": "GET /y → 404 NOT FOUND · text/html\\nGET /x → 200 OK", "%http /x -F": "GET /x → 302 FOUND"}
    for source, output in shown.items():
        outputs = f'[{{"output_type": "display_data", "data": {{"text/plain": ["{output}"]}}}}]'
        text = text.replace(f'"outputs": [], "source": ["{source}"]', f'"outputs": {outputs}, "source": ["{source}"]')
    path.write_text(text)
    assert functions_of(path) == (
        'def test_get_x():\n    response = client.get("/x")\n    assert response.status < 500\n\n\n'
        'def test_get_y():\n    response = client.get("/y")\n    assert response.status == 200\n\n\n'
        'def test_get_x_2():\n    response = client.get("/x")\n    assert response.status < 500\n\n'
        '    response = client.get("/y")\n    assert response.status < 500\n\n\n'
        'def test_get_x_3():\n    response = client.get("/x", follow=True)\n    assert response.status == 302\n\n\n'
        "def test_get_x_4():\n    for n in range(3):\n        client.get(f\"/x?n={quote(str(n), safe='')}\")\n"
    )


def test_python_around_requests_comes_along(notebook: Notebook) -> None:
    """Exchanges in variables, asserts in the cell and in the next one, helpers of marked cells, imports they need."""
    path = notebook(
        LOAD,
        "users = []",
        "%%route POST /users\nusers.append(request.get_json())\nstr(len(users))",
        "# nbmicro: skip\nimport re\n\nLIMIT = 3\n\n\n# what it says\ndef number(text):\n"
        "    return int(re.search(r'\\d+', text)[0]) if users else LIMIT",
        "r = %http POST /users name=Ada\nassert r.status == 200\nbefore = number(r.text)",
        "assert before == 1\nassert len(users) == 1\nr",
        "%%http\nPOST /users\n\n{}\n\nHTTP 200\n[Asserts]\nnumber(text) == before + 1",
        "print(users)",
    )
    passed, printed = run(path)
    assert passed == 2, printed
    result = exported(path)
    assert result.tests is not None
    assert "import re\n" in result.tests
    assert "LIMIT = 3\n\n\n# what it says\ndef number(text):" in result.tests
    assert "assert len(shop.users) == 1" in result.tests
    assert "What one test leaves to the next.\nbefore: Any\n" in result.tests
    assert run(path, replace=("str(len(users))", "'5'"))[0] == 0


def test_checks_of_a_marked_cell_are_tests(notebook: Notebook) -> None:
    """The served app does without the cell; its questions are asked all the same, as `nbmicro test` asks them."""
    path = notebook(
        LOAD,
        "%%route /items/<int:n>\n{'n': n}",
        "# nbmicro: skip\nlimit = 3\nassert client.get('/items/2').json['n'] < limit",
    )
    assert (
        functions_of(path)
        == "def test_get_items_2():\n    limit = 3\n    assert client.get('/items/2').json['n'] < limit\n"
    )
    passed, printed = run(path)
    assert passed == 1, printed


def test_requests_in_plain_python_are_tests(notebook: Notebook) -> None:
    """client.get() in a cell of its own is not lost: as it stands, or with a note that says why not."""
    path = notebook(
        LOAD,
        "%%route /items/<int:n>\n{'n': n}",
        'client.get("/items/77").json',
        'answer = client.get("/items/78")\nassert answer.json["n"] == 78',
        "for n in range(3):\n    print(client.get(f'/items/{n}').status)",
        "kept = client.get('/items/4')",
        "[client.get('/items/1').json, client.get('/items/2').json]",
    )
    result = exported(path)
    assert result.notes == (
        "cell 7: `[client.get('/items/1').json, client.get('/items/2').json]` is not among the tests; "
        "it sends more than one request; give each a line of its own.",
    )
    assert functions_of(path) == (
        "def test_get_items_77():\n"
        '    response = client.get("/items/77")\n'
        "    assert response.status < 500\n\n\n"
        "def test_get_items_78():\n"
        '    answer = client.get("/items/78")\n'
        '    assert answer.json["n"] == 78\n\n\n'
        "def test_get_requests():\n"
        "    for n in range(3):\n"
        "        print(client.get(f'/items/{n}').status)\n\n\n"
        "def test_get_items_4():\n"
        "    kept = client.get('/items/4')\n"
        "    assert kept.status < 500\n\n\n"
        "# Left out: `[client.get('/items/1').json, client.get('/items/2').json]`; "
        "it sends more than one request; give …\n"
    )
    assert run(path)[0] == 4


def test_files_go_along_with_the_tests_that_send_them(notebook: Notebook) -> None:
    """A short text stands in the test; other files are copied beside it, two of one name apart."""
    path = notebook(
        LOAD,
        "%%route POST /got\nfound = {}\nfor name, f in request.files.items():\n"
        "    found[name] = [[f.filename, f.mimetype, len(f.read())]]\n"
        "found |= {'json': request.get_json(silent=True), 'type': request.mimetype}\n"
        "{**found, **request.form, 'text': request.get_data(as_text=True)}",
        "%http /got note@note.txt photo@img/dot.png;filename=me.png name=Ada --expect 200",
        "%%http\nPOST /got\n[Multipart]\nphoto: file,./dot.png; image/x-dot\nname: Ada\n\nHTTP 200\n[Asserts]\n"
        "json['photo'] == [['dot.png', 'image/x-dot', 8]]\njson['name'] == 'Ada'",
        "%%http POST /got bio=@note.txt tags:=@tags.json all=@long.txt\n\nHTTP 200\n[Asserts]\n"
        "json['json'] == {'bio': 'a “note”\\n', 'tags': ['a', 1], 'all': 'long ' * 100}",
        "who = 'Ada'",
        "%%http\nPOST /got\n\n<@ ./body.json\n\nHTTP 200\n[Asserts]\njson['json'] == {'name': who}",
        "%%http\nPOST /got\n\n< ./dot.png\n\nHTTP 200\n[Asserts]\njson['type'] == 'image/png'",
        "%%http\nPOST /got\n\n< ./note.txt\n\nHTTP 200\n[Asserts]\njson['text'] == 'a “note”\\n'",
    )
    folder = path.parent
    (folder / "note.txt").write_text("a “note”\n", "utf-8")
    (folder / "long.txt").write_text("long " * 100)
    (folder / "tags.json").write_text('["a", 1]')
    (folder / "body.json").write_text('{"name": {{ who }}}')
    (folder / "dot.png").write_bytes(b"\x89PNG\0\1\2\3")
    (folder / "img").mkdir()
    (folder / "img" / "dot.png").write_bytes(b"\x89PNG\0")
    result = exported(path)
    assert (result.notes, sorted(result.files)) == (
        (),
        ["test_files/dot.png", "test_files/dot_2.png", "test_files/long.txt"],
    )
    assert '"note": ("note.txt", "a “note”\\n")' in (result.tests or "")
    passed, printed = run(path)
    assert passed == 6, printed
    assert run(path, replace=("len(f.read())", "0"))[0] == 5, "a test can fail"


def test_the_requests_of_a_file_are_tests(notebook: Notebook) -> None:
    """Those of `%http --file`, with their checks; what they send is looked for beside that file."""
    path = notebook(
        LOAD,
        "%%route POST /items\n{'id': 7, **request.get_json()}, 201",
        "%http --file api/items.http",
        "answers = %http --file api/gone.http",
    )
    (path.parent / "api").mkdir()
    (path.parent / "api" / "items.http").write_text(
        "@who = Ada\n### Made\n# @name made\nPOST http://localhost:5000/items\nContent-Type: application/json\n\n"
        '< ./item.json\n\nHTTP 201\n[Captures]\nuid: json["id"]\n###\nPOST /items\n\n{"name": {{ who }}}\n\nHTTP 201\n'
        "[Asserts]\njson == {'id': uid, 'name': 'Ada'}\n"
    )
    (path.parent / "api" / "item.json").write_text('{"name": "tea"}')
    result = exported(path)
    missing = "it sends the file api/gone.http, which is not there."
    assert result.notes == (f"cell 4: %http --file api/gone.http is not among the tests; {missing}",)
    assert result.tests is not None
    assert 'made = client.post("/items", json={"name": "tea"})\n    assert made.status == 201\n' in result.tests
    passed, printed = run(path)
    assert passed == 1, printed
    assert run(path, replace=("'id': 7", "'id': 8, 'n': 1"))[0] == 0


def test_checks_that_hurls_words_make_are_tests(notebook: Notebook) -> None:
    """As `nbmicro import` writes them; they hold, and fail where the answer is another."""
    path = notebook(
        LOAD,
        "%%route GET /flags\n{'on': True, 'all': [1]}, 200, {'Vary': 'a'}",
        '%%http\nGET /flags\nHTTP 200\n[Captures]\nfirst: response.hurl.jsonpath("$.all[0]").value\n[Asserts]\n'
        'not response.hurl.jsonpath("$.on") == 1\nresponse.hurl.jsonpath("$.all").count() == first\n'
        'response.hurl.header("Vary").contains("a")\ntype(json["all"]) is list',
    )
    assert 'assert not response.hurl.jsonpath("$.on") == 1' in functions_of(path)
    passed, printed = run(path)
    assert passed == 1, printed
    assert run(path, replace=("True", "1"))[0] == 0


def test_what_cannot_be_a_test_is_left_out_and_said(notebook: Notebook) -> None:
    """Files and names that nobody has: a comment in the test, and a note for who exports."""
    path = notebook(
        LOAD,
        "%%route GET,POST /x\n'x'",
        "%%http\nPOST /x\n[Multipart]\nphoto: file,./a.png\n\nHTTP 200\n###\nGET /x\n\nHTTP 200",
        "%http /x/{{ nobody }}",
        "%http /x name=@file.txt",
        "%%http\nGET /x?id={{$datetime iso8601}}\n\nHTTP 200\n###\n"
        "GET /x?id={{$guid}}&n={{$randomInt 1 5}}\n\nHTTP 200",
    )
    result = exported(path)
    assert result.notes == (
        "cell 3: POST /x is not among the tests; it sends the file ./a.png, which is not there.",
        "cell 4: GET /x/{{ nobody }} is not among the tests; nothing that is exported gives `nobody`.",
        "cell 5: POST /x is not among the tests; it sends the file file.txt, which is not there.",
        "cell 6: GET /x?id={{$datetime iso8601}} is not among the tests; "
        "{{ $datetime iso8601 }} is a variable of another tool.",
    )
    assert result.tests is not None
    assert "    # Left out: POST /x; it sends the file ./a.png, which is not there.\n" in result.tests
    assert "\n# Left out: POST /x; it sends the file file.txt, which is not there.\n" in result.tests
    passed, printed = run(path)
    assert passed == result.tests.count("\ndef "), printed


def test_a_request_to_what_is_replaced_below_is_no_test(notebook: Notebook) -> None:
    """The module has the route that stays, so the test before the edit would be of nothing."""
    path = notebook(
        LOAD,
        "%%route /x/<int:n> --try /x/1\n'old'",
        "%%http\nGET /x/2?a=1\n\nHTTP 200\n[Asserts]\ntext == 'old'",
        "%%route /x/<int:number>\n'new'",
        "%%http\nGET /x/2\n\nHTTP 200\n[Asserts]\ntext == 'new'",
        "try:\n    %http /x/3 --expect 404\nexcept AssertionError as wrong:\n    print(wrong)",
    )
    assert exported(path).notes == (
        "cell 2: GET /x/1 is not among the tests; a cell below it replaces the route.",
        "cell 3: GET /x/2?a=1 is not among the tests; a cell below it replaces the route.",
    )
    assert run(path)[0] == 1


def test_sessions_have_a_key_in_tests(notebook: Notebook) -> None:
    """The notebook made one up; a served app refuses; the tests bring their own."""
    path = notebook(
        LOAD,
        "%%route POST /in\nsession['user'] = 'Ada'\n'in'",
        "%%route /me\nsession.get('user', 'nobody')",
        "%%http\nGET /me\n\nHTTP 200\n[Asserts]\ntext == 'nobody'\n###\nPOST /in\n\nHTTP 200\n###\n"
        "GET /me\n\nHTTP 200\n\nAda",
    )
    passed, printed = run(path)
    assert passed == 1, printed


def test_a_module_with_an_odd_name_is_imported_all_the_same(notebook: Notebook) -> None:
    """04-crud.py can be imported by its name as text only."""
    path = notebook(LOAD, "x = 1", "%%route /x\nstr(x)", "%%http\nGET /x\n\nHTTP 200\n[Asserts]\nint(text) == x")
    passed, printed = run(path, "04-shop")
    assert passed == 1, printed
    assert 'shop = importlib.import_module("04-shop")' in printed
    assert "assert int(response.text) == shop.x" in printed


def test_a_notebook_that_asks_for_nothing_has_no_tests(notebook: Notebook) -> None:
    """No empty file is written."""
    assert exported(notebook(LOAD, "%%route /x\n'x'")).tests is None


@pytest.mark.parametrize("cell", ["%%http\nthis is no request", "%http", "%%http\nGET /x\n[Nothing]\n"])
def test_a_cell_that_is_no_request_is_none_in_the_tests(notebook: Notebook, cell: str) -> None:
    """What the notebook refuses is not among the tests."""
    assert exported(notebook(LOAD, "%%route /x\n'x'", cell)).tests is None
