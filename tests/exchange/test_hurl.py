"""`response.hurl` answers as Hurl does where a check asks it; its values come out in Python."""

from __future__ import annotations

import pytest

from nbmicro import App, Client, Exchange
from nbmicro.exchange.hurl import HurlValue, same_json


@pytest.fixture
def exchange() -> Exchange:
    app = App(__name__)

    @app.route("/")
    def page() -> tuple[str, int, list[tuple[str, str]]]:
        fields = [
            ("Vary", "a"),
            ("Vary", "b"),
            ("Set-Cookie", "sid=1; Path=/a; Secure"),
            ("Content-Type", "text/plain"),
        ]
        return '{"a": [true, 1, 1.0, null], "s": "text"}', 200, fields

    return Client(app).get("/")


def test_a_value_comes_out_in_python(exchange: Exchange) -> None:
    """Also of a body that is JSON by another media type."""
    assert exchange.hurl.header("vary").value == ["a", "b"]
    assert exchange.hurl.cookie("sid[Path]").value == "/a"
    assert exchange.hurl.jsonpath("$.a").value == [True, 1, 1.0, None]
    assert exchange.hurl.jsonpath("$.a").count() == 4
    assert exchange.hurl.regex('"s": "(.*)"').value == "text"


def test_nothing_has_no_value(exchange: Exchange) -> None:
    for nothing in (exchange.hurl.header("X"), exchange.hurl.jsonpath("$.b.c"), exchange.hurl.cookie("sid[Domain]")):
        assert repr(nothing) == "nothing"
        assert not nothing.exists()
        with pytest.raises(LookupError):
            _ = nothing.value
        with pytest.raises(LookupError):
            nothing.count()


def test_every_predicate_is_false_of_nothing() -> None:
    """So that `not` in front of it holds."""
    nothing = HurlValue()
    arguments = {"starts_with": "a", "ends_with": "a", "contains": "a", "includes": "a", "matches": "a"}
    predicates = [name for name in dir(nothing) if name.startswith("is_") or name in arguments]
    assert len(predicates) > 15
    for name in predicates:
        assert getattr(nothing, name)(*([arguments[name]] if name in arguments else [])) is False
    assert not any((nothing == 1, nothing != 1, nothing < 1, nothing <= 1, nothing > 1, nothing >= 1))


@pytest.mark.parametrize("value", [True, None, 1, "1", [1], {"a": 1}, b"1"])
def test_what_a_predicate_or_filter_does_not_take_raises(value: object) -> None:
    """So that a check fails, with `not` in front of it too."""
    taken = {
        "starts_with": (str,), "ends_with": (str,), "contains": (str, list), "includes": (list,), "matches": (str,),
        "is_empty": (str, list, dict, bytes), "is_iso_date": (str,), "is_uuid": (str,), "is_ipv4": (str,),
        "is_ipv6": (str,), "__lt__": (str,), "count": (list, bytes), "first": (list,), "last": (list,), "split": (str,),
        "to_hex": (bytes,), "base64_encode": (bytes,), "url_encode": (str,), "url_decode": (str,),
        "html_escape": (str,), "html_unescape": (str,), "to_int": (int, str), "to_float": (int, str),
        "to_string": (bool, type(None), int, str),
    }  # fmt: skip
    for name, kinds in taken.items():
        method = getattr(HurlValue(value), name)
        arguments = (
            ["1"] if name in {"starts_with", "ends_with", "contains", "includes", "matches", "__lt__", "split"} else []
        )
        if type(value) in kinds:
            method(*arguments)
        else:
            with pytest.raises(TypeError):
                method(*arguments)


def test_an_integer_beyond_64_bits_becomes_no_other_number() -> None:
    value = HurlValue(10**20)
    assert value.is_integer()
    assert value == 10**20
    for conversion in (value.to_float, value.to_int, HurlValue(str(10**20)).to_int):
        with pytest.raises(TypeError, match="large"):
            conversion()


def test_a_body_that_is_no_json_has_no_paths() -> None:
    app = App(__name__)
    app.add_url_rule("/", "page", lambda: "NaN")
    with pytest.raises(ValueError, match="NaN"):
        Client(app).get("/").hurl.jsonpath("$")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True), (1, True, False), (0, False, False), ([1], [True], False), ({"a": [0]}, {"a": [False]}, False),
        ({"a": 1, "b": None}, {"b": None, "a": 1}, True), ([1, 2], [1], False), ({"a": 1}, {"a": 1, "b": 1}, False),
        (None, False, False), ("1", 1, False), (True, True, True),
    ],
)  # fmt: skip
def test_json_values_are_the_same_or_not(one: object, other: object, same: bool) -> None:
    assert same_json(one, other) is same
    assert same_json(other, one) is same
