"""The tests that promise Flask's shape, written out as tests of Flask itself: Flask's names stand for nbmicro's."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from nbmicro.flask_compat.names import IMPORTED
from nbmicro.flask_compat.stand_in import FACADES, SAME

TESTS = Path(__file__).resolve().parents[1]
DIFFERENCES = TESTS.parent / "docs" / "differences.md"

PROMISES = (
    *(f"web/shape/{file.name}" for file in sorted((TESTS / "web/shape").glob("*.py"))),
    "flask_compat/test_as_flask_does.py",
    "web/conftest.py",
    "web/test_app_log.py",
    "web/test_bad_input.py",
    "web/test_class_views.py",
    "web/test_configuration.py",
    "web/test_files_sent.py",
    "web/test_flashed_messages.py",
    "web/test_flasks_test_client.py",
    "web/test_json_values.py",
    "web/test_redirects_and_aborts.py",
    "web/test_request_object.py",
    "web/test_sessions.py",
    "web/test_streams_and_copies.py",
)
"""The files whose tests hold for Flask too, but for the differences that docs/differences.md names."""

OWN = {
    "web/shape/test_table_is_complete.py": "reads the pages of these promises",
    "web/test_flasks_submodules.py": "the names of nbmicro's own modules",
    "web/test_names_set_in_requests.py": "counts nbmicro's declarations",
    "web/test_openapi_judged.py": "the documents that nbmicro writes",
    "web/test_rich_return_values.py": "objects that show themselves, which Flask has no return values for",
}
"""Files of tests/web that need no names but Flask's, and promise nothing of Flask's shape; with the reason."""

_MODULES = {nbmicros: flasks for flasks, nbmicros in SAME.items()}
_NAMES = {("nbmicro", "App"): "flask.Flask", ("nbmicro.web.commands", "cli"): "flask.cli"}
for _facade, _offered in [*reversed(FACADES.items()), *IMPORTED.items()]:
    for _module, _names in _offered.items():
        for _name in _names.split():
            _flasks, _, _nbmicros = _name.partition("=")
            _NAMES.setdefault((_module, _nbmicros or _flasks), f"{_facade}.{_flasks}")


def flasks_name(module: str, name: str) -> str:
    """What Flask calls a name of nbmicro's.

    Raises LookupError where Flask has no such name.
    """
    if (module, name) in _NAMES:
        return _NAMES[module, name]
    if module in _MODULES:
        return f"{_MODULES[module]}.{name}"
    if f"{module}.{name}" in _MODULES:
        return _MODULES[f"{module}.{name}"]
    raise LookupError(f"Flask has no name for {module}.{name}")


def written_for_flask(source: str) -> str:
    """A module whose imports are Flask's, line by line the same.

    Raises LookupError where it uses a name that Flask has not.
    """
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and any(_is_nbmicros(alias.name) for alias in node.names):
            if ast.unparse(node) != "import nbmicro":
                raise LookupError(f"Flask has no module for {ast.unparse(node)}")
            imports = ["import flask as nbmicro"]
        elif isinstance(node, ast.ImportFrom) and _is_nbmicros(node.module):
            imports = []
            for alias in node.names:
                module, _, name = flasks_name(str(node.module), alias.name).rpartition(".")
                imports.append(f"from {module} import {name} as {alias.asname or alias.name}")
        else:
            continue
        assert node.end_lineno is not None
        height = node.end_lineno - node.lineno
        lines[node.lineno - 1 : node.end_lineno] = [" " * node.col_offset + "; ".join(imports), *[""] * height]
    # Programs that a test writes are texts.
    return re.sub(r"from nbmicro import App\b", "from flask import Flask as App", "\n".join(lines) + "\n")


def _is_nbmicros(module: str | None) -> bool:
    return (module or "").partition(".")[0] == "nbmicro"


def differences() -> dict[str, str]:
    """By the name of a test that fails on Flask, what Flask does there: the second table of docs/differences.md."""
    rows: dict[str, str] = {}
    _, _, table = DIFFERENCES.read_text(encoding="utf-8").partition("| in Flask 3.1 | in nbmicro | why | test |\n")
    for line in table.splitlines()[1:]:
        row = re.fullmatch(r"\| (.+?) \| .+ \| .+ \| ((?:`test_\w+`(?:, )?)+) \|", line)
        assert row is not None, f"a row has four columns, the last with names of tests: {line}"
        for test in re.findall(r"\w+", row[2]):
            assert test not in rows, f"{test} has two rows"
            rows[test] = row[1]
    return rows


def write(folder: Path) -> None:
    """Write the tests of Flask into a folder."""
    for name in PROMISES:
        if name not in OWN:
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(written_for_flask((TESTS / name).read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "pytest.ini").write_text(
        "[pytest]\naddopts = --import-mode=importlib --strict-config --strict-markers -ra\n"
        "python_classes = NoClasses\nxfail_strict = true\nfilterwarnings = error\n"
    )


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run them, in a process that cannot import nbmicro; a test with a row of docs/differences.md must fail there."""
    write(folder)
    plugins = ["-p", "tests.support.on_flask_plugin"]
    for unwanted in ("nbmicro", "nbval", "schemathesis", "cacheprovider", "unraisableexception"):
        plugins += ["-p", f"no:{unwanted}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TESTS.parent), "DIFFERENCES": json.dumps(differences())},
        capture_output=True,
        text=True,
        timeout=600,
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        outcome = run(Path(temporary), *sys.argv[1:])
    print(outcome.stdout, outcome.stderr)
    sys.exit(outcome.returncode)
