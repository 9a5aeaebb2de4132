"""The prefix a proxy has taken off the path, and what a response needs so that a browser stays below it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

# Segments of RFC 3986 path characters: nothing that could be read as a host, a query or a line break.
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+/?", re.ASCII)
_COOKIE_PATH = re.compile(r"(;\s*path\s*=\s*)([^;]*)", re.IGNORECASE)


def valid_prefix(value: str) -> str:
    """The path prefix a header carries, without its last slash; empty when it is none or not fit to be used."""
    value = value.strip()
    if not _PREFIX.fullmatch(value) or any(segment in (".", "..") for segment in value.split("/")):
        return ""
    return value.rstrip("/")


def relative_location(location: str, *, prefix: str, asked: str, host: str) -> str:
    """A Location inside the prefix as a relative reference (RFC 3986, 4.2); any other is left as it is.

    Browsers resolve it against the URL they asked for. So it is right whether or not a proxy rewrites paths, and
    whatever scheme the browser speaks to the outermost one.

    Parameters
    ----------
    location:
        The header's value, as the app made it.
    prefix:
        The prefix without its last slash, ``/user/ann/proxy/5000``.
    asked:
        The target this server was asked for, without the prefix: ``/a/b?q=1``.
    host:
        The Host header; an absolute URL to the same host counts as inside.
    """
    parts = urlsplit(location)
    if parts.netloc and (parts.scheme not in ("http", "https") or parts.netloc.lower() != host.lower()):
        return location
    if parts.path != prefix and not parts.path.startswith(f"{prefix}/"):
        return location
    target = parts.path[len(prefix) :].lstrip("/")
    depth = max(_path(asked).count("/") - 1, 0)
    # "./" keeps an empty target, and one whose first segment has a colon, from being read as something else.
    relative = "../" * depth + target if depth else f"./{target}"
    return relative + urlunsplit(("", "", "", parts.query, parts.fragment))


def _path(target: str) -> str:
    # The origin form of a request target is all path up to the query, even where it begins with "//" (RFC 9112, 3.2).
    return target.partition("?")[0] if target.startswith("/") else urlsplit(target).path


def scoped_cookie(cookie: str, prefix: str) -> str:
    """A Set-Cookie value whose Path lies below the prefix, so that Jupyter and other apps of the host never get it.

    A ``__Host-`` cookie stays as it is: browsers take it for ``/`` only (RFC 6265bis, 4.1.3.2).
    """
    if cookie.lstrip().startswith("__Host-"):
        return cookie

    def below(found: re.Match[str]) -> str:
        path = found[2].strip()
        if not path.startswith("/") or path == prefix or path.startswith(f"{prefix}/"):
            return found[0]
        return f"{found[1]}{prefix}{path if path != '/' else ''}"

    return _COOKIE_PATH.sub(below, cookie, count=1)
