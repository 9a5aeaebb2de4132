"""The .ipynb file: JSON of notebook format 4 in, code cells out."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbmicro.cells.notebook_cell import NotebookCell
from nbmicro.errors import LoadError
from nbmicro.http.body import NotTextError, read_text_file

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?\S)[ \t]*#*[ \t]*")
_CONFLICT = re.compile(r"^<{7} ", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def read_notebook(path: Path) -> list[NotebookCell]:
    """Read a notebook's code cells, without the empty ones.

    Raises
    ------
    LoadError
        The file is not there, no JSON, no notebook of format 4, or not one of Python; says what would do.
    """
    where = path.name
    content = _read_json(path)
    version = content.get("nbformat")
    if not isinstance(version, int) or version < 4 or not isinstance(content.get("cells"), list):
        raise LoadError(
            f"the notebook is of format {version}; format 4 can be read."
            if isinstance(version, int) and version < 4
            else "the file is not a notebook: it has no cells of format 4.",
            hint=f"Open it in JupyterLab and save it, or:  jupyter nbconvert --to notebook --inplace {path.name}",
            where=where,
        )
    language = _language(content.get("metadata"))
    if language not in ("", "python"):
        raise LoadError(f"the notebook's language is {language}, and only Python can be served.", where=where)
    cells: list[NotebookCell] = []
    headings: list[str] = []
    for entry in content["cells"]:
        if not isinstance(entry, dict):
            continue
        text = _text(entry.get("source")).replace("\r\n", "\n").replace("\r", "\n")
        if entry.get("cell_type") == "markdown":
            headings += _headings(text)
        if entry.get("cell_type") != "code" or not text.strip():
            continue
        metadata = entry.get("metadata")
        tags = metadata.get("tags", ()) if isinstance(metadata, dict) else ()
        shown = tuple(_shown(entry.get("outputs")))
        number = len(cells) + 1
        cells.append(NotebookCell(number, text, frozenset(map(str, tags)), path.name, tuple(headings), shown))
        headings = []
    return cells


def _text(source: object) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")


def _headings(markdown: str) -> Iterator[str]:
    """The titles of a Markdown text, without marks; what stands in a fence is no title."""
    fenced = False
    for line in markdown.split("\n"):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        found = None if fenced else _HEADING.fullmatch(line)
        if found is not None:
            yield _LINK.sub(r"\1", found[1]).replace("`", "").replace("*", "")


def _shown(outputs: object) -> Iterator[str]:
    for output in outputs if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        if isinstance(data, dict) and data.get("text/plain"):
            yield _text(data["text/plain"])


def _read_json(path: Path) -> dict[str, Any]:
    try:
        text = read_text_file(path)
    except FileNotFoundError:
        others = sorted(file.name for file in path.parent.glob("*.ipynb")) if path.parent.is_dir() else []
        hint = f"Notebooks beside it: {', '.join(others[:8])}" if others else None
        raise LoadError(f"there is no file {path}.", hint=hint) from None
    except NotTextError as error:
        raise LoadError(f"the file cannot be read: it {error}.", hint="Save it as UTF-8.", where=path.name) from None
    except OSError as error:
        raise LoadError(f"the file cannot be read: {error}", where=path.name) from error
    try:
        content = json.loads(text)
    except ValueError as error:
        if _CONFLICT.search(text):
            hint = _conflict_hint(path)
        else:
            hint = "Open it in JupyterLab and save it again; a notebook is JSON."
        raise LoadError(f"the file is not JSON: {error}", hint=hint, where=path.name) from None
    return content if isinstance(content, dict) else {}


def _conflict_hint(path: Path) -> str:
    full = path.resolve()
    file = shlex.quote(str(full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full))
    return (
        "It holds the marks of a merge conflict (<<<<<<<). Take the whole notebook of one side:\n"
        f"    git checkout --ours -- {file}\n"
        f"    git checkout --theirs -- {file}\n"
        "or merge it cell by cell:  pip install nbdime   and then:  git mergetool --tool nbdime\n"
        "If git knows of no conflict, the marks were committed; take a version from before:\n"
        f"    git log --oneline -- {file}\n"
        f"    git checkout COMMIT -- {file}"
    )


def _language(metadata: object) -> str:
    if not isinstance(metadata, dict):
        return ""
    for place, name in (("kernelspec", "language"), ("language_info", "name")):
        entry = metadata.get(place)
        if isinstance(entry, dict) and entry.get(name):
            return str(entry[name]).lower()
    return ""
