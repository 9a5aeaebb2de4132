"""``%%template``: a cell becomes a template, and says the names it needs."""

from __future__ import annotations

from collections.abc import Callable
from traceback import walk_tb
from typing import TYPE_CHECKING

from nbmicro.errors import CellError
from nbmicro.exchange.exchange import Exchange
from nbmicro.http.body import Body
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import magic
from nbmicro.web.app import App
from nbmicro.web.environ import NOTES, RECORDED

if TYPE_CHECKING:
    from nbmicro.cells.resource_cell import TemplateCell


@magic("template")
def template(session: Session, line: str, cell: str) -> None:
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
    from nbmicro.cells.notebook_cell import remember_source
    from nbmicro.cells.resource_cell import parse_template_cell

    parsed = parse_template_cell(line, cell)
    needs = _needed_names(session.app, parsed)
    session.app.add_template(parsed.name, parsed.source)
    remember_source(f"<template {parsed.name}>", f"%%template {line}\n{cell}")
    print(f"template {parsed.name} · needs: {', '.join(needs) or 'nothing'}")
    for note in _silent_parts(session.app, parsed):
        print(f"Note: {note}")
    if parsed.attempt is not None:
        _show(session, parsed)


def _needed_names(app: App, cell: TemplateCell) -> list[str]:
    """The names that whoever renders the template must give, sorted.

    Raises nbmicro.errors.CellError with the cell's line for a template that Jinja cannot read.
    """
    from jinja2 import TemplateSyntaxError, meta, nodes

    from nbmicro.diagnosis.exception_hints import exception_hint

    environment = app.jinja_env
    try:
        tree: nodes.Template = environment.parse(cell.source, cell.name, cell.name)
        environment.compile(tree, cell.name, cell.name)
    except TemplateSyntaxError as error:
        meant, goes_on = exception_hint(error), "The template declared before, if there was one, goes on serving."
        line = error.lineno + 1  # below the %%template line
        lines = cell.source.splitlines()
        text = lines[error.lineno - 1].strip() if 0 < error.lineno <= len(lines) else ""
        raise CellError(
            f"{error.message}\n    {line} │ {text}",
            hint=f"{meant}\n{goes_on}" if meant else goes_on,
            where=f"%%template {cell.name}",
            line=line,
        ) from None
    return sorted(meta.find_undeclared_variables(tree) - set(environment.globals) - {"request", "session", "g"})


def _silent_parts(app: App, cell: TemplateCell) -> list[str]:
    """What the template would show as it is written, and what of it is shown nowhere."""
    from nbmicro.web.silence import braces_in, lost_parts

    notes = [
        f"`{written}` is text; a template shows a value with two braces:  {{{{ {name} }}}}"
        for written, name in braces_in(cell.source)
    ]
    return [*notes, *lost_parts(app, app.jinja_env.get_template(cell.name))]


def _show(session: Session, cell: TemplateCell) -> None:
    """Render the template with the values of ``--try``, and show the page.

    Raises nbmicro.errors.CellError with the cell's line where it cannot be rendered.
    """
    from jinja2 import TemplateError

    from nbmicro.web.templating import render_template

    notes: list[str] = []
    with session.app.test_request_context(environ_overrides={RECORDED: True, NOTES: notes}):
        try:
            text = render_template(cell.name, **(cell.attempt or {}))
        except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
            raise CellError(
                f"{type(error).__name__}: {error}",
                hint="The template is declared; the values of --try do not suit it.",
                where=f"%%template {cell.name}",
                line=_line_of(error, cell.name),
            ) from None
    session.host.display(_page_bundle(text, session.client.fetch))
    declared = _silent_parts(session.app, cell)
    for note in notes:
        if note not in declared:
            print(f"Note: {note}")


def _page_bundle(source: str, fetch: Callable[[str], ResponseRecord | None]) -> dict[str, str]:
    """The bundle of a page that no request asked for; ``fetch`` gets its style sheets and images from the app."""
    from nbmicro.render.body import body_views
    from nbmicro.render.markup import output
    from nbmicro.render.page import inline_page, page_lines
    from nbmicro.render.summary import RenderOptions

    fields = HeaderFields([("Content-Type", "text/html; charset=utf-8")])
    response = ResponseRecord(200, "OK", fields, Body(source.encode()))
    page = Exchange(RequestRecord("GET", "/"), response, page=inline_page(source, fetch))
    return {"text/plain": "\n".join(page_lines(source)), "text/html": output(*body_views(page, RenderOptions()))}


def _line_of(error: BaseException, name: str) -> int | None:
    """The line of the cell where the template failed: below its ``%%template`` line."""
    frames = walk_tb(error.__traceback__)
    lines = [line + 1 for frame, line in frames if frame.f_code.co_filename == f"<template {name}>"]
    return lines[-1] if lines else None
