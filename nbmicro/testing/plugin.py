"""The pytest plugin, which pytest finds by itself where nbmicro is installed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nbmicro.cells.notebook_cell import NEVER_RUN_TAG
from nbmicro.testing import NBVAL_SANITIZE

if TYPE_CHECKING:
    from nbmicro.client.client import Client

_NOT_FOUND = re.compile(r"UsageError: (?:Cell|Line) magic (?:function )?`(?P<name>%%?[^`]+)` not found")


def pytest_configure(config: pytest.Config) -> None:
    """Let nbval mask addresses and times in what cells show, unless other sanitizers were named."""
    option = config.option
    if (getattr(option, "nbval", False) or getattr(option, "nbval_lax", False)) and not option.nbval_sanitize_with:
        option.nbval_sanitize_with = str(NBVAL_SANITIZE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the cells of notebooks that nbclient and nbmake leave out."""
    for item in items:
        metadata = getattr(getattr(item, "cell", None), "metadata", None)
        if isinstance(metadata, Mapping) and NEVER_RUN_TAG in metadata.get("tags", ()):
            item.add_marker(pytest.mark.skip(reason=f"tagged {NEVER_RUN_TAG}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a notebook's cell whose magic was not loaded; nbval-lax by itself would pass it."""
    result = yield
    outputs = getattr(item, "test_outputs", None)
    if outputs and hasattr(item, "cell"):
        magic = _missing_magic(outputs)
        if magic is not None:
            pytest.fail(f"{magic} is not loaded. A cell above it must say:  %load_ext nbmicro", pytrace=False)
    return result


def _missing_magic(outputs: Iterable[Mapping[str, Any]]) -> str | None:
    """The magic (``%%route``) that IPython did not find while the cell with these outputs (nbformat 4) ran, or None."""
    for output in outputs:
        if output.get("output_type") == "stream" and output.get("name") == "stderr":
            text = output.get("text", "")
            match = _NOT_FOUND.search(text if isinstance(text, str) else "".join(text))
            if match is not None:
                return match["name"]
    return None


@pytest.fixture
def nbmicro_app(request: pytest.FixtureRequest) -> Callable[[str | os.PathLike[str]], Any]:
    """Load an app for a test: ``app = nbmicro_app("shop.ipynb")``.

    The target is a notebook, a Python file, or ``module:attribute``, as ``nbmicro run`` takes it. A path is looked for
    beside the test, then in pytest's root folder. Each call loads anew, so that tests share no state.

    Raises nbmicro.errors.LoadError when there is nothing to load, or it fails; names file, cell and line.
    """
    return lambda target: _load(request, target)


@pytest.fixture
def nbmicro_client(
    request: pytest.FixtureRequest,
) -> Callable[..., Client]:
    """A client of an app: ``client = nbmicro_client("shop.ipynb")``, then ``client.get("/").status == 200``.

    It takes what ``nbmicro_app`` takes, or an app (any WSGI application). What its methods return are exchanges, as
    those of ``%http``: ``status headers json text cookies error output``.
    """

    def make(target: Any) -> Client:
        __tracebackhide__ = True
        from nbmicro.client.client import Client

        if not isinstance(target, (str, os.PathLike)) and not callable(target):
            raise TypeError(f"nbmicro_client takes a path, module:attribute or a WSGI app; {target!r} is none.")
        app = _load(request, target) if isinstance(target, (str, os.PathLike)) else target
        return Client(app)

    return make


def _load(request: pytest.FixtureRequest, target: str | os.PathLike[str]) -> Any:
    __tracebackhide__ = True
    from nbmicro.errors import NbmicroError
    from nbmicro.loading.loader import load_target

    try:
        return load_target(_found(request, os.fspath(target))).app
    except NbmicroError as error:
        # It says what is wrong; where nbmicro noticed helps nobody.
        raise error.with_traceback(None) from None


def _found(request: pytest.FixtureRequest, target: str) -> str:
    """The target with its path made whole, where it has one."""
    file, colon, name = target.rpartition(":")
    if not file.endswith((".ipynb", ".py")):
        file, colon, name = target, "", ""
    if not file.endswith((".ipynb", ".py")) or Path(file).is_absolute():
        return target
    for folder in (request.path.parent, request.config.rootpath):
        if (folder / file).is_file():
            return f"{folder / file}{colon}{name}"
    return f"{request.path.parent / file}{colon}{name}"
