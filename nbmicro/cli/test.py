"""``nbmicro test FILE…``: notebooks as tests."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from nbmicro.errors import LoadError, OptionError
from nbmicro.loading.notebook_file import read_notebook

_NO_TESTS = 5
# What opens a database, or says where one is.
_DATABASE = re.compile(
    r"\b(?:sqlite3\.connect|create_engine|SQLALCHEMY_DATABASE_URI|psycopg2?\.connect|MongoClient|Database\(|"
    r"duckdb\.connect|DATABASES|SqliteDatabase)"
)


@click.command(
    help="""Run notebooks in a kernel, each from its first cell to its last; a cell that fails fails the test.

    Each request is a line with its checks. A cell fails when a check does not hold (HTTP 201, [Asserts], --expect),
    when it raises, or when its magic is not loaded. With --outputs it fails also when it shows something else than what
    is stored in the notebook. A cell that begins `# NBVAL_SKIP`, or is tagged skip-execution, is skipped. One
    marked `# nbmicro: skip` runs: only the served app does without it, so a check may stand there.

    The app keeps what the requests write in its own database, as in Jupyter. Give it another for the tests where the
    notebook reads the place from the environment: os.environ.get("SHOP_DB", "shop.db").

    \b
    One notebook:                       nbmicro test app.ipynb
    All of them, outputs too:           nbmicro test notebooks/ --outputs
    For a CI server:                    nbmicro test app.ipynb --junit report.xml
    With another database:              SHOP_DB=test.db nbmicro test app.ipynb

    Exit code 0: all passed; 1: something failed; 2: the command was not understood.
    """
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--outputs", is_flag=True, help="Compare what the cells show with what is stored.")
@click.option(
    "--junit", type=click.Path(dir_okay=False), metavar="FILE", help="Write a report in JUnit's XML to this file."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="The time that a cell may take.",
)
def test(files: Sequence[str], outputs: bool, junit: str | None, timeout: float) -> None:
    missing = [name for name in ("pytest", "nbval", "ipykernel") if find_spec(name) is None]
    if missing:
        raise LoadError(
            f"Notebooks are tested with pytest and nbval in a kernel; not installed: {', '.join(missing)}.",
            hint="pip install 'nbmicro[nbval]'",
        )
    stored: list[Path] = []
    for name in files:
        path = Path(name)
        if not path.exists():
            raise LoadError(f"there is no file {name}.")
        if path.is_file() and path.suffix != ".ipynb":
            raise OptionError(
                f"nbmicro test runs notebooks, and {name} is none.",
                hint=f"Tests in Python are pytest's:  pytest {name}",
            )
        for notebook in [path] if path.is_file() else path.rglob("*.ipynb"):
            if ".ipynb_checkpoints" not in notebook.parts:
                cells = read_notebook(notebook)
                if any(_DATABASE.search(cell.text) for cell in cells):
                    stored.append(notebook)
    for notebook in stored:
        click.echo(
            f"{notebook} writes to the app's own database, and what it writes stays there. For another one let the "
            'notebook read its place from the environment, as os.environ.get("SHOP_DB", "shop.db") does, and set that '
            f"variable:  SHOP_DB=test.db nbmicro test {notebook}",
            err=True,
        )
    import pytest

    words = [
        "--nbval" if outputs else "--nbval-lax",
        "--nbval-current-env",
        f"--nbval-cell-timeout={timeout:g}",
        # The same result wherever it is called: without the settings of the project around it.
        *("-c", os.devnull, f"--rootdir={Path.cwd()}", "--noconftest"),
        *("-p", "no:cacheprovider", "-p", "nbmicro.testing.notebook_report"),
        *("-qq", "-s", "--no-header", "--color=no"),
        *([f"--junitxml={junit}"] if junit else []),
        *files,
    ]
    code = int(pytest.main(words))
    if code == _NO_TESTS:
        raise LoadError(f"there is no cell to run in {', '.join(files)}.")
    # What goes wrong inside pytest is a failure as well.
    raise SystemExit(min(code, 1))
