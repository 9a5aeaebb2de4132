"""The body of a message: bounded, in memory while it is small and in a temporary file when it is not."""

from __future__ import annotations

import builtins
import os
import tempfile
import threading
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbmicro.errors import RequestError

#: Bytes above which a body is kept in a temporary file.
SPOOL_LIMIT = 1024 * 1024
#: Bytes at which reading a response stops; what came so far is the body, and it says that it was cut.
BODY_LIMIT = 32 * 1024 * 1024


#: Bytes that bodies share a temporary file up to, and those of one write.
FILE_LIMIT, PIECE = 64 * 1024 * 1024, 64 * 1024


class SharedFile:
    """A temporary file without a name that many bodies share: however many are kept, few files are open.

    It goes with the last body that is in it. A process that was forked has files of its own.
    """

    _lock = threading.Lock()
    _newest: weakref.ref[SharedFile] | None = None

    def __init__(self) -> None:
        # Without a buffer, so that a full disk is an error of the write itself.
        self._file = tempfile.TemporaryFile(prefix="nbmicro-", buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._process = os.getpid()
        self._size = 0

    @classmethod
    def with_room(cls) -> SharedFile:
        """The file that takes what is written next."""
        with cls._lock:
            newest = cls._newest() if cls._newest is not None else None
            if newest is None or newest._size >= FILE_LIMIT or newest._process != os.getpid():
                newest = cls()
                cls._newest = weakref.ref(newest)
            return newest

    def write(self, data: bytes) -> int:
        """Add bytes; where they begin. OSError where there is no room for them."""
        with self._lock:
            start, left = self._size, memoryview(data)
            self._file.seek(start)
            while left:
                left = left[self._file.write(left) :]
            self._size = start + len(data)
            return start

    def read(self, start: int, size: int) -> bytes:
        """The bytes that begin there."""
        pieces = []
        while size > 0:
            if hasattr(os, "pread"):  # which leaves the file's position to whoever was forked
                piece = os.pread(self._file.fileno(), size, start)
            else:
                with self._lock:
                    self._file.seek(start)
                    piece = self._file.read(size)
            if not piece:
                break
            pieces.append(piece)
            start, size = start + len(piece), size - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


#: A file, and from where to where in it.
Extent = tuple[SharedFile, int, int]


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
    stored:
        Where the bytes are in place of ``data``: files, and from where to where in them.

    Attributes
    ----------
    coding:
        How it was decoded; None for a body that was sent as it is.
    """

    __slots__ = ("__weakref__", "_data", "_stored", "charset", "chunks", "coding", "size", "truncated")

    def __init__(
        self, data: bytes = b"", *, charset: str = "utf-8", truncated: bool = False, stored: Iterable[Extent] = ()
    ) -> None:
        self._data = data
        self._stored = tuple(stored)
        self.charset = charset
        self.truncated = truncated
        #: In how many pieces the app sent it, where it was streamed; else 0.
        self.chunks = 0
        self.coding: Coding | None = None
        self.size = len(data) if not self._stored else sum(end - start for _, start, end in self._stored)

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
        return bool(self._stored)

    def start(self, size: int) -> builtins.bytes:
        """The first ``size`` bytes, without reading the rest from disk."""
        if not self._stored:
            return self._data if size >= len(self._data) else self._data[:size]
        pieces = []
        for file, start, end in self._stored:
            pieces.append(file.read(start, min(end - start, size)))
            size -= len(pieces[-1])
            if size <= 0:
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

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

    __slots__ = ("_chunks", "_held", "_limit", "_size", "_spool", "_stored")

    def __init__(self, *, limit: int = BODY_LIMIT, spool: int = SPOOL_LIMIT) -> None:
        self._chunks: list[bytes] = []
        #: Bytes of the chunks that are in memory.
        self._held = 0
        self._stored: list[Extent] = []
        self._size = 0
        self._limit = limit
        self._spool = spool

    def write(self, chunk: bytes) -> bool:
        """Keep a chunk; false when the limit cut it, and nothing more will be kept.

        Raises OSError where the temporary folder has no room.
        """
        room = self._limit - self._size
        kept = chunk if len(chunk) <= room else chunk[:room]
        self._size += len(kept)
        self._held += len(kept)
        self._chunks.append(kept)
        if self._held > (self._spool if not self._stored else PIECE):
            self._to_disk()
        return len(chunk) <= room

    def finish(self, *, charset: str = "utf-8", truncated: bool = False) -> Body:
        """The body made of the chunks; the writer is used up."""
        if self._stored and self._chunks:
            self._to_disk()
        return Body(b"".join(self._chunks), charset=charset, truncated=truncated, stored=self._stored)

    def _to_disk(self) -> None:
        data = b"".join(self._chunks)
        file = self._stored[-1][0] if self._stored else SharedFile.with_room()
        start = file.write(data)
        end = start + len(data)
        self._chunks.clear()
        self._held = 0
        if self._stored and self._stored[-1][2] == start:
            start = self._stored.pop()[1]
        self._stored.append((file, start, end))


def stored(data: bytes) -> Body:
    """A body of bytes, on disk where they are many; in memory all the same where there is no room for them."""
    writer = BodyWriter(limit=len(data))
    try:
        writer.write(data)
        return writer.finish()
    except OSError:
        return Body(data)


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
