"""Requests from cells: sent, shown, bound to names, and failing the cell where a check says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from jinja2 import TemplateError

from nbmicro.cells.resource_cell import TemplateCell
from nbmicro.diagnosis.error_records import error_record
from nbmicro.errors import CellError, RequestError
from nbmicro.exchange.exchange import Exchange
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.notebook.kernel.namespace import Names
from nbmicro.notebook.kernel.place_in_cell import MagicPlace, place_of_magic
from nbmicro.notebook.kernel.session import Exchanges, Session
from nbmicro.notebook.kernel.showing import page_bundle
from nbmicro.runner.checks import raise_for_checks
from nbmicro.runner.preflight import captured_names
from nbmicro.runner.run import run_command, run_script
from nbmicro.web.templating import render_template

HELP = object()
"""What is returned where help was asked for, and nothing was sent."""


def send_line(
    session: Session, text: str, names: Names, *, magic: str = "http", show: tuple[str, ...] = (), **defaults: Any
) -> Any:
    """Send the request of a line, show it, and return its exchange.

    Parameters
    ----------
    session:
        The session.
    text:
        What stands behind ``%http``.
    names:
        The names that ``{{ }}`` may use.
    magic, show:
        The magic whose line it is, and what it shows unless the line says ``--show``.
    defaults:
        The method and URL that count where the line leaves them out, as for ``parse_line``.

    Returns ``HELP`` where help was asked for.

    Raises nbmicro.errors.CheckFailed, after it was shown, where ``--expect`` did not hold.
    """
    if not defaults:
        host = session.host
        place = place_of_magic(magic, text, host.namespace, host.cell_of_file)
        if place is not None:
            defaults = {"line": place.line, "column": place.column - len(text) + len(text.lstrip())}
            with _unfolded(place):
                return _send_line(session, text, names, magic, show, defaults)
    return _send_line(session, text, names, magic, show, defaults)


@contextmanager
def _unfolded(place: MagicPlace) -> Iterator[None]:
    """Let an error of the line name the line of the editor that a backslash has carried its words to."""
    try:
        yield
    except RequestError as error:
        if error.where is None and error.line == place.line and error.column is not None:
            error.line, error.column = place.unfolded(error.column)
        raise


def _send_line(
    session: Session, text: str, names: Names, magic: str, show: tuple[str, ...], defaults: dict[str, Any]
) -> Any:
    parsed = parse_line(text, magic=f"%{magic}", **defaults)
    if parsed.options.help:
        return HELP
    if show and parsed.options.show is None:
        parsed = replace(parsed, options=replace(parsed.options, show=show))
    with _interruptible(session):
        answered = run_command(
            parsed,
            session.client,
            names,
            protected=session.protects,
            known_captures=session.captured_by,
            announce=session.show,
        )
    return _checked(session, answered, quiet=parsed.options.quiet, where=parsed.options.file)


def send_script(session: Session, line: str, body: str, names: Names) -> Any:
    """Send the requests of a cell in order, showing each, and return the exchange, or a list of several.

    Raises nbmicro.errors.CheckFailed, after they were shown, where a check did not hold.
    """
    place = place_of_magic("http", line, session.host.namespace, session.host.cell_of_file, "%%")
    head = (place.line, place.column - len(line) + len(line.lstrip())) if place is not None else (1, 8)
    script = parse_script(line, body, head=head)
    if script.options.help:
        return HELP
    session.captured_by.update(captured_names(script))
    with _interruptible(session):
        exchanges = run_script(
            script,
            session.client,
            names,
            protected=session.protects,
            known_captures=session.captured_by,
            announce=session.show,
        )
    answered: Exchange | list[Exchange] = exchanges[0] if len(exchanges) == 1 else exchanges
    return _checked(session, answered, quiet=script.options.quiet, unsent=len(script.requests) - len(exchanges))


@contextmanager
def _interruptible(session: Session) -> Iterator[None]:
    """Let an interrupt show where the handler was, not how the request came there."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        frames = error_record(stopped, session.label_of_file).frames
        lines = [
            line
            for frame in frames
            for line in (f"{frame.label}, line {frame.line}, in {frame.function}", f"{frame.line:>5} │ {frame.source}")
        ]
        shown = (
            ["KeyboardInterrupt: the request was stopped. It was here:", *lines]
            if lines
            else ["KeyboardInterrupt: the request was stopped."]
        ) + list(getattr(stopped, "__notes__", ()))
        stopped._render_traceback_ = lambda: shown  # type: ignore[attr-defined]
        raise


def _checked(
    session: Session,
    answered: Exchange | list[Exchange] | None,
    *,
    quiet: bool,
    unsent: int = 0,
    where: str | None = None,
) -> Any:
    if answered is None:
        return None
    exchanges = [answered] if isinstance(answered, Exchange) else answered
    if quiet:
        for exchange in exchanges:
            session.hide(exchange)
    raise_for_checks(exchanges, unsent=unsent, where=where)
    return answered if isinstance(answered, Exchange) else Exchanges(exchanges)


def show_template(session: Session, cell: TemplateCell) -> None:
    """Render a template cell with the values of its ``--try``, and show the page.

    Raises nbmicro.errors.CellError with the cell's line where it cannot be rendered.
    """
    with session.app.test_request_context():
        try:
            text = render_template(cell.name, **(cell.attempt or {}))
        except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
            raise CellError(
                f"{type(error).__name__}: {error}",
                hint="The template is declared; the values of --try do not suit it.",
                where=f"%%template {cell.name}",
                line=_template_line(error, cell.name),
            ) from None
    session.host.display(page_bundle(text, session.client.fetch))


def _template_line(error: BaseException, name: str) -> int | None:
    """The line of the cell where a template failed: below its ``%%template`` line."""
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == f"<template {name}>":
            line = trace.tb_lineno + 1
        trace = trace.tb_next
    return line
