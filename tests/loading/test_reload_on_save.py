"""A notebook that is saved while it is served: the new app takes over, and nobody who asks meanwhile notices more."""

from __future__ import annotations

import gc
import http.client
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from nbmicro.errors import LoadError
from nbmicro.loading.reload import Reloader
from tests.support.asking import DEADLINE, ask
from tests.support.notebook_files import Write, ask_app, write_notebook

SAVES = 50


def by_rename(path: Path, *cells: str) -> None:
    """Save as JupyterLab and Vim do: a new file takes the old one's place."""
    os.replace(write_notebook(path.with_suffix(".new"), *cells), path)


def in_place(path: Path, *cells: str) -> None:
    """Save as VS Code does: the file is emptied and written, here with a pause in its middle."""
    written = write_notebook(path.with_suffix(".new"), *cells)
    text = written.read_text()
    written.unlink()
    with path.open("w") as file:
        file.write(text[: len(text) // 2])
        file.flush()
        time.sleep(0.05)
        file.write(text[len(text) // 2 :])


@contextmanager
def served(notebook: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """``nbmicro run --debug`` of the notebook, and its port."""
    command = [sys.executable, "-u", "-m", "nbmicro", "run", notebook.name, "--debug", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=notebook.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        assert process.stdout is not None
        line = ""
        while not line.startswith("Serving "):
            line = process.stdout.readline()
            assert line, process.communicate(timeout=DEADLINE)
        yield process, int(line.split(":")[2].split("/")[0])
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE)


@contextmanager
def load_on(port: int, connections: int) -> Iterator[list[str]]:
    """So many clients that ask without a pause; what went wrong for them."""
    wrong: list[str] = []
    done = threading.Event()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        while not done.is_set():
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                wrong.append(repr(error))
                connection.close()
            else:
                if response.status != 200 or not body.startswith(b"version "):
                    wrong.append(f"{response.status} {body[:80]!r}")
        connection.close()

    clients = [threading.Thread(target=client) for _ in range(connections)]
    for one in clients:
        one.start()
    try:
        yield wrong
    finally:
        done.set()
        for one in clients:
            one.join(DEADLINE)


def seconds_until(port: int, text: bytes) -> float:
    began = time.monotonic()
    while ask(port)[2] != text:
        assert time.monotonic() - began < DEADLINE, ask(port)[2]
        time.sleep(0.002)
    return time.monotonic() - began


def read_until(stream: IO[str] | None, text: str) -> None:
    """Read lines until one has the text: on a busy machine there is more to tell, such as a cell that still runs."""
    assert stream is not None
    before: list[str] = []
    while text not in (line := stream.readline()):
        assert line, before
        before.append(line)


def test_fifty_saves_under_load_lose_no_request_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    """Each save is served, by either way of saving, and soon; a save with an error is told with its place."""
    path = tmp_path / "app.ipynb"
    write_notebook(path, "%load_ext nbmicro", "%%route /\n'version 0'")
    with served(path) as (process, port):
        read_until(process.stderr, "Debugger PIN: ")
        with load_on(port, 8) as wrong:
            taken = []
            for number in range(1, SAVES + 1):
                (by_rename if number % 2 else in_place)(
                    path, "%load_ext nbmicro", f"%%route /\n'version {number}'", f"%http /{number}"
                )
                taken.append(seconds_until(port, f"version {number}".encode()))
            by_rename(path, "%load_ext nbmicro", "%%route /\nx = (\n'version 99'")
            read_until(process.stderr, "Error: app.ipynb, cell 2 (%%route /), line 2, column 5: '('")
            read_until(process.stderr, "goes on serving")
            assert ask(port)[2] == f"version {SAVES}".encode()
            by_rename(path, "%load_ext nbmicro", "%%route /\n'version 100'")
            seconds_until(port, b"version 100")
        assert wrong == []
        assert min(taken) < 1.0, "a busy machine may be slow; at its best it waits for no look at a clock"


def test_a_save_that_never_ends_is_told_and_the_next_one_takes_its_place(tmp_path: Path) -> None:
    """The terminal says which cell runs on; meanwhile the app from before serves, and a signal ends it all."""
    path = tmp_path / "app.ipynb"
    write_notebook(path, "%load_ext nbmicro", "%%route /\n'version 0'")
    with served(path) as (process, port):
        read_until(process.stderr, "Debugger PIN: ")
        by_rename(path, "%load_ext nbmicro", "x = 1", "# now\nwhile True: pass", "%%route /\n'version 1'")
        read_until(process.stderr, "app.ipynb, cell 3, line 2: it is still running.")
        assert ask(port)[2] == b"version 0"
        by_rename(path, "%load_ext nbmicro", "%%route /\n'version 2'")
        seconds_until(port, b"version 2")
        (tmp_path / "asleep.py").write_text("import time\ntime.sleep(1000)\n")
        by_rename(path, "%load_ext nbmicro", "import asleep", "%%route /\n'version 3'")
        read_until(process.stderr, "app.ipynb, cell 2, line 1: it is still running.")
        (tmp_path / "asleep.py").write_text("")
        seconds_until(port, b"version 3")
        by_rename(path, "%load_ext nbmicro", "print('begun', flush=True)\nwhile True: pass")
        read_until(process.stdout, "begun\n")
        process.terminate()
        assert process.wait(DEADLINE) == 0


@pytest.fixture
def reloader(notebook: Write, monkeypatch: pytest.MonkeyPatch) -> Reloader:
    """One for a notebook that counts its visits and shows what a module beside it says."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = notebook("%load_ext nbmicro", "import beside_of_a_test\nvisits = []", PAGE)
    (path.parent / "beside_of_a_test.py").write_text("WORD = 'one'\n")
    monkeypatch.chdir(path.parent)
    return Reloader("app.ipynb")


PAGE = "%%route /\nvisits.append(1)\nf'{beside_of_a_test.WORD} {len(visits)}'"


def waits(reloader: Reloader, seconds: float) -> bool:
    """Whether a change is seen before so many seconds are over."""
    stopped = threading.Event()
    timer = threading.Timer(seconds, stopped.set)
    timer.start()
    try:
        return reloader.wait(stopped)
    finally:
        timer.cancel()
        timer.join(DEADLINE)


def test_a_save_that_changes_outputs_only_is_none(reloader: Reloader) -> None:
    """The app goes on with all it has in memory; a save with another cell begins anew."""
    app = reloader.load().app
    assert ask_app(app, "/") == (200, "one 1")
    content = reloader.path.read_text() if reloader.path else ""
    assert reloader.path is not None
    reloader.path.write_text(content.replace('"outputs": []', '"outputs": [{"output_type": "stream", "text": "x"}]'))
    assert not waits(reloader, 0.6)
    in_place(reloader.path, "%load_ext nbmicro", "import beside_of_a_test\nvisits = [1, 1]", PAGE)
    assert waits(reloader, DEADLINE)
    assert ask_app(reloader.load().app, "/") == (200, "one 3")


def test_a_module_beside_the_notebook_is_loaded_anew_with_it(reloader: Reloader) -> None:
    """Saving the module is a change; one that cannot be imported leaves the old one in its place, for all who ask."""
    app = reloader.load().app
    module = reloader.folder / "beside_of_a_test.py"
    module.write_text("WORD = (\n")
    assert waits(reloader, DEADLINE)
    before = sys.modules["beside_of_a_test"]
    with pytest.raises(LoadError, match=r"app\.ipynb, cell 2 .*SyntaxError: '\(' was never closed .*beside_of_a_test"):
        reloader.load()
    assert sys.modules["beside_of_a_test"] is before
    assert ask_app(app, "/") == (200, "one 1")
    module.write_text("WORD = 'two'\n")
    assert waits(reloader, DEADLINE)
    assert ask_app(reloader.load().app, "/") == (200, "two 1")
    assert ask_app(app, "/") == (200, "one 2")


def test_a_missing_module_that_is_written_after_all_is_a_change(reloader: Reloader) -> None:
    """After a failure any Python file of the folder counts, though none of it has been imported."""
    assert reloader.path is not None
    reloader.load()
    by_rename(reloader.path, "%load_ext nbmicro", "import late_of_a_test", "%%route /\nlate_of_a_test.WORD")
    assert waits(reloader, DEADLINE)
    with pytest.raises(LoadError, match="No module named 'late_of_a_test'"):
        reloader.load()
    assert not waits(reloader, 0.6)
    (reloader.folder / "late_of_a_test.py").write_text("WORD = 'late'\n")
    assert waits(reloader, DEADLINE)
    assert ask_app(reloader.load().app, "/") == (200, "late")


def test_an_app_that_was_replaced_is_freed(reloader: Reloader) -> None:
    """No swap adds to memory: of the app, its module and the module beside it nothing is left."""
    app = reloader.load().app
    assert ask_app(app, "/") == (200, "one 1")
    modules = [sys.modules[name] for name in ("beside_of_a_test", "nbmicro_notebook.app")]
    gone = [weakref.ref(one) for one in (app, *modules)]
    modules.clear()
    del app
    reloader.load()
    gc.collect()
    assert [reference() for reference in gone] == [None, None, None]


def test_a_python_file_is_loaded_anew_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two saves of one size within one second are two apps: no cached bytecode stands between."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "path", [*sys.path])
    path = tmp_path / "shop_of_a_test.py"
    source = "from nbmicro import App\napp = App(__name__)\n\n\n@app.get('/')\ndef index():\n    return 'version 1'\n"
    path.write_text(source)
    reloader = Reloader(f"{path}:app")
    apps = [reloader.load().app]
    for number in (2, 3):
        path.write_text(source.replace("version 1", f"version {number}"))
        assert waits(reloader, DEADLINE)
        apps.append(reloader.load().app)
    assert [ask_app(app, "/") for app in apps] == [(200, "version 1"), (200, "version 2"), (200, "version 3")]
    del sys.modules["shop_of_a_test"]
