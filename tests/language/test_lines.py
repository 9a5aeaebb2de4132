"""The line form: what `%http …` says, and how it refuses what it cannot read."""

from __future__ import annotations

import pytest

from nbmicro.errors import RequestError
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.language.syntax import Request


def only(text: str, **given: str | int) -> Request:
    """The request of a line."""
    (request,) = parse_line(text, **given).requests  # type: ignore[arg-type]
    return request


def items(request: Request) -> list[tuple[str, str, str]]:
    return [(item.kind, item.name.source, item.value.source) for item in request.items]


def refused(text: str, **given: object) -> RequestError:
    with pytest.raises(RequestError) as caught:
        parse_line(text, **given)  # type: ignore[arg-type]
    return caught.value


def test_a_url_alone_is_a_get() -> None:
    """`%http /hello/Ada` asks for /hello/Ada."""
    parsed = only("/hello/Ada")
    assert (parsed.method, parsed.url.source, parsed.items) == ("GET", "/hello/Ada", ())


def test_data_make_it_a_post() -> None:
    """The method is POST as soon as an item is data, and only then."""
    assert only("/users name=Ada").method == "POST"
    assert only("/users age:=36").method == "POST"
    assert only("/users photo@a.png").method == "POST"
    assert only("/users page==2 X-Token:abc").method == "GET"
    assert only("PUT /users/1 name=Ada").method == "PUT"


def test_the_version_may_stand_behind_the_url() -> None:
    """`GET /p HTTP/1.1` is copied from elsewhere; the version changes nothing."""
    assert parse_line("GET /p HTTP/1.1") == parse_line("GET /p")
    assert parse_line("POST /p HTTP/2 a=1") == parse_line("POST /p a=1")


def test_a_quoted_word_is_no_method_and_no_query() -> None:
    """In quotes a word is an item, whatever it looks like."""
    assert items(only("/p '?a=1'")) == [("text", "?a", "1")]


def test_the_correction_begins_as_the_line_did() -> None:
    """Behind `--try` and on a `%%http` line the words to write are those of that line."""
    assert refused("/x POST", method="GET", url="/x", column=1).hint == "Write  --try POST /x"
    with pytest.raises(RequestError) as caught:
        parse_script("/x POST", "")
    assert caught.value.hint == "Write  %%http POST /x"


def test_the_method_may_be_written_in_any_case() -> None:
    """`post` is POST, and a word that is a method is never taken for the URL."""
    assert only("post /users").method == "POST"
    assert only("Delete /users/1").method == "DELETE"
    assert "URL is missing" in refused("delete").message


def test_every_item_of_httpie_is_understood() -> None:
    """Text, JSON, header, query, file, and the contents of files, each by its sign."""
    parsed = only("/x name=Ada age:=36 X-Token:abc page==2 photo@a.png bio=@bio.txt tags:=@t.json X-Empty; q=1")
    assert items(parsed) == [
        ("text", "name", "Ada"),
        ("json", "age", "36"),
        ("header", "X-Token", "abc"),
        ("query", "page", "2"),
        ("upload", "photo", "a.png"),
        ("text_file", "bio", "bio.txt"),
        ("json_file", "tags", "t.json"),
        ("empty_header", "X-Empty", ""),
        ("text", "q", "1"),
    ]


def test_quotes_group_words_and_vanish() -> None:
    """Either quote groups, at a word's beginning or behind the item's sign."""
    parsed = only("""/x name='Ada Lovelace' "who=Grace Hopper" X-A:"a b" q=='c d' s="say \\"hi\\"" """)
    assert items(parsed) == [
        ("text", "name", "Ada Lovelace"),
        ("text", "who", "Grace Hopper"),
        ("header", "X-A", "a b"),
        ("query", "q", "c d"),
        ("text", "s", 'say "hi"'),
    ]


def test_an_apostrophe_inside_a_word_is_literal() -> None:
    """O'Brien needs no quotes."""
    assert items(only("/x name=O'Brien size=5\"")) == [("text", "name", "O'Brien"), ("text", "size", '5"')]


def test_json_behind_its_sign_may_hold_spaces() -> None:
    """`tags:=["a b", 2]` needs no quotes as long as it is whole."""
    assert items(only('/x tags:=["a b", {"c": 2}] n=1')) == [
        ("json", "tags", '["a b", {"c": 2}]'),
        ("text", "n", "1"),
    ]


def test_placeholders_may_hold_spaces_and_quotes() -> None:
    """`{{ … }}` is one word's part whatever stands in it."""
    parsed = only("""/x/{{ d['a b'] }} name={{ "x y" }} o:={{ {'a': {'b': 1}} }}""")
    assert [placeholder.expression for placeholder in parsed.url.placeholders] == ["d['a b']"]
    assert items(parsed) == [("text", "name", '{{ "x y" }}'), ("json", "o", "{{ {'a': {'b': 1}} }}")]


def test_an_escaped_sign_belongs_to_the_name() -> None:
    """A backslash takes the meaning from : = @ in a name, and stands for itself elsewhere."""
    assert items(only(r"/x a\=b=c d\:e=f path=C:\x")) == [
        ("text", "a=b", "c"),
        ("text", "d:e", "f"),
        ("text", "path", r"C:\x"),
    ]


def test_a_comment_ends_the_line_and_a_hash_in_a_word_does_not() -> None:
    """` #` begins a comment, `a#b` and a quoted # do not."""
    parsed = only("/x name=a#b note='# c'   # the rest = is: @comment")
    assert items(parsed) == [("text", "name", "a#b"), ("text", "note", "# c")]


def test_a_final_semicolon_is_quiet() -> None:
    """`;` at the end means -q, also before a comment, and is no part of the last item."""
    for text in ("/x name=Ada;", "/x name=Ada ;", "/x name=Ada; # shh", "/x name=Ada -q"):
        assert parse_line(text).options.quiet
        assert items(only(text)) == [("text", "name", "Ada")]
    assert not parse_line("/x name='Ada;'").options.quiet


def test_options_stand_anywhere() -> None:
    """Options are read before, between and behind the items, joined letters and `=` included."""
    script = parse_line("-f POST /x -a ada:se=cret name=Ada --expect=201 -Fq --show headers,body --timeout 2.5 --reset")
    options = script.options
    assert (options.form, options.follow, options.quiet, options.reset) == (True, True, True, True)
    assert options.auth is not None
    assert options.auth.source == "ada:se=cret"
    assert (options.expect, options.show, options.timeout) == (201, ("headers", "body"), 2.5)
    assert items(script.requests[0]) == [("text", "name", "Ada")]


def test_help_is_recognised_whatever_else_stands_there() -> None:
    """`-h` and `--help` count even on a line that is wrong otherwise."""
    assert parse_line("--help").options.help
    assert parse_line("/x nonsense -h").options.help


def test_loopback_origins_are_the_app() -> None:
    """An origin on this machine is accepted, with or without its scheme; any other is refused with the way out."""
    for url in ("http://localhost:5000/x", "http://127.0.0.1:8000/x", "https://[::1]/x", "localhost:5000/x", ":5000/x"):
        assert only(url).url.source == url
    error = refused("https://api.example.com/users")
    assert str(error) == (
        "line 1, column 7: https://api.example.com/users is not this app; %http speaks to the app in the notebook.\n"
        "Send the path:  %http /users"
    )


def test_try_may_leave_method_and_url_out() -> None:
    """With defaults the line may begin with an item, and what it says itself wins."""
    parsed = only("name=Ada", method="PUT", url="/users/1", column=1)
    assert (parsed.method, parsed.url.source) == ("PUT", "/users/1")
    assert items(parsed) == [("text", "name", "Ada")]
    other = only("GET /other", method="PUT", url="/users/1")
    assert (other.method, other.url.source) == ("GET", "/other")
    assert only("", method="GET", url="/x").url.source == "/x"


@pytest.mark.parametrize(
    ("text", "message", "hint", "column"),
    [
        ("", "the URL is missing", "%http /", 7),
        ("GET", "the URL is missing", "%http /", 10),
        ("users", "a path begins with a slash", "%http /users", 7),
        ("users/1 a=b", "a path begins with a slash", "%http /users/1", 7),
        ("name=Ada /x", "`name=Ada` stands where the URL should", "%http POST /users name=Ada", 7),
        ("/x Ada", "`Ada` is no item", "name=Ada", 10),
        ("/p POST", "`POST` stands behind the URL; the method comes before it.", "Write  %http POST /p", 10),
        ("/p a=1 PUT -F", "`PUT` stands behind the URL", "Write  %http PUT /p a=1 -F", 14),
        ("GET POST /p", "`GET POST`: a request has one method", "Write  %http POST /p", 11),
        ("get /p POST a=1", "`get POST`: a request has one method", "Write  %http POST /p a=1", 14),
        ("/p ?a=1", "`?a=1` is a query", "Write  %http /p?a=1  or, as an item,  a==1", 10),
        ("/p?a=1 &b=2&c=x+y", "is a query", 'Write  %http /p?a=1&b=2&c=x+y  or, as an item,  b==2 "c==x y"', 14),
        ("POST /p b=1 ?a", "`?a` is a query", "Write  %http POST /p?a b=1  or, as an item,  a==", 19),
        ("/p ?", "`?` is a query", "Write  %http /p?", 10),
        ("/a b?x=1 2", "`b?x=1` goes on with the URL", 'Write  %http "/a b?x=1 2"', 10),
        ("/p?q=a b&x=1 -F", "`b&x=1` goes on with the URL", 'Write  %http "/p?q=a b&x=1" -F', 14),
        ("/x =Ada", "`=Ada` is no item", "name=Ada", 10),
        ("/x --fllow", "no option --fllow", "--follow", 10),
        ("/x --unheard", "no option --unheard", "--expect", 10),
        ("/x -X POST", "no option -X", "%http POST", 10),
        ("/x --verbose", "no option --verbose", "--show all", 10),
        ("/x --expect", "--expect needs a value", "--expect 201", 10),
        ("/x --expect abc", "`abc` is no status", "--expect 201", 19),
        ("/x --show heads", "`heads` is no part", "headers", 17),
        ("/x --timeout 0", "`0` is no deadline", "--timeout 5", 20),
        ("POST /x < body.json", "does not read its body from a file", "%%http POST /x\n\n< ./body.json", 15),
        ("POST /x a=1 <body.json", "does not read its body from a file", "%%http POST /x\n\n< ./body.json", 19),
        ("/x > out.json", "a line writes no file", "open('out.json', 'wb')", 10),
        ("/x | jq .", "a line has no pipes", "answer = %http /x", 10),
        ("/{{ pass }}", "`pass` is a word of Python itself", "{{ pass_ }}", 8),
        ("/x a={{from}}", "`from` is a word of Python itself", "{{ from_ }}", 12),
        ("/x -a ada", "`ada` is no USER:PASS", "-a ada:secret", 13),
        ("/x -f=1", "-f takes no value", None, 10),
        ("/x age:=old", "`old` is not JSON", "age=old", 15),
        ("/x 'name=Ada", "the quote ' is never closed", "apostrophe", 10),
        ("/x photo@", "`photo@` names no file", "photo@FILE", 10),
        ("/x name={{ uid", "`{{` is never closed", "{{ '{{' }}", 15),
        ("/x name={{ 1 + }}", "`1 +` is not a Python expression", "{{ '{{' }}", 15),
        ("/x name={{ }}", "is empty", "{{ '{{' }}", 15),
        ("http://ada:x@localhost/x", "a name and password", "-a USER:PASS", 7),
        ("--file a.http /x", "--file sends", None, None),
        ("--curl wget http://localhost/x", "`wget` is not curl", "--curl curl http://", 14),
        ("--curl 'wget http://localhost/x'", "`wget` is not curl", "--curl curl http://", 15),
        ("--curl http://localhost/x a=1", "stands beside --curl", "Begin the command with its own word", 33),
        ('/hello/"Ada Lovelace"', '`Lovelace"` is no item', 'Write  %http "/hello/Ada Lovelace"', 19),
        ('PUT /hello/"Ada B. King"/x a=1', "is no item", 'Write  %http PUT "/hello/Ada B. King/x" a=1', 23),
        ("POST /x f@a b ü.txt", "`b` is no item", 'Write  %http POST /x "f@a b ü.txt"', 19),
        ("/x name=Ada King age:=36 -F", "`King` is no item", 'Write  %http /x "name=Ada King" age:=36 -F', 19),
        ('/x "a=b c" Ada', "`Ada` is no item", "name=Ada", 18),
    ],
)
def test_a_refusal_says_what_came_what_would_do_and_where(
    text: str, message: str, hint: str | None, column: int | None
) -> None:
    """Every refusal names what came and its column, and shows what to write."""
    error = refused(text)
    assert message in error.message
    assert error.line == 1
    assert error.column == column
    if hint is not None:
        assert hint in (error.hint or "")


def test_columns_count_behind_quotes_and_placeholders() -> None:
    """Quotes that vanish do not shift the column of what stands behind them."""
    parsed = only('/x name="a b {{ uid }}" other={{ n }}')
    assert [
        (placeholder.line, placeholder.column) for item in parsed.items for placeholder in item.value.placeholders
    ] == [(1, 20), (1, 37)]


def test_a_line_of_a_longer_cell_counts_from_its_place() -> None:
    """`line` and `column` say where the text begins."""
    error = refused("/x Ada", line=4, column=12)
    assert (error.line, error.column) == (4, 15)


def test_the_line_to_write_is_of_the_magic_that_was_used() -> None:
    """`%trace` alone is told to be `%trace /`."""
    for text, cure in (("", "Write  %trace /  or"), ("users", "%trace /users"), ("/p POST", "Write  %trace POST /p")):
        with pytest.raises(RequestError) as caught:
            parse_line(text, magic="%trace")
        assert cure in (caught.value.hint or "")
