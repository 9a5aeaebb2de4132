"""Nothing of a response escapes its output, whatever an app answers: no script, no request, no element outside."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.records import CheckResult, ErrorRecord, Frame, LogLine, OutputPart, TraceStep
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord
from nbmicro.render.exchange import mime_bundle
from nbmicro.render.page import POLICY, for_sandbox
from nbmicro.render.summary import RenderOptions
from tests.support.apps import made, render_html

EVIL = """</iframe></pre></details></div>"'><script>alert(1)</script><img src=x onerror=alert(2)><style>*{}</style>"""
ALL = RenderOptions.parse("all")
#: Every element our renderings are made of.
OURS = {"div", "details", "summary", "span", "b", "small", "pre", "table", "tr", "th", "td", "iframe", "img"}


class Elements(HTMLParser):
    """The elements of a text, and whether they are closed as they were opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.opened: list[str] = []
        self.balanced = True
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "img":
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.balanced &= bool(self.opened) and self.opened.pop() == tag


def check(html: str) -> None:
    """The HTML is ours alone: known elements, balanced, no handler, frames sealed, images of data."""
    elements = Elements(html)
    assert elements.balanced
    assert elements.opened == []
    for tag, attributes in elements.found:
        assert tag in OURS
        assert not [name for name in attributes if name.startswith("on")]
        if tag == "iframe":
            assert set(attributes) == {"sandbox", "srcdoc", "title", "referrerpolicy", "style"}
            assert attributes["sandbox"] is None
            assert (attributes["srcdoc"] or "").startswith(
                f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            )
        if tag == "img":
            assert (attributes["src"] or "").startswith("data:image/")
        for value in attributes.values():
            assert "url(" not in (value or "") or tag == "iframe"


def hostile(text: str, media_type: str = "text/html") -> Exchange:
    """An exchange in which every text is the hostile one."""
    error = ErrorRecord(text, text, (Frame(text, 1, text, text),), hint=text, cause=ErrorRecord(text, text))
    hop = made(text, target="/" + text, status=302, reason=text, media_type=text, headers=[("Location", text)])
    return made(
        text,
        method="POST",
        target="/" + text,
        status=404,
        reason=text,
        media_type=media_type,
        headers=[("Location", text), ("Set-Cookie", f"{text}=1"), (text, text)],
        request_headers=[(text, text), ("Content-Type", "application/json")],
        request_body=text.encode("utf-8", "replace"),
        error=error,
        output=(OutputPart("stdout", text), OutputPart("stderr", text), OutputPart("display", text, {text: text})),
        logs=(LogLine(text, text, text),),
        checks=(CheckResult(text, True), CheckResult(text, False, 1, text, text, text)),
        captures={text: text},
        trace=(TraceStep(text, text),),
        history=(hop,),
        endpoint=text,
        rule=text,
        notes=(text,),
        hint=text,
        secret_names=frozenset({text}),
    )


@pytest.mark.parametrize(
    "media_type",
    [
        "text/html",
        "text/plain",
        "text/css",
        "text/csv",
        "text/event-stream",
        "application/json",
        "image/png",
        "x/y",
        EVIL,
    ],
)
@pytest.mark.parametrize("options", [RenderOptions(), ALL])
def test_nothing_breaks_out_wherever_it_stands(media_type: str, options: RenderOptions) -> None:
    check(render_html(hostile(EVIL, media_type), options))


@given(st.text(st.sampled_from("<>/\"'&=ab -!\n\t\0;:[]{}`\\\x1b") | st.characters(), max_size=60))
def test_no_text_breaks_out(text: str) -> None:
    bundle = mime_bundle(hostile(text), ALL)
    check(bundle["text/html"])
    assert not set(bundle["text/plain"]) & set("\x1b\0\r\x9b\u202e")


@given(
    st.lists(st.sampled_from(["<", ">", "/", "'", '"', " ", "iframe", "script", "pre", "!--", "a", "="]), max_size=25)
)
def test_no_markup_breaks_out(pieces: list[str]) -> None:
    check(render_html(hostile("".join(pieces)), ALL))


@given(
    st.binary(max_size=80),
    st.sampled_from(
        ["text/html", "application/json", "text/csv", "text/css", "image/png", "", "text/plain; charset=utf-16"]
    ),
)
def test_no_bytes_break_out_or_fail(content: bytes, media_type: str) -> None:
    exchange = made(content, media_type=media_type)
    check(render_html(exchange, ALL))
    assert exchange.mime_bundle(ALL)["text/plain"]


@pytest.mark.parametrize(
    "link",
    [
        '<a target="_self" href="/hub/logout">',
        "<a href=/hub/logout TARGET=_self>",
        '<a class="x"target=_self href=/hub/logout>',
        "<a/target=_self/href=/hub/logout>",
        "<a target\n=\n_self href=/hub/logout>",
        "<a target href=/hub/logout>",
        '<base target="_self">',
        '<area target="_self" href="/hub/logout">',
    ],
)
def test_no_link_of_a_page_keeps_its_address_or_its_target(link: str) -> None:
    page = for_sandbox(link)
    assert page.startswith(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><base target=_blank>')
    # What stands behind our own head has no attribute of that name any more.
    (_, _, _, *found) = Elements(page).found
    assert found
    assert not [name for _, attributes in found for name in attributes if name in {"target", "href"}]


@pytest.mark.parametrize(
    "image",
    [
        "<img srcset='/leak 1x'>",
        "<img sizes=100vw\nSRCSET\n= '/leak 100w' src=data:image/png;base64,x>",
        "<picture><source srcset='data:image/png;base64,x 1x, /leak 2x'><img src=/leak></picture>",
        "<svg><foreignObject><img/srcset=/leak src='/data:'></foreignObject></svg>",
        "<link rel=preload as=image imagesrcset='/leak 1x'>",
        "<div><template shadowrootmode=open><img x=''srcset=/leak></template></div>",
    ],
)
def test_no_image_of_a_page_is_fetched_before_its_policy_is_read(image: str) -> None:
    """Firefox asks for an image of several sizes as soon as it sees its tag."""
    found = Elements(for_sandbox(image)).found[3:]
    assert "img" in {tag for tag, _ in found} or "link" in {tag for tag, _ in found}
    for _, attributes in found:
        assert "srcset" not in attributes
        assert "imagesrcset" not in attributes
        assert (attributes.get("src") or "data:").startswith("data:")


@pytest.mark.parametrize(
    "frame",
    [
        "<iframe srcdoc='<a href=/hub/logout>x</a>'></iframe>",
        '<iframe class=""SRCDOC\n= "&lt;a &#104;ref=/hub/logout>x">',
        "<iframe/srcdoc=x>",
        '<svg><foreignObject><iframe srcdoc="#&lt;a &#104;ref=/hub/logout>x"></iframe>',
    ],
)
def test_no_frame_of_a_page_has_a_page_of_its_own(frame: str) -> None:
    """A link in such a page is written so that no pattern finds it, and opens a tab on a click with Ctrl."""
    found = Elements(for_sandbox(frame)).found[3:]
    assert "iframe" in {tag for tag, _ in found}
    assert not [name for _, attributes in found for name in attributes if name == "srcdoc"]


def test_a_picture_that_was_put_in_place_stays() -> None:
    page = (
        '<p>src, srcset</p><img src="data:image/png;base64,x" alt="src"><img data-src=x SRC = data:image/gif;base64,x>'
    )
    assert for_sandbox(page).endswith(page)


@pytest.mark.parametrize(
    "drawing",
    [
        "<svg><a href=/hub/logout><text>x</text></a></svg>",
        "<SVG><A xlink:href=/hub/logout>",
        '<svg><desc title="</svg>"><a href="/hub/logout">',
        "<!-- <svg> --><a href=/hub/logout>",
        "<svg><a><set attributeName=href to=/hub/logout></a></svg>",
        "<math href=/hub/logout><mtext href=/hub/logout>",
    ],
)
def test_no_drawing_or_formula_of_a_page_has_a_link(drawing: str) -> None:
    found = Elements(for_sandbox(drawing)).found[3:]
    assert "a" not in {tag for tag, _ in found}
    assert not [name for _, attributes in found for name in attributes if name.endswith("href")]


def test_a_drawing_keeps_what_it_refers_to_inside_itself() -> None:
    page = '<svg><use href="#dot"/><image href="data:image/png;base64,x"/></svg>'
    assert for_sandbox(page).endswith(page)


def test_a_page_without_a_drawing_keeps_the_elements_of_its_links() -> None:
    assert for_sandbox("<p><a class=k href=/x>x</a>").endswith("<p><a class=k hr\u2060ef=/x>x</a>")


@pytest.mark.parametrize("page", ["<![0", "<p>x</p><![", "<![CDATA[x]]><p>x", "<!<p>x", "<?x", "</ x"])
def test_a_declaration_that_is_none_is_passed_over(page: str) -> None:
    check(render_html(made(page)))
    assert "end</pre>" in render_html(made(f"{page}><p>end</p>"))


def test_a_header_of_the_app_cannot_add_a_line_to_the_request_that_is_shown() -> None:
    exchange = Exchange(RequestRecord("GET", "/", HeaderFields([("X-A", "1\r\nX-B: 2")])), made("x").response)
    assert "\r" not in exchange.as_curl() + exchange.as_http()
