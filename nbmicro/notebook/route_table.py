"""The table of routes as text, its MIME bundle, and the explanation of what a path meets."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from nbmicro.diagnosis.user_code import FrameLabels, is_users, label_of
from nbmicro.http.methods import COMMON_METHODS
from nbmicro.notebook.route_tree import RouteRow, tree_html
from nbmicro.printable import likeness
from nbmicro.web.app import App
from nbmicro.web.declarations import Route
from nbmicro.web.rules import as_parameter, literal_start, rule_segments

if TYPE_CHECKING:
    from nbmicro.foreign.app import ForeignApp
    from nbmicro.foreign.tables import ForeignRoute


#: Says where a route is declared.
Label: TypeAlias = Callable[[Any], str]

_WANTED = {"int": "an int", "float": "a number with a point (1.0)", "uuid": "a UUID"}


def shown_routes(app: App | ForeignApp) -> Sequence[Route | ForeignRoute]:
    """The routes a person declared: without the folder of static files, until there is something in it."""
    if not isinstance(app, App):
        return app.table()
    table = app.tables.current()
    return [route for route in table.routes if route.endpoint != "static" or table.static_files]


def _rows(app: App | ForeignApp, label: Label) -> list[tuple[str, str, str, str]]:
    return [(route.method_names, route.rule, route.endpoint, label(route)) for route in shown_routes(app)]


def table_text(app: App | ForeignApp, label: Label) -> str:
    """Method, rule, endpoint and where it is declared, in columns."""
    rows = _rows(app, label)
    if not rows:
        if isinstance(app, App):
            return "There are no routes yet. Add one:  %%route /"
        return f"The routes of {app.kind.spoken} cannot be read from outside. %http asks it all the same."
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "   ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    )


def table_bundle(app: App | ForeignApp, label: Label | None = None) -> dict[str, str]:
    """The table as text, and the tree of it as HTML; ``label`` says where a route is declared."""
    label = label or _owner_of
    rows = _rows(app, label)
    text = table_text(app, label)
    if not rows:
        return {"text/plain": text}
    html = tree_html([RouteRow(*row) for row in rows], "cell" if isinstance(app, App) else "where")
    return {"text/plain": text, "text/html": html}


def _owner_of(route: Any) -> str:
    """The first line of the cell that declared a route."""
    owner = getattr(route, "owner", None)
    return "" if owner is None else str(owner.label)


def handler_place(route: Any, frame_labels: FrameLabels | None = None) -> str:
    """Where a foreign app's handler is: ``shop.py, line 12``, or the package that brings it."""
    function = route.function
    code = getattr(inspect.unwrap(function) if callable(function) else function, "__code__", None)
    if code is None:
        code = next(
            (one for value in vars(function).values() if (one := getattr(value, "__code__", None)) is not None)
            if inspect.isclass(function)
            else iter(()),
            None,
        )
    if code is not None and is_users(code.co_filename):
        label = label_of(code.co_filename, frame_labels)
        line = inspect.getsourcelines(function)[1] if inspect.isclass(function) else code.co_firstlineno
        return f"{label}, line {line}"
    module = getattr(function, "__module__", None) or type(function).__module__
    return str(module).partition(".")[0] if module != "builtins" else ""


def explain_path(app: App | ForeignApp, path: str) -> str:
    """What answers ``path``; where nothing does, which rules come near and what they want."""
    path = path if path.startswith("/") else f"/{path}"
    if not isinstance(app, App):
        found = app.what_answers(path)
        if found is None:
            return table_text(app, _owner_of)
        return "\n".join(found) if found else _near(path.partition("?")[0], [(r.pattern, r.rule) for r in app.table()])
    path, _, query = path.partition("?")
    adapter = app.tables.current().map.bind("localhost")
    answers: list[str] = []
    for method in COMMON_METHODS:
        try:
            rule, values = adapter.match(path, method=method, return_rule=True, query_args=query)
        except RequestRedirect as redirect:
            return f"{path}: redirects to {redirect.new_url.removeprefix('http://localhost')}"
        except MethodNotAllowed:
            continue
        except HTTPException:
            break
        given = ", ".join(f"{name}={value!r}" for name, value in values.items())
        answers.append(f"{method} {path}: {rule.rule} → {rule.endpoint}{f' with {given}' if given else ''}")
    if answers:
        return "\n".join(answers)
    return _near(path, [(route.rule, route.rule) for route in app.routes()])


def _near(path: str, rules: Sequence[tuple[str, str]]) -> str:
    """What to say of a path that nothing answers: the rules that come near, as they are written."""
    near = [reason for rule, written in rules if (reason := _difference(path, rule, written)) is not None]
    return " ".join([f"{path}: no rule matches.", *dict.fromkeys(near)])


def _difference(path: str, rule: str, written: str) -> str | None:
    """Why a rule that comes near does not match, or None if it is far."""
    start = literal_start(rule)
    if start == rule:
        longer = len(rule) - len(path)
        if likeness(path, rule) < 0.75:
            return None
        if rule.startswith(path) or path.startswith(rule):
            count = {1: "one letter"}.get(abs(longer), f"{abs(longer)} letters")
            return f"{written}: {count} {'more' if longer > 0 else 'less'}."
        return f"{written}: spelled otherwise."
    here, there = path.strip("/").split("/"), rule_segments(rule.strip("/"))
    if len(here) != len(there):
        fixed = start.rstrip("/")
        near = fixed and likeness(path.rstrip("/"), fixed) >= 0.75
        return f"{written}: needs {'more' if len(there) > len(here) else 'fewer'} parts." if near else None
    wants = None
    for one, part in zip(here, there, strict=True):
        parameter = as_parameter(part)
        if parameter is None:
            if one != part and likeness(one, part) < 0.75:
                return None
            wants = wants or (f"spelled {part}" if one != part else None)
        elif parameter.converter in ("int", "float", "uuid", "any"):
            wants = wants or f"needs {_WANTED.get(parameter.converter, f'a value of {parameter.converter}')}"
    return f"{written}: {wants}." if wants else None
