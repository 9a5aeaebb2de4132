"""Runs the lessons in a real kernel and stores what their cells show, tidily."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
# All that the metadata may say: nothing of the machine, the version of its Python included.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def store(path: Path) -> None:
    """Run a notebook from the top and write its outputs into it; a cell that fails raises, and nothing is written."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=60, record_timing=False, resources=resources).execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", ()):
            # A widget lives in its kernel: its view, opened later, would be an error message.
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


def main(names: list[str]) -> None:
    """Store the named lessons, or all."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not names or path.name in names or path.stem in names:
            store(path)
            print(f"stored {path.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
