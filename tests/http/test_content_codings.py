"""A compressed response is read as what it holds, wherever it is read; its bytes stay, and memory is bounded."""

from __future__ import annotations

import gzip
import importlib.util
import json
import random
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from werkzeug.test import Client as WerkzeugClient

from nbmicro.client.browser_session import BrowserSession
from nbmicro.client.client import Client
from nbmicro.client.recorder import RECORDED_LIMIT, Recorder
from nbmicro.errors import RequestError
from nbmicro.exchange.exchange import Exchange, History
from nbmicro.http import content_coding
from nbmicro.http.content_coding import DECODERS, ContentCodingError, decoded
from nbmicro.http.messages import RequestRecord
from nbmicro.language.parser import parse_script
from nbmicro.render.exchange import list_exchanges
from nbmicro.runner.run import run_script
from tests.support.apps import answering, render_html, render_text

DATA = json.dumps({"name": "Zoë", "page": list(range(200))}).encode()


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def _packed(module: str, pack: Callable[[Any, bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda data: pack(pytest.importorskip(module), data)


brotli = _packed("brotli", lambda library, data: bytes(library.compress(data)))
zstd = _packed("zstandard", lambda library, data: bytes(library.compress(data)))
#: How each coding is made: deflate in both of its ways.
PACKED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZIP", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without its wrapper": ("deflate", raw_deflate),
    "br": ("br", brotli),
    "zstd": ("zstd", zstd),
    "gzip in br": ("gzip, br", lambda data: brotli(gzip.compress(data))),
    "deflate in gzip": ("deflate , gzip", lambda data: gzip.compress(zlib.compress(data))),
    "identity": ("identity", bytes),
}


def sending(coding: str, content: bytes, **more: Any) -> Client:
    return Client(answering(content, headers=[("Content-Encoding", coding)], media_type="application/json"), **more)


def test_every_coding_that_is_decoded_has_its_example() -> None:
    assert {name for name in PACKED if " " not in name} - {"x-gzip", "identity"} == {*DECODERS}


@pytest.mark.parametrize("name", PACKED)
def test_what_is_read_is_the_content_and_the_bytes_that_were_sent_stay(name: str) -> None:
    coding, pack = PACKED[name]
    sent = pack(DATA)
    exchange = sending(coding, sent).get("/")
    assert exchange.json == json.loads(DATA)
    assert (exchange.text, exchange.body, exchange.response.body.raw) == (DATA.decode(), DATA, sent)
    assert exchange.headers["Content-Encoding"] == coding
    assert '"name": "Zoë"' in render_text(exchange)
    assert "Zoë" in render_html(exchange)
    assert not exchange.notes


@pytest.mark.parametrize("name", PACKED)
def test_checks_captures_and_expected_bodies_read_the_content(name: str) -> None:
    coding, pack = PACKED[name]
    script = parse_script(
        "",
        f"GET /\n\nHTTP 200\nContent-Encoding: {coding}\n\n{DATA.decode()}\n\n"
        "[Captures]\nname: json['name']\n\n[Asserts]\nname == 'Zoë'\nlen(response.body) > 600\n'page' in text",
    )
    (exchange,) = run_script(script, sending(coding, pack(DATA)), {})
    assert [(check.text, check.actual) for check in exchange.checks if not check.ok] == []
    assert exchange.captures == {"name": "Zoë"}


@pytest.mark.parametrize("name", PACKED)
def test_a_visitor_s_exchange_is_read_so_too_and_the_visitor_gets_the_bytes_that_were_sent(name: str) -> None:
    coding, pack = PACKED[name]
    sent = pack(DATA)
    history = History()
    answer = WerkzeugClient(Recorder(sending(coding, sent).app, history)).get("/", buffered=True)
    assert answer.data == sent
    (exchange,) = history
    assert (exchange.body, exchange.response.body.raw) == (DATA, sent)
    assert "Zoë" in list_exchanges([exchange], 1)["text/html"]


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_browser_session_gets_the_content_piece_by_piece(name: str, size: int) -> None:
    coding, pack = PACKED[name]
    sent = pack(DATA)

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Encoding", coding), ("Content-Length", str(len(sent)))])
        return iter([sent[at : at + size] for at in range(0, len(sent), size)])

    client = Client(app)
    response = BrowserSession(client).send(RequestRecord("GET", "/"))
    assert response.read_body(1 << 20) == (DATA, False)
    assert ("Content-Length" in response.fields) == (coding == "identity")
    assert (response.exchange.body, response.exchange.response.body.raw) == (DATA, sent)


def test_a_compressed_stream_of_a_browser_session_comes_as_it_is_sent() -> None:
    sent: list[int] = []

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Encoding", "gzip"), ("Content-Type", "text/event-stream")])
        compressor = zlib.compressobj(wbits=31)
        for number in range(3):
            sent.append(number)
            yield compressor.compress(f"data: {number}\n\n".encode()) + compressor.flush(zlib.Z_SYNC_FLUSH)
        yield compressor.flush()

    response = BrowserSession(Client(app)).send(RequestRecord("GET", "/"))
    assert (next(response), sent) == (b"data: 0\n\n", [0])
    assert b"".join(response) == b"data: 1\n\ndata: 2\n\n"
    response.close()


def test_a_compressed_style_sheet_of_a_page_is_drawn_with_it() -> None:
    css = gzip.compress(b"b { color: red }")

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        if environ["PATH_INFO"] == "/a.css":
            start_response("200 OK", [("Content-Type", "text/css"), ("Content-Encoding", "gzip")])
            return [css]
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Encoding", "gzip")])
        return [gzip.compress(b'<link rel="stylesheet" href="/a.css"><b>Hi</b>')]

    exchange = Client(app).get("/")
    assert "color: red" in render_html(exchange)


def test_members_that_follow_one_another_are_one_content() -> None:
    members = gzip.compress(b'{"a": [1,') + gzip.compress(b"") + gzip.compress(b" 2]}")
    for behind in (b"", b"\0" * 20, b"other bytes"):
        assert sending("gzip", members + behind).get("/").json == {"a": [1, 2]}
    library = pytest.importorskip("zstandard")
    frames = library.compress(b'{"a":') + library.compress(b" 1}")
    assert sending("zstd", frames).get("/").json == {"a": 1}


def test_both_libraries_of_a_coding_decode_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = random.Random(7).randbytes(3000) * 100 + DATA * 3000
    for coding, pack, names in (
        ("br", brotli, ("brotli", "brotlicffi")),
        ("zstd", zstd, ("compression.zstd", "backports.zstd", "zstandard")),
    ):
        sent = pack(data)
        there = [name for name in names if _is_there(name)]
        assert there
        for name in there:
            with monkeypatch.context() as patched:
                patched.setattr(content_coding, "import_module", partial(_only, name))
                assert sending(coding, sent).get("/").body == data, name


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _only(name: str, each: str) -> Any:
    if each != name:
        raise ImportError(each)
    return import_module(each)


# -- what cannot be decoded -------------------------------------------------------------------------------------------


def unreadable(exchange: Exchange) -> str:
    """The error of every way to read a body; it is the same for all."""
    messages = set()
    for read in (lambda: exchange.text, lambda: exchange.json, lambda: exchange.body):
        with pytest.raises(RequestError) as caught:
            read()
        messages.add(caught.value.message)
    (message,) = messages
    return message


@pytest.mark.parametrize("coding", DECODERS)
def test_a_plain_body_that_says_it_is_compressed_is_shown_as_it_came_and_not_read(coding: str) -> None:
    if coding in {"br", "zstd"}:
        pytest.importorskip("brotli")
        pytest.importorskip("zstandard")
    exchange = sending(coding, DATA).get("/")
    message = f"The response says Content-Encoding: {coding}, but its body cannot be decoded as {coding}."
    assert unreadable(exchange) == message
    assert exchange.response.body.raw == DATA
    for shown in (render_text(exchange), render_html(exchange)):
        assert "Note: " + message in shown
        assert "page" in shown
    (checked,) = run_script(parse_script("", "GET /\n\n[Asserts]\n'x' not in text"), sending(coding, DATA), {})
    assert [(check.ok, check.actual) for check in checked.checks] == [(False, message)]


@pytest.mark.parametrize("coding", DECODERS)
def test_a_stream_that_ends_too_early_shows_how_far_it_goes_and_is_not_read(coding: str) -> None:
    # Random text, that there are many blocks.
    text = "".join(random.Random(3).choices("abcdefghijkl\n", k=300_000)).encode()
    sent = PACKED[coding][1](text)
    exchange = sending(coding, sent[: len(sent) // 2]).get("/")
    message = f"The response says Content-Encoding: {coding}, but its {coding} stream ends too early."
    assert unreadable(exchange) == message
    assert text.decode().partition("\n")[0] in render_text(exchange)
    assert exchange.response.body.raw == sent[: len(sent) // 2]


def test_a_damaged_stream_is_not_read() -> None:
    sent = bytearray(gzip.compress(DATA))
    sent[-6] ^= 1  # of its checksum
    assert "cannot be decoded as gzip" in unreadable(sending("gzip", bytes(sent)).get("/"))


@pytest.mark.parametrize(
    ("coding", "package"), [("br", "pip install 'brotli>=1.2'"), ("zstd", "pip install zstandard")]
)
def test_without_its_library_the_shown_text_says_what_would_decode_it(
    coding: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(content_coding, "import_module", nothing)
    exchange = sending(coding, b"\x28\xb5\x2f\xfd\x00\x01").get("/")
    message = f"The response says Content-Encoding: {coding}, but nothing here decodes {coding}: {package}."
    assert unreadable(exchange) == message
    shown = render_text(exchange)
    assert f"Note: {message}" in shown
    assert "000000  28 b5 2f fd" in shown


def test_a_coding_that_nobody_knows_is_left_as_browsers_leave_it() -> None:
    exchange = sending("utf-8", DATA).get("/")
    assert exchange.json == json.loads(DATA)
    assert exchange.notes == ("Content-Encoding: utf-8 is not known here, so the body is read as it came.",)


@pytest.mark.parametrize("status", ["204 NO CONTENT", "304 NOT MODIFIED", "200 OK"])
def test_an_empty_body_has_nothing_to_decode(status: str) -> None:
    exchange = Client(answering(b"", status, [("Content-Encoding", "gzip")])).get("/")
    assert (exchange.body, exchange.text, exchange.notes) == (b"", "", ())


def test_the_response_to_head_has_nothing_to_decode() -> None:
    client = sending("gzip", gzip.compress(DATA))
    assert (client.head("/").body, client.head("/").notes) == (b"", ())
    response = BrowserSession(client).send(RequestRecord("HEAD", "/"))
    assert response.read_body(100) == (b"", False)


def test_an_error_page_that_cannot_be_decoded_fails_no_hint() -> None:
    for status in ("404 NOT FOUND", "500 INTERNAL SERVER ERROR", "403 FORBIDDEN", "302 FOUND"):
        exchange = Client(answering(b"<p>no", status, [("Content-Encoding", "gzip"), ("Location", "/x")])).get("/")
        assert "Content-Encoding: gzip" in render_text(exchange)


# -- bounds -----------------------------------------------------------------------------------------------------------

HUGE = 400 * 1024 * 1024


def bomb(coding: str) -> bytes:
    """Zeros that decode to HUGE bytes, or to as many as a library packs quickly."""
    zeros = bytes(1 << 20)
    if coding in {"gzip", "deflate"}:
        packer = zlib.compressobj(9, wbits=31 if coding == "gzip" else 15)
        return b"".join(packer.compress(zeros) for _ in range(HUGE >> 20)) + packer.flush()
    if coding == "br":
        library = pytest.importorskip("brotli")
        compressor = library.Compressor(quality=1)
        return b"".join(compressor.process(zeros) for _ in range(HUGE >> 20)) + compressor.finish()
    library = pytest.importorskip("zstandard")
    compressor = library.ZstdCompressor().compressobj()
    return b"".join(compressor.compress(zeros) for _ in range(HUGE >> 20)) + compressor.flush()


@pytest.mark.parametrize("coding", DECODERS)
def test_a_decompression_bomb_is_cut_and_says_so(coding: str) -> None:
    sent = bomb(coding)
    limit = 4 * 1024 * 1024
    tracemalloc.start()
    try:
        exchange = sending(coding, sent, body_limit=limit).get("/")
        assert tracemalloc.get_traced_memory()[1] < 4 * limit + len(sent)
    finally:
        tracemalloc.stop()
    assert (exchange.response.body.size, exchange.response.body.truncated) == (limit, True)
    assert exchange.notes == ("Decoded, the body has more than 4.0 MB; this is its start.",)


def test_a_visitor_s_bomb_is_cut_where_a_visitor_s_body_is() -> None:
    history = History()
    client = WerkzeugClient(Recorder(sending("gzip", gzip.compress(bytes(9_000_000))).app, history))
    client.get("/", buffered=True)
    assert (history[0].response.body.size, history[0].response.body.truncated) == (RECORDED_LIMIT, True)


def test_a_body_that_was_cut_is_decoded_as_far_as_it_came() -> None:
    text = "".join(random.Random(3).choices("abcdefghijkl\n", k=3_000_000)).encode()
    exchange = sending("gzip", gzip.compress(text), body_limit=100_000).get("/")
    assert exchange.response.body.truncated
    assert text.startswith(exchange.body)
    assert len(exchange.body) == 100_000


def test_not_more_codings_are_undone_than_anybody_needs() -> None:
    content = DATA
    for _ in range(6):
        content = gzip.compress(content)
    with pytest.raises(ContentCodingError, match="6 codings are around it, and 5 are the most"):
        list(decoded([content], ["gzip"] * 6))
