"""The client asks an app in its own thread, as a browser on the same machine would."""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time, sleep
from typing import Any

import flask
import pytest

import nbmicro
from nbmicro.client.client import Client
from nbmicro.errors import EndlessRequests, RequestError
from nbmicro.exchange.exchange import Exchange, History
from nbmicro.render.exchange import list_exchanges
from tests.support.apps import answering, calling


@pytest.fixture
def app() -> nbmicro.App:
    app = nbmicro.App("shop")
    app.secret_key = "a key of the tests"

    @app.get("/visits")
    def visits() -> dict[str, int]:
        nbmicro.session["n"] = nbmicro.session.get("n", 0) + 1
        return {"n": nbmicro.session["n"]}

    @app.route("/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def echo() -> dict[str, Any]:
        request = nbmicro.request
        return {
            "method": request.method,
            "args": request.args.to_dict(flat=False),
            "form": request.form.to_dict(),
            "json": request.get_json(silent=True),
            "file": {name: file.read().decode() for name, file in request.files.items()},
            "auth": request.authorization.username if request.authorization else None,
            "url": request.url,
            "addr": request.remote_addr,
        }

    @app.route("/to/<int:code>", methods=["GET", "POST"])
    def to(code: int) -> Any:
        return nbmicro.redirect("/echo?came=1", code)

    @app.get("/round")
    def round_() -> Any:
        return nbmicro.redirect("/round")

    @app.get("/away")
    def away() -> Any:
        return nbmicro.redirect("https://example.com/x")

    return app


@pytest.fixture
def client(app: nbmicro.App) -> Client:
    return Client(app)


def test_every_part_of_a_request_arrives(client: Client) -> None:
    got = client.post("/echo?a=1", query={"b": "é"}, json={"x": [1]}, auth="ada:pw").json
    assert got == {
        "method": "POST",
        "args": {"a": ["1"], "b": ["é"]},
        "form": {},
        "json": {"x": [1]},
        "file": {},
        "auth": "ada",
        "url": "http://localhost/echo?a=1&b=é",
        "addr": "127.0.0.1",
    }


def test_a_form_and_a_file_arrive(client: Client) -> None:
    got = client.post("/echo", data={"name": "Ada"}, files={"photo": ("a.txt", "hello")}).json
    assert (got["form"], got["file"]) == ({"name": "Ada"}, {"photo": "hello"})


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_every_method_has_a_name_of_its_own(client: Client, method: str) -> None:
    assert getattr(client, method)("/echo").json["method"] == method.upper()


def test_head_has_no_body_and_options_names_the_methods(client: Client) -> None:
    head = client.head("/visits")
    assert (head.status, head.body, head.headers.get("Content-Length")) == (200, b"", "8")
    assert "GET" in client.options("/visits").headers["Allow"]


def test_a_path_that_is_not_ascii_arrives_as_it_was_written() -> None:
    client = Client(calling(lambda environ: environ["PATH_INFO"].encode("latin-1").decode()))
    assert client.get("/Zoë/ß").text == "/Zoë/ß"


def test_a_header_that_is_not_latin_1_arrives_as_utf_8() -> None:
    client = Client(calling(lambda environ: environ["HTTP_X_NAME"].encode("latin-1")))
    assert client.get("/", headers={"X-Name": "日本"}).text == "日本"


def test_cookies_last_from_request_to_request_until_a_reset(client: Client) -> None:
    assert [client.get("/visits").json["n"] for _ in range(3)] == [1, 2, 3]
    assert list(client.cookies) == ["session"]
    client.reset()
    assert client.get("/visits").json["n"] == 1


def test_the_exchange_has_the_request_as_it_was_sent(client: Client) -> None:
    client.get("/visits")
    second = client.get("/visits")
    assert second.request.headers["Cookie"].startswith("session=")
    assert second.request.target == "/visits"


def test_a_redirect_is_followed_only_on_request(client: Client) -> None:
    assert client.get("/to/302").status == 302
    followed = client.get("/to/302", follow=True)
    assert (followed.status, followed.json["args"]) == (200, {"came": ["1"]})
    assert [hop.status for hop in followed.history] == [302]


@pytest.mark.parametrize(("code", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_a_post_stays_a_post_over_307_and_308_alone(client: Client, code: int, method: str) -> None:
    followed = client.post(f"/to/{code}", json={"a": 1}, follow=True)
    assert (followed.json["method"], followed.json["json"]) == (method, {"a": 1} if method == "POST" else None)


def test_a_circle_of_redirects_ends_and_says_so(client: Client) -> None:
    exchange = client.get("/round", follow=True)
    assert (len(exchange.history), exchange.status) == (20, 302)
    assert exchange.notes[0].startswith(
        "Redirected without end: /round → /round → …; after 20 redirects it stops here. "
    )
    assert exchange.notes[0].endswith("  %http /round")


def test_a_circle_of_redirects_is_shown_short_and_at_once(client: Client) -> None:
    """Each step knows itself alone; were those before it kept in each, what is drawn would double with every step."""
    exchange = client.get("/round", follow=True)
    assert [hop.history for hop in exchange.history] == [()] * 20
    begin = process_time()
    shown = exchange.mime_bundle()
    listed = list_exchanges(list(client.history), 1)
    assert process_time() - begin < 5
    assert shown["text/plain"].splitlines()[:5] == [
        *["GET /round → 302 FOUND · text/html"] * 3,
        "… 17 more redirects",
        "GET /round → 302 FOUND · text/html",
    ]
    assert "… 17 more redirects" in shown["text/html"]
    assert listed["text/plain"] == "1  GET  /round  302"


def test_redirects_have_one_deadline_for_all_of_them() -> None:
    """However quick each step is; the error tells the way, and the next step."""
    app = nbmicro.App("slow", static_folder=None)

    @app.post("/slow")
    def slow() -> Any:
        sleep(0.15)
        return nbmicro.redirect("/slow", 307)

    # Twenty of them would take 3 s.
    exchange = Client(app).post("/slow", follow=True, timeout=1.5)
    assert exchange.error is not None
    assert exchange.error.message == (
        "POST /slow was redirected, /slow → /slow → …, and had no answer within 1.5 s for all of it; it was stopped."
    )
    assert "  %http POST /slow" in str(exchange.error.hint)


def test_an_interrupt_says_that_there_were_redirects() -> None:
    app = nbmicro.App("stopped", static_folder=None)
    app.add_url_rule("/", "index", lambda: nbmicro.redirect("/next"))

    @app.get("/next")
    def following() -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        Client(app).get("/", follow=True)
    assert stopped.value.__notes__ == ["It had been redirected: / → /next"]


def test_a_redirect_to_another_site_is_not_followed(client: Client) -> None:
    exchange = client.get("/away", follow=True)
    assert exchange.status == 302
    assert exchange.notes == ("It leads away from this app, to https://example.com/x; not followed.",)


def test_a_replay_sends_the_same_request_to_the_app_as_it_is_now() -> None:
    apps = [answering("old"), answering("new")]
    client = Client(lambda: apps[0])
    first = client.post("/x?y=1", json={"a": 1})
    del apps[0]
    again = first.replay()
    assert (first.text, again.text, again.request) == ("old", "new", first.request)


def test_an_exchange_that_nobody_sent_cannot_be_replayed() -> None:
    made = Exchange(Client(answering()).get("/").request, Client(answering()).get("/").response)
    with pytest.raises(RequestError, match="not sent by a client"):
        made.replay()


def test_the_host_is_shown_an_exchange_when_it_is_sent_unless_it_is_quiet() -> None:
    seen: list[Exchange] = []
    client = Client(answering("x"), on_exchange=seen.append)
    loud = client.get("/1")
    client.get("/2", announce=False)
    assert seen == [loud]
    assert len(client.history) == 2


def test_the_history_keeps_the_last_hundred_oldest_first() -> None:
    client = Client(answering("x"))
    for number in range(130):
        client.get(f"/{number}")
    assert len(client.history) == 100
    assert [client.history[0].request.target, client.history[-1].request.target] == ["/30", "/129"]


def test_an_exchange_in_the_history_can_be_replaced_by_itself_with_checks() -> None:
    history = History()
    client = Client(answering("x"), history=history)
    first, second = client.get("/1"), client.get("/2")
    history.replace(first, first.with_checks([], name="one"))
    assert ([one.name for one in history], history[1] is second) == (["one", None], True)


def test_a_foreign_wsgi_app_is_asked_like_ones_own() -> None:
    app = flask.Flask("foreign")
    app.add_url_rule("/hello/<name>", view_func=lambda name: f"Hello, {name}!")
    exchange = Client(app).get("/hello/Ada")
    assert (exchange.text, exchange.endpoint) == ("Hello, Ada!", None)


def test_an_app_that_writes_instead_of_returning_is_read(client: Client) -> None:
    def old(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(b"first ")
        return [b"second"]

    assert Client(old).get("/").text == "first second"


@pytest.mark.parametrize(
    ("app", "said"),
    [
        (lambda environ, start_response: [b"x"], "before it called start_response"),
        (lambda environ, start_response: [], "without calling start_response"),
    ],
)
def test_an_app_that_breaks_the_protocol_is_an_error_and_no_hang(app: Any, said: str) -> None:
    exchange = Client(app).get("/")
    assert exchange.status == 500
    assert exchange.error is not None
    assert said in exchange.error.message


def test_the_app_hears_that_its_request_is_recorded() -> None:
    assert Client(calling(lambda environ: str(environ["nbmicro.recorded"]))).get("/").text == "True"


def test_json_of_a_body_that_is_none_says_so() -> None:
    exchange = Client(answering("{oops", media_type="application/json")).get("/")
    with pytest.raises(RequestError, match="says it is JSON, but its body is not"):
        _ = exchange.json
    assert Client(answering("{}")).get("/").json is None


def test_an_exchange_reads_like_its_response(client: Client) -> None:
    exchange = client.get("/visits")
    assert exchange.response.json == exchange.json == {"n": 1}
    assert (exchange.status, exchange.ok, exchange.text) == (200, True, exchange.body.decode())
    assert list(exchange.cookies) == ["session"]
    assert repr(exchange) == "<GET /visits → 200 OK>"


def test_a_handler_that_asks_for_itself_is_stopped_at_a_small_depth() -> None:
    """One exchange tells it, the outermost, with the handler's line; nothing of it is shown again and again."""
    app = nbmicro.App("shop")
    shown: list[Exchange] = []
    client = Client(app, on_exchange=shown.append)
    asked = []

    @app.get("/again")
    def again() -> str:
        asked.append(1)
        return client.get("/again").text

    @app.get("/deep/<int:n>")
    def deep(n: int) -> str:
        return client.get(f"/deep/{n - 1}").text + "." if n else "end"

    exchange = client.get("/again")
    assert exchange.status == 500
    assert isinstance(exchange.exception, EndlessRequests)
    assert "5 requests stand inside one another" in str(exchange.exception)
    assert exchange.error is not None
    assert [frame.function for frame in exchange.error.frames] == ["again"]
    assert (len(asked), shown) == (5, [exchange])
    assert client.get("/deep/4").text == "end...."
    assert client.get("/deep/4").text == "end...."


@pytest.mark.parametrize("status", ["201 CREATED", "204 NO CONTENT", "304 NOT MODIFIED", "404 NOT FOUND", "500 X"])
def test_what_belongs_to_a_page_is_none_unless_it_came_with_200(status: str) -> None:
    lost, found = answering("body{}", status), answering("body{}")
    client = Client(lambda environ, start: (lost if environ["PATH_INFO"] == "/lost" else found)(environ, start))
    assert client.fetch("/lost") is None
    sheet = client.fetch("/style.css")
    assert sheet is not None
    assert sheet.text == "body{}"
    assert len(client.history) == 0


def test_what_belongs_to_a_page_is_none_where_the_app_fails_or_breaks_off() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        if environ["PATH_INFO"] == "/fails":
            raise ValueError("no")
        start_response("200 OK", [("Content-Type", "text/css")])
        yield b"body{"
        raise ValueError("broke off")

    assert [Client(app).fetch(path) for path in ("/fails", "/breaks", "no path")] == [None, None, None]
