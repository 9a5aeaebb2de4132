"""Wherever in nbmicro an interrupt comes, it leaves no half state."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from start import ROOT

PROGRAM = Path("tests/support/interrupted_cells.py")
SITUATIONS = [
    "a declaration",
    "a declaration that fails",
    "%%route",
    "%%template",
    "%%static",
    "%http",
    "%trace",
    "%serve",
    "%serve again",
    "%serve --stop",
    "%app",
    "%load_ext",
    "%unload_ext",
    "%browse",
    "%explore",
]
#: Bytecodes of each that are tried, of one to six thousand.
MOST = os.environ.get("NBMICRO_INTERRUPTS", "12")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="each try is a fork, and sockets are listed in /proc")
@pytest.mark.parametrize("situation", SITUATIONS)
def test_an_interrupt_at_any_bytecode_leaves_no_half_state(situation: str) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", PROGRAM, situation, MOST, "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout.splitlines()[-1])
    assert result["failures"] == {}
    assert result["tried"] > 1


CUT_OFF = r"""
import asyncio, json
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
trigger, cut = shell.events.trigger, []

def interrupted(event, *arguments):
    # In IPython's own code: the end of the cell is then told of no cell that began, or is not told at all.
    if event in cut:
        cut.clear()
        raise KeyboardInterrupt
    trigger(event, *arguments)

shell.events.trigger = interrupted
def cell(text, cell_id):
    try:
        shell.run_cell(text, cell_id=cell_id)
    except KeyboardInterrupt:
        pass

cell("%load_ext nbmicro\nfrom nbmicro.web.owners import current_run", "load")
cell("%%route /page\n'old'", "page")
cut.append("post_execute")
cell("%%route /page\n'new'", "page")
cell("%nbmicro doctor", "doctor")
cell("shown = %http -q /page", "ask")
cell("%%route /late\n'late'", "late")
shell.user_ns["inner"] = "@app.route('/in')\ndef inside(): return 1"
cell("import asyncio\nawait asyncio.sleep(0)\nget_ipython().run_cell(inner)\n1/0", "outer")
rules = [route.rule for route in shell.user_ns["app"].routes()]
paths = [path for path in ("/page", "/late", "/in") if path in rules]
print("\n" + json.dumps({"shown": shell.user_ns["shown"].text, "paths": paths}))
"""


def test_a_cell_whose_end_is_never_told_has_failed_and_the_doctor_says_so() -> None:
    """And a cell within a cell that awaits is no such cell: it fails with it."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CUT_OFF], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(run.stdout.splitlines()[-1]) == {"shown": "old", "paths": ["/page", "/late"]}
    assert re.search(r'^interrupted +"%%route /page": counted as failed', run.stdout, re.MULTILINE)
