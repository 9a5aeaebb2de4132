"""What nbmicro sends for a text that somebody wrote: the one place where the differential tests call it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from nbmicro import Client
from nbmicro.cli import main
from nbmicro.errors import NbmicroError
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.runner.run import run_script
from nbmicro.web.commands.dotenv import load_dotenv, parse_dotenv
from tests.support.commands import run_command
from tests.support.sent_requests import Sent, comparable, recording_app

__all__ = ["Outcome", "by_cell", "by_file", "by_import", "by_line", "load_dotenv_file", "read_dotenv"]

#: What nbmicro's client says of itself.
_OWN = (("host", r"localhost(:\d+)?"), ("user-agent", "nbmicro"), ("accept", r"\*/\*"))


@dataclass
class Outcome:
    """What came of a text.

    Parameters
    ----------
    sent:
        The requests, comparable.
    refusal:
        What nbmicro said, with its hint, if it refused the text or a part of it; None if all was taken.
    line:
        The line that it named.
    checks:
        Of each request whether its checks held.
    names:
        The notebook's names afterwards.
    error:
        What was raised that is no refusal in words: a defect of its own.
    """

    sent: list[Sent] = field(default_factory=list)
    refusal: str | None = None
    line: int | None = None
    checks: list[bool] = field(default_factory=list)
    names: dict[str, object] = field(default_factory=dict)
    error: str | None = None


def by_line(text: str, folder: Path, app: Any = None) -> Outcome:
    """Of a line ``%http TEXT`` in a notebook that lies in the folder."""
    return _outcome(lambda client, names: run_command(parse_line(text), client, names, folder=folder), app)


def by_cell(text: str, folder: Path, app: Any = None) -> Outcome:
    """Of a cell ``%%http`` with the text below that line."""
    return _outcome(lambda client, names: run_script(parse_script("", text), client, names, folder=folder), app)


def by_file(path: Path, app: Any = None) -> Outcome:
    """Of ``%http --file``."""
    line = f"--file {path.name}"
    return _outcome(lambda client, names: run_command(parse_line(line), client, names, folder=path.parent), app)


def by_import(path: Path, app: Any = None) -> Outcome:
    """Of the notebook that ``nbmicro import`` makes of a file, its cells run from top to bottom."""
    notebook = path.with_suffix(".ipynb")
    result = CliRunner().invoke(main, ["import", str(path), "-o", str(notebook), "--force"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return Outcome(error=f"{type(result.exception).__name__}: {result.exception}")
    if result.exit_code == 1:
        return Outcome(refusal=result.output, line=_line_in(result.output))

    def run(client: Client, names: dict[str, object]) -> list[Any]:
        exchanges: list[Any] = []
        for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] != "code" or source.startswith("%load_ext"):
                continue
            if not source.startswith("%%http"):
                exec(source, names)
                continue
            line, _, body = source.partition("\n")
            script = parse_script(line.removeprefix("%%http").strip(), body)
            exchanges += run_script(script, client, names, folder=path.parent)
        return exchanges

    outcome = _outcome(run, app)
    if result.exit_code == 3:
        outcome.refusal = f"{result.output}\n{outcome.refusal or ''}"
        outcome.line = _line_in(result.output)
    return outcome


def _line_in(output: str) -> int | None:
    found = re.search(r", line (\d+): ", output)
    return int(found[1]) if found else None


def read_dotenv(text: str) -> dict[str, str]:
    """The variables of a ``.env`` file."""
    return parse_dotenv(text)


def load_dotenv_file(path: Path, name: str) -> tuple[str | None, str]:
    """The value that a variable has in the environment once the file was loaded, and the error's words."""
    try:
        load_dotenv(path, load_defaults=False)
    except (NbmicroError, OSError, ValueError) as error:
        return None, str(error)
    return os.environ.get(name), ""


def _outcome(send: Callable[[Client, dict[str, object]], Any], app: Any) -> Outcome:
    outcome = Outcome(names={"__name__": "notebook"})
    came: list[Sent] = []
    try:
        # The client follows nothing and shows nothing: what is compared is what the app was asked.
        answered = send(Client(app or recording_app(came)), outcome.names)
    except NbmicroError as error:
        outcome.refusal = "\n".join(part for part in (error.message, error.hint) if part)
        outcome.line = error.line
    except Exception as error:
        outcome.error = f"{type(error).__name__}: {error}"
    else:
        exchanges = answered if isinstance(answered, list) else [answered]
        outcome.checks = [check.ok for exchange in exchanges for check in exchange.checks]
    outcome.sent = [comparable(one, defaults=_OWN) for one in came]
    return outcome
