"""The table of kinds of bodies: each is found, shown as text and drawn, and a new one is a row."""

from __future__ import annotations

import json

import pytest
from markupsafe import Markup

from nbmicro.client.client import Client
from nbmicro.exchange.exchange import Exchange
from nbmicro.http.messages import ResponseRecord
from nbmicro.render import body
from nbmicro.render.body import KINDS, BodyKind, kind_of
from nbmicro.render.summary import RenderOptions
from tests.support.apps import answering, made, render_html, render_text

#: A body of each kind, what its text has, and what its HTML has.
EXAMPLES: dict[str, tuple[Exchange, str, str]] = {
    "none": (made(""), "GET / → 200 OK · text/html", "200 OK"),
    "undecoded": (
        Client(answering("{}", headers=[("Content-Encoding", "gzip")])).get("/"),
        "text/html · gzip\n{}\n(text/html, 2 bytes)",
        "text/html, 2 bytes",
    ),
    "JSON": (made('{"a":[1,{"b":2}]}', media_type="application/problem+json"), '\n  "a": [\n    1,', "<details open>"),
    "page": (made("<h1>Hi</h1>"), "<h1>Hi</h1>", "<iframe sandbox"),
    "image": (made(b"\x89PNG", media_type="image/png"), "\n(image/png, 4 bytes)", "data:image/png;base64,iVBORw=="),
    "CSV": (made("a,b\n1,x\n2,y", media_type="text/csv"), "\na,b\n1,x", "<th"),
    "TSV": (made("a\tb\n1\tx\n2\ty", media_type="text/tab-separated-values"), "\n1\tx", "<th"),
    "events": (made("data: 1\n\ndata: 2\n\n", media_type="text/event-stream"), "\ndata: 1", "<th"),
    "JSON lines": (made('{"a":1}\n{"a":2}', media_type="application/jsonl"), '\n{"a":1}\n', "<th"),
    "text": (made("a = 'b'", media_type="text/x-python"), "\na = 'b'", "<span style="),
    "bytes": (made(b"\x00\x01A", media_type="application/pdf"), "\n000000  00 01 41", "application/pdf, 3 bytes"),
}


def test_every_kind_has_its_example() -> None:
    assert list(EXAMPLES) == [kind.name for kind in KINDS]


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_kind_is_found_and_shown(name: str) -> None:
    exchange, text, html = EXAMPLES[name]
    kind = kind_of(exchange.response)
    assert kind.name == name
    assert text in render_text(exchange)
    assert html in render_html(exchange)
    # Where the body is not wanted, its kind adds nothing.
    assert {*exchange.mime_bundle(RenderOptions(frozenset({"headers"})))} == {"text/plain", "text/html"}


def test_the_last_kind_is_every_response_s() -> None:
    assert KINDS[-1].fits(ResponseRecord(200, "OK"))


MAP = made('{"type": "Point", "coordinates": [1, 2]}', media_type="application/geo+json")


def a_map(response: ResponseRecord) -> list[str]:
    return [f"a point at {json.loads(response.text)['coordinates']}"]


def test_a_new_kind_is_one_row_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the text, in the HTML, and in the bundle for a front end that can draw it."""
    assert '"coordinates"' in render_text(MAP)
    kind = BodyKind(
        "map",
        lambda response: response.media_type == "application/geo+json",
        a_map,
        lambda exchange, options: [Markup("<b>{}</b>").format("".join(a_map(exchange.response)))],
        more=lambda response: {"application/geo+json": json.loads(response.text)},
    )
    monkeypatch.setattr(body, "KINDS", (kind, *KINDS))
    bundle = MAP.mime_bundle()
    assert bundle["text/plain"].splitlines()[1:] == ["a point at [1, 2]"]
    assert "<b>a point at [1, 2]</b>" in bundle["text/html"]
    assert bundle["application/geo+json"] == {"type": "Point", "coordinates": [1, 2]}
    assert "application/geo+json" not in MAP.mime_bundle(RenderOptions(frozenset({"headers"})))

    # A row that says only what it fits is text.
    short = BodyKind("short", lambda response: response.media_type == "application/geo+json")
    monkeypatch.setattr(body, "KINDS", (short, *KINDS))
    assert render_text(MAP).splitlines()[1:] == [MAP.text]
    assert "coordinates" in render_html(MAP)
