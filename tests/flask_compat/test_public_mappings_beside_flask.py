"""Flask's public mappings: the same changes, made on Flask and on nbmicro, are seen by the same requests."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import click
import flask
import pytest
from werkzeug.exceptions import Forbidden, HTTPException, NotFound

import nbmicro

HOOKS = {
    "before_request_funcs": 0,
    "after_request_funcs": 1,
    "teardown_request_funcs": 1,
    "url_value_preprocessors": 2,
    "url_default_functions": 2,
    "template_context_processors": 0,
}
SCOPES = [None, "shop", "other"]
SEEDS = range(60)


class Program:
    """The same program for either framework: it logs what is called, and what a change gives or raises."""

    def __init__(self, framework: Any) -> None:
        self.log: list[Any] = []
        self.app = framework.Flask("program", root_path="/", static_folder=None)
        self.shop = framework.Blueprint("shop", "program", root_path="/", url_prefix="/shop")
        self.render, self.url_for = framework.render_template_string, framework.url_for
        self.made: dict[str, Callable[..., Any]] = {}
        self.app.add_url_rule("/", "index", self.view("index"))
        self.shop.add_url_rule("/", "index", self.view("shop.index"))

    def view(self, name: str) -> Callable[..., Any]:
        def view() -> str:
            self.log.append(name)
            return self.render("{{ shown }}") + self.url_for("index")

        return view

    def function(self, kind: str, name: str) -> Callable[..., Any]:
        """A hook of a kind, one for each name."""
        if f"{kind} {name}" not in self.made:

            def hook(*args: Any) -> Any:
                self.log.append((kind, name))
                if kind == "after_request_funcs":
                    return args[0]
                return {"shown": name} if kind == "template_context_processors" else None

            hook.__name__ = name
            self.made[f"{kind} {name}"] = hook
        return self.made[f"{kind} {name}"]

    def attempt(self, change: Callable[..., Any], *arguments: Any) -> None:
        try:
            self.log.append(shown(change(*arguments)))
        except Exception as error:
            self.log.append(type(error).__name__)

    def ask(self) -> None:
        self.app.testing = False
        for path in ("/", "/shop/", "/missing"):
            answer = self.app.test_client().get(path)
            self.log.append((path, answer.status_code, answer.text if answer.status_code == 200 else ""))


def shown(value: Any) -> Any:
    """A value as both frameworks show it: functions by name."""
    if isinstance(value, dict):
        return {key: shown(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(one) for one in value]
    return getattr(value, "__name__", value) if callable(value) else value


def change_list(program: Program, dice: random.Random, kind: str, functions: Any) -> Any:
    """Change a list of hooks in one of the ways that lists have."""
    new, other = (program.function(kind, dice.choice("abcdef")) for _ in range(2))
    place = dice.randrange(-2, 4)
    return dice.choice(
        [
            lambda: functions.append(new),
            lambda: functions.insert(0, new),
            lambda: functions.insert(place, new),
            lambda: functions.remove(new),
            lambda: functions.pop(),
            lambda: functions.pop(0),
            lambda: functions.extend([new, other]),
            lambda: functions.clear(),
            lambda: functions.reverse(),
            lambda: functions.sort(key=lambda one: one.__name__),
            lambda: functions.__setitem__(place, new),
            lambda: functions.__setitem__(slice(0, 1), [new, other]),
            lambda: functions.__delitem__(place),
            lambda: functions.__iadd__([new]) is functions,
            lambda: (new in functions, functions.count(new), len(functions), functions == [new], [new] == functions),
            lambda: ([*functions], functions[::-1], functions.__add__([new]), functions.__mul__(2)),
            lambda: functions.index(new),
            lambda: (isinstance(functions, list), bool(functions), list(reversed(functions)), functions.copy()),
        ]
    )()


def change_mapping(program: Program, dice: random.Random, name: str) -> Any:
    """Change a mapping of scopes to hooks."""
    mapping, scope = getattr(program.app, name), dice.choice(SCOPES)
    new = program.function(name, dice.choice("abcdef"))
    return dice.choice(
        [
            lambda: mapping.setdefault(scope, []).append(new),
            lambda: mapping.__setitem__(scope, [new]),
            lambda: mapping.pop(scope),
            lambda: mapping.pop(scope, "none"),
            lambda: mapping.__delitem__(scope),
            lambda: mapping.update({scope: [new], None: []}),
            lambda: mapping.get(scope),
            lambda: mapping.get(scope, []).append(new),
            lambda: (scope in mapping, len(mapping), list(mapping), bool(mapping), isinstance(mapping, dict)),
            lambda: [one.append(new) for one in mapping.values()],
            lambda: [one.clear() for key, one in mapping.items() if key == scope],
            lambda: mapping.clear(),
            lambda: (mapping == dict(mapping), {**mapping}, mapping.copy()),
            lambda: mapping | {scope: [new]},
            lambda: setattr(program.app, name, {None: [new], "shop": []}),
        ]
    )()


def run(framework: Any, seed: int, course: Callable[[Program, random.Random], None]) -> list[Any]:
    program = Program(framework)
    course(program, random.Random(seed))
    return program.log


def same(seed: int, course: Callable[[Program, random.Random], None]) -> None:
    ours, flasks = run(nbmicro, seed, course), run(flask, seed, course)
    for number, (one, other) in enumerate(zip(ours, flasks, strict=False)):
        assert one == other, f"entry {number} of seed {seed}: {ours[max(0, number - 6) : number]}"
    assert len(ours) == len(flasks)


@pytest.mark.parametrize("seed", SEEDS)
def test_hooks_changed_in_the_lists(seed: int) -> None:
    def course(program: Program, dice: random.Random) -> None:
        for name in dice.sample(sorted(HOOKS), 3):
            for part in (program.app, program.shop):
                if dice.random() < 0.6:
                    list_of_part = getattr(part, name)[None]
                    program.attempt(change_list, program, dice, name, list_of_part)
        program.app.register_blueprint(program.shop)
        for _ in range(14):
            name = dice.choice(sorted(HOOKS))
            functions = getattr(program.app, name)[dice.choice(SCOPES)]
            program.attempt(change_list, program, dice, name, functions)
            program.log.append(shown(dict(getattr(program.app, name))))
        program.ask()

    same(seed, course)


@pytest.mark.parametrize("seed", SEEDS)
def test_hooks_changed_in_the_mappings(seed: int) -> None:
    def course(program: Program, dice: random.Random) -> None:
        for name in HOOKS:
            if dice.random() < 0.5:
                getattr(program.shop, name)[None].append(program.function(name, "blueprints"))
                getattr(program.app, name)[None].append(program.function(name, "apps"))
        program.app.register_blueprint(program.shop)
        for _ in range(14):
            name = dice.choice(sorted(HOOKS))
            program.attempt(change_mapping, program, dice, name)
            program.log.append(shown(dict(getattr(program.app, name))))
        program.ask()

    same(seed, course)


@pytest.mark.parametrize("seed", SEEDS)
def test_hooks_of_the_app_context_and_the_shell(seed: int) -> None:
    def course(program: Program, dice: random.Random) -> None:
        for _ in range(10):
            name = dice.choice(["teardown_appcontext_funcs", "shell_context_processors"])
            declare = {"t": program.app.teardown_appcontext, "s": program.app.shell_context_processor}[name[0]]
            if dice.random() < 0.3:
                declare(program.function(name, dice.choice("abcdef")))
            functions = getattr(program.app, name)
            program.attempt(change_list, program, dice, name, functions)
            program.log.append(shown(getattr(program.app, name)))
        program.ask()
        program.app.shell_context_processors = [lambda: {"named": 1}]
        program.log.append(sorted(program.app.make_shell_context()))
        program.app.teardown_appcontext_funcs = [program.function("teardown_appcontext_funcs", "last")]
        program.ask()

    same(seed, course)


@pytest.mark.parametrize("seed", SEEDS)
def test_functions_of_endpoints(seed: int) -> None:
    """Replaced, taken away and set before their rule is there; an endpoint without one is a 500, as in Flask."""

    def change(program: Program, dice: random.Random) -> Any:
        views, endpoint = program.app.view_functions, dice.choice(["index", "shop.index", "late", "nowhere"])
        new = program.view(f"view {dice.randrange(9)}")
        return dice.choice(
            [
                lambda: views.__setitem__(endpoint, new),
                lambda: views.update({endpoint: new, "late": new}),
                lambda: views.update(**{endpoint: new}) if "." not in endpoint else None,
                lambda: views.pop(endpoint),
                lambda: views.pop(endpoint, None),
                lambda: views.__delitem__(endpoint),
                lambda: views.setdefault(endpoint, new) is new,
                lambda: views.__ior__({endpoint: new}) is views,
                lambda: program.app.endpoint(endpoint)(new) is new,
                lambda: program.app.add_url_rule(f"/{dice.randrange(99)}", dice.choice(["index", "late"]), new),
                lambda: program.app.add_url_rule("/other", endpoint, views.get(endpoint)),
                lambda: (endpoint in views, views.get(endpoint) is None, sorted(views), len(views), bool(views)),
                lambda: (isinstance(views, dict), views == dict(views), sorted({**views}), sorted(views | {"x": new})),
                lambda: views.clear() if dice.random() < 0.3 else None,
                lambda: setattr(program.app, "view_functions", {endpoint: new}) if dice.random() < 0.3 else None,
                lambda: setattr(program.app, "view_functions", {**views, endpoint: new}),
                lambda: views[endpoint](),
            ]
        )()

    def course(program: Program, dice: random.Random) -> None:
        if dice.random() < 0.5:
            program.shop.endpoint("nowhere")(program.view("the blueprint's"))
            program.log.append(sorted(program.shop.view_functions))
        for endpoint in ("late", "nowhere"):
            program.app.add_url_rule(f"/{endpoint}", endpoint=endpoint)
        program.app.register_blueprint(program.shop)
        with program.app.test_request_context():
            for _ in range(14):
                program.attempt(change, program, dice)
                program.log.append(sorted(program.app.view_functions))
        program.ask()
        for path in ("/late", "/nowhere"):
            program.log.append(program.app.test_client().get(path).status_code)

    same(seed, course)


@pytest.mark.parametrize("seed", SEEDS)
def test_error_handlers(seed: int) -> None:
    errors: list[type[Exception]] = [NotFound, HTTPException, ValueError, LookupError, KeyError]

    def change(program: Program, dice: random.Random, part: Any) -> Any:
        spec, scope, kind = part.error_handler_spec, dice.choice(SCOPES), dice.choice(errors)
        code = getattr(kind, "code", None)
        name = f"handler {dice.randrange(9)}"

        def handler(error: Exception) -> Any:
            program.log.append(name)
            return name

        handler.__name__ = name
        return dice.choice(
            [
                lambda: part.register_error_handler(kind, handler),
                lambda: spec[scope][code].__setitem__(kind, handler),
                lambda: spec[scope][code].pop(kind),
                lambda: spec[scope][code].pop(kind, None),
                lambda: spec[scope][code].update({kind: handler, KeyError: handler}),
                lambda: spec[scope].__setitem__(code, {kind: handler}),
                lambda: spec[scope].pop(code),
                lambda: spec[scope][code].clear(),
                lambda: (
                    spec.setdefault(scope, defaultdict(dict)).setdefault(code, {}).setdefault(kind, handler) is handler
                ),
                lambda: spec.pop(scope, "none"),
                lambda: spec.__setitem__(scope, defaultdict(dict, {code: {kind: handler}})),
                lambda: (scope in spec, code in spec[scope], kind in spec[scope][code], len(spec), spec == dict(spec)),
                lambda: [list(codes) for codes in spec.values()],
                lambda: spec.clear() if dice.random() < 0.3 else None,
                lambda: setattr(
                    part,
                    "error_handler_spec",
                    defaultdict(lambda: defaultdict(dict), {scope: defaultdict(dict, {code: {kind: handler}})}),
                ),
            ]
        )()

    def course(program: Program, dice: random.Random) -> None:
        failures = [ValueError("x"), KeyError("x"), NotFound(), Forbidden()]

        def fail() -> Any:
            raise failures[0]

        for part in (program.app, program.shop):
            part.add_url_rule("/fail", "fail", fail)
        for _ in range(3):
            program.attempt(change, program, dice, program.shop)
        program.app.register_blueprint(program.shop)
        for _ in range(10):
            program.attempt(change, program, dice, program.app)
            program.log.append(shown(dict(program.app.error_handler_spec)))
        while failures:
            for path in ("/fail", "/shop/fail"):
                answer = program.app.test_client().get(path)
                program.log.append((path, answer.status_code))
            failures.pop(0)
        program.ask()

    same(seed, course)


@pytest.mark.parametrize("seed", SEEDS)
def test_names_of_templates_extensions_blueprints_and_commands(seed: int) -> None:
    def change(program: Program, dice: random.Random, mapping: Any, name: str, value: Any) -> Any:
        return dice.choice(
            [
                lambda: mapping.__setitem__(name, value),
                lambda: mapping.update({name: value}),
                lambda: mapping.pop(name) is not None,
                lambda: mapping.pop(name, None) is None,
                lambda: mapping.__delitem__(name),
                lambda: mapping.setdefault(name, value) is value,
                lambda: mapping.__ior__({name: value}) is mapping,
                lambda: (name in mapping, name in [*mapping], mapping.get(name) is None, isinstance(mapping, dict)),
                lambda: (name in dict(mapping), name in {**mapping}, mapping == mapping.copy(), bool(mapping)),
                lambda: mapping[name] is not None,
            ]
        )()

    def course(program: Program, dice: random.Random) -> None:
        program.shop.cli.command("hello")(lambda: None)
        program.app.register_blueprint(program.shop)
        program.app.cli.command("one")(lambda: None)
        program.log.append(sorted(program.app.cli.commands))
        environment = program.app.jinja_env
        for _ in range(30):
            kind = dice.choice(["filters", "globals", "tests", "extensions", "blueprints", "commands"])
            mapping = program.app.cli.commands if kind == "commands" else getattr(environment, kind, None)
            mapping = getattr(program.app, kind) if mapping is None else mapping
            name = dice.choice(["upper", "defined", "range", "one", "two"])
            answer = dice.randrange(5)
            made = {"blueprints": program.shop, "commands": click.Command(name)}
            value = made.get(kind, lambda *values, answer=answer: answer)
            program.attempt(change, program, dice, mapping, name, value)
            program.log.append({one: one in mapping for one in ("upper", "defined", "range", "one", "two")})
        for source in (
            "{{ 'a' | upper }}",
            "{{ 1 is defined }}",
            "{{ range(1) | list }}",
            "{{ 1 | one }}",
            "{{ two() }}",
        ):
            with program.app.app_context():
                program.attempt(program.render, source)

    same(seed, course)
