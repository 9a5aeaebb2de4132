"""The response a handler makes: Werkzeug's, with the app's defaults.

What lives here: the default type and the limit on cookies. What must not: how a reply becomes a response (``replies``).
"""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response as WerkzeugResponse

from nbmicro.web import json
from nbmicro.web.contexts import current_context

__all__ = ["Response"]


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
