"""Pages of other sites, open in the same browser, change nothing through the loopback server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from nbmicro.server.server import BackgroundServer
from tests.support.asking import ask

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Serve = Callable[..., BackgroundServer]

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
EVIL = {"Origin": "https://evil.example"}
CROSS = {"Sec-Fetch-Site": "cross-site"}


def post(server: BackgroundServer, **headers: str) -> int:
    return ask(
        server.port, method="POST", body=b"a=1", headers={name.replace("_", "-"): headers[name] for name in headers}
    )[0]


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "TEXT/plain", ""]
)
@pytest.mark.parametrize(
    "sent", [{**CROSS, **EVIL}, CROSS, EVIL, {"Origin": "null"}, {"Origin": "http://127.0.0.1@evil"}]
)
def test_a_post_that_another_site_sends_without_asking_is_rejected(
    serve: Serve, sent: dict[str, str], kind: str
) -> None:
    """Whatever a browser lets any page send, with either header that tells of it: the handler is not called."""
    asked: list[str] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        asked.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return []

    headers = {**sent, **({"Content-Type": kind} if kind else {})}
    status, answered, body = ask(serve(app).port, method="POST", headers=headers, body=b"a=1")
    assert (status, answered["content-type"]) == (403, "text/plain; charset=utf-8")
    origin = "https://evil.example" if "evil.example" in sent.get("Origin", "") else "null"
    assert body.decode().endswith(f"%serve --allow-origin {origin}\n")
    assert asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:3000"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "https://shop.example", "X-Forwarded-Host": "shop.example"},
    ],
    ids=["curl", "same origin", "another port", "the user", "another port, no Sec-Fetch-Site", "behind a proxy"],
)
def test_the_apps_own_pages_and_programs_may_send_what_they_like(serve: Serve, headers: dict[str, str]) -> None:
    """Forms of the app's own pages, a front end's development server beside it, curl and clients of every kind."""
    assert post(serve(), **FORM, **headers) == 200


def test_what_an_app_has_allowed_by_cors_passes(serve: Serve) -> None:
    """A browser sends JSON, PUT or DELETE to another site only where the app has answered that it may."""
    server = serve()
    assert post(server, **JSON, **CROSS, **EVIL) == 200
    for method in ("OPTIONS", "PUT", "DELETE", "GET"):
        assert ask(server.port, method=method, headers={**CROSS, **EVIL})[0] == 200


def test_origins_that_the_user_allows_may_send_forms(serve: Serve) -> None:
    """--allow-origin lets one in, and with a star all; what begins or ends alike stays outside."""
    server = serve(allow_origins=["https://Pay.example/"])
    assert post(server, **FORM, **CROSS, Origin="https://pay.example") == 200
    for origin in (
        "http://pay.example",
        "https://pay.example.org",
        "https://notpay.example",
        "https://pay.example:8443",
    ):
        assert post(server, **FORM, **CROSS, Origin=origin) == 403
    assert post(serve(allow_origins=["null"]), **FORM, **CROSS, Origin="null") == 200
    assert post(serve(allow_origins=["*"]), **FORM, **CROSS, **EVIL) == 200


def test_a_server_for_the_whole_network_is_checked_by_whoever_deploys_it(serve: Serve) -> None:
    """Bound to another address, proxies of other machines stand in front, whose Host need not be the browser's."""
    assert post(serve(host="0.0.0.0"), **FORM, **EVIL) == 200


@pytest.mark.browser
def test_in_a_browser_a_foreign_form_changes_nothing_and_the_apps_own_does(serve: Serve, browser: Browser) -> None:
    """Chromium's own headers: the same form from another site, from another port, and from the app's own page."""
    taken: list[str] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            taken.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode())
        field = f'<input name="from" value="{environ["HTTP_HOST"]}"><button>Go</button>'
        page = f'<form method="post" action="{target}">{field}</form>'
        start_response("200 OK", [("Content-Type", "text/html")])
        return [page.encode()]

    server, beside = serve(app), serve(app)
    target = server.url
    page = browser.new_page()
    for address, passes in (
        (f"http://localhost:{beside.port}/", False),
        (f"http://127.0.0.1:{beside.port}/", True),
        (server.url, True),
    ):
        page.goto(address)
        with page.expect_response(lambda response: response.request.method == "POST") as posted:
            page.get_by_role("button").click()
        assert (posted.value.status == 200) == passes, address
    page.close()
    assert taken == [f"from=127.0.0.1%3A{beside.port}", f"from=127.0.0.1%3A{server.port}"]
