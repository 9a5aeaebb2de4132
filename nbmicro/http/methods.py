"""The methods of HTTP, in the one place where they are listed (RFC 9110, section 9, and IANA's registry)."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

COMMON_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""The methods that an app's routes are usually written for, in the order in which people name them."""

CLIENT_METHODS = (*COMMON_METHODS, "HEAD", "OPTIONS")
"""The methods that clients have a function for (``client.get``), and that a page's script may send."""

METHODS = frozenset({*CLIENT_METHODS, "TRACE"})
"""The methods that are known as such even where no URL stands beside them."""

AUTOMATIC_METHODS = frozenset({"HEAD", "OPTIONS"})
"""The methods that come by themselves with a route, and that lists of routes leave out."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""The methods that ask for no change (RFC 9110, section 9.2.1)."""

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
"""The methods whose requests usually carry a body."""

BODYLESS_METHODS = frozenset(CLIENT_METHODS) - BODY_METHODS
"""The methods whose requests usually carry none."""

# fmt: off
ROUTE_METHODS = METHODS | {
    "ACL", "BIND", "CONNECT", "COPY", "LINK", "LOCK", "MKCOL", "MOVE", "PROPFIND", "PROPPATCH", "PURGE", "QUERY",
    "REPORT", "SEARCH", "UNBIND", "UNLINK", "UNLOCK",
}
"""The methods that a ``%%route`` line takes. The rest of the registry is more often a slip there: ``UPDATE``."""

REGISTERED_METHODS = ROUTE_METHODS | {
    "BASELINE-CONTROL", "CHECKIN", "CHECKOUT", "LABEL", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKREDIRECTREF",
    "MKWORKSPACE", "ORDERPATCH", "PRI", "REBIND", "UNCHECKOUT", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL",
}
# fmt: on
"""IANA's registry of HTTP methods (RFC 9110, section 16.1), and PURGE, which caches take."""

_METHOD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*\Z")


def is_method(text: str) -> bool:
    """Whether a word can be a method: letters only (``M-SEARCH`` has a hyphen)."""
    return bool(_METHOD.match(text))


def with_head(methods: AbstractSet[str]) -> AbstractSet[str]:
    """The methods that a route of ``methods`` answers: HEAD comes with GET."""
    return methods | {"HEAD"} if "GET" in methods else methods
