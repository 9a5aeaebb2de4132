"""An app among WSGI servers and middleware, in Flask's shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, run_wsgi_app
from werkzeug.test import create_environ as create_environ

from nbmicro import App, request, url_for

MakeApp = Callable[..., App]

# == deployment: an app is a WSGI application


def test_an_app_is_a_wsgi_callable(app: App) -> None:
    """PEP 3333: environ and start_response in, bytes out."""
    app.add_url_rule("/", "index", lambda: "hello")
    body, status, headers = run_wsgi_app(app, create_environ("/"))
    assert (b"".join(body), status, headers["Content-Length"]) == (b"hello", "200 OK", "5")


def test_middleware_goes_around_wsgi_app(app: App) -> None:
    """The app stays the same object, with all its methods."""

    class Shout:
        def __init__(self, wrapped: Callable[..., Iterable[bytes]]) -> None:
            self.wrapped = wrapped

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            environ["HTTP_X_FROM"] = "middleware"
            return [piece.upper() for piece in self.wrapped(environ, start_response)]

    before = app
    app.wsgi_app = Shout(app.wsgi_app)  # type: ignore[method-assign]
    app.add_url_rule("/", "index", lambda: f"from {request.headers['X-From']}")
    assert app is before
    assert app.test_client().get("/").text == "FROM MIDDLEWARE"


def test_a_proxy_is_believed_as_far_as_it_is_told(app: App) -> None:
    """ProxyFix: address, scheme, host and prefix."""
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    app.add_url_rule("/", "index", lambda: f"{request.remote_addr} {url_for('index', _external=True)}")
    response = app.test_client().get(
        "/",
        headers={
            "X-Forwarded-For": "10.1.1.1",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "shop.example",
            "X-Forwarded-Prefix": "/shop",
        },
    )
    assert response.text == "10.1.1.1 https://shop.example/shop/"


def test_apps_can_be_mounted_below_each_other(make_app: MakeApp) -> None:
    """Each with its own prefix in SCRIPT_NAME."""
    main, admin = make_app("main"), make_app("admin")
    for one in (main, admin):
        one.add_url_rule("/page", "page", lambda one=one: f"{one.name} {url_for('page')}")
    client = Client(DispatcherMiddleware(main, {"/admin": admin}))
    assert client.get("/page").text == "main /page"
    assert client.get("/admin/page").text == "admin /admin/page"


def test_an_app_can_call_another(make_app: MakeApp) -> None:
    """A request inside a request has a context of its own."""
    outer, inner = make_app("outer"), make_app("inner")
    inner.add_url_rule("/in", "index", lambda: request.path)
    outer.add_url_rule("/out", "index", lambda: f"{request.path} {inner.test_client().get('/in').text} {request.path}")
    assert outer.test_client().get("/out").text == "/out /in /out"


def test_an_app_can_stand_behind_an_asgi_server(app: App) -> None:
    """By an adapter for WSGI apps."""
    import asyncio

    from a2wsgi import WSGIMiddleware

    app.add_url_rule("/<name>", "index", lambda name: f"hello {name}")
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/Ada",
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(WSGIMiddleware(app)(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 200
    assert b"".join(message.get("body", b"") for message in sent[1:]) == b"hello Ada"
