"""``%%template`` and ``%%static``: a cell becomes a template or a static file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.magic import no_var_expand

from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.help import asks_for_help


def make_template(session: Session) -> Callable[..., Any]:
    """The ``%%template`` of a session."""

    @no_var_expand
    def template(line: str, cell: str) -> None:
        """Make this cell a Jinja2 template.

        %%template NAME [--try k=v…]

        NAME      hello.html; it comes before a file of that name in templates/
        --try     render it at once with these values:  --try name=Ada age:=36

            %%template hello.html --try name=Ada
            <h1>Hello, {{ name }}!</h1>

        A handler uses it with render_template("hello.html", name=name). Another template begins with
        {% extends "hello.html" %} or takes it in with {% include "hello.html" %}.

        In plain Python:  app.add_template("hello.html", "<h1>{{ name }}</h1>")
        """
        if asks_for_help(line, template):
            return
        from nbmicro.cells.resource_cell import parse_template_cell
        from nbmicro.cells.sources import remember_source
        from nbmicro.notebook.template_names import needed_names

        parsed = parse_template_cell(line, cell)
        needs = needed_names(session.app, parsed)
        session.app.add_template(parsed.name, parsed.source)
        remember_source(f"<template {parsed.name}>", f"%%template {line}\n{cell}")
        print(f"template {parsed.name} · needs: {', '.join(needs) or 'nothing'}")
        if parsed.attempt is not None:
            from nbmicro.notebook.kernel import requests

            requests.show_template(session, parsed)

    return template


def make_static(session: Session) -> Callable[..., Any]:
    """The ``%%static`` of a session."""

    @no_var_expand
    def static(line: str, cell: str) -> None:
        """Make this cell a static file.

        %%static PATH

        PATH      style.css; it is served as /static/style.css, before a file of that path in static/

            %%static style.css
            h1 { font-family: sans-serif }

        A template has its address with url_for("static", filename="style.css").

        In plain Python:  app.add_static_file("style.css", b"…", "text/css")
        """
        if asks_for_help(line, static):
            return
        from nbmicro.cells.resource_cell import parse_static_cell

        parsed = parse_static_cell(line, cell)
        session.app.add_static_file(parsed.path, parsed.content, parsed.mimetype)
        print(f"static {session.app.static_url_path or ''}/{parsed.path} · {parsed.mimetype}")

    return static
