"""Values that JSON (RFC 8259) does not know, turned into values that it does."""

from __future__ import annotations

import dataclasses
import decimal
import json
import math
import uuid
from collections.abc import Callable
from datetime import date
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from werkzeug.http import http_date

__all__ = ["compact_writer", "encode", "plain"]

#: The standard library's encoder in C, or None where Python came without it.
c_make_encoder: Any = getattr(json.encoder, "c_make_encoder", None)

Convert = Callable[[Any], Any]


def plain(value: Any) -> Any:
    """A JSON value for a value that JSON does not know.

    Dates and datetimes become HTTP dates (RFC 9110, in GMT), ``uuid.UUID`` and ``decimal.Decimal`` strings, dataclass
    objects dicts, and what has ``__html__`` its markup. Numpy and pandas: scalars become Python's, arrays, Series and
    Index lists, a DataFrame a list of one dict per row, timedeltas seconds, ``NaT`` and ``NA`` None.

    Raises
    ------
    TypeError
        The value is none of these.
    """
    package = type(value).__module__.partition(".")[0]
    if package == "pandas":
        return _from_pandas(value)
    if package == "numpy":
        return _from_numpy(value)
    if isinstance(value, date):
        return http_date(value)
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "__html__"):
        return str(value.__html__())
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _from_numpy(value: Any) -> Any:
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind == "M":
        # Nanoseconds would come out as integers: Python's datetimes end at microseconds.
        return value.astype("datetime64[us]").tolist()
    if kind == "m":
        return (value / value.dtype.type(1, "s")).tolist()
    if kind is None or not hasattr(value, "tolist"):
        raise TypeError(f"Object of type numpy.{type(value).__name__} is not JSON serializable")
    converted = value.tolist()
    if type(converted) is type(value):
        raise TypeError(f"Object of type numpy.{type(value).__name__} is not JSON serializable")
    return converted


def _from_pandas(value: Any) -> Any:
    name = type(value).__name__
    if name in {"NaTType", "NAType"}:
        return None
    if name == "Timestamp":
        return http_date(value.to_pydatetime(warn=False))
    if hasattr(value, "to_dict") and getattr(value, "ndim", 0) == 2:
        return value.to_dict(orient="records")
    if hasattr(value, "total_seconds") and not hasattr(value, "tolist"):
        return value.total_seconds()
    if hasattr(value, "tolist"):
        return value.tolist()
    if name in {"Interval", "Period"}:
        return str(value)
    raise TypeError(f"Object of type pandas.{name} is not JSON serializable")


def encode(value: Any, encoder: json.JSONEncoder) -> str:
    """Write ``value`` as JSON text; NaN and the infinities, which JSON does not know, as ``null``.

    Parameters
    ----------
    value:
        What is to be written.
    encoder:
        How: an encoder made with ``allow_nan=False``, so that it refuses what has to be replaced first.

    Raises
    ------
    TypeError
        A value, or a key of a dict, has no JSON form.
    """
    try:
        return encoder.encode(value)
    except ValueError as error:
        if "Circular" in str(error):
            raise
    except TypeError as error:
        if not str(error).startswith("keys must be"):
            raise
    return encoder.encode(_finite(value, encoder.default, frozenset()))


def compact_writer(encoder: json.JSONEncoder) -> Callable[[Any], str]:
    """A function that writes as :func:`encode` does with ``encoder``, sooner.

    The standard library makes its C encoder anew for each text, to notice circles; one without that notice is made once
    here, and a text that it cannot write is left to :func:`encode`.
    """
    if c_make_encoder is None:
        return lambda value: encode(value, encoder)
    quick = c_make_encoder(
        None,
        encoder.default,
        encode_basestring_ascii if encoder.ensure_ascii else encode_basestring,
        None,
        encoder.key_separator,
        encoder.item_separator,
        encoder.sort_keys,
        encoder.skipkeys,
        False,
    )

    def write(value: Any) -> str:
        try:
            return "".join(quick(value, 0))
        except (TypeError, ValueError, RecursionError):
            return encode(value, encoder)

    return write


def _finite(value: Any, convert: Convert, above: frozenset[int]) -> Any:
    """A copy of ``value`` without NaN, infinities and numpy's keys; ``above`` holds the ids of its containers."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if id(value) in above:
        raise ValueError("Circular reference detected")
    above |= {id(value)}
    if isinstance(value, dict):
        return {_key(key): _finite(item, convert, above) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item, convert, above) for item in value]
    return _finite(convert(value), convert, above)


def _key(key: Any) -> Any:
    if type(key).__module__.partition(".")[0] == "numpy":
        key = _from_numpy(key)
    if isinstance(key, float) and not math.isfinite(key):
        return str(key)
    return key
