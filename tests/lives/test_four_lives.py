"""One corpus of requests for every notebook, sent over HTTP to each of its lives: the same bytes come back.

The lives: the kernel's ``%serve``, ``nbmicro run``, gunicorn with two workers, uWSGI, and the exported module.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from nbmicro.testing.kernel import RealKernel
from tests.support.corpus import Answer, Request, derived, send, sent_by_cells
from tests.support.lives import ENVIRON, KernelLife, Life, copied, served

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(sys.platform != "linux", reason="gunicorn and uWSGI run on Unix, and /proc tells of workers"),
]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

#: Where two processes differ by design: what they keep in variables is each one's own (docs/deploy.md, "Several
#: machines"). They are asked for all that can be read while two workers serve; what the cells sent, and everything
#: once more after it, goes to one.
IN_MEMORY = {
    "05-requests": "the books are a list",
    "06-errors": "the visits are a number",
    "09-look-and-measure": "the mountains that were climbed are a list",
    "07-existing-apps, apps.news": "its database is in a temporary folder of the process",
    "07-existing-apps, apps.weather": "the readings are a list",
}
#: Where the notebook makes the tables of an empty database, which only one process may do: gunicorn loads it once, as
#: docs/deploy.md has it.
MAKES_TABLES = {"10-flask-extensions"}
#: What an app of others answers with an exception that nobody catches: what becomes of that is the server's affair
#: (waitress and gunicorn have a page each, uWSGI closes the connection), so it is not asked.
RAISES = {"07-existing-apps, apps.news": {"/static/%2e%2e/letter.txt"}}


@dataclass(frozen=True)
class Chapter:
    """A notebook, or the part of one that speaks to an app of another framework.

    Parameters
    ----------
    name:
        Of the notebook, and of the module with that app.
    file:
        The notebook.
    cells:
        The places of its cells; None for all.
    """

    name: str
    file: Path
    cells: tuple[int, ...] | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether its app is not the notebook's: there is nothing to export then."""
        return self.cells is not None

    def written(self, folder: Path) -> Path:
        """As a notebook of its own in a new folder, beside the files of the real one."""
        path = copied(self.file, folder)
        if self.cells is not None:
            content = json.loads(path.read_text())
            path.write_text(json.dumps({**content, "cells": [content["cells"][place] for place in self.cells]}))
        return path


def chapters() -> list[Chapter]:
    """Every notebook as it is; and of one that says ``%app`` for each module beside it, its cells up to the next.

    What others have published (sqlite-web, Django's admin …) a cell of the lesson sets up in a temporary folder, with
    keys drawn by lot: it is loaded with its notebook in every life, and asked in none.
    """
    found = []
    for file in sorted(NOTEBOOKS.glob("*.ipynb")):
        found.append(Chapter(file.stem, file))
        cells = cells_of(file)
        starts = [place for place, text in enumerate(cells) if text.startswith("%app ")]
        for start, end in zip(starts, [*starts, len(cells)][1:], strict=True):
            target = re.match(r"%app (apps\.\w+):", cells[start])
            name = f"{file.stem}, {target[1]}" if target is not None else ""
            if name and name not in {one.name for one in found}:
                found.append(Chapter(name, file, (*range(starts[0]), *range(start, end))))
    return found


def cells_of(notebook: Path) -> list[str]:
    """The texts of its cells."""
    return ["".join(cell["source"]) for cell in json.loads(notebook.read_text())["cells"]]


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.name)
def test_a_notebook_answers_with_the_same_bytes_in_every_life(chapter: Chapter, tmp_path: Path) -> None:
    """Status, headers and body of what its cells ask, of every route and file, and of what is not there."""
    in_memory = chapter.name in IN_MEMORY
    notebook = chapter.written(tmp_path / "notebook")
    with ExitStack() as stack:
        lives = stack.enter_context(
            served(
                notebook,
                tmp_path / "lives",
                one_process=in_memory,
                loads_once=chapter.name in MAKES_TABLES,
                module=not chapter.is_foreign,
            )
        )
        kernel, sent, reads = _of_kernel(chapter, copied(notebook, tmp_path / "kernel"), stack)
        lives = [kernel, *lives]
        pool = stack.enter_context(ThreadPoolExecutor(len(lives)))
        answers = list(pool.map(lambda life: told_by(life, reads), lives))
        if in_memory:
            for life in lives:
                life.to_one_worker()
        later = list(pool.map(lambda life: told_by(life, [*sent, *reads]), lives))
    requests = [*reads, *sent, *reads]
    told = {life.name: [*first, *last] for life, first, last in zip(lives, answers, later, strict=True)}
    if chapter.is_foreign:
        # Flask and Werkzeug take it from a set.
        told = {life: [in_order(answer) for answer in answers] for life, answers in told.items()}
    assert {answer.status[0] for answer in told["kernel"]} >= {"2", "4"}
    assert differences(requests, told, made_by_cells(notebook)) == []


def told_by(life: Life, requests: list[Request]) -> list[Answer]:
    """Its answers; where it gives none, what it has printed is added to the error."""
    try:
        return send(life.port, requests)
    except (OSError, http.client.HTTPException) as error:
        error.add_note(life.said()[-1500:])
        raise


def _of_kernel(chapter: Chapter, notebook: Path, stack: ExitStack) -> tuple[Life, list[Request], list[Request]]:
    """The kernel's life, the requests of the notebook's cells, and what is derived from them and from its routes."""
    kernel = stack.enter_context(RealKernel(cwd=notebook.parent, env=ENVIRON))
    author = KernelLife(notebook, kernel)
    author.run_all()
    sent, rules = sent_by_cells(kernel)
    if any(text.startswith("%app ") for text in cells_of(notebook)):
        # What the modules of others have stored, only another process forgets.
        kernel.shutdown()
        author = KernelLife(notebook, stack.enter_context(RealKernel(cwd=notebook.parent, env=ENVIRON)))
    author.run_served()
    files = [path.name for path in sorted((notebook.parent / "static").iterdir())]
    own = [] if chapter.is_foreign else rules
    reads = derived(sent, own, [*files, *made_by_cells(notebook)])
    return author.serve(), sent, [one for one in reads if one.target not in RAISES.get(chapter.name, ())]


def made_by_cells(notebook: Path) -> list[str]:
    """The static files that are cells."""
    return [found[1] for text in cells_of(notebook) if (found := re.match(r"%%static (\S+)", text))]


def differences(requests: list[Request], told: dict[str, list[Answer]], of_cells: list[str]) -> list[str]:
    """Where a life answers otherwise than the kernel: life, request, and both answers.

    Of a static file that is a cell the module has a file on disk, and a file has a time: ``of_cells`` names them.
    """
    kernel = told["kernel"]
    files = {f"/static/{name}" for name in of_cells}
    found = []
    for life, answers in told.items():
        for request, ours, theirs in zip(requests, kernel, answers, strict=True):
            if life == "module" and request.target in files:
                if request.headers and request.headers[0][0] == "If-Modified-Since":
                    continue
                ours, theirs = without_time(ours), without_time(theirs)
            if theirs != ours:
                found.append(f"{life}, {request}\n{_apart(ours, theirs)}")
    return found


def without_time(answer: Answer) -> Answer:
    """Without what a file on disk has for its time."""
    return replace(answer, headers=tuple(one for one in answer.headers if one[0] not in ("etag", "last-modified")))


def in_order(answer: Answer) -> Answer:
    """With the methods of an Allow header in order."""
    headers = [
        (name, ", ".join(sorted(value.split(", "))) if name == "allow" else value) for name, value in answer.headers
    ]
    return replace(answer, headers=tuple(headers))


def _apart(ours: Answer, theirs: Answer) -> str:
    """What differs, the kernel's first."""
    lines = [f"    {ours.status}  |  {theirs.status}"]
    lines += [f"    only the kernel: {one}" for one in ours.headers if one not in theirs.headers]
    lines += [f"    not the kernel: {one}" for one in theirs.headers if one not in ours.headers]
    if ours.body != theirs.body:
        lines += [f"    {ours.body[:300]!r}", f"    {theirs.body[:300]!r}"]
    return "\n".join(lines)


def test_a_byte_that_differs_is_told_with_its_life_and_its_request() -> None:
    """The comparison can fail: by a status, by a header, by a body, each for the life that it is of."""
    request = Request("GET", "/static/style.css")
    ours = Answer("200 OK", (("content-type", "text/css"), ("etag", '"a"')), b"p {}")
    for theirs in (
        replace(ours, status="404 NOT FOUND"),
        replace(ours, headers=ours.headers[:1]),
        replace(ours, body=b"p {}\n"),
    ):
        (told,) = differences([request], {"kernel": [ours], "uWSGI": [theirs], "gunicorn": [ours]}, [])
        assert told.startswith("uWSGI, GET /static/style.css\n")
    untimed = replace(ours, headers=ours.headers[:1])
    assert differences([request], {"kernel": [ours], "module": [untimed]}, ["style.css"]) == []
    assert differences([request], {"kernel": [ours], "module": [untimed]}, []) != []
