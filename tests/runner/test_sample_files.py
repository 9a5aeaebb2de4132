"""Files as other tools write them load, or are refused line by line, each with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmicro.errors import RequestError
from nbmicro.importing.import_file import import_file
from nbmicro.language.parser import parse_file
from nbmicro.web.names import RESERVED_NAMES

SAMPLES = Path(__file__).parent / "samples"

LOADED = {
    "rest_client_basics.http": [
        "GET http://{{host}}/items", "GET http://{{host}}/items?page=2&size=10", "GET http://localhost:5000/items/7",
        "POST http://{{host}}/items", "GET http://{{host}}/items/{{create.response.body.$.id}}", "DELETE /items/7",
        "POST /form", "POST /items", "POST /items", "POST /upload", "POST http://localhost:5000/items",
    ],
    "hurl_basics.hurl": [
        "GET http://localhost:5000/items", "POST http://localhost:5000/items", "GET http://localhost:5000/items/{{item_id}}",
        "POST http://localhost:5000/form", "POST http://localhost:5000/upload", "POST http://localhost:5000/text",
        "PUT http://localhost:5000/items/7",
    ],
}  # fmt: skip

# Of each refused line: its number, what is said of it, and what to write.
REFUSED = {
    "rest_client_refused.http": [
        (10, "a GraphQL query is sent as the JSON that it is", '{"query": "{ users { name } }"}'),
        (16, "Digest authentication is not computed", "Authorization: Bearer {{ token }}"),
        (20, "AWS authentication is not computed", "Authorization: Bearer {{ token }}"),
        (26, "a file is read as UTF-8", "<@ ./item.json"),
    ],
    "jetbrains_refused.http": [
        (2, "a script of another tool", "[Asserts]"),
        (20, "a script of another tool", "[Asserts]"),
        (25, "a response is not put into a file", "open('items.json', 'wb').write(answer.body)"),
        (30, "a response is not compared with a file", "HTTP 200"),
    ],
    "hurl_refused.hurl": [
        (11, "is not a Python expression", 'Write  "Items" in text'),
        (37, "[Options] has no `retry`", "leave it out"),
        (38, "[Options] has no `insecure`", "leave it out"),
        (57, "a GraphQL query is sent as the JSON that it is", '{"query": "{ users { name } }"}'),
    ],
}
# What is rewritten when a file is imported, because nbmicro has other words for it.
REWRITTEN = {
    "rest_client_refused.http": [
        (1, "`who` is asked for in the file"),
        (5, "`base-url` is called `base_url`"),
        (29, "https://api.example.com is left out"),
        (33, "is written `GET /items/{{ str(name) }}`"),
        (33, "nothing gives `name` a value"),
    ],
    "jetbrains_refused.http": [(11, "the test of its status is `HTTP 200`")],
    "hurl_refused.hurl": [
        (2, "[QueryStringParams] is written [Query]"),
        (6, '`response.hurl.jsonpath("$.items").count() == 2`'),
        (7, '`json["items"][0]["name"] == "tea"`'),
        (8, '`"json" in headers["Content-Type"]`'),
        (10, '`"tea" in text`'),
        (12, "`response.duration * 1000 < 1000`"),
        (14, '`first: json["items"][0]["id"]`'),
        (15, '`token: response.hurl.header("X-Token").value`'),
        (18, "[FormParams] is written [Form]"),
        (23, "[MultipartFormData] is written [Multipart]"),
        (28, "[Cookies] is written as the header Cookie"),
        (31, "[BasicAuth] is written as `user`"),
        (43, "`< item.json`"),
        (48, "b64decode('dGVh')"),
        (53, "bytes.fromhex('746561')"),
        (62, "https://example.org is left out"),
    ],
}


def text_of(name: str) -> str:
    return (SAMPLES / name).read_text("utf-8")


@pytest.mark.parametrize("name", LOADED)
def test_a_file_of_the_common_features_loads_as_it_is(name: str) -> None:
    """Every request of it, in order; and importing it has nothing to say."""
    script = parse_file(text_of(name), name)
    assert [f"{one.method} {one.url.source}" for one in script.requests] == LOADED[name]
    imported = import_file(text_of(name), taken=sorted(RESERVED_NAMES))
    assert imported.notes == ()
    assert len(imported.requests) == len(script.requests)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_taken_over_is_named_by_its_line_with_the_cure(name: str) -> None:
    """Nothing of it is lost in silence, and nothing else is refused."""
    remarks = import_file(text_of(name), taken=sorted(RESERVED_NAMES)).notes
    lines = text_of(name).split("\n")
    refused = [remark for remark in remarks if remark.is_skipped]
    assert [remark.line for remark in refused] == [line for line, _, _ in REFUSED[name]]
    for remark, (line, said, cure) in zip(refused, REFUSED[name], strict=True):
        assert said in remark.text
        assert cure in (remark.hint or "")
        assert lines[line - 1] in remark.kept
    rewritten = [remark for remark in remarks if not remark.is_skipped]
    assert [remark.line for remark in rewritten] == [line for line, _ in REWRITTEN[name]]
    for remark, (_, said) in zip(rewritten, REWRITTEN[name], strict=True):
        assert said in remark.text


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_with_such_a_line_is_refused_at_the_first_of_them(name: str) -> None:
    """`%http --file` sends nothing of it: the error names the file, the line and the cure."""
    with pytest.raises(RequestError) as caught:
        parse_file(text_of(name), name)
    first = min(line for line, *_ in (*REFUSED[name], *REWRITTEN[name]))
    assert caught.value.where == name
    assert caught.value.line == first
    assert caught.value.hint


@pytest.mark.parametrize("name", [*LOADED, *REFUSED])
def test_what_was_taken_over_is_read_by_a_cell(name: str) -> None:
    """Each request's text parses by itself, to one request; one that was left out has its reason."""
    for request in import_file(text_of(name), taken=sorted(RESERVED_NAMES)).requests:
        if request.text:
            assert len(parse_file(request.text, name).requests) == 1
        else:
            assert [note.is_skipped for note in request.notes] == [True]


def test_names_that_nobody_gives_are_told_with_their_line() -> None:
    """They become Python variables for the reader to fill in."""
    imported = import_file("GET /items/{{ item }}\nX-Token: {{token}}\n\n###\nGET /a?b={{$guid}}&c={{len('x')}}\n")
    assert imported.unknown == (("item", 1), ("token", 2))


def test_a_name_that_a_notebook_has_already_is_given_another() -> None:
    """`@client = …` would take the notebook's client away."""
    imported = import_file(
        "@client = 7\n# @name session\nGET /a/{{client}}\n###\nGET /{{session.json}}\n", taken=["client", "session"]
    )
    assert [(name, value) for name, value, _ in imported.variables] == [("client_value", 7)]
    assert "# @name session_value\nGET /a/{{client_value}}" in imported.requests[0].text


def test_what_is_no_file_of_requests_gives_remarks_and_no_request() -> None:
    """Any text at all ends, with its lines refused."""
    imported = import_file("some words\nand more of them\n" * 300)
    assert imported.requests == ()
    assert imported.notes
