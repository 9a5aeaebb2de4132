"""The request a handler sees and the response it makes: Werkzeug's, with what the app knows of them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload
from urllib.parse import parse_qsl

from werkzeug.datastructures import EnvironHeaders, Headers, MultiDict
from werkzeug.exceptions import BadRequest, ClientDisconnected, HTTPException
from werkzeug.wrappers import Request as RequestBase
from werkzeug.wrappers import Response as ResponseBase

from nbmicro.http.media_types import JSON, MULTIPART_FORM
from nbmicro.web import json
from nbmicro.web.contexts import current_context
from nbmicro.web.declarations import blueprints_of
from nbmicro.web.environ import REQUEST
from nbmicro.web.handler_errors import bad_piece, explain_missing_files
from nbmicro.web.overrides import watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug.routing import Rule

    from nbmicro.web.declarations import Route
    from nbmicro.web.table import Table


Value = TypeVar("Value")

#: A body of an announced length up to this many bytes is read at once, without a stream that counts.
_SMALL = 65536


class _WhenAsked(Generic[Value]):
    """An attribute that is computed when it is first read; it may be set, as Werkzeug's own can."""

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> _WhenAsked[Value]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object | None, owner: type) -> Value | _WhenAsked[Value]:
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.compute(instance)
        return value


def _setting(name: str) -> Any:
    """A limit: what was set on this request, else the current app's configuration, else Werkzeug's default."""
    attribute = f"_{name}"
    key = name.upper()
    default = getattr(RequestBase, name)

    def read(self: Request) -> int | None:
        value: int | None = self.__dict__.get(attribute)
        if value is not None:
            return value
        context = current_context()
        limit: int | None = default if context is None else context.app.config.get(key, default)
        return limit

    def write(self: Request, value: int | None) -> None:
        self.__dict__[attribute] = value

    return property(read, write, doc=f"The limit {key} for this request; may be set before the body is read.")


@watched(
    "__new__ __init__ __getattribute__ __setattr__ application blueprint blueprints close cookies endpoint from_values"
    " host headers method path root_path query_string remote_addr routing_exception scheme server trusted_hosts"
    " url_rule view_args"
)
class Request(RequestBase):
    """One HTTP request (RFC 9110), as the handler sees it.

    Attributes
    ----------
    url_rule:
        The rule that matched; None if none did.
    view_args:
        The values in the path; None if no rule matched.
    routing_exception:
        Why no rule matched: an exception that becomes the response.
    max_content_length:
        The size of the body, in bytes, above which reading it is a 413; None for no limit.
    max_form_memory_size:
        The size of a field of a multipart form that is not a file, in bytes, above which reading it is a 413.
    max_form_parts:
        The number of form fields above which reading a multipart form is a 413.
    """

    json_module: Any = json

    def __init__(self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False) -> None:
        # Werkzeug's __init__ reads everything; most handlers ask for little of it.
        self.environ = environ
        self.shallow = shallow
        self.method = environ.get("REQUEST_METHOD", "GET").upper()
        if populate_request and not shallow:
            environ[REQUEST] = self

    @_WhenAsked
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return str(self.environ.get("wsgi.url_scheme", "http"))

    @_WhenAsked
    def server(self) -> tuple[str, int | None] | None:
        """Host and port of the server; None where it did not say."""
        name = self.environ.get("SERVER_NAME")
        if name is None:
            return None
        try:
            return name, int(self.environ["SERVER_PORT"])
        except (KeyError, TypeError, ValueError):
            return name, None  # a socket file

    @_WhenAsked
    def root_path(self) -> str:
        """What the app is mounted under, without a slash at its end."""
        return _text(self.environ.get("SCRIPT_NAME") or "").rstrip("/")

    @_WhenAsked
    def path(self) -> str:
        """The path below :attr:`root_path`, with one slash at its beginning."""
        return "/" + _text(self.environ.get("PATH_INFO") or "").lstrip("/")

    @_WhenAsked
    def query_string(self) -> bytes:
        """What stands behind the question mark, as it came."""
        query: bytes = self.environ.get("QUERY_STRING", "").encode("latin-1")
        if query.isascii():
            return query
        # Bytes that are no UTF-8 stay what they are in a URL, percent-encoded; reading them is not an error.
        return query.decode(errors="werkzeug.url_quote").encode()

    @_WhenAsked
    def headers(self) -> Headers:
        """The headers of the request."""
        return EnvironHeaders(self.environ)

    @_WhenAsked
    def remote_addr(self) -> str | None:
        """The address of the client."""
        address: str | None = self.environ.get("REMOTE_ADDR")
        return address

    @_WhenAsked
    def args(self) -> MultiDict[str, str]:
        """The query's values (RFC 3986, and ``+`` for a space as forms write it)."""
        query = self.query_string.decode()
        if "%" in query or "+" in query:
            pairs = parse_qsl(query, keep_blank_values=True, errors="werkzeug.url_quote")
        else:
            pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)]
        return self.parameter_storage_class(pairs)

    #: The table and the route that matched, for Werkzeug's rule is made only when it is asked for.
    _matched: tuple[Table, Route] | None = None

    @_WhenAsked
    def url_rule(self) -> Rule | None:
        """The rule that matched; None if none did."""
        if self._matched is None:
            return None
        table, route = self._matched
        return table.rule(route)

    view_args: dict[str, Any] | None = None
    routing_exception: HTTPException | None = None

    max_content_length = _setting("max_content_length")
    max_form_memory_size = _setting("max_form_memory_size")
    max_form_parts = _setting("max_form_parts")

    @property
    def is_json(self) -> bool:
        """Whether the Content-Type says that the body is JSON."""
        if self.environ.get("CONTENT_TYPE") == JSON:
            return True
        return bool(super().is_json)

    @property
    def endpoint(self) -> str | None:
        """The name of the route that matched, as ``url_for`` knows it; None if none did."""
        rule = self.url_rule
        return None if rule is None else rule.endpoint

    @property
    def blueprint(self) -> str | None:
        """The name of the blueprint that the route belongs to, its parents' before it; None if to none."""
        return next(iter(self.blueprints), None)

    @property
    def blueprints(self) -> list[str]:
        """The names of the route's blueprint and of its parents, innermost first."""
        return blueprints_of(self.endpoint)

    @overload
    def get_data(self, cache: bool = True, as_text: Literal[False] = ..., parse_form_data: bool = False) -> bytes: ...
    @overload
    def get_data(self, cache: bool = True, as_text: Literal[True] = ..., parse_form_data: bool = False) -> str: ...
    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> bytes | str:
        """The body, whole. ``cache``: keep it for the next call; ``as_text``: decoded as UTF-8."""
        if not parse_form_data and "_cached_data" not in self.__dict__ and "stream" not in self.__dict__:
            data = self._small_body()
            if data is not None:
                if cache:
                    self._cached_data = data
                return data.decode(errors="replace") if as_text else data
        rest: bytes | str = super().get_data(cache, as_text, parse_form_data)  # type: ignore[call-overload]
        return rest

    def _small_body(self) -> bytes | None:
        """A body of announced length that is small; None where Werkzeug's stream must watch over it."""
        environ = self.environ
        announced: str = environ.get("CONTENT_LENGTH", "")
        if (
            not (announced.isascii() and announced.isdecimal())
            or (length := int(announced)) > _SMALL
            or "wsgi.input_terminated" in environ
            or "HTTP_TRANSFER_ENCODING" in environ
            or self.shallow
            or type(self).stream is not RequestBase.stream
        ):
            return None
        limit = self.max_content_length
        if limit is not None and limit < length:
            return None
        read = environ["wsgi.input"].read
        data: bytes = read(length)
        while len(data) < length:
            more = read(length - len(data))
            if not more:
                raise ClientDisconnected()
            data += more
        self.stream = io.BytesIO()  # it can be read once
        return data

    def _load_form_data(self) -> None:
        super()._load_form_data()
        if self.mimetype != MULTIPART_FORM and not self.files:
            context = current_context()
            if context is not None and context.app.debug:
                explain_missing_files(self)

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        """Called when the body is not JSON: 415 for another content type, else 400, with its reason in debug only."""
        try:
            return super().on_json_loading_failed(e)
        except BadRequest as error:
            context = current_context()
            if context is not None and context.app.debug:
                raise
            raise BadRequest from error


def _text(value: str) -> str:
    """A string of the WSGI environ, which holds UTF-8 in latin-1 (PEP 3333), as text."""
    return value if value.isascii() else value.encode("latin-1").decode(errors="replace")


#: Headers that Werkzeug rewrites when it sends a response.
_CHANGED = {"location", "content-location"}


@watched("")
class Response(ResponseBase):
    """An HTTP response (RFC 9110); of type ``text/html`` unless said otherwise.

    Parameters are those of :class:`werkzeug.wrappers.Response`.
    """

    default_mimetype: str | None = "text/html"
    json_module: Any = json
    autocorrect_location_header = False

    def __init__(
        self,
        response: Any = None,
        status: int | str | HTTPStatus | None = None,
        headers: Any = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        if (
            type(self) is not Response
            or len(_SET) != _UNTOUCHED
            or type(response) is not str
            or status is not None
            or headers is not None
            or mimetype is not None
            or content_type is not None
        ):
            super().__init__(response, status, headers, mimetype, content_type, direct_passthrough)
            return
        # What most handlers return: the same attributes, without the questions.
        body = response.encode()
        self.headers = Headers()
        self.headers.add("Content-Type", "text/html; charset=utf-8")
        self.status = "200 OK"
        self.direct_passthrough = direct_passthrough
        self._on_close = []
        self.response = [body]
        self.headers.add("Content-Length", str(len(body)))

    @property
    def max_cookie_size(self) -> int:  # type: ignore[override]
        """The size of a cookie, in bytes, above which setting it warns: ``MAX_COOKIE_SIZE``; 0 never warns."""
        context = current_context()
        if context is None:
            return ResponseBase.max_cookie_size
        return int(context.app.config["MAX_COOKIE_SIZE"])

    def iter_encoded(self) -> Iterator[bytes]:
        """The body's pieces as bytes.

        Raises
        ------
        ReplyError
            A TypeError: a piece is neither text nor bytes.
        """
        return _encoded(self.response)  # asked for now: whoever wraps the response may put another body in its place

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response (PEP 3333). One that is whole and plain is sent as it is, without Werkzeug's copies."""
        body = self.response
        if (
            type(self) is Response
            and len(_SET) == _UNTOUCHED
            and len(self.__dict__) <= _ATTRIBUTES
            and type(body) is list
            and type(self.headers) is Headers
            and not self._on_close
            and environ["REQUEST_METHOD"] != "HEAD"
            and (self.status_code == 200 or self.status_code >= 400)
        ):
            headers = self.headers.to_wsgi_list()
            measured = False
            for name, _ in headers:
                name = name.lower()
                if name in _CHANGED:
                    break
                measured = measured or name == "content-length"
            else:
                if measured:
                    start_response(self.status, headers)
                    chunks: Iterable[bytes] = body
                    return chunks
        return super().__call__(environ, start_response)


#: What is set on the class itself, and how much that is as long as nobody does; the attributes of a plain response.
_SET = vars(Response)
_UNTOUCHED = len(_SET)
_ATTRIBUTES = len(vars(Response("")))


def _encoded(pieces: Iterable[Any]) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, str):
            yield piece.encode()
        elif isinstance(piece, (bytes, bytearray, memoryview)):
            yield bytes(piece)
        else:
            raise bad_piece(piece, pieces)
