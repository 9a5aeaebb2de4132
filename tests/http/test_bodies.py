"""A body is bounded: large ones go to disk, endless ones are cut and say so."""

from __future__ import annotations

import errno
import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest

from nbmicro.client.client import Client
from nbmicro.client.transport import CHUNK_LIMIT
from nbmicro.http.body import SPOOL_LIMIT, Body, BodyWriter, SharedFile, stored
from nbmicro.http.messages import StoredRequest
from nbmicro.render.exchange import mime_bundle
from tests.support.apps import answering, calling


def test_a_small_body_is_in_memory_and_compares_to_bytes() -> None:
    body = Client(answering("Zoë")).get("/").response.body
    assert (body, body.size, body.text, body.spooled, body.truncated) == ("Zoë".encode(), 4, "Zoë", False, False)
    assert bytes(body) == body.bytes
    assert body != b"other"


def test_a_body_over_a_megabyte_is_on_disk_and_reads_the_same() -> None:
    content = bytes(range(256)) * 8192
    body = Client(answering(content, media_type="application/octet-stream")).get("/").response.body
    assert body.spooled
    assert (body.size, body.bytes == content, body.start(3)) == (len(content), True, b"\x00\x01\x02")


def test_many_chunks_over_a_megabyte_are_on_disk_in_order() -> None:
    chunks = [str(number).encode() * 1000 for number in range(600)]
    body = Client(calling(lambda environ: iter(chunks))).get("/").response.body
    assert body.spooled
    assert body.bytes == b"".join(chunks)


def test_exactly_a_megabyte_stays_in_memory() -> None:
    assert not Client(answering(b"x" * SPOOL_LIMIT)).get("/").response.body.spooled


@pytest.fixture
def endless() -> tuple[Client, list[str]]:
    seen: list[str] = []

    def app(environ: dict[str, Any]) -> Iterator[bytes]:
        def stream() -> Iterator[bytes]:
            try:
                while True:
                    yield b"x" * int(environ["PATH_INFO"].strip("/"))
            finally:
                seen.append("closed")

        return stream()

    return Client(calling(app), body_limit=3 * SPOOL_LIMIT), seen


def test_an_endless_response_is_read_up_to_a_bound_and_closed(endless: tuple[Client, list[str]]) -> None:
    client, seen = endless
    body = client.get("/65536").response.body
    assert (body.size, body.truncated, body.spooled, seen) == (3 * SPOOL_LIMIT, True, True, ["closed"])


def test_an_endless_response_of_tiny_chunks_ends_soon(endless: tuple[Client, list[str]]) -> None:
    client, seen = endless
    body = client.get("/1").response.body
    assert (body.size, body.truncated, seen) == (CHUNK_LIMIT, True, ["closed"])


def test_a_huge_response_does_not_pass_through_the_notebooks_output() -> None:
    chunk = b"<p>" + b"x" * (1024 * 1024) + b"</p>"
    exchange = Client(calling(lambda environ: (chunk for _ in range(200))), body_limit=8 * 1024 * 1024).get("/")
    bundle = mime_bundle(exchange)
    assert sum(map(len, bundle.values())) < 200_000
    assert "more than 8.0 MB" in bundle["text/plain"]


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "no-such-charset"])
def test_bytes_that_a_charset_cannot_decode_are_no_error(charset: str) -> None:
    assert Body(b"a\xff", charset=charset).text in {"a\ufffd", "aÿ"}


def test_a_body_says_how_large_it_is() -> None:
    assert repr(Body(b"x" * 2000)) == "<Body of 2,000 bytes>"
    writer = BodyWriter(limit=4)
    assert (writer.write(b"123"), writer.write(b"456")) == (True, False)
    assert repr(writer.finish(truncated=True)) == "<Body of 4 bytes, and more that was not read>"


def test_bodies_that_are_written_at_once_share_a_file_and_each_reads_its_own() -> None:
    writers = [BodyWriter() for _ in range(3)]
    for number in range(60):
        for name, writer in zip(b"abc", writers, strict=True):
            writer.write(bytes([name, number]) * 20_000)
    bodies = [writer.finish() for writer in writers]
    files = {id(file) for body in bodies for file, _, _ in body._stored}
    assert (len(files), [body.spooled for body in bodies]) == (1, [True] * 3)
    for name, body in zip(b"abc", bodies, strict=True):
        assert body.bytes == b"".join(bytes([name, number]) * 20_000 for number in range(60))
        assert body.start(1_234_567) == body.bytes[:1_234_567]


def test_a_file_of_bodies_is_closed_with_its_last_one_and_ends_at_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SharedFile, "_newest", None)

    def files(bodies: list[Body]) -> list[Any]:
        return list({id(file): file for body in bodies for file, _, _ in body._stored}.values())

    bodies = [stored(bytes([number]) * 8_000_000) for number in range(20)]
    opened = [file._file for file in files(bodies)]
    assert 2 <= len(opened) <= 4
    assert all(body.bytes == bytes([number]) * 8_000_000 for number, body in enumerate(bodies))
    del bodies[1:]
    assert [file.closed for file in opened] == [False, *[True] * (len(opened) - 1)]
    bodies.clear()
    assert opened[0].closed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_that_was_forked_leaves_the_bodies_alone() -> None:
    body = stored(b"x" * 2_000_000)
    child = os.fork()
    if child == 0:
        ok = body.bytes == b"x" * 2_000_000 and stored(b"y" * 2_000_000).bytes == b"y" * 2_000_000
        os._exit(0 if ok else 1)
    more = stored(b"z" * 2_000_000)
    assert os.waitpid(child, 0)[1] == 0
    assert (body.bytes, more.bytes) == (b"x" * 2_000_000, b"z" * 2_000_000)


def test_a_large_request_is_kept_on_disk_and_sent_again_as_it_was() -> None:
    client = Client(calling(lambda environ: environ["wsgi.input"].read()), secret_names=["token"])
    sent = bytes(range(256)) * 8192
    exchange = client.post("/", data=sent, headers={"X-A": "1", "token": "hidden1"})
    assert isinstance(exchange.request, StoredRequest)
    assert (exchange.request.body == sent, exchange.request.headers["X-A"]) == (True, "1")
    assert exchange.replay().body == sent
    assert "hidden1" not in repr(exchange.request.headers)


class Full:
    """A file on a disk that is full."""

    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def seek(self, *place: int) -> int:
        return 0

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def full_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary folder without room: files can be made in it, and nothing be written."""
    gc.collect()
    monkeypatch.setattr(SharedFile, "_newest", None)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda *args, **options: Full())


def test_a_full_temporary_folder_is_an_error_of_the_exchange_at_once(full_folder: None) -> None:
    exchange = Client(answering(b"x" * 2_000_000)).get("/")
    assert exchange.notes == ("The response broke off here.",)
    assert exchange.error is not None
    assert (exchange.error.type, exchange.error.message) == ("OSError", "[Errno 28] No space left on device")
    assert "TMPDIR" in (exchange.error.hint or "")
    assert Client(answering("small")).get("/").text == "small"


def test_where_there_is_no_room_a_large_request_is_kept_in_memory(full_folder: None) -> None:
    exchange = Client(answering("taken")).post("/", data=b"x" * 2_000_000)
    assert (exchange.text, len(exchange.request.body)) == ("taken", 2_000_000)
