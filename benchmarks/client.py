"""Asking an app in process: the client of a notebook beside the test clients."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import flask
from werkzeug.test import Client as WerkzeugClient
from werkzeug.wrappers import Response

import nbmicro
from benchmarks.apps import flask_shape
from benchmarks.report import figure, table, times
from benchmarks.rounds import Contender, race
from nbmicro.client.client import Client

__all__ = ["measure"]

BASE = "Flask's test client"
OURS = "nbmicro's client"


def measure(quick: bool = False) -> str:
    """The table."""
    theirs, ours = flask_shape.make(flask), flask_shape.make(nbmicro)
    kinds: dict[str, tuple[Callable[[str], Any], Callable[[str, Any], Any]]] = {}

    def add(name: str, client: Any) -> None:
        kinds[name] = (client.get, lambda path, data: client.post(path, json=data))

    add(BASE, theirs["hello"].test_client())
    add("Werkzeug's client, Flask's app", WerkzeugClient(theirs["hello"]))
    add("nbmicro's test client", ours["hello"].test_client())
    add("Werkzeug's client, nbmicro's app", WerkzeugClient(ours["hello"]))
    add(OURS, Client(ours["hello"]))
    gets = {name: (lambda _, get=get: get("/hello/Ada")) for name, (get, _) in kinds.items()}
    posts = {name: (lambda _, post=post: post("/post", {"name": "Ada"})) for name, (_, post) in kinds.items()}
    gets["a bare call, Werkzeug's response"] = _bare(ours["hello"])
    rows = []
    for title, works in (("GET /hello/<name>", gets), ("POST of JSON", posts)):
        answers = {name: work(None).status_code for name, work in works.items()}
        if set(answers.values()) != {200}:
            raise SystemExit(f"{title}: {answers}")
        contenders = [Contender(name, work) for name, work in works.items()]
        figures = race(contenders, rounds=5 if quick else 25, slice_seconds=0.02 if quick else 0.04)
        for name in works:
            seconds = figures.median(name)
            aim = "≥ 8×" if name == OURS and title.startswith("GET") else ""
            rows.append([f"{title}, {name}", figure(seconds and seconds * 1e6), times(figures.ratio(name, BASE)), aim])
    note = f"µs of CPU time per request with the answer read, and how many times quicker than {BASE}."
    return table("Clients in process", ["client", "µs", "times", "aim"], rows, note)


def _bare(app: Any) -> Callable[[Any], Response]:
    """A call of the app without a client: what nobody can be quicker than."""

    def work(_: Any) -> Response:
        environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/hello/Ada",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
        }
        return Response.from_app(app, environ)

    return work
