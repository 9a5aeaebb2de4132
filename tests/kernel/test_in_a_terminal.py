"""The terminal's IPython: the same cells, the same words, Tab, and no HTML."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pexpect = pytest.importorskip("pexpect", reason="a terminal to drive is there on Linux and macOS only")

pytestmark = pytest.mark.kernel

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>]|\r")
_COLOURS = r"(?:\x1b\[[0-9;]*m)*"


class Terminal:
    """IPython in a pseudo-terminal, typed into as a person does."""

    def __init__(self, folder: Path) -> None:
        environ = {**os.environ, "IPYTHONDIR": str(folder), "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "IPython", "--no-banner", "--no-confirm-exit"],
            env=environ,
            encoding="utf-8",
            dimensions=(50, 160),
            timeout=60,
            cwd=str(folder),
        )
        self.number = 1
        self._prompt()

    def _prompt(self) -> None:
        self.child.expect(rf"In \[{_COLOURS}{self.number}{_COLOURS}\]: ")

    def run(self, cell: str) -> str:
        """Paste a cell, run it, and give what the terminal shows below it, colours and all."""
        lines = cell.count("\n")
        self.child.send(f"\x1b[200~{cell}\x1b[201~" + "\r" * (3 if lines else 1))
        self.number += 1
        self._prompt()
        return str(self.child.before)

    def shown(self, cell: str) -> str:
        """The same without colours, from the cell's last line on."""
        text = _ANSI.sub("", self.run(cell))
        return text.rpartition(cell.splitlines()[-1])[2].replace("   ...: ", "").strip("\n ")


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    found = Terminal(tmp_path_factory.mktemp("terminal"))
    found.run("%load_ext nbmicro")
    yield found
    found.child.close(force=True)


def test_a_route_and_its_request_read_as_in_a_notebook(terminal: Terminal) -> None:
    assert terminal.shown("%%route /hello/<name>\nf'Hello, {name}!'") == "GET /hello/<name> → hello_name"
    assert terminal.shown("%http /hello/Ada") == "GET /hello/Ada → 200 OK · text/html\nHello, Ada!"
    assert terminal.shown("r = %http /hello/Bob").endswith("Hello, Bob!")
    assert terminal.shown("r.status") == f"Out[{terminal.number - 1}]: 200"


def test_an_error_shows_its_line_and_no_html(terminal: Terminal) -> None:
    terminal.run("%%route /boom\nx = 1\n1/0")
    said = terminal.shown("%http /boom")
    assert "GET /boom, line 3, in boom" in said
    assert "ZeroDivisionError: division by zero" in said
    assert "<" not in said.replace("<GET /boom>", "")
    assert "Did you mean" in terminal.shown("%http /boom --expectt 200")


def test_running_a_route_again_replaces_it(terminal: Terminal) -> None:
    for word in ("one", "two"):
        assert terminal.shown(f"%%route /again\n'{word}'") == "GET /again → again"
    assert terminal.shown("%http /again").endswith("two")


def test_tab_completes_a_path(terminal: Terminal) -> None:
    terminal.run("%%route /greeting\n'good day'")
    terminal.child.send("%http /gre\t")
    terminal.child.expect("eting")  # the terminal may paint only what Tab added
    terminal.child.send("\r")
    terminal.number += 1
    terminal._prompt()
    assert "good day" in _ANSI.sub("", terminal.child.before)


def test_an_interrupt_stops_a_request(terminal: Terminal) -> None:
    # Many short sleeps: a signal that comes in the moment before a sleep begins does not end it.
    terminal.run(
        "%%route /slow\nimport time\nprint('begun', file=__import__('sys').__stderr__, flush=True)\n"
        "while True: time.sleep(0.1)\n'x'"
    )
    terminal.child.send("%http /slow\r")
    terminal.child.expect("begun")
    terminal.child.sendintr()
    terminal.number += 1
    terminal._prompt()
    assert "the request was stopped" in _ANSI.sub("", terminal.child.before)


def test_the_card_and_help_are_text(terminal: Terminal) -> None:
    assert "%%route /hello/<name>" in _ANSI.sub("", terminal.run("%nbmicro"))
    assert "a terminal; cells have no ids there" in terminal.shown("%nbmicro doctor")
    assert "%http [METHOD] URL" in terminal.shown("%http --help")
