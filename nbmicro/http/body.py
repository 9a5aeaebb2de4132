"""The body of a response: bounded, in memory while it is small and in a temporary file when it is not."""

from __future__ import annotations

import builtins
import tempfile
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from nbmicro.errors import RequestError

#: Bytes above which a body is kept in a temporary file.
SPOOL_LIMIT = 1024 * 1024
#: Bytes at which reading a response stops; what came so far is the body, and it says that it was cut.
BODY_LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Coding:
    """How a body was decoded.

    Parameters
    ----------
    sent:
        The body as it was sent.
    note:
        What there is to say of it: why it could not be decoded, or where that ended.
    is_wrong:
        Whether it could not be decoded, or not as a whole.
    """

    sent: Body
    note: str = ""
    is_wrong: bool = False


class Body:
    """The content of a response: its bytes, decoded where they were sent compressed.

    Parameters
    ----------
    data:
        The bytes, or the start of them when ``truncated``.
    charset:
        The encoding of :attr:`text`; bytes that it cannot decode become U+FFFD.
    truncated:
        Whether the response went on after the bytes kept here.
    file:
        An open binary file that holds the bytes in place of ``data``; the body owns it from then on.

    Attributes
    ----------
    coding:
        How it was decoded; None for a body that was sent as it is.
    """

    __slots__ = ("__weakref__", "_data", "_file", "_lock", "charset", "chunks", "coding", "size", "truncated")

    def __init__(
        self, data: bytes = b"", *, charset: str = "utf-8", truncated: bool = False, file: IO[bytes] | None = None
    ) -> None:
        self._data = data
        self._file = file
        self.charset = charset
        self.truncated = truncated
        #: In how many pieces the app sent it, where it was streamed; else 0.
        self.chunks = 0
        self.coding: Coding | None = None
        if file is None:
            self._lock = None
            self.size = len(data)
        else:
            self._lock = threading.Lock()
            weakref.finalize(self, file.close)
            self.size = file.seek(0, 2)

    @property
    def bytes(self) -> builtins.bytes:
        """Everything that was kept; read from disk each time when it was spooled.

        Raises :class:`~nbmicro.errors.RequestError` for a compressed body that could not be decoded.
        """
        if self.is_undecoded:
            raise RequestError(self.note, hint="The bytes that were sent:  .response.body.raw")
        return self.start(self.size)

    @property
    def raw(self) -> builtins.bytes:
        """The bytes as they were sent, still compressed where they were (Flask's ``response.data``)."""
        return self.bytes if self.coding is None else self.coding.sent.bytes

    @property
    def is_undecoded(self) -> bool:
        """Whether it is compressed and could not be decoded; its bytes are those that could, or those that came."""
        return self.coding is not None and self.coding.is_wrong

    @property
    def note(self) -> str:
        """What there is to say of how it was decoded."""
        return "" if self.coding is None else self.coding.note

    @property
    def text(self) -> str:
        """:attr:`bytes` decoded with the response's charset."""
        return decode(self.bytes, self.charset)

    @property
    def spooled(self) -> bool:
        """Whether the bytes are in a temporary file."""
        return self._file is not None

    def start(self, size: int) -> builtins.bytes:
        """The first ``size`` bytes, without reading the rest from disk."""
        if self._file is None or self._lock is None:
            return self._data if size >= len(self._data) else self._data[:size]
        with self._lock:
            self._file.seek(0)
            return self._file.read(size)

    def __len__(self) -> int:
        return self.size

    def __bytes__(self) -> builtins.bytes:
        return self.bytes

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Body):
            return (self.size, self.truncated) == (other.size, other.truncated) and self.bytes == other.bytes
        return self.bytes == other if isinstance(other, (bytes, bytearray)) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.size, self.start(64)))

    def __repr__(self) -> str:
        cut = ", and more that was not read" if self.truncated else ""
        return f"<Body of {self.size:,} bytes{cut}>"


class BodyWriter:
    """Collects the chunks of a response until they end or the limit is reached.

    Parameters
    ----------
    limit:
        Bytes that are kept; what exceeds them is dropped and the body says so.
    spool:
        Bytes above which the body moves to a temporary file.
    """

    __slots__ = ("__weakref__", "_chunks", "_closing", "_file", "_limit", "_size", "_spool")

    def __init__(self, *, limit: int = BODY_LIMIT, spool: int = SPOOL_LIMIT) -> None:
        self._chunks: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._size = 0
        self._limit = limit
        self._spool = spool

    def write(self, chunk: bytes) -> bool:
        """Keep a chunk; false when the limit cut it, and nothing more will be kept."""
        room = self._limit - self._size
        kept = chunk if len(chunk) <= room else chunk[:room]
        self._size += len(kept)
        if self._file is not None:
            self._file.write(kept)
        else:
            self._chunks.append(kept)
            if self._size > self._spool:
                self._to_disk()
        return len(chunk) <= room

    def finish(self, *, charset: str = "utf-8", truncated: bool = False) -> Body:
        """The body made of the chunks; the writer is used up."""
        if self._file is not None:
            self._closing.detach()
            return Body(charset=charset, truncated=truncated, file=self._file)
        return Body(b"".join(self._chunks), charset=charset, truncated=truncated)

    def _to_disk(self) -> None:
        # The file lives as long as the writer, and then as the body that takes it over; hence no `with`.
        self._file = tempfile.TemporaryFile(prefix="nbmicro-")  # noqa: SIM115
        self._closing = weakref.finalize(self, self._file.close)
        self._file.writelines(self._chunks)
        self._chunks.clear()


def decode(data: bytes, charset: str) -> str:
    """``data`` as text; an unknown charset counts as UTF-8, a byte that does not fit becomes U+FFFD."""
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


class NotTextError(ValueError):
    """Bytes that are no UTF-8 text; the message is what they are, to stand behind a file's name."""


def text_of_file(data: bytes) -> str:
    """The text of a file in UTF-8, without its byte order mark.

    Raises :class:`NotTextError` for any other encoding, UTF-16 that is UTF-8 by accident included, and for bytes.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise NotTextError("is UTF-16, and only UTF-8 is read as text") from None
        line = data.count(b"\n", 0, error.start) + 1
        raise NotTextError(f"is not UTF-8 text: line {line} has the byte 0x{data[error.start]:02x}") from None
    if "\0" in text:
        raise NotTextError("is not UTF-8 text: it has zero bytes, as UTF-16 and pictures have")
    return text


def read_text_file(path: Path) -> str:
    """The text of a file in UTF-8 with its line ends as ``\\n``; :class:`NotTextError` and OSError as they come."""
    return text_of_file(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
