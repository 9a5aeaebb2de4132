"""JSON in Flask's shape."""

from __future__ import annotations

import dataclasses
import decimal
import io
import json as plain_json
import math
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from nbmicro import App, json, jsonify, request
from nbmicro.web.json.provider import DefaultJSONProvider, JSONProvider
from nbmicro.web.json.tag import JSONTag, TaggedJSONSerializer

MakeApp = Callable[..., App]


@dataclasses.dataclass
class Point:
    x: int
    y: uuid.UUID


class Bold:
    def __html__(self) -> str:
        return "<b>"


# == provider: how an app writes and reads JSON


def test_replies_are_compact_sorted_and_end_with_a_line_break(app: App) -> None:
    """In debug mode they are indented by two."""
    app.add_url_rule("/", "index", lambda: {"b": [1, 2], "a": "ü"})
    app.add_url_rule("/list", "list", lambda: [{"b": 1, "a": 2}])
    app.add_url_rule("/jsonify", "jsonify", lambda: jsonify(b=1, a=2))
    client = app.test_client()
    assert client.get("/").data == b'{"a":"\\u00fc","b":[1,2]}\n'
    assert client.get("/list").data == b'[{"a":2,"b":1}]\n'
    assert client.get("/jsonify").data == b'{"a":2,"b":1}\n'
    app.debug = True
    assert client.get("/jsonify").data == b'{\n  "a": 2,\n  "b": 1\n}\n'
    assert client.get("/").data.startswith(b'{\n  "a": "\\u00fc"')


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2024, 2, 29), '"Thu, 29 Feb 2024 00:00:00 GMT"'),
        (datetime(2024, 2, 29, 12, 30, tzinfo=UTC), '"Thu, 29 Feb 2024 12:30:00 GMT"'),
        (uuid.UUID(int=7), '"00000000-0000-0000-0000-000000000007"'),
        (decimal.Decimal("1.50"), '"1.50"'),
        (Point(1, uuid.UUID(int=1)), '{"x":1,"y":"00000000-0000-0000-0000-000000000001"}'),
        (Bold(), '"<b>"'),
        ((1, 2), "[1,2]"),
        (None, "null"),
    ],
)
def test_values_beyond_json_have_flasks_form(app: App, value: Any, text: str) -> None:
    """HTTP dates, strings, dicts, markup; anything else is a TypeError."""
    app.add_url_rule("/", "index", lambda: jsonify(value))
    assert app.test_client().get("/").text == f"{text}\n"
    with app.app_context(), pytest.raises(TypeError, match="not JSON serializable"):
        jsonify(object())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_is_null(app: App, value: float) -> None:
    """Differs on purpose: Flask writes NaN, which no other JSON reader takes."""
    app.add_url_rule("/", "index", lambda: {"a": [value, 1]})
    assert app.test_client().get("/").text == '{"a":[null,1]}\n'
    assert math.isnan(plain_json.loads(app.json.dumps(math.nan, allow_nan=True)))


def test_the_settings_of_the_provider(make_app: MakeApp) -> None:
    """sort_keys, ensure_ascii, compact, mimetype and default."""
    app = make_app()
    provider: Any = app.json
    assert isinstance(provider, DefaultJSONProvider)
    provider.sort_keys = False
    provider.ensure_ascii = False
    provider.compact = False
    provider.mimetype = "application/vnd.shop+json"
    provider.default = lambda value: f"<{type(value).__name__}>"
    app.add_url_rule("/", "index", lambda: {"b": "ü", "a": object()})
    response = app.test_client().get("/")
    assert response.text == '{\n  "b": "ü",\n  "a": "<object>"\n}\n'
    assert response.mimetype == "application/vnd.shop+json"


def test_arguments_or_keywords(app: App) -> None:
    """jsonify takes either, not both."""
    with app.app_context():
        assert jsonify(1, 2).json == [1, 2]
        assert jsonify({"a": 1}).json == jsonify(a=1).json == {"a": 1}
        with pytest.raises(TypeError, match="args or kwargs"):
            jsonify(1, a=1)
        with pytest.raises(TypeError, match="args or kwargs"):
            app.json.response(1, a=1)


def test_a_provider_of_ones_own_writes_and_reads_everything(make_app: MakeApp) -> None:
    """Replies, ``request.json``, the test client's body and ``response.json``."""

    class Backwards(JSONProvider):
        def dumps(self, obj: Any, **kwargs: Any) -> str:
            return plain_json.dumps(obj)[::-1]

        def loads(self, s: str | bytes, **kwargs: Any) -> Any:
            return plain_json.loads(s[::-1])

    class MyApp(App):
        json_provider_class = Backwards

    app = MyApp("x")
    app.add_url_rule("/", "index", lambda: {"got": request.json}, methods=["POST"])
    response = app.test_client().post("/", json=[1, 2])
    assert response.data == b'}]2 ,1[ :"tog"{'
    assert response.json == {"got": [1, 2]}
    other = make_app()
    other.json = Backwards(other)
    with other.app_context():
        assert json.dumps([1]) == "]1["
        assert json.loads("]1[") == [1]


def test_the_functions_use_the_apps_provider_where_there_is_one(app: App) -> None:
    """dumps, dump, loads, load; without an app the standard library's with the same kinds of values."""
    assert json.dumps({"b": 1, "a": date(2024, 2, 29)}) == '{"b": 1, "a": "Thu, 29 Feb 2024 00:00:00 GMT"}'
    assert json.loads('{"a": 1}') == {"a": 1}
    with app.app_context():
        assert json.dumps({"b": 1, "a": 2}) == '{"a": 2, "b": 1}'
        file = io.StringIO()
        json.dump([1], file)
        file.seek(0)
        assert json.load(file) == [1]
        assert json.load(io.BytesIO(b"[2]")) == [2]


def test_tags_keep_types_in_json_and_can_be_added() -> None:
    """What sessions are written with."""

    class Complex(JSONTag):
        key = " c"

        def check(self, value: Any) -> bool:
            return isinstance(value, complex)

        def to_json(self, value: Any) -> Any:
            return [value.real, value.imag]

        def to_python(self, value: Any) -> complex:
            return complex(*value)

    serializer = TaggedJSONSerializer()
    assert serializer.loads(serializer.dumps({"a": (1, b"x")})) == {"a": (1, b"x")}
    serializer.register(Complex)
    assert serializer.loads(serializer.dumps(1 + 2j)) == 1 + 2j
    with pytest.raises(KeyError):
        serializer.register(Complex)
    serializer.register(Complex, force=True, index=0)
