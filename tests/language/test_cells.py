"""The cell form: where the parts of a `%%http` cell begin and end, and how it refuses what it cannot read."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmicro.errors import RequestError
from nbmicro.language.parser import parse_file, parse_script, read_file
from nbmicro.language.syntax import FilePart, Pair, Request

CREATE = """\
# @name create
POST /users
Content-Type: application/json

{"name": {{ name }}}

HTTP 201
Location: /users/1
[Captures]
uid: json["id"]
[Asserts]
json["name"] == name     # keep the capital
###
GET /users/{{ uid }}
"""


def only(body: str, line: str = "") -> Request:
    (request,) = parse_script(line, body).requests
    return request


def body_of(text: str) -> tuple[str, str]:
    body = only(f"POST /x\n\n{text}").body
    assert body is not None
    return body.kind, body.content.source


def refused(body: str, line: str = "") -> RequestError:
    with pytest.raises(RequestError) as caught:
        parse_script(line, body)
    return caught.value


def pairs(found: tuple[Pair | FilePart, ...] | None) -> list[tuple[str, str]]:
    return [(pair.name.source, pair.value.source) for pair in found or () if isinstance(pair, Pair)]


def test_the_cell_of_the_first_page_is_read_whole() -> None:
    """Name, method, URL, headers, body, status, expected headers, captures, checks and their comments."""
    create, show = parse_script("", CREATE).requests
    assert (create.name, create.method, create.url.source) == ("create", "POST", "/users")
    assert pairs(create.headers) == [("Content-Type", "application/json")]
    assert create.body is not None
    assert create.body.content.source == '{"name": {{ name }}}'
    assert create.status is not None
    assert create.status.code == 201
    assert pairs(create.expected_headers) == [("Location", "/users/1")]
    assert [(one.name, one.expression) for one in create.captures] == [("uid", 'json["id"]')]
    assert [(one.expression, one.message, one.line) for one in create.checks] == [
        ('json["name"] == name', "keep the capital", 13)
    ]
    assert (show.name, show.method, show.url.source, show.line) == (None, "GET", "/users/{{ uid }}", 15)


def test_the_rest_of_the_magic_line_is_the_first_request_line() -> None:
    """`%%http POST /users` begins the request; options may follow, and directives stand below."""
    script = parse_script("POST /users -F --show headers", "# @name create\n\n[1]\n\nHTTP 201\n")
    (request,) = script.requests
    assert (request.method, request.url.source, request.name, request.line) == ("POST", "/users", "create", 1)
    assert request.body is not None
    assert script.options.follow
    assert script.options.show == ("headers",)


def test_items_may_stand_on_the_magic_line() -> None:
    """`%%http POST /users name=Ada` needs no body to have checks below it."""
    request = only("HTTP 201\n[Asserts]\nstatus == 201\n", "POST /users name=Ada")
    assert [(item.name.source, item.value.source) for item in request.items] == [("name", "Ada")]
    assert request.status is not None


def test_options_alone_may_stand_on_the_magic_line() -> None:
    """The request line is then the cell's second line."""
    script = parse_script("-q --timeout 5", "GET /x\n")
    assert (script.options.quiet, script.options.timeout) == (True, 5.0)
    assert script.requests[0].line == 2


def test_a_request_needs_nothing_but_its_line() -> None:
    """Method and version may be left out, an empty cell below is no body."""
    assert only("/users").method == "GET"
    assert only("get /users HTTP/1.1").url.source == "/users"
    assert only("", "GET /x HTTP/1.1").url.source == "/x"
    assert only("\n\n", "/x").body is None


def test_comments_stand_before_the_request_line_and_between_headers() -> None:
    """# and // are comments there, and /* … */ over lines is."""
    request = only("# one\n// two\n/* five\nsix */\nPOST /x\n# three\nX-A: 1\n// four\n/* GET */\nX-B: 2\n\ntext\n")
    assert pairs(request.headers) == [("X-A", "1"), ("X-B", "2")]
    assert request.body is not None
    assert request.body.content.source == "text"


def test_comments_below_a_request_without_a_body_are_comments() -> None:
    """A GET with a comment above its status line sends no body."""
    request = only("GET /x\n\n# is it there?\n\nHTTP 200\n")
    assert request.body is None
    assert request.status is not None


def test_a_body_goes_on_to_the_status_line_or_the_separator() -> None:
    """Empty lines, sections of other names and headers belong to a text; trailing empty lines do not."""
    assert body_of("one\n\n[Options]\nX: y\n\n\nHTTP 200\n") == (
        "text",
        "one\n\n[Options]\nX: y",
    )
    first, second = parse_script("", "POST /x\n\ntext\n\n###\nGET /y\n").requests
    assert first.body is not None
    assert first.body.content.source == "text"
    assert second.url.source == "/y"


@pytest.mark.parametrize("line", ["###", "####", "### b", "###b", "########## b ##########", "###  "])
def test_three_hashes_or_more_separate(line: str) -> None:
    """With a title or without, behind text as well as behind JSON."""
    for body in ("text", "{}"):
        first, second = parse_script("", f"POST /x\n\n{body}\n{line}\nGET /y\n").requests
        assert first.body is not None
        assert first.body.content.source == body
        assert second.title == ("b" if "b" in line else "")


def test_what_may_be_a_heading_of_a_text_does_not_cut_it() -> None:
    """An indented ### and a last title are refused; in markdown a heading is one, and ### alone ends the text."""
    assert "is indented" in refused("POST /x\n\na\n ###\nb\n").message
    assert "no request behind it" in refused("POST /x\n\na\n\n### b\n").message
    assert "no request behind it" in refused("POST /x\n\na\n\n### b\n\n###\nGET /y\n").message
    first, second = parse_script("", "POST /x\nContent-Type: text/markdown\n\n# a\n### b\n\n###\nGET /y\n").requests
    assert first.body is not None
    assert first.body.content.source == "# a\n### b"
    assert second.url.source == "/y"


@pytest.mark.parametrize("comment", ["# c", "  // c", "#c", "/* c */", "/*\nc\n*/", "# @name"])
def test_a_comment_in_json_and_in_a_form_is_left_out(comment: str) -> None:
    """As in the other tools; the places of what stands behind it are those of the cell."""
    for above in ("POST /x\n\n", "POST /x\nContent-Type: application/json\n\n"):
        body = only(f'{above}{{\n{comment}\n"a": {{{{ b }}}}\n}}\n').body
        assert body is not None
        assert (body.kind, body.content.source) == ("json", '{\n"a": {{ b }}\n}')
        (placeholder,) = body.content.placeholders
        assert (placeholder.line, placeholder.column) == (above.count("\n") + comment.count("\n") + 4, 6)
    form = only(f"POST /x\nContent-Type: application/x-www-form-urlencoded\n\na=1\n{comment}\n&b=2\n").body
    assert form is not None
    assert form.content.source == "a=1\n&b=2"


@pytest.mark.parametrize("comment", ["# c", "  // c", "#c"])
@pytest.mark.parametrize("type_line", ["", "Content-Type: text/plain\n", "Content-Type: application/xml\n"])
def test_a_comment_in_another_text_is_refused(comment: str, type_line: str) -> None:
    """It may be a heading or code: in fences and in markdown it is sent, and behind the end of markup left out."""
    for text in (f"one\n{comment}\ntwo", f"{comment}\ntwo", f"one\n\n{comment}"):
        error = refused(f"POST /x\n{type_line}\n{text}\n")
        assert (error.code, comment.strip() in error.message) == ("comment", True)
        assert body_of(f"```\n{text}\n```\n") == ("fenced", text)
        if "//" in comment:
            assert refused(f"POST /x\nContent-Type: text/markdown\n\n{text}\n").code == "comment"
            continue
        markdown = only(f"POST /x\nContent-Type: text/markdown\n\n{text}\n").body
        assert markdown is not None
        assert markdown.content.source == text
    markup = only(f"POST /x\n{type_line}\n<a>\n</a>\n\n{comment}\n###\n").body
    assert markup is not None
    assert markup.content.source == "<a>\n</a>"


@pytest.mark.parametrize("comment", ["# c", "// c\n// d", "/*\nc\n*/"])
def test_a_body_of_comments_is_none(comment: str) -> None:
    """Remarks behind a request without a body are remarks."""
    for above in ("POST /x\n\n", "POST /x\nContent-Type: application/json\n\n", "DELETE /x\n\n"):
        assert only(f"{above}{comment}\n\n###\n").body is None


@pytest.mark.parametrize("text", ["/* reset */\na { b: c }", "/*\nreset\n*/\na { b: c }"])
def test_a_style_sheet_has_comments_of_its_own(text: str) -> None:
    """`/* … */` in a text with a type is text."""
    body = only(f"POST /x\nContent-Type: text/css\n\n{text}\n").body
    assert body is not None
    assert body.content.source == text


def test_a_variable_behind_a_request_without_a_body_is_a_variable() -> None:
    """It is none of the body's lines, and a body that holds such a line among others is refused."""
    for above in ("POST /x\n\n", "POST /x\nContent-Type: application/json\n\n", "GET /x\n\n"):
        script = parse_script("", f"{above}@a = 1\n# c\n@b = 2\n\n###\nGET /y\n")
        assert [(variable.name, variable.before) for variable in script.variables] == [("a", 1), ("b", 1)]
        assert script.requests[0].body is None
    for body in ("POST /x\n\na\n@b = 1", "POST /x\nContent-Type: text/plain\n\n@b = 1"):
        assert "`@b = 1` stands in the body" in refused(f"{body}\n").message


def test_a_url_goes_on_below_its_line() -> None:
    """Its path where the lines are indented, its query in any case, with comments and headers between."""
    request = only("GET http://localhost\n  /a\n  # c\n  /b\n?c=1\n// &d=2\n  &e=3\nX-A: 1\n&f=4\n")
    assert request.url.source == "http://localhost/a/b?c=1&e=3&f=4"
    assert pairs(request.headers) == [("X-A", "1")]


def test_indented_lines_are_what_they_are_elsewhere() -> None:
    """A request line and its headers; a header's name may be a placeholder."""
    request = only("  GET /x\n    X-A: 1\n  {{ name }}: 2\n")
    assert pairs(request.headers) == [("X-A", "1"), ("{{ name }}", "2")]


@pytest.mark.parametrize("head", ["[tool]", "[project]", "[package]", "[a]"])
def test_a_typed_text_may_begin_with_brackets(head: str) -> None:
    """As a TOML file does; what is nearly one of our sections is none."""
    body = only(f"POST /x\nContent-Type: application/toml\n\n{head}\na = 1\n\n[b]\n").body
    assert body is not None
    assert body.content.source == f"{head}\na = 1\n\n[b]"
    assert "no section [queryy]" in refused("POST /x\nContent-Type: application/toml\n\n[queryy]\na: 1\n").message


def test_a_status_line_stands_alone() -> None:
    """`HTTP 201 is good` in a text is text."""
    assert body_of("HTTP 201 is good\nthe HTTP 200 OK\n") == ("text", "HTTP 201 is good\nthe HTTP 200 OK")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("HTTP 201", 201),
        ("HTTP/1.1 201", 201),
        ("HTTP/2 404", 404),
        ("HTTP *", None),
        ("HTTP 200 OK", 200),
        ("HTTP/1.1 404 NOT FOUND", 404),
        ("HTTP 418 I'm a teapot", 418),
    ],
)
def test_the_status_line_has_its_forms(line: str, code: int | None) -> None:
    """With and without version and reason, and `*` for any status; below headers, JSON and text alike."""
    for head in ("GET /x", "POST /x\n\n{}", "POST /x\n\ntext"):
        status = only(f"{head}\n{line}\n").status
        assert status is not None
        assert status.code == code


def test_fences_hold_what_would_end_a_body() -> None:
    """Everything between ``` lines is the body, the fence itself is not; a longer fence holds shorter ones."""
    assert body_of("```\n###\nHTTP 200\n[Asserts]\n```\nHTTP 200\n") == ("fenced", "###\nHTTP 200\n[Asserts]")
    assert body_of("````md\n```\ncode\n```\n````\n") == ("fenced", "```\ncode\n```")


def test_a_json_body_ends_where_it_ends() -> None:
    """No empty line and no status line is needed behind it, whatever stands in its strings and blanks."""
    request = only('POST /x\n{\n  "a": "}",\n  "b": {{ {"c": {"d": 1}} }}\n}\n[Asserts]\nstatus == 200\n')
    assert request.body is not None
    assert request.body.kind == "json"
    assert request.body.content.source == '{\n  "a": "}",\n  "b": {{ {"c": {"d": 1}} }}\n}'
    assert len(request.checks) == 1


def test_text_that_only_begins_like_json_is_text() -> None:
    """A log line in brackets and two JSON lines in a row are kept as they are."""
    assert body_of("[info] started\nmore\n") == ("text", "[info] started\nmore")
    assert body_of('{"a": 1}\n{"a": 2}\n') == ("text", '{"a": 1}\n{"a": 2}')


def test_a_body_of_blanks_is_no_json_by_its_braces() -> None:
    """`{{ payload }}` alone is a text with one blank."""
    assert body_of("{{ payload }}\n") == ("text", "{{ payload }}")


def test_a_body_may_be_a_file() -> None:
    """`< ./a.json` and `<@ ./a.txt` name files, markup does not."""
    assert body_of("< ./a.json\n") == ("file", "./a.json")
    assert body_of("<@ ./a.txt\n") == ("template_file", "./a.txt")
    assert body_of("<html>\n") == ("text", "<html>")


def test_a_body_of_hurls_stands_directly_below_the_headers() -> None:
    """Markup, and a text in one line between backticks, which behind an empty line are text."""
    for head in ("POST /x", "POST /x\nX-A: 1"):
        markup = only(f'{head}\n<?xml version="1.0"?>\n<a/>\nHTTP 200\n').body
        assert markup is not None
        assert (markup.kind, markup.content.source) == ("text", '<?xml version="1.0"?>\n<a/>')
        one_line = only(f"{head}\n`a {{{{ b }}}}: {{c}}`\nHTTP 200\n").body
        assert one_line is not None
        assert (one_line.kind, one_line.content.source) == ("fenced", "a {{ b }}: {c}")
        assert one_line.content.placeholders[0].column == 4
    assert body_of("`a`\n") == ("text", "`a`")


def test_a_comment_behind_a_value_is_one_in_a_file_of_hurls(tmp_path: Path) -> None:
    """In its headers and sections, but in none of its bodies, and in no file of another tool."""
    head = "POST /x # c\nX-A: 1 # c\nX-B: a\\#b\n[Query]\nq: 2 # c\n```\na # b\n```\n"
    path = tmp_path / "a.hurl"
    path.write_text(f"{head}HTTP 200 # c\n[Asserts]\nstatus == 200 # c\n", "utf-8")
    (request,) = read_file(path).requests
    assert request.url.source == "/x"
    assert pairs(request.headers) == [("X-A", "1"), ("X-B", "a#b")]
    assert pairs(request.query) == [("q", "2")]
    assert request.body is not None
    assert request.body.content.source == "a # b"
    assert (request.status and request.status.code, request.checks[0].message) == (200, "c")
    assert pairs(only("GET /x\nX-A: 1 # c\n").headers) == [("X-A", "1 # c")]


def test_sections_of_the_request_are_read() -> None:
    """[Query] [Form] [Multipart] [Options], with comments and empty lines between their entries."""
    request = only(
        "GET /x\n[Query]\npage: 2\n\n# note\nq: a: b\n[Options]\nlocation: true\nmax-time: 500ms\nuser: a:b\n"
    )
    assert pairs(request.query) == [("page", "2"), ("q", "a: b")]
    options = request.options
    assert (options.follow, options.timeout, options.auth and options.auth.source) == (True, 0.5, "a:b")
    assert pairs(only("POST /x\n[Form]\nname: {{ n }}\nempty:\n").form) == [("name", "{{ n }}"), ("empty", "")]
    multipart = only("POST /x\n[Multipart]\nname: Ada\nphoto: file,./a.png; image/png\nbio: file,b.txt;\n").multipart
    assert multipart is not None
    assert pairs(multipart) == [("name", "Ada")]
    assert [(part.value.source, part.content_type) for part in multipart if isinstance(part, FilePart)] == [
        ("./a.png", "image/png"),
        ("b.txt", None),
    ]


def test_an_expected_body_stands_below_the_expected_headers() -> None:
    """JSON, text and fences, up to the next section or separator."""
    as_json = only('GET /x\nHTTP 200\nX: y\n\n{"a": 1}\n[Asserts]\nstatus == 200\n')
    assert as_json.expected_body is not None
    assert (as_json.expected_body.kind, len(as_json.checks)) == ("json", 1)
    as_text = only("GET /x\nHTTP 200\n\nHello\nAda\n\n[Captures]\na: text\n")
    assert as_text.expected_body is not None
    assert (as_text.expected_body.content.source, len(as_text.captures)) == ("Hello\nAda", 1)


def test_a_check_may_go_on_while_a_bracket_is_open() -> None:
    """The lines of one expression stay together, and its comment is its message."""
    request = only('GET /x\n[Asserts]\njson == {\n  "a": 1,\n}  # all of it\nassert status == 200\n')
    assert [(one.expression, one.message) for one in request.checks] == [
        ('json == {\n  "a": 1,\n}', "all of it"),
        ("status == 200", None),
    ]


def test_a_hash_in_a_string_is_no_comment() -> None:
    """Only Python's own comment is the message of a check."""
    request = only('GET /x\n[Asserts]\ntext == "# not this"  # but this\n')
    assert (request.checks[0].expression, request.checks[0].message) == ('text == "# not this"', "but this")


def test_directives_are_read_before_and_between() -> None:
    """# @show, # @no-redirect, # @no-cookie-jar, # @timeout and // @name."""
    request = only("// @name a\n# @show headers, body\n# @no-redirect\nGET /x\n# @no-cookie-jar\n# @timeout 5\n")
    assert (request.name, request.options.show) == ("a", ("headers", "body"))
    options = request.options
    assert (options.follow, options.cookies, options.timeout) == (False, False, 5.0)


def test_query_lines_continue_the_url() -> None:
    """Lines that begin with ? or & belong to the URL above."""
    assert only("GET /x\n    ?page=2\n    &q={{ q }}\nX-A: 1\n").url.source == "/x?page=2&q={{ q }}"


def test_file_variables_stand_before_requests() -> None:
    """`@host = …` is kept with the request it stands before; a cell may hold nothing else."""
    script = parse_script("", "@host = http://localhost:5000\nGET {{host}}/x\n###\n@b = {{ host }}\nGET /y\n")
    assert [(one.name, one.value.source, one.before) for one in script.variables] == [
        ("host", "http://localhost:5000", 0),
        ("b", "{{ host }}", 1),
    ]
    assert parse_script("", "@a = 1\n").requests == ()


def test_titles_stand_behind_separators() -> None:
    """`### Create it` names the request for readers; empty blocks are no requests."""
    script = parse_script("", "### Create it\nPOST /x\n\n###\n\n### Look\n# only a comment\n###\nGET /y\n###\n")
    assert [(one.title, one.url.source) for one in script.requests] == [("Create it", "/x"), ("", "/y")]


def test_a_request_line_behind_an_answer_begins_the_next_request() -> None:
    """As in Hurl's files no separator is needed where nothing can be a body; directives go with their request."""
    cell = (
        "GET /a\nHTTP 200\n[Asserts]\nstatus == 200\n\n# look again\n# @name b\nPOST /b\n{}\nHTTP 200\n\n"
        "@x = 1\nGET /c\n\nGET /d\nGET /e\n"
    )
    script = parse_script("", cell)
    assert [(one.url.source, one.name, len(one.checks)) for one in script.requests] == [
        ("/a", None, 1),
        ("/b", "b", 0),
        ("/c", None, 0),
        ("/d", None, 0),
        ("/e", None, 0),
    ]
    assert [variable.before for variable in script.variables] == [2]
    typed = only("POST /x\nContent-Type: text/plain\n\nGET /a\n").body
    assert typed is not None
    assert typed.content.source == "GET /a"
    assert "`GET /a` stands where the body should" in refused("POST /x\n\nGET /a\n").message


def test_the_version_may_stand_behind_a_query_line() -> None:
    """`&size=10 HTTP/1.1` is the end of REST Client's URL."""
    assert only("GET /x\n    ?page=2\n    &size=10 HTTP/1.1\nX-A: 1\n").url.source == "/x?page=2&size=10"


def test_directives_between_sections_are_the_requests() -> None:
    """A directive is never lost, wherever comments may stand."""
    request = only("POST /x\n[Query]\na: b\n# @show headers\n[Form]\nc: d\n# @name made\nHTTP 200\n")
    options = request.options
    assert (options.show, request.name, len(request.query), len(request.form or ())) == (("headers",), "made", 1, 1)


def test_windows_line_ends_change_nothing() -> None:
    """CR LF reads as LF."""
    assert parse_script("", CREATE.replace("\n", "\r\n")) == parse_script("", CREATE)


def test_a_file_counts_from_its_first_line() -> None:
    """The errors of a file name it, and line 1 is its first."""
    with pytest.raises(RequestError) as caught:
        parse_file("GET /x Ada\n", "api.http")
    assert str(caught.value).startswith("api.http, line 1, column 8: `Ada` stands behind the URL")


@pytest.mark.parametrize(
    ("body", "line", "message", "hint"),
    [
        ("", 1, "the cell has no request", "GET /users"),
        ("# only a comment", 1, "the cell has no request", "GET /users"),
        ("GET", 2, "the URL is missing", "GET /users"),
        ("GET /x name=Ada", 2, "`name=Ada` stands behind the URL", "%%http"),
        ("some words here", 2, "no request line", "GET /users"),
        ("GET /x\nX-A 1", 3, "`X-A 1` is no header", "leave a line empty"),
        ("GET /x\n[Query]\na: b\n\nwords\n", 6, "`words` is no line of this section", "name: value"),
        ("GET /x\n  ?a=1 b\n", 3, "`b` stands behind the URL", "%20"),
        ("GET /x\nHTTP 200\n[Asserts]\nstatus\n\nHTTP 200\n", 7, "second status line", "###"),
        ("GET /x\nHTTP 200 fine\n", 3, "`HTTP 200 fine` is no status line", "HTTP 200"),
        ("HTTP 200\n", 2, "`HTTP 200`", "GET /users"),
        ("GET /x\n[Assert]\nstatus\n", 3, "no section [Assert]", "[Asserts]"),
        ("GET /x\n[asserts]\nstatus\n", 3, "no section [asserts]", "[Asserts]"),
        ("GET /x\n[QueryStringParams]\na: b\n", 3, "no section [QueryStringParams]", "[Query]"),
        ("GET /x\n[BasicAuth]\na: b\n", 3, "no section [BasicAuth]", "-a USER:PASS"),
        ("GET /x\nHTTP 200\n[Form]\na: b\n", 4, "[Form] belongs to the request", "above"),
        ("POST /x\n[Form]\na: b\n[Multipart]\nc: d\n", 5, "[Multipart] is a second body", "one of them"),
        ("POST /x\n[Form]\na: b\n{}\n", 5, "has [Form] and a body", "one of them"),
        ("POST /x\n[Form]\nnonsense\n", 4, "`nonsense` is no line of this section", "name: value"),
        ("POST /x\n[Multipart]\np: file,;\n", 4, "names no file", "file,./a.png"),
        ("GET /x\n[Options]\nretries: 3\n", 4, "[Options] has no `retries`", "location"),
        ("GET /x\n[Options]\nretry: 3\n", 4, "[Options] has no `retry`", "leave it out"),
        ("GET /x\n[Options]\nlocation: yes\n", 4, "location is true or false", None),
        ('POST /x\n\n{"a": 1\n', 4, "never closed", "Content-Type"),
        ("POST /x\n\n```\ntext\n", 4, "fence is never closed", "```"),
        ("POST /x\n\ntext\n[Asserts]\nstatus == 200\n", 5, "[Asserts] stands in the body", "HTTP *"),
        ("POST /x\n\n{}\nmore: x\n[Asserts]\nstatus", 5, "`more: x` stands behind the JSON body", "HTTP 200"),
        ('POST /x\n\n{"a": 1}\n\nwords\n', 6, "`words` stands behind the JSON body", "fences"),
        ("GET /x\n\nHTTP 200 fine\n", 4, "`HTTP 200 fine` is no status line", "HTTP 200"),
        ("GET /x\nhttp 404\n", 3, "`http 404` is no status line", "HTTP 404"),
        ("GET /x\nHTTP 200\n\nHTTP 2xx\n", 5, "`HTTP 2xx` is no status line", "HTTP *"),
        ("# @prompt user Who?\nGET /x\n", 2, "`# @prompt`", "user = input()"),
        ("# @nmae a\nGET /x\n", 2, "no directive `# @nmae`", "# @name"),
        ("# @name two words\nGET /x\n", 2, "cannot be one", "two_words"),
        ("# @name create-user\nGET /x\n", 2, "`create-user` cannot be one", "create_user"),
        ("# @name class\nGET /x\n", 2, "`class` cannot be one", "class_"),
        ("# @name a\nGET /x\n###\n# @name a\nGET /y\n", 5, "two requests are named `a`", "another name"),
        ("# @show heads\nGET /x\n", 2, "`heads` is no part", "headers"),
        ("# @timeout soon\nGET /x\n", 2, "`soon` is no deadline", "# @timeout 5"),
        ("GET /x\n[Options]\ntimeout: -3\n", 4, "`-3` is no deadline", "Write  timeout: 5"),
        ("GET /x\n[Options]\nmax-time: abc\n", 4, "`abc` is no deadline", "Write  max-time: 5"),
        ("GET /x\n[Options]\nuser: ada\n", 4, "`ada` is no USER:PASS", None),
        ("@a-b = 1\nGET /x\n", 2, "`a-b` cannot be one", "a_b"),
        ("GET /x\n\n?? status == 200\n", 4, "a check of httpYac's", "[Asserts]"),
        ("GET /x\n?? status == 200\n", 3, "a check of httpYac's", "[Asserts]"),
        ("POST /x\n\n{}\n\n?? body id == 7\n", 6, "a check of httpYac's", "[Asserts]"),
        ("POST /x\n\ntext\n?? header a exists\n", 5, "a check of httpYac's", "[Asserts]"),
        ("POST /x\n\ntext\n<> a b.json\n", 5, "a response is not compared", "HTTP 200"),
        ("/*\nGET /x\n", 2, "never closed", "*/"),
        ("GET /x\n/* a\n", 3, "never closed", "*/"),
        ("GET /x\n/* a */ X-A: 1\n", 3, "never closed", "*/"),
        ("POST /x\n\nContent-Type: text/plain\n\ntext\n", 4, "stands where the body should", "empty line"),
        ("GET /x\n\nAny-Name: 1\n", 4, "stands where the body should", "empty line"),
        ("POST /x\n\nGET /y\n", 4, "stands where the body should", "###"),
        ("POST /x\n\na\n< ./b.txt\nc\n", 5, "`< ./b.txt` stands among the lines", "multipart"),
        ("POST /x\n\na\n<@ b.txt\n", 5, "`<@ b.txt` stands among the lines", "multipart"),
        ("POST /x\n\nquery a {\n  b\n}\n", 4, "GraphQL", '{"query"'),
        ("# @disabled\nGET /x\n", 2, "`# @disabled`", "Take it out"),
        ("// @loop for 3\nGET /x\n", 2, "`# @loop`", "for n in range(3)"),
        ("## @injectVariables\nGET /x\n", 2, "`# @injectVariables`", "<@ ./file"),
        ("GET /x\n@a = 1\n", 3, "stands in a request", "before the request line"),
        ("GET /x\n\n> {%\nclient.test()\n%}\n", 4, "a script of another tool", "[Asserts]"),
        ("< {%\nx\n%}\nGET /x\n", 2, "a script of another tool", "[Asserts]"),
        ("GET /x\nHTTP 200\nstatus == 200\n", 4, "`status == 200` is no header", "[Asserts]"),
        ('GET /x\nHTTP 200\n\njson["a"] == 1\n', 5, "where the expected body should", "[Asserts]"),
        ("GET https://api.example.com/x\n", 2, "is not this app", "%http /x"),
        ("GET users\n", 2, "a path begins with a slash", "/users"),
        ("GET /x\n[Captures]\na-b: 1\n", 4, "`a-b` cannot be one", "a_b"),
        ("GET /x\n[Captures]\nuid json\n", 4, "`uid json` is no line", "name: value"),
        ("GET /x\n[Asserts]\nstatus ==\n", 4, "`status ==` is not a Python expression", "=="),
        ('GET /x\n[Asserts]\njson["a"] == {{ name }}\n', 4, "stands in Python", "name"),
        ("GET /x/{{ a\n", 2, "`{{` is never closed", "{{ '{{' }}"),
        ("GET /x\nX-A: {{ 1 + }}\n", 3, "`1 +` is not a Python expression", None),
        ('POST /x\n\n{"a": {{ b c }}}\n', 4, "`b c` is not a Python expression", None),
    ],
)
def test_a_refusal_says_what_came_what_would_do_and_where(body: str, line: int, message: str, hint: str | None) -> None:
    """Every refusal names what came and its line in the cell, and shows what to write."""
    error = refused(body)
    assert message in error.message
    assert error.line == line
    if hint is not None:
        assert hint in (error.hint or "")


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("HTTP 2xx", "200 <= status <= 299"),
        ("http 404", "HTTP 404"),
        ("Http 200", "HTTP 200"),
        ("HTTP 20", "HTTP 200"),
        ("HTTP200", "HTTP 200"),
        ("HTTP/1.1 2xx", "200 <= status <= 299"),
        ("http/1.1 404 Not Found", "HTTP 404"),
        ("status == 404", "[Asserts]"),
        ('json["name"] == "Ada"  # hers', "[Asserts]"),
    ],
)
@pytest.mark.parametrize(
    "above",
    ["GET /b\n\n", "GET /b\n\n# there?\n", "POST /b\n\n", 'POST /b\n\n{"a": 1}\n\n', "POST /b\n\n{}\n", "PUT /b\n[]\n"],
)
def test_a_mistyped_status_line_or_check_is_never_sent(above: str, line: str, cure: str) -> None:
    """Below a request, a comment or JSON it is refused with its place and what to write; in fences it is text."""
    error = refused(f"{above}{line}\n")
    assert error.line == above.count("\n") + 2
    assert line in error.message
    assert cure in (error.hint or "")
    assert "fences" in (error.hint or "")
    assert body_of(f"```\n{line}\n```\n") == ("fenced", line)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("status = 200", "status == 200"),
        ("status=200", "status == 200"),
        ("text ==", 'text == "Ada"'),
        ("x := 3", "x == 3"),
        ("status 200", "status == 200"),
        ("status === 200", "status == 200"),
        ('json["a"] = "b=c"', 'json["a"] == "b=c"'),
        ("status == 200 && json", "status == 200 and json"),
    ],
)
def test_a_mistyped_check_is_shown_corrected(written: str, meant: str) -> None:
    """The hint has the reader's own line, as Python."""
    assert refused(f"GET /x\n[Asserts]\n{written}\n").hint == f"Write  {meant}"


def test_words_that_only_mention_a_status_are_text() -> None:
    """A sentence, a comparison among other words, JSON lines and a body that names its type are sent as they stand."""
    for text in ("HTTP 404 is a status", "see:\nstatus == 404", "a == 1", "HTTP/2", '{"a": 1}\n\n{"b": 2}'):
        assert body_of(f"{text}\n") == ("text", text)
    typed = only('POST /x\nContent-Type: text/plain\n\n{"a": 1}\nmore\n').body
    assert typed is not None
    assert typed.content.source == '{"a": 1}\nmore'


@pytest.mark.parametrize("method", ["POST", "put", "DELETE", "PATCH"])
@pytest.mark.parametrize("body", ["/users\n", "", "\n/users\nX-T: 1\n", "GET /users\n"])
def test_a_method_without_its_url_is_rejected(method: str, body: str) -> None:
    """The URL on the line below would be asked with GET."""
    with pytest.raises(RequestError) as caught:
        parse_script(method, body)
    assert caught.value.message == "the URL is missing."
    assert caught.value.fix == f"%%http {method.upper()} /users"
    assert caught.value.line == 1


@pytest.mark.parametrize(
    ("line", "is_request"),
    [
        ("GET /b", True),
        ("PURGE /b", True),
        ("PURGE http://localhost:5000/b", True),
        ("GET {{ host }}/b", True),
        ("GET localhost:5000/b", True),
        ("GET :5000/b HTTP/1.1", True),
        ("GET localhost", True),
        ("ERROR /users was not found", False),
        ("TOTAL 5", False),
        ("SEE the page", False),
        ("AT 10:30", False),
    ],
)
def test_a_request_line_behind_a_response_is_no_body_that_is_expected(line: str, is_request: bool) -> None:
    """Text that only begins like one is."""
    first, *others = parse_file(f"GET /a\nHTTP 200\n\n{line}\n", "a.http").requests
    assert (len(others), first.expected_body is None) == (int(is_request), is_request)


def test_a_request_line_that_cannot_be_sent_is_rejected_behind_a_response_too() -> None:
    with pytest.raises(RequestError) as caught:
        parse_file("GET /a\nHTTP 200\n\nGET ftp://localhost/b\nHTTP 200\n\nGET /c\n", "a.http")
    assert (caught.value.line, caught.value.code) == (4, "other-origin")
