"""A request and a response as they travel: frozen records."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Self

from nbmicro.errors import RequestError
from nbmicro.http.body import SPOOL_LIMIT, Body, decode, stored
from nbmicro.http.headers import HeaderFields
from nbmicro.http.media_types import charset_of, is_json, media_type_of

_NO_FIELDS = HeaderFields()


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request as it is sent.

    Parameters
    ----------
    method:
        In capitals.
    target:
        Path and query as sent, percent-encoded (RFC 9112's origin form): ``/hello/Ada?page=2``.
    headers:
        Names and values in order.
    body:
        The bytes of the body, empty when there is none.
    """

    method: str
    target: str
    headers: HeaderFields = _NO_FIELDS
    body: bytes = b""

    def __post_init__(self) -> None:
        if type(self.headers) is not HeaderFields:
            object.__setattr__(self, "headers", HeaderFields.of(self.headers))

    def __repr__(self) -> str:
        # Neither headers nor body: they may hold secrets, and a notebook saves what it shows.
        return f"<{self.method} {self.path}>"

    def with_headers(self, headers: HeaderFields) -> RequestRecord:
        """The same request with other headers."""
        return RequestRecord(self.method, self.target, headers, self.body)

    def kept(self) -> RequestRecord:
        """The same request as a history keeps it: a large body goes to disk."""
        if len(self.body) <= SPOOL_LIMIT:
            return self
        return StoredRequest(self.method, self.target, self.headers, stored(self.body))

    @property
    def path(self) -> str:
        """The target without its query, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What stands behind ``?`` in the target, still percent-encoded."""
        return self.target.partition("?")[2]

    @property
    def media_type(self) -> str:
        """The body's media type without parameters, in lower case."""
        return media_type_of(self.headers.get("Content-Type"))

    @property
    def text(self) -> str:
        """The body decoded with its charset."""
        return decode(self.body, charset_of(self.headers.get("Content-Type")))

    @property
    def json(self) -> Any:
        """The body read as JSON, or None when its media type is another."""
        return _load_json(self.text, "request") if is_json(self.media_type) else None


class StoredRequest(RequestRecord):
    """A request whose body is on disk, and is read from there each time.

    Parameters
    ----------
    method, target, headers:
        As for a :class:`RequestRecord`.
    body:
        Its bytes, or where they are.
    """

    __slots__ = ("_stored",)
    _stored: Body

    def __init__(self, method: str, target: str, headers: HeaderFields = _NO_FIELDS, body: Body | bytes = b"") -> None:
        content = body if isinstance(body, Body) else stored(body)
        for name, value in (("method", method), ("target", target), ("headers", headers), ("_stored", content)):
            object.__setattr__(self, name, value)

    @property
    def body(self) -> bytes:
        """The bytes of the body."""
        return self._stored.bytes

    def with_headers(self, headers: HeaderFields) -> RequestRecord:
        """The same request with other headers."""
        return StoredRequest(self.method, self.target, headers, self._stored)

    def kept(self) -> RequestRecord:
        """Itself: its body is on disk."""
        return self


@dataclass(frozen=True)
class ResponseRecord:
    """One response as it came.

    Parameters
    ----------
    status:
        The status code.
    reason:
        The reason phrase, as the app sent it: ``NOT FOUND``.
    headers:
        Names and values in order.
    body:
        The bytes, bounded.
    """

    status: int
    reason: str
    headers: HeaderFields = _NO_FIELDS
    body: Body = field(default_factory=Body)

    def __post_init__(self) -> None:
        if type(self.headers) is not HeaderFields:
            object.__setattr__(self, "headers", HeaderFields.of(self.headers))

    @classmethod
    def of(cls, status: int, reason: str, headers: HeaderFields, body: Body) -> Self:
        """The same as calling the class, at a fraction of the cost."""
        response = object.__new__(cls)
        fields = {"status": status, "reason": reason, "headers": headers, "body": body}
        object.__setattr__(response, "__dict__", fields)
        return response

    def __repr__(self) -> str:
        return f"<{f'{self.status} {self.reason}'.rstrip()}, {self.body.size:,} bytes>"

    @property
    def status_code(self) -> int:
        """The status code, by the name other clients give it."""
        return self.status

    @property
    def media_type(self) -> str:
        """The body's media type without parameters, in lower case; empty when the response has none."""
        return media_type_of(self.headers.get("Content-Type"))

    @property
    def text(self) -> str:
        """The body decoded with the response's charset (UTF-8 without one)."""
        return self.body.text

    @property
    def json(self) -> Any:
        """The body read as JSON (RFC 8259), or None when its media type is another.

        Raises :class:`~nbmicro.errors.RequestError` when the media type is JSON's and the body is not.
        """
        return _load_json(self.text, "response") if is_json(self.media_type) else None

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies this response sets, name to value."""
        cookies: dict[str, str] = {}
        for line in self.headers.getlist("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            cookies[name.strip()] = value.strip().strip('"')
        return cookies


def _load_json(text: str, whose: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise RequestError(
            f"The {whose} says it is JSON, but its body is not: {error}.", hint=f"See it with .{whose}.text"
        ) from None


def json_error(text: str, error: json.JSONDecodeError) -> tuple[int, str]:
    """Where a text is no JSON (RFC 8259; an index of ``text``), and why, without a full stop."""
    before = text[: error.pos].rstrip()
    if error.msg.startswith("Illegal trailing comma"):  # so says Python from 3.13 on, and points at the comma
        return error.pos, f"a comma stands behind the last {'member' if error.msg.endswith('object') else 'element'}"
    if error.msg.startswith("Expecting property name") and before.endswith(","):
        return len(before) - 1, "a comma stands behind the last member"
    if error.msg.startswith("Expecting value") and text[error.pos : error.pos + 1] in "]}" and before[-1:] == ",":
        return len(before) - 1, "a comma stands behind the last element"
    if text[error.pos : error.pos + 1] == "'":
        return error.pos, 'names and texts stand in double quotes, "…"'
    if error.pos >= len(text.rstrip()):
        return error.pos, "it ends too early"
    return error.pos, error.msg
