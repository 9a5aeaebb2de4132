"""The one reader of a URL rule's text (``/users/<int:id>``), in the syntax of Werkzeug's routing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from werkzeug.routing.converters import DEFAULT_CONVERTERS

_PARAMETER = re.compile(
    r"<(?:(?P<converter>[a-zA-Z_][a-zA-Z0-9_]*)(?:\((?P<arguments>.*?)\))?:)?(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)>"
)
# A slash that no angle brackets are around: the arguments of a converter may hold some.
_SLASH = re.compile(r"/(?![^<]*>)")
_AROUND = "\"'`\u201c\u201d\u2018\u2019 ()"
#: What other frameworks call a converter, and what it is here.
SAME_CONVERTER = {"str": "string", "number": "int", "slug": "string"}
_BRACES = re.compile(r"\{\s*([a-zA-Z_]\w*)\s*(?::\s*([a-zA-Z_]\w*)\s*)?\??\s*\}", re.ASCII)
_COLON = re.compile(r"(?<=/):([a-zA-Z_]\w*)\??", re.ASCII)
_ANGLES = re.compile(r"<[^<>/]*>")


@dataclass(frozen=True, slots=True)
class Converter:
    """What the parameters of one converter take.

    Parameters
    ----------
    exact:
        The expression that Werkzeug's converter matches without arguments.
    loose:
        One that also takes what it matches with arguments (``signed=True``), or what other frameworks' of that name do.
    example:
        A value of it.
    meaning:
        What it takes, in words; empty where that is any text.
    read:
        What makes the value of the text.
    """

    exact: str
    loose: str
    example: str
    meaning: str = ""
    read: Callable[[str], Any] = str


CONVERTERS = {
    "int": Converter(r"\d+", r"-?\d+", "1", "an int", int),
    "float": Converter(r"\d+\.\d+", r"-?\d+(?:\.\d+)?", "1.0", "a number with a point", float),
    "uuid": Converter(
        r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
        r"[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}",
        "00000000-0000-0000-0000-000000000000",
        "a UUID",
    ),
    "path": Converter(r".+", r".*", "a/b"),
}
"""The converters that take less or more than one part of a path, by name."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path value in a rule: ``<name>``, ``<converter:name>`` or ``<converter(arguments):name>``.

    Parameters
    ----------
    text:
        The whole of it, as it is written.
    name:
        The name of the value.
    converter:
        What reads the value; ``default``, as Werkzeug names it, where none is written.
    arguments:
        What stands in the converter's parentheses; None without any.
    """

    text: str
    name: str
    converter: str = "default"
    arguments: str | None = None

    @property
    def words(self) -> list[str]:
        """The arguments of ``any``: the words that it takes."""
        return [word.strip(" '\"") for word in (self.arguments or "").split(",")]


def rule_parts(rule: str) -> tuple[str | Parameter, ...]:
    """Cut a rule into its literal parts and its parameters.

    Parameters
    ----------
    rule:
        The rule as Werkzeug takes it, such as ``/users/<int:id>``.

    Raises
    ------
    ValueError
        An angle bracket is not part of a well-formed parameter.
    """
    parts = path_parts(rule)
    for part in parts:
        if isinstance(part, str) and ("<" in part or ">" in part):
            raise ValueError(part)
    return parts


def path_parts(rule: str) -> tuple[str | Parameter, ...]:
    """Cut a rule as :func:`rule_parts` does; what is no well-formed parameter is literal text."""
    parts: list[str | Parameter] = []
    start = 0
    for match in _PARAMETER.finditer(rule):
        if match.start() > start:
            parts.append(rule[start : match.start()])
        parts.append(_read(match))
        start = match.end()
    if start < len(rule):
        parts.append(rule[start:])
    return tuple(parts)


def _read(match: re.Match[str]) -> Parameter:
    return Parameter(match[0], match["name"], match["converter"] or "default", match["arguments"])


def parameters(rule: str) -> tuple[Parameter, ...]:
    """The parameters of a rule, in order; what is no well-formed parameter is literal text."""
    return tuple(map(_read, _PARAMETER.finditer(rule)))


def as_parameter(text: str) -> Parameter | None:
    """The parameter that a text is; None for a text that is more, or something else."""
    match = _PARAMETER.fullmatch(text)
    return None if match is None else _read(match)


def replace_parameters(rule: str, write: Callable[[Parameter], str]) -> str:
    """The rule with what ``write`` gives in the place of each parameter."""
    return _PARAMETER.sub(lambda match: write(_read(match)), rule)


def parameter_text(name: str, converter: str | None = None) -> str:
    """A parameter as it is written in a rule."""
    return f"<{converter}:{name}>" if converter is not None else f"<{name}>"


def literal_text(rule: str) -> str:
    """The rule without its parameters."""
    return _PARAMETER.sub("", rule)


def literal_start(rule: str) -> str:
    """What stands before the first parameter; of a rule without one, the rule."""
    return rule.partition("<")[0]


def rule_segments(rule: str) -> list[str]:
    """The rule cut at its slashes, those in a converter's arguments aside: ``["", "a", "<b>"]`` for ``/a/<b>``."""
    return _SLASH.split(rule)


def pattern_of(rule: str) -> str:
    """The rule with its parameter names left out: two rules with the same pattern answer the same URLs."""
    return replace_parameters(rule, lambda parameter: f"<{parameter.converter}({parameter.arguments or ''})>")


def path_pattern(rule: str, takes: Callable[[Parameter], str]) -> str:
    """A regular expression for the paths of a rule, with a group for each parameter. ``takes`` gives what a parameter
    takes, as a regular expression without groups of its own."""
    return "".join(re.escape(part) if isinstance(part, str) else f"({takes(part)})" for part in path_parts(rule))


@lru_cache(maxsize=4096)
def path_regex(rule: str, *, exact: bool) -> str:
    """A regular expression for the paths of a rule, by :data:`CONVERTERS`, with a group for each parameter.

    Parameters
    ----------
    rule:
        The rule, or a part of one.
    exact:
        Whether it matches what Werkzeug matches. Converters with arguments, and those of the user, take more.
    """

    def takes(parameter: Parameter) -> str:
        if parameter.converter == "any":
            return "|".join(map(re.escape, parameter.words))
        converter = CONVERTERS.get(parameter.converter)
        if converter is None:
            return "[^/]+"
        return converter.exact if exact and not parameter.arguments else converter.loose

    return path_pattern(rule, takes)


def joined_rule(prefix: str | None, rule: str) -> str:
    """The rule below a prefix: one slash between them, and none where the rule is empty. Without a prefix, the rule."""
    if prefix is None:
        return rule
    return f"{prefix.rstrip('/')}/{rule.lstrip('/')}" if rule else prefix


def rule_text(line: str, start: int) -> tuple[str, int]:
    """Read an unquoted rule from `line` at `start`; a parameter's arguments may hold spaces. Gives it and its end."""
    position = start
    while position < len(line) and not line[position].isspace():
        parameter = _PARAMETER.match(line, position) or _ANGLES.match(line, position)
        position = parameter.end() if parameter else position + 1
    return line[start:position], position


def rule_endpoint(rule: str) -> str:
    """The endpoint a rule gives by itself: its words and parameter names joined by `_`, and `index` for `/`."""
    words = [part if isinstance(part, str) else part.name for part in rule_parts(rule)]
    joined = re.sub(r"\W+", "_", "_".join(words))
    return re.sub(r"_{2,}", "_", joined).strip("_") or ("index" if not rule.strip("/") else "route")


def corrected_rule(rule: str) -> str:
    """The rule as it should have been written: `{x}` and `:x` become `<x>`, and a leading slash is put before it."""
    text = rule.strip(_AROUND) if rule[:1] in tuple(_AROUND) else rule
    text = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s]*", "", text)
    text = _BRACES.sub(lambda match: _corrected_braces(match[1], match[2]), text)
    text = _COLON.sub(lambda match: parameter_text(match[1]), text if text.startswith("/") else "/" + text)
    text = _ANGLES.sub(_corrected_angles, text)
    return re.split(r"[?#](?![^<]*>)", text, maxsplit=1)[0]


def _corrected_braces(name: str, converter: str | None) -> str:
    if converter is not None:
        converter = SAME_CONVERTER.get(converter, converter)
        if name in DEFAULT_CONVERTERS and converter not in DEFAULT_CONVERTERS:
            name, converter = converter, name
    return parameter_text(name, converter if converter in DEFAULT_CONVERTERS else None)


def _corrected_angles(match: re.Match[str]) -> str:
    parameter = as_parameter(match[0])
    if parameter is not None and (parameter.arguments is not None or parameter.converter == "default"):
        return match[0]
    words: list[str] = re.findall(r"[a-zA-Z_]\w*", match[0], re.ASCII)
    if len(words) == 1 and words[0] not in DEFAULT_CONVERTERS:
        return parameter_text(words[0])
    if len(words) == 2 and "(" not in match[0]:
        first, second = words
        known = DEFAULT_CONVERTERS.keys() | SAME_CONVERTER
        if ":" not in match[0] and known.isdisjoint(words):
            return parameter_text(f"{first}_{second}")
        if second in DEFAULT_CONVERTERS and first not in DEFAULT_CONVERTERS:
            return parameter_text(first, second)
        return parameter_text(second, SAME_CONVERTER.get(first, first))
    return match[0]
