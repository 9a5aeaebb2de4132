"""The quick matcher never answers what Werkzeug's map would not: a differential fuzz over random maps and requests."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping

import pytest
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, MapAdapter, RequestRedirect, Rule

from nbmicro.web.declarations import Route
from nbmicro.web.matcher import NOTHING, Matcher

PAIRS = int(os.environ.get("NBMICRO_FUZZ_PAIRS", "120000"))
CHUNKS = 8
REQUESTS_PER_MAP = 60

WORDS = ["a", "b", "ab", "1", "12", "i", "users", "ü", "a.b", "x-y", ""]
SEGMENTS = [
    "<x>",
    "<int:x>",
    "<string:x>",
    "<float:x>",
    "<uuid:x>",
    "<path:x>",
    "<default:x>",
]
UNCOMMON = [
    "<any(a,b):x>",
    "<string(length=2):x>",
    "<int(signed=True):x>",
    "v<int:x>",
    "<x>.html",
]
METHODS = ["GET", "POST", "PUT", "DELETE"]
VALUES = [
    *WORDS,
    "-1",
    "1.5",
    "0",
    "007",
    "12345678-1234-5678-1234-567812345678",
    "v1",
    "a.html",
    "c d",
    "é",
    "\u0661",
    "%2F",
    "9" * 19,
    "a\nb",
]


def random_rule(dice: random.Random, *, uncommon: bool) -> str:
    parts = []
    for number in range(dice.randint(0, 4)):
        part = dice.choice(WORDS[:-1]) if dice.random() < 0.6 else dice.choice(SEGMENTS + UNCOMMON * uncommon)
        parts.append(part.replace("<x>", f"<x{number}>").replace(":x>", f":x{number}>"))
    rule = "/" + "/".join(parts)
    return rule + "/" if parts and dice.random() < 0.35 else rule


def random_routes(dice: random.Random) -> list[Route]:
    routes: list[Route] = []
    uncommon = dice.random() < 0.3
    for number in range(dice.randint(1, 10)):
        options: dict[str, object] = {}
        roll = dice.random() if uncommon else 1.0
        if roll < 0.05:
            options["strict_slashes"] = False
        elif roll < 0.08:
            options["defaults"] = {"extra": dice.randint(0, 2)}
        elif roll < 0.1:
            options["redirect_to"] = "elsewhere"
        elif roll < 0.12:
            options["build_only"] = True
        elif roll < 0.14:
            options["merge_slashes"] = False
        elif roll < 0.16:
            options["websocket"] = True
        methods = frozenset(dice.sample(METHODS, dice.randint(1, 2)))
        if options.get("websocket"):
            methods = frozenset({"GET"})
        endpoint = f"e{dice.randint(0, 4) if dice.random() < 0.2 else number}"
        routes.append(Route(random_rule(dice, uncommon=uncommon), methods, endpoint, None, options=options))
    return routes


def random_path(dice: random.Random, routes: list[Route]) -> str:
    if dice.random() < 0.15:
        return "/" + "/".join(dice.choice(VALUES) for _ in range(dice.randint(0, 4)))
    parts = dice.choice(routes).rule.split("/")[1:]
    filled = [dice.choice(VALUES) if "<" in part else part for part in parts]
    if filled and dice.random() < 0.3:
        filled[dice.randrange(len(filled))] = dice.choice(VALUES)
    path = "/" + "/".join(filled)
    roll = dice.random()
    if roll < 0.1:
        return path + "/"
    if roll < 0.2:
        return path.rstrip("/")
    return path.replace("/", "//", 1) if roll < 0.23 else path


def map_of(routes: list[Route]) -> tuple[Map, dict[int, Route]]:
    rules = [
        Rule(route.rule, methods=route.methods, endpoint=route.endpoint, **route.options)  # type: ignore[arg-type]
        for route in routes
    ]
    return Map(rules), {id(rule): route for rule, route in zip(rules, routes, strict=True)}


def asked(adapter: MapAdapter, method: str, path: str) -> HTTPException | tuple[Rule, Mapping[str, object]]:
    try:
        return adapter.match(path, method=method, return_rule=True)
    except HTTPException as error:
        return error


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_matcher_agrees_with_werkzeugs_map_on_random_maps_and_requests(chunk: int) -> None:
    dice = random.Random(20261 + chunk)
    pairs = answered = missed = refused = 0
    while pairs < PAIRS // CHUNKS:
        routes = random_routes(dice)
        try:
            werkzeugs, rules = map_of(routes)
        except ValueError:  # a rule that Werkzeug refuses
            refused += 1
            assert refused < 1000
            continue
        adapter = werkzeugs.bind("localhost")
        matcher = Matcher(routes)
        for _ in range(REQUESTS_PER_MAP):
            pairs += 1
            method, path = dice.choice([*METHODS, "HEAD"]), random_path(dice, routes)
            ours = matcher.find(method, path)
            if ours is None:
                continue  # the map is asked, so it cannot disagree
            told = f"{method} {path!r} of {routes}"
            werkzeug = asked(adapter, method, path)
            if isinstance(werkzeug, HTTPException):
                assert isinstance(werkzeug, NotFound), told
                assert not isinstance(werkzeug, RequestRedirect | MethodNotAllowed), told
                assert ours is NOTHING, told
                missed += 1
            else:
                rule, values = werkzeug
                assert ours[0] is not None, told
                assert ours[0].route is rules[id(rule)], told
                assert ours[1] == dict(values), told
                answered += 1
    assert answered > pairs // 20, "the matcher must answer for itself where it can"
    assert missed > pairs // 50
