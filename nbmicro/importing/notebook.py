"""A notebook made of an ``.http`` or ``.hurl`` file: a cell for its variables, and a cell for each request."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nbmicro.errors import LoadError, OptionError
from nbmicro.http.body import NotTextError, read_text_file
from nbmicro.importing.environments import (
    EnvironmentFile,
    GivenValue,
    environment_names,
    find_environment_files,
    is_provided,
    is_read,
    is_secret_value,
    looks_secret,
    merged,
)
from nbmicro.importing.import_file import ImportedFile, ImportedRequest, import_file
from nbmicro.importing.salvage import Note
from nbmicro.language.lines import VARIABLE
from nbmicro.printable import did_you_mean
from nbmicro.web.names import RESERVED_NAMES

_FILE = re.compile(r"^(?P<before><@?[ \t]+)(?P<path>\S.*?)(?P<after>\s*)$", re.MULTILINE)
_PART = re.compile(r"^(?P<before>[^\n:]+:[ \t]*file,[ \t]*)(?P<path>[^;\n]+?)(?P<after>[ \t]*;[^\n]*)$", re.MULTILINE)
# The machine sets these itself, to something else.
_OF_THE_MACHINE = frozenset(
    {"PATH", "HOME", "USER", "USERNAME", "LOGNAME", "HOST", "HOSTNAME", "COMPUTERNAME", "DOMAIN", "USERDOMAIN", "SHELL"}
    | {"LANG", "PWD", "TEMP", "TMP", "TERM"}
)
_ASKED = "# Not written here: set {names} in the environment, or type {them} when the cell asks."
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


@dataclass(frozen=True)
class ImportedNotebook:
    """The text of the .ipynb file, how many requests it has, and what became of which line."""

    text: str
    requests: int
    notes: tuple[Note, ...]

    @property
    def skipped(self) -> int:
        """How many lines, or blocks of them, could not be taken over."""
        return sum(note.is_skipped for note in self.notes)


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
        text = read_text_file(source)
    except NotTextError as error:
        raise LoadError(f"the file {source} cannot be read: it {error}.", hint="Save it as UTF-8.") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise LoadError(f"the file {source} cannot be read: {reason}.", hint=_beside(source)) from None
    taken = () if app is None else ("app",)
    files = find_environment_files(source.resolve().parent)
    chosen = _chosen(environment, files, text)
    found = import_file(
        text,
        taken=sorted({*RESERVED_NAMES, "app", "client", *taken}),
        environment=merged(files, chosen),
        is_hurl=source.suffix.lower() == ".hurl",
    )
    if not found.requests and not found.notes:
        raise LoadError("there is no request in it.", hint="A request is a line such as  GET /users", where=source.name)
    moved = _mover(source.parent, out.parent)
    cells = [*_opening(source, found, app)]
    if found.given:
        cells.append(NewCell("code", _environment_cell(found.given, chosen)))
    cells += _variables(found)
    for request in found.requests:
        cells += _request(request, moved)
    if not found.requests:
        cells.append(NewCell("code", "\n".join(line for note in found.notes for line in _comment(note))))
    return ImportedNotebook(notebook_text(cells), _count(found), found.notes)


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
    names = sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []
    others = [name for name in names if name.endswith((".http", ".rest", ".hurl"))]
    return f"Beside it: {', '.join(others[:8])}" if others else None


def _count(found: ImportedFile) -> int:
    """How many requests were taken over."""
    return sum(bool(request.text) for request in found.requests)


def _opening(source: Path, found: ImportedFile, app: str | None) -> Iterator[NewCell]:
    count = _count(found)
    text = f"{count} request{'s' if count != 1 else ''} of `{source.name}`."
    if any(note.is_skipped for note in found.notes):
        text += " What could not be taken over stands as a comment in its cell, with what to write."
    if count < len(found.requests):
        text += " A request that was left out stands as text in its place."
    yield NewCell("markdown", f"# {source.stem}\n\n{text}")
    yield NewCell("code", "%load_ext nbmicro")
    if app is not None:
        yield NewCell("code", f"%app {app}")
    else:
        comment = "# The requests go to the notebook's `app`. Import yours here (from shop import app),"
        yield NewCell("code", f"{comment}\n# or declare its pages in %%route cells.")


def _variables(found: ImportedFile) -> Iterator[NewCell]:
    lines = [f"import {name}" for name in found.modules]
    lines += [""] if lines and (found.variables or found.unknown) else []
    lines += [f"{name} = {_literal(value)}" for name, value, _ in found.variables]
    lines += _missing_values(found.unknown)
    if lines:
        yield NewCell("code", "\n".join(lines))


def _request(request: ImportedRequest, moved: Callable[[str], str]) -> Iterator[NewCell]:
    if not request.text:
        yield NewCell("markdown", _left_out(request))
        return
    if request.title:
        yield NewCell("markdown", f"### {request.title}")
    comments = [line for note in request.notes for line in _comment(note)]
    # What it shows is another in each run, so that nbval runs the cell and compares nothing.
    marker = ["# NBVAL_IGNORE_OUTPUT"] if request.is_changing else []
    yield NewCell("code", "\n".join(["%%http", *marker, *comments, moved(request.text)]))


def _left_out(request: ImportedRequest) -> str:
    """The text of a request that was left out, with the reason and what to write."""
    parts = [f"### {request.title}"] if request.title else []
    for note in request.notes:
        what = "**Not taken over** " if note.is_skipped else ""
        parts.append(f"{what}(line {note.line}): {note.text}")
        if note.kept:
            text = "\n".join(note.kept)
            fence = "`" * max([3, *(len(found) + 1 for found in re.findall("`+", text))])
            parts.append(f"{fence}http\n{text}\n{fence}")
        if note.hint:
            parts.append("\n".join(f"    {line}" for line in note.hint.split("\n")))
    return "\n\n".join(parts)


def _comment(note: Note) -> Iterator[str]:
    """The lines of a comment, none of which can be read as a directive or a separator."""
    what = "not taken over: " if note.is_skipped else ""
    yield f"# line {note.line}: {what}{note.text}"
    for line in note.kept:
        yield f"#   | {line}".rstrip()
    for line in (note.hint or "").split("\n"):
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


# -- the variables ----------------------------------------------------------------------------------------------------


def _environment_cell(given: Mapping[str, GivenValue], chosen: str | None) -> str:
    """The text of the cell; secrets come from ``os.environ``, or are asked for."""
    asked: list[str] = []
    lines = [f"{name} = {_written(value, name, value.value, value.is_secret, asked)}" for name, value in given.items()]
    files = list(dict.fromkeys(value.file for value in given.values()))
    of = f" {chosen}" if chosen is not None else ""
    head = [f"# The environment{of} of {' and '.join(files)}"]
    if asked:
        names = ", ".join(asked[:-1]) + (" and " if len(asked) > 1 else "") + asked[-1]
        head += ["import os", "from getpass import getpass", ""]
        first = next(index for index, line in enumerate(lines) if "getpass(" in line)
        lines.insert(first, _ASKED.format(names=names, them="them" if len(asked) > 1 else "it"))
    return "\n".join([*head, *lines])


def _missing_values(names: Sequence[tuple[str, int]]) -> list[str]:
    """The lines for variables that nothing gives, each with the file's line that reads it: for the reader to fill in.

    A secret is asked for. Until the others have a value, the requests that read them are not sent.
    """
    secret = [name for name, _ in names if looks_secret(name)]
    lines = ["import os", "from getpass import getpass", ""] if secret else []
    for name, line in names:
        if name in secret:
            asked = f'os.environ.get("{_variable(name)}") or getpass("{name}: ")'
            lines.append(f"{name} = {asked}  # line {line} reads it")
        else:
            lines.append(f"# {name} =     line {line} reads it, and nothing gives it a value: give it one here")
    return lines


def _written(given: GivenValue, path: str, value: object, secret: bool, asked: list[str]) -> str:
    """A value as Python; ``path`` is how a request reads it, ``asked`` collects the names that are asked for."""
    if isinstance(value, dict) and not is_provided(value):
        items = (
            f"{_literal(key)}: {_written(given, f'{path}.{key}', part, secret or looks_secret(key), asked)}"
            for key, part in value.items()
        )
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list):
        parts = (_written(given, f"{path}.{index}", part, secret, asked) for index, part in enumerate(value))
        return "[" + ", ".join(parts) + "]"
    if not (secret or is_secret_value(value)):
        return _literal(value)
    variable = _variable(path)
    asked.append(variable)
    return f'os.environ.get("{variable}") or getpass("{path}: ")'


def _variable(path: str) -> str:
    """``apiKey`` is ``API_KEY`` in the environment."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|\W+", "_", path)
    name = apart.strip("_").upper() or "VALUE"
    return f"API_{name}" if name in _OF_THE_MACHINE or name[0].isdigit() else name


def _literal(value: object) -> str:
    """Text, a number, a truth value or None as Python writes it, text in double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


# -- the file ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewCell:
    """A cell that has not run."""

    kind: Literal["code", "markdown"]
    text: str


def notebook_text(cells: Iterable[NewCell]) -> str:
    """The .ipynb file of the cells; a cell's id follows from its text, so that the same cells give the same file."""
    used: set[str] = set()
    written: list[dict[str, Any]] = []
    for cell in cells:
        entry: dict[str, Any] = {"cell_type": cell.kind, "id": _id(cell, used), "metadata": {}}
        if cell.kind == "code":
            entry |= {"execution_count": None, "outputs": []}
        written.append(entry | {"source": cell.text.splitlines(keepends=True)})
    content = {"cells": written, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _id(cell: NewCell, used: set[str]) -> str:
    number = 0
    while True:
        seed = f"{cell.kind}\n{cell.text}\n{number}".encode("utf-8", "surrogatepass")
        name = hashlib.sha256(seed).hexdigest()[:8]
        if name not in used:
            used.add(name)
            return name
        number += 1
