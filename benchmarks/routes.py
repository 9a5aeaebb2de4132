"""Ten thousand routes: building them, finding one, and cells that run again."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import flask
from werkzeug.routing import Map, Rule

import nbmicro
from benchmarks.report import figure, table, times
from benchmarks.requests import Asked, ask, consume
from benchmarks.rounds import Contender, race
from nbmicro.web.ledger import start_run
from nbmicro.web.owners import Owner

__all__ = ["measure"]

MANY, FEW = 10_000, 10
REPEATS = 25


def measure(quick: bool = False) -> str:
    """The table."""
    many = MANY // 10 if quick else MANY
    rows = []
    apps: dict[tuple[str, int], Any] = {}
    built: dict[str, float] = {}
    for name, module in (("Flask", flask), ("nbmicro", nbmicro)):
        apps[name, FEW] = _build(module, FEW)[0]
        apps[name, many], built[name] = _build(module, many)
    rows.append(_row("build, first request", built["Flask"], built["nbmicro"], "s", 1, "≤ 1.5 s"))
    for title, index in (("first", 0), ("middle", many // 2), ("last", many - 1)):
        figures = race(
            [
                Contender(f"{name} {count}", consume(app), Asked(f"/page{min(index, count - 1)}/Ada").environs)
                for (name, count), app in apps.items()
            ],
            rounds=5 if quick else 15,
            slice_seconds=0.02,
        )
        flask_hit, hit = figures.median(f"Flask {many}"), figures.median(f"nbmicro {many}")
        beside = f"{times(figures.ratio(f'nbmicro {FEW}', f'nbmicro {many}'))} the cost at {FEW}"
        rows.append(_row(f"a hit: the {title}", flask_hit, hit, "µs", 1e6, f"≤ 2× the cost at {FEW}", beside))
    # What Werkzeug's map, which no rule can leave, would cost after every change.
    rebuilt = _seconds(lambda: _rebuild(many))
    for title, aim, steps in _changes(apps["nbmicro", many]):
        seen = [_seconds(step) for step in steps]
        rows.append(_row(title, rebuilt, median(seen), "ms", 1e3, aim))
    head = [f"{many:,} routes", "Flask, Werkzeug", "nbmicro", "", "times", "aim"]
    note = (
        "CPU time. A change is a cell that runs, and the first request after it; beside it stands what it takes to\n"
        "build Werkzeug's map again, where rules cannot be taken out."
    )
    return table("Many routes", head, rows, note)


def _row(title: str, other: float | None, ours: float | None, unit: str, scale: float, aim: str, note: str = "") -> Any:
    ratio = other / ours if other and ours else None
    shown = [f"{figure(value and value * scale)} {unit}" for value in (other, ours)]
    return [title, *shown, note, times(ratio), aim]


def _build(module: Any, count: int) -> tuple[Any, float]:
    app = module.Flask("benchmark", static_folder=None)
    begin = time.thread_time()
    for number in range(count):
        app.add_url_rule(f"/page{number}/<name>", f"page{number}", _handler(number))
    answer = ask(app, Asked(f"/page{count - 1}/Ada"))
    seconds = time.thread_time() - begin
    if answer.body != f"{count - 1} Ada".encode():
        raise SystemExit(f"{module.__name__} answers {answer}")
    return app, seconds


def _handler(number: int) -> Callable[[str], str]:
    return lambda name: f"{number} {name}"


def _rebuild(count: int) -> None:
    rules = Map([Rule(f"/page{number}/<name>", endpoint=f"page{number}") for number in range(count)])
    rules.bind("localhost").match("/page0/Ada")


def _changes(app: Any) -> list[tuple[str, str, list[Callable[[], None]]]]:
    """What a cell does to the app, each change many times over."""

    def run(rule: str | None, wanted: str, number: int = 0) -> Callable[[], None]:
        def step() -> None:
            cell = start_run(Owner(("cell", "changing"), "a cell"))
            if rule is not None:
                app.add_url_rule(rule, "changing", _handler(number))
            cell.finish(success=True)
            status = ask(app, Asked("/changing/Ada")).status
            if not status.startswith(wanted):
                raise SystemExit(f"/changing/Ada answers {status}")

        return step

    run("/changing/<name>", "200")()
    again = [run("/changing/<name>", "200", number) for number in range(REPEATS)]
    removals, additions = [], []
    for number in range(REPEATS):
        removals.append(run(None, "404"))
        additions.append(run("/changing/<name>", "200", number))
    both = [step for pair in zip(removals, additions, strict=True) for step in pair]
    edits = []
    for _ in range(REPEATS // 2):
        edits += [run("/changed/<name>", "404"), run("/changing/<name>", "200")]
    return [
        ("a route cell runs again, the same rule", "≤ 1 ms", again),
        ("a rule is added or removed", "≤ 5 ms", both),
        ("a rule is edited", "≤ 5 ms", edits),
    ]


def _seconds(work: Callable[[], None]) -> float:
    begin = time.thread_time()
    work()
    return time.thread_time() - begin
