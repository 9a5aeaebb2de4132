"""The response a handler makes: Werkzeug's, with the app's defaults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

from nbmicro.web import json
from nbmicro.web.contexts import current_context
from nbmicro.web.refusals import bad_piece

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["Response"]


#: Headers that Werkzeug rewrites when it sends a response.
_CHANGED = {"location", "content-location"}


class Response(WerkzeugResponse):
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
            or type(response) is not str
            or status is not None
            or headers is not None
            or mimetype is not None
            or content_type is not None
            or self.default_mimetype != "text/html"
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
            return WerkzeugResponse.max_cookie_size
        size: int = context.app.config["MAX_COOKIE_SIZE"]
        return size

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
            and type(body) is list
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


def _encoded(pieces: Iterable[Any]) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, str):
            yield piece.encode()
        elif isinstance(piece, (bytes, bytearray, memoryview)):
            yield bytes(piece)
        else:
            raise bad_piece(piece, pieces)
