"""What is not written into a notebook: secrets, and values that differ from run to run.

What lives here: the masked forms of headers, targets and bodies. What must not: deciding where they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from nbmicro.exchange.fields import MASK, SECRET_HEADERS
from nbmicro.exchange.messages import RequestRecord
from nbmicro.exchange.parts import ExchangeRecord

__all__ = ["MASK", "masked_body", "masked_request_headers", "masked_response_headers", "masked_target"]

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
    if request.media_type == "application/x-www-form-urlencoded":
        return _masked_fields
    return _masked_parts if request.media_type == "multipart/form-data" else _masked_members


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
