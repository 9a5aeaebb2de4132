"""What a newcomer does with the first lesson in JupyterLab, from the first run to a route deleted."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import OpenLab
from tests.browser.lab import Lab

LESSON = "01-hello.ipynb"
NEW_ROUTE = """%%route /good-day/<name>
def good_day(name):
    return f"Good day, {name}!"
"""


def errors(lab: Lab) -> list[str]:
    return [error for index in range(len(lab)) if (error := lab.output(index).error)]


def test_a_route_is_run_edited_and_deleted(open_lab: OpenLab, notebooks: Path, pictures: Path) -> None:
    """Run all: a response. Edit the route: a new answer, and the old rule gets 404. Delete its cell: it is gone."""
    lab = open_lab(notebooks)
    lab.open(LESSON)
    lab.run_all()
    assert errors(lab) == []
    request = lab.find("%http ")
    assert "200 OK" in lab.visible_text(request)
    for theme in ("light", "dark"):
        lab.screenshot(pictures / f"first-light-{theme}.png", theme=theme)

    route = lab.find("%%route ")
    old_path = lab.sources()[request].split()[1]
    lab.edit(route, NEW_ROUTE)
    assert lab.run(route).text.strip() == "GET /good-day/<name> → good_day"
    lab.edit(request, "%http /good-day/Ada")
    lab.run(request)
    shown = lab.visible_text(request)
    assert "GET /good-day/Ada" in shown
    assert "200 OK" in shown
    assert "Good day, Ada!" in shown + lab.output(request).text
    lab.edit(request, f"%http {old_path}")
    assert "404" in lab.run(request).text
    assert "404" in lab.visible_text(request)

    lab.edit(request, "%http /good-day/Ada")
    assert "200 OK" in lab.run(request).text
    lab.delete(route)
    other = lab.append("%routes")
    assert "good-day" not in lab.run(other).text
    assert "404" in lab.run(lab.find("%http /good-day/Ada")).text


def test_after_a_restart_of_the_kernel_the_first_cell_brings_it_all_back(open_lab: OpenLab, notebooks: Path) -> None:
    """The cure that README and lessons give for "Cell magic `%%route` not found"."""
    lab = open_lab(notebooks)
    lab.open(LESSON)
    lab.run_all()
    lab.restart_kernel()
    route = lab.find("%%route ")
    assert "%%route" in (lab.run(route).error or lab.output(route).text)
    lab.run_all()
    assert errors(lab) == []
    assert "200 OK" in lab.visible_text(lab.find("%http "))
