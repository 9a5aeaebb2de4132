"""The files that a notebook's requests send, as Python text of a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbmicro.export.literals import Code, quoted
from nbmicro.export.renaming import Unwritable
from nbmicro.language.template import Template

FOLDER = "test_files"
#: Columns of a text that stands in the test, and bytes of a file that goes along.
_INLINE = 60
_MOST = 1_000_000


class SentFiles:
    """The files of one suite of tests.

    Parameters
    ----------
    folder:
        Where the requests look for them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: Those that go along, by their path from the test's folder.
        self.copied: dict[str, bytes] = {}

    def read(self, path: Template | str) -> tuple[Path, bytes]:
        """The path of a file and its bytes; Unwritable where there is none, or too much of it."""
        if isinstance(path, Template):
            if not path.is_literal:
                raise Unwritable(f"the name of its file, {path.source}, is known only when it runs")
            path = path.literal
        place = self.folder / Path(path.strip()).expanduser()
        try:
            if place.stat().st_size > _MOST:
                raise Unwritable(f"it sends {place.name}, a file of more than 1 MB")
            return place, place.read_bytes()
        except (OSError, ValueError):
            raise Unwritable(f"it sends the file {path.strip()}, which is not there") from None

    def upload(self, path: Template | str, filename: str | None, media_type: str | None) -> Any:
        """A file as the value of ``files=``."""
        place, content = self.read(path)
        text = _short_text(content)
        name = filename or place.name
        if text is not None:
            return (name, text, media_type) if media_type else (name, text)
        beside = self._beside(place, content)
        if media_type:
            return (name, beside, media_type)
        return beside if name == place.name else (name, beside)

    def text(self, path: Template) -> Any:
        """What a file says, as the client's own reading has it."""
        place, content = self.read(path)
        text = content.decode("utf-8", "replace")
        if len(quoted(text)) <= _INLINE:
            return text
        return Code(f'{self._beside(place, content)}.read_text("utf-8", "replace")')

    def content(self, path: Template) -> Any:
        """The bytes of a file, or the text that they are."""
        place, content = self.read(path)
        text = _short_text(content)
        if text is not None:
            return text
        return Code(f"{self._beside(place, content)}.read_bytes()")

    def _beside(self, place: Path, content: bytes) -> Code:
        name, number = place.name, 1
        while self.copied.get(f"{FOLDER}/{name}", content) != content:
            number += 1
            name = f"{place.stem}_{number}{place.suffix}"
        self.copied[f"{FOLDER}/{name}"] = content
        return Code(f"Path(__file__).with_name({quoted(FOLDER)}).joinpath({quoted(name)})")


def _short_text(content: bytes) -> str | None:
    """The text that a file is, where it fits into a line of the test; None for any other."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return (
        text if len(quoted(text)) <= _INLINE and all(char.isprintable() or char in "\n\r\t" for char in text) else None
    )
