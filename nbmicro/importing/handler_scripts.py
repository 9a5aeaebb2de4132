"""Response handler scripts of JetBrains' client: a test of the status and values kept for later requests, as Python."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from nbmicro.exchange.json_path import json_path

#: The beginning of a script that stands in the file itself.
HANDLER_SCRIPT = re.compile(r">[ \t]*\{%")
_END = re.compile(r"%\}\s*\Z")
#: The names that a line keeps for later requests.
NAMES_KEPT = re.compile(r"""client\s*\.\s*global\s*\.\s*set\(\s*["']([^"'\\]+)["']""")
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_$][\w$]*)
    | (?P<sign>===?|=>|\?\.|.)""",
    re.VERBOSE | re.DOTALL,
)
_STATUS_TEST = re.compile(r"response\.status===?([1-9]\d\d)|([1-9]\d\d)===?response\.status")
_OPEN, _CLOSED = {"(", "[", "{"}, {")", "]", "}"}
# What a message or a log that is left out may not hold, since it would do something.
_ACTS = frozenset({"=", "=>", "set", "assert", "test", "exit", "function", "clear", "clearAll"})
_LOGS = frozenset({"log", "info", "warn", "error", "debug"})
_WORDS = {"true": "True", "false": "False", "null": "None"}


@dataclass
class HandlerScript:
    """What a script does: the status that it tests, the names that it keeps with their Python, and whether it logs."""

    status: int | None = None
    kept: dict[str, str] = field(default_factory=dict)
    has_log: bool = False


def read_script(lines: Sequence[str]) -> tuple[int, HandlerScript | None]:
    """How many of the lines the script at their beginning has, and what it does; None if it does anything else too."""
    count = next((at for at, line in enumerate(lines, 1) if "%}" in line), len(lines))
    text = "\n".join(lines[:count])
    begin, end = HANDLER_SCRIPT.match(text), _END.search(text)
    if begin is None or end is None:
        return count, None
    try:
        found = _Reader(text[begin.end() : end.start()]).script()
    except _AnythingElseError:
        return count, None
    return count, found if found.status is not None or found.kept else None


class _AnythingElseError(Exception):
    """The script does something that has no place in a request's own checks and captures."""


@dataclass(frozen=True)
class _Value:
    """A value as Python; ``steps`` lead into the body where it is one or a part of it."""

    python: str = ""
    steps: tuple[str | int, ...] | None = None
    is_json: bool = False

    def written(self) -> str:
        if self.steps is None:
            return self.python
        if self.steps or self.is_json:
            return "json" + "".join(f"[{json.dumps(step, ensure_ascii=False)}]" for step in self.steps)
        return 'json if "json" in headers.get("Content-Type", "") else text'


class _Reader:
    """Reads the statements of a script one after the other."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.position = 0
        self.found = HandlerScript()
        self.values: dict[str, _Value] = {}

    def script(self) -> HandlerScript:
        while self.position < len(self.tokens):
            self.statement()
        return self.found

    @property
    def next(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        """The next token, or all that are expected, which must be the next ones."""
        for token in expected or (self.next,):
            if not token or self.next != token:
                raise _AnythingElseError
            self.position += 1
        return self.tokens[self.position - 1]

    def takes(self, *expected: str) -> bool:
        """Whether these tokens come next; if so they are read."""
        if tuple(self.tokens[self.position : self.position + len(expected)]) != expected:
            return False
        self.position += len(expected)
        return True

    def statement(self) -> None:
        if self.takes(";"):
            return
        if self.next in {"const", "let", "var"}:
            self.take()
            self.declaration()
        elif self.takes("client", ".", "test", "("):
            self.skip_to(",")
            self.take(",")
            self.function()
            self.close()
        elif self.takes("client", ".", "assert", "("):
            self.status_test()
            if self.next == ",":
                self.skip_to(")")
            self.close()
        elif self.takes("client", ".", "global", ".", "set", "("):
            name = self.text()
            self.take(",")
            self.found.kept[name] = self.value()
            self.close()
        elif self.next in {"client", "console"}:
            self.take()
            self.take(".")
            if self.take() not in _LOGS:
                raise _AnythingElseError
            self.take("(")
            self.skip_to(")")
            self.close()
            self.found.has_log = True
        else:
            raise _AnythingElseError

    def close(self) -> None:
        self.takes(",")
        self.take(")")

    def function(self) -> None:
        """``function () { … }``, ``() => { … }`` or ``() => client.assert(…)``."""
        if self.takes("function"):
            if self.next != "(":
                self.name()
            self.take("(", ")")
        else:
            self.take("(", ")", "=>")
            if self.next != "{":
                self.statement()
                return
        self.take("{")
        while not self.takes("}"):
            self.statement()

    def declaration(self) -> None:
        """``json = response.body``, or ``{ token, user: who } = response.body``."""
        if not self.takes("{"):
            name = self.name()
            self.take("=")
            self.values[name] = self.part()
            return
        names: dict[str, str] = {}
        while not self.takes("}"):
            name = self.name()
            names[self.name() if self.takes(":") else name] = name
            self.takes(",")
        self.take("=")
        value = self.part()
        if value.steps is None:
            raise _AnythingElseError
        self.values |= {new: replace(value, steps=(*value.steps, name)) for new, name in names.items()}

    def status_test(self) -> None:
        """``response.status === 200``, or with its sides turned."""
        tested = _STATUS_TEST.fullmatch("".join(self.tokens[self.position : self.position + 5]))
        status = int(tested[1] or tested[2]) if tested else 0
        if not status or self.found.status not in {None, status}:
            raise _AnythingElseError
        self.position += 5
        self.found.status = status

    def value(self) -> str:
        """A value as Python; texts may be joined to it."""
        parts = [self.part()]
        while self.takes("+"):
            parts.append(self.part())
        written = [part.written() for part in parts]
        return (
            written[0]
            if len(written) == 1
            else " + ".join(f"({one})" if " if " in one and one[0] != '"' else one for one in written)
        )

    def part(self) -> _Value:
        token = self.next
        if token[:1] in {'"', "'", "`"}:
            return _Value(json.dumps(self.text(), ensure_ascii=False))
        if token[:1].isdigit() or token in _WORDS:
            return _Value(_WORDS.get(token, self.take()))
        if self.takes("response", ".", "status"):
            return _Value("status")
        if self.takes("response", ".", "headers", "."):
            return self.header()
        if self.takes("jsonPath", "("):
            value = self.part()
            self.take(",")
            steps = json_path(self.text())
            self.close()
            if value.steps is None or steps is None:
                raise _AnythingElseError
            return replace(value, steps=(*value.steps, *steps), is_json=True)
        if self.takes("JSON", ".", "parse", "("):
            value = self.part()
            self.close()
            return self.steps(replace(value, is_json=True))
        if self.takes("response", ".", "body"):
            return self.steps(_Value(steps=()))
        known = self.values.get(self.take())
        if known is None:
            raise _AnythingElseError
        return self.steps(known)

    def header(self) -> _Value:
        """``valueOf("X-Token")`` and ``valuesOf("Set-Cookie")[0]`` of the response's headers."""
        kind = self.take()
        self.take("(")
        name = json.dumps(self.text(), ensure_ascii=False)
        self.close()
        if kind == "valueOf":
            return _Value(f"headers[{name}]")
        if kind != "valuesOf" or not self.takes("["):
            raise _AnythingElseError
        index = self.take()
        self.take("]")
        if not index.isdigit():
            raise _AnythingElseError
        return _Value(f"headers.getlist({name})[{index}]")

    def steps(self, value: _Value) -> _Value:
        """The parts of the body that are named behind it: ``.data[0]["token"]``."""
        steps: list[str | int] = []
        while self.next in {".", "?.", "["}:
            if self.take() == "[":
                steps.append(int(self.take()) if self.next.isdigit() else self.text())
                self.take("]")
            elif self.next != "[":
                steps.append(self.name())
        if self.next == "(" or "length" in steps or (steps and value.steps is None):
            # A method, or what JavaScript computes.
            raise _AnythingElseError
        return replace(value, steps=(*(value.steps or ()), *steps)) if steps else value

    def name(self) -> str:
        if not re.match(r"[A-Za-z_$]", self.next):
            raise _AnythingElseError
        return self.take()

    def text(self) -> str:
        token = self.take()
        if token[:1] not in {'"', "'", "`"} or "\\" in token or (token[0] == "`" and "${" in token):
            raise _AnythingElseError
        return token[1:-1]

    def skip_to(self, end: str) -> None:
        """Leave out what says something and does nothing, up to the sign that ends it."""
        depth = 0
        while self.next != end or depth:
            token = self.take()
            if token in _ACTS:
                raise _AnythingElseError
            depth += (token in _OPEN) - (token in _CLOSED)
            if depth < 0:
                raise _AnythingElseError


def _tokens(text: str) -> Iterator[str]:
    for found in _TOKEN.finditer(text):
        if found.lastgroup != "space":
            yield found[0]
