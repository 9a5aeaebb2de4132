"""How an app writes and reads JSON, and the values that JSON (RFC 8259) does not know."""

from __future__ import annotations

import dataclasses
import decimal
import json
import math
import uuid
import weakref
from collections.abc import Callable
from datetime import date
from json.encoder import encode_basestring, encode_basestring_ascii
from traceback import walk_tb
from typing import IO, TYPE_CHECKING, Any

from werkzeug.http import http_date

from nbmicro.http.media_types import JSON
from nbmicro.web.handler_errors import no_json
from nbmicro.web.overrides import Replaceable, is_own, touched, watched

if TYPE_CHECKING:
    from nbmicro.web.app import App
    from nbmicro.web.wrappers import Response


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
    """Write ``value`` as JSON text; NaN and the infinities, which JSON does not know, as ``null``. The encoder is
    made with ``allow_nan=False``, so that it rejects what has to be replaced first.

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


def write(value: Any, options: dict[str, Any]) -> str:
    """Write ``value`` as :func:`encode` does; an encoder class, or NaN asked for, is left to :func:`json.dumps`."""
    if "cls" in options or options.get("allow_nan"):
        return json.dumps(value, **options)
    return encode(value, json.JSONEncoder(**{**options, "allow_nan": False}))


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


def _is_encoders(error: BaseException) -> bool:
    """Whether an exception is the encoder's, and not one of a user's ``default``."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    return bool(modules) and modules[-1].startswith(("json.", "nbmicro.web.json."))


_POINTS = "dumps dump loads load response"


@watched(_POINTS)
class JSONProvider(Replaceable):
    """The base of every way to write and read JSON. A kind of its own gives :meth:`dumps` and :meth:`loads`.

    Parameters
    ----------
    app:
        The app it works for; only weakly held.
    """

    def __init__(self, app: App) -> None:
        self._app: App = weakref.proxy(app)  # type: ignore[assignment]

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write ``obj`` as JSON text."""
        raise NotImplementedError

    def dump(self, obj: Any, fp: IO[str], **kwargs: Any) -> None:
        """Write ``obj`` as JSON text to the text file ``fp``."""
        fp.write(self.dumps(obj, **kwargs))

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read JSON text."""
        raise NotImplementedError

    def load(self, fp: IO[Any], **kwargs: Any) -> Any:
        """Read JSON text from the file ``fp``; a binary file holds UTF-8."""
        return self.loads(fp.read(), **kwargs)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """A response with the one argument, the list of the arguments, or the dict of the keywords, as JSON.

        Raises
        ------
        TypeError
            There are both arguments and keywords.
        """
        obj = self._one_of(args, kwargs)
        return self._app.response_class(self.dumps(obj), mimetype=JSON)

    @staticmethod
    def _one_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args and kwargs:
            raise TypeError("app.json.response() takes either args or kwargs, not both")
        if kwargs:
            return kwargs
        if not args:
            return None
        return args[0] if len(args) == 1 else args


@watched(_POINTS)
class DefaultJSONProvider(JSONProvider):
    """JSON by the standard library, with more kinds of values (see :func:`nbmicro.web.json.provider.plain`).

    NaN and the infinities are written as ``null``, so that the text is valid JSON (RFC 8259), unless ``allow_nan=True``
    is asked for.

    Attributes
    ----------
    default:
        Called with each value that JSON does not know; returns one that it does, or raises TypeError.
    ensure_ascii:
        Whether characters outside ASCII are escaped.
    sort_keys:
        Whether the keys of dicts are sorted.
    compact:
        Whether responses have no spaces and line breaks; None means: unless the app is in debug mode.
    mimetype:
        The media type of responses.
    """

    default: Callable[[Any], Any] = staticmethod(plain)
    ensure_ascii: bool = True
    sort_keys: bool = True
    compact: bool | None = None
    mimetype: str = JSON

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._encoders: dict[Any, json.JSONEncoder] = {}
        self._compact: tuple[Any, Any, Any, Callable[[Any], str]] = (None, None, None, json.dumps)

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write ``obj`` as JSON text; keywords as of :func:`json.dumps`."""
        if kwargs.keys() - {"default", "ensure_ascii", "sort_keys", "indent", "separators"}:
            return write(
                obj, {"default": self.default, "ensure_ascii": self.ensure_ascii, "sort_keys": self.sort_keys, **kwargs}
            )
        return encode(
            obj,
            self._encoder(
                kwargs.get("default", self.default),
                kwargs.get("ensure_ascii", self.ensure_ascii),
                kwargs.get("sort_keys", self.sort_keys),
                kwargs.get("indent"),
                kwargs.get("separators"),
            ),
        )

    def _encoder(self, default: Any, ascii_only: bool, sort: bool, indent: Any, separators: Any) -> json.JSONEncoder:
        key = (default, ascii_only, sort, indent, separators)
        try:
            encoder = self._encoders.get(key)
        except TypeError:  # separators as a list
            return self._encoder(default, ascii_only, sort, indent, tuple(separators))
        if encoder is None:
            if len(self._encoders) >= 16:
                self._encoders.clear()
            encoder = self._encoders[key] = json.JSONEncoder(
                default=default,
                ensure_ascii=ascii_only,
                sort_keys=sort,
                indent=indent,
                separators=separators,
                allow_nan=False,
            )
        return encoder

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read JSON text; keywords as of :func:`json.loads`.

        Raises
        ------
        ValueError
            The text is not JSON, or is nested deeper than can be read.
        """
        try:
            return json.loads(s, **kwargs)
        except RecursionError:
            raise ValueError("The JSON text is nested too deeply.") from None

    def text(self, obj: Any) -> str:
        """The body of the response that :meth:`response` would make of ``obj``; a TypeError where it has none."""
        return self.plain_text(obj, is_plain(self))

    def plain_text(self, obj: Any, is_plain: bool = True) -> str:
        """The same, where it is known whether :meth:`dumps` is nbmicro's own."""
        try:
            return self._text(obj) if is_plain else self._dumped(obj)
        except (TypeError, ValueError, RecursionError) as error:
            if not _is_encoders(error):
                raise
            raise no_json(obj, error, self.dumps) from None

    def _dumped(self, obj: Any) -> str:
        options: dict[str, Any] = {"separators": (",", ":")}
        if not self.compact and (self.compact is False or self._app.debug):
            options = {"indent": 2}
        return f"{self.dumps(obj, **options)}\n"

    def _text(self, obj: Any) -> str:
        if self.compact or (self.compact is None and not self._app.debug):
            default, ascii_only, sort, write = self._compact
            if default is not self.default or ascii_only is not self.ensure_ascii or sort is not self.sort_keys:
                default, ascii_only, sort = self.default, self.ensure_ascii, self.sort_keys
                write = compact_writer(self._encoder(default, ascii_only, sort, None, (",", ":")))
                self._compact = default, ascii_only, sort, write
            return write(obj) + "\n"
        return self.dumps(obj, indent=2) + "\n"

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """A response with the one argument, the list of the arguments, or the dict of the keywords, as JSON.

        In debug mode it is indented by two spaces (see :attr:`compact`); it ends with a line break.

        Raises
        ------
        TypeError
            There are both arguments and keywords, or a value has no JSON form.
        """
        return self._app.response_class(self.text(self._one_of(args, kwargs)), mimetype=self.mimetype)


_SET, _SET_ON_BASE = vars(DefaultJSONProvider), vars(JSONProvider)
_UNTOUCHED = len(_SET) + len(_SET_ON_BASE)


def is_plain(provider: JSONProvider) -> bool:
    """Whether a provider is of nbmicro's kind, and nobody has replaced what it writes with."""
    if type(provider) is DefaultJSONProvider and len(_SET) + len(_SET_ON_BASE) == _UNTOUCHED:
        return not touched or not is_own(provider)
    return isinstance(provider, DefaultJSONProvider) and not is_own(provider)
