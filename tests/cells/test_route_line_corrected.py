"""A `%%route` line that is wrong is shown as it should have been written."""

from __future__ import annotations

import pytest

from nbmicro.cells.route_line import parse_route_line
from nbmicro.errors import CellError


def rejected(line: str) -> CellError:
    with pytest.raises(CellError) as caught:
        parse_route_line(line)
    assert caught.value.line == 1
    assert len("%%route ") < (caught.value.column or 0) <= len("%%route ") + len(line) + 1
    return caught.value


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("/hello/{name}", 9),
        ("POST /hello/{name}", 14),
        ("  POST   hello", 18),
        ("get,posst /x", 13),
        ("GET POST /x", 9),
        ("GET   POST /x", 9),
        ("/x --methods POST", 12),
        ("/x methods=['POST']", 12),
        ("/x --name 3d", 12),
        ("POST", 13),
        ("POST --try name=Ada", 14),
        ("/x /y", 12),
        ("@app.route('/x')", 9),
    ],
)
def test_an_error_has_the_column_of_the_words_that_are_wrong(line: str, column: int) -> None:
    """Counted from the beginning of the cell's first line; of what is missing, where it would stand."""
    assert rejected(line).column == column


CORRECTED = [
    # parameters as other frameworks write them
    ("/hello/{name}", "a parameter is written <name>", "/hello/<name>"),
    ("/items/{item_id:int}", "a parameter is written <name>", "/items/<int:item_id>"),
    ("/files/{path:path}", "a parameter is written <name>", "/files/<path:path>"),
    ("/users/{int:id}/", "a parameter is written <name>", "/users/<int:id>/"),
    ("POST /{a}/{b} --name x", "a parameter is written <name>", "POST /<a>/<b> --name x"),
    ("/users/:id", "not :name", "/users/<id>"),
    ("/users/:id/posts/:post?", "not :name", "/users/<id>/posts/<post>"),
    ("/users/<id:int>", "the converter stands before the name", "/users/<int:id>"),
    ("/users/<str:name>", "there is no converter `str`", "/users/<string:name>"),
    ("/users/<int: id>", "this is no parameter", "/users/<int:id>"),
    ("/users/<user name>", "this is no parameter", "/users/<user_name>"),
    # the rule
    ("hello", "begins with a slash", "/hello"),
    ("hello/<name> --try /hello/Ada", "begins with a slash", "/hello/<name> --try /hello/Ada"),
    ("POST login", "begins with a slash", "POST /login"),
    ("<name>", "begins with a slash", "/<name>"),
    ('"/x', "the quote is not closed", "/x"),
    ("\u201c/x\u201d", "no quotes that code knows", "/x"),
    ("http://localhost:5000/hello", "without the server's address", "/hello"),
    ("/search?q=<q>", "request.args", "/search"),
    ("/page#top", "stays in the browser", "/page"),
    ("", "names no rule", "/"),
    ("POST", "names no rule", "POST /"),
    ("--try GET /x", "--try takes the rest of the line, so it comes last", "/ --try"),
    # methods
    ("/x methods=['POST']", "stand before the rule", "POST /x"),
    ('"/x", methods=["GET", "POST"]', "stand before the rule", "GET,POST /x"),
    ("methods=('POST',) /x --try", "stand before the rule", "POST /x --try"),
    ("/x methods=POST", "stand before the rule", "POST /x"),
    ("/x POST", "stand before the rule", "POST /x"),
    ("/x GET,POST", "stand before the rule", "GET,POST /x"),
    ("/x --methods GET,POST", "without an option", "GET,POST /x"),
    ("/x -X POST --name y", "without an option", "POST /x --name y"),
    ("GET POST /x", "separated by commas", "GET,POST /x"),
    ("get post Put, /x", "separated by commas", "GET,POST,PUT /x"),
    ("GET|POST /x", "written as words", "GET,POST /x"),
    ("[GET, POST] /x", "written as words", "GET,POST /x"),
    ("GET/x", "a space stands between", "GET /x"),
    ("GTE /x", "`GTE` is no HTTP method. Did you mean GET?", "GET /x"),
    ("GET,POSTT /x", "`POSTT` is no HTTP method. Did you mean POST?", "GET,POST /x"),
    ("GET,FOO /x", "`FOO` is no HTTP method", "GET /x"),
    # a decorator, as it stands above a function
    ('@app.route("/x")', "is a decorator", "/x"),
    ("app.route('/x/<int:id>')", "is a decorator", "/x/<int:id>"),
    ('@app.route("/x", methods=["GET", "POST"])', "is a decorator", "GET,POST /x"),
    ('@app.post("/users", endpoint="add")', "is a decorator", "POST /users --name add"),
    ('@bp.get("/{id}") --try /1', "is a decorator", "/<id> --try /1"),
    ('POST @app.route("/x")', "is a decorator", "POST /x"),
    ("@app.route", "is a decorator", "/"),
    # options and words too many
    ("/x --nmae y", "Did you mean --name?", "/x --name y"),
    ("/x --endpoint y", "Did you mean --name?", "/x --name y"),
    ("/x --strict-slashes --try /x", "is no option of %%route", "/x --try /x"),
    ("/x --try=/x", "takes the rest of the line", "/x --try /x"),
    ("/x --name", "followed by the endpoint's name", "/x --name my_page"),
    ("/x --name my-page", "a Python name", "/x --name my_page"),
    ("/x --name class", "a Python name", "/x --name class_"),
    ("/x --name 1", "a Python name", "/x --name route_1"),
    ("/a /b", "one rule", "/a"),
    ("/hello say_hello", "--name and --try", "/hello --name say_hello"),
    ("/hello -> hi", "is no option", "/hello"),
    # parameters that cannot be
    ("/x/<a>/<a>", "the parameter `a` stands there twice", "/x/<a>/<a_2>"),
    ("/x/<int:a>/<path:a>/y", "the parameter `a` stands there twice", "/x/<int:a>/<path:a_2>/y"),
    ("/x/<class>", "a word of Python's own", "/x/<class_>"),
    ("/x/<int:from>", "a word of Python's own", "/x/<int:from_>"),
    ("/x/<__debug__>", "a word of Python's own", "/x/<debug_>"),
]


@pytest.mark.parametrize(("line", "message", "corrected"), CORRECTED)
def test_the_error_says_what_came_and_shows_the_line_corrected(line: str, message: str, corrected: str) -> None:
    error = rejected(line)
    assert message in error.message
    assert error.hint is not None
    assert error.hint.splitlines()[0] == f"Try:  %%route {corrected}"


@pytest.mark.parametrize("corrected", sorted({corrected for _, _, corrected in CORRECTED}))
def test_a_corrected_line_is_right(corrected: str) -> None:
    parse_route_line(corrected)


@pytest.mark.parametrize("line", ["/<", "/a>b", "/<1>", "/<int:>"])
def test_where_no_line_can_be_guessed_the_syntax_is_told(line: str) -> None:
    assert rejected(line).hint == "A parameter is written <name>, or <int:name> with a converter."


def test_a_method_of_ones_own_has_a_way_out() -> None:
    hint = rejected("BREW /pot").hint
    assert hint is not None
    assert '@app.route("/pot", methods=["BREW"])' in hint
