"""Whatever is done to the cells of a notebook, it answers as a fresh process that runs what is left.

Random notebooks, seeded: cells run again, are edited, fail, are interrupted, deleted, cut and pasted; blueprints are
nested otherwise, modules reloaded, apps and classes made anew. In CI ``SEQUENCES`` of them; the environment variable
NBMICRO_SEQUENCES says how many more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cell_jobs import CellJobs, Response
from tests.support.cell_model import RandomNotebook, files, fresh, in_order

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each notebook is run in a process that is forked")

SEQUENCES = int(os.environ.get("NBMICRO_SEQUENCES", "160"))
CHUNK = 10


@pytest.fixture(scope="module")
def jobs() -> Iterator[CellJobs]:
    with CellJobs() as program:
        yield program


@pytest.mark.parametrize("first", range(0, SEQUENCES, CHUNK))
def test_a_notebook_answers_as_a_fresh_run_of_what_is_left(jobs: CellJobs, first: int) -> None:
    for seed in range(first, min(first + CHUNK, SEQUENCES)):
        check(jobs, RandomNotebook(seed, ids=seed % 2 == 0), seed)


def check(jobs: CellJobs, notebook: RandomNotebook, seed: int) -> None:
    """Run a notebook, and compare what it answers on its way with fresh runs."""
    results = jobs.run(notebook.steps, ids=notebook.ids)
    steps = [step for step in notebook.steps if step[0] != "file"]
    runs, checks = iter(notebook.expected), iter(notebook.checks)
    done: list[str] = []
    for step, result in zip(steps, results, strict=True):
        if step[0] == "run":
            done.append(f"{step[1]}: {step[2]!r} {step[3] or ''}")
            # IPython counts a %%capture whose code failed as one that did not.
            assert (result is None) == next(runs) or step[2].startswith("%%capture"), (seed, done, result)
            continue
        cells = next(checks)
        by_place = run_freshly(jobs, fresh(cells, by_place=True), ids=True)
        # As nbclient and nbval run it: without ids.
        by_run = run_freshly(jobs, fresh(cells, by_place=False), ids=notebook.ids)
        for request, response in result.items():
            expected = {**by_run[request], "hooks": by_place[request]["hooks"]}
            assert response == expected, (seed, request, done)
    served = [cell.ran for cell in in_order(cells, by_place=False)]
    loaded = run_freshly(jobs, [*files(cells), ["load", served]], ids=True)
    for request, response in loaded.items():
        assert response == by_run[request], (seed, request, "nbmicro.load", served)


def run_freshly(jobs: CellJobs, steps: list[list[Any]], *, ids: bool) -> dict[str, Response]:
    """The responses after a run of which every cell must come to its end."""
    *runs, responses = jobs.run(steps, ids=ids)
    assert not any(runs), [step for step, result in zip(steps, runs, strict=False) if result]
    assert isinstance(responses, dict)
    return responses
