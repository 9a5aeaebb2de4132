"""Random notebooks: cells of every kind, what is done to them, and what is left of them.

A cell keeps the place of its first run: hooks are called in that order. Of two cells that declare one thing, that
which ran last wins. So what a notebook is after any actions is told by two fresh runs of what is left: one in the order
of the places (for hooks), and one in the order of the last runs (for everything else). Cells that make what others need
(the app, blueprints, classes) come first in both, and name nothing that others name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

SETUP = """
from nbmicro import App, Blueprint, request_started
from werkzeug.routing import Rule
import importlib

@app.get("/raises")
def raises(): raise Gone
@app.get("/below")
def below(): raise Sold
@app.get("/abort")
def aborts(): abort(410)
@app.get("/words")
def words(): return render_template_string("{{ w0 }} {{ w1 }} {{ 1 | f if 'f' is filter else '' }} {{ big }}")
@app.get("/template")
def template(): return render_template("t.html")
@app.get("/extension")
def extension(): return str(app.extensions.get("e"))
app.add_url_rule("/ep", "ep")
@app.get("/urls")
def urls():
    found = []
    for name in ("r0", "r1", "ep", "a.x", "b.x", "a.b.x", "b.a.x", "made"):
        try: found.append(url_for(name))
        except Exception as error: found.append(type(error).__name__)
    return " ".join(found)
@app.after_request
def shows(response):
    response.headers["X-Before"] = g.get("trail", "")
    return response
def trail(text): g.trail = g.get("trail", "") + " " + text
"""

ADDS = "\n    response.headers.add('X-After', '{t}')\n    return response"

#: Cells that others need, by name; {v} is the version, {t} the tag of cell and version.
MAKERS = {
    "load": "%load_ext nbmicro\nfrom nbmicro import App, Blueprint\n{make}\n"
    "@app.get('/loading')\ndef loading(): return '{t}'\n"
    f"@app.after_request\ndef loads(response): {ADDS}",
    "setup": SETUP,
    "gone": "class Gone(Exception):\n    tag = '{t}'",
    "sold": "class Sold(Gone): pass",
    "a": "a = Blueprint('a', __name__, url_prefix='/a{n}')\n@a.get('/x')\ndef ax(): return '{t}'",
    "b": "b = Blueprint('b', __name__, url_prefix='/b{n}')\n@b.get('/x')\ndef bx(): return '{t}'",
}

MAKES_APP = ["", "app = App(__name__)", "class Shop(App): pass\napp = Shop(__name__)"]

NESTINGS = [
    "app.register_blueprint(a)\napp.register_blueprint(b)",
    "a.register_blueprint(b)\napp.register_blueprint(a)",
    "b.register_blueprint(a)\napp.register_blueprint(b)",
    "app.register_blueprint(a)",
    "app.register_blueprint(b, url_prefix='/b1')",
]

#: Other cells. {k} is a small number that several cells share, so that they declare one thing.
KINDS = {
    "route": "@app.get('/r{k}')\ndef r{k}(): return '{t}'",
    "post": "@app.route('/r0', methods=['POST', 'GET'])\ndef r0(): return '{t}'",
    "%%route": "%%route /r{k}\n'{t}'",
    "%%route def": "%%route GET,DELETE /r1\ndef r1(): return '{t}'",
    "number": "@app.get('/n/<int:n>')\ndef number(n): return f'{t} {{n}}'",
    "name": "@app.get('/n/<name>')\ndef name(name): return f'{t} {{name}}'",
    "before": "@app.before_request\ndef hook{k}(): trail('{t}')",
    "after": f"@app.after_request\ndef after{{k}}(response): {ADDS}",
    "teardown": "@app.teardown_request\ndef torn(error): pass",
    "receiver": "@request_started.connect\ndef hear(sender, **more): trail('{t}')",
    "error 404": "@app.errorhandler(404)\ndef missing(error): return '{t}', 404",
    "error 410": "@app.errorhandler(410)\ndef gone(error): return '{t}', 410",
    "error class": "@app.errorhandler(Gone)\ndef on_gone(error): return '{t}'",
    "error all": "@app.errorhandler(LookupError)\ndef on_lookup(error): return '{t}'",
    "words": "@app.context_processor\ndef words{k}(): return {{'w0': '{t}', 'w{k}': '{t}'}}",
    "filter": "@app.template_filter('f')\ndef f(text): return '{t}'",
    "global": "app.add_template_global(lambda: '{t}', 'big_{k}')\napp.jinja_env.globals['big'] = '{t}'",
    "%%template": "%%template t.html\n{t} {{{{ w0 }}}}",
    "%%static": "%%static kind.txt\n{t}",
    "view": "app.view_functions['ep'] = lambda: '{t}'",
    "raw": "app.url_map.add(Rule('/raw', endpoint='raw{k}'))\napp.view_functions['raw{k}'] = lambda: '{t}'",
    "made": "def make():\n    @app.get('/made')\n    def made(): return '{t}'\nmake()",
    "extension": "app.extensions['e'] = '{t}'",
    "nest": "{nest}",
    "a route": "@a.get('/late')\ndef late(): return '{t}'",
    "a before": "@a.before_request\ndef hook{k}(): trail('{t}')",
    "a app": "@a.before_app_request\ndef hook{k}(): trail('{t}')",
    "a record": "a.record(lambda state: state.add_url_rule('/recorded', 'recorded', lambda: '{t}'))",
    "b after": f"@b.after_request\ndef after{{k}}(response): {ADDS}",
    "module": "import made_module\n_ = importlib.reload(made_module)",
    "nothing": "value = '{t}'",
}

#: Without ids an edited cell is known by what it declares: these declare the same in each version.
SAME_NAMES = {"gone", "a", "b", "route", "number", "filter", "view", "made", "%%template", "%%static"}

MODULE = "from nbmicro import current_app\n@current_app.get('/module')\ndef page(): return '{t}'\n"

#: Of these there is one cell.
ONCE = ("nest", "module")

FAILURES = ["\n1/0", "\nraise KeyboardInterrupt"]


@dataclass
class Cell:
    """A cell, and the text that it ran with when it last came to its end."""

    name: str
    kind: str
    number: int
    version: int = 1
    ran: str | None = None
    place: int = 0
    last: int = 0
    files: dict[str, str] = field(default_factory=dict)


class RandomNotebook:
    """A notebook to which random things are done.

    Parameters
    ----------
    seed:
        What makes it this one.
    ids:
        Whether its cells have ids.
    """

    def __init__(self, seed: int, *, ids: bool) -> None:
        self.random = Random(seed)
        self.ids = ids
        self.steps: list[list[Any]] = []
        self.expected: list[bool] = []
        self.checks: list[list[Cell]] = []
        self._clock = 0
        # Without ids: whether it is known that cells run again, so that an edited one is looked for.
        self._ran_again = False
        self._deleted: list[str] = []
        self._make = self.random.choice(MAKES_APP)
        count = self.random.randint(4, 9)
        kinds = self.random.choices([*KINDS], k=count)
        if not ids:
            kinds = [*dict.fromkeys(kinds)] if self.random.random() < 0.5 else kinds
        # One cell registers, and one imports the module: these cannot be two.
        kinds = [kind for kind in kinds if kind not in ONCE] + [*ONCE]
        self.cells = [Cell(name, name, 0) for name in MAKERS]
        self.cells += [Cell(f"c{at}", kind, self.random.randrange(2)) for at, kind in enumerate(kinds)]
        self._nest = self.random.randrange(len(NESTINGS))
        for cell in self.cells:
            self._run(cell)
        for _ in range(2):
            for _ in range(self.random.randint(2, 6)):
                self._act()
            self._check()

    # -- what is done ------------------------------------------------------------------------------------------------

    def _act(self) -> None:
        cell = self.random.choice(self.cells)
        is_maker = cell.kind in MAKERS
        actions = ["again"]
        # Without ids, another text that makes an app is another cell, and what it made has the name when it fails.
        if self.ids or self._ran_again or not is_maker:
            actions.append("fail")
        if self.ids or (self._ran_again and cell.kind in SAME_NAMES and not self._shares_names(cell)):
            actions += ["edit", "edit"]
        if self.ids and not is_maker and cell.kind != "module":
            actions += ["delete", "cut", "other kind"]
        if cell.kind == "setup":
            actions = ["again"]
        action = self.random.choice(actions)
        if action == "again":
            self._run(cell)
            self._ran_again = self._ran_again or cell.kind not in ("gone", "sold", "nothing")
        elif action == "edit":
            cell.version = self.random.randint(1, 4)
            if cell.kind == "nest":
                self._nest = self.random.randrange(len(NESTINGS))
            self._run(cell)
        elif action == "fail":
            self._fail(cell)
        elif action == "other kind":
            if cell.kind not in ONCE:
                cell.kind = self.random.choice([kind for kind in KINDS if kind not in ONCE])
                cell.number = self.random.randrange(2)
                self._run(cell)
        else:
            self._deleted.append(cell.name)
            cell.ran = None
            if action == "delete":
                self.cells.remove(cell)
                self.cells.append(Cell(f"n{self._clock}", "nothing", 0))
                self._run(self.cells[-1])
            else:
                self._run(self.cells[1])
                self._place_anew(cell)
                self._run(cell)

    def _shares_names(self, cell: Cell) -> bool:
        return any(other is not cell and other.kind == cell.kind for other in self.cells) or cell.kind == "route"

    def _place_anew(self, cell: Cell) -> None:
        cell.place = 0
        self.cells.remove(cell)
        self.cells.append(cell)

    def _run(self, cell: Cell) -> None:
        source = self.source(cell)
        if cell.kind == "module":
            self._write(cell, MODULE.format(t=f"{cell.name}.{cell.version}"))
        self._step(cell, source, succeeds=True)

    def _fail(self, cell: Cell) -> None:
        """Let another version of the cell fail, and put the old one back, which does not run."""
        before = cell.version, cell.files, self._nest
        cell.version = 9
        if cell.kind == "nest":
            self._nest = self.random.randrange(len(NESTINGS))
        source = self.source(cell)
        if cell.kind == "module":
            self._write(cell, MODULE.format(t="half") + "1/0\n")
        elif source.startswith("%%"):
            return self._restore(cell, before)
        elif cell.name != "load" and self.random.random() < 0.3:
            source = f"%%capture\n{source}\n1/0"
        else:
            source += self.random.choice(FAILURES)
        self._step(cell, source, succeeds=False)
        return self._restore(cell, before)

    def _restore(self, cell: Cell, before: tuple[int, dict[str, str], int]) -> None:
        cell.version, files, self._nest = before
        for name, text in files.items():
            self.steps.append(["file", name, text])
        cell.files = files

    def _write(self, cell: Cell, text: str) -> None:
        cell.files = {"made_module.py": text}
        self.steps.append(["file", "made_module.py", text])

    def _step(self, cell: Cell, source: str, *, succeeds: bool) -> None:
        self._clock += 1
        # Without ids a cell that failed in its first run is not known again.
        if not cell.place:
            cell.place = self._clock
        if succeeds:
            cell.ran, cell.last = source, self._clock
        self.steps.append(["run", cell.name, source, self._deleted])
        self._deleted = []
        self.expected.append(succeeds)

    def source(self, cell: Cell) -> str:
        """The text of a cell as it stands now."""
        text = {**MAKERS, **KINDS}[cell.kind]
        if cell.kind == "setup":
            return text
        return text.format(
            k=cell.number,
            v=cell.version,
            n=1 + cell.version % 2,
            t=f"{cell.name}.{cell.version}",
            make=self._make,
            nest=NESTINGS[self._nest],
        )

    def _check(self) -> None:
        self.steps.append(["ask"])
        self.checks.append([Cell(**vars(cell)) for cell in self.cells if cell.ran is not None])


def fresh(cells: list[Cell], *, by_place: bool) -> list[list[Any]]:
    """The steps of a fresh run of what is left."""
    return [
        *files(cells),
        *(["run", cell.name, cell.ran, []] for cell in in_order(cells, by_place=by_place)),
        ["ask"],
    ]


def files(cells: list[Cell]) -> list[list[Any]]:
    """The steps that write the files that cells read."""
    return [["file", name, text] for cell in cells for name, text in cell.files.items()]


def in_order(cells: list[Cell], *, by_place: bool) -> list[Cell]:
    """The cells in the order of their places, or of their last runs."""
    makers = {name: number for number, name in enumerate(MAKERS)}
    return sorted(cells, key=lambda cell: (makers.get(cell.kind, len(makers)), cell.place if by_place else cell.last))
