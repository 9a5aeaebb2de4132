"""The magics, each of which parses its line and calls.

What lives here: their table. What must not: what they do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics import (
    app,
    bench,
    browse,
    exchanges,
    explore,
    http,
    nbmicro,
    resources,
    route,
    routes,
    serve,
    trace,
)

MAGICS: tuple[tuple[str, str, Callable[[Session], Callable[..., Any]]], ...] = (
    ("route", "cell", route.make),
    ("http", "line_cell", http.make),
    ("template", "cell", resources.make_template),
    ("static", "cell", resources.make_static),
    ("routes", "line", routes.make),
    ("exchanges", "line", exchanges.make),
    ("trace", "line", trace.make),
    ("bench", "line", bench.make),
    ("app", "line", app.make),
    ("serve", "line", serve.make),
    ("browse", "line", browse.make),
    ("explore", "line", explore.make),
    ("nbmicro", "line", nbmicro.make),
)
