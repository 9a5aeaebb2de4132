"""Every lesson, as its reader meets it: run in JupyterLab, and opened untrusted by someone who runs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from start import ROOT
from tests.browser.conftest import copy_of_notebooks
from tests.browser.lab import Lab
from tests.browser.server import LabServer

LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
PLACE_OF_A_PICTURE = re.compile(r"^\(image/.*\)$", re.MULTILINE)
ASKS = re.compile(r"^(%http|%%http|%browse|%trace|%%route .*--try)", re.MULTILINE)


def test_there_are_lessons() -> None:
    assert "01-hello.ipynb" in LESSONS


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LabServer, LabServer]]:
    """Two servers on one folder: the notebooks that one has signed are strangers to the other."""
    folder = copy_of_notebooks(tmp_path_factory.mktemp("lessons"))
    with (
        LabServer(folder, tmp_path_factory.mktemp("writer")) as writer,
        LabServer(folder, tmp_path_factory.mktemp("reader")) as reader,
    ):
        yield writer, reader


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_and_then_reads_complete_for_one_who_trusts_nothing(
    servers: tuple[LabServer, LabServer], open_page: Callable[[LabServer], Lab], pictures: Path, lesson: str
) -> None:
    """No cell fails; opened elsewhere, untrusted, each exchange still shows all that it says as plain text."""
    lab = open_page(servers[0])
    lab.open(lesson)
    lab.run_all()
    for index in range(len(lab)):
        assert lab.output(index).error is None, lab.sources()[index]
    for theme in ("light", "dark"):
        lab.screenshot(pictures / f"{lesson.removesuffix('.ipynb')}-{theme}.png", theme=theme)
    lab.save()

    reader = open_page(servers[1])
    reader.open(lesson)
    assert not reader.trusted()
    reader.screenshot(pictures / f"{lesson.removesuffix('.ipynb')}-untrusted.png")
    asked = [index for index, source in enumerate(reader.sources()) if ASKS.search(source)]
    assert asked
    for index in asked:
        area = reader.output_area(index)
        seen = " ".join((area.text_content() or "").split())
        text = reader.output(index).text
        if area.locator("img").evaluate_all("images => images.some(image => image.naturalWidth > 0)"):
            text = PLACE_OF_A_PICTURE.sub("", text)
        # The bar beside what was printed and logged is a border there, and a trace needs no word to say that it is one.
        missing = [word for word in text.split() if word not in seen and word not in ("│", "trace")]
        assert missing == [], reader.sources()[index]

    for page in (lab, reader):
        own = (page.server.url, page.server.url.replace("http", "ws", 1), "data:", "blob:", "about:")
        assert [address for address in page.requests if not address.startswith(own)] == []
