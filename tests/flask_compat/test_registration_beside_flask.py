"""Blueprints registered on Flask and on nbmicro: the same steps are called, the same rules and answers come of it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import flask
import pytest

import nbmicro
from nbmicro.web.blueprints import BlueprintSetupState

FRAMEWORKS = (
    SimpleNamespace(Flask=nbmicro.Flask, Blueprint=nbmicro.Blueprint, State=BlueprintSetupState),
    SimpleNamespace(Flask=flask.Flask, Blueprint=flask.Blueprint, State=flask.blueprints.BlueprintSetupState),
)

FIELDS = """rule is_leaf is_branch strict_slashes merge_slashes subdomain host defaults build_only alias websocket
    methods endpoint redirect_to arguments provide_automatic_options _trace"""


def fields_of(rule: Any) -> dict[str, Any]:
    """All that a rule carries, converters by class."""
    carried = {name: getattr(rule, name) for name in FIELDS.split()}
    carried["methods"] = sorted(rule.methods) if rule.methods is not None else None
    carried["converters"] = {name: type(one).__name__ for name, one in rule._converters.items()}
    assert set(vars(rule)) - {"map", "_build", "_build_unknown", "_converters", "_parts"} <= set(carried)
    return carried


class Program:
    """Blueprints of one framework, as a seed has them, and a log of what is called while they are registered."""

    def __init__(self, framework: Any, dice: random.Random) -> None:
        self.framework, self.dice, self.log = framework, dice, list[Any]()
        self.count = 0
        self.views: dict[str, Callable[..., Any]] = {}

    def classes(self) -> tuple[Any, Any]:
        """A class of apps and one of blueprints, each of which may override a step."""
        log, framework = self.log, self.framework
        overrides = {name for name in ("app", "register", "own", "state", "init", "merge", "iter") if self.chance(0.15)}

        class App(framework.Flask):  # type: ignore[misc, name-defined]
            if "app" in overrides:

                def add_url_rule(self, rule: str, endpoint: Any = None, view_func: Any = None, **options: Any) -> None:
                    log.append(("app.add_url_rule", rule, endpoint, sorted(options)))
                    super().add_url_rule(f"/v1{rule}", endpoint, view_func, **options)

            if "iter" in overrides:

                def iter_blueprints(self) -> Any:
                    log.append("iter_blueprints")
                    return super().iter_blueprints()

                def register_blueprint(self, blueprint: Any, **options: Any) -> Any:
                    log.append("app.register_blueprint")
                    return super().register_blueprint(blueprint, **options)

        class State(framework.State):  # type: ignore[misc, name-defined]
            if "init" in overrides:

                def __init__(self, *args: Any) -> None:
                    super().__init__(*args)
                    self.url_prefix = f"/api{self.url_prefix or ''}"

            if "state" in overrides:

                def add_url_rule(self, rule: str, endpoint: Any = None, view_func: Any = None, **options: Any) -> None:
                    log.append(("state.add_url_rule", rule, endpoint, sorted(options)))
                    super().add_url_rule(f"{rule}/more", endpoint, view_func, **options)

        class Blueprint(framework.Blueprint):  # type: ignore[misc, name-defined]
            if "register" in overrides:

                def register(self, app: Any, options: Any) -> None:
                    log.append(("register", self.name, sorted(options)))
                    super().register(app, {**options, "url_prefix": f"/r{options.get('url_prefix') or ''}"})

            if "own" in overrides:

                def register(self, app: Any, options: Any) -> None:
                    state = self.make_setup_state(app, options, True)
                    log.append(len(self.deferred_functions))
                    for deferred in self.deferred_functions:
                        deferred(state)

            if overrides & {"state", "init"}:

                def make_setup_state(self, app: Any, options: Any, first_registration: bool = False) -> Any:
                    log.append(("make_setup_state", self.name, first_registration))
                    return State(self, app, options, first_registration)

            if "merge" in overrides:

                def _merge_blueprint_funcs(self, app: Any, name: str) -> None:
                    log.append(("merge", name))
                    app.before_request_funcs[name].append(lambda: log.append(("merged", name)))
                    if len(name) % 2:
                        super()._merge_blueprint_funcs(app, name)

        return App, Blueprint

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def name(self, start: str) -> str:
        self.count += 1
        return f"{start}{self.count}"

    def view(self, name: str) -> Callable[..., Any]:
        if name not in self.views:

            def view(**values: Any) -> str:
                return f"{name} {sorted(values.items())}"

            view.__name__ = name
            self.views[name] = view
        return self.views[name]

    def hook(self, name: str) -> Callable[..., Any]:
        def hook(*args: Any) -> Any:
            self.log.append(name)
            return args[0] if args else None

        return hook

    def state_shown(self, state: Any) -> Any:
        rules = [(one.rule, one.endpoint) for one in state.app.url_map.iter_rules()]
        views, registered = list(state.app.view_functions), list(state.app.blueprints)
        own = (state.name, state.name_prefix, state.url_prefix, state.subdomain, state.url_defaults, state.options)
        return (own, state.first_registration, state.blueprint.name, sorted(rules), sorted(views), registered)

    def blueprint(self, kind: Any) -> Any:
        """A blueprint with some of all that one can have."""
        made: dict[str, Any] = {}
        if self.chance(0.6):
            made["url_prefix"] = self.dice.choice(["/a", "/b/", f"/<v{self.count}>", "/"])
        if self.chance(0.3):
            made["url_defaults"] = {"lang": "en"}
        if self.chance(0.2):
            made["static_folder"] = self.dice.choice(["static", "files"])
        if self.chance(0.1):
            made["subdomain"] = "sub"
        blueprint = kind(self.name("bp"), "program", root_path="/", **made)
        for _ in range(self.dice.randrange(6)):
            self.fill(blueprint)
        return blueprint

    def fill(self, blueprint: Any) -> None:
        name, dice = self.name("n"), self.dice
        options = dice.choice(
            [{}, {}, {"methods": ["POST"]}, {"defaults": {"page": 1}}, {"strict_slashes": False}, {"subdomain": "own"}]
        )

        def patch(state: Any) -> None:
            own = state.add_url_rule
            state.add_url_rule = lambda rule, *args, **more: own(f"/patched{rule}", *args, **more)

        def change(state: Any) -> None:
            state.url_prefix = "/changed"
            state.url_defaults = {**state.url_defaults, "added": 1}

        dice.choice(
            [
                lambda: blueprint.add_url_rule(f"/{name}", name, self.view(name), **options),
                lambda: blueprint.route(f"/{name}/<int:page>", **options)(self.view(name)),
                lambda: blueprint.get(f"/{name}/")(self.view(name)),
                lambda: blueprint.record(lambda state: self.log.append((name, self.state_shown(state)))),
                lambda: blueprint.record(lambda state: self.log.append((name, self.state_shown(state)))),
                lambda: blueprint.record_once(lambda state: self.log.append((name, "once"))),
                lambda: blueprint.record(
                    lambda state: state.add_url_rule(f"/{name}", name, self.view(name), **options)
                ),
                lambda: blueprint.record(lambda state: state.app.before_request(self.hook(name))),
                lambda: blueprint.record(lambda state: state.app.add_url_rule(f"/{name}", name, self.view(name))),
                lambda: blueprint.record(patch),
                lambda: blueprint.record(change),
                lambda: blueprint.before_request(self.hook(name)),
                lambda: blueprint.before_app_request(self.hook(name)),
                lambda: blueprint.after_app_request(self.hook(name)),
                lambda: blueprint.register_error_handler(404, lambda error: (name, 404)),
                lambda: blueprint.deferred_functions.append(lambda state: self.log.append((name, state.name))),
                lambda: blueprint.deferred_functions.insert(0, lambda state: self.log.append((name, state.name))),
                lambda: blueprint.deferred_functions.pop() if blueprint.deferred_functions else None,
                lambda: self.log.append(len(blueprint.deferred_functions)),
            ]
        )()

    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self.chance(0.3):
            options["url_prefix"] = self.dice.choice(["/x", "/y/", ""])
        if self.chance(0.3):
            options["name"] = self.name("named")
        if self.chance(0.2):
            options["url_defaults"] = {"lang": "de"}
        if self.chance(0.2):
            options["own"] = "option"
        return options

    def attempt(self, change: Callable[..., Any], *args: Any, **options: Any) -> None:
        try:
            change(*args, **options)
        except Exception as error:
            self.log.append(type(error).__name__)

    def run(self) -> list[Any]:
        app_class, blueprint_class = self.classes()
        plain = self.framework.Blueprint
        blueprints = [self.blueprint(self.dice.choice([blueprint_class, plain])) for _ in range(5)]
        for inner in range(1, 5):
            if self.chance(0.6):
                blueprints[self.dice.randrange(inner)].register_blueprint(blueprints[inner], **self.options())
        apps = [app_class(f"app{number}", root_path="/", static_folder=None) for number in range(2)]
        for _ in range(5):
            blueprint = self.dice.choice(blueprints[:3])
            self.attempt(self.dice.choice(apps).register_blueprint, blueprint, **self.options())
            if self.chance(0.4):
                blueprint.url_prefix = self.dice.choice(["/later", None])
            if self.chance(0.2):
                blueprint.url_values_defaults = {"lang": "fr"}
        for app in apps:
            self.log.append(list(app.blueprints))
            self.log.append([one.name for one in app.iter_blueprints()])
            rules = list(app.url_map.iter_rules())
            self.log += [item for one in rules for item in (one.rule, *fields_of(one).items())]
            self.log.append([one.rule for one in app.url_map._rules])
            self.log.append({name: len(own) for name, own in app.url_map._rules_by_endpoint.items()})
            self.log.append(sorted(app.view_functions))
            for rule in rules:
                path = re.sub("<[^>]*>", "7", rule.rule)
                for method in ("GET", "POST"):
                    answer = app.test_client().open(path, method=method)
                    self.log.append((path, answer.status_code, answer.text if answer.status_code == 200 else ""))
        return self.log


@pytest.mark.parametrize("seed", range(100))
def test_the_same_steps_lead_to_the_same_app(seed: int) -> None:
    ours, flasks = (Program(framework, random.Random(seed)).run() for framework in FRAMEWORKS)
    for number, (one, other) in enumerate(zip(ours, flasks, strict=False)):
        assert one == other, f"entry {number}, after {ours[max(0, number - 4) : number]}"
    assert len(ours) == len(flasks)
