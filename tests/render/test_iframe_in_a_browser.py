"""In a real browser: a hostile page drawn in an output asks nothing of the notebook's origin, whatever is clicked."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.support.apps import made

pytestmark = pytest.mark.browser

# Things that load, run, refresh or submit by themselves; every address that must not be asked for has /leak in it.
ACTIVE = """<!doctype html><base href="/leak/base/" target="_self">
<meta http-equiv=refresh content="0;url=/leak/refresh">
<link rel=stylesheet href=/leak/css><link rel=prefetch href=/leak/prefetch><link rel=icon href=/leak/icon>
<link rel=preload as=image href=/leak/preload><link rel=manifest href=/leak/manifest>
<img src=/leak/img><img srcset="/leak/srcset 1x"><picture><source srcset=/leak/source><img src=/leak/img2></picture>
<script>fetch('/leak/fetch'); parent.document.title = 'taken'; top.location = '/leak/top'</script>
<img src=data:x onerror="fetch('/leak/onerror')"><svg onload="fetch('/leak/onload')"></svg>
<style>@import '/leak/import'; body { background: url(/leak/background); font-family: x }
@font-face { font-family: x; src: url(/leak/font) }</style>
<iframe src=/leak/iframe></iframe><object data=/leak/object></object><embed src=/leak/embed>
<video src=/leak/video poster=/leak/poster autoplay></video><audio src=/leak/audio autoplay></audio>
<svg><image href=/leak/svgimage /><use href="/leak/use#a"/></svg>
"""
CLICKED = [
    "<a class=k href=/leak/plain>x</a>",
    '<a class="k" target="_self" href="/leak/self">x</a>',
    "<a class=k TaRgEt href=/leak/empty>x</a>",
    '<a class="k"target=_self href=/leak/quote>x</a>',
    "<a class=k target\n=\n_self href=/leak/lines>x</a>",
    "<a class=k target=_top href=/leak/top>x</a>",
    "<a class=k target=_parent href=/leak/parent>x</a>",
    "<a class=k ping=/leak/ping href=/leak/pinged target=_self>x</a>",
    "<a class=k download href=/leak/download target=_self>x</a>",
    "<form action=/leak/form target=_self><button class=k>x</button></form>",
    "<form method=post><button class=k formaction=/leak/formaction formtarget=_self>x</button></form>",
    "<svg width=90 height=40><a class=k href=/leak/svg><text y=20>drawing</text></a></svg>",
    "<svg width=90 height=40><a class=k xlink:href=/leak/xlink target=_self><text y=20>drawing</text></a></svg>",
    '<svg width=90 height=40><desc title="</svg>"></desc><a class=k href=/leak/desc><text y=20>x</text></a></svg>',
    "<svg width=90 height=40><a class=k><set attributeName=href to=/leak/smil /><text y=20>drawing</text></a></svg>",
    "<math><mtext class=k href=/leak/math>formula</mtext></math>",
    "</iframe></pre><a class=k href=/leak/broken>x</a>",
]
NESTED = [
    '<iframe srcdoc="&lt;a class=k &#104;ref=/leak/ctrl>x&lt;/a>"></iframe>',
    '<svg><foreignObject><iframe srcdoc="#&lt;a class=k &#104;ref=/leak/drawn>x&lt;/a>"></iframe></foreignObject>',
    '<iframe srcdoc="&lt;a class=k tar&#103;et=_parent href=/leak/up>x&lt;/a>"></iframe>',
    '<iframe srcdoc="&lt;a class=k href=/leak/nested>x&lt;/a>"></iframe>',
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or playwright.chromium.executable_path
        try:
            browser = playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            )
        except Error as error:
            pytest.skip(f"no Chromium on this machine: {error}")
        yield browser
        browser.close()


class Origin:
    """The notebook's origin: a page with one output in it; it notes what else it is asked for."""

    def __init__(self) -> None:
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                origin.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(origin.page.encode() if self.path == "/" else b"leaked")

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.asked: list[str] = []
        self.page = ""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    @property
    def leaked(self) -> list[str]:
        return [path for path in self.asked if "leak" in path]

    def show(self, page: Page, body: str) -> None:
        self.page = f"<!doctype html><title>notebook</title>{made(body).mime_bundle()['text/html']}"
        page.goto(self.url, wait_until="load")


@pytest.fixture
def origin() -> Iterator[Origin]:
    made_origin = Origin()
    thread = threading.Thread(target=made_origin.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made_origin
    made_origin.server.shutdown()
    thread.join(10)
    made_origin.server.server_close()


def test_a_page_loads_nothing_runs_nothing_and_goes_nowhere(chromium: Browser, origin: Origin) -> None:
    page = chromium.new_page()
    origin.show(page, ACTIVE)
    # Long enough for a refresh of zero seconds and everything that a page starts when it is loaded.
    page.wait_for_timeout(700)
    assert (page.title(), page.url, origin.leaked) == ("notebook", origin.url, [])
    page.close()


def _click(page: Page, frame: int, modifiers: list[str]) -> None:
    # Where the renamed element takes no clicks the way is closed already; the click is tried all the same.
    target = page.frames[frame].locator(".k").first
    target.dispatch_event("click", {"bubbles": True, "ctrlKey": "Control" in modifiers})
    if target.is_visible():
        target.click(force=True, no_wait_after=True, modifiers=modifiers, timeout=2000)  # type: ignore[arg-type]


@pytest.mark.parametrize("link", CLICKED)
@pytest.mark.parametrize("modifiers", [[], ["Control"]])
def test_no_click_leads_anywhere(chromium: Browser, origin: Origin, link: str, modifiers: list[str]) -> None:
    page = chromium.new_page()
    origin.show(page, f"<p>{link}</p>")
    _click(page, 1, modifiers)
    page.wait_for_timeout(150)
    assert (origin.leaked, page.url, len(page.context.pages)) == ([], origin.url, 1)
    page.close()


@pytest.mark.parametrize("link", NESTED)
@pytest.mark.parametrize("modifiers", [[], ["Control"]])
def test_no_click_in_a_frame_inside_the_frame_leads_anywhere(
    chromium: Browser, origin: Origin, link: str, modifiers: list[str]
) -> None:
    page = chromium.new_page()
    origin.show(page, f"<p>{link}</p>")
    page.wait_for_timeout(100)
    if len(page.frames) > 2 and page.frames[2].locator(".k").count():
        _click(page, 2, modifiers)
        page.wait_for_timeout(150)
    assert (origin.leaked, page.url, len(page.context.pages)) == ([], origin.url, 1)
    page.close()


def test_the_origin_notes_a_leak_where_there_is_one(chromium: Browser, origin: Origin) -> None:
    """The tests above could fail: without the policy the same page asks the origin."""
    page = chromium.new_page()
    origin.page = f"<!doctype html><iframe sandbox srcdoc='{'<img src=/leak/img>'}'></iframe>"
    page.goto(origin.url, wait_until="load")
    assert origin.leaked == ["/leak/img"]
    page.close()


def test_the_text_of_a_page_is_unseen_where_its_frame_is_drawn_and_seen_where_styles_are_gone(
    chromium: Browser, origin: Origin
) -> None:
    page = chromium.new_page()
    origin.show(page, "<h1>Books</h1><p>SICP</p>")
    hidden = page.locator("pre", has_text="Books").last
    assert hidden.bounding_box() is None or (hidden.bounding_box() or {})["height"] == 0
    page.evaluate("document.querySelectorAll('iframe').forEach(one => one.remove())")
    page.evaluate("document.querySelectorAll('[style]').forEach(one => one.removeAttribute('style'))")
    assert (hidden.bounding_box() or {})["height"] > 10
    page.close()
