"""JSON: what values become, and that it is always valid JSON."""

from __future__ import annotations

import dataclasses
import decimal
import io
import json as plain_json
import math
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmicro import App, json, jsonify
from nbmicro.web.json.provider import DefaultJSONProvider, JSONProvider


@dataclasses.dataclass
class Point:
    x: int
    y: float


class Bold:
    def __html__(self) -> str:
        return "<b>bold</b>"


@pytest.fixture
def app() -> App:
    return App("shop")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2024, 2, 29), '"Thu, 29 Feb 2024 00:00:00 GMT"'),
        (datetime(2024, 2, 29, 12, 30, tzinfo=UTC), '"Thu, 29 Feb 2024 12:30:00 GMT"'),
        (uuid.UUID(int=7), '"00000000-0000-0000-0000-000000000007"'),
        (decimal.Decimal("1.50"), '"1.50"'),
        (Point(1, 2.5), '{"x":1,"y":2.5}'),
        (Bold(), '"<b>bold</b>"'),
        ("ü", '"\\u00fc"'),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
    ],
)
def test_values_beyond_json_have_one_form(app: App, value: Any, text: str) -> None:
    """Dates, UUIDs, decimals, dataclasses and markup are written as Flask writes them; keys are sorted."""
    assert app.json.dumps(value, separators=(",", ":")) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_and_infinities_become_null(app: App, value: float) -> None:
    """What JSON does not know as a number is null, wherever it stands."""
    assert app.json.loads(app.json.dumps({"a": [value, 1.5, {"b": (value,)}]})) == {"a": [None, 1.5, {"b": [None]}]}
    with app.app_context():
        assert json.dumps([value]) == "[null]"
    assert json.dumps([value]) == "[null]"


def test_nan_is_written_where_it_is_asked_for(app: App) -> None:
    """allow_nan=True is the caller's word."""
    assert app.json.dumps([math.nan], allow_nan=True) == "[NaN]"


def _known(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    return [_known(item) for item in value] if isinstance(value, list) else value


@settings(derandomize=True, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
)
def test_all_json_is_read_by_a_strict_reader(value: Any) -> None:
    """Any tree of JSON values is written so that a reader that refuses NaN gets it back, with null for NaN."""

    def refuse(constant: str) -> Any:
        raise AssertionError(constant)

    text = App("shop").json.dumps(value)
    assert plain_json.loads(text, parse_constant=refuse) == _known(value)


def test_a_circle_is_an_error_not_a_hang(app: App) -> None:
    """A list that holds itself cannot be written, beside NaN as elsewhere."""
    circle: list[Any] = [math.nan]
    circle.append(circle)
    with pytest.raises(ValueError, match="Circular"):
        app.json.dumps(circle)


@pytest.mark.parametrize("value", [{1, 2}, object(), {(1, 2): 3}, 1j])
def test_what_has_no_json_form_is_a_type_error(app: App, value: Any) -> None:
    """Sets, objects, complex numbers and tuples as keys are refused."""
    with pytest.raises(TypeError):
        app.json.dumps(value)


def test_numpy_values_are_converted(app: App) -> None:
    """Numpy's scalars, arrays, times and keys are written as Python's would be."""
    np = pytest.importorskip("numpy")
    value = {
        "int": np.int64(3),
        "bool": np.bool_(True),
        "float32": np.float32(1.5),
        "array": np.array([[1.5, np.nan]]),
        "time": np.datetime64("2024-02-29T12:30:00.123456789"),
        "times": np.array(["2024-02-29"], dtype="M8[ns]"),
        "never": np.datetime64("NaT", "s"),
        "span": np.timedelta64(1500, "ms"),
        np.int64(7): "key",
    }
    assert plain_json.loads(app.json.dumps(value, sort_keys=False)) == {
        "int": 3,
        "bool": True,
        "float32": 1.5,
        "array": [[1.5, None]],
        "time": "Thu, 29 Feb 2024 12:30:00 GMT",
        "times": ["Thu, 29 Feb 2024 00:00:00 GMT"],
        "never": None,
        "span": 1.5,
        "7": "key",
    }
    with pytest.raises(TypeError):
        app.json.dumps(np.complex128(1))


def _pandas_like(name: str, **members: Any) -> Any:
    return type(name, (), {"__module__": "pandas.core.stand_in", **members})()


def test_pandas_values_are_converted(app: App) -> None:
    """A DataFrame is a list of rows, a Series a list, NA null, a Timedelta seconds: known by their shape alone."""
    frame = _pandas_like("DataFrame", ndim=2, to_dict=lambda self, orient: [{"a": 1}] if orient == "records" else None)
    series = _pandas_like("Series", ndim=1, to_dict=lambda self: {0: 1}, tolist=lambda self: [1, math.nan])
    delta = _pandas_like("Timedelta", total_seconds=lambda self: 1.5)
    assert plain_json.loads(app.json.dumps([frame, series, _pandas_like("NAType"), delta])) == [
        [{"a": 1}],
        [1, None],
        None,
        1.5,
    ]
    with pytest.raises(TypeError, match="Styler"):
        app.json.dumps(_pandas_like("Styler"))


def test_responses_are_compact_except_in_debug_mode(app: App) -> None:
    """A response ends with a line break, and is indented by two spaces in debug mode, unless compact says otherwise."""
    provider = app.json
    assert isinstance(provider, DefaultJSONProvider)
    with app.app_context():
        assert jsonify(b=1, a=[2]).data == b'{"a":[2],"b":1}\n'
        app.debug = True
        assert jsonify(b=1, a=[2]).data == b'{\n  "a": [\n    2\n  ],\n  "b": 1\n}\n'
        provider.compact = True
        assert jsonify(a=1).data == b'{"a":1}\n'
        app.debug, provider.compact = False, False
        assert jsonify(a=1).data == b'{\n  "a": 1\n}\n'
        assert jsonify(1).mimetype == "application/json"


def test_jsonify_takes_arguments_or_keywords(app: App) -> None:
    """One argument is itself, several a list, keywords a dict, nothing null; both together are an error."""
    with app.app_context():
        assert [jsonify().json, jsonify(1).json, jsonify(1, 2).json, jsonify(a=1).json] == [None, 1, [1, 2], {"a": 1}]
        with pytest.raises(TypeError):
            jsonify(1, a=2)


def test_jsonify_needs_an_app() -> None:
    """Outside an app there is no response to make."""
    with pytest.raises(RuntimeError, match="application context"):
        jsonify(1)


def test_provider_options_count(app: App) -> None:
    """sort_keys, ensure_ascii, mimetype and default may be set on the app's provider."""
    provider = app.json
    assert isinstance(provider, DefaultJSONProvider)
    provider.sort_keys, provider.ensure_ascii, provider.mimetype = False, False, "application/vnd.test+json"
    provider.default = lambda value: sorted(value) if isinstance(value, set) else DefaultJSONProvider.default(value)
    assert app.json.dumps({"b": "ü", "a": {2, 1}}) == '{"b": "ü", "a": [1, 2]}'
    assert app.json.response(1).mimetype == "application/vnd.test+json"


def test_a_provider_of_ones_own_serves_the_whole_app() -> None:
    """json_provider_class decides what the functions, replies and requests of the app use."""

    class Shouting(JSONProvider):
        def dumps(self, obj: Any, **kwargs: Any) -> str:
            return plain_json.dumps(obj).upper()

        def loads(self, s: str | bytes, **kwargs: Any) -> Any:
            return plain_json.loads(s.lower())

    class Loud(App):
        json_provider_class = Shouting

    app = Loud("loud")
    with app.app_context():
        file = io.StringIO()
        json.dump({"a": "b"}, file)
        assert file.getvalue() == json.dumps({"a": "b"}) == '{"A": "B"}'
        assert json.load(io.StringIO('"X"')) == json.loads('"X"') == "x"
        assert app.json.response("a").data == b'"A"'


def test_functions_work_without_an_app() -> None:
    """Outside an app the functions write and read with the same conversions."""
    file = io.StringIO()
    json.dump({"at": date(2024, 2, 29)}, file)
    file.seek(0)
    assert json.load(file) == {"at": "Thu, 29 Feb 2024 00:00:00 GMT"}
    with pytest.raises(TypeError):
        json.dumps(timedelta(1))
