"""The words of a shell's command line, with the place of every character: bash's quotes, and those of Windows' cmd."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nbmicro.errors import RequestError
from nbmicro.language.template import Place, Template, parse_template, placeholder_end

# Bash's ANSI-C quoting, in which browsers write data with quotes and line breaks: $'it\'s'.
_ANSI_C = re.compile(r"\\(?:([abeEfnrtv\\'\"?])|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8}))")
_ANSI_C_BYTES = re.compile(r"(?:\\(?:[0-7]{1,3}|x[0-9A-Fa-f]{1,2}))+")
_ANSI_C_LETTERS = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_WINDOWS = re.compile(r'[^\n]*?(?:\^"|\^[ \t]*\n)')
# What ends a word and is no part of one, for bash and for cmd.
_OPERATOR = re.compile(r"\d*(?:<<<|<<-?|<>|<&|>>|>&\d?|>\||[<>])|&>>?|&&?|\|[|&]?|;;?|[()]")
_CMD_OPERATOR = re.compile(r"[12]?(?:>>|>&\d?|[<>])|&&?|\|\|?|;(?=\s*\Z)")
# What bash would put something else for.
_VARIABLE = re.compile(r"\$(?:(?P<name>[A-Za-z_]\w*)|\{(?P<braces>[^}\n]*)\}|[0-9@*#?$!-])", re.ASCII)
_COMMAND = re.compile(r"\$\(\(.*?\)\)|\$\(.*?\)|\$\[.*?\]|`[^`]*`", re.DOTALL)
_CMD_VARIABLE = re.compile(r"%(\w[^%\s]*)%", re.ASCII)
_HOME = re.compile(r"~(?=[/\s]|\Z)")
_BRACES = re.compile(r"\{[^\s{}]*(?:,|\.\.)[^\s{}]*\}")


@dataclass(frozen=True, slots=True)
class ShellWord:
    """A word without its quotes; ``places`` has the line and column of each character, and of the end.

    ``operator`` says that it is no word but what stands between commands: ``|``, ``&``, ``>``.
    """

    text: str
    places: tuple[tuple[int, int], ...]
    quoted: bool = False
    operator: bool = False

    @property
    def line(self) -> int:
        return self.places[0][0]

    @property
    def column(self) -> int:
        return self.places[0][1]

    def cut(self, start: int, stop: int | None = None) -> ShellWord:
        """A part of it, as it stands."""
        stop = len(self.text) if stop is None else stop
        return ShellWord(self.text[start:stop], self.places[start : stop + 1], self.quoted)

    def part(self, start: int, stop: int | None = None) -> ShellWord:
        """A part of it, without the spaces around it."""
        stop = len(self.text) if stop is None else stop
        while start < stop and self.text[start].isspace():
            start += 1
        while stop > start and self.text[stop - 1].isspace():
            stop -= 1
        return self.cut(start, stop)

    def template(self, text: str | None = None) -> Template:
        """The word with its placeholders found; ``text`` is what stands in its place, if it differs."""
        last = len(self.places) - 1
        return parse_template(self.text if text is None else text, lambda offset: self.places[min(offset, last)])


class _Unclosed(RequestError):
    """A quote, or a line that ends in a backslash, goes on behind the text."""


class _Reader:
    def __init__(self, text: str, place: Place, *, is_cmd: bool = False, literal: frozenset[int] = frozenset()) -> None:
        self.text = text
        self.place = place
        self.is_cmd = is_cmd
        #: Where a character stands that is no operator, as it was quoted by a caret.
        self.literal = literal
        self.position = 0
        self.chars: list[str] = []
        self.places: list[tuple[int, int]] = []

    def fail(self, message: str, hint: str) -> RequestError:
        line, column = self.place(self.position)
        return RequestError(message, hint=hint, line=line, column=column)

    def check_expansion(self) -> None:
        """Reject what bash would put something else for: a variable, what a command prints."""
        if self.is_cmd or self.text[self.position] not in "$`":
            return
        found = _COMMAND.match(self.text, self.position)
        if found is not None:
            message = f"`{found[0]}` is what the shell computes, and there is none here."
            raise self.fail(message, "Compute it in Python, and write its name:  {{ day }}")
        found = _VARIABLE.match(self.text, self.position)
        if found is not None:
            name = re.match(r"\w*", found["name"] or found["braces"] or "")
            raise self.fail(
                f"`{found[0]}` is a variable of the shell, and there is none here.", _of(name[0] if name else "")
            )

    def keep(self, char: str, at: int) -> None:
        self.chars.append(char)
        self.places.append(self.place(at))

    def take(self, count: int = 1) -> None:
        for at in range(self.position, min(self.position + count, len(self.text))):
            self.keep(self.text[at], at)
        self.position += count

    def placeholder(self) -> bool:
        """Take a whole ``{{ … }}``, whose quotes and spaces are Python's."""
        end = placeholder_end(self.text, self.position + 2) if self.text.startswith("{{", self.position) else -1
        if end < 0:
            return False
        self.take(end + 2 - self.position)
        return True

    def quotation(self, quote: str, inside: Callable[[], bool]) -> None:
        """Take what stands up to the closing quote; ``inside`` takes what is special there."""
        opening = self.position
        self.position += len(quote)
        closing = quote[-1]
        while self.position < len(self.text):
            if self.text[self.position] == closing:
                self.position += 1
                if quote == '"' and self.text.startswith('"', self.position) and self.position > opening + 2:
                    message = '`""` is a quote to Windows\' cmd, and nothing to other shells.'
                    raise self.fail(message, r"Write the quote as  \"")
                return
            if not inside():
                self.take()
        line, column = self.place(opening)
        raise _Unclosed(
            f"the quote {quote} is never closed.", hint="Copy the command again, as a whole.", line=line, column=column
        )

    def double(self) -> bool:
        if self.placeholder():
            return True
        following = self.text[self.position + 1 : self.position + 2]
        if self.text[self.position] == "\\" and following in {'"', "\\", "$", "`", "\n"} and following:
            self.position += 1
            if following == "\n":
                self.position += 1
                return True
            self.take()
            return True
        self.check_expansion()
        return False

    def ansi_c(self) -> bool:
        several = _ANSI_C_BYTES.match(self.text, self.position)
        if several is not None:
            # Bytes, which together are characters in UTF-8; what is none is kept for the body (PEP 383).
            codes = [int(one[1:], 16) if one[0] == "x" else int(one, 8) & 0xFF for one in several[0].split("\\")[1:]]
            for char in bytes(codes).decode("utf-8", "surrogateescape"):
                self.keep(char, self.position)
            self.position = several.end()
            return True
        found = _ANSI_C.match(self.text, self.position)
        if found is None:
            return False
        letter, short, long = found.groups()
        code = int(short or long, 16) if letter is None else None
        if code is None:
            self.keep(_ANSI_C_LETTERS.get(letter, letter), self.position)
        elif code <= 0x10FFFF:
            self.keep(chr(code), self.position)
        self.position = found.end()
        return True

    def operator(self) -> ShellWord | None:
        """Take what stands between commands; None where a word begins, or goes on."""
        found = (_CMD_OPERATOR if self.is_cmd else _OPERATOR).match(self.text, self.position)
        if found is None or self.position in self.literal:
            return None
        places = tuple(self.place(at) for at in range(found.start(), found.end() + 1))
        self.position = found.end()
        return ShellWord(found[0], places, operator=True)

    def word(self) -> ShellWord:
        self.chars, self.places = [], []
        start = self.position
        while self.position < len(self.text) and not self.text[self.position].isspace():
            char = self.text[self.position]
            if self.placeholder():
                continue
            if char == '"' or self.text.startswith('$"', self.position):
                self.position += char == "$"
                self.quotation('"', self.double)
            elif char == "'":
                self.quotation("'", self.placeholder)
            elif self.text.startswith("$'", self.position):
                self.quotation("$'", self.ansi_c)
            elif char == "\\" and not (
                self.is_cmd and self.text[self.position + 1 : self.position + 2] not in {'"', "\n"}
            ):
                self.position += 1
                if self.text.startswith("\n", self.position):
                    self.position += 1
                else:
                    self.take()
            elif char in "|&;<>()" and self.ends_word():
                break
            else:
                self.check_expansion()
                if not self.home():
                    self.take()
        if not self.chars:
            self.places = [self.place(start)]
        quoted = self.text[start : start + 1] in {"'", '"'} or self.text.startswith(("$'", '$"'), start)
        end = self.place(max(self.position - 1, start))
        return ShellWord("".join(self.chars), (*self.places, (end[0], end[1] + 1)), quoted or not self.chars)

    def ends_word(self) -> bool:
        operators = _CMD_OPERATOR if self.is_cmd else _OPERATOR
        return self.position not in self.literal and operators.match(self.text, self.position) is not None

    def home(self) -> bool:
        """Take ``~`` as the home folder where bash does; reject braces, of which it makes several words."""
        if self.is_cmd or self.text[self.position] not in "~{":
            return False
        found = _BRACES.match(self.text, self.position)
        if found is not None:
            message = f"`{found[0]}` are several words to the shell."
            raise self.fail(message, "Put quotes around it, or write each word.")
        if not _HOME.match(self.text, self.position):
            return False
        if self.chars and re.fullmatch(r"[A-Za-z_]\w*=", "".join(self.chars), re.ASCII):
            raise self.fail("`~` is the home folder to the shell.", "Write its path, or put quotes around  ~")
        if self.chars:
            return False
        for char in os.path.expanduser("~"):
            self.keep(char, self.position)
        self.position += 1
        return True


def _of(name: str) -> str:
    """What to write for a variable of the shell."""
    if not name.isidentifier():
        return "Write the value itself."
    return f"Write  {{{{$processEnv {name}}}}}  for the environment's value, or  {{{{ {name} }}}}  for the notebook's."


def shell_words(text: str, place: Place) -> list[ShellWord]:
    """The words of a command.

    Parameters
    ----------
    text:
        The command; a backslash at the end of a line continues it, or a caret if it was copied for Windows' cmd.
    place:
        The line and column of each character of it.

    Raises
    ------
    RequestError
        A quote that is never closed, or what a shell would put something else for: ``$TOKEN``, ``$(date)``.
    """
    is_cmd = bool(_WINDOWS.match(text))
    literal: frozenset[int] = frozenset()
    if is_cmd:
        text, place, literal = _from_windows(text, place)
    reader = _Reader(text, place, is_cmd=is_cmd, literal=literal)
    words: list[ShellWord] = []
    while reader.position < len(text):
        if text[reader.position].isspace():
            reader.position += 1
        elif text.startswith("\\\n", reader.position) or text[reader.position :] == "\\":
            reader.position += 2
        elif text[reader.position] == "#":
            end = text.find("\n", reader.position)
            reader.position = len(text) if end < 0 else end
        elif (operator := reader.operator()) is not None:
            words.append(operator)
        else:
            word = reader.word()
            if word.text or word.quoted:
                words.append(word)
    return words


def is_open(lines: Sequence[str]) -> bool:
    """Whether a command goes on below these lines: a quote is open, or the last one ends in ``\\`` or ``^``."""
    if not lines or re.search(r"(?<!\\)(?:\\\\)*\\\s*\Z", lines[-1]) or lines[-1].rstrip().endswith("^"):
        return True
    try:
        shell_words("\n".join(lines), lambda offset: (1, offset + 1))
    except _Unclosed:
        return True
    except RequestError:
        return False
    return False


def _from_windows(text: str, place: Place) -> tuple[str, Place, frozenset[int]]:
    """The command without cmd's carets, and where they quoted a character; at the end of a line they continue it.

    RequestError where cmd would put the value of ``%TOKEN%``.
    """
    chars: list[str] = []
    offsets: list[int] = []
    literal: set[int] = set()
    position = 0
    while position < len(text):
        if text[position] == "^":
            line_end = re.compile(r"\^[ \t]*\n(\n)?").match(text, position)
            if line_end:
                # A line break in an argument is written as a caret and two line breaks.
                chars.append("\n" if line_end[1] else " ")
                offsets.append(position)
                position = line_end.end()
                continue
            position += 1
            if position == len(text):
                break
            literal.add(len(chars))
        elif (variable := _CMD_VARIABLE.match(text, position)) is not None:
            line, column = place(position)
            message = f"`{variable[0]}` is a variable of the shell, and there is none here."
            raise RequestError(message, hint=_of(variable[1]), line=line, column=column)
        chars.append(text[position])
        offsets.append(position)
        position += 1
    offsets.append(len(text))
    return "".join(chars), lambda offset: place(offsets[min(offset, len(offsets) - 1)]), frozenset(literal)
