"""A browser session: responses read as they come, redirects, cookies of its own, and what is noted of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmicro import App, Response, redirect, request
from nbmicro.client.browser_session import BrowserSession
from nbmicro.client.client import Client
from nbmicro.errors import DeadlineExceeded
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord


@pytest.fixture
def app() -> App:
    app = App("shop", static_folder=None)

    @app.route("/echo", methods=["GET", "POST", "PUT"])
    def echo() -> str:
        return f"{request.method} {request.get_data(as_text=True)} {request.headers.get('Content-Type')}"

    @app.route("/moved/<int:code>", methods=["GET", "POST", "PUT"])
    def moved(code: int) -> Response:
        return redirect("/echo#part", code)

    @app.route("/away")
    def away() -> Response:
        return redirect("https://example.com/x")

    @app.route("/around")
    def around() -> Response:
        return redirect("/around")

    @app.route("/keys")
    def keys() -> Response:
        response = Response(request.headers.get("Cookie", "none"))
        response.set_cookie("secret", "s", httponly=True)
        response.set_cookie("theme", "dark")
        return response

    return app


@pytest.fixture
def session(app: App) -> BrowserSession:
    return BrowserSession(Client(app))


def ask(
    session: BrowserSession, method: str, target: str, body: bytes = b"", kind: str = "text/plain"
) -> tuple[int, str]:
    response = session.send(RequestRecord(method, target, HeaderFields([("Content-Type", kind)]), body))
    return response.status, response.read_body(1000)[0].decode()


@pytest.mark.parametrize(
    ("method", "code", "answer"),
    [
        ("POST", 302, "GET  None"),
        ("POST", 303, "GET  None"),
        ("POST", 307, "POST data text/plain"),
        ("PUT", 308, "PUT data text/plain"),
        ("PUT", 301, "GET  None"),
    ],
)
def test_redirects_are_followed_as_browsers_do(session: BrowserSession, method: str, code: int, answer: str) -> None:
    """307 and 308 send the same again, the others a GET; each step is an exchange."""
    assert ask(session, method, f"/moved/{code}", b"data") == (200, answer)
    assert [(one.status, one.origin) for one in session.client.history] == [(code, "browse"), (200, "browse")]


def test_a_redirect_says_where_it_led(session: BrowserSession) -> None:
    """The address, what stood behind #, and that there was one; another site is told, not asked."""
    response = session.send(RequestRecord("GET", "/moved/302"))
    response.close()
    assert (response.target, response.fragment, response.redirected) == ("/echo", "part", True)
    away = session.send(RequestRecord("GET", "/away"))
    away.close()
    assert (away.status, away.leads_to, away.redirected) == (302, "https://example.com/x", False)
    kept = session.send(RequestRecord("GET", "/moved/302"), follow=False)
    kept.close()
    assert (kept.status, kept.redirected) == (302, False)
    around = session.send(RequestRecord("GET", "/around"))
    around.close()
    assert around.notes[0].startswith(
        "Redirected without end: /around → /around → …; after 20 redirects it stops here."
    )
    assert around.exchange is not None
    assert around.exchange.notes == tuple(around.notes)


def test_cookies_last_and_scripts_see_those_that_they_may(session: BrowserSession) -> None:
    """HttpOnly cookies are sent, and neither read nor replaced by a script; another session has none of them."""
    ask(session, "GET", "/keys")
    assert session.page_cookies("/") == "theme=dark"
    session.set_page_cookie("secret=taken; path=/", "/")
    session.set_page_cookie("own=1; HttpOnly", "/")
    session.set_page_cookie("theme=light; path=/", "/")
    sent = ask(session, "GET", "/keys")[1]
    assert sorted(sent.split("; ")) == ["secret=s", "theme=light"]
    assert ask(BrowserSession(Client(session.client.app)), "GET", "/keys")[1] == "none"


def test_an_answer_is_read_as_it_comes_and_given_up_at_will(app: App, session: BrowserSession) -> None:
    """A piece is there before the next is made; closing ends the handler and notes the exchange."""
    made: list[str] = []

    @app.route("/stream")
    def stream() -> Iterator[str]:
        try:
            for number in range(1000):
                made.append(str(number))
                yield f"{number} "
        finally:
            made.append("closed")

    response = session.send(RequestRecord("GET", "/stream"))
    pieces = iter(response)
    assert [next(pieces), next(pieces)] == [b"0 ", b"1 "]
    assert len(made) <= 3
    assert list(session.client.history) == []
    response.close()
    response.close()
    assert made[-1] == "closed"
    assert [one.text for one in session.client.history] == ["0 1 "]


def test_what_an_app_raises_is_noted() -> None:
    """An app without a page for its errors: the exception passes through, and the exchange has it."""

    def broken(environ: object, start_response: object) -> list[bytes]:
        raise LookupError("nothing there")

    session = BrowserSession(Client(broken))
    with pytest.raises(LookupError):
        session.send(RequestRecord("GET", "/x"))
    (noted,) = session.client.history
    assert noted.status == 500
    assert noted.error is not None
    assert noted.error.message == "nothing there"


def test_an_app_that_does_not_begin_to_answer_is_stopped(app: App, session: BrowserSession) -> None:
    """A deadline for the beginning of the answer."""

    @app.route("/slow")
    def slow() -> str:
        while True:
            pass

    with pytest.raises(DeadlineExceeded, match=r"GET /slow did not answer within 0\.2 s"):
        session.send(RequestRecord("GET", "/slow"), timeout=0.2)


def test_headers_that_go_without_saying(app: App, session: BrowserSession) -> None:
    """They are sent where the request has none of that name."""

    @app.route("/token")
    def token() -> str:
        return request.headers["X-Token"]

    session.client.default_headers = lambda: [("X-Token", "usual")]
    assert ask(session, "GET", "/token")[1] == "usual"
    own = session.send(RequestRecord("GET", "/token", HeaderFields([("x-token", "own")])))
    assert own.read_body(10)[0] == b"own"


def test_what_belongs_to_a_page_can_be_had_without_a_trace(app: App, session: BrowserSession) -> None:
    """A style sheet for the page below the cell: with the session's cookies, and not in the history."""

    @app.route("/style")
    def style() -> str:
        return f"/* {request.headers.get('Cookie')} */"

    ask(session, "GET", "/keys")
    before = len(session.client.history)
    found = session.fetch("/style")
    assert found is not None
    assert "theme=dark" in found.text
    assert session.fetch("/lost") is None
    assert len(session.client.history) == before


def test_what_belongs_to_a_page_may_be_behind_a_redirect(session: BrowserSession) -> None:
    found = session.fetch("/moved/302")
    assert found is not None
    assert found.text == "GET  None"
    assert session.fetch("/away") is None
    assert session.fetch("/around") is None
    assert list(session.client.history) == []
