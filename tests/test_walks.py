"""A request's way through the packages is a straight line: read once, run once, sent once, drawn once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from start import ROOT

# The modules of the language that turn text into records; the others are the records and tables themselves.
READERS = {"items", "words", "lines", "parser", "bodies", "curl", "shell"}

PROGRAM = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for cell in ("%load_ext nbmicro", '%%route /hello/<name>\\nf"Hello {name}"', "%http /hello/Ada", sys.argv[1]):
    shell.run_cell(cell)
calls = []

def watch(frame, event, argument):
    name = frame.f_globals.get("__name__", "")
    if event != "call" or not name.startswith("nbmicro."):
        return
    caller = frame.f_back
    while caller is not None and not caller.f_globals.get("__name__", "").startswith("nbmicro."):
        caller = caller.f_back
    above = caller.f_globals["__name__"] if caller is not None else ""
    if above.split(".")[1:2] != name.split(".")[1:2]:
        calls.append((above, name, frame.f_code.co_name))

sys.setprofile(watch)
shell.run_cell(sys.argv[1])
sys.setprofile(None)
print("\\n" + json.dumps(calls))
"""


def entries(cell: str) -> list[tuple[str, str, str]]:
    """The calls from one package into another while a cell runs for the second time: caller, module, function."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, cell], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert run.returncode == 0, run.stderr
    return [(above, module, function) for above, module, function in json.loads(run.stdout.splitlines()[-1])]


def package(module: str) -> str:
    return ".".join(module.split(".")[1:2])


@pytest.mark.parametrize(
    ("cell", "reader"),
    [
        ("%http /hello/Ada --expect 200", "nbmicro.language.items"),
        ("%%http\nGET /hello/Ada\n\nHTTP 200\n[Asserts]\ntext == 'Hello Ada'", "nbmicro.language.parser"),
        ("%http --curl 'curl http://localhost:5000/hello/Ada'", "nbmicro.language.items"),
    ],
)
def test_each_package_of_the_walk_is_entered_once(cell: str, reader: str) -> None:
    calls = entries(cell)
    into = {name: [call for call in calls if package(call[1]) == name] for name in ("client", "render", "language")}
    reading = [call for call in into["language"] if call[1].split(".")[2] in READERS]
    assert [(package(above), module) for above, module, _ in reading] == [("notebook", reader)]
    # The app calls the client back with its status and headers (PEP 3333), which is no way of its own.
    sending = [(package(above), function) for above, _, function in into["client"] if package(above) != "web"]
    assert sending == [("runner", "send")]
    assert [package(above) for above, _, _ in into["render"]] == ["exchange"]
