"""The pieces that HTML is made of here: a few elements, the colours of a terminal, the marks of a language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from markupsafe import Markup, escape

from nbmicro.printable import Excerpt

LINE = "1px solid rgba(128,128,128,.4)"
MONO = "font-family:monospace,monospace"
#: Characters of a folded rest.
REST_LIMIT = 64 * 1024

_BOX = f"margin:.3em 0;padding:.4em .7em;border:{LINE};border-radius:4px;overflow-x:auto;white-space:pre-wrap"
# JupyterLab breaks words in its outputs where the line ends; a long word alone may be broken here.
_BARE = "margin:0;padding:0;border:0;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
# Whoever honours it draws nothing, whoever takes iframes away does not keep it: JupyterLab's sanitizer drops this
# property, GitHub drops every style. So the text of a page is there exactly where its iframe is not.
_UNSEEN = "content-visibility:hidden;margin:0;padding:0;border:0"


def joined(parts: Iterable[Markup | str]) -> Markup:
    """The parts one after the other, each on a line of the source."""
    return Markup("\n").join(parts)


def output(*parts: Markup | str) -> str:
    """The HTML of an output: its parts, with nothing in them that a front end may typeset.

    JupyterLab makes mathematics of what stands between dollars, prices and queries as well; the names are those by
    which MathJax 3 and 2 leave an element alone.
    """
    return str(
        Markup('<div class="mathjax_ignore tex2jax_ignore" style="line-height:1.5">\n{}\n</div>').format(joined(parts))
    )


def row(*parts: Markup | str) -> Markup:
    """A line of its own."""
    return Markup("<div>{}</div>").format(Markup(" ").join(parts))


def pre(text: Markup | str) -> Markup:
    """A text in a box, its lines kept."""
    return Markup('<pre style="{}">{}</pre>').format(_BOX, text)


def pre_excerpt(cut: Excerpt, note: str = "", mark: Callable[[str], Markup] = escape) -> Markup:
    """The first lines in a box, the rest folded below them; ``mark`` makes markup of a text."""
    box = pre(mark("\n".join(cut.first)))
    if not cut.more:
        return box
    more = f"{cut.more}{f' ({note})' if note else ''}"
    text = "\n".join(cut.rest)
    if len(text) > REST_LIMIT:
        text = f"{text[:REST_LIMIT]} …"
    return joined([box, folded(small(more), [pre(mark(text))])]) if text else joined([box, quiet(f"… {more}")])


def hidden_pre(text: str) -> Markup:
    """A text that is seen only where styles were taken away, as iframes are there."""
    return Markup('<pre style="{}">{}</pre>').format(_UNSEEN, text)


def labelled(label: str, text: Markup | str, *, edge: str = "rgba(128,128,128,.5)") -> Markup:
    """A text with a coloured edge and a small label above it."""
    return Markup(
        '<div style="margin:.4em 0;padding-left:.7em;border-left:3px solid {}">{}<pre style="{}">{}</pre></div>'
    ).format(edge, quiet(label) if label else "", _BARE, text)


def quiet(text: str) -> Markup:
    """A small note in a line."""
    return Markup('<div style="opacity:.75"><small>{}</small></div>').format(text)


def small(text: str) -> Markup:
    """A text a little smaller, for what opens something."""
    return Markup("<small>{}</small>").format(text)


def folded(summary: Markup | str, parts: Iterable[Markup], *, is_open: bool = False) -> Markup:
    """Parts behind a line that opens them."""
    return Markup('<details{}><summary style="cursor:pointer">{}</summary>{}</details>').format(
        Markup(" open") if is_open else "", summary, joined(parts)
    )


def badge(text: str, edge: str) -> Markup:
    """A word in a round box with a coloured edge."""
    return Markup(
        '<span style="display:inline-block;padding:0 .55em;border:1px solid {};border-radius:.8em;'
        'margin:.1em 0;font-weight:bold;line-height:1.4">{}</span>'
    ).format(edge, escape(text))


_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
# Middle tones that are readable on a light and on a dark ground. Black and white stay the theme's own.
_COLOURS = ("", "#d6453d", "#3a9a50", "#b58a00", "#3d7fd6", "#b052c0", "#2a98a0", "")
_STYLES = {1: "font-weight:bold", 2: "opacity:.7", 3: "font-style:italic", 4: "text-decoration:underline"}
_ENDS = {21: (1,), 22: (1, 2), 23: (3,), 24: (4,)}


def coloured(text: str) -> Markup:
    """The text escaped, its colour codes turned into spans; codes that mean nothing here are left out."""
    pieces: list[Markup] = []
    styles: dict[int, str] = {}
    for index, piece in enumerate(_SGR.split(text)):
        if index % 2:
            _apply(piece, styles)
        elif piece and styles:
            pieces.append(Markup('<span style="{}">{}</span>').format(";".join(styles.values()), piece))
        else:
            pieces.append(escape(piece))
    return Markup("").join(pieces)


def _apply(codes: str, styles: dict[int, str]) -> None:
    """Change the styles as the codes say; key 0 is the colour."""
    numbers = [int(code) if code else 0 for code in re.split("[;:]", codes)]
    while numbers:
        number = numbers.pop(0)
        if number == 0:
            styles.clear()
        elif number in _STYLES:
            styles[number] = _STYLES[number]
        elif number in _ENDS:
            for ended in _ENDS[number]:
                styles.pop(ended, None)
        elif number in {38, 48}:
            # A colour of 256 or of 16 million; its parameters are skipped.
            del numbers[: 2 if numbers[:1] == [5] else 4]
        elif number == 39:
            styles.pop(0, None)
        elif 30 <= number <= 37 or 90 <= number <= 97:
            colour = _COLOURS[number % 10]
            if colour:
                styles[0] = f"color:{colour}"
            else:
                styles.pop(0, None)


#: The style of a mark. Each colour has a contrast above 4 on white and on JupyterLab's dark ground.
MARKS = {
    "string": "color:#2f8a4a",
    "value": "color:#3578d0",
    "word": "color:#a855c8",
    "comment": "opacity:.65",
}
#: Characters above which a text is not marked.
MARKED_LIMIT = 48 * 1024

# None of these looks at the same characters again and again: a run is taken as a whole (`++`, `*+`), what is left open
# ends with its line or, as in the language itself, with the text.
_STRING = r"\"(?:\\.|[^\"\\\n])*+\"|'(?:\\.|[^'\\\n])*+'"
_REMARK = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?+"
_NUMBER = r"(?<![\w.])\d[\w.]*%?"
_JSON = re.compile(
    r"(?P<key>\"(?:\\.|[^\"\\\n])*+\":)|(?P<string>\"(?:\\.|[^\"\\\n])*+\")|(?P<value>-?\b\d[\w.+-]*|\b(?:true|false|null)\b)"
)
_TAGS = re.compile(
    r"(?P<comment><!--[^<]*-->|<![A-Za-z][^<>]*>|<\?[^<>]*>)|(?P<word></?[A-Za-z][\w:.-]*|/?>)"
    rf"|(?<==)(?P<string>{_STRING})|(?P<value>&#?\w+;)"
)
_CSS = re.compile(
    rf"(?P<comment>{_REMARK})|(?P<string>{_STRING})|(?P<word>@[\w-]+|(?<![\w-])[\w-]++(?=\s?:\s))"
    r"|(?P<value>#[0-9A-Fa-f]{3,8}\b|(?<![\w.#-])\d[\w.]*%?)"
)
_SCRIPT = re.compile(
    rf"(?P<comment>//[^\n]*|{_REMARK})|(?P<string>{_STRING}|`[^`]*`)|(?P<value>{_NUMBER})"
    r"|(?P<word>\b(?:async|await|break|case|catch|class|const|continue|default|delete|else|export|extends|finally|for"
    r"|from|function|if|import|in|instanceof|let|new|of|return|switch|this|throw|try|typeof|var|void|while|yield)\b)"
)
_PYTHON = re.compile(
    rf"(?P<comment>\#[^\n]*)|(?P<string>{_STRING})|(?P<value>{_NUMBER}|\b(?:True|False|None)\b)"
    r"|(?P<word>\b(?:and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if"
    r"|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield)\b)"
)
_SETTINGS = re.compile(
    rf"(?P<comment>(?<!\S)\#[^\n]*)|(?P<string>{_STRING})|(?P<word>(?m:^)[ \t-]*+[\w.-]++(?=\s?[:=]))"
)
_LANGUAGES = {
    "html": _TAGS,
    "xml": _TAGS,
    "svg": _TAGS,
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
    for match in pattern.finditer(text):
        style = MARKS.get(match.lastgroup or "")
        if style is not None:
            pieces += [_escaped(text[last : match.start()]), f'<span style="{style}">{_escaped(match[0])}</span>']
            last = match.end()
    return Markup("".join([*pieces, _escaped(text[last:])]))


def _escaped(text: str) -> str:
    """The text as content of an element, where quotes are safe; it is saved in the notebook with each of them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
