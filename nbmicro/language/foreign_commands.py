"""Requests in other tools' words, as people paste them: what they are, and the cell that sends the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from nbmicro.errors import Placed, RequestError
from nbmicro.http.media_types import FORM, JSON
from nbmicro.language.shell import shell_words

_MAY_BE = re.compile(
    r"\s*(?:\$|(?:await|fetch|Invoke|iwr|irm|New-Object|https?\s|wget|sudo|time|env|command)|\w+=)", re.I
)
_FETCH = re.compile(
    r"\s*(?:await\s+)?fetch\(\s*(?P<quote>[\"'`])(?P<url>.*?)(?P=quote)\s*(?:,\s*(?P<options>\{.*\}))?", re.S
)
_POWERSHELL = re.compile(r"\s*(?:\$\w+\s*=\s*)?(Invoke-WebRequest|Invoke-RestMethod|iwr|irm|New-Object)\b", re.I)
# A command goes on below a line that a backslash ends.
_HTTPIE = re.compile(r"\s*(?:\$\s+)?(https?)\s+(?=\S)((?:.*\\\r?\n)*.*)")
_WGET = re.compile(r"\s*(?:\$\s+)?wget\s+(?=\S)((?:.*\\\r?\n)*.*)")
_CONTINUED = re.compile(r"\s*\\\r?\n\s*")
_IN_FRONT = re.compile(r"\s*((?:(?:[A-Za-z_]\w*=\S*|sudo|time|env|command)\s+)+)curl\s")
_STRING = r"(\"(?:[^\"`]|`.|\"\")*\"|'(?:[^']|'')*'|[^\s\"'@][^\s;]*)"


def foreign_command(text: str, place: Placed) -> RequestError | None:
    """The error of a request in another tool's words, with the cell to write; None if the text begins none.

    Parameters
    ----------
    text:
        The lines from the one on that may begin it.
    place:
        Where they stand.
    """
    if found := _FETCH.match(text):
        return _error(place, "`fetch(…)` is JavaScript.", _of_fetch(found))
    if found := _POWERSHELL.match(text):
        return _error(place, f"`{found[1]}` is a command of PowerShell.", _of_powershell(text))
    if found := _HTTPIE.match(text):
        return _error(place, f"`{found[1]}` is HTTPie's command.", [f"%http {_CONTINUED.sub(' ', found[2]).strip()}"])
    if found := _WGET.match(text):
        return _error(place, "`wget` is a command for a terminal.", _of_wget(found[1]))
    if found := _IN_FRONT.match(text):
        words = found[1].strip()
        message = f"`{words}` stands in front of curl, and there is no shell here."
        return RequestError.at(place, message, "Begin with  curl ; a value of the notebook is  {{ name }}")
    return None


def may_be_foreign(line: str) -> bool:
    """Whether a line is worth the look at all that stands behind it."""
    return _MAY_BE.match(line) is not None


def _error(place: Placed, message: str, lines: list[str]) -> RequestError:
    hint = f"Here it is  {lines[0]}" if len(lines) == 1 else "\n".join(["Here it is", *lines])
    return RequestError.at(place, message, hint)


def _cell(method: str, url: str, headers: Iterable[tuple[str, str]], body: str) -> list[str]:
    """The lines of a cell."""
    written = ["%%http", f"{method} {_path(url)}", *(f"{name}: {value}" for name, value in headers)]
    if body:
        fence = [] if body.lstrip().startswith(("{", "[")) or "\n" not in body else ["```"]
        written += ["", *fence, *body.split("\n"), *fence]
    return written


def _path(url: str) -> str:
    """The URL without its origin."""
    try:
        parts = urlsplit(url if "://" in url or url.startswith("/") else f"http://{url}")
    except ValueError:
        return url
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _of_fetch(found: re.Match[str]) -> list[str]:
    options: object = {}
    try:
        options = json.loads(found["options"] or "{}")
    except ValueError:
        # An object of JavaScript's own: what can be read of it without running it.
        method = re.search(r"[\"']?method[\"']?\s*:\s*[\"'](\w+)", found["options"])
        data = re.search(r"JSON\.stringify\((.*?)\)", found["options"], re.S)
        more = [("Content-Type", JSON)] if data else []
        return _cell(method[1].upper() if method else "GET", found["url"], more, data[1].strip() if data else "")
    assert isinstance(options, dict)
    headers = options.get("headers")
    pairs = [(str(name), str(value)) for name, value in headers.items()] if isinstance(headers, dict) else []
    return _cell(str(options.get("method") or "GET").upper(), found["url"], pairs, _literal(options.get("body") or ""))


def _literal(text: object) -> str:
    return str(text).replace("{{", "{{ '{{' }}")


def _of_powershell(text: str) -> list[str]:
    url = re.search(rf"-Uri\s+{_STRING}", text, re.I) or re.search(r"\s([\"']?https?://[^\s\"']+)", text)
    method = re.search(r"-Method\s+[\"']?(\w+)", text, re.I)
    media_type = re.search(rf"-ContentType\s+{_STRING}", text, re.I)
    body = re.search(rf"-Body\s+(?:\()?{_STRING}", text, re.I)
    table = re.search(r"-Headers\s+@\{(.*?)\n?\}", text, re.I | re.S)
    entries = re.findall(rf"{_STRING}\s*=\s*{_STRING}", table[1]) if table else []
    headers = [(_value(name), _value(value)) for name, value in entries]
    if media_type is not None:
        headers.append(("Content-Type", _value(media_type[1])))
    elif body is not None and method is not None and method[1].upper() == "POST":
        headers.append(("Content-Type", FORM))
    return _cell(
        method[1].upper() if method else "GET",
        _value(url[1]) if url else "/",
        headers,
        _value(body[1]) if body else "",
    )


def _value(text: str) -> str:
    """A string of PowerShell, its variables as placeholders."""
    if text.startswith("'"):
        return _literal(text.strip("'").replace("''", "'"))
    inner = text[1:-1] if text.startswith('"') and text.endswith('"') else text.lstrip("\"'")
    inner = _literal(inner.replace('""', '"'))
    inner = re.sub(r"(?<!`)\$(?:\{(\w+)\}|(\w+))", lambda found: f"{{{{ {found[1] or found[2]} }}}}", inner)
    escapes = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
    return re.sub(r"`(.)", lambda found: escapes.get(found[1], found[1]), inner, flags=re.S)


def _of_wget(rest: str) -> list[str]:
    try:
        words = [word.text for word in shell_words(rest, lambda offset: (1, offset + 1)) if not word.operator]
    except RequestError:
        words = rest.split()
    method, url, body = "GET", "/", ""
    headers: list[tuple[str, str]] = []
    for word in words:
        name, _, value = word.partition("=")
        if not word.startswith("-"):
            url = word
        elif name == "--method":
            method = value.upper()
        elif name in {"--post-data", "--body-data"}:
            method, body = ("POST" if name == "--post-data" else method), value
        elif name == "--header":
            header, _, content = value.partition(":")
            headers.append((header.strip(), content.strip()))
    if body and all(header.lower() != "content-type" for header, _ in headers):
        headers.append(("Content-Type", FORM))
    if method == "GET" and not headers and not body:
        return [f"%http {_path(url)}"]
    return _cell(method, url, headers, body)
