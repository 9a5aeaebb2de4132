"""``nbmicro openapi FILE``: an app described in OpenAPI 3.1."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nbmicro.cli.ending import ends_in_time
from nbmicro.cli.files import FILE, load_app, write_files


@click.command(
    help=f"""Describe an app in OpenAPI 3.1, as JSON.

    {FILE}

    The document tells of every route: its values, what it reads of query and body, its statuses and types, as far as
    rules, type hints, docstrings and source say so.

    \b
    On the screen:   nbmicro openapi app.ipynb
    Into a file:     nbmicro openapi app.ipynb -o openapi.json
    """
)
@click.argument("file")
@click.option("-o", "--output", metavar="OUT.json", help="The file to write; without it the document is printed.")
@click.option("--force", is_flag=True, help="Replace a file that is there and is no OpenAPI document.")
@click.option("--title", help="The title of the API; else API_TITLE of the app's configuration, else its name.")
@click.option("--version", help="The version of the API; else API_VERSION of the app's configuration.")
@ends_in_time
def openapi(file: str, output: str | None, force: bool, title: str | None, version: str | None) -> None:
    loaded, app = load_app(file, "an nbmicro app can be described.")
    if title is None and "API_TITLE" not in app.config and loaded.report is not None:
        # The app that a notebook has without making one is called `notebook`, whatever the notebook is about.
        title = Path(loaded.name).stem
    text = json.dumps(app.openapi(title=title, version=version), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    write_files({Path(output): text.encode()}, inputs=[Path(file)], force=force, is_own=_is_document)
    click.echo(f"wrote {output}")


def _is_document(content: bytes) -> bool:
    """Whether a file holds an OpenAPI document, as one that was written before does."""
    try:
        document = json.loads(content)
    except ValueError:
        return False
    return isinstance(document, dict) and "openapi" in document
