"""A browser's memory for cookies, for one client."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from nbmicro.http.build import is_loopback
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord

#: Cookies that one client keeps, and characters of all of them; those that were set first go first.
JAR_COOKIES, JAR_SIZE = 1000, 512 * 1024


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie: its value, and where and until when (seconds since the epoch) it is sent."""

    name: str
    value: str
    domain: str
    path: str = "/"
    host_only: bool = True
    secure: bool = False
    http_only: bool = False
    expires: float | None = None

    def goes_to(self, host: str, path: str, now: float) -> bool:
        """Whether a plain http request to this host and path carries the cookie at the time ``now``."""
        if self.expires is not None and self.expires <= now:
            return False
        # Browsers count the loopback as trustworthy: a Secure cookie is kept and sent there without TLS.
        if self.secure and not is_loopback(host):
            return False
        return _domain_matches(host, self.domain, self.host_only) and _path_matches(path, self.path)


class CookieJar(Mapping[str, str]):
    """The cookies a client keeps from request to request.

    By name it reads and writes the cookies of the app itself: ``client.cookies["session"]``,
    ``client.cookies.set("theme", "dark")``, ``del``, ``in``, ``len``; iterating gives names. Its repr shows no values.
    """

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], Cookie] = {}

    def set(self, name: str, value: str, *, path: str = "/", domain: str = "localhost") -> None:
        """Put a cookie in the jar as if the app had set it."""
        self._cookies[domain, path, name] = Cookie(name, value, domain, path)

    def clear(self) -> None:
        """Forget every cookie."""
        self._cookies.clear()

    def __getitem__(self, name: str) -> str:
        for cookie in self._live():
            if cookie.name == name:
                return cookie.value
        raise KeyError(name)

    def __delitem__(self, name: str) -> None:
        kept = {key: cookie for key, cookie in self._cookies.items() if key[2] != name}
        if len(kept) == len(self._cookies):
            raise KeyError(name)
        self._cookies = kept

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(cookie.name for cookie in self._live()))

    def __len__(self) -> int:
        return len(self._live())

    def __bool__(self) -> bool:
        return bool(self._cookies)

    def __repr__(self) -> str:
        return f"<CookieJar: {', '.join(self) or 'empty'}>"

    def header(self, host: str, path: str, *, without: frozenset[str] = frozenset(), for_script: bool = False) -> str:
        """The ``Cookie`` header for a request, longest path first; empty when there is nothing to send.

        With ``for_script`` it is what a page's script may read of it, without HttpOnly cookies.
        """
        now = time.time()
        going = [c for c in tuple(self._cookies.values()) if c.name not in without and c.goes_to(host, path, now)]
        if for_script:
            going = [cookie for cookie in going if not cookie.http_only]
        going.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in going)

    def added_to(self, request: RequestRecord) -> tuple[RequestRecord, str]:
        """The request with the cookies that go with it (one that it brings itself wins), and the host it goes to."""
        host = "localhost"
        if not request.headers and not self._cookies:
            return request, host
        named = request.headers.get("Host")
        if named is not None:
            host = urlsplit(f"//{named}").hostname or host
        brought = request.headers.get("Cookie") or ""
        names = frozenset(pair.partition("=")[0].strip() for pair in brought.split(";"))
        kept = self.header(host, request.path, without=names)
        if not kept:
            return request, host
        fields = [field for field in request.headers if field[0].lower() != "cookie"]
        fields.append(("Cookie", f"{brought}; {kept}" if brought else kept))
        return request.with_headers(HeaderFields(fields)), host

    def take(self, lines: list[str], host: str, path: str, *, from_script: bool = False) -> None:
        """Keep what the ``Set-Cookie`` lines of a response to a request for ``host`` and ``path`` say.

        With ``from_script`` a page's script wrote them: it neither sets nor replaces an HttpOnly cookie.
        """
        for line in lines:
            cookie = read_cookie(line, host, path)
            if cookie is None:
                continue
            key = (cookie.domain, cookie.path, cookie.name)
            replaced = self._cookies.get(key)
            if from_script and (cookie.http_only or (replaced is not None and replaced.http_only)):
                continue
            if cookie.expires is not None and cookie.expires <= time.time():
                self._cookies.pop(key, None)
            else:
                self._cookies[key] = cookie
        if lines:
            self._keep_bound()

    def _keep_bound(self) -> None:
        """Forget the oldest cookies of an app, or a page's script, that sets them without end, as browsers do."""
        room = JAR_SIZE
        kept: dict[tuple[str, str, str], Cookie] = {}
        for key, cookie in list(self._cookies.items())[: -JAR_COOKIES - 1 : -1]:
            room -= len(cookie.name) + len(cookie.value) + len(cookie.path)
            if room >= 0:
                kept[key] = cookie
        if len(kept) < len(self._cookies):
            self._cookies = dict(reversed(kept.items()))

    def _live(self) -> list[Cookie]:
        now = time.time()
        return [c for c in tuple(self._cookies.values()) if c.expires is None or c.expires > now]


def read_cookie(line: str, host: str, path: str) -> Cookie | None:
    """The cookie of one ``Set-Cookie`` line, or None when a browser would reject it (another site's, no name)."""
    pair, *attributes = line.split(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name:
        return None
    values = {key.strip().lower(): text.strip() for key, _, text in (part.partition("=") for part in attributes)}
    domain = values.get("domain", "").lstrip(".").lower()
    if domain and not _domain_matches(host, domain, host_only=False):
        return None
    written_path = values.get("path", "")
    return Cookie(
        name,
        value,
        domain or host,
        written_path if written_path.startswith("/") else path.rpartition("/")[0] or "/",
        host_only=not domain,
        secure="secure" in values,
        http_only="httponly" in values,
        expires=_expiry(values),
    )


def _expiry(attributes: dict[str, str]) -> float | None:
    age = attributes.get("max-age", "")
    if age.lstrip("-").isdigit():
        return time.time() + int(age) if int(age) > 0 else 0.0
    date = attributes.get("expires")
    if date is None:
        return None
    try:
        return parsedate_to_datetime(date.replace("-", " ")).timestamp()
    except (ValueError, OverflowError):
        return None


def _path_matches(path: str, cookie_path: str) -> bool:
    if path == cookie_path or cookie_path == "/":
        return True
    return path.startswith(cookie_path) and (cookie_path.endswith("/") or path[len(cookie_path)] == "/")


def _domain_matches(host: str, domain: str, host_only: bool) -> bool:
    return host == domain or (not host_only and host.endswith("." + domain))
