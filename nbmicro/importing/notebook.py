"""A notebook made of an ``.http`` or ``.hurl`` file: a cell for each request."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbmicro.errors import LoadError, OptionError
from nbmicro.importing.cells import environment_cell, missing_values, python_literal
from nbmicro.importing.environment_files import find_environment_files
from nbmicro.importing.environments import EnvironmentFile, environment_names, is_read, merged
from nbmicro.importing.import_file import ImportedFile, ImportedRequest, Remark, import_file
from nbmicro.importing.notebook_writing import NewCell, notebook_text
from nbmicro.language.lines import VARIABLE
from nbmicro.printable import did_you_mean
from nbmicro.web.names import RESERVED_NAMES

_FILE = re.compile(r"^(?P<before><@?[ \t]+)(?P<path>\S.*?)(?P<after>\s*)$", re.MULTILINE)
_PART = re.compile(r"^(?P<before>[^\n:]+:[ \t]*file,[ \t]*)(?P<path>[^;\n]+?)(?P<after>[ \t]*;[^\n]*)$", re.MULTILINE)


@dataclass(frozen=True)
class ImportedNotebook:
    """The text of the .ipynb file, how many requests it has, and what became of which line."""

    text: str
    requests: int
    remarks: tuple[Remark, ...]

    @property
    def refused(self) -> int:
        """How many lines, or blocks of them, could not be taken over."""
        return sum(remark.is_refusal for remark in self.remarks)


def import_notebook(
    source: Path, out: Path, *, app: str | None = None, environment: str | None = None
) -> ImportedNotebook:
    """Make a notebook of a file of requests.

    Parameters
    ----------
    source:
        The ``.http``, ``.rest`` or ``.hurl`` file.
    out:
        Where the notebook will be; paths of files in requests are rewritten for its folder.
    app:
        What the requests go to, as ``%app`` takes it; None for the notebook's own app.
    environment:
        The environment of the files beside ``source`` that gives the variables; None if there is only one.

    Raises
    ------
    LoadError
        The file cannot be read, or there is no request in it; or a file of environments cannot be read.
    OptionError
        There is no such environment; or there are several, the file reads their variables, and none was chosen.
    """
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise LoadError(f"the file {source} cannot be read: {reason}.", hint=_beside(source)) from None
    taken = () if app is None else ("app",)
    files = find_environment_files(source.resolve().parent)
    chosen = _chosen(environment, files, text)
    found = import_file(
        text, taken=sorted({*RESERVED_NAMES, "app", "client", *taken}), environment=merged(files, chosen)
    )
    if not found.requests and not found.remarks:
        raise LoadError("there is no request in it.", hint="A request is a line such as  GET /users", where=source.name)
    moved = _mover(source.parent, out.parent)
    cells = [*_opening(source, found, app)]
    if found.given:
        cells.append(NewCell("code", environment_cell(found.given, chosen)))
    cells += _variables(found)
    for request in found.requests:
        cells += _request(request, moved)
    if not found.requests:
        cells.append(NewCell("code", "\n".join(line for remark in found.remarks for line in _comment(remark))))
    return ImportedNotebook(notebook_text(cells), len(found.requests), found.remarks)


def _chosen(wanted: str | None, files: Sequence[EnvironmentFile], text: str) -> str | None:
    """The environment to use; None where there is none, or where the file reads nothing of them."""
    names = environment_names(files)
    where = " and ".join(file.name for file in files)
    if wanted is not None:
        if wanted in names:
            return wanted
        if not names:
            raise OptionError(
                f"there is no environment {wanted}: no file of environments stands beside the file or above it.",
                hint="They are called http-client.env.json; VS Code's REST Client has them in .vscode/settings.json.",
            )
        near = did_you_mean(wanted, names)
        raise OptionError(
            f"there is no environment {wanted} in {where}. There are: {', '.join(names)}.",
            hint=f"Did you mean  --env {near}" if near else None,
        )
    if len(names) < 2:
        return names[0] if names else None
    own = {found[1] for line in text.splitlines() if (found := VARIABLE.match(line))}
    given = {name for environment in names for name in merged(files, environment)} - own
    read = [name for name in sorted(given) if is_read(name, text)]
    if not read:
        return None
    raise OptionError(
        f"the file reads `{read[0]}`, and there are several environments in {where}: {', '.join(names)}.",
        hint=f"Choose one:  --env {names[0]}",
    )


def _beside(source: Path) -> str | None:
    folder = source.parent
    names = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
    others = [name for name in names if name.endswith((".http", ".rest", ".hurl"))]
    return f"Beside it: {', '.join(others[:8])}" if others else None


def _opening(source: Path, found: ImportedFile, app: str | None) -> Iterator[NewCell]:
    count = len(found.requests)
    told = f"{count} request{'s' if count != 1 else ''} of `{source.name}`."
    if any(remark.is_refusal for remark in found.remarks):
        told += " What could not be taken over stands as a comment in its cell, with what to write."
    yield NewCell("markdown", f"# {source.stem}\n\n{told}")
    yield NewCell("code", "%load_ext nbmicro")
    if app is not None:
        yield NewCell("code", f"%app {app}")
    else:
        comment = "# The requests go to the notebook's `app`. Import yours here (from shop import app),"
        yield NewCell("code", f"{comment}\n# or declare its pages in %%route cells.")


def _variables(found: ImportedFile) -> Iterator[NewCell]:
    lines = [f"import {name}" for name in found.modules]
    lines += [""] if lines and (found.variables or found.unknown) else []
    lines += [f"{name} = {python_literal(value)}" for name, value, _ in found.variables]
    lines += missing_values(found.unknown)
    if lines:
        yield NewCell("code", "\n".join(lines))


def _request(request: ImportedRequest, moved: Callable[[str], str]) -> Iterator[NewCell]:
    if request.title:
        yield NewCell("markdown", f"### {request.title}")
    comments = [line for remark in request.remarks for line in _comment(remark)]
    # What it shows is another in each run, so that nbval runs the cell and compares nothing.
    marker = ["# NBVAL_IGNORE_OUTPUT"] if request.is_changing else []
    yield NewCell("code", "\n".join(["%%http", *marker, *comments, moved(request.text)]))


def _comment(remark: Remark) -> Iterator[str]:
    """The lines of a comment, none of which can be read as a directive or a separator."""
    what = "not taken over: " if remark.is_refusal else ""
    yield f"# line {remark.line}: {what}{remark.text}"
    for line in remark.kept:
        yield f"#   | {line}".rstrip()
    for line in (remark.hint or "").split("\n"):
        if line:
            yield f"#   {line}"


def _mover(before: Path, after: Path) -> Callable[[str], str]:
    """What rewrites the paths of files, which a notebook looks for from its own folder."""
    way = os.path.relpath(before.resolve(), after.resolve())

    def moved(text: str) -> str:
        if way == os.curdir:
            return text
        for pattern in (_FILE, _PART):
            text = pattern.sub(_moved_path, text)
        return text

    def _moved_path(found: re.Match[str]) -> str:
        path = found["path"]
        if not path.startswith(("/", "~", "{{", "{%")):
            path = Path(os.path.normpath(Path(way) / path)).as_posix()
        return f"{found['before']}{path}{found['after']}"

    return moved
