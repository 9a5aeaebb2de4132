"""Behind a proxy: links keep its prefix, and nothing of Jupyter's login reaches a handler."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from nbmicro.server.host_check import (
    HostCheck,
    known_secrets,
    relative_location,
    scoped_cookie,
    valid_prefix,
    without_jupyter_cookies,
)
from tests.support.asking import ask, show_environ

PREFIX = "/user/ann/proxy/5000"
SECRET = "0123456789abcdef0123456789abcdef"
FROM_JUPYTER = {"X-Forwarded-Prefix": PREFIX, "X-Forwarded-Context": PREFIX, "X-ProxyContextPath": PREFIX}


def seen(serve: Callable[..., Any], headers: dict[str, str], path: str = "/", **options: Any) -> dict[str, str]:
    status, _, body = ask(serve(show_environ, **options).port, path, headers=headers)
    assert status == 200
    environ: dict[str, str] = json.loads(body)
    return environ


def call(environ: dict[str, str], headers: list[tuple[str, str]] | None = None, **options: Any) -> dict[str, str]:
    """Send one request through the middleware; the environ the app saw, and with ``headers`` what became of them."""
    got: dict[str, str] = {}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        got.update({key: value for key, value in environ.items() if isinstance(value, str)})
        start_response("302 FOUND", headers or [])
        return []

    answered: list[tuple[str, str]] = []
    base = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost", "PATH_INFO": "/", "wsgi.url_scheme": "http"}
    HostCheck(app, **options)({**base, **environ}, lambda status, headers, *rest: answered.extend(headers))  # type: ignore[arg-type,return-value]
    return {**got, **{f"answered:{name}": value for name, value in answered}}


def test_jupyters_cookies_never_reach_a_handler(serve: Callable[..., Any]) -> None:
    """Browsers send a host's cookies to all its ports, so they are taken out of direct requests too; others stay."""
    cookies = '_xsrf=2|a|b; username-127-0-0-1-8888="x|y"; session=mine; jupyterhub-session-id=q; theme=dark'
    environ = seen(serve, {"Cookie": cookies})
    assert environ["HTTP_COOKIE"] == "session=mine; theme=dark"
    assert "HTTP_COOKIE" not in seen(serve, {"Cookie": "_xsrf=2; jupyterhub-user-ann=x"})


@pytest.mark.parametrize("name", ["username", "user-name", "xsrf", "my_xsrf", "jupyter", "my-username-x"])
def test_an_apps_own_cookies_stay(name: str) -> None:
    """Names that merely resemble Jupyter's are the app's."""
    assert without_jupyter_cookies(f"{name}=1") == f"{name}=1"


def test_jupyters_token_never_reaches_a_handler(serve: Callable[..., Any]) -> None:
    """Through Jupyter's proxy, an Authorization that opened Jupyter's door is taken out, in both its words."""
    for scheme in ("token", "Token", "Bearer"):
        assert "HTTP_AUTHORIZATION" not in seen(serve, {**FROM_JUPYTER, "Authorization": f"{scheme} abc"})
        for header in ("X-Forwarded-Context", "X-ProxyContextPath"):
            # Older and newer versions of the proxy send one of them.
            assert "HTTP_AUTHORIZATION" not in seen(serve, {header: PREFIX, "Authorization": f"{scheme} abc"})
        path = "/user/ann/proxy/absolute/5000/a"
        assert "HTTP_AUTHORIZATION" not in seen(serve, {"Authorization": f"{scheme} abc"}, path)


def test_an_apps_own_authorization_stays(serve: Callable[..., Any]) -> None:
    """Basic always, anything on a direct request, and a Bearer beside a Jupyter login cookie belong to the app."""
    basic = {"Authorization": "Basic YTpi"}
    assert seen(serve, {**FROM_JUPYTER, **basic})["HTTP_AUTHORIZATION"] == "Basic YTpi"
    for own in ("Token abc", "Bearer abc"):
        kernel = {"JPY_PARENT_PID": "1", "JUPYTERHUB_SERVICE_PREFIX": "/user/ann/"}
        assert seen(serve, {"Authorization": own}, environ=kernel)["HTTP_AUTHORIZATION"] == own
    login = {"Cookie": "username-localhost-8888=x", "Authorization": "Bearer abc"}
    assert seen(serve, {**FROM_JUPYTER, **login})["HTTP_AUTHORIZATION"] == "Bearer abc"


def test_a_known_token_is_taken_out_wherever_it_stands(serve: Callable[..., Any]) -> None:
    """In a header, in the Referer, in the query: the token of this Jupyter goes, the rest stays as it was sent."""
    environ = seen(
        serve,
        {"Referer": f"http://localhost:8888/lab?token={SECRET}", "Authorization": f"Bearer {SECRET}", "X-Own": "stays"},
        f"/a?x=1&token={SECRET}&y=%20",
        environ={"JPY_API_TOKEN": SECRET},
    )
    assert SECRET not in json.dumps(environ)
    assert environ["QUERY_STRING"] == "x=1&y=%20"
    assert environ["REQUEST_URI"] == "/a?x=1&y=%20"
    assert environ["HTTP_X_OWN"] == "stays"
    assert known_secrets({}, [{"token": SECRET}, {"token": ""}]) == {SECRET}
    for name in ("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "JUPYTER_TOKEN"):
        assert known_secrets({name: SECRET, "OTHER_TOKEN": "x"}) == {SECRET}


def test_the_prefix_becomes_script_name(serve: Callable[..., Any]) -> None:
    """A handler's url_for carries the prefix, and its path does not."""
    environ = seen(serve, FROM_JUPYTER, "/a")
    assert environ["SCRIPT_NAME"] == PREFIX
    assert environ["PATH_INFO"] == "/a"


def test_forwarding_headers_are_believed_from_this_machine_only() -> None:
    """A peer elsewhere can set neither prefix nor scheme."""
    headers = {"HTTP_X_FORWARDED_PREFIX": "/p", "HTTP_X_FORWARDED_PROTO": "https"}
    near = call(headers)
    assert (near["SCRIPT_NAME"], near["wsgi.url_scheme"]) == ("/p", "https")
    far = call({**headers, "REMOTE_ADDR": "192.0.2.9"})
    assert "SCRIPT_NAME" not in far
    assert far["wsgi.url_scheme"] == "http"
    assert call({**headers, "REMOTE_ADDR": "::ffff:127.0.0.1"})["SCRIPT_NAME"] == "/p"


@pytest.mark.parametrize(
    ("value", "prefix"),
    [
        ("/user/ann/proxy/5000/", PREFIX),
        ("/user/ann%40x/proxy/5000", "/user/ann%40x/proxy/5000"),
        ("/", ""),
        ("", ""),
        ("//evil.example", ""),
        ("/a//b", ""),
        ("https://evil.example/", ""),
        ("/a\\b", ""),
        ("/a?b", ""),
        ("/../a", ""),
        ("/a/./b", ""),
        ("user/ann", ""),
    ],
)
def test_a_prefix_that_could_lead_elsewhere_is_none(value: str, prefix: str) -> None:
    """Only a plain path is taken for a prefix."""
    assert valid_prefix(value) == prefix


@pytest.mark.parametrize(
    ("location", "asked", "relative"),
    [
        (f"{PREFIX}/t", "/", "./t"),
        (f"{PREFIX}/t?a=/b#c", "/x", "./t?a=/b#c"),
        (f"{PREFIX}/t", "/a/b/c", "../../t"),
        (f"{PREFIX}/t", "/a/b/?q=/1/2", "../../t"),
        (f"{PREFIX}/t", "http://localhost/a/b", "../t"),
        (f"{PREFIX}/", "/x", "./"),
        (PREFIX, "/x/y", "../"),
        (f"{PREFIX}/a:b", "/", "./a:b"),
        (f"http://localhost:8888{PREFIX}/t/", "/t", "./t/"),
        (f"https://localhost:8888{PREFIX}/t", "/t", "./t"),
        (f"http://elsewhere{PREFIX}/t", "/t", f"http://elsewhere{PREFIX}/t"),
        (f"//localhost:8888{PREFIX}/t", "/t", f"//localhost:8888{PREFIX}/t"),
        ("/t", "/", "/t"),
        (f"{PREFIX}1/t", "/", f"{PREFIX}1/t"),
        ("../t", "/", "../t"),
        ("https://example.org/", "/", "https://example.org/"),
    ],
)
def test_a_redirect_inside_the_prefix_is_relative(location: str, asked: str, relative: str) -> None:
    """A proxy that puts its prefix before paths cannot double it, and no scheme or host is guessed."""
    assert relative_location(location, prefix=PREFIX, asked=asked, host="localhost:8888") == relative


def test_redirects_and_cookies_go_through_the_middleware() -> None:
    """Both are fitted to the prefix on their way out, and left alone without one."""
    headers = [("Location", "/p/t"), ("Set-Cookie", "session=x; Path=/; HttpOnly")]
    inside = call({"HTTP_X_FORWARDED_PREFIX": "/p", "REQUEST_URI": "/a/b"}, headers)
    assert inside["answered:Location"] == "../t"
    assert inside["answered:Set-Cookie"] == "session=x; Path=/p; HttpOnly"
    whole = [("Location", "http://lab.example/p/t")]
    asked = {"HTTP_X_FORWARDED_PREFIX": "/p", "HTTP_HOST": "lab.example"}
    assert call(asked, whole, check_host=False)["answered:Location"] == "./t"
    assert call(asked | {"HTTP_HOST": "other.example"}, whole, check_host=False)["answered:Location"] == whole[0][1]
    outside = call({}, headers)
    assert outside["answered:Location"] == "/p/t"
    assert outside["answered:Set-Cookie"] == "session=x; Path=/; HttpOnly"


@pytest.mark.parametrize(
    ("cookie", "scoped"),
    [
        ("a=1; Path=/", "a=1; Path=/p"),
        ("a=1; path=/x; Secure", "a=1; path=/p/x; Secure"),
        ("a=1; Path=/p/x", "a=1; Path=/p/x"),
        ("a=1; Path=/px", "a=1; Path=/p/px"),
        ("a=1", "a=1"),
        ("__Host-a=1; Path=/; Secure", "__Host-a=1; Path=/; Secure"),
    ],
)
def test_a_cookie_stays_below_the_prefix(cookie: str, scoped: str) -> None:
    """The app's cookies are sent neither to Jupyter nor to other users' servers on the same host."""
    assert scoped_cookie(cookie, "/p") == scoped
