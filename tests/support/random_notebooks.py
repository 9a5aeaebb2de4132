"""Notebooks made at random, whose cells declare the same names again and again, and what is asked of their apps."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

FUNCTIONS = ("show", "keep", "home")
RULES = ("/a", "/b", "/items/<item>", "/items/<int:item>")
BLUEPRINTS = ("shop", "club")
PREFIXES = ("/shop", "/club", "/v2")
TARGETS = (
    "/",
    "/a",
    "/b",
    "/items/7",
    "/items/tea",
    "/shop/a",
    "/shop/b",
    "/shop/items/7",
    "/club/a",
    "/club/b",
    "/club/items/tea",
    "/v2/a",
    "/v2/b",
    "/v2/items/7",
    "/page",
    "/static/note.txt",
    "/names",
    "/missing",
    "/broken",
)
ASKED = [
    *((target, "GET") for target in TARGETS),
    *((target, "POST") for target in ("/a", "/b", "/items/7", "/shop/a", "/club/b", "/v2/a", "/page")),
    *((target, "PUT") for target in ("/a", "/items/tea", "/shop/b")),
    *((target, "OPTIONS") for target in ("/a", "/items/7", "/shop/a", "/club/a")),
]
FIRST = """%load_ext nbmicro"""
ALWAYS = """from nbmicro import Blueprint
from nbmicro.web.signals import request_started

heard = []"""
# Which names there are, what each builds, and who was told of a request.
LAST = """@app.get("/names")
def names():
    values = sorted(name for name in globals() if name in ("limit", "helper", "Model"))
    views = sorted({*app.view_functions} - {"static"})
    return {"names": values, "views": views, "heard": heard}


@app.get("/broken")
def broken():
    raise ValueError("as asked")
"""


class Maker:
    """Makes the cells of one notebook from a seed; each declaration answers with a number of its own.

    With ``in_order`` blueprints are registered below all that is declared on them.
    """

    def __init__(self, seed: int, *, in_order: bool = False) -> None:
        self.random = random.Random(seed)
        self.in_order = in_order
        self.numbers = itertools.count(1)

    def cells(self) -> list[str]:
        """The notebook's cells."""
        pick = self.random
        cells = [FIRST, ALWAYS, *(f'{name} = Blueprint("{name}", __name__)' for name in BLUEPRINTS)]
        middle = [pick.choice(KINDS)(self) for _ in range(pick.randint(3, 9))]
        # A cell may declare several things.
        while len(middle) > 4 and pick.random() < 0.4:
            first, second = middle.pop(), middle.pop()
            magic = first.startswith("%%") or second.startswith("%%") or "__future__" in first + second
            middle += [first, second] if magic else [f"{first}\n\n\n{second}"]
            if magic:
                break
        registered = [f'app.register_blueprint({name}, url_prefix="/{name}")' for name in BLUEPRINTS]
        if self.in_order:
            return [*cells, *middle, *registered, LAST]
        middle += registered
        pick.shuffle(middle)
        return [*cells, *middle, LAST]

    def answer(self, parameters: str = "") -> str:
        """What a handler returns: a number that no other has, and how it was reached."""
        number = next(self.numbers)
        shown = " {item}" if "item" in parameters else ""
        return f'return f"{number} {{request.endpoint}} {{request.method}}{shown}"'

    def rule(self) -> tuple[str, str]:
        """A rule and the parameters of its function."""
        rule = self.random.choice(RULES)
        return rule, "item" if "<" in rule else ""

    def function(self) -> tuple[str, str, str]:
        """A rule, and a function for it: its name and its text."""
        rule, parameters = self.rule()
        name = self.random.choice(FUNCTIONS)
        return rule, name, f"def {name}({parameters}):\n    {self.answer(parameters)}"

    def methods(self) -> str:
        """The options of a rule about methods, or none."""
        return self.random.choice(("", "", ', methods=["GET", "POST"]', ', methods=["PUT"]', ', methods=["POST"]'))

    def owner(self) -> str:
        """Whom something is declared on."""
        return self.random.choice(("app", "app", *BLUEPRINTS))


def _decorated(make: Maker) -> str:
    rule, _, text = make.function()
    endpoint = make.random.choice(("", "", ', endpoint="named"', ", strict_slashes=False", ", defaults=None"))
    return f'@{make.owner()}.route("{rule}"{make.methods()}{endpoint})\n{text}'


def _short(make: Maker) -> str:
    rule, _, text = make.function()
    return f'@{make.owner()}.{make.random.choice(("get", "post", "put"))}("{rule}")\n{text}'


def _twice(make: Maker) -> str:
    rule, _, text = make.function()
    other = "/b" if rule == "/a" else rule.replace("items", "c")
    return f'@{make.owner()}.get("{other}")\n@app.get("{rule}")\n{text}'


def _added(make: Maker) -> str:
    rule, name, text = make.function()
    endpoint = make.random.choice((f'"{name}"', "None", '"named"'))
    return f'{text}\n\n\n{make.owner()}.add_url_rule("{rule}", {endpoint}, {name}{make.methods()})'


def _viewed(make: Maker) -> str:
    rule, parameters = make.rule()
    return (
        "from nbmicro.web.views import MethodView\n\n\n"
        f"class View(MethodView):\n    def get(self, {parameters}):\n        {make.answer(parameters)}\n\n\n"
        f'{make.owner()}.add_url_rule("{rule}", view_func=View.as_view("view"))'
    )


def _route_body(make: Maker) -> str:
    rule, parameters = make.rule()
    method = make.random.choice(("", "POST ", "GET,POST ", "PUT "))
    named = make.random.choice(("", "", " --name named"))
    return f"%%route {method}{rule}{named}\n{make.answer(parameters).removeprefix('return ')}"


def _route_function(make: Maker) -> str:
    rule, _, text = make.function()
    return f"%%route {make.random.choice(('', 'POST '))}{rule}\n{text}"


def _hook(make: Maker) -> str:
    number = next(make.numbers)
    owner = make.owner()
    return make.random.choice(
        (
            f"@{owner}.before_request\ndef hook():\n    heard[:] = [*heard[-5:], {number}]",
            f'@{owner}.after_request\ndef hook(response):\n    response.headers.add("X-Hook", "{number}")\n'
            "    return response",
            f"@{owner}.context_processor\ndef names_of():\n    return dict(word={number})",
            f'@app.errorhandler(404)\ndef failed(error):\n    return "{number} failed", 404',
            f'@{owner}.errorhandler(ValueError)\ndef failed(error):\n    return "{number} value", 500',
            f'@app.template_filter("loud")\ndef loud(text):\n    return f"{number} {{text}}"',
            f"@{owner}.url_value_preprocessor\ndef values(endpoint, values):\n    heard.append({number})",
        )
    )


def _receiver(make: Maker) -> str:
    number = next(make.numbers)
    return make.random.choice(
        (
            f"@request_started.connect_via(app)\ndef on_request(sender, **extra):\n    heard.append({number})",
            f"def on_request(sender, **extra):\n    heard.append({number})\n\n\n"
            "request_started.connect(on_request, app)",
            f"@request_started.connect\ndef on_request(sender, **extra):\n    heard.append({number})",
        )
    )


def _template(make: Maker) -> str:
    return f"%%template page.html\n{next(make.numbers)} {{{{ word }}}} {{{{ 'x'|default('y') }}}}"


def _page(make: Maker) -> str:
    return '@app.get("/page")\ndef page():\n    return render_template_string("{{ word }} page")'


def _static(make: Maker) -> str:
    return f"%%static note.txt\n{next(make.numbers)}"


def _value(make: Maker) -> str:
    number = next(make.numbers)
    return make.random.choice(
        (
            f"limit = {number}",
            f'def helper():\n    return {number}\n\n\n@app.get("/")\ndef index():\n    return str(helper())',
            f"class Model:\n    number = {number}\n\n\n"
            f'@app.get("/b")\ndef of_model():\n    return f"{{Model.number}} {{Model.__qualname__}}"',
        )
    )


def _registered(make: Maker) -> str:
    name = make.random.choice(BLUEPRINTS)
    options = make.random.choice((f'url_prefix="{make.random.choice(PREFIXES)}"', 'name="again", url_prefix="/v2"'))
    return f"app.register_blueprint({name}, {options})"


def _future(make: Maker) -> str:
    return "from __future__ import annotations"


def _annotated(make: Maker) -> str:
    number = next(make.numbers)
    return (
        f'@app.get("/a")\ndef annotated() -> int:\n    return f"{number} {{annotated.__annotations__}}"'
        if make.random.random() < 0.5
        else '@app.get("/b")\ndef later(item: "int" = 1) -> str:\n    return str(later.__annotations__)'
    )


KINDS: tuple[Callable[[Maker], str], ...] = (
    _decorated,
    _decorated,
    _short,
    _twice,
    _added,
    _added,
    _viewed,
    _route_body,
    _route_function,
    _hook,
    _hook,
    _receiver,
    _template,
    _page,
    _static,
    _value,
    _registered,
    _future,
    _annotated,
)
