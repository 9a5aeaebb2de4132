"""The words that Tab knows without looking at the notebook: headers and their values, statuses, converters."""

from __future__ import annotations

from http import HTTPStatus

from nbmicro.http.media_types import EVENT_STREAM, FORM, JSON, MULTIPART_FORM

CONVERTERS = ("int:", "float:", "path:", "string:", "uuid:", "any(")
STATUSES = tuple(str(status.value) for status in HTTPStatus if status.value >= 200)
SECTION_OPTIONS = ("location: true", "max-time: 5", "user: ", "cookies: false", "show: ")

_TYPES = (
    JSON,
    FORM,
    MULTIPART_FORM,
    "text/html",
    "text/plain",
    "text/csv",
    "application/xml",
    "application/octet-stream",
)
_CACHING = ("no-cache", "no-store", "max-age=0")
HEADER_VALUES: dict[str, tuple[str, ...]] = {
    "accept": (*_TYPES, EVENT_STREAM, "image/png", "*/*"),
    "accept-encoding": ("gzip", "identity"),
    "accept-language": ("en", "de", "fr", "es"),
    "authorization": ("Bearer ", "Basic "),
    "cache-control": _CACHING,
    "connection": ("close", "keep-alive"),
    "content-disposition": ("attachment", "inline"),
    "content-type": _TYPES,
    "range": ("bytes=0-99",),
    "x-requested-with": ("XMLHttpRequest",),
}
REQUEST_HEADERS = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Content-Type",
    "Cookie",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "Origin",
    "Range",
    "Referer",
    "User-Agent",
    "X-Requested-With",
)
ANSWER_HEADERS = (
    "Allow",
    "Cache-Control",
    "Content-Disposition",
    "Content-Length",
    "Content-Type",
    "ETag",
    "Last-Modified",
    "Location",
    "Retry-After",
    "Set-Cookie",
    "Vary",
    "WWW-Authenticate",
)
TEMPLATE_TAGS = (
    "block",
    "else",
    "elif",
    "endblock",
    "endfor",
    "endif",
    "endmacro",
    "extends",
    "for",
    "from",
    "if",
    "import",
    "include",
    "macro",
    "set",
    "with",
)
