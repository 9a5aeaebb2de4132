"""The methods of HTTP, in the one place where they are listed (RFC 9110, section 9, and IANA's registry)."""

from __future__ import annotations

import re

COMMON_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""The methods that an app's routes are usually written for, in the order in which people name them."""

METHODS = frozenset({*COMMON_METHODS, "HEAD", "OPTIONS", "TRACE"})
"""The methods that are known as such even where no URL stands beside them."""

AUTOMATIC_METHODS = frozenset({"HEAD", "OPTIONS"})
"""The methods that come by themselves with a route, and that lists of routes leave out."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""The methods that ask for no change (RFC 9110, section 9.2.1)."""

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
"""The methods whose requests usually carry a body."""

# fmt: off
REGISTERED_METHODS = METHODS | {
    "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "CONNECT", "COPY", "LABEL", "LINK", "LOCK", "MERGE",
    "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "ORDERPATCH", "PRI", "PROPFIND",
    "PROPPATCH", "PURGE", "QUERY", "REBIND", "REPORT", "SEARCH", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK",
    "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL",
}
# fmt: on
"""IANA's registry of HTTP methods (RFC 9110, section 16.1), and PURGE, which caches take."""

_METHOD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*\Z")


def is_method(text: str) -> bool:
    """Whether a word can be a method: letters only (``M-SEARCH`` has a hyphen)."""
    return bool(_METHOD.match(text))
