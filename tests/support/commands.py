"""What a line ``%http`` does, without a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbmicro.client.client import Client
from nbmicro.exchange.exchange import Exchange
from nbmicro.language.parser import read_file
from nbmicro.language.syntax import Script
from nbmicro.runner.run import run_script

__all__ = ["run_command"]


def run_command(
    script: Script, client: Client, names: Any, *, folder: Path | None = None, **options: Any
) -> Exchange | list[Exchange] | None:
    """Send the request of a line, or the requests of its ``--file``, or only empty the cookie jar."""
    if script.options.file is not None:
        file = read_file((folder or Path()) / script.options.file, script.options)
        return run_script(file, client, names, **options)
    exchanges = run_script(script, client, names, folder=folder, **options)
    return exchanges[0] if exchanges else None
