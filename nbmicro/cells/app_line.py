"""The line of ``%app``: which app is meant, and what goes with each request to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbmicro.errors import OptionError
from nbmicro.printable import did_you_mean

_OPTIONS = ("-H", "--header", "--reload")
_ADDRESS = re.compile(r"\w+://|(?:localhost|\d+(?:\.\d+){3}|\[[0-9a-fA-F:]+\]):?\d*(?:/|$)|:\d+$")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")


@dataclass(frozen=True, slots=True)
class AppLine:
    """What a ``%app`` line says.

    Parameters
    ----------
    target:
        ``app``, ``shop:app``, ``shop:create_app('test')``, ``manage.py``; None where the line names none.
    headers:
        The headers of ``-H``; in a value ``{{ }}`` may stand.
    reload:
        Whether changed modules are imported anew.
    """

    target: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    reload: bool = False

    @property
    def is_name(self) -> bool:
        """Whether the target is a name of the notebook, and no module's app or file."""
        return self.target is not None and self.target.isidentifier()


def parse_app_line(text: str) -> AppLine:
    """Read what stands behind ``%app``.

    Raises nbmicro.errors.OptionError for an option that there is not, a header that is none, or two targets.
    """
    words = _words(text)
    target: str | None = None
    headers: list[tuple[str, str]] = []
    reload = False
    rest = iter(words)
    for word in rest:
        if word == "--reload":
            reload = True
        elif word in ("-H", "--header") or word.startswith("--header="):
            value = word.partition("=")[2] if "=" in word else next(rest, None)
            headers.append(_header(value))
        elif word.startswith("-"):
            near = did_you_mean(word, _OPTIONS)
            hint = f"Did you mean {near}?" if near else "There are: -H 'Name: value' and --reload"
            raise OptionError(f"%app has no option {word}.", hint=hint)
        elif target is None:
            target = word
        else:
            raise OptionError(
                f"%app takes one app; here are {target} and {word}.", hint="As in  %app shop:create_app('test')"
            )
    if target is not None and _ADDRESS.match(_unquoted(target)):
        raise OptionError(
            f"%app takes an app, and {_unquoted(target)} is an address.",
            hint="Name the app behind it, which is imported and needs no port:  %app shop:app   and then  %http /",
        )
    return AppLine(target if target is None else _unquoted(target), tuple(headers), reload)


def _header(value: str | None) -> tuple[str, str]:
    name, colon, content = _unquoted(value or "").partition(":")
    if not colon or not _TOKEN.match(name.strip()):
        raise OptionError(
            f"-H takes a header; {value or 'nothing'} is none.", hint="As in  %app app -H 'X-Tenant: blue'"
        )
    return name.strip(), content.strip()


def _words(text: str) -> list[str]:
    """The words of a line; blanks inside quotes, parentheses and ``{{ }}`` belong to their word, ` #` ends the line."""
    words: list[str] = []
    word, quote, depth = "", "", 0
    for index, char in enumerate(text):
        if quote:
            quote = "" if char == quote and text[index - 1] != "\\" else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "#" and not word and not depth:
            break
        elif char.isspace() and depth <= 0:
            words += [word] if word else []
            word = ""
            continue
        word += char
    if quote or depth > 0:
        raise OptionError(f"%app {text.strip()}: {'a quote' if quote else 'a parenthesis'} is open.", hint="Close it.")
    return [*words, word] if word else words


def _unquoted(word: str) -> str:
    """A word without the quotes around it; those inside a call stay."""
    if len(word) >= 2 and word[0] in "'\"" and word[-1] == word[0]:
        return word[1:-1]
    return word
