"""The rule of a route as text: its literal parts and its parameters, in the syntax of Werkzeug's routing."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["PARAMETER", "RulePart", "corrected_rule", "rule_endpoint", "rule_parts", "rule_text"]

PARAMETER = re.compile(
    r"<(?:(?P<converter>[a-zA-Z_][a-zA-Z0-9_]*)(?:\((?P<arguments>.*?)\))?:)?(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)>"
)
"""One parameter of a rule: `<name>`, `<converter:name>` or `<converter(arguments):name>`."""

_AROUND = "\"'`\u201c\u201d\u2018\u2019 ()"
_CONVERTERS = frozenset({"any", "default", "float", "int", "path", "string", "uuid"})
_SAME_CONVERTER = {"str": "string", "number": "int", "slug": "string"}
_BRACES = re.compile(r"\{\s*([a-zA-Z_]\w*)\s*(?::\s*([a-zA-Z_]\w*)\s*)?\??\s*\}", re.ASCII)
_COLON = re.compile(r"(?<=/):([a-zA-Z_]\w*)\??", re.ASCII)
_ANGLES = re.compile(r"<[^<>/]*>")


@dataclass(frozen=True)
class RulePart:
    """A piece of a rule: literal `text`, or with `parameter` the name of a path value and its `converter`."""

    text: str
    parameter: str | None = None
    converter: str | None = None


def rule_parts(rule: str) -> tuple[RulePart, ...]:
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
    parts: list[RulePart] = []
    start = 0
    for found in PARAMETER.finditer(rule):
        if found.start() > start:
            parts.append(_literal(rule[start : found.start()]))
        parts.append(RulePart(found[0], found["name"], found["converter"] or "default"))
        start = found.end()
    if start < len(rule):
        parts.append(_literal(rule[start:]))
    return tuple(parts)


def _literal(text: str) -> RulePart:
    if "<" in text or ">" in text:
        raise ValueError(text)
    return RulePart(text)


def rule_text(line: str, start: int) -> tuple[str, int]:
    """Read an unquoted rule from `line` at `start`; a parameter's arguments may hold spaces. Gives it and its end."""
    position = start
    while position < len(line) and not line[position].isspace():
        parameter = PARAMETER.match(line, position) or _ANGLES.match(line, position)
        position = parameter.end() if parameter else position + 1
    return line[start:position], position


def rule_endpoint(rule: str) -> str:
    """The endpoint a rule gives by itself: its words and parameter names joined by `_`, and `index` for `/`."""
    words = [part.parameter or part.text for part in rule_parts(rule)]
    joined = re.sub(r"\W+", "_", "_".join(words))
    return re.sub(r"_{2,}", "_", joined).strip("_") or ("index" if not rule.strip("/") else "route")


def corrected_rule(rule: str) -> str:
    """The rule as it should have been written: `{x}` and `:x` become `<x>`, and a leading slash is put before it."""
    text = rule.strip(_AROUND) if rule[:1] in tuple(_AROUND) else rule
    text = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s]*", "", text)
    text = _BRACES.sub(lambda found: _parameter(found[1], found[2]), text)
    text = _COLON.sub(lambda found: f"<{found[1]}>", text if text.startswith("/") else "/" + text)
    text = _ANGLES.sub(_corrected_angles, text)
    return re.split(r"[?#](?![^<]*>)", text, maxsplit=1)[0]


def _parameter(name: str, converter: str | None) -> str:
    if converter is None:
        return f"<{name}>"
    converter = _SAME_CONVERTER.get(converter, converter)
    if name in _CONVERTERS and converter not in _CONVERTERS:
        name, converter = converter, name
    return f"<{converter}:{name}>" if converter in _CONVERTERS else f"<{name}>"


def _corrected_angles(found: re.Match[str]) -> str:
    parameter = PARAMETER.fullmatch(found[0])
    if parameter is not None and (parameter["arguments"] is not None or parameter["converter"] is None):
        return found[0]
    words: list[str] = re.findall(r"[a-zA-Z_]\w*", found[0], re.ASCII)
    if len(words) == 1 and words[0] not in _CONVERTERS:
        return f"<{words[0]}>"
    if len(words) == 2 and "(" not in found[0]:
        first, second = words
        if ":" not in found[0]:
            return f"<{first}_{second}>"
        if second in _CONVERTERS and first not in _CONVERTERS:
            return f"<{second}:{first}>"
        return f"<{_SAME_CONVERTER.get(first, first)}:{second}>"
    return found[0]
