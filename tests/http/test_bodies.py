"""A body is bounded: large ones go to disk, endless ones are cut and say so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nbmicro.client.client import Client
from nbmicro.client.transport import CHUNK_LIMIT
from nbmicro.http.body import SPOOL_LIMIT, Body, BodyWriter
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
