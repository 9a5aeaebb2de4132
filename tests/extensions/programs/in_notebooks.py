"""Extensions in a notebook: its cells run twice, then one of them changed, and it answers as a fresh run does."""

from __future__ import annotations

from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.py"))


@pytest.mark.parametrize("file", NOTEBOOKS, ids=[file.stem for file in NOTEBOOKS])
def test_cells_run_twice_and_one_is_changed(notebook_answers, file):
    notebook_answers(file)
