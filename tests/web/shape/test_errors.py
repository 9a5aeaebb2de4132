"""Error handlers and unhandled errors, in Flask's shape."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import (
    BadRequest,
    BadRequestKeyError,
    Forbidden,
    HTTPException,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
)
from werkzeug.routing import RequestRedirect

from nbmicro import App, Blueprint, Response, abort, request
from nbmicro.web.signals import got_request_exception

MakeApp = Callable[..., App]


class Mistake(Exception):
    """An error of the app."""


class SmallMistake(Mistake):
    """A special one."""


class Teapot(HTTPException):
    """An HTTP error of the app with a known code."""

    code = 418


def failing(error: Any) -> Callable[[], str]:
    """A handler that raises ``error``."""

    def fail() -> str:
        raise error

    return fail


# == handlers: a function for an error, found by code and class


def test_a_handler_is_for_a_code_or_a_class(app: App) -> None:
    """By decorator or by call; it says the status itself."""

    @app.errorhandler(404)
    def missing(error: NotFound) -> tuple[str, int]:
        return f"no {request.path}", 404

    @app.errorhandler(Mistake)
    def mistaken(error: Mistake) -> str:
        return f"caught {error}"

    app.register_error_handler(403, lambda error: ("forbidden", 403))
    app.register_error_handler(Teapot, lambda error: "tea")
    app.add_url_rule("/mistake", "m", failing(Mistake("x")))
    app.add_url_rule("/small", "s", failing(SmallMistake("y")))
    app.add_url_rule("/403", "f", lambda: abort(403))
    app.add_url_rule("/teapot", "t", failing(Teapot()))
    client = app.test_client()
    answers = {path: client.get(path) for path in ("/missing", "/mistake", "/small", "/403", "/teapot")}
    assert {path: (one.text, one.status_code) for path, one in answers.items()} == {
        "/missing": ("no /missing", 404),
        "/mistake": ("caught x", 200),
        "/small": ("caught y", 200),
        "/403": ("forbidden", 403),
        "/teapot": ("tea", 200),
    }


def test_the_nearest_class_wins(app: App) -> None:
    """By the order of the error's bases, whichever handler came first."""
    app.register_error_handler(Exception, lambda error: "any")
    app.register_error_handler(SmallMistake, lambda error: "small")
    app.register_error_handler(Mistake, lambda error: "mistake")
    app.register_error_handler(LookupError, lambda error: "lookup")
    app.add_url_rule("/small", "small", failing(SmallMistake()))
    app.add_url_rule("/mistake", "mistake", failing(Mistake()))
    app.add_url_rule("/key", "key", failing(KeyError()))
    app.add_url_rule("/value", "value", failing(ValueError()))
    client = app.test_client()
    assert [client.get(f"/{name}").text for name in ("small", "mistake", "key", "value")] == [
        "small",
        "mistake",
        "lookup",
        "any",
    ]


def test_codes_come_before_classes_and_blueprints_before_the_app(make_app: MakeApp) -> None:
    """Blueprint's code, app's code, blueprint's class, app's class."""
    wanted = ["blueprint code", "app code", "blueprint class", "app class"]
    for start in range(4):
        app = make_app()
        bp = Blueprint("bp", __name__)
        kinds: list[tuple[Any, Any]] = [(bp, 403), (app, 403), (bp, HTTPException), (app, HTTPException)]
        for (place, what), text in list(zip(kinds, wanted, strict=True))[start:]:
            place.register_error_handler(what, lambda error, text=text: text)
        bp.add_url_rule("/", "index", lambda: abort(403))
        app.register_blueprint(bp)
        assert app.test_client().get("/").text == wanted[start]


def test_handlers_of_nested_blueprints_go_from_the_inside_out(make_app: MakeApp) -> None:
    """The inner one's, the outer one's, the app's."""
    wanted = ["inner", "outer", "app"]
    for start in range(3):
        app = make_app()
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
        places: list[tuple[Any, str]] = [(inner, "inner"), (outer, "outer"), (app, "app")]
        for place, text in places[start:]:
            place.register_error_handler(Mistake, lambda error, text=text: text)
        inner.add_url_rule("/", "index", failing(Mistake()))
        outer.register_blueprint(inner)
        app.register_blueprint(outer)
        assert app.test_client().get("/").text == wanted[start]


def test_a_blueprint_may_handle_errors_of_the_whole_app(make_app: MakeApp) -> None:
    """``app_errorhandler``; its own ``errorhandler`` never sees a 404 or 405 of the routing."""
    app = make_app()
    bp = Blueprint("bp", __name__, url_prefix="/bp")
    bp.add_url_rule("/", "index", lambda: abort(404))
    bp.errorhandler(404)(lambda error: ("blueprint", 404))
    bp.errorhandler(405)(lambda error: ("blueprint", 405))
    bp.app_errorhandler(418)(lambda error: ("everywhere", 418))
    app.register_blueprint(bp)
    app.add_url_rule("/tea", "tea", lambda: abort(418))
    client = app.test_client()
    assert client.get("/bp/").text == "blueprint"
    assert client.get("/bp/missing").text != "blueprint"
    assert client.post("/bp/").text != "blueprint"
    assert client.get("/tea").text == "everywhere"


def test_what_handlers_can_be_for(app: App) -> None:
    """An unknown code is a ValueError, an instance a TypeError, another class a ValueError."""
    with pytest.raises(ValueError, match="999"):
        app.register_error_handler(999, lambda error: "")
    with pytest.raises(TypeError, match="instance"):
        app.register_error_handler(NotFound(), lambda error: "")  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError)):
        app.errorhandler(int)(lambda error: "")  # type: ignore[type-var]


def test_redirects_of_the_routing_are_never_handled(app: App) -> None:
    """Not even by a handler for everything."""
    app.register_error_handler(Exception, lambda error: ("handled", 500))
    app.register_error_handler(308, lambda error: "handled") if 308 in app.aborter.mapping else None
    app.add_url_rule("/x/", "x", lambda: "x")
    response = app.test_client().get("/x")
    assert response.status_code == 308
    assert response.text != "handled"


def test_a_handler_for_http_errors_gets_them_all(app: App) -> None:
    """HTTPException; responses given to abort() pass."""
    app.register_error_handler(HTTPException, lambda error: (f"http {error.code}", error.code))
    app.add_url_rule("/response", "r", lambda: abort(Response("as it is", 403)))
    app.add_url_rule("/key", "k", lambda: request.args["k"])
    client = app.test_client()
    assert client.get("/missing").text == "http 404"
    assert client.post("/response").text == "http 405"
    assert client.get("/response").text == "as it is"
    assert client.get("/key").text == "http 400"


def test_a_handler_may_be_async_and_may_fail(app: App) -> None:
    """What it raises is an unhandled error, or an HTTP error that is answered."""

    @app.errorhandler(Mistake)
    async def later(error: Mistake) -> str:
        return "async"

    app.register_error_handler(KeyError, failing_handler)
    app.add_url_rule("/mistake", "m", failing(Mistake()))
    app.add_url_rule("/key", "k", failing(KeyError()))
    client = app.test_client()
    assert client.get("/mistake").text == "async"
    assert client.get("/key").status_code == 500


def failing_handler(error: Exception) -> str:
    """An error handler that fails."""
    raise ValueError


# == unhandled: the 500


def test_an_unhandled_error_is_a_500_that_is_logged(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """``Exception on /path [METHOD]``, with the traceback, to the app's log."""
    app.add_url_rule("/fail", "fail", failing(Mistake("oops")))
    with caplog.at_level(logging.ERROR, "shop"):
        response = app.test_client().get("/fail")
    assert response.status_code == 500
    assert "Internal Server Error" in response.text
    (record,) = caplog.records
    assert record.getMessage() == "Exception on /fail [GET]"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], Mistake)


def test_a_handler_of_the_500_gets_the_original_error(app: App) -> None:
    """InternalServerError with ``original_exception``; an abort(500) has none."""
    got: list[Any] = []

    @app.errorhandler(500)
    def sorry(error: InternalServerError) -> tuple[str, int]:
        got.append((type(error), type(error.original_exception)))
        return "sorry", 500

    app.add_url_rule("/fail", "fail", failing(Mistake()))
    app.add_url_rule("/abort", "abort", lambda: abort(500))
    client = app.test_client()
    assert client.get("/fail").text == client.get("/abort").text == "sorry"
    assert got == [(InternalServerError, Mistake), (InternalServerError, type(None))]


def test_a_handler_of_internal_server_error_is_one_of_the_500(app: App) -> None:
    """By class as by code."""
    app.register_error_handler(InternalServerError, lambda error: (repr(error.original_exception), 500))
    app.add_url_rule("/fail", "fail", failing(Mistake("x")))
    assert app.test_client().get("/fail").text == "Mistake('x')"


def test_after_hooks_run_on_a_500(app: App) -> None:
    """Also on one that a handler made; if they fail then, it is logged."""
    calls: list[int] = []

    @app.after_request
    def after(response: Response) -> Response:
        calls.append(response.status_code)
        response.headers["X-After"] = "yes"
        return response

    app.add_url_rule("/fail", "fail", failing(Mistake()))
    assert app.test_client().get("/fail").headers["X-After"] == "yes"
    assert calls == [500]


def test_a_failing_after_hook_on_a_500_is_logged(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """The answer is the 500 all the same."""
    app.after_request(failing_after)
    app.add_url_rule("/fail", "fail", failing(Mistake()))
    app.add_url_rule("/", "index", lambda: "")
    client = app.test_client()
    assert client.get("/fail").status_code == 500
    assert client.get("/").status_code == 500
    assert "Request finalizing failed" in caplog.text


def failing_after(response: Response) -> Response:
    """An after hook that fails."""
    raise ValueError


def test_receivers_are_told_of_unhandled_errors(app: App) -> None:
    """got_request_exception, whether or not the 500 has a handler; not for handled ones."""
    told: list[Any] = []

    def receive(sender: App, exception: Exception, **extra: Any) -> None:
        told.append((sender, exception))

    error = Mistake()
    app.register_error_handler(500, lambda error: "sorry")
    app.register_error_handler(KeyError, lambda error: "handled")
    app.add_url_rule("/fail", "fail", failing(error))
    app.add_url_rule("/handled", "handled", failing(KeyError()))
    with got_request_exception.connected_to(receive, app):
        client = app.test_client()
        client.get("/handled")
        client.get("/fail")
    assert told == [(app, error)]


@pytest.mark.parametrize(
    ("settings", "raised"),
    [
        ({}, False),
        ({"TESTING": True}, True),
        ({"DEBUG": True}, True),
        ({"PROPAGATE_EXCEPTIONS": True}, True),
        ({"TESTING": True, "PROPAGATE_EXCEPTIONS": False}, False),
        ({"DEBUG": True, "PROPAGATE_EXCEPTIONS": False}, False),
    ],
)
def test_whether_errors_are_raised_again(app: App, settings: dict[str, Any], raised: bool) -> None:
    """PROPAGATE_EXCEPTIONS; None means in testing and debug mode."""
    app.config.update(settings)
    app.add_url_rule("/", "index", failing(Mistake("raised")))
    if raised:
        with pytest.raises(Mistake, match="raised"):
            app.test_client().get("/")
    else:
        assert app.test_client().get("/").status_code == 500


def test_http_errors_can_be_trapped(app: App) -> None:
    """TRAP_HTTP_EXCEPTIONS raises them like any other; redirects of the routing still answer."""
    app.testing = True
    app.config["TRAP_HTTP_EXCEPTIONS"] = True
    app.add_url_rule("/403", "f", lambda: abort(403))
    client = app.test_client()
    with pytest.raises(Forbidden):
        client.get("/403")
    with pytest.raises(NotFound):
        client.get("/missing")


def test_which_errors_are_trapped_can_be_overridden() -> None:
    """``trap_http_exception``; trapped ones may have handlers by class."""

    class MyApp(App):
        def trap_http_exception(self, e: Exception) -> bool:
            return isinstance(e, ServiceUnavailable) or super().trap_http_exception(e)

    app = MyApp("x")
    app.testing = True
    app.add_url_rule("/503", "s", lambda: abort(503))
    app.add_url_rule("/400", "b", lambda: abort(400))
    with pytest.raises(ServiceUnavailable):
        app.test_client().get("/503")
    assert app.test_client().get("/400").status_code == 400


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_passes_through(app: App, kind: type[BaseException]) -> None:
    """Not a 500, whatever handlers there are; teardown still runs."""
    gone: list[Any] = []
    app.teardown_request(lambda exc: gone.append(type(exc)))
    app.register_error_handler(Exception, lambda error: "handled")
    app.add_url_rule("/", "index", failing(kind()))
    with pytest.raises(kind):
        app.test_client().get("/")
    assert gone == [kind]


def test_errors_of_before_hooks_are_handled_too(app: App) -> None:
    """As those of the handler."""
    app.before_request(failing(Mistake()))
    app.register_error_handler(Mistake, lambda error: ("caught", 400))
    app.add_url_rule("/", "index", lambda: "index")
    response = app.test_client().get("/")
    assert (response.text, response.status_code) == ("caught", 400)


def test_a_bad_request_of_ones_own_is_not_shown(app: App) -> None:
    """BadRequestKeyError and its parents are answered with 400."""
    app.register_error_handler(BadRequest, lambda error: (type(error).__name__, 400))
    app.add_url_rule("/", "index", lambda: request.args["x"])
    assert app.test_client().get("/").text == BadRequestKeyError.__name__
    assert issubclass(RequestRedirect, HTTPException)
