"""The options of requests: on the magic's own line, as a comment ``# @timeout 5``, and in ``[Options]``.

Tab, the help of ``%http`` and the export read these tables too, so that an option is written down once.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

from nbmicro.errors import RequestError
from nbmicro.exchange.records import SHOW_PARTS
from nbmicro.language.template import Template
from nbmicro.language.words import Word
from nbmicro.printable import did_you_mean


@dataclass(frozen=True, slots=True)
class Options:
    """How a request is sent and shown.

    Parameters
    ----------
    form: data items are a form, not JSON (``-f``).
    auth: ``USER:PASS`` for basic authentication (``-a``).
    follow: redirects are followed (``-F``).
    quiet: the exchange is not shown (``-q``, or a final ``;``).
    expect: the status the response must have (``--expect``).
    show: the parts of the exchange to show (``--show``), None for the default.
    timeout: the deadline in seconds (``--timeout``), None for the default.
    cookies: False where cookies are neither sent nor kept (``# @no-cookie-jar``).
    reset: the cookie jar is emptied first (``--reset``).
    file: the ``.http`` file to run instead (``--file``).
    help: help was asked for; nothing else of the line counts.
    line: where they stand; None if that is another text than the requests'.
    """

    form: bool = False
    auth: Template | None = None
    follow: bool | None = None
    quiet: bool = False
    expect: int | None = None
    show: tuple[str, ...] | None = None
    timeout: float | None = None
    cookies: bool | None = None
    reset: bool = False
    file: str | None = None
    help: bool = False
    line: int | None = field(default=1, compare=False)

    def over(self, others: Options) -> Options:
        """These options, and the ``others`` where these say nothing."""
        if self == NO_OPTIONS:
            return others
        names = [field.name for field in fields(self) if field.compare]
        given = {name: value for name in names if (value := getattr(self, name)) != getattr(NO_OPTIONS, name)}
        return replace(others, **given)


NO_OPTIONS = Options()


@dataclass(frozen=True, slots=True)
class Option:
    """A way to write an option.

    Parameters
    ----------
    names:
        Its spellings.
    field:
        What it sets of :class:`Options`; None if that is not nbmicro's to set.
    read:
        Reads the word behind it; without, it takes none and sets ``value``.
    takes:
        What that word is, as the help calls it.
    example:
        How it is written.
    help:
        What it does, as the magic's help says it.
    argument:
        The keyword of the client's methods that does the same.
    is_alone:
        Whether it stands in the place of a request, not beside one.
    """

    names: tuple[str, ...]
    field: str | None
    read: Callable[[Word], Any] | None = None
    takes: str = ""
    example: str = ""
    help: str = ""
    argument: str | None = None
    value: object = True
    is_alone: bool = False

    def value_of(self, word: Word) -> Any:
        """What the word behind it says.

        Raises RequestError, with the option as it is written here, for one that will not do.
        """
        if self.read is None:
            return self.value
        try:
            return self.read(word)
        except RequestError as error:
            # An example that ends in a blank is there to be completed.
            if error.hint is not None or not self.example.strip() or self.example[-1] == " ":
                raise
            raise RequestError.at(word, error.message, fix=self.example) from None

    def set(self, options: Options, value: object) -> Options:
        """The options with this one."""
        changes: dict[str, Any] = {self.field: value} if self.field is not None else {}
        return replace(options, **changes)


def named(name: str, table: Iterable[Option]) -> Option | None:
    """The option of a table that is spelt so."""
    return next((option for option in table if name in option.names), None)


def spellings(table: Iterable[Option]) -> list[str]:
    """All spellings of a table's options."""
    return [name for option in table for name in option.names]


def with_options(text: str) -> str:
    """The help of a magic with the options of its line for ``OPTIONS``, and each explained for ``EACH OPTION``."""
    options = [option for option in LINE_OPTIONS if option.help]
    usage = " ".join(f"[{f'{option.names[0]} {option.takes}'.rstrip()}]" for option in options if not option.is_alone)
    each = "\n".join(f"{option.names[0]:<9} {option.help}" for option in options)
    first, _, behind = text.partition(" OPTIONS\n")
    head, _, line = first.rpartition("\n")
    wrapped = textwrap.fill(f"{line} {usage}", 112, subsequent_indent=" " * 6, break_on_hyphens=False)
    return f"{head}\n{wrapped}\n{behind}".replace("EACH OPTION", each)


def show_parts(word: Word) -> tuple[str, ...]:
    """The parts named in ``headers,body`` or ``headers body``; RequestError for a part that there is not."""
    parts = tuple(word.text.replace(",", " ").split())
    for part in parts or ("",):
        if part not in SHOW_PARTS:
            what = f"`{part}` is no part of an exchange" if part else "no part of the exchange is named"
            near = did_you_mean(part, SHOW_PARTS)
            hint = f"Did you mean `{near}`? " if near else ""
            raise RequestError.at(word, f"{what}.", f"{hint}There are: {' '.join(SHOW_PARTS)}")
    return parts


def _seconds(word: Word) -> float:
    """A positive number of seconds, with or without its unit: ``5``, ``0.5``, ``5s``, ``500ms``."""
    number, factor = word.text, 1.0
    if number.endswith("ms"):
        number, factor = number[:-2], 0.001
    elif number.endswith("s"):
        number = number[:-1]
    try:
        seconds = float(number) * factor
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        message = f"`{word.text}` is no deadline: a number of seconds above 0, at most a day."
        raise RequestError.at(word, message)
    return seconds


def _credentials(word: Word, hint: str | None = None) -> Template:
    if ":" not in word.text:
        raise RequestError.at(word, f"`{word.text}` is no USER:PASS.", hint)
    return word.template()


def _status(word: Word) -> int:
    text = word.text
    if not (text.isascii() and text.isdigit() and len(text) == 3 and text >= "100"):
        raise RequestError.at(word, f"`{text}` is no status: three digits such as 201.")
    return int(text)


def _file(word: Word) -> str:
    if not word.text:
        raise RequestError("--file needs the name of a file.", line=word.line)
    return word.text


def _truth(name: str, word: Word) -> bool:
    if word.text not in {"true", "false"}:
        raise RequestError.at(word, f"{name} is true or false, not `{word.text}`.")
    return word.text == "true"


_NO_CREDENTIALS = "Write  -a ada:secret. A token is a header:  Authorization:'Bearer abc'"

#: The options of a ``%http`` or ``%%http`` line.
LINE_OPTIONS = [
    Option(("-f", "--form"), "form", help="send the data as a form"),
    Option(
        ("-a", "--auth"),
        "auth",
        partial(_credentials, hint=_NO_CREDENTIALS),
        takes="USER:PASS",
        example="-a ada:secret",
        help="basic authentication",
        argument="auth",
    ),
    Option(("-F", "--follow"), "follow", help="follow redirects", argument="follow"),
    Option(("-q", "--quiet"), "quiet", help="do not show it (a final ; does the same)"),
    Option(
        ("--expect",),
        "expect",
        _status,
        takes="STATUS",
        example="--expect 201",
        help="fail the cell on another status",
    ),
    Option(("--show",), "show", show_parts, takes="PARTS", example="--show headers,body", help=" ".join(SHOW_PARTS)),
    Option(
        ("--timeout",),
        "timeout",
        _seconds,
        takes="S",
        example="--timeout 5",
        help="seconds until it is given up; 30 without it",
        argument="timeout",
    ),
    Option(("--reset",), "reset", help="forget the cookies first"),
    Option(
        ("--file",),
        "file",
        _file,
        takes="FILE",
        example="--file api.http",
        help="send the requests of an .http file",
        is_alone=True,
    ),
    # What it takes is another language's: the line is given on to that.
    Option(
        ("--curl",),
        None,
        lambda word: word,
        takes="LINE",
        example="--curl 'curl -X POST http://localhost:5000/users -d name=Ada'",
        help="read the rest of the line as a curl command",
        is_alone=True,
    ),
    Option(("-h", "--help"), "help"),
]
#: The comments that say something of their request: ``# @timeout 5``. A name is the request's own, and no option.
DIRECTIVES = [
    Option(("name",), None, takes="NAME"),
    Option(("show",), "show", show_parts, takes="PARTS", example="# @show headers,body"),
    Option(("no-redirect",), "follow", value=False),
    Option(("no-cookie-jar",), "cookies", value=False),
    Option(("prompt",), None),
    Option(("note",), None),
    Option(("timeout",), "timeout", _seconds, takes="S", example="# @timeout 5"),
]
#: The directives of other tools that make another request of theirs, or none, and what to write instead.
FOREIGN_DIRECTIVES = {
    "disabled": "httpYac does not send this request. Take it out of the text.",
    "loop": "Send it in a loop of Python:  for n in range(3):  %http /users",
    "inject-variables": "Write  <@ ./file  for a file whose placeholders are filled.",
}
#: The lines of ``[Options]``.
SETTINGS = [
    Option(("location",), "follow", partial(_truth, "location"), example="location: true"),
    Option(("max-time",), "timeout", _seconds, example="max-time: 5"),
    Option(("timeout",), "timeout", _seconds, example="timeout: 5"),
    Option(("user",), "auth", _credentials, example="user: "),
    Option(("cookies",), "cookies", partial(_truth, "cookies"), example="cookies: false"),
    Option(("show",), "show", show_parts, example="show: "),
]

#: What stands for the options of HTTPie and curl.
_ELSEWHERE = {
    **dict.fromkeys(("-j", "--json"), "JSON is the default; leave it out."),
    "--multipart": "A file item makes the form multipart:  photo@a.png",
    **dict.fromkeys(("-v", "--verbose"), "Write  --show all"),
    "--headers": "Write  --show headers",
    **dict.fromkeys(("-b", "--body"), "Write  --show body"),
    **dict.fromkeys(("-p", "--print"), "Write  --show headers,body"),
    **dict.fromkeys(("-X", "--request"), "The method is the first word:  %http POST /users name=Ada"),
    **dict.fromkeys(("-d", "--data"), "Data are items:  %http POST /users name=Ada"),
    "--raw": "Write the body in a cell:  %%http POST /users, an empty line, the body",
    **dict.fromkeys(("-H", "--header"), "A header is an item:  %http /users X-Token:abc"),
    "-L": "Redirects are followed with  -F",
    "--check-status": "Write  --expect 200",
    "--session": "Cookies last from request to request by themselves; --reset empties the jar.",
}


def read_option(options: Options, words: Sequence[Word], position: int) -> tuple[Options, int, Word | None]:
    """Read the option at ``position`` of a line.

    Returns the options with it, the position behind it and its value, and the word of a ``--curl`` line if it was one.

    Raises
    ------
    RequestError
        An unknown option, or one whose value is missing or wrong.
    """
    word = words[position]
    spelling, equals, _ = word.text.partition("=")
    option = named(spelling, LINE_OPTIONS)
    if option is None and not equals and (cluster := _cluster(word.text)):
        for flag in cluster:
            options = flag.set(options, flag.value)
        return options, position + 1, None
    if option is None:
        raise _unknown(spelling, word)
    if option.read is None:
        if equals:
            raise RequestError.at(word, f"{spelling} takes no value.")
        return option.set(options, option.value), position + 1, None
    if equals:
        value, behind = word.part(len(spelling) + 1), position + 1
    elif position + 1 < len(words):
        value, behind = words[position + 1], position + 2
    else:
        raise RequestError.at(word, f"{spelling} needs a value.", fix=option.example)
    read = option.value_of(value)
    return option.set(options, read), behind, read if isinstance(read, Word) else None


def _cluster(text: str) -> list[Option]:
    """The flags of ``-fF``; none if it is no such word."""
    flags = [named(f"-{letter}", LINE_OPTIONS) for letter in text[1:]] if len(text) > 2 and text[1] != "-" else []
    return [flag for flag in flags if flag is not None] if all(flag and flag.read is None for flag in flags) else []


def _unknown(spelling: str, word: Word) -> RequestError:
    known = spellings(LINE_OPTIONS)
    near = did_you_mean(spelling, known)
    hint = _ELSEWHERE.get(spelling) or (f"Did you mean {near}?" if near else f"There are: {' '.join(known)}")
    return RequestError.at(word, f"%http has no option {spelling}.", hint)
