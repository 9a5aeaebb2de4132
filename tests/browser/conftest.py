"""JupyterLab servers on a copy of the notebooks, and pages of the browser on them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser

from start import ROOT
from tests.browser.lab import Lab
from tests.browser.server import LabServer


class OpenLab(Protocol):
    """The type of the fixture `open_lab`."""

    def __call__(self, folder: Path, *, prefix: str = "/") -> Lab: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture
def open_page(browser: Browser, pictures: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[LabServer], Lab]]:
    """A function that opens a page on a JupyterLab; a failed test leaves a picture of each page in `pictures`."""
    labs: list[Lab] = []
    with ExitStack() as ends:

        def open_(server: LabServer) -> Lab:
            labs.append(Lab(browser, server))
            ends.callback(labs[-1].close)
            return labs[-1]

        yield open_
        if request.node.stash.get(_FAILED, False):
            for number, lab in enumerate(labs):
                lab.page.screenshot(path=pictures / f"failed-{request.node.name}-{number}.png")


@pytest.fixture
def open_lab(open_page: Callable[[LabServer], Lab], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenLab]:
    """A function that serves a folder of notebooks by a JupyterLab that trusts none of them, and opens a page on it."""
    with ExitStack() as ends:

        def open_(folder: Path, *, prefix: str = "/") -> Lab:
            server = LabServer(folder, tmp_path_factory.mktemp("lab"), prefix=prefix)
            return open_page(ends.enter_context(server))

        yield open_


def copy_of_notebooks(place: Path) -> Path:
    """A copy of the notebooks folder in `place`."""
    forget = shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__", "instance")
    return Path(shutil.copytree(ROOT / "notebooks", place / "notebooks", ignore=forget))


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """A copy of the notebooks folder, for a test to change."""
    return copy_of_notebooks(tmp_path)


@pytest.fixture
def pictures() -> Path:
    """The folder that screenshots go to: test-results/ at the root, or what NBMICRO_PICTURES says."""
    folder = Path(os.environ.get("NBMICRO_PICTURES", ROOT / "test-results"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
