"""The harness itself: it sees what a user of JupyterLab sees, with nothing of nbmicro in the notebook."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.browser.conftest import OpenLab


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cells = [
        nbformat.v4.new_markdown_cell("# A title"),
        nbformat.v4.new_code_cell("from IPython.display import HTML\nHTML('<p>first <b>answer</b></p>')"),
        nbformat.v4.new_code_cell("n = 1\nn"),
    ]
    place = tmp_path / "served"
    place.mkdir()
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), place / "plain.ipynb")
    return place


def test_hands_and_eyes(open_lab: OpenLab, folder: Path, tmp_path: Path) -> None:
    """Run all, edit, run, add, delete, save and take pictures; and open the saved notebook elsewhere, untrusted."""
    lab = open_lab(folder)
    lab.open("plain.ipynb")
    lab.run_all()
    assert "first answer" in lab.visible_text(1)
    assert lab.output(2).text == "1"

    lab.edit(2, "for i in (1, 2):\n    print('(', i)")
    assert lab.run(2).text == "( 1\n( 2\n"
    new = lab.append("1 / 0")
    assert lab.run(new).error == "ZeroDivisionError: division by zero"
    lab.delete(new)
    assert len(lab) == 3

    for theme in ("light", "dark"):
        lab.screenshot(tmp_path / f"{theme}.png", theme=theme)
    assert (tmp_path / "light.png").read_bytes() != (tmp_path / "dark.png").read_bytes()

    assert lab.trusted()
    saved = lab.save()
    assert "( 1" in saved.read_text("utf-8")
    other = open_lab(folder)
    other.open("plain.ipynb")
    assert not other.trusted()
    assert "first answer" in other.visible_text(1)
