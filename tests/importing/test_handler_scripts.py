"""Response handler scripts of JetBrains' client, by ``nbmicro import``: a test of the status and values that are kept
become nbmicro's words with the same meaning; every other script is rejected as a whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.nbmicro_sends import by_import


@dataclass(frozen=True)
class Script:
    text: str
    is_rejected: bool
    status: int | None
    kept: dict[str, object]


def read_scripts() -> dict[str, Script]:
    found: dict[str, Script] = {}
    text = (Path(__file__).parent / "handler_scripts.txt").read_text("utf-8")
    for part in ("\n" + text).split("\n=== ")[1:]:
        head, _, script = part.partition("\n")
        name, *marks = head.split(" | ")
        values = {key: json.loads(value) for key, colon, value in (mark.partition(": ") for mark in marks) if colon}
        assert name not in found, f"{name} stands twice"
        found[name] = Script(script.rstrip("\n"), marks == ["rejected"], values.pop("status", None), values)
    return found


SCRIPTS = read_scripts()
BODIES = {
    "no body": "POST http://localhost:5000/login\n\n",
    "JSON": 'POST http://localhost:5000/login\nContent-Type: application/json\n\n{"a": 1}\n\n',
    "text": "POST http://localhost:5000/login\nContent-Type: text/plain\n\nfirst\nsecond\n",
    "form": "POST http://localhost:5000/login\nContent-Type: application/x-www-form-urlencoded\n\na=1&b=2\n\n",
    "GET": "GET http://localhost:5000/login\nAccept: */*\n",
}


def test_the_corpus_is_as_wide_as_people_write() -> None:
    assert len(SCRIPTS) >= 70
    assert sum(script.is_rejected for script in SCRIPTS.values()) >= 25


@pytest.mark.parametrize("name", [name for name in SCRIPTS if not SCRIPTS[name].is_rejected])
def test_a_script_of_tests_and_kept_values_means_the_same(name: str, tmp_path: Path) -> None:
    """Its status is checked, which fails where it should, and later requests read what it keeps."""
    script = SCRIPTS[name]
    head = BODIES[list(BODIES)[sum(map(ord, name)) % len(BODIES)]]
    reads = "".join(f"X-{key.replace('_', '-')}: {{{{{key}}}}}\n" for key in script.kept)
    path = tmp_path / "handled.http"
    path.write_text(f"{head}{script.text}\n\n###\nGET http://localhost:5000/me\n{reads}", "utf-8")
    outcome = by_import(path)
    assert (outcome.error, outcome.refusal) == (None, None)
    assert [sent.target for sent in outcome.sent] == ["/login", "/me"]
    assert outcome.checks == ([] if script.status is None else [script.status == 200])
    assert {key: outcome.names.get(key) for key in script.kept} == script.kept
    notebook = path.with_suffix(".ipynb").read_text("utf-8")
    assert "a script is written in nbmicro's words" in notebook
    assert (f"HTTP {script.status}\\n" in notebook or f'HTTP {script.status}"' in notebook) == (
        script.status is not None
    )


@pytest.mark.parametrize("kind", BODIES)
def test_a_script_leaves_the_body_above_it_alone(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "with.http"
    path.write_text(f"{BODIES[kind]}{SCRIPTS['status_and_set'].text}\n", "utf-8")
    without = tmp_path / "without.http"
    without.write_text(BODIES[kind], "utf-8")
    assert by_import(path).sent == by_import(without).sent


@pytest.mark.parametrize("name", [name for name in SCRIPTS if SCRIPTS[name].is_rejected])
def test_any_other_script_is_rejected_with_its_line(name: str, tmp_path: Path) -> None:
    """Nothing of it counts; its text is kept in the cell, and the requests are."""
    script = SCRIPTS[name]
    path = tmp_path / "rejected.http"
    path.write_text(f"GET http://localhost:5000/login\n\n{script.text}\n\n###\nGET http://localhost:5000/me\n", "utf-8")
    outcome = by_import(path)
    assert outcome.error is None
    assert "line 3: not taken over: a script of another tool stands here" in (outcome.refusal or "")
    assert (outcome.checks, [sent.target for sent in outcome.sent]) == ([], ["/login", "/me"])
    assert not {"token", "other", "sku", "id", "count"} & outcome.names.keys()
    cells = json.loads(path.with_suffix(".ipynb").read_text("utf-8"))["cells"]
    (cell,) = ["".join(cell["source"]) for cell in cells if "localhost:5000/login" in "".join(cell["source"])]
    assert all(f"#   | {line}".rstrip() in cell.splitlines() for line in script.text.splitlines())
