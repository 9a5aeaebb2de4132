"""What a handler sees of a request, and what its reply becomes, in Flask's shape."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment as JinjaEnvironment
from werkzeug.datastructures import Headers
from werkzeug.exceptions import Aborter, BadRequestKeyError, Conflict, HTTPException, NotFound
from werkzeug.routing import Map, MapAdapter, Rule
from werkzeug.wrappers import Response as WerkzeugResponse

from nbmicro import (
    App,
    Blueprint,
    Config,
    Request,
    Response,
    abort,
    after_this_request,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    request,
    send_file,
    send_from_directory,
    session,
)
from nbmicro.web.environment import Environment
from nbmicro.web.handler_errors import DebugFilesKeyError, FormDataRoutingRedirect
from nbmicro.web.json.provider import DefaultJSONProvider
from nbmicro.web.sessions import SecureCookieSession, SecureCookieSessionInterface
from nbmicro.web.testing import CliRunner, TestClient

MakeApp = Callable[..., App]


def answering(app: App, reply: Callable[[], Any], **options: Any) -> TestClient:
    """A client of ``app`` with one route, ``/``, that gives ``reply()``."""
    app.add_url_rule("/", "index", reply, **options)
    return app.test_client()


# == request: the parts of a request by name


def test_a_request_has_its_parts_by_name(app: App) -> None:
    """Query, URL, client and route are attributes of ``request``."""
    seen: dict[str, Any] = {}
    bp = Blueprint("shop", __name__, url_prefix="/shop")

    @bp.get("/item/<int:n>")
    def item(n: int) -> str:
        names = "method path full_path url base_url host remote_addr is_secure referrer endpoint view_args blueprint"
        seen.update({name: getattr(request, name) for name in names.split()})
        seen.update(
            args=request.args.to_dict(flat=False),
            values=request.values["q"],
            cookie=request.cookies["c"],
            agent=request.user_agent.string,
            rule=request.url_rule.rule,
            blueprints=request.blueprints,
            header=request.headers["X-Y"],
            failure=request.routing_exception,
        )
        return ""

    app.register_blueprint(bp)
    app.test_client(use_cookies=False).get(
        "/shop/item/3?q=a&q=b",
        base_url="https://shop.example",
        headers={"X-Y": "z", "Referer": "http://from.example/", "User-Agent": "tester", "Cookie": "c=1"},
    )
    assert seen == {
        "method": "GET",
        "path": "/shop/item/3",
        "full_path": "/shop/item/3?q=a&q=b",
        "url": "https://shop.example/shop/item/3?q=a&q=b",
        "base_url": "https://shop.example/shop/item/3",
        "host": "shop.example",
        "remote_addr": "127.0.0.1",
        "is_secure": True,
        "referrer": "http://from.example/",
        "endpoint": "shop.item",
        "view_args": {"n": 3},
        "blueprint": "shop",
        "args": {"q": ["a", "b"]},
        "values": "a",
        "cookie": "1",
        "agent": "tester",
        "rule": "/shop/item/<int:n>",
        "blueprints": ["shop"],
        "header": "z",
        "failure": None,
    }


def test_bodies_are_read_by_their_kind(app: App) -> None:
    """Forms, files, JSON and plain data."""
    got: list[Any] = []
    app.post("/form", endpoint="form")(
        lambda: got.append((request.form["a"], request.files["f"].read(), request.values["a"])) or ""
    )
    app.post("/json", endpoint="json")(lambda: got.append(request.json) or "")
    app.post("/data", endpoint="data")(lambda: got.append(request.data) or "")
    client = app.test_client()
    client.post("/form", data={"a": "1", "f": (io.BytesIO(b"file"), "f.txt")})
    client.post("/json", json={"x": [1]})
    client.post("/data", data=b"raw", content_type="application/octet-stream")
    assert got == [("1", b"file", "1"), {"x": [1]}, b"raw"]


@pytest.mark.parametrize("debug", [False, True])
def test_a_missing_key_is_a_400_that_names_it_in_debug_only(app: App, debug: bool) -> None:
    """BadRequestKeyError; its page tells the key to developers alone."""
    app.debug = debug
    app.config["TRAP_BAD_REQUEST_ERRORS"] = False
    client = answering(app, lambda: request.args["secret_key_name"])
    response = client.get("/")
    assert response.status_code == 400
    assert ("secret_key_name" in response.text) is debug


def test_a_missing_key_is_a_bad_request_key_error(app: App) -> None:
    """A handler for it gets the error, and the key."""
    client = answering(app, lambda: request.form["a"])
    app.register_error_handler(BadRequestKeyError, lambda error: f"missing {error.args[0]}")
    assert client.get("/").text == "missing a"


def test_a_404_has_no_view_args(app: App) -> None:
    """Nothing matched: endpoint, rule and values are None, and the reason is at hand."""
    seen: list[Any] = []

    @app.errorhandler(404)
    def missing(error: NotFound) -> str:
        seen.append((request.view_args, request.endpoint, request.url_rule, request.blueprint, request.blueprints))
        assert request.routing_exception is error
        return "gone"

    assert app.test_client().get("/missing").text == "gone"
    assert seen == [(None, None, None, None, [])]


# == JSON in: a body read as JSON, or the status that says why not


@pytest.mark.parametrize("debug", [False, True])
def test_bad_json_is_a_400_and_another_type_a_415(app: App, debug: bool) -> None:
    """Why the JSON is bad is told in debug mode only."""
    app.debug = debug
    client = answering(app, lambda: {"got": request.get_json()}, methods=["POST"])
    assert client.post("/", data="{}", content_type="text/plain").status_code == 415
    assert client.post("/", data="{}", content_type="application/json").json == {"got": {}}
    assert client.post("/", data="[]", content_type="application/vnd.api+json").json == {"got": []}
    bad = client.post("/", data="{oh", content_type="application/json")
    assert bad.status_code == 400
    assert ("Expecting property name" in bad.text) is debug


def test_json_may_be_read_whatever_the_type_and_without_errors(app: App) -> None:
    """``force``, ``silent`` and ``is_json``."""
    seen: list[Any] = []

    def read() -> str:
        seen.append((request.is_json, request.get_json(silent=True), request.get_json(force=True, silent=True)))
        return ""

    client = answering(app, read, methods=["POST"])
    client.post("/", data="[1]", content_type="text/plain")
    client.post("/", data="{oh", content_type="application/json")
    client.post("/", json=[2])
    assert seen == [(False, None, [1]), (True, None, None), (True, [2], [2])]


def test_json_is_parsed_once_unless_told_otherwise(app: App) -> None:
    """The same object again; ``cache=False`` reads the body anew."""
    seen: list[bool] = []

    def read() -> str:
        first = request.get_json()
        seen.append(first is request.get_json() is request.json)
        seen.append(first is request.get_json(cache=False))
        return ""

    answering(app, read, methods=["POST"]).post("/", json={"a": 1})
    assert seen == [True, False]


# == limits: how much a request may bring


def test_a_body_above_the_limit_is_a_413_when_it_is_read(app: App) -> None:
    """MAX_CONTENT_LENGTH; who does not read does not mind."""
    app.config["MAX_CONTENT_LENGTH"] = 10
    app.post("/read", endpoint="read")(lambda: str(len(request.get_data())))
    app.post("/ignore", endpoint="ignore")(lambda: "ignored")
    client = app.test_client()
    assert client.post("/read", data=b"x" * 10).text == "10"
    assert client.post("/read", data=b"x" * 11).status_code == 413
    assert client.post("/ignore", data=b"x" * 11).text == "ignored"


def test_forms_have_limits_of_their_own(app: App) -> None:
    """MAX_FORM_MEMORY_SIZE per field and MAX_FORM_PARTS, 413 above them."""
    app.config.update(MAX_FORM_MEMORY_SIZE=500, MAX_FORM_PARTS=3)
    client = answering(app, lambda: str(len(request.form)), methods=["POST"])
    file = (io.BytesIO(b"f"), "f")
    assert client.post("/", data={"a": "x" * 50, "f": file}).status_code == 200
    assert client.post("/", data={"a": "x" * 5000, "f": (io.BytesIO(b"f"), "f")}).status_code == 413
    assert client.post("/", data={**dict.fromkeys("abcd", "1"), "f": (io.BytesIO(b"f"), "f")}).status_code == 413


def test_the_defaults_of_the_limits(app: App) -> None:
    """No limit on bodies, 500,000 bytes for a field, 1,000 parts."""
    with app.test_request_context():
        assert (request.max_content_length, request.max_form_memory_size, request.max_form_parts) == (
            None,
            500_000,
            1_000,
        )
    outside = Request({})
    assert (outside.max_content_length, outside.max_form_memory_size, outside.max_form_parts) == (None, 500_000, 1_000)


def test_limits_can_be_set_for_one_request(app: App) -> None:
    """As an attribute of the request, before the body is read."""
    app.config["MAX_CONTENT_LENGTH"] = 5

    def read() -> str:
        request.max_content_length = 100
        request.max_form_memory_size = None
        return str(len(request.get_data()))

    assert answering(app, read, methods=["POST"]).post("/", data=b"x" * 50).text == "50"


# == debug aids: what was probably forgotten


def test_a_form_without_its_enctype_is_explained_in_debug_mode(app: App) -> None:
    """DebugFilesKeyError says so; otherwise it is a plain 400."""
    client = answering(app, lambda: request.files["f"].filename, methods=["POST"])
    assert client.post("/", data={"f": "a.txt"}).status_code == 400
    app.debug = True
    with pytest.raises(DebugFilesKeyError, match="multipart/form-data"):
        client.post("/", data={"f": "a.txt"})


def test_a_form_lost_in_a_redirect_is_explained_in_debug_mode(make_app: MakeApp) -> None:
    """FormDataRoutingRedirect, where the redirect is none that keeps the body (here 301 instead of 308)."""
    app = make_app()
    app.debug = True
    app.add_url_rule("/user/", "user", lambda: "", methods=["GET", "POST"])

    @app.before_request
    def send_away() -> None:
        if request.routing_exception is not None and "301" in request.args:
            request.routing_exception.code = 301

    client = app.test_client()
    assert client.post("/user").status_code == 308
    with pytest.raises(FormDataRoutingRedirect, match="/user/"):
        client.post("/user?301", data={"a": "1"})
    assert client.get("/user?301").status_code == 301


@pytest.mark.parametrize("setting", [None, True, False])
def test_bad_requests_can_be_raised_instead_of_answered(app: App, setting: bool | None) -> None:
    """TRAP_BAD_REQUEST_ERRORS; by default missing keys are raised in debug mode."""
    app.testing = True
    app.config["TRAP_BAD_REQUEST_ERRORS"] = setting
    app.add_url_rule("/key", "key", lambda: request.form["missing_key"])
    app.add_url_rule("/abort", "stop", lambda: abort(400))
    client = app.test_client()
    if setting:
        with pytest.raises(KeyError, match="missing_key"):
            client.get("/key")
    else:
        assert client.get("/key").status_code == 400
    if not setting:
        assert client.get("/abort").status_code == 400
    app.debug = True
    if setting is False:
        assert "missing_key" in client.get("/key").text
    else:
        with pytest.raises(KeyError, match="missing_key"):
            client.get("/key")


# == return values: what may be returned, and what it becomes


def stream() -> Iterator[str]:
    yield "a"
    yield "b"


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("418 TEAPOT", [("X-Wsgi", "yes"), ("Content-Type", "text/plain")])
    return [b"wsgi"]


REPLIES: list[tuple[Callable[[], Any], int, bytes, dict[str, str]]] = [
    (lambda: "ü", 200, "ü".encode(), {"Content-Type": "text/html; charset=utf-8"}),
    (lambda: b"b", 200, b"b", {"Content-Type": "text/html; charset=utf-8"}),
    (lambda: bytearray(b"c"), 200, b"c", {"Content-Type": "text/html; charset=utf-8"}),
    (lambda: {"a": 1}, 200, b'{"a":1}\n', {"Content-Type": "application/json"}),
    (lambda: [1, 2], 200, b"[1,2]\n", {"Content-Type": "application/json"}),
    (stream, 200, b"ab", {"Content-Type": "text/html; charset=utf-8"}),
    (lambda: iter([b"x", b"y"]), 200, b"xy", {"Content-Type": "text/html; charset=utf-8"}),
    (lambda: Response("r", 202), 202, b"r", {}),
    (lambda: WerkzeugResponse("w", 203), 203, b"w", {"Content-Type": "text/plain; charset=utf-8"}),
    (lambda: wsgi, 418, b"wsgi", {"X-Wsgi": "yes"}),
    (lambda: Conflict("c"), 409, Conflict("c").get_body().encode(), {}),
    (lambda: ("t", 201), 201, b"t", {}),
    (lambda: ("t", "418 I am short"), 418, b"t", {}),
    (lambda: ("t", {"X": "y"}), 200, b"t", {"X": "y"}),
    (lambda: ("t", [("X", "y")]), 200, b"t", {"X": "y"}),
    (lambda: ("t", Headers([("X", "y")])), 200, b"t", {"X": "y"}),
    (lambda: ("t", 201, {"X": "y"}), 201, b"t", {"X": "y"}),
    (lambda: ({"a": 1}, 201), 201, b'{"a":1}\n', {"Content-Type": "application/json"}),
    (lambda: ("t", {"Content-Type": "text/plain"}), 200, b"t", {"Content-Type": "text/plain"}),
    (lambda: (Response("r", 202), 203), 203, b"r", {}),
    (lambda: (WerkzeugResponse("r"), 404, {"X": "y"}), 404, b"r", {"X": "y"}),
    (lambda: ("", 204), 204, b"", {}),
]


@pytest.mark.parametrize("number", range(len(REPLIES)))
def test_every_kind_of_reply_becomes_a_response(app: App, number: int) -> None:
    """Body, status and headers as Flask's."""
    reply, status, body, headers = REPLIES[number]
    response = answering(app, reply).get("/")
    assert (response.status_code, response.data) == (status, body)
    assert {name: response.headers[name] for name in headers} == headers


def test_headers_of_a_tuple_replace_those_of_the_response(app: App) -> None:
    """Of the same name; a list may repeat one."""
    app.add_url_rule("/", "index", lambda: (Response("r", headers={"X": "old", "Y": "old"}), {"X": "new"}))
    app.add_url_rule("/two", "two", lambda: ("r", [("X", "1"), ("X", "2")]))
    client = app.test_client()
    assert client.get("/").headers.getlist("X") == ["new"]
    assert client.get("/").headers["Y"] == "old"
    assert client.get("/two").headers.getlist("X") == ["1", "2"]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (None, "None"),
        ((None, 200), "None"),
        (("",), "tuple"),
        (("", 200, {}, 1), "tuple"),
        (True, "bool"),
        (7, "int"),
        ({1}, "set"),
        (object(), "object"),
    ],
)
def test_what_is_no_reply_is_a_type_error_that_names_the_handler(app: App, reply: Any, said: str) -> None:
    """It says the endpoint and what was returned."""
    app.testing = True
    client = answering(app, lambda: reply)
    with pytest.raises(TypeError, match=said) as caught:
        client.get("/")
    if not isinstance(reply, tuple) or reply[0] is None:
        assert "index" in str(caught.value) or "callable" in str(caught.value)


# == helpers: responses by hand, redirects, errors


def test_make_response_is_what_a_return_would_become(app: App) -> None:
    """Without arguments it is empty; several are a tuple."""
    with app.test_request_context():
        empty = make_response()
        assert (empty.status_code, empty.data, empty.mimetype) == (200, b"", "text/html")
        made = make_response("body", 202, {"X": "y"})
        assert (made.status_code, made.data, made.headers["X"]) == (202, b"body", "y")
        assert make_response({"a": 1}).json == {"a": 1}
        assert isinstance(make_response(WerkzeugResponse("x")), Response)


def test_a_redirect_keeps_its_location(app: App) -> None:
    """Relative it stays relative; 302 unless said; ``app.redirect`` may be overridden."""
    app.add_url_rule("/away", "away", lambda: redirect("/there"))
    app.add_url_rule("/moved", "moved", lambda: redirect("https://else.example/x", 301))
    client = app.test_client()
    assert (client.get("/away").status_code, client.get("/away").headers["Location"]) == (302, "/there")
    moved = client.get("/moved")
    assert (moved.status_code, moved.headers["Location"]) == (301, "https://else.example/x")

    class MyApp(App):
        def redirect(self, location: str, code: int = 302) -> Any:
            return super().redirect(f"/prefix{location}", code)

    with MyApp("x").app_context():
        assert redirect("/a").headers["Location"] == "/prefix/a"


def test_abort_ends_the_request(app: App) -> None:
    """With a status and a description, or with a response; ``app.aborter.mapping`` has the errors."""

    class Teapot(HTTPException):
        code = 799
        description = "short and stout"

    app.aborter.mapping[799] = Teapot
    app.add_url_rule("/409", "a", lambda: abort(409, "taken"))
    app.add_url_rule("/799", "b", lambda: abort(799))
    app.add_url_rule("/response", "c", lambda: abort(Response("done", 201)))
    app.add_url_rule("/description", "d", lambda: abort(404, description="nothing here"))
    client = app.test_client()
    assert client.get("/409").status_code == 409
    assert "taken" in client.get("/409").text
    assert (client.get("/799").status_code, "stout" in client.get("/799").text) == (799, True)
    assert (client.get("/response").status_code, client.get("/response").text) == (201, "done")
    assert "nothing here" in client.get("/description").text


def test_redirect_and_abort_do_without_an_app() -> None:
    """As in a plain function that a test calls."""
    assert redirect("/x").headers["Location"] == "/x"
    with pytest.raises(NotFound):
        abort(404)
    with pytest.raises(LookupError):
        abort(799)


def test_after_this_request_is_for_one_response(app: App) -> None:
    """It runs once, and may replace the response."""

    def index() -> str:
        if "first" in request.args:

            @after_this_request
            def mark(response: Response) -> Response:
                response.headers["X-Mark"] = "yes"
                return response

            after_this_request(lambda response: make_response(response.data + b"!", response.headers))
        return "hello"

    client = answering(app, index)
    marked = client.get("/?first")
    assert (marked.text, marked.headers["X-Mark"]) == ("hello!", "yes")
    plain = client.get("/")
    assert (plain.text, "X-Mark" in plain.headers) == ("hello", False)


def test_after_this_request_needs_a_request() -> None:
    """RuntimeError outside of one."""
    with pytest.raises(RuntimeError, match="request context"):
        after_this_request(lambda response: response)


def test_jsonify_makes_a_json_response(app: App) -> None:
    """Of one argument, several, or keywords."""
    with app.app_context():
        assert jsonify(1).json == 1
        assert jsonify(1, 2).json == [1, 2]
        assert jsonify(a=1).json == {"a": 1}
        assert jsonify().json is None
        assert jsonify([]).mimetype == "application/json"


def test_a_cookie_too_large_for_browsers_warns(app: App) -> None:
    """Above MAX_COOKIE_SIZE (4093); 0 turns it off."""

    def index() -> Response:
        response = make_response("")
        response.set_cookie("c", "x" * 5000)
        return response

    client = answering(app, index)
    app.testing = True
    assert app.config["MAX_COOKIE_SIZE"] == 4093
    with pytest.warns(UserWarning, match="cookie"):
        client.get("/")
    app.config["MAX_COOKIE_SIZE"] = 0
    assert client.get("/").status_code == 200


# == files: sent with all that browsers ask for


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("0123456789")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path


def test_a_file_has_an_etag_and_can_be_asked_for_in_part(make_app: MakeApp, folder: Path) -> None:
    """304 for what the browser has, 206 for a range, ``no-cache`` unless there is an age."""
    client = answering(make_app(), lambda: send_file(folder / "files" / "a.txt"))
    whole = client.get("/", buffered=True)
    assert (whole.status_code, whole.data, whole.mimetype) == (200, b"0123456789", "text/plain")
    assert whole.headers["Cache-Control"] == "no-cache"
    etag = whole.headers["ETag"]
    assert client.get("/", headers={"If-None-Match": etag}, buffered=True).status_code == 304
    part = client.get("/", headers={"Range": "bytes=2-4"}, buffered=True)
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert client.get("/", headers={"Range": "bytes=20-"}, buffered=True).status_code == 416
    head = client.head("/", buffered=True)
    assert (head.data, head.content_length) == (b"", 10)


def test_a_file_may_be_open_and_have_another_name(make_app: MakeApp) -> None:
    """``download_name`` and ``as_attachment``; a file in memory needs a type or a name."""

    def index() -> Response:
        return send_file(io.BytesIO(b"data"), download_name="ä.csv", as_attachment=True, max_age=60)

    response = answering(make_app(), index).get("/")
    assert (response.data, response.mimetype) == (b"data", "text/csv")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Cache-Control"] == "public, max-age=60"
    with make_app().test_request_context(), pytest.raises(TypeError, match="mimetype"):
        send_file(io.BytesIO(b""))


def test_the_age_of_files_can_be_set(make_app: MakeApp, folder: Path) -> None:
    """By SEND_FILE_MAX_AGE_DEFAULT, or by overriding ``get_send_file_max_age``."""
    app = make_app()
    client = answering(app, lambda: send_file(folder / "files" / "a.txt"))
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    assert client.get("/", buffered=True).cache_control.max_age == 3600

    class MyApp(App):
        def get_send_file_max_age(self, filename: str | None) -> int | None:
            return 10 if filename is not None and filename.endswith(".txt") else None

    client = answering(MyApp("x"), lambda: send_file(folder / "files" / "a.txt"))
    assert client.get("/", buffered=True).cache_control.max_age == 10


def test_a_server_may_send_the_file_itself(make_app: MakeApp, folder: Path) -> None:
    """USE_X_SENDFILE answers with the path alone."""
    app = make_app()
    app.config["USE_X_SENDFILE"] = True
    response = answering(app, lambda: send_file(folder / "files" / "a.txt")).get("/", buffered=True)
    assert response.headers["X-Sendfile"] == str(folder / "files" / "a.txt")


@pytest.mark.parametrize(
    "path", ["../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "/etc/passwd", "missing.txt", "", "."]
)
def test_a_directory_gives_only_what_is_in_it(make_app: MakeApp, folder: Path, path: str) -> None:
    """Relative to root_path; what leads out, or to no file, is a 404."""
    app = make_app(root_path=str(folder))
    app.add_url_rule("/f/<path:name>", "file", lambda name: send_from_directory("files", name))
    client = app.test_client()
    assert client.get("/f/a.txt", buffered=True).data == b"0123456789"
    assert client.get(f"/f/{path}").status_code in {404, 308}
    assert b"secret" not in client.get(f"/f/{path}", follow_redirects=True, buffered=True).data
    with app.test_request_context(), pytest.raises(NotFound):
        send_from_directory("files", path)


# == override points: classes and methods that an app of one's own may replace


def test_classes_can_be_replaced() -> None:
    """Each class attribute is used where Flask uses it."""

    class MyRequest(Request):
        @property
        def mine(self) -> str:
            return "mine"

    class MyResponse(Response):
        default_mimetype = "text/plain"

    class MyRule(Rule):
        pass

    class MyMap(Map):
        pass

    class MyClient(TestClient):
        pass

    class MyRunner(CliRunner):
        pass

    class MyProvider(DefaultJSONProvider):
        compact = False

    class MyEnvironment(Environment):
        pass

    class MyG:
        answer = 42

    class MyConfig(Config):
        pass

    class MyAborter(Aborter):
        pass

    class MySession(SecureCookieSession):
        pass

    class MySessions(SecureCookieSessionInterface):
        session_class = MySession

    class MyApp(App):
        request_class = MyRequest
        response_class = MyResponse
        url_rule_class = MyRule
        url_map_class = MyMap
        test_client_class = MyClient
        test_cli_runner_class = MyRunner
        json_provider_class = MyProvider
        jinja_environment = MyEnvironment
        app_ctx_globals_class = MyG
        config_class = MyConfig
        aborter_class = MyAborter
        session_interface = MySessions()

    app = MyApp("mine")
    app.secret_key = "key"

    @app.route("/")
    def index() -> str:
        assert isinstance(request._get_current_object(), MyRequest)
        assert isinstance(request.url_rule, MyRule)
        assert isinstance(session._get_current_object(), MySession)
        return f"{request.mine} {g.answer}"  # type: ignore[attr-defined]

    @app.route("/json")
    def data() -> Any:
        return {"a": 1}

    client = app.test_client()
    assert isinstance(client, MyClient)
    assert isinstance(app.test_cli_runner(), MyRunner)
    response = client.get("/")
    assert (response.text, response.mimetype) == ("mine 42", "text/plain")
    assert client.get("/json").text == '{\n  "a": 1\n}\n'
    assert isinstance(app.url_map, MyMap)
    assert isinstance(app.config, MyConfig)
    assert isinstance(app.aborter, MyAborter)
    assert isinstance(app.jinja_env, MyEnvironment)
    assert isinstance(app.jinja_env, JinjaEnvironment)


def test_some_can_be_set_on_an_app_before_its_first_use() -> None:
    """request_class, response_class, json, session_interface, jinja_options and the test classes."""

    class MyRequest(Request):
        pass

    class MyResponse(Response):
        default_mimetype = "text/x-mine"

    app = App("mine")
    app.request_class = MyRequest
    app.response_class = MyResponse
    app.jinja_options = {"trim_blocks": True}
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.add_url_rule("/", "index", lambda: type(request._get_current_object()).__name__)
    app.add_url_rule("/json", "json", lambda: {"b": 1, "a": 2})
    client = app.test_client()
    assert (client.get("/").text, client.get("/").mimetype) == ("MyRequest", "text/x-mine")
    assert client.get("/json").text == '{"b":1,"a":2}\n'
    assert app.jinja_env.trim_blocks


METHODS = [
    "make_response",
    "dispatch_request",
    "full_dispatch_request",
    "preprocess_request",
    "process_response",
    "finalize_request",
    "request_context",
    "create_url_adapter",
    "do_teardown_request",
    "do_teardown_appcontext",
    "ensure_sync",
]


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_a_request_can_be_overridden(name: str) -> None:
    """Each is called during a plain request, and may call the original."""
    calls: list[str] = []

    def override(self: App, *args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return getattr(App, name)(self, *args, **kwargs)

    app = type("MyApp", (App,), {name: override})("mine")
    app.add_url_rule("/", "index", lambda: "hello")
    app.teardown_request(lambda exc: None)
    assert app.test_client().get("/").text == "hello"
    assert calls


@pytest.mark.parametrize(
    "name",
    [
        "handle_exception",
        "log_exception",
        "handle_user_exception",
        "handle_http_exception",
        "make_default_options_response",
    ],
)
def test_methods_of_failures_can_be_overridden(name: str) -> None:
    """Each is called where it is its turn."""
    calls: list[str] = []

    def override(self: App, *args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return getattr(App, name)(self, *args, **kwargs)

    app = type("MyApp", (App,), {name: override})("mine")

    @app.route("/")
    def index() -> str:
        raise ValueError

    client = app.test_client()
    assert client.get("/").status_code == 500
    assert client.get("/missing").status_code == 404
    assert client.options("/").status_code == 200
    assert calls


def test_adapters_environments_and_configurations_can_be_made_otherwise() -> None:
    """create_url_adapter, create_jinja_environment and make_config."""

    class MyApp(App):
        def create_url_adapter(self, request: Any) -> MapAdapter | None:
            return self.url_map.bind("made.example", script_name="/x", path_info=request.path if request else "/")

        def create_jinja_environment(self) -> Any:
            environment = super().create_jinja_environment()
            environment.globals["made"] = "yes"
            return environment

        def make_config(self, instance_relative: bool = False) -> Config:
            config = super().make_config(instance_relative)
            config["MADE"] = True
            return config

    app = MyApp("mine")
    app.add_url_rule("/", "index", lambda: current_app.url_for("index", _external=True))
    assert app.test_client().get("/").text == "http://made.example/x/"
    assert app.jinja_env.from_string("{{ made }}").render() == "yes"
    assert app.config["MADE"] is True


def test_running_of_coroutines_can_be_overridden() -> None:
    """ensure_sync and async_to_sync decide how an async handler is called."""
    calls: list[str] = []

    class MyApp(App):
        def async_to_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
            calls.append(func.__name__)
            return lambda *args, **kwargs: "instead"

    app = MyApp("mine")

    @app.route("/")
    async def index() -> str:
        return "hello"

    assert app.test_client().get("/").text == "instead"
    assert calls == ["index"]
