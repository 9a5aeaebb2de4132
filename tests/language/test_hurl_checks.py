"""Checks of Hurl get the Python that means the same: plain, or of `response.hurl`; the others the reason why not."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest

from nbmicro import App, Client, Exchange, Response
from nbmicro.errors import RequestError
from nbmicro.language.hurl import check_in_python
from nbmicro.language.parser import parse_script

VALUES: tuple[object, ...] = (
    True,
    False,
    None,
    0,
    1,
    2,
    -1,
    0.0,
    1.0,
    1.5,
    "",
    "a",
    "A",
    "1",
    "true",
    "abc",
    [],
    [1],
    [True],
    ["a"],
    {},
    {"a": 1},
)
LITERALS = ("true", "false", "null", "0", "1", "2", "1.0", "1.5", '""', '"a"', '"abc"', '"1"', "hex,61;")
PREDICATES = (
    *(f"{sign} {literal}" for sign, literal in product(("==", "!="), LITERALS)),
    *(f"{sign} {literal}" for sign, literal in product((">", ">=", "<", "<="), ("0", "1", "1.5", '"a"'))),
    *(f"{word} {one}" for word, one in product(("startsWith", "endsWith", "contains"), ('"a"', '""', "hex,61;"))),
    *(f"includes {literal}" for literal in LITERALS), "matches /a/", "matches /^$/", "exists", "isEmpty", "isInteger",
    "isFloat", "isNumber", "isBoolean", "isString", "isCollection", "isList", "isObject", "isDate", "isIsoDate",
    "isUuid", "isIpv4", "isIpv6",
)  # fmt: skip


def answer(value: object) -> Exchange:
    app = App(__name__)
    app.add_url_rule("/", "page", lambda: Response(json.dumps(value), mimetype="application/json"))
    return Client(app).get("/")


def refused(body: str) -> RequestError:
    with pytest.raises(RequestError) as caught:
        parse_script("", body)
    return caught.value


def holds(check: str, exchange: Exchange) -> bool:
    """Whether it holds in Python; one that raises fails."""
    found = check_in_python(check)
    assert found is not None
    assert found.python is not None
    try:
        return bool(
            eval(found.python, {"response": exchange, "json": exchange.json, "headers": exchange.headers, "re": re})
        )
    except (TypeError, AttributeError, LookupError):
        return False


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_python_says_what_hurls_values_say(value: object) -> None:
    """The path of a whole body is never plain Python."""
    inside, alone = answer({"v": value, "w": [value]}), answer(value)
    for predicate, negation in product(PREDICATES, ("", "not ")):
        expected = holds(f'jsonpath "$" {negation}{predicate}', alone)
        assert holds(f'jsonpath "$.v" {negation}{predicate}', inside) is expected, predicate
        assert holds(f'jsonpath "$.w[0]" {negation}{predicate}', inside) is expected, predicate


@pytest.mark.parametrize("value", [{}, {"v": "abc"}, {"v": {"w": 1}}, {"v": [1]}, {"v": None}], ids=repr)
def test_of_nothing_no_predicate_holds_and_each_does_with_not(value: object) -> None:
    """Nothing stands below a text, a number or null, nor at a name of a list."""
    exchange = answer(value)
    for path, predicate in product(("$.x", "$.x.y", "$.v.a", "$.v[5]", "$.v.a[0]"), PREDICATES):
        assert holds(f'jsonpath "{path}" {predicate}', exchange) is False, (path, predicate)
        assert holds(f'jsonpath "{path}" not {predicate}', exchange) is True, (path, predicate)


@pytest.mark.parametrize("value", ["", "a", "abc", "aXa"])
def test_a_header_of_which_there_is_one_is_a_text(value: str) -> None:
    """`headers["Location"]` says what `response.hurl` says of a header that may come twice."""
    app = App(__name__)
    app.add_url_rule("/", "page", lambda: ("", 200, {"Location": value, "X-Location": value}))
    exchange = Client(app).get("/")
    for predicate, negation in product(PREDICATES, ("", "not ")):
        plain, asked = (
            holds(f'header "{name}" {negation}{predicate}', exchange) for name in ("Location", "X-Location")
        )
        assert plain is asked, predicate


@pytest.mark.parametrize(
    ("foreign", "python"),
    [
        ('jsonpath "$.x" == 2', 'json["x"] == 2'),
        # True is 1 to Python.
        ('jsonpath "$.x" == 1', 'response.hurl.jsonpath("$.x") == 1'),
        ('jsonpath "$.x" == true', 'json["x"] is True'),
        ('jsonpath "$.items[0].name" == "Ada"', 'json["items"][0]["name"] == "Ada"'),
        ("jsonpath \"$['a b']\" != null", 'json["a b"] is not None'),
        ('jsonpath "$.items" count == 3', 'response.hurl.jsonpath("$.items").count() == 3'),
        ('jsonpath "$.a" exists', 'response.hurl.jsonpath("$.a").exists()'),
        ('jsonpath "$.a.b" not exists', 'not response.hurl.jsonpath("$.a.b").exists()'),
        ('jsonpath "$.a" isInteger', 'type(json["a"]) is int'),
        ('header "X-Token" == "abc"', 'response.hurl.header("X-Token") == "abc"'),
        ('header "Content-Type" == "text/css"', 'headers["Content-Type"] == "text/css"'),
        ('header "X-Token" exists', '"X-Token" in headers'),
        ('header "X-Token" not exists', '"X-Token" not in headers'),
        ('header "Location" startsWith "/users"', 'headers["Location"].startswith("/users")'),
        ('cookie "s" exists', '"s" in cookies'),
        ('cookie "s[Path]" == "/"', 'response.hurl.cookie("s[Path]") == "/"'),
        ('body contains "Ada"', '"Ada" in text'),
        ("bytes startsWith hex,00ff;", 'response.body.startswith(bytes.fromhex("00ff"))'),
        ("body matches /A.a/", 're.search(r"A.a", text)'),
        ('jsonpath "$.id" == {{ uid }}', 'response.hurl.jsonpath("$.id") == uid'),
        ('jsonpath "$.id" == "n-{{uid}}"', 'json["id"] == f"n-{uid}"'),
    ],
)
def test_a_check_of_hurl_is_refused_with_its_python(foreign: str, python: str) -> None:
    """Each query and predicate of Hurl gets the Python check to write instead, with its line."""
    error = refused(f"GET /x\nHTTP 200\n[Asserts]\n{foreign}\n")
    assert (error.line, error.column, error.hint) == (5, 1, f"Write  {python}")


@pytest.mark.parametrize(
    ("foreign", "python"),
    [
        ('jsonpath "$.id"', 'json["id"]'),
        ('header "ETag"', 'headers["ETag"]'),
        ('header "X-A"', 'response.hurl.header("X-A").value'),
        ('jsonpath "$.a" count', 'response.hurl.jsonpath("$.a").count().value'),
    ],
)
def test_a_capture_of_hurl_is_refused_with_its_python(foreign: str, python: str) -> None:
    """Captures of Hurl get the Python to write instead."""
    error = refused(f"GET /x\nHTTP 200\n[Captures]\nuid: {foreign}\n")
    assert (error.line, error.column, error.hint) == (5, 6, f"Write  uid: {python}")


@pytest.mark.parametrize(
    ("foreign", "hint"),
    [
        ('xpath "//h1" exists', 'XPath is not read here. Write  "<h1>" in text'),
        ('xpath "string(//h1)" == "Hi"', 'XPath is not read here. Write  "Hi" in text'),
        ('url endsWith "/x"',
         "The request goes to the notebook's app, whatever its host. Write  response.request.target == \"/\""),
        ('variable "n" > 1', "A variable is a name of Python's. Write  n > 1"),
        ('jsonpath "$.a[*]" count == 2',
         "`$.a[*]` is more JSONPath than names and indexes: write it in Python, over  json"),
        ('header "Date" toDate "%+" exists', "The filter `toDate` is not read here."),
        ('jsonpath "$.a" countEquals 2', "`countEquals` is no filter or predicate of Hurl's."),
        ('cookie "a[Foo]" exists', "A cookie has no attribute `Foo`."),
        ('ip endsWith "1"', "No network is crossed between the notebook and its app: leave it out."),
    ],
)  # fmt: skip
def test_a_check_of_hurl_without_python_is_refused_with_its_reason(foreign: str, hint: str) -> None:
    error = refused(f"GET /x\nHTTP 200\n[Asserts]\n{foreign}\n")
    assert (error.line, error.column, error.hint) == (5, 1, hint)


@pytest.mark.parametrize("text", ['{"id": 1}', "[1, 2]", '(status == 200, "why")', '"Ada"', "{\n  1: 2\n}", "{}"])
def test_a_check_that_holds_whatever_comes_is_refused(text: str) -> None:
    """A list, a dict, a pair or a text is true to Python; a body was meant, or a comparison."""
    error = refused(f"GET /x\nHTTP 200\n[Asserts]\nstatus == 200\n{text}\n")
    assert (error.line, error.column) == (6, 1)
    assert "holds whatever comes" in error.message


def test_python_that_looks_like_hurl_is_python() -> None:
    """`status == 200` is both."""
    (request,) = parse_script("", "GET /x\n[Asserts]\nstatus == 200\nstatus >= 200\n").requests
    assert request.checks[1].expression == "status >= 200"
