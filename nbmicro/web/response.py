"""The response a handler makes: Werkzeug's, with the app's defaults.

What lives here: the default type and the limit on cookies. What must not: how a reply becomes a response (``replies``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response as WerkzeugResponse

from nbmicro.web import json
from nbmicro.web.contexts import current_context

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

    @property
    def max_cookie_size(self) -> int:  # type: ignore[override]
        """The size of a cookie, in bytes, above which setting it warns: ``MAX_COOKIE_SIZE``; 0 never warns."""
        context = current_context()
        if context is None:
            return WerkzeugResponse.max_cookie_size
        size: int = context.app.config["MAX_COOKIE_SIZE"]
        return size

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
            names = {name.lower() for name, _ in headers}
            if "content-length" in names and not names & _CHANGED:
                start_response(self.status, headers)
                chunks: Iterable[bytes] = body
                return chunks
        return super().__call__(environ, start_response)
