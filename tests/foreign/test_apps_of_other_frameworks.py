"""Flask, FastAPI, Bottle and bare WSGI and ASGI apps are asked like one's own, from where an event loop runs."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bottle
import fastapi
import flask
import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from nbmicro.client.client import Client
from nbmicro.diagnosis import user_code
from nbmicro.errors import LoadError, RequestError
from nbmicro.exchange.exchange import Exchange
from nbmicro.foreign.app import ForeignApp
from nbmicro.foreign.known import kind_of
from nbmicro.language.address import check_origin
from nbmicro.language.template import Template
from nbmicro.loading.loader import load_target
from tests.support import other_apps
from tests.support.apps import render_text

Ask = Callable[..., Exchange]


@pytest.fixture
def wrap() -> Iterator[Callable[[Any], ForeignApp]]:
    """Wraps apps; at the end their threads must be gone."""
    made: list[ForeignApp] = []

    def wrapped(app: Any) -> ForeignApp:
        made.append(ForeignApp(app))
        return made[-1]

    yield wrapped
    for one in made:
        one.close()
    deadline = time.monotonic() + 30
    while left := [thread.name for thread in threading.enumerate() if thread.name.startswith(("nbmicro", "AnyIO"))]:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


def asked(client: Client, target: str, **options: Any) -> Exchange:
    """Ask as a cell does: in a thread where an event loop runs."""

    async def cell() -> Exchange:
        return client.open(options.pop("method", "GET"), target, **options)

    return asyncio.run(cell())


@pytest.mark.parametrize(
    ("app", "framework"),
    [
        (other_apps.flask_app(), "Flask"),
        (ProxyFix(other_apps.flask_app().wsgi_app), "Flask"),
        (other_apps.fastapi_app([]), "FastAPI"),
        (other_apps.bottle_app(), "Bottle"),
        (other_apps.raw, "WSGI"),
        (other_apps.Counter(), "WSGI"),
        (other_apps.bare, "ASGI"),
    ],
)
def test_whose_app_it_is_is_seen(app: Any, framework: str) -> None:
    """Through a middleware too; what is nobody's is known by its protocol."""
    kind = kind_of(app)
    assert kind is not None
    assert kind.framework == framework


NO_APPS = {
    "None": None,
    "a number": 3,
    "a text": "app",
    "a module": flask,
    "a class of apps": flask.Flask,
    "a proxy of nothing": flask.request,
    "a part of an app": flask.Blueprint("b", "b"),
    "a factory": lambda: None,
}


@pytest.mark.parametrize("name", NO_APPS)
def test_what_answers_no_requests_is_no_app(name: str) -> None:
    """Not a module, a class of apps, a part of one, a proxy of nothing, nor a factory that was not called."""
    assert kind_of(NO_APPS[name]) is None
    with pytest.raises(LoadError):
        ForeignApp(NO_APPS[name])


def test_a_wsgi_app_runs_where_no_loop_runs(wrap: Callable[[Any], ForeignApp]) -> None:
    """Else Django would refuse its database."""
    assert asked(Client(wrap(other_apps.flask_app())), "/loop").text == "no loop runs"


def test_prints_logs_and_warnings_of_a_handler_belong_to_its_exchange(wrap: Callable[[Any], ForeignApp]) -> None:
    with pytest.warns(UserWarning, match="warned"):
        exchange = asked(Client(wrap(other_apps.flask_app())), "/said")
    assert exchange.text == "said"
    shown = render_text(exchange)
    assert "printed │ printed" in shown
    assert "UserWarning: warned" in shown
    assert "log │ WARNING shop.stock: logged" in shown


def test_an_async_app_prints_into_its_exchange_from_loop_and_pool(wrap: Callable[[Any], ForeignApp]) -> None:
    client = Client(wrap(other_apps.fastapi_app([])))
    assert [part.text for part in asked(client, "/state").output] == ["in the loop\n"]
    assert [part.text for part in asked(client, "/items/3").output] == ["in the pool\n"]


INSTALLED = {
    "teaflask": """
        from flask import Flask
        def create_app():
            app = Flask(__name__)
            @app.get("/boom")
            def boom():
                return str(1 / 0)
            @app.get("/counted")
            def counted():
                import teacount
                return teacount.of([])
            return app
        """,
    "teafast": """
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/boom")
        async def boom():
            return str(1 / 0)
        """,
    "teacount": "def of(leaves): return 1 / len(leaves)",
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Packages where pip puts them, of which nobody's code is the user's yet."""
    for name, text in INSTALLED.items():
        (tmp_path / "site-packages" / name).mkdir(parents=True)
        (tmp_path / "site-packages" / name / "__init__.py").write_text(textwrap.dedent(text).strip())
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    monkeypatch.setattr(user_code, "_users_paths", {})
    user_code.is_users.cache_clear()
    yield
    user_code.is_users.cache_clear()
    for name in INSTALLED:
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("target", "label"), [("teaflask:create_app()", "teaflask"), ("teafast:app", "teafast")])
def test_an_installed_app_that_is_looked_at_shows_its_lines(
    wrap: Callable[[Any], ForeignApp], target: str, label: str
) -> None:
    """The code of the package that `%app` names is the app's own, and a library that it calls is not."""
    client = Client(wrap(load_target(target).app))
    error = asked(client, "/boom").error
    assert error is not None
    assert [(one.label, one.function, one.source) for one in error.frames] == [
        (f"{label}/__init__.py", "boom", "return str(1 / 0)")
    ]
    if label == "teaflask":
        error = asked(client, "/counted").error
        assert error is not None
        assert [one.source for one in error.frames] == ["return teacount.of([])"]


@pytest.mark.usefixtures("installed")
def test_a_failure_outside_the_users_code_shows_the_library_s_line(wrap: Callable[[Any], ForeignApp]) -> None:
    """An installed app that came by its object shows where it failed, and no line of its framework."""
    client = Client(wrap(importlib.import_module("teaflask").create_app()))
    error = asked(client, "/boom").error
    assert error is not None
    assert [(one.label, one.source) for one in error.frames] == [("teaflask/__init__.py", "return str(1 / 0)")]


@pytest.mark.parametrize("testing", [False, True])
def test_a_failing_flask_handler_shows_its_own_line_alone(wrap: Callable[[Any], ForeignApp], testing: bool) -> None:
    """Whether Flask makes a page of the exception or lets it through."""
    app = other_apps.flask_app()
    app.testing = testing
    exchange = asked(Client(wrap(app)), "/boom")
    assert exchange.status == 500
    assert exchange.error is not None
    assert [(frame.label, frame.function) for frame in exchange.error.frames] == [("other_apps.py", "boom")]
    assert exchange.error.frames[0].source == 'return nothing["key"]'
    assert isinstance(exchange.exception, KeyError)


def test_a_failing_async_handler_shows_its_own_line_alone(wrap: Callable[[Any], ForeignApp]) -> None:
    exchange = asked(Client(wrap(other_apps.fastapi_app([]))), "/boom")
    assert exchange.error is not None
    assert [frame.source for frame in exchange.error.frames] == ['raise ValueError("ouch")']
    assert "Internal Server Error\n" not in render_text(exchange).partition("\n")[2]


def test_a_failing_bottle_handler_shows_its_line_and_not_bottles_page(wrap: Callable[[Any], ForeignApp]) -> None:
    """Bottle writes its traceback, with paths, to wsgi.errors; none of that is shown."""
    exchange = asked(Client(wrap(other_apps.bottle_app())), "/boom")
    assert exchange.error is not None
    assert [frame.source for frame in exchange.error.frames] == ["return 1 / 0"]
    assert "Traceback" not in render_text(exchange)
    assert "<html>" not in render_text(exchange)


def test_cookies_uploads_and_request_globals_work_as_behind_a_server(wrap: Callable[[Any], ForeignApp]) -> None:
    client = Client(wrap(other_apps.flask_app()))
    assert [asked(client, "/visits").text for _ in range(3)] == ["1", "2", "3"]
    assert [asked(client, "/g").text for _ in range(2)] == ["1", "1"]
    photo = {"photo": ("a.png", b"12345", "image/png")}
    answer = asked(client, "/upload", method="POST", files=photo, data={"who": "Ada"})
    assert answer.json == {"size": 5, "who": "Ada"}


def test_a_stream_is_read_step_by_step_where_it_was_begun(wrap: Callable[[Any], ForeignApp]) -> None:
    exchange = asked(Client(wrap(other_apps.flask_app())), "/stream")
    assert exchange.text == "0\n1\n2\n"
    assert exchange.output[0].text == "step 0\nstep 1\nstep 2\n"


def test_an_endless_stream_is_cut_and_closed(wrap: Callable[[Any], ForeignApp]) -> None:
    """At the limit of the body; an async one is told to end."""
    events: list[str] = []
    for made in (other_apps.flask_app(), other_apps.fastapi_app(events)):
        app = wrap(made)
        exchange = asked(Client(app, body_limit=20_000), "/endless")
        assert exchange.response.body.truncated
        app.close()
    assert sorted(events) == ["shutdown", "startup", "stream closed"]


@pytest.mark.parametrize(
    ("make", "target", "source"),
    [
        (other_apps.flask_app, "/spin", ("while True:", "pass")),
        (other_apps.flask_app, "/sleep", ("time.sleep(2)",)),
        (lambda: other_apps.fastapi_app([]), "/wait", ("await asyncio.sleep(60)",)),
        (lambda: other_apps.fastapi_app([]), "/spin", ("while True:", "pass")),
        (lambda: other_apps.fastapi_app([]), "/pool", ("while True:", "pass")),
    ],
)
def test_a_deadline_stops_a_handler_and_says_where_it_was(
    wrap: Callable[[Any], ForeignApp], make: Callable[[], Any], target: str, source: tuple[str, ...]
) -> None:
    """In a thread, in the loop, in the pool of a loop; and the app answers before and afterwards."""
    client = Client(wrap(make()))
    assert asked(client, "/nothing-here").status == 404
    exchange = asked(client, target, timeout=0.5)
    assert exchange.error is not None
    assert exchange.error.type == "DeadlineExceeded"
    assert exchange.error.frames[-1].source in source
    assert asked(client, "/nothing-here").status == 404


def test_an_async_app_starts_up_once_and_shuts_down_when_it_is_left(wrap: Callable[[Any], ForeignApp]) -> None:
    """Its requests see the state of the lifespan; what a background task does is done when the answer is there."""
    events: list[str] = []
    app = wrap(other_apps.fastapi_app(events))
    client = Client(app)
    app.start()
    assert events == ["startup"]
    assert asked(client, "/state").json == "of the lifespan"
    assert asked(client, "/later").text == "now"
    app.close()
    assert events == ["startup", "later", "shutdown"]
    assert asked(client, "/state").json == "of the lifespan"
    assert events[-1] == "startup"


def test_a_startup_that_fails_raises_what_it_raised(wrap: Callable[[Any], ForeignApp]) -> None:
    def fail(app: Any) -> Any:
        raise ConnectionError("no database")

    with pytest.raises(ConnectionError, match="no database"):
        wrap(fastapi.FastAPI(lifespan=fail)).start()


def test_an_async_app_without_its_bridge_says_what_to_install(
    wrap: Callable[[Any], ForeignApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "a2wsgi", None)
    with pytest.raises(LoadError, match=r"a2wsgi, which is not installed[\s\S]*%pip install 'nbmicro\[asgi\]'"):
        wrap(other_apps.bare).start()


def test_a_websockets_address_is_refused_as_one() -> None:
    with pytest.raises(RequestError, match="%http speaks HTTP only"):
        check_origin("ws://localhost/live", Template("ws://localhost/live"))


def test_a_thread_that_came_to_an_app_without_a_loop_answers_itself(wrap: Callable[[Any], ForeignApp]) -> None:
    """As in a server, or in a terminal's IPython: no thread is begun."""
    app = wrap(other_apps.flask_app())
    names = {thread.name for thread in threading.enumerate()}
    assert Client(app).get("/g").text == "1"
    assert {thread.name for thread in threading.enumerate()} == names


@pytest.mark.parametrize(
    ("status", "reason"),
    [(414, "Request URI Too Long"), (422, "Unprocessable Entity"), (418, "I'm a teapot")],
)
def test_the_reason_of_an_async_apps_status_is_the_same_with_every_python(
    wrap: Callable[[Any], ForeignApp], status: int, reason: str
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    response = asked(Client(wrap(app)), "/").response
    assert (response.status, response.reason) == (status, reason)


def test_bare_apps_are_asked_too(wrap: Callable[[Any], ForeignApp]) -> None:
    """A function, an instance with a state, an ASGI function without a lifespan; one that says nothing is told so."""
    assert asked(Client(wrap(other_apps.raw)), "/").text == "raw"
    counter = Client(wrap(other_apps.Counter()))
    assert [asked(counter, "/").text for _ in range(2)] == ["1", "2"]
    assert asked(Client(wrap(other_apps.bare)), "/").text == "bare"
    assert "before its response was complete" in render_text(asked(Client(wrap(other_apps.silent)), "/"))


def test_a_path_that_is_no_utf8_comes_to_an_async_app_as_its_own_servers_bring_it(
    wrap: Callable[[Any], ForeignApp],
) -> None:
    """With U+FFFD in the place of what cannot be read; no exception of the bridge's."""
    app = fastapi.FastAPI()
    app.get("/{name}")(lambda name: name)
    assert asked(Client(wrap(app)), "/t%FF%C3%A9").json == "t\N{REPLACEMENT CHARACTER}é"


def test_an_app_may_be_asked_while_it_answers(wrap: Callable[[Any], ForeignApp]) -> None:
    """From its own handler: the thread at work is not waited for."""
    inner = other_apps.flask_app()
    client = Client(wrap(inner))

    @inner.get("/outer")
    def outer() -> str:
        return f"inside: {asked(client, '/g').text}"

    assert asked(client, "/outer").text == "inside: 1"


def rows(app: Any) -> list[tuple[str, str, str]]:
    return [(one.method_names, one.shown, one.endpoint) for one in ForeignApp(app).routes()]


def test_flasks_routes_are_read() -> None:
    """Those of its blueprints too; the folder of static files that nobody made is left out."""
    found = rows(other_apps.flask_app())
    assert ("GET", "/admin/users/<int:id>", "admin.user") in found
    assert ("POST", "/upload", "upload") in found
    assert "static" not in {endpoint for _, _, endpoint in found}


def test_fastapis_routes_are_read_through_routers_and_mounts() -> None:
    app = other_apps.fastapi_app([])
    app.mount("/inner", other_apps.fastapi_app([]), name="inner")
    app.mount("/raw", other_apps.bare)
    found = rows(app)
    assert ("GET", "/items/{id}", "item") in found
    assert ("WEBSOCKET", "/live", "live") in found
    assert ("GET", "/inner/items/{id}", "inner:item") in found
    assert "/raw/{path:path}" in {rule for _, rule, _ in found}


def test_bottles_routes_are_read() -> None:
    assert ("PUT", "/numbers/<id:int>", "number") in rows(other_apps.bottle_app())
    assert rows(other_apps.raw) == []


@pytest.mark.parametrize(
    ("make", "path", "answers"),
    [
        (other_apps.flask_app, "/admin/users/3", ["GET /admin/users/3: /admin/users/<int:id> → admin.user with id=3"]),
        (other_apps.flask_app, "/admin/users/x", []),
        (lambda: other_apps.fastapi_app([]), "/items/3", ["GET /items/3: /items/{id} → item with id='3'"]),
        (
            other_apps.bottle_app,
            "/numbers/3",
            [
                "GET /numbers/3: /numbers/<id:int> → number with id=3",
                "PUT /numbers/3: /numbers/<id:int> → number with id=3",
            ],
        ),
        (lambda: other_apps.raw, "/x", None),
    ],
)
def test_what_answers_a_path_is_known(make: Callable[[], Any], path: str, answers: list[str] | None) -> None:
    assert ForeignApp(make()).matches(path) == answers


@pytest.mark.parametrize(
    ("make", "method", "target", "hint"),
    [
        (other_apps.flask_app, "GET", "/admin/user/3", "Nearest: GET /admin/users/<int:id>."),
        (other_apps.flask_app, "POST", "/boom", "this route answers GET only."),
        (lambda: other_apps.fastapi_app([]), "GET", "/item/3", "Nearest: GET /items/{id}."),
        (lambda: other_apps.fastapi_app([]), "GET", "/live", "is a WebSocket's route, and %http speaks HTTP only."),
        (other_apps.bottle_app, "GET", "/number/3", "Nearest: GET /numbers/<id:int>."),
    ],
)
def test_a_refusal_names_the_nearest_route_and_no_line_of_ours(
    wrap: Callable[[Any], ForeignApp], make: Callable[[], Any], method: str, target: str, hint: str
) -> None:
    """Rules as their framework writes them; no ``%%route`` line is advised on somebody else's app."""
    exchange = asked(Client(wrap(make())), target, method=method)
    assert hint in str(exchange.hint)
    assert "%%route" not in str(exchange.hint)


def test_a_404_of_a_handler_is_no_missing_route(wrap: Callable[[Any], ForeignApp]) -> None:
    """Its own words are shown."""
    exchange = asked(Client(wrap(other_apps.flask_app())), "/missing")
    assert exchange.hint is None
    assert exchange.endpoint == "missing"
    assert "No such thing." in render_text(exchange)


def test_a_page_that_somebody_wrote_for_an_error_is_shown(wrap: Callable[[Any], ForeignApp]) -> None:
    app = bottle.Bottle()
    app.error(500)(lambda error: "<html>Our own page of regret</html>")
    app.get("/boom")(lambda: 1 / 0)
    assert "Our own page of regret" in render_text(asked(Client(wrap(app)), "/boom"))


@pytest.mark.parametrize(
    ("method", "target", "sent", "hint"),
    [
        ("POST", "/form", {"data": {"mail": "a"}}, "the request carried a form (mail). Is `mail` the same?"),
        ("POST", "/form", {"json": {"email": "a@b.org"}}, "Send a form:  %http -f POST /form email=a@b.org"),
        ("GET", "/form", {}, "A GET has none. If its route answers POST, send  %http -f POST /form email=…"),
        ("GET", "/query", {}, "but the URL has no query. Add it:  %http /query q==…"),
        ("POST", "/file", {}, "Send a file:  %http -f POST /file photo@photo.png"),
    ],
)
def test_a_key_that_a_flask_handler_misses_is_told_with_its_cure(
    wrap: Callable[[Any], ForeignApp], method: str, target: str, sent: dict[str, Any], hint: str
) -> None:
    """What Flask itself tells nobody: of forms, queries and files, in the thread of a cell and in a worker's."""
    app = flask.Flask("shop")
    app.add_url_rule("/form", "form", lambda: flask.request.form["email"], methods=["GET", "POST"])
    app.add_url_rule("/query", "query", lambda: flask.request.args["q"])
    app.add_url_rule("/file", "file", lambda: str(flask.request.files["photo"].filename), methods=["POST"])
    client = Client(wrap(app))
    for exchange in (client.open(method, target, **sent), asked(client, target, method=method, **sent)):
        assert exchange.status == 400
        assert hint in (exchange.hint or "")
    plain = app.test_client().open(target, method=method, **({"data": sent["data"]} if "data" in sent else {}))
    assert plain.data == client.open(method, target, **sent).body, "the response is Flask's own"


def test_a_key_that_a_flask_handler_asks_for_and_does_not_need_is_not_told(wrap: Callable[[Any], ForeignApp]) -> None:
    """One that it catches, or that is there; and its forms look to it as they always do."""
    app = flask.Flask("shop")

    @app.post("/caught")
    def caught() -> tuple[str, int]:
        try:
            return flask.request.form["email"], 200
        except KeyError:
            return f"no email in {flask.request.form!r}", 400

    client = Client(wrap(app))
    exchange = client.post("/caught", data={"a": "b"})
    assert (exchange.status, exchange.text) == (400, "no email in ImmutableMultiDict([('a', 'b')])")
    assert exchange.exception is None
    assert exchange.hint is None
    assert client.post("/caught", data={"email": "x"}).text == "x"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows gives signals to the main thread")
def test_an_interrupt_that_the_system_gives_to_the_apps_own_thread_stops_the_request() -> None:
    """On a busy machine a signal may come to any thread of the process; who waits wakes all the same."""
    code = (
        "import signal, threading, time\n"
        "from nbmicro.threads.workers import Worker\n"
        "def spin():\n"
        "    signal.pthread_kill(threading.get_ident(), signal.SIGINT)\n"
        "    end = time.monotonic() + 120\n"
        "    while time.monotonic() < end: pass\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n"
        "    Worker().run(spin)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("stopped\n", 0), done.stderr
