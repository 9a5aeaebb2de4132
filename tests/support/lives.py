"""One notebook, served in each of its lives at once: by its kernel, the loader, gunicorn, uWSGI, and as a module."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from nbmicro.cli import main
from nbmicro.loading.notebook_file import read_notebook
from nbmicro.loading.selection import select
from nbmicro.testing.kernel import RealKernel
from tests.support.asking import DEADLINE, free_port, takes_connections
from tests.support.deploying import commands

__all__ = ["ENVIRON", "KernelLife", "Life", "copied", "served"]

START_SECONDS = 120.0
#: The key that a lesson takes from outside: with one for all, what one life signs another reads.
ENVIRON = {"CLUB_KEY": "one key for all lives"}
#: What no server may need.
BLOCKED = ("IPython", "ipykernel", "ipywidgets", "traitlets")


@dataclass(frozen=True)
class Life:
    """A server of the notebook.

    Parameters
    ----------
    name:
        Which life it is.
    port:
        Where it listens on 127.0.0.1.
    process:
        Its first process; None for the kernel.
    log:
        The file with what it prints.
    """

    name: str
    port: int
    process: subprocess.Popen[bytes] | None = None
    log: Path | None = None

    def wait(self) -> None:
        """Until it takes connections; AssertionError with its words where it ends before, or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not takes_connections(self.port):
            assert self.process is None or self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def said(self) -> str:
        """What it has printed so far."""
        return f"{self.name}:\n{self.log.read_text() if self.log is not None else ''}"

    def to_one_worker(self) -> None:
        """Let gunicorn end one of its two workers; the other lives have one process from the start."""
        if self.name != "gunicorn":
            return
        assert self.process is not None
        master = self.process.pid
        children = Path(f"/proc/{master}/task/{master}/children")
        assert len(children.read_text().split()) == 2, self.said()
        self.process.send_signal(signal.SIGTTOU)
        deadline = time.monotonic() + START_SECONDS
        while len(children.read_text().split()) != 1:
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)


def copied(notebook: Path, folder: Path) -> Path:
    """The notebook in a new folder, with all that lies beside it, without what it stored there."""
    shutil.copytree(notebook.parent, folder, ignore=shutil.ignore_patterns("instance", "*.ipynb", ".*", "__pycache__"))
    return Path(shutil.copy2(notebook, folder))


def typed(notebook: str, *, one_process: bool, loads_once: bool) -> dict[str, str]:
    """What is typed for each life that is a process, in the words of docs/deploy.md; port 8000 stands for its port."""
    gunicorn = next(line for line in commands("gunicorn") if ":8000" in line and ("--preload" in line) == loads_once)
    (uwsgi,) = commands("uwsgi")
    if one_process:
        uwsgi = uwsgi.replace("--processes 2", "--processes 1")
    return {
        "nbmicro run": f"nbmicro run {notebook} --port 8000",
        "gunicorn": gunicorn.replace("04-crud.ipynb", notebook),
        "uWSGI": uwsgi.replace("04-crud.ipynb", notebook),
        "module": "gunicorn --bind 127.0.0.1:8000 exported:app",
    }


@contextmanager
def served(
    notebook: Path, folder: Path, *, one_process: bool = False, loads_once: bool = False, module: bool = True
) -> Iterator[list[Life]]:
    """Every life but the kernel's, each with a copy of the notebook below ``folder``; all listen, all end at the end.

    Parameters
    ----------
    one_process:
        Whether uWSGI has one process and not two: where processes differ in what they keep in memory.
    loads_once:
        Whether gunicorn loads the notebook before it makes its two workers, as uWSGI does.
    module:
        Whether there is a module to be exported.
    """
    blocked = folder / "blocked"
    for name in BLOCKED:
        (blocked / name).mkdir(parents=True)
        (blocked / name / "__init__.py").write_text("raise ImportError('blocked')\n")
    with ExitStack() as stack:
        lives = []
        for name, words in typed(notebook.name, one_process=one_process, loads_once=loads_once).items():
            if name == "module" and not module:
                continue
            own = copied(notebook, folder / name.replace(" ", "-"))
            if name == "module":
                _export(own)
            lives.append(stack.enter_context(_started(name, words, own.parent, blocked)))
        for life in lives:
            life.wait()
        yield lives


def _export(notebook: Path) -> None:
    """Let the module stand alone in the notebook's folder."""
    done = CliRunner().invoke(main, ["export", str(notebook), "-o", str(notebook.with_name("exported.py"))])
    assert done.exit_code == 0, done.output
    notebook.unlink()


@contextmanager
def _started(name: str, words: str, cwd: Path, blocked: Path) -> Iterator[Life]:
    port, log = free_port(), cwd.with_name(f"{cwd.name}.log")
    program, *rest = shlex.split(words.replace("8000", str(port)))
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / program), *rest],
            cwd=cwd,
            env={**os.environ, **ENVIRON, "PYTHONPATH": str(blocked)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Life(name, port, process, log)
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(DEADLINE)


class KernelLife:
    """The notebook in a kernel, as its author has it.

    Parameters
    ----------
    notebook:
        The notebook, in a folder of its own.
    kernel:
        A kernel that was started there.
    """

    def __init__(self, notebook: Path, kernel: RealKernel) -> None:
        self.notebook = notebook
        self.kernel = kernel
        self.cells = read_notebook(notebook)

    def run_all(self) -> None:
        """Run every cell from the first to the last. Of those marked to be skipped, only functions that its
        requests call: what the others prepare, a served notebook has not."""
        for cell in self.cells:
            if not cell.is_skipped or "\ndef " in cell.text:
                self.kernel.run(cell.text, cell_id=f"cell-{cell.number}", timeout=START_SECONDS)

    def run_served(self) -> None:
        """Forget what was stored, and run the cells that a served notebook runs; where they ran before, once more."""
        shutil.rmtree(self.notebook.parent / "instance", ignore_errors=True)
        for step in select(self.cells).steps:
            self.kernel.check(step.cell.text, cell_id=f"cell-{step.cell.number}", timeout=START_SECONDS)

    def serve(self) -> Life:
        """Serve it from the kernel, which ends with it."""
        port = free_port()
        self.kernel.check(f"%serve --port {port}")
        life = Life("kernel", port)
        life.wait()
        return life
