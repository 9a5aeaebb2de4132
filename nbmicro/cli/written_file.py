"""The files that commands write."""

from __future__ import annotations

from pathlib import Path

from nbmicro.errors import OptionError


def write_file(path: Path, content: bytes) -> None:
    """Write a file; folders that are missing are made.

    Raises
    ------
    OptionError
        It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise OptionError(
            f"{path} cannot be written: {error.strerror or error}.", hint="Name another place:  -o FOLDER/NAME"
        ) from None
