"""A notebook that says ``%app`` is served as that app, whatever it was made with."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from nbmicro.client.client import Client
from nbmicro.errors import LoadError
from nbmicro.loading.loader import load
from tests.support.asking import DEADLINE, ask, free_port

Notebook = Callable[..., Path]
LESSON = Path(__file__).parents[2] / "notebooks" / "07-existing-apps.ipynb"


def beside(path: Path, name: str, source: str) -> None:
    (path / name).parent.mkdir(parents=True, exist_ok=True)
    (path / name).write_text(textwrap.dedent(source).lstrip())


FLASK = """
    from flask import Flask
    def create_app(word="tea"):
        app = Flask(__name__)
        app.get("/")(lambda: word)
        return app
    """


def test_the_last_app_that_was_named_is_served(notebook: Notebook, tmp_path: Path) -> None:
    """With the call's arguments; headers and --reload are the notebook's own affair, and %app alone asks only."""
    beside(tmp_path, "tea_shop.py", FLASK)
    line = "%app tea_shop:create_app('coffee') -H 'X-Tenant: blue' --reload"
    path = notebook("%load_ext nbmicro", "%app app", line, "%http /", "%app")
    assert Client(load(path)).get("/").text == "coffee"


def test_cells_declare_on_the_notebooks_app_again_after_the_way_back(notebook: Notebook, tmp_path: Path) -> None:
    beside(tmp_path, "tea_shop_again.py", FLASK)
    path = notebook("%load_ext nbmicro", "%app tea_shop_again:create_app()", "%app app", "%%route /own\n'own'")
    assert Client(load(path)).get("/own").text == "own"


def test_an_async_app_is_served_by_way_of_the_bridge(notebook: Notebook, tmp_path: Path) -> None:
    """Its lifespan begins with the first request, in the process that answers it."""
    beside(
        tmp_path,
        "tea_service.py",
        """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI, Request
        @asynccontextmanager
        async def lifespan(app):
            yield {"word": "begun"}
        app = FastAPI(lifespan=lifespan)
        @app.get("/")
        async def index(request: Request):
            return request.state.word
        """,
    )
    app = load(notebook("%load_ext nbmicro", "%app tea_service:app"))
    try:
        assert Client(app).get("/").json == "begun"
    finally:
        app.close()  # type: ignore[attr-defined]


def test_a_file_is_served_by_its_name(notebook: Notebook, tmp_path: Path) -> None:
    beside(tmp_path, "tea_file.py", FLASK)
    """A colon in the call's arguments is theirs."""
    path = notebook("%load_ext nbmicro", "%app tea_file.py:create_app('a:file')")
    assert Client(load(path)).get("/").text == "a:file"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%app nothing", "there is no `nothing` above this line"),
        ("%app no_such_tea:app", "there is no module 'no_such_tea'"),
        ("%app a b", "%app takes one app"),
        ("%app tea_word:word", "'word' is 3, and that answers no requests."),
    ],
)
def test_what_is_no_app_fails_the_loading_with_its_cell(
    notebook: Notebook, tmp_path: Path, line: str, words: str
) -> None:
    beside(tmp_path, "tea_word.py", "word = 3")
    with pytest.raises(LoadError) as caught:
        load(notebook("%load_ext nbmicro", line))
    assert words in str(caught.value)


def test_the_lesson_serves_its_own_app_in_the_end() -> None:
    """Of its four apps the last one named is the notebook's; the others were only looked at."""
    port = free_port()
    command = [sys.executable, "-m", "nbmicro", "run", LESSON.name, "--port", str(port)]
    with subprocess.Popen(
        command, cwd=LESSON.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            assert server.stdout is not None
            lines = [server.stdout.readline(), server.stdout.readline()]
            assert "Serving 07-existing-apps.ipynb" in lines[1], lines
            assert ask(port, "/hello/Ada")[2] == b"Hello, Ada! This page is the notebook's own."
        finally:
            server.terminate()
            server.wait(DEADLINE)
