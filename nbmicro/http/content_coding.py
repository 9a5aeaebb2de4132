"""Content codings (RFC 9110, section 8.4): the content behind a ``Content-Encoding``, decoded in bounded pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, Protocol

from nbmicro.http.body import BODY_LIMIT, Body, BodyWriter, Coding
from nbmicro.printable import human_size, one_line

#: Bytes that one step of a decoder gives at most, and codings that may stand around one another.
PIECE, MOST_CODINGS = 64 * 1024, 5
# RFC 9659: the largest window of zstd that whoever reads HTTP must have.
_WINDOW = 8 * 1024 * 1024
# Bytes that the package zstandard is given at once, whose output has no bound: four of them make 128 KB at most.
_SLICE = 256


class ContentCodingError(Exception):
    """Content that cannot be decoded; the message says why."""


class UnfinishedContent(ContentCodingError):
    """Content that goes on behind the bytes that came."""


def codings_of(content_encoding: str) -> list[str]:
    """The codings in lower case, in the order in which they were applied: ``["gzip", "br"]``."""
    names = (name.strip().lower() for name in content_encoding.split(","))
    return ["gzip" if name == "x-gzip" else name for name in names if name not in {"", "identity"}]


def decoded(pieces: Iterable[bytes], codings: list[str]) -> Iterator[bytes]:
    """The content of a coded body, in pieces; each is made when it is asked for. An empty body has no content.

    Raises
    ------
    ContentCodingError
        The body is not what a coding says, it ends too early, or nothing is installed that decodes it.
    """
    if len(codings) > MOST_CODINGS:
        raise ContentCodingError(f"{len(codings)} codings are around it, and {MOST_CODINGS} are the most")
    content = iter(pieces)
    for name in reversed(codings):
        content = _decoded(name, content)
    return content


def decoded_body(body: Body, content_encoding: str, limit: int = BODY_LIMIT) -> Body:
    """The body decoded, which keeps the one that was sent; the same body where there is nothing to decode.

    A coding that nobody knows is left as it is, as browsers leave it.

    Parameters
    ----------
    body:
        The body as it was sent, or the start of it.
    content_encoding:
        The header's value.
    limit:
        Bytes that are decoded; a body that goes on after them is truncated, and a note says so.
    """
    codings = codings_of(content_encoding)
    if not codings or not body.size:
        return body
    shown = one_line(", ".join(codings), 80)
    if not all(name in DECODERS for name in codings):
        body.coding = Coding(body, f"Content-Encoding: {shown} is not known here, so the body is read as it came.")
        return body
    writer, size, note, is_cut, is_wrong = BodyWriter(limit=limit), 0, "", body.truncated, False
    try:
        for piece in decoded((body.start(body.size),), codings):
            size += len(piece)
            if not writer.write(piece):
                is_cut, note = True, f"Decoded, the body has more than {human_size(limit)}; this is its start."
                break
    except ContentCodingError as error:
        if not (body.truncated and isinstance(error, UnfinishedContent)):
            is_wrong, note = True, f"The response says Content-Encoding: {shown}, but {error}."
    content = writer.finish(charset=body.charset, truncated=is_cut)
    if is_wrong and not size:
        content = Body(body.start(body.size), charset=body.charset, truncated=body.truncated)
    content.coding, content.chunks = Coding(body, note, is_wrong), body.chunks
    return content


def _decoded(name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    start, has_members = DECODERS[name]
    decoder, is_new, ended = start(), True, 0
    for data in pieces:
        while data or not decoder.is_hungry:
            try:
                content = decoder.take(data)
            except Exception as error:  # each library has a class of its own for bytes that it cannot decode
                if is_new and ended:
                    # Behind the last member stands something else; browsers and curl leave it out too.
                    yield from (b"" for _ in pieces)
                    return
                raise ContentCodingError(f"its body cannot be decoded as {name}") from error
            data, is_new = b"", False
            if content:
                yield content
            if decoder.has_ended:
                if not has_members:
                    yield from (b"" for _ in pieces)
                    return
                data = decoder.rest.lstrip(b"\0\r\n")
                decoder, is_new, ended = start(), True, ended + 1
    if not is_new:
        raise UnfinishedContent(f"its {name} stream ends too early")


# -- decoders --------------------------------------------------------------------------------------------------------


class Decoder(Protocol):
    """Decodes one member of a coding: bytes go in, and pieces of content come out."""

    #: Whether it has nothing to give before it gets more, whether its member has ended, and what stands behind that.
    is_hungry: bool
    has_ended: bool
    rest: bytes

    def take(self, data: bytes) -> bytes:
        """Take bytes, or none where it is not hungry; gives a piece of the content."""


class _Zlib:
    """gzip (RFC 1952) by ``wbits`` 31; deflate by None, with its zlib wrapper (RFC 1950) or, as some send it, without
    (RFC 1951)."""

    is_hungry, has_ended, rest = True, False, b""

    def __init__(self, wbits: int | None) -> None:
        import zlib  # a browser's Python may lack it

        self._start = zlib.decompressobj
        self._zlib = None if wbits is None else self._start(wbits)
        self._kept = b""

    def take(self, data: bytes) -> bytes:
        data, self._kept = self._kept + data, b""
        if self._zlib is None:
            if len(data) < 2:
                self._kept = data
                return b""
            is_wrapped = data[0] & 15 == 8 and int.from_bytes(data[:2]) % 31 == 0
            self._zlib = self._start(15 if is_wrapped else -15)
        content = self._zlib.decompress(data, PIECE)
        self._kept, self.has_ended, self.rest = self._zlib.unconsumed_tail, self._zlib.eof, self._zlib.unused_data
        self.is_hungry = not self._kept and len(content) < PIECE
        return content


class _Brotli:
    """br (RFC 7932), by whichever package is there."""

    is_hungry, has_ended, rest = True, False, b""

    def __init__(self) -> None:
        self._brotli = _library("br", ("brotli", "brotlicffi"), "'brotli>=1.2'").Decompressor()
        if not hasattr(self._brotli, "can_accept_more_data"):
            # It would put out all at once, whatever that is.
            raise ContentCodingError("the brotli that is installed is too old to be safe: pip install -U brotli")

    def take(self, data: bytes) -> bytes:
        content: bytes = self._brotli.process(data, output_buffer_limit=PIECE)
        self.has_ended = self._brotli.is_finished()
        # It may have taken all that came, and not given all of it.
        self.is_hungry = self._brotli.can_accept_more_data() and len(content) < PIECE
        return content


class _Zstandard:
    """zstd (RFC 8878), by Python 3.14's own module or its backport."""

    is_hungry, has_ended, rest = True, False, b""

    def __init__(self, library: Any) -> None:
        bound = library.DecompressionParameter.window_log_max
        self._zstd = library.ZstdDecompressor(options={bound: _WINDOW.bit_length() - 1})

    def take(self, data: bytes) -> bytes:
        content: bytes = self._zstd.decompress(data, PIECE)
        self.has_ended, self.rest = self._zstd.eof, self._zstd.unused_data
        self.is_hungry = self._zstd.needs_input
        return content


class _SlicedZstandard:
    """zstd, by the package zstandard."""

    is_hungry, has_ended, rest = True, False, b""

    def __init__(self, library: Any) -> None:
        self._zstd = library.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
        self._kept = memoryview(b"")

    def take(self, data: bytes) -> bytes:
        kept = memoryview(data) if data else self._kept
        self._kept = kept[_SLICE:]
        content: bytes = self._zstd.decompress(kept[:_SLICE])
        self.has_ended, self.is_hungry = self._zstd.eof, not self._kept
        self.rest = self._zstd.unused_data + bytes(self._kept) if self.has_ended else b""
        return content


def _zstd() -> Decoder:
    library = _library("zstd", ("compression.zstd", "backports.zstd", "zstandard"), "zstandard")
    return _Zstandard(library) if hasattr(library, "DecompressionParameter") else _SlicedZstandard(library)


def _library(coding: str, modules: Iterable[str], package: str) -> Any:
    for name in modules:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise ContentCodingError(f"nothing here decodes {coding}: pip install {package}")


#: How each coding is decoded, and whether several members may follow one another.
DECODERS: dict[str, tuple[Callable[[], Decoder], bool]] = {
    "gzip": (lambda: _Zlib(31), True),
    "deflate": (lambda: _Zlib(None), False),
    "br": (_Brotli, False),
    "zstd": (_zstd, True),
}
