"""The lessons as they are saved: complete for someone who runs nothing, and without a trace of the machine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbmicro.render.page import INLINE_LIMIT
from tests.notebooks.store import METADATA, NOTEBOOKS

LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
ASKS = re.compile(r"%http |%%http|%trace |%%route .*--try", re.MULTILINE)
#: What shows times by its nature; nbval masks them.
TIMED = re.compile(r"%trace |%bench ")
DECLARES = re.compile(r"%%(route|template|static) ")
TRACES = {
    "a path of a machine": r"(?<![\w./>-])/(?:home|Users|root|tmp|opt|work|var)/|[A-Z]:\\",
    "a memory address": r"\b0x[0-9a-f]{6,}",
    "a port": r"(?:127\.0\.0\.1|localhost):\d|\bport \d",
    "a date": r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d|\b\d{4}-\d\d-\d\dT",
    "a length of time": r"\b\d+(?:\.\d+)? ?(?:ms|µs|ns)\b",
    "the file of a cell": r"ipykernel_\d|Cell In\[",
    "a version or a moment in a header": r"^(?:ETag|Last-Modified|Expires|Date): [^…]",
}

pytestmark = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


def cells_of(lesson: Path, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(lesson.read_text("utf-8"))["cells"] if cell["cell_type"] == kind]


def text_of(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def shown_by(cell: dict[str, Any], media_type: str) -> list[str]:
    """What a cell shows as one media type; prints count as plain text."""
    shown = []
    for output in cell["outputs"]:
        if output["output_type"] == "stream" and media_type == "text/plain":
            shown.append("".join(output["text"]))
        elif media_type in output.get("data", {}):
            shown.append("".join(output["data"][media_type]))
    return shown


def test_it_begins_with_a_heading_and_ends_with_exercises_and_what_next(lesson: Path) -> None:
    texts = [text_of(cell) for cell in cells_of(lesson, "markdown")]
    assert re.match(rf"# Lesson {int(lesson.name[:2])}: \S", texts[0])
    assert "you can\n\n- " in texts[0]
    assert re.search(r"^## Exercises$.*^## What next$", texts[-1], re.MULTILINE | re.DOTALL)


def test_it_is_valid_and_its_cells_have_readable_ids_of_their_own(lesson: Path) -> None:
    notebook = nbformat.read(lesson, as_version=4)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one)] == []


def test_its_metadata_says_nothing_of_a_machine_or_a_run(lesson: Path) -> None:
    notebook = nbformat.read(lesson, as_version=4)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata == METADATA, "python tests/notebooks/store.py"
    assert {key for cell in notebook.cells for key in cell.metadata} == set()


def test_it_was_run_once_from_the_top_and_no_cell_failed(lesson: Path) -> None:
    ran = [cell for cell in cells_of(lesson, "code") if text_of(cell).strip()]
    assert [cell["execution_count"] for cell in ran] == list(range(1, len(ran) + 1))
    assert [text_of(cell) for cell in ran for one in cell["outputs"] if one["output_type"] == "error"] == []


def test_each_exchange_is_stored_as_html_and_as_plain_text(lesson: Path) -> None:
    """As many of them as the cell sends requests, each with its request and its status."""
    asking = [cell for cell in cells_of(lesson, "code") if ASKS.match(text_of(cell))]
    assert asking
    status = re.compile(r"^[A-Z]+ /\S* → [1-5]\d\d [A-Z][A-Za-z ]+( · |$)", re.MULTILINE)
    for cell in asking:
        sent = 1 + len(re.findall(r"^###$", text_of(cell), re.MULTILINE))
        plain, html = shown_by(cell, "text/plain"), shown_by(cell, "text/html")
        # What a followed redirect met on its way stands above its answer.
        on_the_way = len(re.findall(r"→ 30[1278] [A-Za-z ]+(?: · [\w/]+)?$", "\n".join(plain), re.MULTILINE))
        assert len(status.findall("\n".join(plain))) == sent + on_the_way, text_of(cell)
        assert len(html) == sent, text_of(cell)


def test_each_declaration_has_its_line(lesson: Path) -> None:
    for cell in cells_of(lesson, "code"):
        if DECLARES.match(text_of(cell)):
            line = shown_by(cell, "text/plain")[0].split("\n")[0]
            route = r"[A-Z,]+ /.* → \w+(, in place of an earlier \".*\")?$"
            assert re.match(rf"{route}|template |static /", line), text_of(cell)


def test_no_output_holds_a_trace_of_a_machine_or_a_moment(lesson: Path) -> None:
    found = []
    for cell in cells_of(lesson, "code"):
        for shown in (*shown_by(cell, "text/plain"), *shown_by(cell, "text/html")):
            text = re.sub(r"base64,[\w+/=]+", "", shown)
            found += [
                (cell["id"], name)
                for name, trace in TRACES.items()
                if re.search(trace, text, re.MULTILINE)
                and not (name == "a length of time" and TIMED.match(text_of(cell)))
            ]
    assert found == []


def test_its_links_lead_somewhere(lesson: Path) -> None:
    targets = [
        target
        for cell in cells_of(lesson, "markdown")
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text_of(cell))
    ]
    assert [target for target in targets if not (lesson.parent / target).exists()] == []


def test_a_file_that_its_text_quotes_says_the_same(lesson: Path) -> None:
    """Where a text links to a template and shows it, it shows what is in the file."""
    for cell in cells_of(lesson, "markdown"):
        for name, quoted in re.findall(r"\]\((templates/[\w.]+)\):?\n\n```html\n(.*?)\n```", text_of(cell), re.DOTALL):
            assert (lesson.parent / name).read_text("utf-8").strip() == quoted


def test_a_page_that_it_draws_holds_its_style_and_pictures(lesson: Path) -> None:
    """No page that is stored asks for a file: what belongs to it is in it."""
    for cell in cells_of(lesson, "code"):
        for html in shown_by(cell, "text/html"):
            for page in re.findall(r'srcdoc="([^"]*)"', html):
                assert not re.search(r"src=(&#34;|&quot;)/|rel=(&#34;|&quot;)stylesheet", page), text_of(cell)


def test_the_pictures_beside_it_fit_into_a_page(lesson: Path) -> None:
    for picture in (lesson.parent / "static").iterdir():
        assert picture.stat().st_size < INLINE_LIMIT / 4, picture.name
