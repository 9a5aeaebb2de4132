"""``%routes``: the table of routes, and what a path meets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from nbmicro.errors import OptionError
from nbmicro.http.methods import COMMON_METHODS
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import magic
from nbmicro.printable import likeness
from nbmicro.web.app import App
from nbmicro.web.declarations import Declaration
from nbmicro.web.owners import Owner
from nbmicro.web.rules import as_parameter, literal_start, rule_segments

if TYPE_CHECKING:
    from nbmicro.foreign.app import ForeignApp

_WANTED = {"int": "an int", "float": "a number with a point (1.0)", "uuid": "a UUID"}


@magic("routes", options={"--drop": str}, words=1)
def routes(session: Session, path: str | None = None, *, drop: str | None = None) -> None:
    """Show the routes of the app, or what answers a path.

    %routes [PATH] [--drop RULE]

    PATH      what would answer it, and why the others do not
    --drop    take away the routes of this rule

        %routes
        %routes /users/7
        %routes --drop /old

    Of an app that %app named, the routes are read where its framework lets them be read: Flask, Django, FastAPI,
    Starlette, Bottle.

    In plain Python:  app.routes()
    """
    if drop is not None:
        _drop(session.app, drop)
    elif path is not None:
        print(_explained(session.target(), path))
    else:
        from nbmicro.notebook.route_table import table_bundle

        session.host.display(table_bundle(session.target(), session.label_of_file))


def _drop(app: App, rule: str) -> None:
    def wanted(declaration: Declaration, owner: Owner) -> bool:
        return declaration.kind == "route" and declaration.value.rule == rule

    dropped = app.ledger.withdraw(wanted)
    if not dropped:
        known = ", ".join(dict.fromkeys(route.rule for route in app.routes()))
        raise OptionError(f"There is no route {rule}.", hint=f"There are: {known}")
    for declaration in dropped:
        print(f"dropped {declaration.value.label}")


def _explained(app: App | ForeignApp, path: str) -> str:
    """What answers ``path``; where nothing does, which rules come near and what they want."""
    path = path if path.startswith("/") else f"/{path}"
    if not isinstance(app, App):
        found = app.what_answers(path)
        if found is None:
            from nbmicro.notebook.route_table import table_bundle

            return table_bundle(app)["text/plain"]
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
