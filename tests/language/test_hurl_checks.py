"""Where a check of Hurl becomes plain Python, that says of every kind of value what `response.hurl` says of it."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest

from nbmicro import App, Client, Exchange, Response
from nbmicro.language.hurl import check_in_python

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
