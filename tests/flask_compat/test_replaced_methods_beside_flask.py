"""A method of Flask's that someone replaces is called as often as Flask calls it, wherever and whenever it is replaced.

Debug toolbars, tracers and tests do so: on an object, by a class of their own, or on the public class itself, before
the app has served its first request or after it. Flask, which is installed here, says how often each is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import flask
import flask.json.provider
import flask.sessions
import pytest
from werkzeug.test import EnvironBuilder

import nbmicro
import nbmicro.web.json.provider
import nbmicro.web.sessions

Answer = tuple[str, list[tuple[str, str]], bytes]
Calls = dict[str, list[int]]


@dataclass(frozen=True)
class Classes:
    """The public classes of one framework."""

    module: ModuleType
    App: Any
    Blueprint: Any
    Request: Any
    Response: Any
    JSONProvider: Any
    SessionInterface: Any

    @classmethod
    def of(cls, module: Any, provider: type, sessions: type) -> Classes:
        return cls(module, module.Flask, module.Blueprint, module.Request, module.Response, provider, sessions)


FLASK = Classes.of(flask, flask.json.provider.DefaultJSONProvider, flask.sessions.SecureCookieSessionInterface)
NBMICRO = Classes.of(
    nbmicro, nbmicro.web.json.provider.DefaultJSONProvider, nbmicro.web.sessions.SecureCookieSessionInterface
)

KINDS = ("App", "Blueprint", "Request", "Response", "JSONProvider", "SessionInterface")
#: Those of which there is an object before a request comes.
LASTING = {"App", "Blueprint", "JSONProvider", "SessionInterface"}

PATHS = """
    hello/Ada bytes json list jsonify made tuple nowhere slash redirect boom abort handled none visits visits forget
    page stream static/note.txt shop/item/7 shop/nothing
"""
REQUESTS: tuple[tuple[str, str, bytes, str], ...] = (
    *(("GET", f"/{name}", b"", "") for name in PATHS.split()),
    ("POST", "/hello/Ada", b"", ""),
    ("HEAD", "/hello/Ada", b"", ""),
    ("OPTIONS", "/hello/Ada", b"", ""),
    ("POST", "/post", b'{"name": "Ada"}', "application/json"),
    ("POST", "/post", b"{", "application/json"),
    ("POST", "/form", b"name=Ada", "application/x-www-form-urlencoded"),
)


def methods(kind: str) -> list[str]:
    """The public methods of a class of Flask's, and how its objects are made and called."""
    public = getattr(FLASK, kind)
    raw = {name: inspect.getattr_static(public, name) for name in dir(public)}
    return [
        name
        for name, one in raw.items()
        if (inspect.isfunction(one) or isinstance(one, (staticmethod, classmethod)))
        and (not name.startswith("_") or name in ("__init__", "__call__"))
    ]


@dataclass
class Site:
    """An app of one framework, and how often what was replaced has been called in each request."""

    classes: Classes
    folder: Path
    calls: Calls = field(default_factory=dict)
    on_request: list[Callable[[Any], None]] = field(default_factory=list)
    on_response: list[Callable[[Any], None]] = field(default_factory=list)
    counts: bool = False
    app: Any = None
    cookie: str = ""
    number: int = 0

    def ask(self) -> list[Answer]:
        """The answers to all requests, one after the other, of a client that comes without a cookie."""
        self.cookie = ""
        answers = []
        for self.number, (method, path, body, kind) in enumerate(REQUESTS):
            headers = {"Cookie": self.cookie} if self.cookie else {}
            builder = EnvironBuilder(path, method=method, data=body or None, content_type=kind or None, headers=headers)
            answers.append(self.answer(builder.get_environ()))
        return answers

    def answer(self, environ: dict[str, Any]) -> Answer:
        """The status, the headers in order, without what time makes of them, and the body."""
        began: list[tuple[str, list[tuple[str, str]]]] = []
        body: Any = self.app(environ, lambda status, headers, error=None: began.append((status, headers)))
        text = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        [(status, headers)] = began
        shown = []
        for name, value in headers:
            if name == "Set-Cookie":
                self.cookie, _, value = value.partition(";")
            shown.append((name, ", ".join(sorted(value.split(", "))) if name == "Allow" else value))
        return status, sorted(pair for pair in shown if pair[0] != "Date"), text

    def counting(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """A function that calls the original one and is counted."""
        calls = self.calls[name] = [0] * len(REQUESTS)

        def counted(*args: Any, **kwargs: Any) -> Any:
            if self.counts:
                calls[self.number] += 1
            return original(*args, **kwargs)

        return counted

    def replace_on_class(self, target: type, public: type, name: str, patch: pytest.MonkeyPatch) -> None:
        """Put a method of the same kind, which is counted, in place of a class's."""
        raw = inspect.getattr_static(public, name)
        is_function = inspect.isfunction(raw)
        counted = self.counting(name, raw if is_function else raw.__func__)
        patch.setattr(target, name, counted if is_function else type(raw)(counted))

    def replace_on_object(self, kind: str, name: str) -> None:
        """Put a function, which is counted, in place of a method: on the app's object, or on those of each request."""

        def put_on(one: Any) -> None:
            if self.counts or kind in LASTING:
                calls = self.calls.get(name)
                setattr(one, name, self.counting(name, getattr(one, name)))
                self.calls[name] = calls or self.calls[name]

        if kind in LASTING:
            objects = {"App": self.app, "Blueprint": self.app.blueprints["shop"], "JSONProvider": self.app.json}
            put_on(objects.get(kind, self.app.session_interface))
        else:
            (self.on_request if kind == "Request" else self.on_response).append(put_on)


def make_app(site: Site) -> Any:
    its: Any = site.classes
    module = its.module
    request, session = module.request, module.session
    app = its.App("shop", root_path=str(site.folder))
    app.request_class, app.response_class = its.Request, its.Response
    app.json, app.session_interface = its.JSONProvider(app), its.SessionInterface()
    app.secret_key = "a key"
    app.logger.disabled = True

    app.add_url_rule("/hello/<name>", "hello", lambda name: f"Hello {name}")
    app.add_url_rule("/bytes", "bytes", lambda: b"bytes")
    app.add_url_rule("/json", "json", lambda: {"a": [1, "ü"]})
    app.add_url_rule("/list", "list", lambda: [1, 2])
    app.add_url_rule("/jsonify", "jsonify", lambda: module.jsonify(a=1))
    app.add_url_rule("/made", "made", lambda: its.Response("made", 201, mimetype="text/plain"))
    app.add_url_rule("/tuple", "tuple", lambda: ("made", 202, {"X-Made": "yes"}))
    app.add_url_rule("/slash/", "slash", lambda: "slash")
    app.add_url_rule("/redirect", "redirect", lambda: module.redirect(module.url_for("hello", name="Bob")))
    app.add_url_rule("/boom", "boom", lambda: 1 // 0)
    app.add_url_rule("/abort", "abort", lambda: module.abort(403))
    app.add_url_rule("/handled", "handled", lambda: {}["missing"])
    app.add_url_rule("/none", "none", lambda: None)
    app.add_url_rule("/visits", "visits", lambda: session.update(visits=session.get("visits", 0) + 1) or "counted")
    app.add_url_rule("/forget", "forget", lambda: session.clear() or "forgotten")
    app.add_url_rule("/page", "page", lambda: module.render_template("page.html", name="<Ada>"))
    app.add_url_rule("/stream", "stream", lambda: iter(["a", "b"]))
    app.add_url_rule("/post", "post", lambda: {"hello": request.json["name"]}, methods=["POST"])
    app.add_url_rule("/form", "form", lambda: request.form["name"], methods=["POST"])
    app.register_error_handler(KeyError, lambda error: (f"handled {error}", 418))

    shop = its.Blueprint("shop", "shop", url_prefix="/shop", root_path=str(site.folder))
    shop.before_request(lambda: None)
    shop.after_request(lambda response: response)
    shop.teardown_request(lambda error: None)
    shop.context_processor(lambda: {"kind": "item"})
    item = "{{ kind }} {{ number }} {{ url_for('.item', number=1) }}"
    shop.add_url_rule("/item/<int:number>", "item", lambda number: module.render_template_string(item, number=number))
    app.register_blueprint(shop)

    def before() -> None:
        for put_on in site.on_request:
            put_on(request._get_current_object())

    def after(response: Any) -> Any:
        for put_on in site.on_response:
            put_on(response)
        return response

    if site.on_request:
        app.before_request(before)
    if site.on_response:
        app.after_request(after)
    return app


def ask(classes: Classes, folder: Path, case: tuple[str, str, str], names: list[str]) -> tuple[Calls, list[Answer]]:
    """How often the methods of these names, replaced as ``case`` says, are called, and what is answered."""
    kind, place, time = case
    public = target = getattr(classes, kind)
    if place == "subclass":
        target = type(public.__name__, (public,), {})
        classes = replace(classes, **{kind: target})
    site = Site(classes, folder)
    with pytest.MonkeyPatch.context() as patch:

        def replace_all() -> None:
            for name in names:
                if place == "object":
                    site.replace_on_object(kind, name)
                else:
                    site.replace_on_class(target, public, name, patch)

        lasts = place != "object" or kind in LASTING
        if not lasts or (place != "object" and time == "before"):
            replace_all()
        site.app = make_app(site)
        if place == "object" and lasts and time == "before":
            replace_all()
        if time == "after":
            site.ask()
        if lasts and time == "after":
            replace_all()
        site.counts = True
        return site.calls, site.ask()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    for name, text in {"static/note.txt": "a note", "templates/page.html": "{{ name }} {{ {'a': 1}|tojson }}"}.items():
        (root / name).parent.mkdir()
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize("kind", KINDS)
def test_nbmicros_classes_have_every_method_of_flasks(kind: str) -> None:
    assert [name for name in methods(kind) if not hasattr(getattr(NBMICRO, kind), name)] == []


@pytest.mark.parametrize("time", ["before", "after"])
@pytest.mark.parametrize("place", ["object", "subclass", "class"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_replaced_method_is_called_as_often_as_by_flask(kind: str, place: str, time: str, folder: Path) -> None:
    case = kind, place, time
    names = [name for name in methods(kind) if place != "object" or not name.startswith("__")]
    expected, expected_answers = ask(FLASK, folder, case, names)
    differences = []
    for name in names:
        calls, answers = ask(NBMICRO, folder, case, [name])
        flasks = zip(REQUESTS, expected.get(name, [0] * len(REQUESTS)), expected_answers, strict=True)
        ours = zip(calls.get(name, [0] * len(REQUESTS)), answers, strict=True)
        for ((method, path, *_), count, answer), (our_count, our_answer) in zip(flasks, ours, strict=True):
            if (count, answer) != (our_count, our_answer):
                differences.append(f"{name}, {method} {path}: {count} {answer}, nbmicro {our_count} {our_answer}")
    assert differences == []
