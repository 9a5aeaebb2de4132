"""`%browse` in JupyterLab: a shop is used as in any browser, and a hostile page stays in its frame."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, FrameLocator, Locator
from playwright.sync_api import expect as once

from tests.browser.browsed import CELLS, notebook
from tests.browser.lab import Lab
from tests.browser.patience import expect
from tests.browser.server import LabServer

_AT = """([area, path]) => {
  const [address, stage] = ['.nbmicro-browse-address', '.nbmicro-browse-stage'].map(name => area.querySelector(name));
  return stage?.ariaBusy === 'false' && address.value === path;
}"""

_STATE = """import os, gc, threading, time
gc.collect()
lines = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
print(int(lines["VmRSS"].split()[0]), threading.active_count())"""

_SHOW = """async ([path, wanted]) => {
  const field = document.querySelector('.nbmicro-browse-address');
  field.value = path;
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
  const title = document.querySelector('.nbmicro-browse-title');
  const end = Date.now() + 20000;
  while (title.textContent !== wanted) {
    if (Date.now() > end) throw new Error(`${path} did not come`);
    await new Promise(next => setTimeout(next, 2));
  }
}"""


class Shown:
    """A browser in a cell, as its user sees and uses it."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab = lab
        self.area = lab.output_area(list(CELLS).index(name))

    @property
    def page(self) -> FrameLocator:
        return self.area.frame_locator(".nbmicro-browse-frame:not(.is-coming)").frame_locator("iframe")

    @property
    def status(self) -> Locator:
        return self.area.locator(".nbmicro-browse-status")

    @property
    def title(self) -> Locator:
        return self.area.locator(".nbmicro-browse-title")

    @property
    def notes(self) -> Locator:
        return self.area.locator(".nbmicro-browse-notes")

    def press(self, name: str) -> None:
        self.area.get_by_role("button", name=name, exact=True).first.click()

    def go(self, path: str, title: str | None = None) -> None:
        """Type an address, and wait until its page is there (``title``, where the page goes on by itself)."""
        field = self.area.get_by_label("Address")
        field.fill(path)
        field.press("Enter")
        if title is None:
            self.arrive(path)
        else:
            expect(self.title).to_have_text(title)

    def arrive(self, path: str) -> None:
        """Wait until this address is shown and nothing is loading."""
        self.lab.page.wait_for_function(_AT, arg=[self.area.element_handle(), path])


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab with the notebook open, its cells run."""
    folder = tmp_path_factory.mktemp("browsed")
    nbformat.write(notebook(), folder / "shop.ipynb")
    with LabServer(folder, tmp_path_factory.mktemp("lab")) as server:
        lab = Lab(browser, server)
        once.set_options(timeout=30_000)
        try:
            lab.open("shop.ipynb")
            lab.run_all()
            assert [lab.output(index).error for index in range(len(lab)) if lab.output(index).error] == []
            yield lab
        finally:
            once.set_options(timeout=5_000)
            lab.close()


@pytest.fixture
def first(lab: Lab) -> Shown:
    """The browser of the first cell, at the start page."""
    shown = Shown(lab, "first")
    shown.go("/")
    return shown


def test_a_visitor_signs_in_and_uploads_a_file(first: Shown) -> None:
    """A form with a CSRF token and a session, redirects, a picture, style sheets, links, an upload, a flash."""
    expect(first.page.locator("h1")).to_have_css("color", "rgb(10, 120, 90)")
    expect(first.page.locator("img")).to_have_js_property("naturalWidth", 120)
    first.page.get_by_role("link", name="Account").click()
    first.arrive("/login")
    first.page.get_by_label("Name").fill("Ada")
    first.page.get_by_role("button", name="Sign in").click()
    first.arrive("/account")
    expect(first.page.locator("h1")).to_have_text("Ada")
    expect(first.page.locator("#from")).to_have_text("http://localhost/login")
    expect(first.page.locator(".flash")).to_have_css("background-color", "rgb(255, 240, 180)")
    first.go("/upload")
    photo = {"name": "käse.png", "mimeType": "image/png", "buffer": bytes(range(256)) * 4}
    first.page.locator("[type=file]").set_input_files(photo)
    first.page.get_by_role("button", name="Send").click()
    expect(first.title).to_have_text("Got it")
    expect(first.page.locator("h1")).to_have_text("käse.png: 1024 bytes, a note")
    first.press("Reload")
    expect(first.notes).to_contain_text("answer to a form")

    # The other browser is another visitor: it has cookies of its own.
    assert Shown(first.lab, "second").page.get_by_label("Name").is_visible()
    listed = first.lab.run(first.lab.append("%exchanges 3"))
    first.lab.delete(len(first.lab) - 1)
    assert listed.text.splitlines()[-1].split()[1:] == ["POST", "/upload", "200", "browse"]


def test_the_scripts_of_a_page_reach_the_app(first: Shown) -> None:
    """fetch, XMLHttpRequest, EventSource, modules, pictures made by scripts, cookies, storage, location, confirm."""
    first.page.get_by_role("link", name="Script").click()
    first.arrive("/script")
    out = first.page.locator("#out")
    expect(out).to_contain_text("tick 2 2")
    for line in (
        "fetch 200 42 yes http://localhost/api/21 /script",
        "post 1,2 dark",
        "xhr 200 8",
        "picture 120",
        "outside TypeError",
        "stored 1",
        "module deep",
    ):
        expect(out.get_by_text(line, exact=True)).to_be_visible()
    first.page.get_by_role("button", name="Delete").click()
    expect(first.notes).to_contain_text("Delete it?")
    first.press("Yes")
    expect(out.get_by_text("deleted")).to_be_visible()
    first.page.get_by_role("button", name="go on").click()
    expect(first.title).to_have_text("Account")


def test_a_browser_answers_while_a_cell_runs_and_a_stream_ends_with_its_page(first: Shown) -> None:
    """The cell waits for what the browser's user does; leaving the page ends the event stream's handler."""
    lab = first.lab
    first.go("/script")
    expect(first.page.locator("#out")).to_contain_text("tick 2 2")
    wait = lab.append("gate.clear()\ngate.wait(30)")
    lab.start(wait)
    second = Shown(lab, "second")
    second.go("/gate")
    assert lab.end(wait).text == "True"
    expect(first.page.locator("#out")).to_contain_text("message after the gate")
    first.go("/data")
    assert lab.run(lab.append("closed.wait(10)")).text == "True"
    lab.delete(len(lab) - 1)
    lab.delete(wait)


def test_an_edited_template_is_shown_and_what_the_page_did_not_use_changes_nothing(first: Shown) -> None:
    """Run its cell again, and the page shows it; the switch stops it."""
    lab, cell = first.lab, list(CELLS).index("home")
    first.page.locator("h1").evaluate("() => window.scrollTo(0, 1052)")
    lab.edit(cell, CELLS["home"].replace("Mountains", "Peaks"))
    lab.run(cell)
    expect(first.page.locator("h1")).to_have_text("Peaks")
    expect(first.page.locator("html")).to_have_js_property("scrollTop", 1052)
    count = lab.append("len([one for one in client.history if one.request.target == '/'])")
    before = lab.run(count).text
    lab.run(list(CELLS).index("upload"))
    assert lab.run(count).text == before
    first.area.get_by_role("switch").click()
    lab.edit(cell, CELLS["home"])
    lab.run(cell)
    expect(first.notes).to_contain_text("A cell has changed what this page used.")
    first.area.get_by_role("switch").click()
    first.press("Reload")
    expect(first.page.locator("h1")).to_have_text("Mountains")
    lab.delete(len(lab) - 1)


def test_the_ways_through_pages(first: Shown) -> None:
    """Back, forward, fragments, a refresh, an error with its line, a hint, JSON, a file to save, another site."""
    first.go("/anchors")
    first.page.get_by_role("link", name="down").click()
    first.arrive("/anchors#down")
    expect(first.page.locator("#down")).to_be_in_viewport()
    first.press("Back")
    first.arrive("/anchors")
    first.press("Back")
    first.arrive("/")
    expect(first.page.locator("h1")).to_have_text("Mountains")
    first.press("Forward")
    first.arrive("/anchors")
    first.go("/boom")
    expect(first.status).to_have_text("500 INTERNAL SERVER ERROR")
    expect(first.notes).to_contain_text("ZeroDivisionError: division by zero")
    expect(first.notes).to_contain_text("return 1 / 0")
    first.go("/accounts")
    expect(first.notes).to_contain_text("/account")
    first.go("/later", "/data")
    first.arrive("/data")
    expect(first.page.locator("pre")).to_contain_text('"a": "<b>"')
    with first.lab.page.expect_download() as saved:
        first.area.get_by_label("Address").fill("/file")
        first.area.get_by_label("Address").press("Enter")
        first.notes.get_by_role("link", name="Save").click()
    assert saved.value.suggested_filename == "table.csv"
    first.area.get_by_label("Address").fill("https://example.com/")
    first.area.get_by_label("Address").press("Enter")
    expect(first.notes).to_contain_text("leads away from this app")


def test_what_is_no_page_and_what_goes_elsewhere(first: Shown) -> None:
    """204 leaves the page; a form's 307 sends its body again; links for other windows open here; a PDF is offered."""
    first.go("/ways")
    first.page.get_by_role("link", name="nothing").click()
    expect(first.status).to_have_text("204 NO CONTENT")
    expect(first.page.get_by_role("link", name="nothing")).to_be_visible()
    first.page.get_by_role("button", name="Send").click()
    first.arrive("/kept")
    expect(first.page.locator("#kept")).to_have_text("POST kept")
    for name in ("top", "blank"):
        first.go("/ways")
        first.page.get_by_role("link", name=name).click()
        first.arrive("/data")
        expect(first.page.locator("pre")).to_contain_text('"a": "<b>"')
    assert len(first.lab.page.context.pages) == 1
    first.go("/ways")
    first.page.get_by_role("link", name="paper").click()
    expect(first.notes).to_contain_text("paper · application/pdf · 14 bytes")
    expect(first.page.get_by_role("link", name="paper")).to_be_visible()


def test_fifteen_megabytes_arrive_in_both_directions(first: Shown) -> None:
    """Fetched in 15,562 pieces and in one, sent, and saved: each byte is the one that was sent."""
    large = bytes(range(251)) * 62_000
    proof = f"{len(large)} {zlib.crc32(large)}"
    first.go("/heavy")
    out = first.page.locator("#out")
    for name in ("pieces", "whole", "sent"):
        expect(out.get_by_text(f"{name} {proof}", exact=True)).to_be_visible()
    first.area.get_by_label("Address").fill("/large?file")
    first.area.get_by_label("Address").press("Enter")
    expect(first.notes).to_contain_text("large.bin · application/octet-stream · 14.8 MB")
    with first.lab.page.expect_download() as saved:
        first.notes.get_by_role("link", name="Save").click()
    assert saved.value.path().read_bytes() == large


def test_many_pages_leave_nothing_behind(first: Shown) -> None:
    """After four pages that warm up, twelve more: documents, the page's heap, the kernel's memory and threads stay."""
    lab = first.lab
    asking = lab.append(_STATE)
    session = lab.page.context.new_cdp_session(lab.page)
    found = []
    for numbers in (range(4), range(4, 16)):
        for number in numbers:
            lab.page.evaluate(_SHOW, [f"/many/{number}", f"many {number}"])
        memory, threads = map(int, lab.run(asking).text.split())
        for _ in range(2):
            session.send("HeapProfiler.collectGarbage")
        heap = session.send("Runtime.getHeapUsage")["usedSize"]
        found.append((memory, threads, heap // 1024, session.send("Memory.getDOMCounters")["documents"]))
    lab.delete(asking)
    grown = [after - before for before, after in zip(*found, strict=True)]
    # KB, threads, KB, documents; the threads are there as long as streams of the last page are.
    most = (8 * 1024, 4, 2 * 1024, 8)
    assert all(one <= bound for one, bound in zip(grown, most, strict=True)), (found, grown)


def test_no_hostile_page_reaches_the_notebooks_server(first: Shown) -> None:
    """Whatever it loads, asks, opens, sends or sets, the server hears nothing, and the notebook stays where it is."""
    lab, address = first.lab, first.lab.page.url
    origin = f"http://127.0.0.1:{lab.server.port}"
    first.go(f"/hostile/loads?origin={origin}", "done")
    for name in ("asks", "links"):  # where they would open a window, the app's own page is opened here
        first.go(f"/hostile/{name}?origin={origin}", "stayed inside")
    for name in ("location", "form"):
        first.go(f"/hostile/{name}?origin={origin}")
        expect(first.notes).to_contain_text("tried to leave its frame and was stopped")
    first.go(f"/hostile/flood?origin={origin}", "flood")
    expect(first.notes).to_contain_text("sent messages without end")
    first.go(f"/hostile/loop?origin={origin}", "loop")
    expect(first.notes).to_contain_text("went on to load pages by itself")
    assert lab.page.url == address
    assert len(lab.page.context.pages) == 1
    # The server would say so: it notes what it does not have.
    lab.page.evaluate("() => fetch('/leak/control')")
    assert _log_with(lab, "/leak/control") == ["/leak/control"]
    first.go("/")
    expect(first.page.locator("h1")).to_have_text("Mountains")


def test_a_page_neither_speaks_for_another_browser_nor_reads_its_page(first: Shown) -> None:
    """Windows of others are closed to it, and messages that it sends to them are heard by nobody."""
    second = Shown(first.lab, "second")
    second.go("/anchors")
    count = first.lab.append("len([one for one in client.history if one.request.target == '/anchors'])")
    before = first.lab.run(count).text
    first.go("/hostile/reads?origin=http://localhost", "SecurityError")
    second.page.get_by_role("link", name="down").click()
    second.arrive("/anchors#down")
    assert first.lab.run(count).text == before, "it was not made to load again"
    assert second.notes.inner_text() == ""
    first.lab.delete(len(first.lab) - 1)


def test_after_a_restart_of_the_kernel_one_line_says_what_to_do(first: Shown) -> None:
    """This test is the notebook's last: the kernel of its browsers is gone."""
    first.lab.restart_kernel()
    first.area.get_by_label("Address").fill("/account")
    first.area.get_by_label("Address").press("Enter")
    expect(first.notes).to_contain_text("After a restart of the kernel, run this cell again.")


def _log_with(lab: Lab, last: str) -> list[str]:
    """The addresses with `leak` that the server has been asked for, up to ``last``."""
    lab.page.wait_for_function("async () => true")
    for _ in range(600):
        text = Path(lab.server.log).read_text("utf-8", "replace")
        if last in text:
            break
        lab.page.wait_for_timeout(50)
    words = [word for word in text.replace("(", " ").split() if word.startswith("/leak/")]
    return sorted(set(words))
