"""Where a redirect leads, and with what request (RFC 9110, section 15.4).

What lives here: the next request of a chain. What must not: sending it.
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from nbmicro.exchange.fields import HeaderFields
from nbmicro.exchange.messages import RequestRecord
from nbmicro.exchange.request import clean_target, is_loopback

__all__ = ["REDIRECTS", "REDIRECT_LIMIT", "next_request"]

#: The statuses that lead elsewhere.
REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Redirects that are followed in a row, as many as browsers do.
REDIRECT_LIMIT = 20


def next_request(request: RequestRecord, status: int, location: str) -> RequestRecord | None:
    """The request that a redirect asks for, or None when it leads to another site."""
    host = request.headers.get("Host") or "localhost"
    url = urlsplit(urljoin(f"http://{host}{request.target}", location))
    if url.scheme not in {"http", "https"} or not (url.hostname == host or is_loopback(url.hostname or "")):
        return None
    target = clean_target((url.path or "/") + (f"?{url.query}" if url.query else ""))
    dropped = {"cookie"}
    method, body = request.method, request.body
    if status not in {307, 308}:
        method, body = ("HEAD" if method == "HEAD" else "GET"), b""
        dropped |= {"content-type", "content-length"}
    fields = HeaderFields(field for field in request.headers if field[0].lower() not in dropped)
    return RequestRecord(method, target, fields, body)
