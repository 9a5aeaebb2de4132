"""The table of routes as text and HTML, and the explanation of what a path meets.

What lives here: pure functions of an app's routes. What must not: printing.
"""

from __future__ import annotations

import difflib
import re

from markupsafe import Markup
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from nbmicro.web.app import App
from nbmicro.web.declarations import Route

__all__ = ["explain_path", "shown_routes", "table_bundle", "table_text"]

_WANTED = {"int": "an int", "float": "a number with a point (1.0)", "uuid": "a UUID"}
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def shown_routes(app: App) -> list[Route]:
    """The routes a person declared: without the folder of static files, until there is something in it."""
    table = app.tables.current()
    return [route for route in table.routes if route.endpoint != "static" or table.static_files]


def _rows(app: App) -> list[tuple[str, str, str, str]]:
    return [(route.method_names, route.rule, route.endpoint, route.owner.label) for route in shown_routes(app)]


def table_text(app: App) -> str:
    """Method, rule, endpoint and the first line of the cell, in columns."""
    rows = _rows(app)
    if not rows:
        return "There are no routes yet. Add one:  %%route /"
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "   ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    )


def table_bundle(app: App) -> dict[str, str]:
    """The table as text and as HTML."""
    rows = _rows(app)
    text = table_text(app)
    if not rows:
        return {"text/plain": text}
    cell = Markup('<td style="text-align:left;vertical-align:top">{}</td>')
    code = Markup("<code>{}</code>")
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                [cell.format(Markup("<b>{}</b>").format(row[0])), *(cell.format(code.format(one)) for one in row[1:])]
            )
        )
        for row in rows
    )
    head = Markup("").join(
        Markup('<th style="text-align:left">{}</th>').format(name) for name in ("method", "rule", "endpoint", "cell")
    )
    html = Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)
    return {"text/plain": text, "text/html": str(html)}


def explain_path(app: App, path: str) -> str:
    """What answers ``path``; where nothing does, which rules come near and what they want."""
    path = path if path.startswith("/") else f"/{path}"
    path, _, query = path.partition("?")
    adapter = app.tables.current().map.bind("localhost")
    answers: list[str] = []
    for method in _METHODS:
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
    near = [reason for route in app.routes() if (reason := _difference(path, route)) is not None]
    return " ".join([f"{path}: no rule matches.", *dict.fromkeys(near)])


def _difference(path: str, route: Route) -> str | None:
    """Why a rule that comes near does not match, or None if it is far."""
    if "<" not in route.rule:
        longer = len(route.rule) - len(path)
        if difflib.SequenceMatcher(None, path, route.rule).ratio() < 0.75:
            return None
        if route.rule.startswith(path) or path.startswith(route.rule):
            count = {1: "one letter"}.get(abs(longer), f"{abs(longer)} letters")
            return f"{route.rule}: {count} {'more' if longer > 0 else 'less'}."
        return f"{route.rule}: spelled otherwise."
    here, there = path.strip("/").split("/"), route.rule.strip("/").split("/")
    if len(here) != len(there):
        fixed = route.rule.partition("<")[0].rstrip("/")
        near = fixed and difflib.SequenceMatcher(None, path.rstrip("/"), fixed).ratio() >= 0.75
        return f"{route.rule}: needs {'more' if len(there) > len(here) else 'fewer'} parts." if near else None
    wants = None
    for one, part in zip(here, there, strict=True):
        parameter = re.fullmatch(r"<(?:(\w+)(?:\(.*\))?:)?(\w+)>", part)
        if parameter is None:
            if one != part and difflib.SequenceMatcher(None, one, part).ratio() < 0.75:
                return None
            wants = wants or (f"spelled {part}" if one != part else None)
        elif parameter[1] in ("int", "float", "uuid", "any"):
            wants = wants or f"needs {_WANTED.get(parameter[1], f'a value of {parameter[1]}')}"
    return f"{route.rule}: {wants}." if wants else None
