"""``%http`` and ``%%http``: requests sent from cells, shown, and failing the cell where a check says so."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nbmicro.diagnosis.error_records import error_record
from nbmicro.errors import RequestError
from nbmicro.notebook.kernel.session import Exchanges, Session
from nbmicro.notebook.magics.magic import HELP, Names, magic

if TYPE_CHECKING:
    from nbmicro.language.syntax import Script


@magic("http", names=True)
def http(session: Session, line: str, cell: str | None = None, *, names: Names) -> Any:
    """Send a request to the app and show what comes back.

    %http [METHOD] URL [ITEM…] OPTIONS
    %http --file API.http
    %http --curl curl 'http://localhost:5000/users' -d name=Ada

    ITEM      name=Ada    text in a JSON body       age:=36          any JSON value
              page==2     a value of the query      X-Token:abc      a header
              photo@a.png a file                    bio=@bio.txt     the text of a file
    METHOD    GET; POST where there is data
    EACH OPTION

    With %% the cell is a request as in .http files (or a curl command), and what to expect of the answer:

        %%http POST /users
        Content-Type: application/json

        {"name": {{ name }}}

        HTTP 201
        [Captures]
        uid: json["id"]
        [Asserts]
        json["name"] == name

    In plain Python:  client.post("/users", json={"name": "Ada"})
    """
    if cell is None:
        return send_line(session, line, names)
    return _send_script(session, line, cell, names)


def send_line(
    session: Session, text: str, names: Names, *, magic: str = "http", show: tuple[str, ...] = (), **defaults: Any
) -> Any:
    """Send the request of a line, show it, and return its exchange; ``HELP`` where help was asked for.

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

    Raises nbmicro.errors.CheckFailed, after it was shown, where ``--expect`` did not hold.
    """
    from nbmicro.language.items import parse_line
    from nbmicro.language.parser import read_file

    place = None if defaults else _place_of_magic(session, f"%{magic}", text)
    if place is not None:
        defaults = {"line": place.line, "column": place.column - len(text) + len(text.lstrip())}
    with _unfolded(place):
        script = parse_line(text, magic=f"%{magic}", **defaults)
        if script.options.help:
            return HELP
        if show and script.options.show is None:
            script = replace(script, options=replace(script.options, show=show))
        if script.options.file is not None:
            return _sent(session, read_file(Path(script.options.file), script.options), names)
        exchanges = _sent(session, script, names, session.captured_by)
        return exchanges[0] if exchanges else None


def _send_script(session: Session, line: str, body: str, names: Names) -> Any:
    """Send the requests of a cell in order, showing each, and return the exchange, or a list of several.

    Raises nbmicro.errors.CheckFailed, after they were shown, where a check did not hold.
    """
    from nbmicro.language.parser import parse_script

    place = _place_of_magic(session, "%%http", line)
    head = (place.line, place.column - len(line) + len(line.lstrip())) if place is not None else (1, 8)
    script = parse_script(line, body, head=head)
    if script.options.help:
        return HELP
    session.captured_by.update(script.names)
    exchanges = _sent(session, script, names, session.captured_by)
    return exchanges[0] if len(exchanges) == 1 else exchanges


def _sent(session: Session, script: Script, names: Names, known_captures: dict[str, str] | None = None) -> Exchanges:
    """The exchanges of a script, which are shown; an interrupt shows where the handler was, not how one came there.

    Raises nbmicro.errors.CheckFailed for a check that did not hold.
    """
    from nbmicro.runner.checks import raise_for_checks
    from nbmicro.runner.run import run_script

    try:
        exchanges = run_script(
            script,
            session.client,
            names,
            protected=session.protects,
            known_captures=known_captures,
            announce=session.show,
        )
    except KeyboardInterrupt as stopped:
        frames = error_record(stopped, session.label_of_file).frames
        shown = [f"KeyboardInterrupt: the request was stopped.{' It was here:' if frames else ''}"]
        for frame in frames:
            shown += [f"{frame.label}, line {frame.line}, in {frame.function}", f"{frame.line:>5} │ {frame.source}"]
        shown += getattr(stopped, "__notes__", ())
        stopped._render_traceback_ = lambda: shown  # type: ignore[attr-defined]
        raise
    if script.options.quiet:
        for exchange in exchanges:
            session.hide(exchange)
    unsent = len(script.requests) - len(exchanges) if script.file is None else 0
    raise_for_checks(exchanges, unsent=unsent, where=script.options.file)
    return Exchanges(exchanges)


# -- where the magic stands in its cell, so that errors count lines and columns as the editor does ---------------------


class _Place(NamedTuple):
    """Where a magic stands: its line, the column of its argument, and the lines of the cell."""

    line: int
    column: int
    written: tuple[str, ...]

    def unfolded(self, column: int) -> tuple[int, int]:
        """The line and column of what has this column in the argument, which a backslash may carry to further lines."""
        line = self.line
        while line < len(self.written) and (text := self.written[line - 1].rstrip()).endswith("\\"):
            # IPython puts a space in the place of the backslash.
            if column <= len(text):
                break
            column -= len(text)
            line += 1
        return line, column


@contextmanager
def _unfolded(place: _Place | None) -> Iterator[None]:
    """Let an error of the line name the line of the editor that a backslash has carried its words to."""
    try:
        yield
    except RequestError as error:
        if place is not None and error.where is None and error.line == place.line and error.column is not None:
            error.line, error.column = place.unfolded(error.column)
        raise


def _place_of_magic(session: Session, magic: str, argument: str) -> _Place | None:
    """Where the magic that is being called with ``argument`` stands in its cell; None if that is not known."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_globals is not session.host.namespace:
        frame = frame.f_back
    cell = session.host.cell_of_file(frame.f_code.co_filename) if frame is not None else None
    if cell is None:
        return None
    written = cell.source.replace("\r\n", "\n").split("\n")
    # IPython takes the empty lines at the top away before it counts.
    skipped = next((number for number, text in enumerate(written) if text.strip()), 0)
    expected = frame.f_lineno + skipped
    places = _calls(magic, argument.strip(), written)
    nearest = min(places, key=lambda place: abs(place[0] - expected), default=None)
    return None if nearest is None else _Place(*nearest, tuple(written))


def _calls(magic: str, argument: str, written: list[str]) -> list[tuple[int, int]]:
    """The places where a cell's text has the magic with this argument, which may go on in the lines below."""
    places: list[tuple[int, int]] = []
    for number, text in enumerate(written, 1):
        for match in re.finditer(rf"(?<!%){re.escape(magic)}[ \t]*", text):
            rest = text[match.end() :].rstrip("\\").strip()
            if argument.startswith(rest) and (rest or not argument):
                places.append((number, match.end() + 1))
    return places
