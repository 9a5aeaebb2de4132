"""The `%%route` line: its methods, rule, options and what stands after `--try`."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from nbmicro.cells import line_faults
from nbmicro.errors import CellError
from nbmicro.http.methods import ROUTE_METHODS
from nbmicro.web.rules import parameters, replace_parameters, rule_endpoint, rule_text

_METHOD_WORDS = re.compile(r"\s*([A-Za-z][A-Za-z-]*(?:\s*,\s*[A-Za-z][A-Za-z-]*)*)\s*,?(?=\s|$)")
_END_OF_ROUTE = re.compile(r"(?:^|(?<=\s))(?:(?P<attempt>--try)(?=\s|$)|#)")
_QUOTED = re.compile(r"(?<!\S)([\"'])(?P<text>.*?)\1(?=\s|$)")


@dataclass(frozen=True)
class RouteLine:
    """What a `%%route` line declares.

    Parameters
    ----------
    methods:
        Upper case, in the order they were written; ``("GET",)`` when none was.
    rule:
        In Werkzeug's syntax, without quotes.
    endpoint:
        What `--name` gave, else ``None``.
    attempt:
        The rest of the line after `--try`, untouched; ``None`` without `--try`.
    parameters:
        The rule's parameter names, in order.
    """

    methods: tuple[str, ...]
    rule: str
    endpoint: str | None
    attempt: str | None
    parameters: tuple[str, ...]

    @property
    def label(self) -> str:
        """The declaration as it is named everywhere: ``GET /boom``, ``GET,POST /login``."""
        return f"{','.join(self.methods)} {self.rule}"

    @property
    def default_endpoint(self) -> str:
        """The endpoint of a body without `--name`: from methods and rule alone, and always a Python name."""
        name = rule_endpoint(self.rule)
        if self.methods[0] != "GET":
            name = f"{name}_{re.sub(r'[^a-z]+', '_', self.methods[0].lower())}"
        if not name.isidentifier():
            name = f"route_{name}"
        if not name.isidentifier():
            name = re.sub(r"[^a-zA-Z0-9]+", "_", name).strip("_")
        return f"{name}_" if keyword.iskeyword(name) else name


@dataclass
class _Words:
    """The words after the methods, as they are found: the rule, the options' values, and what is too much."""

    rule: str | None = None
    quoted: bool = False
    name: str | None = None
    extra: tuple[str, ...] = ()


def parse_route_line(line: str) -> RouteLine:
    """Read a `%%route` line.

    Parameters
    ----------
    line:
        What stands after ``%%route`` on the cell's first line.

    Raises
    ------
    CellError
        The line is not one; the hint shows it corrected, and the column is that of the words that are wrong.
    """
    flat = re.sub(r"[\r\n]+", " ", line)
    try:
        return _parsed(flat.strip())
    except CellError as error:
        if error.column is None:
            error.column = len("%%route ") + line_faults.place_of(error.words, flat) + 1
        raise


def _parsed(line: str) -> RouteLine:
    head, attempt = _without_attempt(line)
    tail = "" if attempt is None else f" --try {attempt}".rstrip()
    line_faults.refuse_decorator(head, tail)
    line_faults.refuse_methods_argument(head, tail)
    methods, start = _methods(head)
    words = _words(head, start, tail)
    typed = line_faults.TypedLine(methods or (), words.rule or "", words.name, tail)
    line_faults.refuse_words(typed, words.rule, words.extra)
    rule = typed.rule
    line_faults.refuse_rule(typed)
    line_faults.refuse_name(typed)
    names = tuple(parameter.name for parameter in parameters(rule))
    return RouteLine(tuple(dict.fromkeys(methods or ("GET",))), rule, words.name, attempt, names)


def _without_attempt(line: str) -> tuple[str, str | None]:
    """Cut the line at `--try` or at an unquoted ` #`: a quoted rule and a parameter's arguments hide both."""
    masked = _QUOTED.sub(lambda found: "x" * len(found[0]), line)
    masked = replace_parameters(masked, lambda parameter: "x" * len(parameter.text))
    end = _END_OF_ROUTE.search(masked)
    if end is None:
        return line, None
    return line[: end.start()].rstrip(), line[end.end() :].strip() if end["attempt"] else None


def _methods(head: str) -> tuple[tuple[str, ...] | None, int]:
    """The methods before the rule, and where they end; a lone word that is no method is taken for a rule."""
    found = _METHOD_WORDS.match(head)
    if found is None:
        line_faults.refuse_method_list(head)
        return None, 0
    words = tuple(word.strip().upper() for word in found[1].split(","))
    if len(words) == 1 and words[0] not in ROUTE_METHODS and not head[found.end() :].lstrip().startswith("/"):
        return None, 0
    line_faults.refuse_methods(found[1], words, head[found.end() :].strip())
    return words, found.end()


def _words(head: str, start: int, tail: str) -> _Words:
    words = _Words()
    while True:
        word, quoted, start = _word(head, start)
        if word is None:
            return words
        if word.startswith("-") and not quoted:
            option, equals, value = word.partition("=")
            line_faults.refuse_option(head, option, tail)
            words.name = value
            if not equals:
                named, _, start = _word(head, start)
                words.name = named or ""
        elif words.rule is None:
            words.rule, words.quoted = word, quoted
        else:
            words.extra = (*words.extra, word)


def _word(head: str, start: int) -> tuple[str | None, bool, int]:
    """The next word from `start`: it, whether it was quoted, and where it ends."""
    while start < len(head) and head[start].isspace():
        start += 1
    if start >= len(head):
        return None, False, start
    quoted = _QUOTED.match(head, start)
    if quoted is not None:
        return quoted["text"], True, quoted.end()
    word, end = rule_text(head, start)
    return word, False, end
