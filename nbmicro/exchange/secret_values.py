"""Where secrets stand in a text that carries them: in a header, a query, a form, JSON, or another text."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterator, Set
from typing import Any, TypeAlias
from urllib.parse import unquote_plus

from nbmicro.http.headers import CHANGING, MASK

Names: TypeAlias = Set[str]
Hidden: TypeAlias = tuple[str, list[str]]
"""A text with its secrets masked, and the secrets that stood in it."""

_KEYS = re.compile(r"[^\[\].]+")


def is_hidden(name: str, names: Names) -> bool:
    """Whether a name, or a key of a nested one (``user[password]``, ``user.password``), is among the hidden ones."""
    name = name.lower()
    return name in names or any(key in names for key in _KEYS.findall(name))


def whole(text: str, names: Names) -> Hidden:
    """All of it."""
    return MASK, [text]


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9-]*) +\S")
_PARAMETER = re.compile(r'[\w-]+\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s,]+))')
#: A user's name as long as this may be a key, and stands in few other texts by chance.
_LONG_NAME = 6


def credentials(text: str, names: Names) -> Hidden:
    """What stands behind the scheme (RFC 9110, 11.4), its parameters, and what Basic encodes (RFC 7617)."""
    scheme, _, value = text.partition(" ")
    value = value.strip()
    secrets = [text, value]
    if scheme.lower() == "basic":
        secrets += _basic(value)
    elif "," in value:
        secrets += [quoted or plain for quoted, plain in _PARAMETER.findall(value)]
    match = _SCHEME.match(text)
    return f"{match[1]} {MASK}" if match else MASK, secrets


def _basic(value: str) -> list[str]:
    try:
        encoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return []
    try:
        pair = encoded.decode()
    except UnicodeDecodeError:
        pair = encoded.decode("latin-1")
    user, _, password = pair.partition(":")
    # A key is often sent as the user's name, without a password.
    return [pair, password, *([user] if not password or len(user) >= _LONG_NAME else [])]


def cookies(text: str, names: Names) -> Hidden:
    """The value of each cookie."""
    pairs = [pair.partition("=") for pair in text.split(";")]
    values = [value.strip().strip('"') for _, _, value in pairs]
    return "; ".join(f"{name.strip()}={MASK}" for name, _, _ in pairs), values


def set_cookie(text: str, names: Names) -> Hidden:
    """The value of the cookie; the time at which it expires changes."""
    pair, *attributes = text.split(";")
    shown, secrets = cookies(pair, names)
    for attribute in map(str.strip, attributes):
        shown += f"; Expires={CHANGING}" if attribute.lower().startswith("expires=") else f"; {attribute}"
    return shown, secrets


def form_fields(text: str, names: Names) -> Hidden:
    """The fields of a query or a form (``application/x-www-form-urlencoded``)."""
    pairs, secrets = [], []
    for pair in text.split("&"):
        name, equals, value = pair.partition("=")
        hidden = equals and is_hidden(unquote_plus(name), names)
        pairs.append(f"{name}={MASK}" if hidden else pair)
        secrets += [value] if hidden else []
    return "&".join(pairs), secrets


_MEMBER = re.compile(r'"((?:\\.|[^"\\]){1,300})"\s*:\s*')
_BROKEN_VALUE = re.compile(r'"(?:\\.|[^"\\])*"?|[^\s,}\]]+')
_DECODER = json.JSONDecoder(strict=False)


def members(text: str, names: Names) -> Hidden:
    """The members of JSON; looked for in the text, so that a broken body is masked as well."""
    pieces, secrets, end, start = [], list[str](), 0, 0
    while match := _MEMBER.search(text, start):
        start = match.start() + 1
        if not is_hidden(_unescaped(match[1]), names):
            continue
        start = after = match.end()
        try:
            value, after = _DECODER.raw_decode(text, start)
            secrets += _texts_in(value)
        except (ValueError, RecursionError):
            broken = _BROKEN_VALUE.match(text, start)
            after = broken.end() if broken else start
            secrets.append(text[start:after].strip('"'))
        pieces += [text[end:start], f'"{MASK}"' if after > start else ""]
        end = start = after
    return "".join([*pieces, text[end:]]), secrets


def _unescaped(key: str) -> str:
    if "\\" not in key:
        return key
    try:
        return str(json.loads(f'"{key}"'))
    except ValueError:
        return key


def _texts_in(value: Any) -> Iterator[str]:
    """The texts and numbers in a value of JSON, and each text as JSON writes it."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, (dict, list)):
            waiting += value.values() if isinstance(value, dict) else value
        elif value is not None and not isinstance(value, bool):
            yield str(value)


_PART_NAME = re.compile(r'^content-disposition:[^\r\n]*?[;\s]name=(?:"((?:\\.|[^"\\])*)"|([^;\s]+))', re.I | re.M)
_END_OF_HEADERS = re.compile(r"\r?\n\r?\n")


def parts(text: str, names: Names) -> Hidden:
    """The fields of ``multipart/form-data`` (RFC 7578), which the first line delimits."""
    delimiter = "\n" + (text.split("\n", 1)[0].rstrip("\r") or "--")
    pieces, secrets = [], []
    for number, part in enumerate(text.split(delimiter)):
        head = _END_OF_HEADERS.search(part)
        name = _PART_NAME.search(part, 0, head.start()) if head else None
        if head and name and is_hidden(unquote_plus(name[1] or name[2] or ""), names):
            value = part[head.end() :].removesuffix("\r")
            secrets.append(value)
            part = part[: head.end()] + MASK + part[head.end() + len(value) :]
        pieces.append(part if not number else delimiter + part)
    return "".join(pieces), secrets


def written(text: str, names: Names, marks: str = "=:") -> Hidden:
    """What any other text says by name: members as in JSON, ``token=…`` or ``token: …`` (as ``marks`` say), and
    elements of XML."""
    text, secrets = members(text, names)
    named = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))

    def masked(match: re.Match[str]) -> str:
        if match[2] != MASK:
            plain = html.unescape(re.sub(r"<!\[CDATA\[(.*?)\]\]>", r"\1", match[2], flags=re.DOTALL))
            secrets.extend(dict.fromkeys((match[2].strip("\"'"), plain.strip("\"'"))))
        return match[1] + MASK

    # A nested name may stand before it (`user[token]=`), percent-encoded too.
    begin, end = r"(?:(?<![\w-])|(?<=%5B))", r"(?:\]|%5D|\[\]|%5B%5D)*\s*[" + marks + r"]\s*(?=[^\s=:])"
    value = r"\"[^\"]*\"|'[^']*'|[^\s&#`'\";,<>]+"
    element = rf"(<(?:[\w.-]+:)?(?:{named})(?:\s[^<>]*)?>)((?:[^<]|<!\[CDATA\[.*?\]\]>)+)"
    text = re.sub(rf"({begin}(?:{named}){end})({value})", masked, text, flags=re.IGNORECASE)
    return re.sub(element, masked, text, flags=re.IGNORECASE | re.DOTALL), secrets
