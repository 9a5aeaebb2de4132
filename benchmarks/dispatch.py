"""One request in process: what each framework adds to the handler's own work."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import flask

import nbmicro
from benchmarks.apps import flask_shape, plain_werkzeug, raw_wsgi, with_bottle, with_falcon
from benchmarks.report import figure, table, times
from benchmarks.requests import Answer, Asked, ask, consume
from benchmarks.rounds import Contender, race

__all__ = ["measure"]


@dataclass(frozen=True)
class Case:
    """A row of the table.

    Parameters
    ----------
    key:
        The name of the apps for it.
    title:
        Its row.
    asked:
        The request.
    status:
        The code that everybody must answer.
    aim:
        How many times quicker than Flask nbmicro is to be.
    """

    key: str
    title: str
    asked: Asked
    aim: float
    status: int = 200


CASES = (
    Case("hello", "GET /hello/<name> → str", Asked("/hello/Ada"), 12),
    Case("json", "dict → JSON", Asked("/json"), 8),
    Case("args", "the handler reads request.args", Asked("/args", query="x=some+words"), 5),
    Case("hook", "one after_request hook", Asked("/hello/Ada"), 4),
    Case("session", "session read and written", Asked("/visits"), 3),
    Case("post", "POST JSON read", Asked("/post", "POST", "", b'{"name": "Ada"}', "application/json"), 4),
    Case("missing", "404", Asked("/nowhere"), 5, 404),
    Case("rows", "Jinja template of 20 rows", Asked("/rows"), 1.6),
)


def measure(quick: bool = False) -> str:
    """The table."""
    frameworks = {
        "raw WSGI": raw_wsgi.make(),
        "Falcon": with_falcon.make(),
        "Bottle": with_bottle.make(),
        "Werkzeug": plain_werkzeug.make(),
        "Flask": flask_shape.make(flask),
        "nbmicro": flask_shape.make(nbmicro),
    }
    rows = []
    for case in CASES:
        apps = {name: made[case.key] for name, made in frameworks.items() if case.key in made}
        asked = _compared(case, apps)
        contenders = [Contender(name, consume(app), asked[name].environs) for name, app in apps.items()]
        figures = race(contenders, rounds=5 if quick else 25, slice_seconds=0.02 if quick else 0.04)
        cells = []
        for name in frameworks:
            seconds = figures.median(name)
            cells += [figure(seconds and seconds * 1e6), times(figures.ratio(name, "Flask"))]
        rows.append([case.title, *cells, f"≥ {case.aim:g}×"])
    head = ["dispatch", *(text for name in frameworks for text in (name, "")), "aim"]
    note = "µs of CPU time per request, and how many times quicker than Flask; the aim is nbmicro's."
    return table("A request in process", head, rows, note)


def _compared(case: Case, apps: dict[str, Any]) -> dict[str, Asked]:
    """What each is asked (a session brings its cookie), once all have given the same answer."""
    asked = dict.fromkeys(apps, case.asked)
    answers = {name: ask(app, case.asked) for name, app in apps.items()}
    if case.key == "session":
        asked = {name: replace(case.asked, cookie=_cookie(answer)) for name, answer in answers.items()}
        answers = {name: ask(app, asked[name]) for name, app in apps.items()}
    meant = {name: _meaning(case, answer) for name, answer in answers.items()}
    if any(one != meant["Flask"] for one in meant.values()):
        raise SystemExit(f"{case.title}: the answers are not the same: {meant}")
    return asked


def _meaning(case: Case, answer: Answer) -> tuple[int, Any, bool]:
    """The status, what the body says, and whether the hook was there."""
    body: Any = answer.body
    if case.status != 200:
        body = None
    elif case.key in ("json", "post"):
        body = json.loads(answer.body)
    names = {name.lower() for name, _ in answer.headers}
    return int(answer.status[:3]), body, "x-hook" in names or (case.key == "session" and "set-cookie" in names)


def _cookie(answer: Answer) -> str:
    return next(value.partition(";")[0] for name, value in answer.headers if name == "Set-Cookie")
