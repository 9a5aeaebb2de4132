"""`%explore` in JupyterLab: routes are chosen, forms filled, requests sent and written as cells; keys are enough."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.lab import Lab
from tests.browser.server import LabServer

_CELLS = {
    "load": "%load_ext nbmicro",
    "users": '%%route /users\n[{"id": 1}][: request.args.get("limit", 10, type=int)]',
    "add": '%%route POST /users\n"Add a user."\nprint("adding")\n({"id": 3} | request.get_json(), 201)',
    "report": '%%route /reports/<any(day,week):span>/<path:file>\nf"{span}: {file}"',
    "login": '%%route POST /login\nrequest.form["name"] + request.files["photo"].filename',
    "explore": "%explore",
}


class Explorer:
    """The panel below its cell, as a user sees and uses it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.area = lab.output_area(list(_CELLS).index("explore"))
        self.keys = lab.page.keyboard
        self.search = self.area.get_by_placeholder("Search")
        self.routes = self.area.locator(".nbmicro-explore-list select")
        self.answer = self.area.locator(".nbmicro-explore .jp-OutputArea")
        self.code = self.area.locator(".nbmicro-explore-code textarea")
        self.wrong = self.area.locator(".nbmicro-explore-wrong:visible")

    def field(self, name: str) -> Locator:
        return self.area.get_by_label(name, exact=True)

    def press(self, name: str) -> None:
        self.area.get_by_role("button", name=name).click()

    def choose(self, label: str) -> None:
        """Choose a route, once the list has it."""
        self.search.fill("")
        option = self.routes.locator("option", has_text=label)
        expect(option).to_have_count(1)
        self.routes.select_option(label=option.text_content() or "")


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab with the notebook open, its cells run."""
    folder = tmp_path_factory.mktemp("explored")
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in _CELLS.items()]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "users.ipynb")
    with LabServer(folder, tmp_path_factory.mktemp("lab")) as server:
        lab = Lab(browser, server)
        expect.set_options(timeout=30_000)
        try:
            lab.open("users.ipynb")
            lab.run_all()
            assert [lab.output(index).error for index in range(len(lab)) if lab.output(index).error] == []
            yield lab
        finally:
            expect.set_options(timeout=5_000)
            lab.close()


@pytest.fixture
def panel(lab: Lab) -> Explorer:
    """The panel, and no cell below it."""
    while len(lab) > len(_CELLS):
        lab.delete(len(lab) - 1)
    return Explorer(lab)


def test_a_request_is_filled_in_sent_and_repeated_by_a_cell(panel: Explorer) -> None:
    """Broken JSON is not sent and says where; then the answer shows, and the cell that is written answers the same."""
    panel.choose("POST   /users")
    panel.field("JSON").fill('{\n  "name": "Ada",\n}')
    panel.press("Send")
    expect(panel.wrong).to_have_text("line 2, column 16: this is not JSON: a comma stands behind the last member.")
    expect(panel.answer).not_to_be_visible()

    panel.field("JSON").fill('{\n  "name": "Ada"\n}')
    panel.press("Send")
    expect(panel.answer).to_contain_text("201 CREATED")
    expect(panel.answer).to_contain_text(" ms")
    expect(panel.answer).to_contain_text('"Ada"')
    expect(panel.answer).to_contain_text("adding")
    expect(panel.wrong).to_have_count(0)

    panel.press("As cell")
    expect(panel.code).to_have_value('%%http\nPOST /users\nContent-Type: application/json\n\n{\n  "name": "Ada"\n}\n')
    repeated = panel.lab.run(panel.lab.append(panel.code.input_value()))
    assert repeated.text.startswith("POST /users → 201 CREATED")
    assert '"name": "Ada"' in repeated.text
    listed = panel.lab.run(panel.lab.append("%exchanges 2"))
    assert [line.split()[1:5] for line in listed.text.splitlines()] == [
        ["POST", "/users", "201", "widget"],
        ["POST", "/users", "201"],
    ]
    panel.press("As curl")
    expect(panel.code).to_have_value(
        "curl http://127.0.0.1:5000/users \\\n  -H 'Content-Type: application/json' \\\n"
        '  --data-raw \'{\n  "name": "Ada"\n}\''
    )


def test_keys_are_enough(panel: Explorer) -> None:
    """From the search to the list, to the fields, and Enter sends; no key reaches the notebook's shortcuts."""
    cells = len(panel.lab)
    panel.search.click()
    panel.keys.type("reports")
    panel.keys.press("Enter")
    expect(panel.routes).to_be_focused()
    expect(panel.field("span")).to_be_visible()
    panel.keys.press("Enter")
    expect(panel.field("span")).to_be_focused()
    panel.keys.press("ArrowDown")
    panel.keys.press("Tab")
    expect(panel.field("file")).to_be_focused()
    panel.keys.type("2026/a b?.pdf")
    panel.keys.press("Enter")
    expect(panel.answer).to_contain_text("week: 2026/a b?.pdf")
    expect(panel.answer).to_contain_text("GET /reports/week/2026/a%20b%3F.pdf")
    panel.keys.press("Shift+Tab")
    panel.keys.press("Shift+Tab")
    expect(panel.routes).to_be_focused()
    panel.keys.press("d")
    panel.keys.press("d")
    panel.keys.press("Tab")
    panel.keys.press("Tab")
    panel.keys.press("Control+Enter")
    expect(panel.area.get_by_text("Sending")).not_to_be_visible()
    assert len(panel.lab) == cells


def test_a_form_with_a_file_goes_out_and_comes_back_from_the_history(panel: Explorer) -> None:
    """Its fields are those that the handler reads; an earlier request has its form and its answer again."""
    panel.choose("POST   /login")
    panel.field("name *").fill("Ada ")
    photo = {"name": "ada.png", "mimeType": "image/png", "buffer": b"\x89PNG"}
    with panel.lab.page.expect_file_chooser() as chooser:
        panel.press("photo *: choose a file")
    chooser.value.set_files(photo)
    expect(panel.area.get_by_role("button", name="(1)")).to_be_visible()
    panel.press("Send")
    expect(panel.answer).to_contain_text("Ada ada.png")

    panel.choose("GET    /users")
    panel.field("limit").fill("x")
    panel.press("Send")
    expect(panel.wrong).to_have_text("`limit` is a whole number; `x` is none.")
    panel.field("limit").fill("0")
    panel.press("Send")
    expect(panel.answer).to_contain_text("GET /users?limit=0")
    history = panel.area.locator("select").last
    history.select_option(label=history.locator("option", has_text="/login").text_content() or "")
    expect(panel.field("name *")).to_have_value("Ada ")
    expect(panel.answer).to_contain_text("Ada ada.png")
    panel.press("Replay")
    expect(history.locator("option", has_text="/login")).to_have_count(2)


def test_it_follows_the_notebook_and_works_while_a_cell_runs(panel: Explorer) -> None:
    """A new route is in the list, what was typed stays, and a request is answered before the busy cell ends."""
    panel.choose("GET    /users")
    panel.field("limit").fill("7")
    panel.field("limit").press("Tab")
    panel.lab.run(panel.lab.append('%%route /late\n"late"'))
    expect(panel.routes.locator("option", has_text="/late")).to_have_count(1)
    expect(panel.field("limit")).to_have_value("7")
    busy = panel.lab.append("import threading\ngo = threading.Event()\ngo.wait(60)")
    free = panel.lab.append('%%route /free\ngo.set(); "free"')
    panel.lab.run(free)
    panel.lab.start(busy)
    panel.choose("GET    /free")
    panel.press("Send")
    expect(panel.answer).to_contain_text("free")
    assert panel.lab.end(busy).text == "True"
