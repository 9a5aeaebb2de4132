"""The secrets of an exchange, and the one door through which an exchange is shown: :func:`redacted`.

An exchange keeps its data as they were sent, for checks, captures and replays. Whatever shows or writes it takes
``redacted(exchange)`` and reads nothing else. What a user reads by name (``exchange.text``, ``headers["X-Token"]``) is
data, and so is the body of a response. A kind of secret is one row of :data:`KINDS`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote, quote_plus, unquote_plus

from markupsafe import escape

from nbmicro.errors import RequestError
from nbmicro.exchange.records import CheckResult, ErrorRecord, ExchangeRecord, Frame, LineRun, Shown
from nbmicro.exchange.secret_values import (
    Hidden,
    Names,
    cookies,
    credentials,
    form_fields,
    is_hidden,
    members,
    parts,
    set_cookie,
    whole,
    written,
)
from nbmicro.http.body import Body
from nbmicro.http.headers import MASK, SECRET_HEADERS, HeaderFields
from nbmicro.http.media_types import FORM, MULTIPART_FORM, is_json
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.http.redirects import REDIRECTS

#: Characters of a secret that is looked for anywhere in other texts; a shorter one would be found everywhere.
SHORTEST = 6

#: Characters of a secret of a user's own that is looked for there as a whole word.
SHORTEST_WORD = 3


class HiddenNames(set[str]):
    """The names of headers, cookies and fields that a user hides, in lower case; clients and exchanges share one.

    So what is hidden late is hidden in what came before as well, and in what a server and a browser answer.
    """

    @classmethod
    def of(cls, names: Iterable[str]) -> HiddenNames:
        """The names in lower case; hidden names stay the same object."""
        return names if isinstance(names, cls) else cls(name.lower() for name in names)


_T = TypeVar("_T")
_Record = TypeVar("_Record", bound=ExchangeRecord)


@dataclass(frozen=True, slots=True)
class SecretKind:
    """One kind of secret.

    Parameters
    ----------
    name:
        What it is called.
    carrier:
        What carries it: a ``header``, a ``cookie``, the ``query``, the ``body`` of a request, a ``capture``.
    is_in:
        Whether a carrier may hold it, by its key in lower case (a header's name, a body's media type, a capture's name)
        and the names that the user hides.
    hide:
        Gives the carrier's text with masks, and the secrets that stood in it.
    shortest:
        Characters of a secret that is looked for in other texts as a whole word. What an app says in a cookie
        (``theme=dark``) is mostly none.
    """

    name: str
    carrier: Literal["header", "cookie", "query", "body", "capture"]
    is_in: Callable[[str, Names], bool]
    hide: Callable[[str, Names], Hidden]
    shortest: int = SHORTEST_WORD


#: Every kind of secret. Of the kinds that fit a carrier the first one counts.
KINDS = (
    SecretKind(
        "credentials", "header", lambda key, names: key in {"authorization", "proxy-authorization"}, credentials
    ),
    SecretKind("cookies", "header", lambda key, names: key == "cookie", cookies, SHORTEST),
    SecretKind("set cookies", "header", lambda key, names: key == "set-cookie", set_cookie, SHORTEST),
    SecretKind("named cookies", "cookie", lambda key, names: key in names, whole),
    SecretKind("keys", "header", lambda key, names: key in names or key in SECRET_HEADERS, whole),
    SecretKind("addresses", "header", lambda key, names: bool(names), written),
    SecretKind("query", "query", lambda key, names: bool(names), form_fields),
    SecretKind("form", "body", lambda key, names: bool(names) and key == FORM, form_fields),
    SecretKind("multipart", "body", lambda key, names: bool(names) and key == MULTIPART_FORM, parts),
    SecretKind("members", "body", lambda key, names: bool(names) and is_json(key), members),
    SecretKind("texts", "body", lambda key, names: bool(names), written),
    SecretKind("captures", "capture", lambda key, names: is_hidden(key, names), whole),
)


# Fields of an exchange that carry secrets, or that are data and not texts of nbmicro's.
_DATA = {
    "request",
    "response",
    "captures",
    "history",
    "page",
    "exception",
    "rule",
    "endpoint",
    "origin",
    "secret_names",
}
#: The fields of an exchange that are masked as texts: all others, a new one too.
SHOWN = tuple(field.name for field in fields(ExchangeRecord) if field.name not in _DATA)
# Fields of records that are words of nbmicro's or of the user's code, and records of code.
_WORDS = frozenset({"redaction", "stream", "kind", "rule", "methods"})
_CODE = (Frame, LineRun)
_NO_HEADERS = HeaderFields()
_IS_TEXT = re.compile(r"text/|\+xml|json")
# A text that needs no other writing in a URL, in JSON or in Python.
_PLAIN = re.compile(r"[A-Za-z0-9._~-]*\Z")


class Redaction:
    """Hides the secrets of one exchange: called with a text or a record of texts, it gives back the same with masks.

    Parameters
    ----------
    names:
        The names that the user hides (lower case).
    request, headers, captures:
        The request, the headers of the response and the captures.
    before:
        The exchanges that led here by redirects.

    The secrets are looked for when they are first needed.
    """

    __slots__ = (
        "_before",
        "_captures",
        "_headers",
        "_hidden",
        "_learned",
        "_names",
        "_request",
        "_secrets",
        "_texts",
        "_words",
    )

    def __init__(
        self,
        names: Names,
        request: RequestRecord,
        headers: HeaderFields = _NO_HEADERS,
        captures: Iterable[tuple[str, Any]] = (),
        before: tuple[ExchangeRecord, ...] = (),
    ) -> None:
        self._hidden, self._request, self._headers = names, request, headers
        self._captures, self._before = captures, before
        # The names that it has learned with: a user may hide more.
        self._learned: Names | None = None
        # The carriers' secrets, what stands for which text, and the short ones; all are there when it has learned.
        self._names: Names = names
        self._secrets: list[str] = []
        self._texts: list[tuple[str, str]] = []
        self._words: re.Pattern[str] | None = None

    @classmethod
    def of(cls, exchange: ExchangeRecord) -> Redaction:
        """The redaction of an exchange."""
        return cls(
            exchange.secret_names, exchange.request, exchange.headers, exchange.captures.items(), exchange.history
        )

    def __call__(self, value: _T) -> _T:
        """A text, or a record, tuple or mapping with texts in it, with masks in place of the secrets."""
        self._learn()
        return self._in(value) if self._secrets else value

    def exchange(self, exchange: _Record) -> _Record:
        """An exchange with masks in place of the secrets; the body of its response stays."""
        self._learn()
        if not self._secrets and not self._names:
            return exchange
        response = exchange.response
        headers = self.headers(response.headers)
        body = response.body
        if response.status in REDIRECTS and headers.get("Location") != response.headers.get("Location"):
            # The page of a redirect repeats its Location.
            body = Body(b"" if body.is_undecoded else self(response.text).encode())
        return replace(
            exchange,
            request=self.request(exchange.request),
            response=ResponseRecord.of(response.status, self(response.reason), headers, body),
            captures={name: self._capture(name, value) for name, value in exchange.captures.items()},
            history=tuple(self.exchange(redirect) for redirect in exchange.history),
            **{name: self(getattr(exchange, name)) for name in SHOWN},
        )

    def request(self, request: RequestRecord) -> RequestRecord:
        """A request with masks in its target, its headers and its body."""
        self._learn()
        path, mark, query = request.target.partition("?")
        target = self(f"{path}{mark}{self._mask('query', '', query)}")
        body = request.body
        if body and (self._names or self._texts):
            text = request.text
            masked = self(self._mask("body", request.media_type, text))
            body = body if masked == text else masked.encode()
        return RequestRecord(request.method, target, self.headers(request.headers), body)

    def headers(self, headers: HeaderFields) -> HeaderFields:
        """Headers with masks."""
        self._learn()
        return HeaderFields((name, self(self._mask("header", name.lower(), value))) for name, value in headers)

    def _capture(self, name: str, value: Any) -> Any:
        """The value, where nothing in its text is secret; else that text."""
        text = repr(value)
        masked = self(self._mask("capture", name.lower(), text))
        return value if masked == text else _Text(masked)

    # -- learning ------------------------------------------------------------------------------------------------

    def _kind(self, carrier: str, key: str) -> SecretKind | None:
        return next((kind for kind in KINDS if kind.carrier == carrier and kind.is_in(key, self._names)), None)

    def _mask(self, carrier: str, key: str, text: str) -> str:
        kind = self._kind(carrier, key)
        return text if kind is None else kind.hide(text, self._names)[0]

    def _carriers(self) -> Iterator[tuple[str, str, str]]:
        """Each text that may carry secrets, with its carrier and its key."""
        for request, headers in (
            (self._request, self._headers),
            *((earlier.request, earlier.headers) for earlier in self._before),
        ):
            for name, value in (*request.headers, *headers):
                yield "header", (key := name.lower()), value
                if self._names and key in {"cookie", "set-cookie"}:
                    for pair in value.split(";")[: None if key == "cookie" else 1]:
                        cookie, _, text = pair.partition("=")
                        yield "cookie", cookie.strip().lower(), text.strip().strip('"')
            yield "query", "", request.query
            if self._names and request.body:
                yield "body", request.media_type, request.text
        yield from (("capture", name.lower(), str(value)) for name, value in self._captures)

    def _learn(self) -> None:
        hidden = frozenset().union(self._hidden, *(earlier.secret_names for earlier in self._before))
        if self._learned == hidden:
            return
        self._names = hidden
        texts, words, found = dict[str, str](), set[str](), list[str]()
        for carrier, key, text in self._carriers():
            kind = self._kind(carrier, key)
            if kind is None:
                continue
            masked, secrets = kind.hide(text, hidden)
            for secret in secrets:
                for writing in _writings(secret):
                    if len(writing) >= SHORTEST:
                        texts[writing] = MASK
                    elif len(writing) >= kind.shortest:
                        words.add(writing)
            if secrets and carrier == "query":
                texts[text] = masked
            found += [*secrets, text] if carrier == "header" and secrets and kind.name != "addresses" else secrets
        self._secrets = found
        self._texts = sorted(texts.items(), key=lambda pair: (-len(pair[0]), pair[0]))
        longest_first = sorted(words, key=lambda word: (-len(word), word))
        self._words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)") if words else None
        self._learned = hidden

    # -- hiding --------------------------------------------------------------------------------------------------

    def _in(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, CheckResult):
            return replace(
                value,
                text=self._text(value.text),
                expected=self._compared(value.expected),
                actual=self._compared(value.actual),
                note=self._in(value.note),
            )
        if isinstance(value, tuple):
            return tuple(map(self._in, value))
        if isinstance(value, Mapping):
            # Of what a handler displayed the pictures are data, but for those that are text.
            return {key: self._displayed(part) if _IS_TEXT.search(key) else part for key, part in value.items()}
        if not is_dataclass(value) or isinstance(value, (type, *_CODE)):
            return value
        texts = {
            field.name: self._in(getattr(value, field.name)) for field in fields(value) if field.name not in _WORDS
        }
        return replace(value, **texts)

    def _displayed(self, value: Any) -> Any:
        """A text, or the texts in a value of JSON."""
        if isinstance(value, dict):
            return {key: self._displayed(part) for key, part in value.items()}
        return [self._displayed(part) for part in value] if isinstance(value, list) else self._in(value)

    def _text(self, text: str) -> str:
        for secret, mask in self._texts:
            if secret in text:
                text = text.replace(secret, mask)
        if self._words is not None:
            text = self._words.sub(MASK, text)
        return self._cut(text) if "…" in text else text

    def _cut(self, text: str) -> str:
        """The text without the beginning of a secret that was cut."""
        *pieces, last = text.split("…")
        for index, piece in enumerate(pieces):
            head = piece.rstrip()
            for secret, mask in self._texts:
                at = head.rfind(secret[:SHORTEST])
                if at >= 0 and secret.startswith(head[at:]):
                    pieces[index] = head[:at] + mask + piece[len(head) :]
                    break
        return "…".join([*pieces, last])

    def _compared(self, text: str | None) -> str | None:
        """What came or was expected: a secret is also masked that is short and all of it, and a header as a whole."""
        for secret in sorted(filter(None, self._secrets), key=len, reverse=True) if text else ():
            if text == repr(secret):
                return repr(MASK)
            if len(secret) >= SHORTEST:
                text = (text or "").replace(secret, MASK)
        return text and self._text(text)


def _writings(secret: str) -> Iterator[str]:
    """A secret as it is, and as it is written in a URL, in HTML, in JSON and in Python; in these also what was
    written in JSON before."""
    yield secret
    if _PLAIN.match(secret):
        return
    for value in {secret, unquote_plus(secret)}:
        yield from (
            value,
            quote(value, safe=""),
            quote(value),
            quote_plus(value),
            html.escape(value),
            str(escape(value)),
        )
        for text in (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
            # Which quotes Python escapes is said by the whole text that it writes.
            more, data = text + "'\"", text.encode("utf-8", "surrogatepass")
            yield from (text, repr(text)[1:-1], repr(more)[1:-4], repr(data)[2:-1], repr(data + b"'\"")[2:-4])


class _Text:
    """A value of which only its text is left."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def redacted(value: _T) -> _T:
    """An exchange, or a record of one (its error, a log line), as it may be shown: with masks in place of secrets."""
    if isinstance(value, ExchangeRecord):
        return Redaction.of(value).exchange(value)
    redaction = getattr(value, "redaction", None)
    return value if redaction is None else redaction(value)


def redacted_request(request: RequestRecord, names: Names) -> RequestRecord:
    """A request that has no exchange, as it may be shown."""
    return Redaction(names, request).request(request)


def redacted_fields(text: str, names: Names) -> str:
    """A message without the values that stand behind hidden names: ``token=…``, ``"token": …``."""
    return written(text, names, "=")[0] if names else text


@contextmanager
def redacted_errors(names: Names) -> Iterator[None]:
    """Hide the values of hidden names in the message of a request that cannot be made."""
    try:
        yield
    except RequestError as error:
        error.message = redacted_fields(error.message, names)
        error.hint = error.hint and redacted_fields(error.hint, names)
        error.args = (error.message,)
        raise


class _Guarded(HeaderFields):
    """Header fields whose repr masks the names that the user hides as well."""

    redaction: Redaction

    @classmethod
    def by(cls, redaction: Redaction, headers: HeaderFields) -> Self:
        guarded = cls(headers)
        guarded.redaction = redaction
        return guarded

    def __repr__(self) -> str:
        return repr(self.redaction.headers(self))


_GUARDED = ("error", "refusal", "output", "logs")


def guard(exchange: ExchangeRecord) -> None:
    """Give those parts of an exchange its redaction that are shown by themselves, as values of a cell."""
    known = exchange.__dict__
    hides = known.get("secret_names") and type(exchange.request.headers) is HeaderFields
    # Most requests print nothing and fail nowhere; they pay for no more than this.
    if not hides and known.keys().isdisjoint(_GUARDED):
        return
    names = [name for name in _GUARDED if known.get(name)]
    if not names and not hides:
        return
    redaction = Redaction.of(exchange)
    for name in names:
        _guard(known[name], redaction)
    if hides:
        sent, response = exchange.request, exchange.response
        known["request"] = sent.with_headers(_Guarded.by(redaction, sent.headers))
        headers = _Guarded.by(redaction, response.headers)
        known["response"] = ResponseRecord.of(response.status, response.reason, headers, response.body)


def _guard(value: Any, redaction: Redaction) -> None:
    if isinstance(value, tuple):
        for part in value:
            _guard(part, redaction)
    elif isinstance(value, Shown):
        # In place: it is a record of this exchange alone, and each request that prints would pay for a copy.
        object.__setattr__(value, "redaction", redaction)
        if isinstance(value, ErrorRecord):
            _guard((value.cause, *value.parts), redaction)
