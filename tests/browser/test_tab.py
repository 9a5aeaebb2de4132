"""The Tab key in JupyterLab: a list of what fits, and a choice lands where it belongs."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import OpenLab
from tests.browser.lab import Lab

LESSON = "01-hello.ipynb"


def press_tab(lab: Lab, index: int, text: str) -> list[str]:
    """Type `text` into a cell, press Tab, and read the list that opens; it closes again on Escape."""
    lab.edit(index, text)
    lab.page.keyboard.press("ControlOrMeta+End")
    lab.page.keyboard.press("Tab")
    lab.page.wait_for_selector(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item")
    return lab.page.locator(".jp-Completer .jp-Completer-match").all_inner_texts()


def test_tab_lists_what_fits_and_puts_it_where_the_cursor_stands(
    open_lab: OpenLab, notebooks: Path, pictures: Path
) -> None:
    lab = open_lab(notebooks)
    lab.open(LESSON)
    lab.run_all()
    cell = lab.append("%%route POST /hello\n'made'")
    lab.run(cell)
    ask = lab.append("%http /")
    for theme in ("light", "dark"):
        lab.set_theme(theme)
        listed = press_tab(lab, ask, "%http /h")
        assert listed
        assert "hello" in listed[0]
        lab.page.screenshot(path=pictures / f"tab-{theme}.png")
        lab.page.keyboard.press("Escape")

    press_tab(lab, ask, "%%http\n# ünï \N{SNAKE}\nPOST /hello\nAccept-")
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function("i => window.lab.cells()[i].model.sharedModel.getSource().endsWith(': ')", arg=ask)
    assert lab.sources()[ask] == "%%http\n# ünï \N{SNAKE}\nPOST /hello\nAccept-Encoding: "
