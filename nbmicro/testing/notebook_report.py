"""What ``nbmicro test`` prints: a line for each request of a notebook, and what failed."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Generator, Iterator
from itertools import takewhile
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

#: The first line of what an exchange shows.
_EXCHANGE = re.compile(r"[A-Z]+ \S+ → \d{3}\b")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MOST_LINES = 30
#: Seconds after which a wait looks whether the kernel lives.
_LOOK_AGAIN = 1.0


def pytest_configure(config: pytest.Config) -> None:
    """Take over the report."""
    config.pluginmanager.register(NotebookReport(config), "nbmicro-notebook-report")


class NotebookReport:
    """The report of one run over notebooks.

    Parameters
    ----------
    config:
        Of this run of pytest.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._file: Path | None = None
        self._numbers: dict[str, int] = {}
        self._requests = self._checks = self._passed = self._failed = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Silence pytest's own report; count the cells as people do, from 1 and without the empty ones."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            self._config.pluginmanager.unregister(reporter)
        counts: dict[Path, int] = {}
        for item in session.items:
            if _source(item).strip():
                counts[item.path] = self._numbers[item.nodeid] = counts.get(item.path, 0) + 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that is no notebook."""
        if report.failed:
            self._failed += 1
            self._write(f"✗ {report.nodeid}")
            self._write(_indented(_tail(str(report.longrepr))))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Let the wait for a cell end when its kernel does; nbval by itself waits until the cell's time is over."""
        kernel: Any = getattr(item.parent, "kernel", None)
        if kernel is not None and not hasattr(kernel, "nbmicro_waits"):
            kernel.nbmicro_waits = wait = kernel.await_reply
            kernel.await_reply = lambda msg_id, timeout=None: _await_reply(kernel, wait, msg_id, timeout)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """The lines of one cell, once it has run."""
        report = yield
        number = self._numbers.get(item.nodeid)
        if number is not None:
            # JUnit's report calls the cell as the lines here do; nbval counts from 0, the empty ones too.
            report.nodeid = f"{item.nodeid.rpartition('::')[0]}::cell {number}"
        if report.when == "call" or report.failed:
            self._write_cell(item, report, call)
        return report

    def _write_cell(self, item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
        if item.path != self._file:
            self._file = item.path
            self._write(str(self._relative(item.path)))
        cell = f"  cell {self._numbers.get(item.nodeid, 0):<3}"
        outputs = list(getattr(item, "test_outputs", None) or [])
        for text in _texts(outputs):
            for first, sent, checks in _exchanges(text):
                self._requests += sent
                self._checks += len(checks)
                self._write(f"{cell}  {first}{'   ' if checks else ''}{'  '.join(checks)}")
        if report.failed:
            self._failed += 1
            self._write(f"{cell}  ✗ {_first_line(_source(item))}")
            reason = _COLOURS.sub("", _reason(outputs, call))
            if getattr(item.parent, "timed_out", False) and reason.rstrip().endswith("KeyboardInterrupt:"):
                reason += f"\nIt took longer than {self._config.option.nbval_cell_timeout:g} s, and was interrupted."
            reason = re.sub(r"\bCell In\[\d+\](?=, line)", f"cell {self._numbers.get(item.nodeid, 0)}", reason)
            self._write(_indented(_tail(reason)))
        elif report.passed and item.nodeid in self._numbers:
            self._passed += 1
            error = next((output.get("ename") for output in outputs if output.get("output_type") == "error"), None)
            if error is not None:
                self._write(f"{cell}  {error}, expected: raises-exception")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """The sums."""
        if self._passed + self._failed:
            words = [_counted(self._requests, "request"), _counted(self._checks, "check")]
            self._write(f"{', '.join(words)}: {_counted(self._passed, 'cell')} passed, {self._failed} failed")

    def _relative(self, path: Path) -> Path:
        base = self._config.invocation_params.dir
        return path.relative_to(base) if path.is_relative_to(base) else path

    @staticmethod
    def _write(text: str) -> None:
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:  # nobody reads on: `nbmicro test … | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _source(item: Any) -> str:
    return str(getattr(getattr(item, "cell", None), "source", ""))


def _first_line(source: str) -> str:
    line = next((line.strip() for line in source.splitlines() if line.strip()), "")
    return line if len(line) <= 80 else f"{line[:79]}…"


def _texts(outputs: list[Any]) -> Iterator[str]:
    for output in outputs:
        text = output.get("data", {}).get("text/plain", "")
        yield text if isinstance(text, str) else "".join(text)


def _exchanges(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """The status line of each exchange in a text, how many requests it was, and the checks that stand below it."""
    if not _EXCHANGE.match(text):
        return
    lines = text.splitlines()
    sent = list(takewhile(_EXCHANGE.match, lines))  # several where redirects were followed
    checks = [part for line in lines if line[:2] in ("✓ ", "✗ ") for part in _parts(line)]
    yield ", ".join(line.partition(" · ")[0] for line in sent), len(sent), checks


class KernelDied(Exception):
    """The kernel ended while it ran a cell."""


def _await_reply(kernel: Any, wait: Any, msg_id: str, timeout: float | None) -> Any:
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        try:
            return wait(msg_id, timeout=_LOOK_AGAIN)
        except Empty:
            if not kernel.is_alive():
                raise KernelDied("The kernel died while it ran this cell. The cells below did not run.") from None
            if deadline is not None and time.monotonic() > deadline:
                raise


def _parts(line: str) -> list[str]:
    """The checks of a line, without the captures behind them."""
    return [part.strip() for part in re.split(r"\s{2,}(?=[✓✗] )", line.partition("     ")[0])]


def _reason(outputs: list[Any], call: pytest.CallInfo[None]) -> str:
    """Why a cell failed: the error that it shows, or what nbval says of its outputs."""
    errors = [output for output in outputs if output.get("output_type") == "error"]
    if errors:
        return "\n".join(errors[-1].get("traceback") or [f"{errors[-1].get('ename')}: {errors[-1].get('evalue')}"])
    failure = call.excinfo.value if call.excinfo is not None else None
    if isinstance(failure, RuntimeError) and "Kernel dead" in str(failure):
        return "It did not run: the kernel had died."
    return "\n".join(str(part) for part in (failure, getattr(failure, "inner_traceback", "")) if part)


def _tail(text: str) -> str:
    """A text without colours; of a long one its end, where the reason stands."""
    lines = [line for line in _COLOURS.sub("", text).rstrip().splitlines() if not re.fullmatch(r"-{20,}", line)]
    cut = len(lines) - _MOST_LINES
    return "\n".join([f"… {cut} lines", *lines[cut:]] if cut > 1 else lines)


def _indented(text: str) -> str:
    return "\n".join(f"             {line}".rstrip() for line in text.splitlines())


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
