"""The middleware before the app: which hosts it answers to, what of Jupyter's stays outside, and the proxy's prefix."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from nbmicro.http.media_types import FORM, MULTIPART_FORM
from nbmicro.server.address import ip_address_of, is_loopback

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


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
    # The origin form of a request target is all path up to the query, even where it begins with "//" (RFC 9112, 3.2).
    path = asked.partition("?")[0] if asked.startswith("/") else urlsplit(asked).path
    depth = max(path.count("/") - 1, 0)
    # "./" keeps an empty target, and one whose first segment has a colon, from being read as something else.
    relative = "../" * depth + target if depth else f"./{target}"
    return relative + urlunsplit(("", "", "", parts.query, parts.fragment))


def scoped_cookie(cookie: str, prefix: str) -> str:
    """A Set-Cookie value whose Path lies below the prefix, so that Jupyter and other apps of the host never get it.

    A ``__Host-`` cookie stays as it is: browsers take it for ``/`` only (RFC 6265bis, 4.1.3.2).
    """
    if cookie.lstrip().startswith("__Host-"):
        return cookie

    def below(match: re.Match[str]) -> str:
        path = match[2].strip()
        if not path.startswith("/") or path == prefix or path.startswith(f"{prefix}/"):
            return match[0]
        return f"{match[1]}{prefix}{path if path != '/' else ''}"

    return _COOKIE_PATH.sub(below, cookie, count=1)


# The names under which Jupyter Server and JupyterHub keep a login. Browsers send cookies to every port of a host, so
# these arrive without any proxy too.
_JUPYTER_COOKIE = re.compile(r"_xsrf|username-.*|jupyterhub-.*|jupyter-hub-token.*", re.ASCII)
_JUPYTER_LOGIN = re.compile(r"username-.*|jupyterhub-user-.*|jupyterhub-session-id|jupyter-hub-token.*", re.ASCII)
_HOST = re.compile(r"\[[0-9a-fA-F:.]+\](?::\d{1,5})?|[A-Za-z0-9_.-]+(?::\d{1,5})?", re.ASCII)
# RFC 6454, 7: what a browser sends, but for ``null``.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
_SIMPLE_TYPES = {FORM, MULTIPART_FORM, "text/plain"}
_SECRET_VARIABLES = ("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "JUPYTER_TOKEN")
# Set by jupyter-server-proxy (3.2 to 4.6) on every request below /proxy/PORT/.
_JUPYTER_PROXY_HEADERS = ("HTTP_X_PROXYCONTEXTPATH", "HTTP_X_FORWARDED_CONTEXT")


class HostCheck:
    """WSGI middleware for a server that may sit behind Jupyter's proxy, or bare on the user's machine.

    1. A request whose Host header names no address of this server is rejected with 403, so that a web page cannot reach
       the app by rebinding its own name to 127.0.0.1. An IP address is always let through: a name is what gets rebound.
       HTTP/1.1 without a Host is answered 400 (RFC 9112, 3.2).
    2. Jupyter's cookies, its ``Authorization`` and its token wherever it stands in a header or the query are taken out
       before the app sees them.
    3. A POST that another site's page sends without asking (:func:`sent_by_another_site`) is rejected with 403, as long
       as the server is bound to loopback.
    4. ``X-Forwarded-Prefix`` and ``X-Forwarded-Proto`` are believed from loopback peers alone. The prefix becomes
       ``SCRIPT_NAME``; a redirect inside it is sent as a relative reference (jupyter-server-proxy puts the prefix in
       front of a path once more), and cookies for ``/`` are kept to the prefix.

    Parameters
    ----------
    app:
        The WSGI application behind.
    hosts:
        Names that are let through besides loopback and ``bound``; ``*`` stands for all, ``.example.org`` for a domain
        with all below it.
    origins:
        Origins, such as ``https://shop.example``, whose pages may send what they like; ``*`` stands for all.
    bound:
        The host the server is bound to.
    check_host:
        False where a proxy stands in front that brings its own Host header.
    secrets:
        Tokens of Jupyter known to this process (:func:`known_secrets`).
    command:
        What the user typed to serve, for the hint in a rejection.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
        bound: str = "127.0.0.1",
        check_host: bool = True,
        secrets: Collection[str] = (),
        command: str = "%serve",
    ) -> None:
        self.app = app
        self.hosts = frozenset(host.lower().rstrip(".") for host in hosts)
        self.bound = bound
        self.origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self.check_origin = is_loopback(bound) and "*" not in self.origins
        self.check_host = check_host and "*" not in self.hosts
        self.secrets = frozenset(secret for secret in secrets if len(secret) >= 8)
        self.command = command

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST")
        if host is None and environ.get("SERVER_PROTOCOL") == "HTTP/1.1":
            return _reject(start_response, "400 Bad Request", "An HTTP/1.1 request names its Host (RFC 9112).")
        if host is not None and not _HOST.fullmatch(host):
            return _reject(start_response, "400 Bad Request", "The Host header is not a host name.")
        if self.check_host and host is not None and not allowed_host(host, self.bound, self.hosts):
            name = host.partition(":")[0]
            return _reject(
                start_response,
                "403 Forbidden",
                f"This server does not answer to the name {name}.\nIf it should:  {self.command} --allow-host {name}",
            )
        if self.check_origin and environ.get("REQUEST_METHOD") == "POST" and self._is_of_another_site(environ):
            origin = environ.get("HTTP_ORIGIN", "")
            origin = origin if _ORIGIN.fullmatch(origin) else "null"
            return _reject(
                start_response,
                "403 Forbidden",
                f"A page of another site ({origin}) sent this POST.\n"
                f"If it should:  {self.command} --allow-origin {origin}",
            )
        self._take_out_secrets(environ)
        if is_loopback(environ.get("REMOTE_ADDR", "")):
            return self.app(environ, self._below_prefix(environ, start_response))
        return self.app(environ, start_response)

    def _is_of_another_site(self, environ: WSGIEnvironment) -> bool:
        origin = environ.get("HTTP_ORIGIN", "").lower()
        if origin in self.origins or not sent_by_another_site(environ):
            return False
        # Behind a proxy the browser's host need not be the one that is asked for here; Sec-Fetch-Site is right there.
        is_said = "HTTP_SEC_FETCH_SITE" in environ
        return is_said or (self.check_host and _name_of(_host_of(origin)) not in self.hosts)

    def _take_out_secrets(self, environ: WSGIEnvironment) -> None:
        cookies = environ.pop("HTTP_COOKIE", "")
        logged_in = any(_JUPYTER_LOGIN.fullmatch(_cookie_name(pair)) for pair in cookies.split(";"))
        if left := without_jupyter_cookies(cookies):
            environ["HTTP_COOKIE"] = left
        # Below /proxy/absolute/PORT/ Jupyter's proxy sets no header, and leaves the path as it was.
        is_proxied = any(name in environ for name in _JUPYTER_PROXY_HEADERS)
        is_proxied = is_proxied or "/proxy/absolute/" in environ.get("PATH_INFO", "")
        scheme = environ.get("HTTP_AUTHORIZATION", "").partition(" ")[0].lower()
        # Jupyter accepts both schemes. Where a login cookie has already opened its door, a Bearer token is for the app.
        if is_proxied and (scheme == "token" or (scheme == "bearer" and not logged_in)):
            del environ["HTTP_AUTHORIZATION"]
        for secret in self.secrets:
            for name in [key for key, value in environ.items() if key.startswith("HTTP_") and secret in value]:
                del environ[name]
            for name in ("QUERY_STRING", "REQUEST_URI"):
                if secret in environ.get(name, ""):
                    environ[name] = _without_parameter(environ[name], secret)

    def _below_prefix(self, environ: WSGIEnvironment, start_response: StartResponse) -> StartResponse:
        scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").partition(",")[0].strip().lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        prefix = valid_prefix(environ.get("HTTP_X_FORWARDED_PREFIX", ""))
        if not prefix:
            return start_response
        environ["SCRIPT_NAME"] = prefix
        asked = environ.get("REQUEST_URI") or environ.get("PATH_INFO", "/")
        host = environ.get("HTTP_HOST", "")

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            return start_response(status, [_under(prefix, asked, host, header) for header in headers], *rest)

        return start


def _under(prefix: str, asked: str, host: str, header: tuple[str, str]) -> tuple[str, str]:
    name, value = header
    lower = name.lower()
    if lower == "location":
        return name, relative_location(value, prefix=prefix, asked=asked, host=host)
    if lower == "set-cookie":
        return name, scoped_cookie(value, prefix)
    return header


def allowed_host(host: str, bound: str = "127.0.0.1", hosts: Collection[str] = ()) -> bool:
    """Whether a Host header may be served: an IP address, a loopback name, the bound name, or one of ``hosts``.

    Parameters
    ----------
    host:
        The header's value, with or without a port.
    bound:
        What the server is bound to; where that is no loopback address, this machine's own name is let through too.
    hosts:
        Further names, in lower case; ``.example.org`` lets the domain through with all below it.
    """
    return _decide(host, bound.lower(), frozenset(hosts))


# Host is the client's to choose: the memory of it is kept small.
@lru_cache(maxsize=128)
def _decide(host: str, bound: str, hosts: frozenset[str]) -> bool:
    if not _HOST.fullmatch(host):
        return False
    name = _name_of(host)
    if ip_address_of(name) is not None or name == "localhost" or name.endswith(".localhost"):
        return True
    if name == bound or name in hosts:
        return True
    if any(entry.startswith(".") and (name == entry[1:] or name.endswith(entry)) for entry in hosts):
        return True
    if is_loopback(bound):
        return False
    machine = socket.gethostname().lower()
    return name in (machine, f"{machine}.local", machine.partition(".")[0])


def sent_by_another_site(environ: WSGIEnvironment) -> bool:
    """Whether a POST comes from another site's page, whose browser did not have to ask for leave before.

    Such "simple" requests (Fetch, 2.2.2) carry a form, plain text or a body of no type. Others are sent only where the
    app has allowed them, by its answer to the browser's OPTIONS: JSON from a page of an origin that CORS lets in.
    Another port of the same host is the same site: a front end's development server is one. Programs other than
    browsers send neither of the two headers.
    """
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if kind and kind not in _SIMPLE_TYPES:
        return False
    site: str = environ.get("HTTP_SEC_FETCH_SITE", "").strip().lower()
    if site:
        return site == "cross-site"
    origin = environ.get("HTTP_ORIGIN")
    if origin is None:
        return False
    # A browser that is old, or speaks http to another machine, sends the origin alone.
    asked = (environ.get("HTTP_HOST", ""), environ.get("HTTP_X_FORWARDED_HOST", ""))
    return _name_of(_host_of(origin)) not in {_name_of(host) for host in asked if host}


def _host_of(origin: str) -> str:
    """The host of an origin, with its port; of what is none, ``null`` among them, a text that no host is."""
    return origin.partition("://")[2] if _ORIGIN.fullmatch(origin) else "?"


def _name_of(host: str) -> str:
    """The name or address in a Host header, without its port, in lower case."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")


def known_secrets(environ: Mapping[str, str], servers: Iterable[Mapping[str, object]] = ()) -> frozenset[str]:
    """Jupyter's tokens that this process can know: from its environment and from the running servers' records."""
    tokens = {environ.get(name, "") for name in _SECRET_VARIABLES}
    tokens.update(str(server.get("token") or "") for server in servers)
    return frozenset(tokens - {""})


def without_jupyter_cookies(header: str) -> str:
    """A Cookie header (RFC 6265, 4.2) without Jupyter's pairs; empty when none is left."""
    pairs = (pair.strip() for pair in header.split(";"))
    return "; ".join(pair for pair in pairs if pair and not _JUPYTER_COOKIE.fullmatch(_cookie_name(pair)))


def _cookie_name(pair: str) -> str:
    return pair.partition("=")[0].strip().strip('"')


def _without_parameter(target: str, secret: str) -> str:
    """``/x?a=1&token=SECRET`` as ``/x?a=1``: the whole parameter goes, the others stay as they were sent."""
    path, mark, query = target.rpartition("?")
    left = "&".join(part for part in query.split("&") if secret not in part)
    return f"{path}{mark if left else ''}{left}"


def _reject(start_response: StartResponse, status: str, text: str) -> Iterable[bytes]:
    body = f"{text}\n".encode()
    start_response(
        status,
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("X-Content-Type-Options", "nosniff"),
        ],
    )
    return [body]
