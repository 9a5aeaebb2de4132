"""What is not written into a notebook: secrets, and values that differ from run to run."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar
from urllib.parse import parse_qsl, unquote_plus

from nbmicro.exchange.records import CheckResult, ErrorRecord, ExchangeRecord
from nbmicro.http.headers import MASK, SECRET_HEADERS, HeaderFields
from nbmicro.http.media_types import FORM, MULTIPART_FORM
from nbmicro.http.messages import RequestRecord, ResponseRecord

#: What stands for a value that is another one in every run.
CHANGING = "…"

_CHANGING_HEADERS = frozenset({"date", "last-modified", "etag", "expires"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9-]*) +\S")


def masked_request_headers(exchange: ExchangeRecord, *, secrets: bool = False) -> list[tuple[str, str]]:
    """The request's headers with the values of secret ones masked, unless ``secrets``."""
    return [
        (name, value if secrets else _masked(name, value, exchange.secret_names))
        for name, value in exchange.request.headers
    ]


def masked_response_headers(exchange: ExchangeRecord, *, secrets: bool = False) -> list[tuple[str, str]]:
    """The response's headers: secret values masked unless ``secrets``, and without times and entity tags."""
    return [
        (name, CHANGING if name.lower() in _CHANGING_HEADERS else value)
        if secrets or name.lower() in _CHANGING_HEADERS
        else (name, _masked(name, value, exchange.secret_names))
        for name, value in exchange.headers
    ]


def masked_target(exchange: ExchangeRecord, *, secrets: bool = False) -> str:
    """The request's target; the values of secret names in its query are masked."""
    path, mark, query = exchange.request.target.partition("?")
    if secrets or not exchange.secret_names or not mark:
        return exchange.request.target
    return f"{path}?{_masked_fields(query, exchange.secret_names)}"


def masked_body(exchange: ExchangeRecord, *, secrets: bool = False) -> str:
    """The text of the request's body; the values of secret names are masked in a form, in JSON and in a multipart."""
    request, names = exchange.request, exchange.secret_names
    text = request.text
    if secrets or not names or not text:
        return text
    return _body_masker(request)(text, names)


def _body_masker(request: RequestRecord) -> Callable[[str, frozenset[str]], str]:
    if request.media_type == FORM:
        return _masked_fields
    return _masked_parts if request.media_type == MULTIPART_FORM else _masked_members


def _masked(name: str, value: str, secret_names: frozenset[str]) -> str:
    key = name.lower()
    if key == "set-cookie":
        return _masked_set_cookie(value)
    if key == "cookie":
        return "; ".join(f"{pair.partition('=')[0].strip()}={MASK}" for pair in value.split(";"))
    if key in {"authorization", "proxy-authorization"}:
        scheme = _SCHEME.match(value)
        return f"{scheme[1]} {MASK}" if scheme else MASK
    return MASK if key in secret_names or key in SECRET_HEADERS else value


def _masked_set_cookie(value: str) -> str:
    pair, *attributes = value.split(";")
    kept = [f"{pair.partition('=')[0].strip()}={MASK}"]
    for attribute in attributes:
        name = attribute.strip()
        kept.append(f"Expires={CHANGING}" if name.lower().startswith("expires=") else name)
    return "; ".join(kept)


def _masked_fields(text: str, names: frozenset[str]) -> str:
    pairs = []
    for pair in text.split("&"):
        name, equals, _ = pair.partition("=")
        pairs.append(f"{name}={MASK}" if equals and unquote_plus(name).lower() in names else pair)
    return "&".join(pairs)


def _masked_members(text: str, names: frozenset[str]) -> str:
    """JSON with the values of secret members masked; written as text, so that a broken body is masked as well."""
    for name in names:
        member = rf'("{re.escape(name)}"\s*:\s*)("(?:\\.|[^"\\])*"?|[^\s,}}\]]+)'
        text = re.sub(member, lambda found: f'{found[1]}"{MASK}"', text, flags=re.IGNORECASE)
    return text


def _masked_parts(text: str, names: frozenset[str]) -> str:
    for name in names:
        part = rf'(form-data; name="{re.escape(name)}"[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n)(.*?)(?=\r?\n--)'
        text = re.sub(part, lambda found: found[1] + MASK, text, flags=re.IGNORECASE | re.DOTALL)
    return text


#: Characters of a secret that is looked for in other texts; a shorter one would be found everywhere.
SHORTEST = 6

_Record = TypeVar("_Record", bound=ExchangeRecord)


def secret_values(exchange: ExchangeRecord) -> list[str]:
    """The values of an exchange that no rendering shows, the longest first: of secret headers, cookies and names."""
    names = exchange.secret_names
    found: set[str] = set()
    for name, value in (*exchange.request.headers, *exchange.headers):
        key = name.lower()
        if key in names:
            found.add(value)
        if "cookie" in key and key in SECRET_HEADERS:
            for pair in value.split(";")[: 1 if key == "set-cookie" else None]:
                cookie = pair.partition("=")[2].strip().strip('"')
                found |= {cookie, unquote_plus(cookie)}
        elif key in SECRET_HEADERS:
            found |= {value, *_credentials(value)}
    if names:
        pairs = parse_qsl(exchange.request.query)
        if exchange.request.media_type == FORM:
            pairs += parse_qsl(exchange.request.text)
        found |= {value for name, value in pairs if name.lower() in names}
    return sorted((one for one in found if len(one) >= SHORTEST), key=lambda one: (-len(one), one))


def scrubbed(exchange: _Record) -> _Record:
    """The exchange without its secrets in what was printed, logged, raised, checked and remarked."""
    secrets = secret_values(exchange)
    if not secrets and not exchange.history:
        return exchange
    hide = _hiding(secrets)
    request, response = exchange.request, exchange.response
    return replace(
        exchange,
        request=RequestRecord(request.method, hide(request.target), _headers(request.headers, hide), request.body),
        response=ResponseRecord.of(
            response.status, hide(response.reason), _headers(response.headers, hide), response.body
        ),
        error=_error(exchange.error, hide),
        refusal=_error(exchange.refusal, hide),
        output=tuple(replace(part, text=hide(part.text)) for part in exchange.output),
        logs=tuple(replace(line, message=hide(line.message)) for line in exchange.logs),
        checks=tuple(_check(check, hide) for check in exchange.checks),
        captures={name: _Hidden(hide(repr(value))) if secrets else value for name, value in exchange.captures.items()},
        trace=tuple(replace(step, label=hide(step.label)) for step in exchange.trace),
        history=tuple(scrubbed(hop) for hop in exchange.history),
        notes=tuple(hide(note) for note in exchange.notes),
        hint=None if exchange.hint is None else hide(exchange.hint),
    )


def scrubbed_checks(exchange: ExchangeRecord, checks: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """Results of checks without the secrets of the exchange that they looked at."""
    hide = _hiding(secret_values(exchange))
    return tuple(_check(check, hide) for check in checks)


def _hiding(secrets: Sequence[str]) -> Callable[[str], str]:
    def hide(text: str) -> str:
        for secret in secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    return hide


class _Hidden:
    """A value of which only its text is left."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _credentials(value: str) -> set[str]:
    """What stands behind the scheme of an Authorization header; of Basic (RFC 7617) also what is encoded in it."""
    scheme, _, credentials = value.partition(" ")
    found = {credentials.strip()}
    if scheme.lower() == "basic":
        try:
            user = base64.b64decode(credentials, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return found
        found |= {user, user.partition(":")[2]}
    return found


def _headers(fields: HeaderFields, hide: Callable[[str], str]) -> HeaderFields:
    """The headers without secrets in those that are not masked as a whole."""
    return HeaderFields((name, value if name.lower() in SECRET_HEADERS else hide(value)) for name, value in fields)


def _error(error: ErrorRecord | None, hide: Callable[[str], str]) -> ErrorRecord | None:
    if error is None:
        return None
    return replace(
        error,
        message=hide(error.message),
        hint=None if error.hint is None else hide(error.hint),
        cause=_error(error.cause, hide),
    )


def _check(check: CheckResult, hide: Callable[[str], str]) -> CheckResult:
    return replace(
        check,
        text=hide(check.text),
        expected=None if check.expected is None else hide(check.expected),
        actual=None if check.actual is None else hide(check.actual),
        note=None if check.note is None else hide(check.note),
    )
