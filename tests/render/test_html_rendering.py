"""An exchange as HTML: without script or style sheet, and complete where frames and styles are taken away."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

import nbmicro
from nbmicro.client.client import Client
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.records import CheckResult, ErrorRecord, Frame, LogLine, OutputPart
from nbmicro.render.exchange import mime_bundle
from nbmicro.render.page import IFRAME_LIMIT, POLICY, iframe_height
from nbmicro.render.summary import RenderOptions
from tests.support.apps import made, render_html

PAGE = "<!doctype html><title>Shop</title><h1>Books</h1><p>Welcome, <b>Ada</b>.<ul><li>SICP<li>TAPL</ul>"


_ELEMENTS = frozenset(
    {"div", "details", "summary", "span", "b", "small", "pre", "table", "tr", "th", "td", "iframe", "img"}
)


class _Reader(HTMLParser):
    """What is left where a front end takes away frames, drawings, scripts and styles: elements and text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._away = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._away += tag in {"iframe", "svg", "script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._away -= tag in {"iframe", "svg", "script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._away:
            self.text += data


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def _frames(html: str) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in read(html).elements if tag == "iframe"]


def _contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2)."""

    def brightness(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)


def _samples() -> dict[str, Exchange]:
    error = ErrorRecord("ValueError", "no", (Frame("GET /boom", 3, "boom", "raise ValueError"),), hint="Do:  this")
    return {
        "text": made("Hello, Ada!"),
        "page": made(PAGE),
        "json": made('{"a": [1, 2]}', media_type="application/json"),
        "image": made(b"\x89PNG", media_type="image/png"),
        "svg": made("<svg><script>alert(1)</script></svg>", media_type="image/svg+xml"),
        "bytes": made(b"\0\1\2", media_type="application/octet-stream"),
        "empty": made("", status=204, reason="NO CONTENT", media_type=""),
        "error": made("x", status=500, reason="INTERNAL SERVER ERROR", error=error),
        "full": made(
            "x" * 10,
            history=(made("", status=302, reason="FOUND", headers=[("Location", "/")]),),
            output=(OutputPart("stdout", "\x1b[1;31mred\x1b[0m plain"),),
            logs=(LogLine("INFO", "a", "b"),),
            notes=("a note",),
            hint="404 GET /: try:  %routes",
        ).with_checks([CheckResult("HTTP 200", True), CheckResult("x", False, 2, "1", "2", "why")], captures={"a": 1}),
    }


@pytest.mark.parametrize("name", _samples())
@pytest.mark.parametrize("show", ["", "all"])
def test_it_has_no_script_no_style_sheet_no_class_and_no_handler(name: str, show: str) -> None:
    reader = read(render_html(_samples()[name], RenderOptions.parse(show)))
    (_, outermost), *others = reader.elements
    # What stands in it is no mathematics: the names by which MathJax 3 and 2 leave an element alone.
    assert outermost.pop("class") == "mathjax_ignore tex2jax_ignore"
    for tag, attributes in [("div", outermost), *others]:
        assert tag in _ELEMENTS
        assert not [key for key in attributes if key == "class" or key.startswith("on") or key == "id"]


@pytest.mark.parametrize("name", _samples())
def test_no_background_is_set_and_each_colour_reads_well_on_light_and_on_dark(name: str) -> None:
    for tag, attributes in read(render_html(_samples()[name])).elements:
        style = attributes.get("style") or ""
        if tag != "iframe":
            assert not re.search(r"(^|;)background", style)
            for colour in re.findall(r"(?:^|;)color:(#\w+)", style):
                assert min(_contrast(colour, "#ffffff"), _contrast(colour, "#111111")) > 4


@pytest.mark.parametrize("name", _samples())
def test_what_plain_text_says_is_said_without_frames_and_styles_too(name: str) -> None:
    exchange = _samples()[name]
    bundle = mime_bundle(exchange)
    shown = re.sub(r"[\s│·]+", "", read(bundle["text/html"]).text)
    for word in re.findall(r"\w+", bundle["text/plain"]):
        if name != "page" or word in {"GET", "200", "OK", "Books", "Welcome", "Ada", "SICP", "TAPL"}:
            assert word in shown


def test_a_page_is_drawn_in_a_frame_that_may_do_nothing() -> None:
    (frame,) = _frames(render_html(made(PAGE)))
    assert frame["sandbox"] is None
    assert "allow" not in frame
    assert "src" not in frame
    page = frame["srcdoc"] or ""
    assert page.startswith(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><base target=_blank>')
    assert page.endswith(PAGE)
    assert POLICY == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_the_text_of_a_page_is_there_where_its_frame_is_not() -> None:
    html = render_html(made(PAGE))
    pre = re.findall(r'<pre style="content-visibility:hidden[^>]*>(.*?)</pre>', html, re.DOTALL)
    assert pre == ["Books\n\nWelcome, Ada.\n- SICP\n- TAPL"]


@pytest.mark.parametrize("text", ["Hello, Ada!", "1 < 2 and 3 > 2", "a & b", ""])
def test_text_without_markup_is_never_put_into_a_frame(text: str) -> None:
    assert _frames(render_html(made(text))) == []


def test_a_page_over_the_limit_is_not_drawn_but_its_text_is_shown() -> None:
    html = render_html(made("<p>" + "word " * (IFRAME_LIMIT // 4) + "</p>"))
    assert (_frames(html), "too much to draw it here" in html, "word word" in read(html).text) == ([], True, True)
    assert len(html) < 3 * IFRAME_LIMIT


def test_a_frame_is_high_enough_for_the_picture_its_page_says_the_size_of() -> None:
    picture = '<h1>x</h1><img src="/static/a.svg" width="320"><p>x</p>'
    assert iframe_height(picture, ["x", "x"]) * 14 >= 320 * 2 / 3 + 2 * 20
    assert iframe_height('<img height="28">', []) < iframe_height('<img height="140">', []) < iframe_height("<img>", [])


def test_no_property_that_an_untrusted_notebook_keeps_gives_the_emptied_frame_a_height() -> None:
    styles = [
        attributes.get("style") or ""
        for tag, attributes in read(render_html(made("<p>x</p>"))).elements
        if tag == "div"
    ]
    style = next(one for one in styles if "resize" in one)
    kept = {name: value for name, _, value in (one.partition(":") for one in style.split(";"))}
    assert kept["height"] == "0"
    assert not {"min-height", "border", "padding"} & kept.keys()


@pytest.mark.parametrize(
    ("page", "height"), [("<p>x</p>", 6), ("<p>x</p>" * 5, 12), ("<p>x</p>" * 500, 24), ("<img>" * 99, 24)]
)
def test_the_frame_is_as_high_as_its_page_between_6_and_24(page: str, height: float) -> None:
    assert iframe_height(page, ["x"] * page.count("<p>")) == pytest.approx(height, abs=0.5)
    assert "resize:vertical" in render_html(made(page))


def test_an_image_is_an_image_and_a_drawing_is_one_too() -> None:
    for media_type in ("image/png", "image/svg+xml"):
        html = render_html(made(b"<svg onload=alert(1)>", media_type=media_type))
        (image,) = [attributes for tag, attributes in read(html).elements if tag == "img"]
        assert (image["src"] or "").startswith(f"data:{media_type};base64,")
        assert "onload" not in html


def test_a_large_image_is_named_and_not_embedded() -> None:
    html = render_html(made(b"\x89PNG" + b"x" * 600_000, media_type="image/png"))
    assert "too large to show it here" in html
    assert len(html) < 5000


def test_request_headers_and_source_are_behind_the_status_line() -> None:
    html = render_html(made(PAGE, request_headers=[("X-A", "1")]))
    summaries = re.findall(r"<summary[^>]*>(.*?)</summary>", html)
    assert [re.sub(r"<[^>]*>", "", one) for one in summaries] == [
        "GET / → 200 OK · text/html",
        "request",
        "headers",
        "source",
    ]
    assert "X-A: 1" in read(html).text
    assert "<!doctype html>" in read(html).text


def test_long_json_is_folded_after_its_first_lines() -> None:
    html = render_html(made(str(list(range(200))), media_type="application/json"))
    text = read(html).text
    assert "… 162 more" in text
    assert all(str(number) in text for number in range(200))


def test_colours_of_a_terminal_are_drawn_and_other_sequences_are_not() -> None:
    html = render_html(made("x", output=(OutputPart("stdout", "\x1b[1;31mred\x1b[0m \x1b[38;5;9mx\x1b[m\x1b[2J<b>"),)))
    assert '<span style="font-weight:bold;color:#d6453d">red</span>' in html
    assert "&lt;b&gt;" in html
    assert "\x1b" not in html


def test_the_apps_own_style_sheet_and_image_are_put_into_the_page() -> None:
    app = nbmicro.App("shop")
    app.add_url_rule("/style.css", "style", view_func=lambda: ("h1{color:red}", {"Content-Type": "text/css"}))
    app.add_url_rule("/logo.png", "logo", view_func=lambda: (b"\x89PNG", {"Content-Type": "image/png"}))
    app.add_url_rule(
        "/", "index", view_func=lambda: '<link rel=stylesheet href="/style.css"><img src=logo.png alt="the logo">'
    )
    client = Client(app)
    (frame,) = _frames(client.get("/").mime_bundle()["text/html"])
    assert (frame["srcdoc"] or "").endswith(
        '<style>h1{color:red}</style><img src="data:image/png;base64,iVBORw==" alt="the logo">'
    )
    assert len(client.history) == 1


def test_the_same_exchange_gives_the_same_html() -> None:
    for make in (_samples, _samples):
        assert {name: render_html(one) for name, one in make().items()} == {
            name: render_html(one) for name, one in _samples().items()
        }


def test_a_notebook_shows_an_exchange_by_itself() -> None:
    bundle: Callable[..., Any] = made("Hello")._repr_mimebundle_
    assert set(bundle()) == {"text/plain", "text/html"}


def test_a_picture_that_a_handler_displayed_is_shown_with_its_text() -> None:
    bundle = {"text/plain": "<Figure>", "image/png": "iVBO\nRw==\n", "text/html": "<script>alert(1)</script>"}
    html = render_html(made("x", output=(OutputPart("display", "<Figure>\n", bundle),)))
    assert '<img src="data:image/png;base64,iVBORw=="' in html
    assert "&lt;Figure&gt;" in html
    assert "<script" not in html
