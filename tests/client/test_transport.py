"""An app is called in one place, and whoever calls it keeps to PEP 3333: it closes, is in time, and can be stopped."""

from __future__ import annotations

import ast
import gc
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from nbmicro.client.bench import WARM_UP, measure
from nbmicro.client.browser_session import BrowserSession
from nbmicro.client.client import Client
from nbmicro.client.recorder import Recorder
from nbmicro.errors import DeadlineExceeded
from nbmicro.exchange.exchange import History
from nbmicro.http.messages import RequestRecord
from start import ROOT


@dataclass
class Body:
    """What an app answers: its iterable, which notes each piece that is taken and each time that it is closed."""

    pieces: list[bytes] = field(default_factory=lambda: [b"some ", b"", b"text"])
    then: Callable[[], object] = lambda: None
    calls: int = 0
    closed: int = 0
    status: str = "200 OK"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Body:
        self.calls += 1
        print("printed by the app")
        logging.getLogger("app").warning("logged by the app")
        start_response(self.status, [("Content-Type", "text/plain")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        self.then()

    def close(self) -> None:
        self.closed += 1


def of_server(app: Any) -> bytes:
    """As a server reads what a recorded app answers."""
    sent: list[str] = []
    iterable = Recorder(app, History())(EnvironBuilder().get_environ(), lambda status, *rest: sent.append(status))
    try:
        return b"".join(iterable)
    finally:
        iterable.close()  # type: ignore[attr-defined]


def of_browser(app: Any, method: str = "GET") -> bytes:
    return BrowserSession(Client(app)).send(RequestRecord(method, "/"), timeout=0.3).read_body(10_000)[0]


def of_fetch(fetch: Callable[..., Any], **options: Any) -> bytes:
    response = fetch("/", **options)
    return b"" if response is None else bytes(response.body)


def of_bench(app: Any) -> bytes:
    latencies = measure(Client(app), RequestRecord("GET", "/"), 1, timeout=0.3)
    assert latencies.count == 1
    return b"some text" if latencies.statuses == {200: 1} else b""


CALLERS: dict[str, Callable[[Any], bytes]] = {
    "client": lambda app: Client(app).get("/", timeout=0.3).body,
    "client that follows": lambda app: Client(app).get("/", timeout=0.3, follow=True).body,
    "client that traces": lambda app: Client(app).get("/", timeout=0.3, trace=True).body,
    "fetch of a client": lambda app: of_fetch(Client(app).fetch, timeout=0.3),
    "browser session": of_browser,
    "fetch of a browser session": lambda app: of_fetch(BrowserSession(Client(app)).fetch),
    "bench": of_bench,
    "server": of_server,
}
#: Those that give back what came before the app failed, or pass its exception on, rather than nothing.
KEEP_THE_START = {"client", "client that follows", "client that traces"}
PASS_ON = {"browser session", "server"}
every_caller = pytest.mark.parametrize("name", CALLERS)


@every_caller
def test_a_response_is_read_to_its_end_and_closed_once(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    app = Body()
    assert CALLERS[name](app) == b"some text"
    assert app.closed == app.calls
    assert app.calls == (1 + WARM_UP if name == "bench" else 1)
    assert capsys.readouterr() == ("", "")


@every_caller
def test_a_body_may_be_empty(name: str) -> None:
    app = Body([])
    assert CALLERS[name](app) == (b"some text" if name == "bench" else b"")
    assert app.closed == app.calls > 0


@every_caller
def test_an_app_may_answer_a_list(name: str) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"some ", b"text"]

    assert CALLERS[name](app) == b"some text"


@every_caller
def test_what_an_iterator_raises_ends_the_call_and_closes_it(name: str) -> None:
    def fail() -> None:
        raise LookupError("in the middle")

    app = Body(then=fail)
    if name in PASS_ON:
        with pytest.raises(LookupError, match="in the middle"):
            CALLERS[name](app)
    else:
        assert CALLERS[name](app) == (b"some text" if name in KEEP_THE_START else b"")
    assert app.closed == app.calls > 0


@every_caller
def test_an_interrupt_passes_through_and_closes_the_app(name: str) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    app = Body(then=interrupt)
    with pytest.raises(KeyboardInterrupt):
        CALLERS[name](app)
    assert app.closed == app.calls == 1


# A server's worker thread has all the time that a handler takes.
@pytest.mark.parametrize("name", sorted(CALLERS.keys() - {"server"}))
def test_an_app_that_does_not_begin_to_answer_in_time_is_stopped(name: str) -> None:
    stopped: list[float] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        begin = time.monotonic()
        try:
            time.sleep(60)
        finally:
            stopped.append(time.monotonic() - begin)
        return []

    if name in PASS_ON:
        with pytest.raises(DeadlineExceeded):
            CALLERS[name](app)
    elif name == "bench":
        assert measure(Client(app), RequestRecord("GET", "/"), 1, timeout=0.1).failures == {"DeadlineExceeded": 1}
    else:
        assert CALLERS[name](app) == b""
    assert stopped
    assert max(stopped) < 30


# A browser shows a stream for as long as it lasts.
@pytest.mark.parametrize("name", sorted(CALLERS.keys() - {"server", "browser session"}))
def test_a_stream_that_does_not_end_in_time_is_closed(name: str) -> None:
    app = Body(then=lambda: time.sleep(60))
    begin = time.monotonic()
    assert CALLERS[name](app) == (b"some text" if name in KEEP_THE_START else b"")
    assert app.closed == app.calls > 0
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize("name", sorted(CALLERS.keys() - {"bench", "server"}))
def test_what_an_app_does_against_the_protocol_is_an_error_of_the_app(name: str) -> None:
    """A body before start_response, and no start_response at all: the exchange says so, nothing else breaks."""

    def silent(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return []

    assert CALLERS[name](silent) == b""


def test_a_request_leaves_nothing_to_the_garbage_collector() -> None:
    """What it made is freed when it ends; else each request would pay for the collector's rounds."""
    client = Client(Body())
    client.get("/")
    gc.collect()
    gc.disable()
    try:
        client.get("/")
        client.history.clear()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_only_the_transport_has_a_start_response_of_its_own() -> None:
    """Whoever else calls an app hands on what a server gave it."""
    callers = set()
    for file in sorted((ROOT / "nbmicro").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or len(node.args) != 2:
                continue
            environ, start = (ast.unparse(one) for one in node.args)
            if environ.split(".")[-1] == "environ" and "start" in start and start != "start_response":
                callers.add(str(file.relative_to(ROOT / "nbmicro")))
    # The host check rewrites a Location on its way; the list of routes stands in the place of a 404.
    assert callers == {"client/transport.py", "notebook/first_page.py", "server/host_check.py"}
