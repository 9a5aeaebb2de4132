"""A notebook exported: its module, the files beside it and its tests, as texts by path."""

from __future__ import annotations

import ast
import keyword
import mimetypes
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from nbmicro.cells.notebook_cell import NotebookCell
from nbmicro.cells.resource_cell import TemplateCell
from nbmicro.errors import LoadError, OptionError
from nbmicro.export.for_flask import reject_for_flask
from nbmicro.export.imports import Imported, root_of
from nbmicro.export.module_text import ModuleText
from nbmicro.export.package_parts import blueprints_apart, imports_of, selection_of, selection_without
from nbmicro.export.suite import Suite
from nbmicro.export.survey import Survey, survey_of
from nbmicro.loading.notebook_file import read_notebook
from nbmicro.loading.notebook_module import no_app
from nbmicro.loading.selection import Selection, select
from nbmicro.scopes import names_of

# A key may come with it: config.from_object(…), from_pyfile(…), from_prefixed_env() …
_CONFIGURED = re.compile(r"\.config\.from_(?:object|pyfile|prefixed_env|envvar|file)\(")
#: What nbmicro itself imports, and a module of that name would stand before.
_NEEDED = frozenset({"nbmicro", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "click", "dotenv"})
_WORD = re.compile(r"\w+")
_IMPORT = re.compile(r"\s*(?:import|from)\s")


@dataclass(frozen=True)
class Exported:
    """What comes of a notebook.

    Parameters
    ----------
    module:
        The module's text; empty where the app is another module's, and only tests are made.
    tests:
        The text of its tests; None where none were asked for, or the notebook sends no request.
    files:
        Templates, static files and what the tests send, by their path from the module's folder.
    target:
        The name of the app in the module.
    notes:
        What the user should know.
    """

    module: str
    tests: str | None
    files: dict[str, bytes]
    target: str
    notes: tuple[str, ...]


def export_notebook(
    path: Path,
    out: Path,
    *,
    inline: bool = False,
    tests: bool = False,
    flask: bool = False,
    package: bool = False,
) -> Exported:
    """Export a notebook.

    Parameters
    ----------
    path:
        The .ipynb.
    out:
        Where its module will be; nothing is written.
    inline:
        Whether templates and static files stand in the module instead of beside it.
    tests:
        Whether tests are made of the notebook's requests.
    flask:
        Whether the module is written for Flask alone.
    package:
        Whether it is a package in the folder ``out``, with a module for each blueprint that stands by itself.

    Raises
    ------
    LoadError
        The notebook cannot be served, or not be written as a module: with the cell, the line and the way out.
    """
    cells = read_notebook(path)
    selection = select(cells)
    survey = survey_of(selection, path.resolve().parent, foreign=tests and not flask)
    if survey.is_foreign:
        made = Suite(cells, selection, survey, module=out.stem, origin=path)
        text = made.written()
        return Exported("", text, made.files, survey.target, (*selection.notes, *made.notes))
    files = None if inline else _files_of(survey)
    if flask:
        reject_for_flask(survey)
        if files is None or any(unit.step.resource and unit.target != survey.target for unit in survey.units):
            raise LoadError(
                "the templates and static files of this notebook cannot stand in folders beside the module, and Flask "
                "has no other place for them.",
                hint="Give a static file a name with a known ending, and the app its folders as text, or none.",
                where=path.name,
            )
    headings, title = _titles(cells, path)
    suite = Suite(cells, selection, survey, module=out.stem, origin=path) if tests else None
    test_text = suite.written() if suite is not None else None
    parts, apart_notes = blueprints_apart(survey) if package else ([], [])

    def written(cells_of: Survey, headings: dict[int, tuple[str, ...]], title: str, *taken: Imported) -> str:
        module = ModuleText(
            cells_of,
            headings=headings,
            title=title,
            origin=path.name,
            local=_beside(path.resolve().parent),
            looked_at=_looked_at(cells, selection),
            inline=files is None,
            flask=flask,
        )
        module.imports.add(*taken)
        return module.written()

    # All of it is planned as one, so that what cells cover and name twice is known.
    text = written(survey, dict(headings), title)
    if parts:
        rest = survey_of(selection_without(selection, parts), path.resolve().parent)
        tested = re.findall(rf"\b{re.escape(out.stem)}\.(\w+)", test_text or "")
        text = written(rest, headings, title, *imports_of(parts, rest, tested))
    modules = {
        f"{part.name}.py": written(survey_of(selection_of(selection, part)), {}, f"The blueprint {part.name}").encode()
        for part in parts
    }
    if not _binds(text, survey.target):
        raise no_app(survey.target, path.name)
    place = out / "__init__.py" if package else out
    files = {**_folders_beside(survey, path, place), **(files or {}), **modules}
    notes = [*selection.notes, *_notes(cells, selection, survey, out)]
    notes += apart_notes
    if suite is not None:
        files = {**files, **suite.files}
        notes += suite.notes
    return Exported(text, test_text, files, survey.target, tuple(notes))


def _binds(text: str, name: str) -> bool:
    """Whether a module's text binds a name; one that imports ``*`` may."""
    names = names_of(ast.parse(text).body)
    return bool(names.stars) or name in names.binds | names.rebinds


def _titles(cells: list[NotebookCell], path: Path) -> tuple[dict[int, tuple[str, ...]], str]:
    """The titles by cell, and the first of all, which is the notebook's own."""
    headings = {cell.number: cell.headings for cell in cells if cell.headings}
    first = min(headings, default=0)
    if first != 1:
        return headings, path.stem.replace("_", " ").replace("-", " ").capitalize()
    title, *rest = headings[first]
    return {**headings, first: tuple(rest)}, title


def _beside(folder: Path) -> frozenset[str]:
    """The names of modules and packages in the notebook's folder."""
    return frozenset(file.stem for file in folder.iterdir() if file.suffix == ".py" or (file / "__init__.py").is_file())


def _looked_at(cells: list[NotebookCell], selection: Selection) -> frozenset[str]:
    """The words of what does not run: of cells skipped, and of the statements that show or check."""
    words: set[str] = set()
    kept = {id(step.cell) for step in selection.steps if step.source is None}
    for cell in cells:
        if id(cell) not in kept:
            words.update(
                word for line in cell.text.split("\n") if not _IMPORT.match(line) for word in _WORD.findall(line)
            )
    return frozenset(words)


def _folders_beside(survey: Survey, path: Path, out: Path) -> dict[str, bytes]:
    """The notebook's own templates and static files, where the module stands elsewhere."""
    folders = _folders_of(survey)
    if folders is None or path.resolve().parent == out.resolve().parent:
        return {}
    files: dict[str, bytes] = {}
    for folder in folders:
        root = path.resolve().parent / folder
        for file in sorted(root.rglob("*")) if root.is_dir() else ():
            if file.is_file() and not file.is_symlink():
                files[f"{folder}/{file.relative_to(root).as_posix()}"] = file.read_bytes()
    return files


def _notes(cells: list[NotebookCell], selection: Selection, survey: Survey, out: Path) -> list[str]:
    notes: list[str] = []
    if not out.stem.isidentifier():
        better = re.sub(r"\W+", "_", out.stem).strip("_").lstrip("0123456789_") or "app"
        notes.append(f"{out.name} cannot be imported by its name; {better}.py could be.")
    writes_session = any(
        name in survey.given or any(root_of(one.module) == "nbmicro" for one in survey.imports.get(name, ()))
        for name in ("session", "flash")
    )
    code = "\n".join(step.cell.text for step in selection.steps)
    if writes_session and "secret_key" not in code.lower() and not _CONFIGURED.search(code):
        notes.append(f"It keeps sessions and sets no key: set {survey.target}.secret_key before it is served.")
    for one in selection.skipped:
        if one.cell.is_skipped:
            again = sorted(_bound_in(one.cell) & survey.bound)
            if again:
                names = ", ".join(f"`{name}`" for name in again)
                notes.append(f"cell {one.cell.number} is skipped, so {names} has the value of the cells that run.")
    return notes


def _bound_in(cell: NotebookCell) -> set[str]:
    return set(re.findall(r"^(\w+)\s*=(?!=)", cell.text, re.MULTILINE))


# -- files beside the module -----------------------------------------------------------------------------------------


def _files_of(survey: Survey) -> dict[str, bytes] | None:
    """The files that the template and static cells of the served app are, by path; None where it has no folders.

    A template's file ends with a newline, which Jinja takes away; a static file has the cell's bytes.
    """
    folders = _folders_of(survey)
    if folders is None:
        return None
    templates, static = folders
    files: dict[str, bytes] = {}
    for unit in survey.units:
        resource = unit.step.resource
        if resource is None or unit.target != survey.target:
            continue
        if isinstance(resource, TemplateCell):
            files[f"{templates}/{resource.name}"] = resource.source.encode()
        elif mimetypes.guess_type(resource.path)[0] is None:
            return None
        else:
            files[f"{static}/{resource.path}"] = resource.content
    return files


def _folders_of(survey: Survey) -> tuple[str, str] | None:
    """The folders of templates and static files, relative to the module; None where they cannot be known."""
    folders = {"template_folder": "templates", "static_folder": "static"}
    for unit in survey.units:
        match unit.what:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if name == survey.target:
                for option in call.keywords:
                    if option.arg in (*folders, "root_path", None):
                        value = option.value
                        if option.arg not in folders or not isinstance(value, ast.Constant):
                            return None
                        if not isinstance(value.value, str) or value.value.startswith("/"):
                            return None
                        folders[option.arg] = value.value
    return folders["template_folder"], folders["static_folder"]


# -- the module's name -----------------------------------------------------------------------------------------------


def reject_name(name: str, text: str) -> None:
    """Reject a name by which a module cannot be imported, or which hides a module that it needs.

    Parameters
    ----------
    name:
        The module's name.
    text:
        Its text.

    Raises
    ------
    OptionError
        The name will not do; another one is proposed.
    """
    if keyword.iskeyword(name):
        why = f"`{name}` is a word of Python, so that nothing could import {name}.py."
    elif name in sys.stdlib_module_names:
        why = f"{name}.py would hide Python's own module `{name}` from whatever needs it."
    elif name in _NEEDED | _imported(text):
        why = f"{name}.py would hide the module `{name}`, which it needs itself."
    else:
        return
    raise OptionError(f"{why} Nothing was written.", hint=f"Take another name:  -o {name}_app.py")


def _imported(text: str) -> set[str]:
    survey: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            survey.update(one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            survey.add(node.module.partition(".")[0])
    return survey
