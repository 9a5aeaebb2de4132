"""Whatever a visitor sends gets an answer of its kind: never a 500, never a hang, never an exception in the server."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ, run_wsgi_app

from nbmicro import App, Response, redirect, render_template_string, request, session, url_for

SEEDED = settings(
    derandomize=True,
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""The same examples in every run."""

PATIENCE = 2.0
"""Seconds within which every request must be answered."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """An app that reads all that a request may bring, of the most forgiving kind a lesson would have."""
    folder: Path = tmp_path_factory.mktemp("site")
    (folder / "static").mkdir()
    (folder / "static" / "a.css").write_text("a {}")
    (folder / "secret.txt").write_text("the secret")
    app = App("shop", root_path=str(folder))
    app.secret_key = "key"
    app.config.update(MAX_CONTENT_LENGTH=10_000, MAX_FORM_MEMORY_SIZE=2_000, MAX_FORM_PARTS=20)

    @app.route("/")
    def index() -> str:
        return "index"

    @app.route("/text/<name>")
    def text(name: str) -> str:
        return f"{name} {url_for('text', name=name)}"

    @app.route("/number/<int:n>/<float:x>")
    def number(n: int, x: float) -> dict[str, Any]:
        return {"n": n, "x": x}

    @app.route("/path/<path:rest>/end")
    def path(rest: str) -> str:
        return render_template_string("{{ rest }} {{ request.url }}", rest=rest)

    @app.route("/uuid/<uuid:u>/<any(a, b):c>/")
    def uuid(u: Any, c: str) -> str:
        return f"{u}{c}"

    @app.route("/all", methods=["GET", "POST", "PUT", "DELETE"])
    def everything() -> dict[str, Any]:
        return {
            "args": request.args.to_dict(flat=False),
            "cookies": request.cookies.to_dict(flat=False),
            "form": request.form.to_dict(flat=False),
            "files": [file.filename for file in request.files.values()],
            "json": request.get_json(silent=True),
            "data": len(request.get_data()),
            "url": request.url,
            "full_path": request.full_path,
            "host": request.host,
            "length": request.content_length,
            "type": request.content_type,
            "mimetype": request.mimetype,
            "accept": request.accept_mimetypes.best_match(["text/html", "application/json"]),
            "languages": request.accept_languages.best,
            "auth": repr(request.authorization),
            "range": repr(request.range),
            "since": repr(request.if_modified_since),
            "match": repr(request.if_none_match),
            "agent": request.user_agent.string,
            "referrer": request.referrer,
            "date": repr(request.date),
            "cache": repr(request.cache_control),
        }

    @app.route("/json", methods=["POST"])
    def strict_json() -> dict[str, Any]:
        return {"got": request.get_json()}

    @app.route("/session")
    def visits() -> str:
        session["n"] = session.get("n", 0) + 1
        return str(session["n"])

    @app.route("/key")
    def key() -> str:
        return request.args["key"]

    return app


def environ_of(path: bytes, query: bytes, method: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """What a WSGI server makes of a request (PEP 3333): the path decoded as Latin-1."""
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)),
        **headers,
    }


def ask(
    app: App,
    path: bytes | str,
    query: bytes = b"",
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> tuple[int, bytes, Any]:
    """Status, body and headers of the answer; never a 500, and within :data:`PATIENCE`."""
    raw = path.encode() if isinstance(path, str) else path
    environ = environ_of(raw, query, method, headers or {}, body)
    began = time.thread_time()
    pieces, status, answered = run_wsgi_app(app, environ, buffered=True)
    content = b"".join(pieces)
    code = int(status.split()[0])
    assert code < 500, (
        f"{status} for {method} {path!r}?{query!r} {headers} {body!r}: {environ['wsgi.errors'].getvalue()}"
    )
    assert time.thread_time() - began < PATIENCE
    for name, value in answered:
        assert not set("\r\n\0") & set(name + value)
    return code, content, answered


# Text of every kind, and what is known to have hurt somebody.
nasty = st.sampled_from(
    [
        "..",
        "../..",
        "%2e%2e",
        "%",
        "%zz",
        "%00",
        "\0",
        "\r\n",
        "%0d%0aSet-Cookie: a=b",
        "//",
        "/./",
        "\\",
        "ü",
        "\u202e",
        "\ud7ff",
        "<script>",
        "{{ 7*7 }}",
        "'\"",
        ";",
        "a" * 3000,
        "-1",
        "1" * 5000,
        "1e999",
        "nan",
        "٣",
        "0" * 400 + "1",
    ]
)
texts = st.lists(st.one_of(nasty, st.text(max_size=12)), max_size=4).map("".join)
prefixes = st.sampled_from(
    [
        "/",
        "",
        "/text/",
        "/number/",
        "/number/1/",
        "/path/",
        "/uuid/",
        "/static/",
        "/all",
        "/session",
        "/key",
        "//",
        "/x/",
    ]
)
latin = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)


@SEEDED
@given(
    prefix=prefixes,
    rest=texts,
    tail=st.sampled_from(["", "/", "/end", "//end"]),
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "DELETE", "TRACE", "get", "X-ODD", ""]),
)
def test_any_path_is_answered(app: App, prefix: str, rest: str, tail: str, method: str) -> None:
    """Found, redirected, or not found."""
    code, content, _ = ask(app, (prefix + rest + tail).encode("utf-8", "surrogatepass"), method=method)
    assert code in {200, 304, 308, 400, 404, 405, 416}
    assert b"the secret" not in content


@SEEDED
@given(path=st.binary(max_size=40), query=st.binary(max_size=80))
def test_any_bytes_in_a_url_are_answered(app: App, path: bytes, query: bytes) -> None:
    """Also what is no UTF-8."""
    ask(app, b"/" + path, query)
    ask(app, b"/text/" + path, query)
    assert ask(app, b"/all", query)[0] == 200


HEADERS = [
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_AUTHORIZATION",
    "HTTP_CACHE_CONTROL",
    "HTTP_COOKIE",
    "HTTP_DATE",
    "HTTP_HOST",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_NONE_MATCH",
    "HTTP_RANGE",
    "HTTP_REFERER",
    "HTTP_USER_AGENT",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_UPGRADE",
    "HTTP_EXPECT",
    "HTTP_TRANSFER_ENCODING",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
]
values = st.one_of(
    latin,
    st.sampled_from(
        [
            "bytes=0-",
            "bytes=-0",
            "bytes=9-1",
            "bytes=" + ",".join(["0-0"] * 200),
            "Basic ====",
            "Basic /////w==",
            "Digest a",
            "Bearer",
            "text/html;q=nan",
            "*/*;q=-1",
            ";" * 200,
            "=" * 200,
            'a="' * 100,
            "multipart/form-data",
            "multipart/form-data; boundary=",
            'multipart/form-data; boundary="\\',
            "application/json; charset=x-unknown",
            "text/plain; charset=undefined",
            "-1",
            "999999999999999999999",
            "1e3",
            "Thu, 99 Foo 9999 99:99:99 GMT",
            "Thu, 01 Jan 99999 00:00:00 GMT",
            "localhost:notaport",
            "[::1",
            "a b",
            "evil.example\\@good.example",
            "gzip, chunked",
        ]
    ),
)


@SEEDED
@given(
    headers=st.dictionaries(st.sampled_from(HEADERS), values, max_size=5),
    path=st.sampled_from(["/all", "/static/a.css", "/session", "/text/x", "/missing", "/uuid"]),
)
def test_any_headers_are_answered(app: App, headers: dict[str, str], path: str) -> None:
    """Those that cannot be read are as good as absent, or a 4xx."""
    ask(app, path, b"a=b", headers=headers)
    ask(app, path, method="POST", headers=headers, body=b"a=b")


cookies = st.one_of(
    latin,
    st.lists(st.tuples(st.sampled_from(["session", "a", "", " session", '"session"']), latin), max_size=5).map(
        lambda pairs: "; ".join(f"{name}={value}" for name, value in pairs)
    ),
)


@SEEDED
@given(cookie=cookies)
def test_any_cookies_are_answered(app: App, cookie: str) -> None:
    """What is no session of ours is a new session."""
    assert ask(app, "/session", headers={"HTTP_COOKIE": cookie})[:2] == (200, b"1")
    assert ask(app, "/all", headers={"HTTP_COOKIE": cookie})[0] == 200


@SEEDED
@given(data=st.data())
def test_any_change_of_a_signed_cookie_makes_it_no_session(app: App, data: st.DataObject) -> None:
    """One character more, less or other."""
    _, _, headers = ask(app, "/session")
    good = headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    assert ask(app, "/session", headers={"HTTP_COOKIE": f"session={good}"})[1] == b"2"
    at = data.draw(st.integers(0, len(good) - 2))
    other = data.draw(st.sampled_from(["", "A", "b", ".", "-", "=", "%", '"', "\xff"]))
    forged = good[:at] + other + good[at + 1 :]
    if forged != good:
        assert ask(app, "/session", headers={"HTTP_COOKIE": f"session={forged}"})[:2] == (200, b"1")


multipart = st.lists(
    st.sampled_from(
        [
            b"--x\r\n",
            b"--x--\r\n",
            b"--x--",
            b'Content-Disposition: form-data; name="a"\r\n',
            b'Content-Disposition: form-data; name="f"; filename="../../x"\r\n',
            b"Content-Disposition: form-data\r\n",
            b"Content-Disposition: \xff\r\n",
            b"Content-Type: text/plain; charset=x-unknown\r\n",
            b"Content-Transfer-Encoding: base64\r\n",
            b"\r\n",
            b"value\r\n",
            b"\xff\xfe\r\n",
            b"x" * 2100,
        ]
    ),
    max_size=30,
).map(b"".join)
bodies = st.one_of(
    st.tuples(st.just("multipart/form-data; boundary=x"), multipart),
    st.tuples(
        st.sampled_from(
            [
                "application/x-www-form-urlencoded",
                "application/x-www-form-urlencoded; charset=x-unknown",
                "application/json",
                "application/json; charset=utf-16",
                "multipart/form-data; boundary=x",
                "multipart/form-data",
                "text/plain",
                "",
            ]
        ),
        st.one_of(st.binary(max_size=100), texts.map(lambda text: text.encode("utf-8", "surrogatepass"))),
    ),
)


@SEEDED
@given(body=bodies)
def test_any_body_is_answered(app: App, body: tuple[str, bytes]) -> None:
    """Read as far as it can be, or refused with 400, 413 or 415."""
    kind, content = body
    assert ask(app, "/all", method="POST", headers={"CONTENT_TYPE": kind}, body=content)[0] in {200, 400, 413}
    assert ask(app, "/json", method="POST", headers={"CONTENT_TYPE": kind}, body=content)[0] in {200, 400, 413, 415}


JSON_TYPE = {"CONTENT_TYPE": "application/json"}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"nul", b"1" * 9000, b'"\\ud800"', b"\xef\xbb\xbf{}", b"NaN"],
)
def test_json_of_any_kind_and_length_is_read_or_a_400(app: App, content: bytes) -> None:
    """Whatever is none is a bad request."""
    assert ask(app, "/json", method="POST", headers=JSON_TYPE, body=content)[0] in {200, 400}


@pytest.mark.parametrize("contents", [(b"[" * 5000, b"[" * 100_000), (b'{"a":' * 1500, b'{"a":' * 100_000)])
def test_json_of_any_depth_is_a_400(app: App, monkeypatch: pytest.MonkeyPatch, contents: tuple[bytes, ...]) -> None:
    """Nesting deeper than Python goes is a bad request, not an error of the server."""
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1_000_000)
    for content in contents:
        assert ask(app, "/json", method="POST", headers=JSON_TYPE, body=content)[0] == 400


def test_what_is_too_large_is_a_413(app: App) -> None:
    """Body, form field, number of parts."""
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
    assert ask(app, "/all", method="POST", headers=form, body=b"a=" + b"x" * 20_000)[0] == 413
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' for _ in range(50)) + b"--x--\r\n"
    many = {"CONTENT_TYPE": "multipart/form-data; boundary=x"}
    assert ask(app, "/all", method="POST", headers=many, body=parts)[0] == 413
    large = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"v" * 5000 + b"\r\n--x--\r\n"
    assert ask(app, "/all", method="POST", headers=many, body=large)[0] == 413
    assert ask(app, "/json", method="POST", headers=JSON_TYPE, body=b"[" + b"1," * 9000 + b"1]")[0] == 413


def test_a_body_shorter_than_it_says_is_no_hang(app: App) -> None:
    """The client went away: 400, or what there was."""
    headers = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "5000"}
    assert ask(app, "/all", method="POST", headers=headers, body=b"a=b")[0] in {200, 400}


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "....//secret.txt",
        "..\\secret.txt",
        "/etc/passwd",
        "a.css/../../secret.txt",
        "C:\\secret.txt",
        "a.css\0.txt",
        "static/../../secret.txt",
        ".",
        "..",
        "a" * 5000,
        "CON",
        "a.css:stream",
    ],
)
def test_no_path_leads_out_of_the_static_folder(app: App, path: str) -> None:
    """404."""
    code, content, _ = ask(app, f"/static/{path}")
    assert code in {404, 308}
    assert b"secret" not in content or code == 308


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nb", "a\rb"])
def test_a_line_break_never_gets_into_a_header(value: str) -> None:
    """It is an error of the handler that sets it, or it is encoded; it never splits the response."""
    app = App("shop")
    app.add_url_rule("/header", "header", lambda: ("", {"X-Header": value}))
    app.add_url_rule("/made", "made", lambda: Response("", headers={"X-Header": value}))
    app.add_url_rule("/redirect", "redirect", lambda: redirect(f"/x?{value}"))
    app.add_url_rule("/cookie", "cookie", cookie_setter(value))
    for path in ("/header", "/made", "/redirect", "/cookie"):
        assert_no_line_breaks(app, path)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nb", "a\rb"])
def test_a_line_break_never_gets_into_a_status(value: str) -> None:
    """It is an error of the handler. (Flask 3.1 gives it to the server.)"""
    app = App("shop")
    app.add_url_rule("/status", "status", lambda: ("", f"200 {value}"))
    assert_no_line_breaks(app, "/status")


def assert_no_line_breaks(app: App, path: str) -> None:
    pieces, status, headers = run_wsgi_app(app, environ_of(path.encode(), b"", "GET", {}, b""), buffered=True)
    list(pieces)
    for part in (status, *(f"{name}{text}" for name, text in headers)):
        assert "\n" not in part
        assert "\r" not in part


def cookie_setter(value: str) -> Any:
    """A handler that sets a cookie to ``value``."""

    def handler() -> Response:
        response = Response("")
        response.set_cookie("c", value)
        return response

    return handler


def pieces_of_a_stream() -> Iterator[Any]:
    """A stream with a piece that is no text."""
    yield "a"
    yield 7


@pytest.mark.parametrize(
    "reply", [None, 7, 1.5, True, {1}, object(), ("",), ("", 200, {}, 1), (None, 200), ("", "no status"), type, len]
)
def test_a_wrong_reply_is_one_500_that_says_what_was_wrong(reply: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It is the handler's mistake: answered, logged, and the next request is served."""
    app = App("shop")
    app.add_url_rule("/", "index", lambda: reply)
    app.add_url_rule("/next", "next", lambda: "next")
    client = app.test_client()
    response = client.get("/")
    assert response.status_code in {0, 500} or isinstance(reply, tuple)
    if response.status_code == 500:
        assert "Exception on / [GET]" in caplog.text
    assert client.get("/next").text == "next"


def test_a_key_that_is_not_there_is_a_400(app: App) -> None:
    """And says no more than that."""
    assert ask(app, "/key")[0] == 400
    assert ask(app, "/key", b"key=there")[:2] == (200, b"there")


class _CutOff(io.RawIOBase):
    """The input of a client that went away after what it had sent."""

    def __init__(self, sent: bytes) -> None:
        self._sent = io.BytesIO(sent)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._sent.read(min(len(buffer), 7))
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("size", [20, 300_000])
@pytest.mark.parametrize(
    ("media_type", "begin", "reads"),
    [
        ("application/json", b'{"a": 1}', lambda: request.json),
        ("text/plain", b"half of it", lambda: request.get_data()),
        ("text/plain", b"half of it", lambda: request.data),
        ("text/plain", b"half of it", lambda: request.stream.read()),
        ("application/x-www-form-urlencoded", b"a=1&b=2", lambda: request.form["a"]),
        ("application/x-www-form-urlencoded", b"a=1&b=2", lambda: request.values.get("a")),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
            lambda: request.form["a"],
        ),
    ],
)
def test_a_body_that_the_client_cut_off_is_a_400_and_no_half_of_it_is_given(
    media_type: str, begin: bytes, reads: Callable[[], Any], size: int
) -> None:
    app, given = App("shop"), []

    @app.post("/")
    def index() -> str:
        given.append(reads())
        return "taken"

    environ = create_environ("/", method="POST", content_type=media_type)
    environ |= {"wsgi.input": _CutOff(begin), "CONTENT_LENGTH": str(len(begin) + size)}
    environ.pop("wsgi.input_terminated", None)
    status = run_wsgi_app(app, environ)[1]
    assert (status, given) == ("400 BAD REQUEST", [])
