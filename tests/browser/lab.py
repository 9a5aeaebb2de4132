"""A notebook open in a real JupyterLab in a real browser: what a user's hands do there, and what their eyes see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin

from playwright.sync_api import Browser, Locator, Page

from tests.browser.server import LabServer

__all__ = ["CellOutput", "Lab"]

Theme = Literal["light", "dark"]
WIDGET = "application/vnd.jupyter.widget-view+json"

# The panel of the one notebook that is open, through JupyterLab's own application object.
_SCRIPT = """
window.lab = {
  panel() {
    const app = window.jupyterapp;
    if (!app) return null;
    for (const widget of app.shell.widgets('main')) if (widget.content?.model?.cells) return widget;
    return null;
  },
  cells() { return this.panel().content.widgets; },
  forget(indexes) { for (const i of indexes) this.cells()[i].model.executionCount = null; },
  ended(indexes) {
    const done = indexes.filter(i => this.cells()[i].model.executionCount !== null);
    const failed = i => this.cells()[i].model.outputs.toJSON().some(output => output.output_type === 'error');
    return done.length === indexes.length || done.some(failed);
  },
};
"""
_READY = """() => {
  const panel = window.lab.panel();
  return Boolean(panel && panel.context.isReady && panel.content.widgets.length
    && (!panel.sessionContext.kernelPreference.shouldStart || panel.sessionContext.session?.kernel?.status === 'idle'));
}"""


@dataclass(frozen=True)
class CellOutput:
    """The outputs of a cell as the notebook will be saved: plain text, HTML, and the error's name."""

    text: str
    html: str
    error: str | None


class Lab:
    """A page of JupyterLab with one notebook open.

    Parameters
    ----------
    browser:
        A running browser.
    server:
        A running JupyterLab.
    timeout:
        Seconds that anything may take: the deadline of every wait.
    """

    def __init__(self, browser: Browser, server: LabServer, *, timeout: float = 60.0) -> None:
        self.server = server
        self._timeout = timeout * 1000
        self._context = browser.new_context(viewport={"width": 1280, "height": 900})
        self._context.set_default_timeout(self._timeout)
        self._context.add_init_script(_SCRIPT)
        self.page: Page = self._context.new_page()
        self.requests: list[str] = []
        """The address of every request that the page has made, frames included."""
        self.page.on("request", lambda request: self.requests.append(request.url))

    def close(self) -> None:
        """Close the page, without a question about unsaved changes."""
        self._context.close()

    def open(self, path: str) -> None:
        """Open a notebook of the server's folder and wait until its kernel is ready for the first cell."""
        self.page.goto(f"{self.server.url}/lab/tree/{path}?token={self.server.token}&reset")
        self.page.wait_for_function(_READY)
        if self._evaluate("() => !window.jupyterapp.shell.leftCollapsed"):
            self._command("application:toggle-left-area")

    # --- what hands do ---

    def run_all(self) -> None:
        """Run all cells, and wait until the last has ended or one has failed."""
        cells = "window.lab.cells().map((cell, i) => [cell.model, i])"
        wanted = self._evaluate(
            f"() => {cells}.filter(([m]) => m.type === 'code' && m.sharedModel.getSource().trim()).map(([, i]) => i)"
        )
        self._forget_runs(wanted)
        self._command("notebook:run-all-cells")
        self._wait_for_end(wanted)

    def run(self, index: int) -> CellOutput:
        """Run one cell by Ctrl+Enter (which adds none below the last one), wait for its end, and return its outputs."""
        self.start(index)
        return self.end(index)

    def start(self, index: int) -> None:
        """Run one cell by Ctrl+Enter, and do not wait."""
        self._forget_runs([index])
        self._editor(index).click()
        self.page.keyboard.press("Control+Enter")

    def end(self, index: int) -> CellOutput:
        """Wait for the end of a cell that was started, and return its outputs."""
        self._wait_for_end([index])
        return self.output(index)

    def edit(self, index: int, source: str) -> None:
        """Replace the text of a cell, as by typing over it."""
        self._editor(index).click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(source)
        self.page.wait_for_function(
            "([i, text]) => window.lab.cells()[i].model.sharedModel.getSource() === text", arg=[index, source]
        )

    def append(self, source: str) -> int:
        """Add a cell below the last one and return its index."""
        last = len(self) - 1
        self._select(last)
        self.page.keyboard.press("b")
        self.page.wait_for_function("n => window.lab.cells().length === n", arg=last + 2)
        self.edit(last + 1, source)
        return last + 1

    def delete(self, index: int) -> None:
        """Delete a cell by its keyboard shortcut, D D."""
        before = len(self)
        self._select(index)
        self.page.keyboard.press("d")
        self.page.keyboard.press("d")
        self.page.wait_for_function("n => window.lab.cells().length === n", arg=before - 1)

    def restart_kernel(self) -> None:
        """Restart the kernel; outputs stay on the page."""
        self._evaluate("async () => { await window.lab.panel().sessionContext.session.kernel.restart(); }")
        self.page.wait_for_function(_READY)

    def save(self) -> Path:
        """Save the notebook and return its file."""
        self._command("docmanager:save")
        self.page.wait_for_function("() => !window.lab.panel().context.model.dirty")
        return self.server.folder / str(self._evaluate("() => window.lab.panel().context.path"))

    def set_theme(self, theme: Theme) -> None:
        """Switch between JupyterLab's light and dark theme."""
        name = f"JupyterLab {theme.capitalize()}"
        self._command("apputils:change-theme", {"theme": name})
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
        self.page.wait_for_function("() => !document.getElementById('jupyterlab-splash')")

    # --- what eyes see ---

    def __len__(self) -> int:
        """The number of cells."""
        return int(self._evaluate("() => window.lab.cells().length"))

    def sources(self) -> list[str]:
        """The text of every cell."""
        texts: list[str] = self._evaluate("() => window.lab.cells().map(cell => cell.model.sharedModel.getSource())")
        return texts

    def find(self, text: str) -> int:
        """The index of the first cell whose text begins with `text`."""
        for index, source in enumerate(self.sources()):
            if source.startswith(text):
                return index
        raise AssertionError(f"No cell begins with {text!r}")

    def output(self, index: int) -> CellOutput:
        """The outputs of a cell, as they will be saved."""
        outputs: list[dict[str, Any]] = self._evaluate(
            "i => window.lab.cells()[i].model.outputs?.toJSON() ?? []", index
        )
        text, html, error = [], [], None
        for output in outputs:
            kind = output["output_type"]
            if kind == "stream":
                text.append(_joined(output["text"]))
            elif kind == "error":
                error = f"{output['ename']}: {output['evalue']}"
            elif WIDGET not in output["data"]:  # a widget's text is for those who cannot see it
                text.append(_joined(output["data"].get("text/plain", "")))
                html.append(_joined(output["data"].get("text/html", "")))
        return CellOutput("\n".join(text), "\n".join(html), error)

    def output_area(self, index: int) -> Locator:
        """The part of the page below a cell, for what only a look at the page can tell."""
        return self._cell(index).locator(".jp-Cell-outputWrapper").first

    def visible_text(self, index: int) -> str:
        """What a reader sees below a cell, frames left out."""
        area = self.output_area(index)
        return area.inner_text() if area.count() else ""

    def frame_text(self, index: int) -> str:
        """The text inside the first frame below a cell."""
        return self.output_area(index).frame_locator("iframe").first.locator("body").inner_text()

    def trusted(self) -> bool:
        """Whether JupyterLab trusts every code cell of the notebook."""
        return bool(
            self._evaluate("() => window.lab.cells().every(cell => cell.model.type !== 'code' || cell.model.trusted)")
        )

    def visit(self, address: str) -> Page:
        """Open an address, or a path of this server, in a new tab of the same browser."""
        page = self._context.new_page()
        page.goto(urljoin(self.server.url, address))
        return page

    def screenshot(self, file: Path, *, theme: Theme = "light") -> None:
        """Take a picture of the whole notebook, however long."""
        self.set_theme(theme)
        height = int(
            self._evaluate(
                "() => window.lab.panel().content.node.querySelector('.jp-WindowedPanel-inner').scrollHeight"
            )
        )
        self.page.set_viewport_size({"width": 1280, "height": max(900, height + 140)})
        self.page.locator(".jp-WindowedPanel-outer").first.evaluate("node => { node.scrollTop = 0; }")
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=file)
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def picture_of(self, first: int, last: int, file: Path, *, theme: Theme = "light", width: int = 900) -> None:
        """Take a picture of some cells, one below the other, at most `width` pixels wide."""
        self.set_theme(theme)
        self.page.add_style_tag(content=".jp-Collapser, .jp-cell-toolbar { visibility: hidden }")
        self.page.set_viewport_size({"width": width + 400, "height": 2600})
        box = self._cell(last).bounding_box() or {"width": width}
        self.page.set_viewport_size({"width": width + 400 - round(box["width"] - width), "height": 2600})
        # Widgets and frames grow once they are in view.
        self._cell(last).scroll_into_view_if_needed()
        self.page.wait_for_load_state("networkidle")
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        boxes = [box for index in range(first, last + 1) if (box := self._cell(index).bounding_box()) is not None]
        left, top = min(box["x"] for box in boxes), min(box["y"] for box in boxes)
        right = min(max(box["x"] + box["width"] for box in boxes), left + width)
        bottom = max(box["y"] + box["height"] for box in boxes)
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=file, clip={"x": left, "y": top, "width": right - left, "height": bottom - top})
        self.page.set_viewport_size({"width": 1280, "height": 900})

    # --- how ---

    def _cell(self, index: int) -> Locator:
        return self.page.locator(".jp-NotebookPanel-notebook .jp-Cell").nth(index)

    def _editor(self, index: int) -> Locator:
        return self._cell(index).locator(".cm-content")

    def _select(self, index: int) -> None:
        """Make a cell the active one, in command mode."""
        self._cell(index).locator(".jp-InputPrompt").click()
        self.page.wait_for_function(
            "i => { const c = window.lab.panel().content; return c.activeCellIndex === i && c.mode === 'command'; }",
            arg=index,
        )

    def _forget_runs(self, indexes: list[int]) -> None:
        """Take the numbers of earlier runs off the cells; a kernel that was restarted counts from 1 again."""
        self._evaluate("cells => window.lab.forget(cells)", indexes)

    def _wait_for_end(self, indexes: list[int]) -> None:
        """Wait until the cells have a number: the reply has come and the kernel is idle again."""
        self.page.wait_for_function("cells => window.lab.ended(cells)", arg=indexes)

    def _command(self, name: str, arguments: dict[str, str] | None = None) -> None:
        """Run one of JupyterLab's commands, without waiting for what it promises."""
        self._evaluate("([name, args]) => { window.jupyterapp.commands.execute(name, args); }", [name, arguments or {}])

    def _evaluate(self, script: str, argument: object = None) -> Any:
        return self.page.evaluate(script, argument)


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
