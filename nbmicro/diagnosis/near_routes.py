"""Why a rule answers a path, or why it does not, in a few words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nbmicro.diagnosis.response_hints import RouteInfo
from nbmicro.exchange.records import TriedRule
from nbmicro.http.methods import with_head
from nbmicro.web.rules import Parameter, parameters, rule_segments

#: Rules that are told of.
RULE_LIMIT = 8

_PATTERNS = {"int": r"\d+", "float": r"\d+\.\d+", "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"}
_WANTED = {"int": "an int", "float": "a number with a point", "uuid": "a UUID"}


def tried_rules(
    method: str, path: str, endpoint: str | None, rule: str | None, routes: Sequence[RouteInfo]
) -> tuple[TriedRule, ...]:
    """The rules that come near a path, the one that answers first.

    Parameters
    ----------
    method, path:
        Of the request; the path without its query.
    endpoint, rule:
        What answered; None for nothing.
    routes:
        All routes of the app.
    """
    rated: list[tuple[float, int, TriedRule]] = []
    for index, route in enumerate(routes):
        methods = ",".join(route.spoken_methods) or "ANY"
        is_it = rule is not None and rule in (route.rule, route.written)
        if is_it and (endpoint is None or route.endpoint == endpoint):
            rated.append((-1.0, index, TriedRule(methods, route.written or route.rule, "answers", True)))
            continue
        if route.endpoint == "static":
            continue  # nobody declared it
        depth, verdict = _verdict(path, route.rule)
        if verdict is None:
            depth += 1
            allowed = not route.methods or method in with_head(set(route.methods))
            verdict = "fits too; another rule is more exact" if allowed else f"fits, but answers {methods} only"
        rated.append((-depth, index, TriedRule(methods, route.written or route.rule, verdict)))
    answered = [one for one in rated if one[2].answers]
    others = sorted((one for one in rated if not one[2].answers), key=lambda one: one[:2])
    return tuple(one[2] for one in [*answered, *others][:RULE_LIMIT])


def _verdict(path: str, rule: str) -> tuple[float, str | None]:
    """How many parts of the path fit, and the first thing that does not; None where all fit."""
    given, wanted = path.split("/")[1:], rule_segments(rule)[1:]
    for index, part in enumerate(wanted):
        found = _only_parameter(part)
        if found is not None and found.converter == "path":
            return float(index), None if "/".join(given[index:]) else f"<{found.name}> is missing"
        if index >= len(given):
            return float(index), f"`{part}` is missing" if part else "ends with a slash"
        reason = _difference(given[index], part, found)
        if reason is not None:
            return float(index) + (0.5 if found is not None else 0.0), reason
    if len(given) > len(wanted):
        rest = "/".join(given[len(wanted) :])
        return float(len(wanted)), f"ends before `{rest}`" if rest else "has no slash at its end"
    return float(len(wanted)), None


def _only_parameter(part: str) -> Parameter | None:
    found = parameters(part)
    return found[0] if len(found) == 1 else None


def _difference(given: str, part: str, found: Parameter | None) -> str | None:
    if found is None:
        if given == part:
            return None
        if not given:
            return f"`{part}` is missing"
        return f"`{given}` is not `{part}`" if part else f"ends before `{given}`"
    if not given:
        return f"<{found.name}> is missing"
    kind = found.converter
    if kind == "any":
        words = [word.strip(" '\"") for word in (found.arguments or "").split(",")]
        return None if given in words else f"`{given}` is none of {', '.join(words)}"
    before, _, after = part.partition(found.text)
    inner = given.removeprefix(before).removesuffix(after)
    if kind in _PATTERNS and not re.fullmatch(_PATTERNS[kind], inner):
        return f"`{given}` is not {_WANTED[kind]}"
    return None
