"""Cells run while requests are in flight: an answer is the old one or the new one, never none and never a mixture.

NBMICRO_HOT_SECONDS sets how long the storm of requests lasts at least (5 seconds unless it is set).
"""

from __future__ import annotations

import gc
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from threading import Event, Thread
from weakref import ref

import pytest
from werkzeug.test import Client, TestResponse

from nbmicro import App, Blueprint, abort, g, render_template, request, url_for
from nbmicro.web.ledger import start_run
from nbmicro.web.owners import Owner, Run

SECONDS = float(os.environ.get("NBMICRO_HOT_SECONDS", "5"))
ENOUGH = 20
"""How often every page is asked for at least, and every cell runs, however slow the machine is."""
THREADS = 8
PAUSE = 10.0
"""Seconds after which a test that waits for another thread gives up."""

PAGE = "{% include 'part.html' %} NUMBER {{ before }} {{ processed }} {{ made() }} {{ '' | filtered }} {{ handler }}"


class Site:
    """An app, the cells that declare it, and which generation of them may be seen.

    Every answer holds nothing but the number of the generation of the cell that declared each part of it.
    """

    def __init__(self) -> None:
        self.app = App("site", root_path=os.path.dirname(__file__))
        self.part = Blueprint("part", __name__, url_prefix="/part")
        self.begun = 0
        self.done = 0
        self.run("base", self.base)
        self.replace()

    def run(self, cell: str, code: Callable[[], object], *, fails: bool = False) -> None:
        """Run a cell to its end."""
        run = start_run(Owner(("cell", cell), f"cell {cell}"))
        code()
        run.finish(success=not fails)

    def replace(self) -> None:
        """Run the cell with the next number in the place of the one before."""
        number = self.begun + 1
        run = start_run(Owner(("cell", "numbered"), "cell numbered"))
        self.numbered(number)
        self.begun = number
        run.finish(success=True)
        self.done = number

    def base(self) -> None:
        """The cell that stays as it is."""
        self.app.register_blueprint(self.part)
        self.app.add_url_rule("/covered", "covered", lambda: "base")
        self.app.add_url_rule("/under/<path:rest>", "under", lambda rest: "base")
        self.app.add_url_rule("/kept/<int:value>", "kept", lambda value: f"kept {value}")

    def covering(self) -> None:
        """A cell that covers routes of the one that stays."""
        self.app.add_url_rule("/covered", "cover", lambda: "cover")
        self.app.add_url_rule("/under/all", "above", lambda: "cover")

    def numbered(self, number: int) -> None:
        """A cell that declares something of every kind, all with its number."""
        app, part = self.app, self.part

        @app.before_request
        def before() -> None:
            g.number = number

        @app.after_request
        def after(response: TestResponse) -> TestResponse:
            response.headers["X-After"] = str(number)
            return response

        @part.after_request
        def after_part(response: TestResponse) -> TestResponse:
            response.headers["X-Part"] = str(number)
            return response

        @app.context_processor
        def process() -> dict[str, int]:
            return {"processed": number}

        @app.url_defaults
        def add_number(endpoint: str, values: dict[str, object]) -> None:
            values.setdefault("number", number)

        app.add_template_filter(lambda value: number, "filtered")
        app.add_template_global(lambda: number, "made")
        app.add_template("part.html", f"part {number}")
        app.add_template("page.html", PAGE.replace("NUMBER", str(number)))
        app.add_static_file("style.css", str(number).encode(), "text/css")

        @app.get("/page")
        def page() -> str:
            return render_template("page.html", before=g.number, handler=number)

        @app.get("/slow")
        def slow() -> str:
            started, resume = request.environ["test.events"]
            started.set()
            resume.wait(PAUSE)
            return f"{render_template('page.html', before=g.number, handler=number)} {url_for('linked')}"

        @app.get("/refused")
        def refused() -> str:
            abort(409, description=str(number))

        @app.errorhandler(409)
        def refuse(error: Exception) -> tuple[str, int]:
            return f"{number} {getattr(error, 'description', '')}", 200

        @app.get("/link")
        def link() -> str:
            return f"{number} {url_for('linked')} {url_for('part.show')}"

        @app.get(f"/linked/{number}")
        def linked(number: int = number) -> str:
            return str(number)

        @part.get("/")
        def show() -> str:
            return f"{number} {g.number}"


NUMBERED = ("/page", "/refused", "/link", "/static/style.css", "/part/")
STEADY = {"/covered": ("base", "cover"), "/under/all": ("base", "cover"), "/kept/7": ("kept 7",)}


def numbers_in(answer: TestResponse) -> set[int]:
    """All generations that an answer speaks of."""
    headers = [answer.headers[name] for name in ("X-After", "X-Part") if name in answer.headers]
    return {int(number) for number in re.findall(r"\d+", " ".join([answer.text, *headers]))}


class Visitor(Thread):
    """Asks for page after page until it is told to stop, or has met an answer that may not be.

    Parameters
    ----------
    site:
        Who is asked.
    long_way:
        Whether requests take the way of those that are out of the ordinary.
    """

    def __init__(self, site: Site, long_way: bool) -> None:
        super().__init__(daemon=True)
        self.site = site
        self.headers = {"Upgrade": "none"} if long_way else {}
        self.stop = Event()
        self.answered: Counter[str] = Counter()
        self.fault: str | None = None

    def run(self) -> None:
        client = Client(self.site.app)
        while not self.stop.is_set() and self.fault is None:
            for path in (*NUMBERED, *STEADY):
                low = self.site.done
                answer = client.get(path, headers=self.headers)
                high = self.site.begun
                self.answered[path] += 1
                if not self.is_good(path, answer, low, high):
                    shown = f"{answer.status} {dict(answer.headers)} {answer.text}"
                    self.fault = f"{path} between {low} and {high}: {shown}"
                    break

    @staticmethod
    def is_good(path: str, answer: TestResponse, low: int, high: int) -> bool:
        """Whether this is the whole answer of one generation, and of one in effect while it was made."""
        if answer.status_code != 200 or "X-After" not in answer.headers:
            return False
        if path in STEADY:
            return answer.text in STEADY[path]
        numbers = numbers_in(answer)
        return len(numbers) == 1 and low <= min(numbers) <= high


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads take turns a hundred times as often as usual, so that they meet anywhere in the code."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(interval / 100)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hasty_threads")
def test_under_constant_replacement_every_answer_is_whole(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Eight threads ask while cells run without a pause: routes, hooks, templates, filters, error handlers, static
    files and a blueprint are replaced, shadowed and withdrawn, and cells fail."""
    visitors = [Visitor(site, long_way=index % 2 == 1) for index in range(THREADS)]
    for visitor in visitors:
        visitor.start()

    def answered() -> Counter[str]:
        return sum((Counter(visitor.answered) for visitor in visitors), Counter[str]())

    begin = time.monotonic()
    rounds = 0
    while (
        time.monotonic() < begin + SECONDS
        or rounds < ENOUGH
        or min(answered()[path] for path in (*NUMBERED, *STEADY)) < ENOUGH
    ) and all(visitor.is_alive() for visitor in visitors):
        assert time.monotonic() < begin + SECONDS + 120
        rounds += 1
        site.replace()
        site.run("covering", site.covering)
        site.run("failing", lambda: site.numbered(-1), fails=True)
        site.run("covering", lambda: None)
    for visitor in visitors:
        visitor.stop.set()
    for visitor in visitors:
        visitor.join(PAUSE)
    with capsys.disabled():
        print(
            f"\n{answered().total():,} requests answered by {THREADS} threads in {time.monotonic() - begin:.0f} s"
            f" while {4 * rounds:,} cells ran ({site.done:,} generations)"
        )
    assert [visitor.fault for visitor in visitors if visitor.fault] == []
    assert not any(visitor.is_alive() for visitor in visitors)


@pytest.mark.parametrize("headers", [{}, {"Upgrade": "none"}], ids=["short", "long"])
def test_a_request_in_flight_stays_with_the_table_it_began_with(site: Site, headers: dict[str, str]) -> None:
    """Templates, filters, processors, URLs and hooks are the old ones for a handler that began before the cell ran."""
    started, resume = Event(), Event()
    answers: list[TestResponse] = []

    def ask() -> None:
        events = {"test.events": (started, resume)}
        answers.append(Client(site.app).get("/slow", headers=headers, environ_overrides=events))

    visitor = Thread(target=ask, daemon=True)
    visitor.start()
    assert started.wait(PAUSE)
    site.replace()
    now = Client(site.app).get("/page", headers=headers)
    site.replace()
    resume.set()
    visitor.join(PAUSE)
    assert numbers_in(now) == {2}
    assert [(answer.status_code, numbers_in(answer)) for answer in answers] == [(200, {1})]


def test_a_cell_that_runs_again_leaves_its_routes_where_they_stood() -> None:
    """The table in effect equals one built anew, also where routes of a blueprint stand among those of the cells."""
    app, part = App("order", root_path="/"), Blueprint("part", "order")

    def run(cell: str, code: Callable[[], object]) -> None:
        one = start_run(Owner(("cell", cell), cell))
        code()
        one.finish(success=True)

    def declare(cell: str, rules: tuple[str, ...], target: App | Blueprint = app) -> None:
        def code() -> None:
            for rule in rules:
                target.add_url_rule(rule, rule[1:], lambda: "")

        run(cell, code)
        app.tables.committed()

    declare("a", ("/a", "/b"))
    run("part", lambda: app.register_blueprint(part))
    declare("c", ("/c",))
    declare("d", ("/d", "/e"), part)
    for cell, rules in (("c", ("/x", "/y")), ("a", ("/b",)), ("a", ("/b", "/z")), ("f", ("/f",)), ("c", ("/c",))):
        declare(cell, rules)
        assert [route.rule for route in app.routes()] == [route.rule for route in app._make_table(None).routes]
    assert [route.rule for route in app.routes()][-6:] == ["/b", "/z", "/d", "/e", "/c", "/f"]


class Between:
    """Something that is committed after the app and before the blueprint: it asks for a page meanwhile."""

    def __init__(self, site: Site) -> None:
        self.lock = nullcontext()
        self.answers: list[TestResponse] = []
        self.visitor = Thread(target=lambda: self.answers.append(Client(site.app).get("/part/")), daemon=True)

    def commit_run(self, run: Run) -> None:
        """Ask, and give the answer time to come if it can."""
        self.visitor.start()
        self.visitor.join(0.2)

    def forget(self, run: Run) -> None:
        """Keep nothing of it."""


def test_an_app_and_its_blueprints_change_at_the_same_moment(site: Site) -> None:
    """Nobody sees the app as the cell left it and the blueprint as it was before."""
    between = Between(site)
    run = start_run(Owner(("cell", "numbered"), "cell numbered"))
    run.ledgers.pop(id(site.part.ledger))
    run.touch(between)
    site.numbered(2)
    assert list(run.ledgers)[-1] == id(site.part.ledger)
    run.finish(success=True)
    between.visitor.join(PAUSE)
    assert [numbers_in(answer) for answer in between.answers] == [{2}]


def test_what_was_replaced_is_forgotten(site: Site) -> None:
    """A table that no request has any more does not stay in memory, however often cells run."""
    tables = []
    for _ in range(50):
        site.replace()
        assert Client(site.app).get("/page").status_code == 200
        tables.append(ref(site.app.tables.current()))
    gc.collect()
    assert sum(table() is not None for table in tables) < 5
