"""A page is made complete by in-process requests: its own style sheets and images are put in place, up to a bound."""

from __future__ import annotations

import base64

import pytest

from nbmicro.http.body import Body
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import ResponseRecord
from nbmicro.render.page import FETCH_LIMIT, INLINE_LIMIT, inline_page

PNG = b"\x89PNG"
DATA = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


class Site:
    """What the app has, and what it was asked for."""

    def __init__(self, **extra: tuple[str, bytes]) -> None:
        self.asked: list[str] = []
        self._has = {"/a.png": ("image/png", PNG), "/s.css": ("text/css", b"h1{color:red}"), "/x": ("text/html", b"x")}
        self._has |= {f"/{name}": value for name, value in extra.items()}

    def __call__(self, path: str) -> ResponseRecord | None:
        self.asked.append(path)
        if path not in self._has:
            return None
        media_type, content = self._has[path]
        return ResponseRecord(200, "OK", HeaderFields([("Content-Type", media_type)]), Body(content))


@pytest.mark.parametrize(
    "tag", ['<img src="/a.png">', "<img src='/a.png'>", "<IMG SRC=/a.png>", '<img\nsrc = "/a.png" >']
)
def test_an_image_becomes_data_however_it_is_written(tag: str) -> None:
    assert inline_page(f"<p>{tag}</p>", Site()) == f'<p><img src="{DATA}"></p>'


def test_what_an_image_says_besides_is_kept() -> None:
    page = inline_page(
        '<img class="big" src=/a.png alt="a &quot;b&quot;" width=3 onerror="x" srcset="/b.png 2x">', Site()
    )
    assert page == f'<img src="{DATA}" class="big" alt="a &#34;b&#34;" width="3">'


def test_a_style_sheet_becomes_a_style_and_its_images_data() -> None:
    site = Site(**{"css/main.css": ("text/css", b"body{background:url(../a.png)}")})
    assert inline_page('<link rel="stylesheet" href="/css/main.css" media=print>', site) == (
        f'<style media="print">body{{background:url("{DATA}")}}</style>'
    )


def test_a_style_sheet_cannot_end_its_element() -> None:
    site = Site(**{"evil.css": ("text/css", b"</style><script>alert(1)</script>")})
    page = inline_page("<link rel=stylesheet href=/evil.css>", site)
    assert page.count("</style>") == 1
    assert page.endswith("</style>")
    assert "</script" not in page


@pytest.mark.parametrize(
    "tag",
    [
        '<img src="https://example.com/a.png">',
        '<img src="//example.com/a.png">',
        '<img src="data:image/gif;base64,x">',
        '<img src="/gone.png">',
        '<img src="/x">',
        "<img>",
        '<link rel="icon" href="/a.png">',
        '<link rel="stylesheet" href="/gone.css">',
        '<img src="http://[">',
    ],
)
def test_what_is_not_the_apps_or_not_there_stays_as_it_is(tag: str) -> None:
    assert inline_page(tag, Site()) == tag


def test_relative_references_count_from_the_page() -> None:
    site = Site()
    inline_page('<img src="b.png"><img src="../c.png?v=1#x">', site, "/shop/books/1")
    assert site.asked == ["/shop/books/b.png", "/shop/c.png?v=1"]


def test_a_thing_is_asked_for_once() -> None:
    site = Site()
    inline_page('<img src="/a.png">' * 5, site)
    assert site.asked == ["/a.png"]


def test_not_more_than_64_kb_are_put_into_a_page() -> None:
    half = b"\x89" * (INLINE_LIMIT // 2 + 1)
    site = Site(one=("image/png", half), two=("image/png", half))
    page = inline_page('<img src="/one"><img src="/two">', site)
    assert page.count("data:image/png") == 1
    assert '<img src="/two">' in page


def test_a_page_asks_for_a_bounded_number_of_things() -> None:
    site = Site()
    inline_page("".join(f'<img src="/{number}.png">' for number in range(100)), site)
    assert len(site.asked) == FETCH_LIMIT


def test_a_page_that_is_too_large_to_be_drawn_asks_for_nothing() -> None:
    site = Site()
    page = '<img src="/a.png">' + " " * 40_000
    assert (inline_page(page, site), site.asked) == (page, [])
