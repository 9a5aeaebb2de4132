"""The kernel's end of a browser in a cell: what it answers to its front end, and what it does not let happen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbmicro import App, Response, request
from nbmicro.client.browser_session import BrowserSession
from nbmicro.client.client import Client
from nbmicro.notebook.browse.shared import shared_file
from nbmicro.notebook.browse.transport import CREDIT, PIECE, RUNNING_LIMIT, BrowserRequests
from nbmicro.web.ledger import start_run
from nbmicro.web.owners import Owner


class Front:
    """A front end that keeps what it is told, and reads pieces only where it is made to."""

    def __init__(self) -> None:
        self.messages: list[tuple[dict[str, Any], list[bytes]]] = []
        self.news = threading.Condition()

    def send(self, message: dict[str, Any], pieces: list[bytes]) -> None:
        with self.news:
            self.messages.append((message, pieces))
            self.news.notify_all()

    def until(self, wanted: Callable[[], Any]) -> Any:
        with self.news:
            assert self.news.wait_for(wanted, 60), self.messages
            return wanted()

    def kinds(self, name: str) -> list[str]:
        return [message["kind"] for message, _ in self.messages if message.get("id") == name]

    def of(self, name: str) -> tuple[dict[str, Any], bytes, dict[str, Any]]:
        """Head, body and end of an answer, once it has ended."""
        self.until(lambda: "end" in self.kinds(name))
        found = [(message, pieces) for message, pieces in self.messages if message.get("id") == name]
        head = next((message for message, _ in found if message["kind"] == "head"), {})
        return head, self.body(name), found[-1][0]

    def body(self, name: str) -> bytes:
        """What has come of a body."""
        return b"".join(piece for message, pieces in self.messages if message.get("id") == name for piece in pieces)


@pytest.fixture
def app() -> App:
    app = App("shop")

    @app.route("/hello", methods=["GET", "POST"])
    def hello() -> str:
        return f"Hello, {request.get_data(as_text=True)}!"

    return app


@pytest.fixture
def front() -> Front:
    return Front()


@pytest.fixture
def requests(app: App, front: Front) -> Iterator[BrowserRequests]:
    made = BrowserRequests(BrowserSession(Client(app)), front.send)
    yield made
    made.close()
    wait_until_none_runs(made)


def wait_until_none_runs(requests: BrowserRequests) -> None:
    """A thread comes to its end a moment after the end of its answer was told."""
    deadline = time.monotonic() + 30
    while requests.running:
        assert time.monotonic() < deadline
        time.sleep(0.01)  # between two looks at threads that end


def request_of(name: str, target: str = "/hello", **more: Any) -> dict[str, Any]:
    return {"kind": "request", "id": name, "method": "GET", "target": target, "headers": [], **more}


def test_a_request_is_answered_in_pieces(requests: BrowserRequests, front: Front) -> None:
    """A head, the body, an end; the exchange is noted."""
    for part in (b"A", b"da"):
        requests.take({"kind": "part", "id": "a"}, [memoryview(part)])
    requests.take(request_of("a", method="POST"))
    head, body, end = front.of("a")
    assert (head["status"], head["reason"], head["target"], body) == (200, "OK", "/hello", b"Hello, Ada!")
    assert end["failed"] is None
    assert [one.origin for one in requests.session.client.history] == ["browse"]


def test_what_is_said_of_a_failure_has_no_secret_of_its_request(front: Front) -> None:
    """Of an app without a page for its errors, and of a request that cannot be sent."""

    def raising(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise ValueError(f"bad {environ['QUERY_STRING']}, {environ['QUERY_STRING'].partition('=')[2]}")

    requests = BrowserRequests(BrowserSession(Client(raising, secret_names=["token"])), front.send)
    requests.take(request_of("a", "/?token=s3cr3t-value"))
    end = front.of("a")[2]
    assert end["failed"] == "ValueError: bad token=•••, •••"
    assert "s3cr3t-value" not in str(end)
    requests.take(request_of("b", "page?token=s3cr3t-value"))
    assert "`page?token=•••` is not a path" in front.of("b")[2]["failed"]
    requests.close()
    wait_until_none_runs(requests)


def test_an_error_and_a_refusal_are_told_beside_the_page(app: App, requests: BrowserRequests, front: Front) -> None:
    """The exception with its line; the nearest route. Set-Cookie stays in the kernel."""

    @app.route("/boom")
    def boom() -> None:
        raise ZeroDivisionError("no")

    @app.route("/key")
    def key() -> Response:
        return Response("x", headers={"Set-Cookie": "a=1; HttpOnly"})

    requests.take(request_of("a", "/boom"))
    assert "ZeroDivisionError: no" in front.of("a")[2]["error"]
    requests.take(request_of("b", "/helo"))
    assert "/hello" in front.of("b")[2]["hint"]
    requests.take(request_of("c", "/key"))
    assert "a=1" not in str(front.of("c"))
    assert requests.session.client.cookies["a"] == "1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "TRACE"},
        {"method": "GET /x HTTP/1.1"},
        {"headers": [["X-A", "1\r\nX-B: 2"]]},
        {"headers": [["", "1"]]},
        {"headers": 3},
        {"headers": [["only one"]]},
        {"target": "https://example.com/"},
        {"target": "no-slash"},
    ],
    ids=str,
)
def test_what_cannot_be_sent_is_refused(requests: BrowserRequests, front: Front, wrong: dict[str, Any]) -> None:
    """The front end hears why, and the app hears nothing."""
    requests.take(request_of("a", **wrong))
    assert front.of("a")[2]["failed"]
    assert list(requests.session.client.history) == []


def test_a_body_that_is_too_large_is_refused(requests: BrowserRequests, front: Front) -> None:
    """However many parts it comes in, no more than the limit is kept."""
    part = memoryview(bytes(8 * 1024 * 1024))
    for _ in range(8):
        requests.take({"kind": "part", "id": "a"}, [part])
    requests.take(request_of("a", method="POST"))
    assert "are the most" in front.of("a")[2]["failed"]


def test_what_is_no_message_is_passed_over(requests: BrowserRequests, front: Front) -> None:
    """Nothing is raised into the widget's machinery."""
    for message in (None, "x", [], {}, {"kind": "request"}, {"kind": "more", "id": "gone"}, {"kind": 3}):
        requests.take(message)
    requests.take(request_of("a"))
    assert front.of("a")[0]["status"] == 200
    assert {message["id"] for message, _ in front.messages} == {"a"}


def test_a_page_does_not_choose_its_host_or_cookies(app: App, requests: BrowserRequests, front: Front) -> None:
    """Headers that are the browser's own are not taken from a message."""

    @app.route("/seen")
    def seen() -> str:
        return f"{request.host} {request.headers.get('Cookie')} {request.headers.get('X-Own')}"

    requests.take(request_of("a", "/seen", headers=[["Host", "evil"], ["Cookie", "a=1"], ["X-Own", "yes"]]))
    assert front.of("a")[1] == b"localhost None yes"


def test_a_stream_waits_for_its_reader_and_ends_when_nobody_wants_it(
    app: App, requests: BrowserRequests, front: Front
) -> None:
    """No more than so many pieces are on their way; each that was read allows one more; cancelling ends the handler."""
    made: list[int] = []
    closed = threading.Event()

    @app.route("/events")
    def events() -> Response:
        def go() -> Iterator[str]:
            try:
                while True:
                    made.append(0)
                    yield "data: x\n\n"
            finally:
                closed.set()

        return Response(go(), mimetype="text/event-stream")

    requests.take(request_of("a", "/events"))
    most = CREDIT + 2 * PIECE // len("data: x\n\n")
    front.until(lambda: front.kinds("a").count("piece") == CREDIT)
    requests.take(request_of("b"))
    assert front.of("b")[0]["status"] == 200, "a stream that waits holds nobody up"
    assert front.kinds("a").count("piece") == CREDIT
    requests.take({"kind": "more", "id": "a"})
    front.until(lambda: front.kinds("a").count("piece") == CREDIT + 1)
    assert len(made) <= most
    requests.take({"kind": "cancel", "id": "a"})
    assert closed.wait(20)
    front.of("a")


def test_very_many_small_pieces_are_put_together(app: App, requests: BrowserRequests, front: Front) -> None:
    """Where the front end is slower than the app, what has come meanwhile is one message; not a byte is lost."""
    wanted = b"".join(b"%06d|" % number for number in range(100_000))
    made = [0]

    @app.route("/small")
    def small() -> Response:
        def go() -> Iterator[bytes]:
            for number in range(100_000):
                with front.news:
                    made[0] += 7
                    front.news.notify_all()
                yield b"%06d|" % number

        return Response(go(), mimetype="application/octet-stream")

    requests.take(request_of("a", "/small"))
    while "end" not in front.kinds("a"):
        # The app is ahead of it by as much as it may be.
        front.until(lambda: made[0] >= min(len(front.body("a")) + PIECE, len(wanted)))
        requests.take({"kind": "more", "id": "a"})
    assert front.of("a")[1] == wanted
    assert front.kinds("a").count("piece") <= CREDIT + len(wanted) // PIECE + 1


def test_no_piece_waits_for_the_next_one(app: App, requests: BrowserRequests, front: Front) -> None:
    """However quickly they came, all that a handler has said is there while it waits."""
    gate = threading.Event()

    @app.route("/quick")
    def quick() -> Response:
        def go() -> Iterator[str]:
            yield from ("x" for _ in range(500))
            gate.wait(20)
            yield "y"

        return Response(go(), mimetype="text/event-stream")

    requests.take(request_of("a", "/quick"))
    front.until(lambda: front.kinds("a").count("piece") == CREDIT)
    for _ in range(CREDIT):
        requests.take({"kind": "more", "id": "a"})
    front.until(lambda: front.body("a") == b"x" * 500)
    gate.set()
    assert front.of("a")[1] == b"x" * 500 + b"y"


def test_many_requests_at_once_take_turns(app: App, requests: BrowserRequests, front: Front) -> None:
    """All are answered, and taking them never waits; no more than so many run at a time."""
    gate = threading.Event()
    now, most = [0], [0]

    @app.route("/slow/<int:n>")
    def slow(n: int) -> str:
        with front.news:
            now[0] += 1
            most[0] = max(most[0], now[0])
            front.news.notify_all()
        gate.wait(20)
        with front.news:
            now[0] -= 1
        return str(n)

    for number in range(50):
        requests.take(request_of(str(number), f"/slow/{number}"))
    assert requests.running == RUNNING_LIMIT
    front.until(lambda: now[0] == RUNNING_LIMIT)
    gate.set()
    assert [front.of(str(number))[1] for number in range(50)] == [str(number).encode() for number in range(50)]
    assert most[0] == RUNNING_LIMIT


def test_too_many_requests_are_refused(app: App, requests: BrowserRequests, front: Front) -> None:
    """A page that asks without end is told so; what waited is answered."""
    gate = threading.Event()

    @app.route("/wait")
    def wait() -> str:
        gate.wait(20)
        return "x"

    for number in range(400):
        requests.take(request_of(str(number), "/wait"))
    assert "200 requests are waiting" in front.of("399")[2]["failed"]
    gate.set()
    assert front.of("0")[2]["failed"] is None
    assert front.of(str(RUNNING_LIMIT + 199))[2]["failed"] is None


def test_the_first_page_is_not_asked_for_twice(app: App, requests: BrowserRequests, front: Front) -> None:
    """What stands below the cell is what the front end gets first; the next time the app answers anew."""
    count = [0]

    @app.route("/count")
    def counted() -> str:
        count[0] += 1
        return str(count[0])

    exchange = requests.open("/count")
    assert exchange is not None
    assert exchange.text == "1"
    requests.take(request_of("a", "/count", navigation=True))
    assert front.of("a")[1] == b"1"
    requests.take(request_of("b", "/count", navigation=True))
    assert front.of("b")[1] == b"2"


def declare(app: App, cell: str, rule: str, text: str) -> None:
    """What running a cell with one route does."""
    run = start_run(Owner(("cell", cell), rule, "cell"))
    app.add_url_rule(rule, None, lambda: text)
    run.finish(success=True)


def test_a_page_is_told_of_changes_in_what_it_used(app: App, requests: BrowserRequests, front: Front) -> None:
    """Its own route, once; not another page's route; what was lacking, when it comes; a template; its file."""
    declare(app, "one", "/page", "first")
    declare(app, "two", "/other", "first")
    app.add_static_file("a.css", b"", "text/css")

    def load(page: str, *targets: str) -> None:
        for target in targets:
            name = f"{page} {target} {len(front.messages)}"
            requests.take(request_of(name, target, page=page, navigation=target == targets[0]))
            front.of(name)

    def told() -> list[str]:
        return [message["page"] for message, _ in front.messages if message["kind"] == "changed"]

    load("p", "/page", "/static/a.css")
    declare(app, "two", "/other", "second")
    assert told() == []
    declare(app, "one", "/page", "second")
    declare(app, "one", "/page", "third")
    assert told() == ["p"]
    load("p", "/page", "/static/a.css")
    app.add_static_file("b.css", b"", "text/css")
    assert told() == ["p"]
    app.add_static_file("a.css", b"x", "text/css")
    assert told() == ["p", "p"]
    load("q", "/new")
    declare(app, "three", "/new", "here")
    assert told() == ["p", "p", "q"]
    load("q", "/new")
    app.add_template("t.html", "x")
    assert told() == ["p", "p", "q", "q"]


def test_after_its_end_it_says_and_does_nothing(app: App, requests: BrowserRequests, front: Front) -> None:
    """A closed browser answers nothing, and watches nothing."""
    requests.take(request_of("a", page="p", navigation=True))
    front.of("a")
    requests.close()
    before = len(front.messages)
    requests.take(request_of("b"))
    app.add_template("t.html", "x")
    assert len(front.messages) == before
    wait_until_none_runs(requests)


def test_bodies_without_end_do_not_fill_the_kernel(
    app: App, requests: BrowserRequests, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page sends bodies that no handler reads yet: what is held stays bound, and the rest is refused."""
    monkeypatch.setattr("nbmicro.notebook.browse.transport.BODIES_LIMIT", 1000)
    gate = threading.Event()

    @app.route("/slow", methods=["POST"])
    def slow() -> str:
        gate.wait(60)
        return str(len(request.get_data()))

    names = [f"r{number}" for number in range(40)]
    for name in names:
        requests.take({"kind": "part", "id": name}, [b"x" * 90])
        requests.take(request_of(name, "/slow", method="POST"))
        assert requests.held <= 1000
    refused = [name for name in names if "end" in front.kinds(name)]
    assert len(refused) == 40 - 1000 // 90
    assert "on their way at once" in front.of(refused[0])[2]["failed"]
    gate.set()
    assert {front.of(name)[1] for name in names if name not in refused} == {b"90"}
    wait_until_none_runs(requests)
    assert requests.held == 0
    requests.take({"kind": "part", "id": "last"}, [b"x" * 900])
    requests.take(request_of("last", "/slow", method="POST"))
    assert front.of("last")[1] == b"900"


def test_a_file_of_swagger_comes_from_a_package_and_nothing_else_does(
    requests: BrowserRequests, front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "swagger_ui_bundle" / "vendor" / "swagger-ui-5.0"
    folder.mkdir(parents=True)
    (tmp_path / "swagger_ui_bundle" / "__init__.py").write_text("")
    (folder / "swagger-ui.css").write_text("a{}")
    (folder / "secret.css").write_text("b{}")
    monkeypatch.syspath_prepend(tmp_path)
    shared_file.cache_clear()
    requests.take({"kind": "shared", "id": "a", "name": "swagger-ui.css"})
    head, body, end = front.of("a")
    assert (head["headers"], body, end["failed"]) == ([["Content-Type", "text/css"]], b"a{}", None)
    for number, name in enumerate(("secret.css", "../__init__.py", "redoc.standalone.js")):
        requests.take({"kind": "shared", "id": f"n{number}", "name": name})
        assert front.of(f"n{number}")[2]["failed"] == "No package has it."
    shared_file.cache_clear()
