"""An exchange as it may be written into a notebook: its secret values taken out of all that is said beside its bodies.

What lives here: which values are secret, and the copy of an exchange in which prints, log records, errors, checks and
hints have lost them. What must not: headers, targets and bodies by their names (``masking.py``). A secret in the body
of a response is the app's own answer, and stays.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar
from urllib.parse import parse_qsl, unquote_plus

from nbmicro.exchange.fields import SECRET_HEADERS, HeaderFields
from nbmicro.exchange.masking import MASK
from nbmicro.exchange.messages import RequestRecord, ResponseRecord
from nbmicro.exchange.parts import CheckResult, ErrorRecord, ExchangeRecord

__all__ = ["scrubbed", "scrubbed_checks", "secret_values"]

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
        if exchange.request.media_type == "application/x-www-form-urlencoded":
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
