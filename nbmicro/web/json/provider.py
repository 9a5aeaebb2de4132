"""How an app writes and reads JSON."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

from nbmicro.http.media_types import JSON
from nbmicro.web.json.plain import compact_writer, encode, plain
from nbmicro.web.refusals import no_json

if TYPE_CHECKING:
    from nbmicro.web.app import App
    from nbmicro.web.response import Response

__all__ = ["DefaultJSONProvider", "JSONProvider"]


def _is_encoders(error: BaseException) -> bool:
    """Whether an exception is the encoder's, and not one of a user's ``default``."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith(("json.", "nbmicro.web.json."))


class JSONProvider:
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


class DefaultJSONProvider(JSONProvider):
    """JSON by the standard library, with more kinds of values (see :func:`nbmicro.web.json.plain.plain`).

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
            return self._dumps_otherwise(obj, kwargs)
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

    def _dumps_otherwise(self, obj: Any, options: dict[str, Any]) -> str:
        options.setdefault("default", self.default)
        options.setdefault("ensure_ascii", self.ensure_ascii)
        options.setdefault("sort_keys", self.sort_keys)
        if "cls" in options or options.get("allow_nan"):
            return json.dumps(obj, **options)
        return encode(obj, json.JSONEncoder(**{**options, "allow_nan": False}))

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
        try:
            return self._text(obj)
        except (TypeError, ValueError, RecursionError) as error:
            if not _is_encoders(error):
                raise
            raise no_json(obj, error, self.dumps) from None

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
