"""An exchange's request in other tools' words: a curl command, and an ``.http`` text for a ``%%http`` cell."""

from __future__ import annotations

import re
import shlex

from nbmicro.exchange.records import ExchangeRecord
from nbmicro.exchange.secrets import masked_body, masked_request_headers, masked_target
from nbmicro.http.media_types import FORM, is_json, is_multipart

#: Where `nbmicro run` and `%serve` listen unless told otherwise.
BASE_URL = "http://127.0.0.1:5000"


def as_curl(exchange: ExchangeRecord, *, secrets: bool = False, base_url: str = BASE_URL) -> str:
    """The request as a curl command for a POSIX shell.

    Parameters
    ----------
    secrets:
        Whether secret values are written; masked otherwise.
    base_url:
        Where the app is served.
    """
    request = exchange.request
    words = ["curl"]
    default = "POST" if request.body else "GET"
    if request.method == "HEAD":
        words.append("--head")
    elif request.method != default:
        words += ["-X", request.method]
    words.append(base_url.rstrip("/") + masked_target(exchange, secrets=secrets))
    lines = [shlex.join(words)]
    for name, value in _headers(exchange, secrets):
        lines.append(shlex.join(["-H", f"{name}: {value}" if value else f"{name};"]))
    if request.body:
        if request.headers.get("Content-Type") is None:
            # curl would name a form of its own accord.
            lines.append("-H 'Content-Type:'")
        lines.append(_data(exchange, secrets))
    return " \\\n  ".join(lines)


def as_http(exchange: ExchangeRecord, *, secrets: bool = False) -> str:
    """The request as the text of a ``%%http`` cell or an ``.http`` file, which sends the same bytes again."""
    # The language is needed to write it, and takes a while to load.
    from nbmicro.language.quoting import print_body

    request = exchange.request
    lines = [f"{request.method} {_literal(masked_target(exchange, secrets=secrets))}"]
    lines += [f"{name}: {_literal(value)}".rstrip() for name, value in _headers(exchange, secrets)]
    if request.body:
        if request.headers.get("Content-Type") is None:
            # Without a type one would be guessed.
            lines.append("Content-Type:")
        text = _cells_text(exchange, secrets)
        written = print_body(text) if text is not None else [f"{{{{ {_bytes(exchange, secrets)!r} }}}}"]
        lines += ["", *written]
    return "\n".join(lines)


def _bytes(exchange: ExchangeRecord, secrets: bool) -> bytes:
    body, text = exchange.request.body, masked_body(exchange, secrets=secrets)
    return body if text == exchange.request.text else text.encode()


def _cells_text(exchange: ExchangeRecord, secrets: bool) -> str | None:
    """The body as a cell's text, if its bytes are read back from it; None for those that are no text."""
    request = exchange.request
    data = _bytes(exchange, secrets)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if is_multipart(request.media_type):
        # A cell's multipart lines end with CR LF, the last one too.
        lines = text.split("\r\n")
        plain = lines[-1] == "" and not any("\r" in line or "\n" in line or line.startswith("<") for line in lines)
        return "\n".join(lines[:-1]) if plain and "boundary=" in (request.headers.get("Content-Type") or "") else None
    if "\r" in text:
        return None
    if request.media_type == FORM:
        return text if text == text.strip() and "\n" not in text else None
    return text if "{{" not in text or not is_json(request.media_type) else None


def _headers(exchange: ExchangeRecord, secrets: bool) -> list[tuple[str, str]]:
    """The headers, each certainly in one line."""
    fields = masked_request_headers(exchange, secrets=secrets)
    return [(" ".join(name.splitlines()), " ".join(value.splitlines())) for name, value in fields]


def _data(exchange: ExchangeRecord, secrets: bool) -> str:
    """The body for curl; bytes that are no text in bash's ANSI-C quoting."""
    data = _bytes(exchange, secrets)
    try:
        text = data.decode()
        if not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text):
            return f"--data-raw {shlex.quote(text)}"
    except UnicodeDecodeError:
        pass
    written = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'" else f"\\x{byte:02x}" for byte in data[:4096]
    )
    cut = "  # the body goes on" if len(data) > 4096 else ""
    return f"--data-raw $'{written}'{cut}"


def _literal(text: str) -> str:
    """The text with ``{{`` written so that it stays what it is."""
    return text.replace("{{", "{{ '{{' }}")
