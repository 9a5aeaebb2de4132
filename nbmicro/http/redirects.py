"""Where a redirect leads, and with what request (RFC 9110, section 15.4)."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from urllib.parse import urljoin, urlsplit

from nbmicro.errors import DeadlineExceeded
from nbmicro.http.build import clean_target, is_loopback
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord

#: The statuses that lead elsewhere.
REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Redirects that are followed in a row, as many as browsers do.
REDIRECT_LIMIT = 20
#: Characters of a path that are shown in a chain.
LONGEST = 60


def _next_request(
    request: RequestRecord, status: int, location: str, cookies: str, *, keep_method: bool
) -> RequestRecord | None:
    """The request that a redirect asks for, or None when it leads to another site.

    ``cookies`` are those that the first request brought itself; they go along as its other headers do, as long as the
    host stays the same.
    """
    host = request.headers.get("Host") or "localhost"
    url = urlsplit(urljoin(f"http://{host}{request.target}", location))
    if url.scheme not in {"http", "https"} or not (url.hostname == host or is_loopback(url.hostname or "")):
        return None
    target = clean_target((url.path or "/") + (f"?{url.query}" if url.query else ""))
    dropped = {"cookie"}
    method, body = request.method, request.body
    if status not in {307, 308}:
        method, body = (method if method == "HEAD" or keep_method else "GET"), b""
        dropped |= {"content-type", "content-length"}
    fields = [field for field in request.headers if field[0].lower() not in dropped]
    is_same = url.hostname == urlsplit(f"//{host}").hostname
    if cookies and (is_same or is_loopback(urlsplit(f"//{host}").hostname or "")):
        fields.append(("Cookie", cookies))
    return RequestRecord(method, target, HeaderFields(fields), body)


class Chain:
    """The requests from the first one to the response behind its redirects.

    Parameters
    ----------
    request:
        The first one.
    timeout:
        Seconds for all of them together, from now on; None means no deadline.
    keep_method:
        Whether redirects are followed with the method of the first one, where they would turn into a GET.
    """

    def __init__(self, request: RequestRecord, timeout: float | None, *, keep_method: bool = False) -> None:
        self.timeout = timeout
        self._keep_method = keep_method
        self._cookies = [pair.strip() for pair in (request.headers.get("Cookie") or "").split(";") if pair.strip()]
        self._due = None if timeout is None else monotonic() + timeout
        self._first = request
        self._paths = [request.path]
        #: The address on another site that the last redirect leads to; it is not followed.
        self.leads_to: str | None = None
        #: Whether as many redirects were followed as may be.
        self.is_endless = False

    def next(self, request: RequestRecord, status: int, headers: HeaderFields) -> RequestRecord | None:
        """The request that a response asks for by redirecting; None where it does not, or is followed no further.

        Then :attr:`leads_to` or :attr:`is_endless` says why.
        """
        location = headers.get("Location") if status in REDIRECTS else None
        if not location:
            return None
        # A cookie that an answer on the way sets takes the place of the one that was brought.
        replaced = {line.partition("=")[0].strip() for line in headers.getlist("Set-Cookie")}
        self._cookies = [pair for pair in self._cookies if pair.partition("=")[0].strip() not in replaced]
        following = _next_request(request, status, location, "; ".join(self._cookies), keep_method=self._keep_method)
        if following is None:
            self.leads_to = location
        elif self.redirects >= REDIRECT_LIMIT:
            self.is_endless = True
        else:
            self._paths.append(following.path)
            return following
        return None

    @property
    def redirects(self) -> int:
        """How many were followed."""
        return len(self._paths) - 1

    @property
    def left(self) -> float | None:
        """Seconds that are left, never less than nothing."""
        return None if self._due is None else max(self._due - monotonic(), 0.0)

    def __str__(self) -> str:
        """Its paths up to the first that comes again: ``/a → /b → /a → …``."""
        paths = self._paths
        end = next((index for index, path in enumerate(paths) if path in paths[:index]), len(paths) - 1)
        shown, whole = _few(paths[: end + 1]), end + 1 == len(paths)
        return " → ".join([*shown, *([] if whole else ["…"])])

    def endless(self) -> str:
        """The note on why it is followed no further."""
        return (
            f"Redirected without end: {self}; after {self.redirects} redirects it stops here. "
            f"One of these handlers must answer with a page at last. One step alone, without -F:{self._step()}"
        )

    def too_late(self) -> DeadlineExceeded:
        """The error of the last request, in which the time was over."""
        first = self._first
        if not self.redirects:
            return late(first, self.timeout)
        return DeadlineExceeded(
            f"{first.method} {first.path} was redirected, {self}, and had no answer within {self.timeout:g} s for all "
            "of it; it was stopped.",
            hint=f"One step alone, without -F:{self._step()}\nA longer wait:  --timeout SECONDS  "
            "(timeout=SECONDS in Python).",
        )

    def _step(self) -> str:
        method = "" if self._first.method == "GET" else f"{self._first.method} "
        return f"  %http {method}{self._first.path}"


def late(request: RequestRecord, timeout: float | None) -> DeadlineExceeded:
    """The error of a request that had no answer in time."""
    return DeadlineExceeded(
        f"{request.method} {request.path} did not answer within {timeout:g} s and was stopped.",
        hint="A longer wait:  --timeout SECONDS  (timeout=SECONDS in Python).",
    )


def _few(paths: Sequence[str]) -> list[str]:
    shown = [path if len(path) <= LONGEST else f"{path[:LONGEST]}…" for path in paths]
    return shown if len(shown) < 6 else [*shown[:3], "…", shown[-1]]
