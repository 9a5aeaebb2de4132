"""Work at a prompt, in Flask's shape."""

from __future__ import annotations

from collections.abc import Callable

from nbmicro import App, current_app, g, request, session, url_for

MakeApp = Callable[..., App]

# == shell: contexts by hand


def test_a_shell_begins_with_app_and_g_and_what_processors_give(app: App) -> None:
    """``make_shell_context``."""
    app.shell_context_processor(lambda: {"answer": 42})
    names = app.make_shell_context()
    assert names["app"] is app
    assert names["g"] is g
    assert names["answer"] == 42


def test_a_request_context_may_be_pushed_and_its_hooks_run(make_app: MakeApp) -> None:
    """``test_request_context().push()``, ``preprocess_request()``, ``process_response()``."""
    app = make_app()
    app.secret_key = "key"
    order: list[str] = []
    app.before_request(lambda: order.append(f"before {request.path}"))
    app.after_request(lambda response: order.append("after") or response)
    app.teardown_request(lambda exc: order.append("teardown"))
    app.add_url_rule("/x", "x", lambda: "x")
    context = app.test_request_context("/x?a=1")
    context.push()
    assert (request.args["a"], current_app.name, url_for("x")) == ("1", "shop", "/x")
    assert order == []
    assert app.preprocess_request() is None
    session["b"] = 2
    response = app.process_response(app.response_class("body"))
    assert "session=" in response.headers["Set-Cookie"]
    context.pop()
    assert order == ["before /x", "after", "teardown"]
    assert not request


def test_a_before_hook_may_answer_at_the_prompt_too(app: App) -> None:
    """What ``preprocess_request`` gives then is its answer."""
    app.before_request(lambda: "stop")
    with app.test_request_context():
        assert app.preprocess_request() == "stop"


def test_a_handler_can_be_dispatched_by_hand(app: App) -> None:
    """``dispatch_request`` and ``full_dispatch_request`` of a made-up request."""
    app.add_url_rule("/<name>", "hello", lambda name: f"hello {name}")
    with app.test_request_context("/Ada"):
        assert app.dispatch_request() == "hello Ada"
        assert app.full_dispatch_request().data == b"hello Ada"
