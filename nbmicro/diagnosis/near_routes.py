"""Which routes come near a path, and why they do not match it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from nbmicro.exchange.records import TriedRule
from nbmicro.http.methods import with_head
from nbmicro.printable import likeness
from nbmicro.web.route_info import RouteInfo
from nbmicro.web.rules import CONVERTERS, Parameter, literal_start, parameters, path_regex, rule_segments

#: Rules that a trace shows beside a path.
TRIED_LIMIT = 8
# The one nearest route is a guess beside a 404 and may be daring: words of which 3 letters in 5 agree.
_NEAREST_LIKENESS = 0.6
# %routes lists every rule that comes near, so that a rule has to be nearer: 3 letters in 4.
_LISTED_LIKENESS = 0.75
#: Mean cost of a part of a path above which a route is not near, and the cost of a part that is another word.
_FAR = 0.5
_STRANGE = 100.0


@dataclass(frozen=True, slots=True)
class _Pair:
    """A part of a path beside the part of a rule that it meets; None where one of them has ended before."""

    given: str | None
    wanted: str | None

    @property
    def parameter(self) -> Parameter | None:
        """The parameter in the rule's part; None where the path's part has not the text around it."""
        wanted = self.wanted if self.wanted and "<" in self.wanted else ""
        parameter = next(iter(parameters(wanted)), None)
        if parameter is None or self.given is None:
            return parameter
        before, _, after = wanted.partition(parameter.text)
        return parameter if self.given.startswith(before) and self.given.endswith(after) else None

    def fits(self, *, exact: bool = True) -> bool:
        if self.given == self.wanted:
            return True
        if not self.given or self.wanted is None or "<" not in self.wanted:
            return False
        return re.fullmatch(path_regex(self.wanted, exact=exact), self.given) is not None


def _pairs(given: Sequence[str], wanted: Sequence[str]) -> Iterator[_Pair]:
    """Path and rule part by part. ``<path:…>`` takes all that those behind it leave, and what has no part is one."""
    position = 0
    for index, part in enumerate(wanted):
        behind = len(wanted) - index - 1
        end = max(len(given) - behind, position + 1) if part.startswith("<path:") else position + 1
        yield _Pair("/".join(given[position:end]) if position < len(given) else None, part)
        position = end
    if len(given) > position:
        yield _Pair("/".join(given[position:]), None)


def nearest_route(path: str, routes: Sequence[RouteInfo], method: str = "GET") -> RouteInfo | None:
    """The route that a misspelt path most likely means, or None when none is near."""
    given = unquote(path).strip("/").split("/")
    best: tuple[float, int, RouteInfo] | None = None
    for index, route in enumerate(routes):
        wanted = rule_segments(route.rule.strip("/"))
        # A route that also answers the method wins among equals; a later one never does.
        cost = sum(map(_cost, _pairs(given, wanted))) + (0 if method in route.methods else 0.01)
        if cost / max(len(given), len(wanted)) <= _FAR and (best is None or (cost, index) < best[:2]):
            best = (cost, index, route)
    return best[2] if best else None


def _cost(pair: _Pair) -> float:
    if pair.given is not None and pair.given == pair.wanted:
        return 0.0
    if pair.wanted is None:
        return 0.6 * (1 + (pair.given or "").count("/"))
    if pair.given is None:
        return 1.0 if pair.wanted.startswith("<path:") else 0.6
    if pair.wanted.startswith("<path:") or pair.fits(exact=False):
        return 0.1
    if pair.parameter is not None:
        return 0.5
    alike = likeness(pair.wanted.lower(), pair.given.lower())
    return 1.5 * (1 - alike) if alike >= _NEAREST_LIKENESS else _STRANGE


def tried_rules(
    method: str, path: str, endpoint: str | None, rule: str | None, routes: Sequence[RouteInfo]
) -> tuple[TriedRule, ...]:
    """The rules that come nearest to a path, however far they are, the one that answers first.

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
        written = route.shown
        if rule in (route.rule, route.written) and rule is not None and endpoint in (None, route.endpoint):
            rated.append((float("-inf"), index, TriedRule(methods, written, "answers", True)))
            continue
        if route.endpoint == "static":
            continue  # nobody declared it
        depth, verdict = _verdict(path, route.rule)
        if verdict is None:
            depth += 1
            allowed = not route.methods or method in with_head(set(route.methods))
            verdict = "fits too; another rule is more exact" if allowed else f"fits, but answers {methods} only"
        rated.append((-depth, index, TriedRule(methods, written, verdict)))
    return tuple(tried for _, _, tried in sorted(rated, key=lambda rating: rating[:2])[:TRIED_LIMIT])


def _verdict(path: str, rule: str) -> tuple[float, str | None]:
    """How many parts of the path fit, and the first thing that does not; None where all fit."""
    wanted = rule_segments(rule)[1:]
    for index, pair in enumerate(_pairs(path.split("/")[1:], wanted)):
        if not pair.fits():
            is_value = pair.given is not None and pair.parameter and pair.parameter.converter != "path"
            return index + (0.5 if is_value else 0.0), _difference(pair)
    # A rule that takes any path is less exact.
    return float(len(wanted) - ("<path:" in rule)), None


def _difference(pair: _Pair) -> str:
    """Why a part of a path does not fit."""
    given, wanted, parameter = pair.given, pair.wanted, pair.parameter
    if wanted is None:
        return f"ends before `{given}`" if given else "has no slash at its end"
    if given is None and not wanted.startswith("<path:"):
        return f"`{wanted}` is missing" if wanted else "ends with a slash"
    if not given:
        return f"<{parameter.name}> is missing" if parameter else f"`{wanted}` is missing"
    if parameter is None:
        return f"`{given}` is not `{wanted}`" if wanted else f"ends before `{given}`"
    if parameter.converter == "any":
        return f"`{given}` is none of {', '.join(parameter.words)}"
    converter = CONVERTERS.get(parameter.converter)
    return f"`{given}` is not {converter.meaning if converter and converter.meaning else f'`{wanted}`'}"


def no_match_text(path: str, routes: Iterable[RouteInfo]) -> str:
    """What %routes shows of a path that nothing answers: the rules that come near, as they are written."""
    reasons = {f"{route.shown}: {reason}.": None for route in routes if (reason := _lack(path, route.rule))}
    return " ".join([f"{path}: no rule matches.", *reasons])


def _lack(path: str, rule: str) -> str | None:
    """What a path lacks to match a rule that comes near; None of one that is far."""
    start = literal_start(rule)
    if start == rule:
        longer = len(rule) - len(path)
        if likeness(path, rule) < _LISTED_LIKENESS:
            return None
        if rule.startswith(path) or path.startswith(rule):
            letters = "one letter" if abs(longer) == 1 else f"{abs(longer)} letters"
            return f"{letters} {'more' if longer > 0 else 'less'}"
        return "spelled otherwise"
    given, wanted = path.strip("/").split("/"), rule_segments(rule.strip("/"))
    pairs = list(_pairs(given, wanted))
    if any(pair.given is None or pair.wanted is None for pair in pairs):
        near = start.rstrip("/") and likeness(path.rstrip("/"), start.rstrip("/")) >= _LISTED_LIKENESS
        return f"needs {'more' if len(wanted) > len(given) else 'fewer'} parts" if near else None
    unfit = [pair for pair in pairs if not pair.fits()]
    words = [(pair.given or "", pair.wanted or "") for pair in unfit if pair.parameter is None]
    if any(likeness(*pair) < _LISTED_LIKENESS for pair in words):
        return None
    if not unfit:
        return "has no slash at its end" if path.endswith("/") and not rule.endswith("/") else None
    parameter = unfit[0].parameter
    if parameter is None:
        return f"spelled {unfit[0].wanted}"
    if parameter.converter == "any":
        return "needs a value of any"
    converter = CONVERTERS.get(parameter.converter)
    if converter is None or not converter.meaning:
        return None
    # To many a 1 is a number with a point as well.
    return f"needs {converter.meaning}{f' ({converter.example})' if parameter.converter == 'float' else ''}"
