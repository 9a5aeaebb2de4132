"""HTTPie's nested names: ``user[name]``, ``tags[]``, ``[0][id]``, and the JSON that items with such names make."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from nbmicro.language.template import Placeholder, Template

#: The largest index, for what stands before it is filled with nulls.
LARGEST_INDEX = 9999
_TOKEN = re.compile(r"\\[\[\]\\]|.", re.S)
_KINDS = {dict: "an object", list: "an array", str: "a text", bool: "a boolean", type(None): "null"}


class NestedKeyError(ValueError):
    """A nested name that cannot be read, or that does not fit the items before it; ``at`` is its character."""

    def __init__(self, message: str, at: int = 0) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a nested name: the ``key`` of an object, the ``index`` of an array, or its end (``append``).

    A ``filled`` one is a placeholder alone in its brackets, which is an index where its value is a whole number.
    """

    kind: Literal["key", "index", "append", "filled"]
    name: Template
    at: int = 0


def nested_key(name: Template) -> list[Step]:
    r"""The steps of a name: the first one, and those in brackets; ``\[``, ``\]`` and ``\\`` stand for themselves.

    Raises
    ------
    NestedKeyError
        A bracket that is not closed or opens nothing.
    """
    reader = _Reader(name)
    steps = [reader.first()]
    while reader.more:
        steps.append(reader.bracket("behind a bracket stands another one, or nothing"))
    return steps


class _Reader:
    def __init__(self, name: Template) -> None:
        self._tokens: list[tuple[str | Placeholder, int]] = []
        at = 0
        for part in name.parts:
            if isinstance(part, str):
                self._tokens += [(found[0], at + found.start()) for found in _TOKEN.finditer(part)]
            else:
                self._tokens.append((part, at))
            at += len(str(part))
        self._end = at
        self._position = 0

    @property
    def more(self) -> bool:
        return self._position < len(self._tokens)

    def first(self) -> Step:
        if self._token() == "[":
            step = self.bracket("")
            if step.kind == "key":
                raise NestedKeyError("a body that is an array begins with [] or [0]", step.at)
            return step
        at = self._place()
        parts, is_escaped = self._text()
        return Step("key", _template(parts if is_escaped else _without_mark(parts)), at)

    def bracket(self, wrong: str) -> Step:
        at = self._place()
        if self._token() != "[":
            raise NestedKeyError(wrong, at)
        self._position += 1
        inside = self._place()
        parts, is_escaped = self._text()
        if self._token() != "]":
            raise NestedKeyError("a `]` is missing", self._place())
        self._position += 1
        if not parts:
            return Step("append", Template(""), at)
        if len(parts) == 1 and isinstance(parts[0], Placeholder):
            return Step("filled", _template(parts), inside)
        number = None if is_escaped else _number(parts)
        if number is not None and number < 0:
            raise NestedKeyError("an index counts from 0", inside)
        if number is not None:
            return Step("index", _template([str(number)]), inside)
        return Step("key", _template(parts if is_escaped else _without_mark(parts)), inside)

    def _text(self) -> tuple[list[str | Placeholder], bool]:
        """The text up to a bracket, unescaped, and whether anything was escaped."""
        parts: list[str | Placeholder] = []
        is_escaped = False
        while self.more and (token := self._token()) not in {"[", "]"}:
            self._position += 1
            if isinstance(token, str):
                if len(token) == 2:
                    token, is_escaped = token[1], True
                if parts and isinstance(parts[-1], str):
                    parts[-1] += token
                    continue
            parts.append(token)
        return parts, is_escaped

    def _token(self) -> str | Placeholder:
        return self._tokens[self._position][0] if self.more else ""

    def _place(self) -> int:
        return self._tokens[self._position][1] if self.more else self._end


def _number(parts: list[str | Placeholder]) -> int | None:
    """The whole number that a text is, as HTTPie reads one."""
    try:
        return int("".join(map(str, parts)))
    except ValueError:
        return None


def _without_mark(parts: list[str | Placeholder]) -> list[str | Placeholder]:
    """Without the backslash that makes a name of a number."""
    text = parts[0] if len(parts) == 1 else ""
    is_marked = isinstance(text, str) and text.startswith("\\") and _number([text[1:]]) is not None
    return [str(text)[1:]] if is_marked else parts


def _template(parts: list[str | Placeholder]) -> Template:
    return Template("".join(map(str, parts)), tuple(parts))


def put(root: Any, steps: list[str | int | None], value: Any) -> Any:
    """Put a value into a JSON value and give that back: an object or an array, as the first step says.

    Parameters
    ----------
    root:
        What the items before it have made; None for nothing.
    steps:
        A key is a text, an index a number, and the end of an array is None.

    Raises
    ------
    NestedKeyError
        A step into a value that has no such steps, or beyond :data:`LARGEST_INDEX`.
    """
    here = root = _empty(steps[0]) if root is None else root
    for number, step in enumerate(steps):
        if not isinstance(here, type(_empty(step))):
            raise NestedKeyError(_mismatch(steps[:number], step, here))
        is_last = number + 1 == len(steps)
        inner = value if is_last else _empty(steps[number + 1])
        if step is None:
            here.append(inner)
        elif isinstance(step, int):
            if step > LARGEST_INDEX:
                raise NestedKeyError(f"an index is at most {LARGEST_INDEX}, for nulls fill what is before it")
            here.extend([None] * (step - len(here) + 1))
            here[step] = inner if is_last or here[step] is None else here[step]
            inner = here[step]
        else:
            here[step] = inner if is_last else here.get(step, inner)
            inner = here[step]
        here = inner
    return root


def _empty(step: str | int | None) -> Any:
    return {} if isinstance(step, str) else []


def _mismatch(before: list[str | int | None], step: str | int | None, value: Any) -> str:
    wanted = "an object" if isinstance(step, str) else "an array"
    if not before:
        return f"the items before it make {_KINDS.get(type(value), 'a value')}, and it needs {wanted}"
    place = str(before[0]) if isinstance(before[0], str) else f"[{'' if before[0] is None else before[0]}]"
    place += "".join(f"[{'' if one is None else one}]" for one in before[1:])
    return f"it needs {wanted} at `{place}`, and that is {_KINDS.get(type(value), 'a number')}"
