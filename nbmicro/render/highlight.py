"""Text of a body with light marks on its words: strings, numbers, tags, comments of the languages that apps send."""

from __future__ import annotations

import re
from collections.abc import Callable

from markupsafe import Markup, escape

#: The style of a mark. Each colour has a contrast above 4 on white and on JupyterLab's dark ground.
MARKS = {
    "string": "color:#2f8a4a",
    "value": "color:#3578d0",
    "word": "color:#a855c8",
    "comment": "opacity:.65",
}
#: Characters above which a text is not marked.
MARKED_LIMIT = 48 * 1024

_STRING = r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
_NUMBER = r"(?<![\w.])\d[\w.]*%?"
_JSON = re.compile(
    r"(?P<key>\"(?:\\.|[^\"\\])*\":)|(?P<string>\"(?:\\.|[^\"\\])*\")|(?P<value>-?\b\d[\w.+-]*|\b(?:true|false|null)\b)"
)
_MARKUP = re.compile(
    r"(?P<comment><!--[^<]*-->|<![A-Za-z][^<>]*>|<\?[^<>]*>)|(?P<word></?[A-Za-z][\w:.-]*|/?>)"
    rf"|(?<==)(?P<string>{_STRING})|(?P<value>&#?\w+;)"
)
_CSS = re.compile(
    rf"(?P<comment>/\*[^*]*(?:\*(?!/)[^*]*)*\*/)|(?P<string>{_STRING})|(?P<word>@[\w-]+|[\w-]+(?=\s?:\s))"
    r"|(?P<value>#[0-9A-Fa-f]{3,8}\b|(?<![\w.#-])\d[\w.]*%?)"
)
_SCRIPT = re.compile(
    rf"(?P<comment>//[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*\*/)|(?P<string>{_STRING}|`[^`]*`)|(?P<value>{_NUMBER})"
    r"|(?P<word>\b(?:async|await|break|case|catch|class|const|continue|default|delete|else|export|extends|finally|for"
    r"|from|function|if|import|in|instanceof|let|new|of|return|switch|this|throw|try|typeof|var|void|while|yield)\b)"
)
_PYTHON = re.compile(
    rf"(?P<comment>\#[^\n]*)|(?P<string>{_STRING})|(?P<value>{_NUMBER}|\b(?:True|False|None)\b)"
    r"|(?P<word>\b(?:and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if"
    r"|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield)\b)"
)
_SETTINGS = re.compile(rf"(?P<comment>(?<!\S)\#[^\n]*)|(?P<string>{_STRING})|(?P<word>(?m:^)[ \t-]*[\w.-]+(?=\s?[:=]))")
_LANGUAGES = {
    "html": _MARKUP,
    "xml": _MARKUP,
    "svg": _MARKUP,
    "css": _CSS,
    "javascript": _SCRIPT,
    "ecmascript": _SCRIPT,
    "typescript": _SCRIPT,
    "python": _PYTHON,
    "yaml": _SETTINGS,
    "toml": _SETTINGS,
    "ndjson": _JSON,
    "jsonl": _JSON,
}


def highlighter(media_type: str) -> Callable[[str], Markup]:
    """What marks a text of this media type; for a type without marks it only escapes."""
    subtype = media_type.rpartition("/")[2].rpartition("+")[2].removeprefix("x-")
    pattern = _LANGUAGES.get(subtype)
    return escape if pattern is None else lambda text: _marked(text, pattern)


def marked_json(text: str) -> Markup:
    """A piece of JSON with marks; the names of members stay as they are."""
    return _marked(text, _JSON)


def _marked(text: str, pattern: re.Pattern[str]) -> Markup:
    if len(text) > MARKED_LIMIT:
        return escape(text)
    pieces: list[str] = []
    last = 0
    for found in pattern.finditer(text):
        style = MARKS.get(found.lastgroup or "")
        if style is not None:
            pieces += [_escaped(text[last : found.start()]), f'<span style="{style}">{_escaped(found[0])}</span>']
            last = found.end()
    return Markup("".join([*pieces, _escaped(text[last:])]))


def _escaped(text: str) -> str:
    """The text as content of an element, where quotes are safe; it is saved in the notebook with each of them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
