"""What watching a request costs while nobody asks for it, and while somebody does."""

from __future__ import annotations

from typing import Any

import nbmicro
from benchmarks.apps import flask_shape
from benchmarks.report import figure, table, times
from benchmarks.requests import Asked, consume
from benchmarks.rounds import Contender, race
from nbmicro.client.client import Client

__all__ = ["measure"]

BASE = "an app that never was traced"


def measure(quick: bool = False) -> str:
    """The table."""
    apps = {
        BASE: flask_shape.make(nbmicro)["hello"],
        "an app after a hundred traces": flask_shape.make(nbmicro)["hello"],
    }
    traced = Client(apps["an app after a hundred traces"])
    for _ in range(100):
        if not traced.get("/hello/Ada", trace=True).trace:
            raise SystemExit("Nothing was traced.")
    asked = Asked("/hello/Ada")
    works: dict[str, Any] = {name: consume(app) for name, app in apps.items()}
    rows = []
    figures = race(
        [Contender(name, work, asked.environs) for name, work in works.items()],
        rounds=9 if quick else 41,
        slice_seconds=0.02 if quick else 0.05,
    )
    for name in works:
        seconds = figures.median(name)
        rows.append([name, figure(seconds and seconds * 1e6), times(figures.ratio(name, BASE))])
    clients = {
        "the client, not traced": lambda _: traced.get("/hello/Ada"),
        "the client, traced": lambda _: traced.get("/hello/Ada", trace=True),
    }
    figures = race(
        [Contender(name, work) for name, work in clients.items()],
        rounds=5 if quick else 21,
        slice_seconds=0.02 if quick else 0.05,
    )
    for name in clients:
        seconds = figures.median(name)
        rows.append([name, figure(seconds and seconds * 1e6), times(figures.ratio(name, "the client, not traced"))])
    note = f"µs of CPU time per request; times as quick as {BASE}, and as the client that is not traced."
    return table("Traces", ["GET /hello/<name>", "µs", "times"], rows, note)
