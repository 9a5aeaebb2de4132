"""The URL that works from the user's browser, in every place a notebook runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbmicro.server.address import browser_url, is_proxied, jupyter_servers

LOCAL = {"pid": 7, "base_url": "/", "url": "http://localhost:8888/", "hostname": "localhost"}
BASED = {"pid": 7, "base_url": "/user/ann/", "url": "http://lab.example:9999/user/ann/", "hostname": "lab.example"}
HUB = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ann/"}
CODESPACE = {"CODESPACE_NAME": "cosy-barn", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN": "app.github.dev"}
VSCODE = {"VSCODE_PROXY_URI": "https://box.example/proxy/{{port}}/"}
CHILD = {"JPY_PARENT_PID": "7"}


@pytest.mark.parametrize(
    ("environ", "options", "url", "route"),
    [
        ({}, {}, "http://127.0.0.1:5000/x?a=1", "direct"),
        ({"VSCODE_PID": "1"}, {}, "http://127.0.0.1:5000/x?a=1", "direct"),
        ({}, {"host": "0.0.0.0"}, "http://127.0.0.1:5000/x?a=1", "direct"),
        ({}, {"host": "::1"}, "http://[::1]:5000/x?a=1", "direct"),
        (HUB, {}, "/user/ann/proxy/5000/x?a=1", "hub"),
        (VSCODE, {}, "https://box.example/proxy/5000/x?a=1", "vscode-proxy"),
        ({"VSCODE_PROXY_URI": "https://no.port/"}, {}, "http://127.0.0.1:5000/x?a=1", "direct"),
        (CODESPACE, {}, "https://cosy-barn-5000.app.github.dev/x?a=1", "codespaces"),
        ({"CODESPACE_NAME": "cosy-barn"}, {}, "http://127.0.0.1:5000/x?a=1", "direct"),
        (CHILD, {"servers": [LOCAL], "has_server_proxy": True}, "http://127.0.0.1:5000/x?a=1", "direct"),
        (CHILD, {"servers": [LOCAL], "has_server_proxy": False}, "http://127.0.0.1:5000/x?a=1", "direct"),
        (
            CHILD,
            {"servers": [{**LOCAL, "pid": 8}, BASED], "has_server_proxy": True},
            "http://lab.example:9999/user/ann/proxy/5000/x?a=1",
            "jupyter",
        ),
        (
            {"JPY_PARENT_PID": "9"},
            {"servers": [LOCAL], "has_server_proxy": True},
            "http://127.0.0.1:5000/x?a=1",
            "direct",
        ),
        ({"NBMICRO_BROWSER_URL": "https://my.host/{port}/"}, {}, "https://my.host/5000/x?a=1", "override"),
        ({"NBMICRO_BROWSER_URL": "https://my.host/{{port}}"}, {}, "https://my.host/5000/x?a=1", "override"),
        ({}, {"colab": True}, "http://127.0.0.1:5000/x?a=1", "colab"),
    ],
)
def test_each_place_has_its_url(environ: dict[str, str], options: dict[str, Any], url: str, route: str) -> None:
    """The environment alone decides by which way a browser reaches the port."""
    address = browser_url(5000, "/x?a=1", environ=environ, **options)
    assert (address.url, address.route) == (url, route)


def test_the_first_place_that_applies_wins() -> None:
    """With everything set, taking one away after the other gives the documented order."""
    options: dict[str, Any] = {"servers": [BASED], "has_server_proxy": True, "colab": True}
    environ = {"NBMICRO_BROWSER_URL": "https://my.host", **CODESPACE, **VSCODE, **HUB, **CHILD, "VSCODE_PID": "1"}
    order = []
    for gone in ("NBMICRO_BROWSER_URL", "colab", "CODESPACE_NAME", "VSCODE_PROXY_URI", *HUB, *CHILD, None):
        order.append(browser_url(5000, environ=environ, **options).route)
        if gone == "colab":
            options["colab"] = False
        elif gone:
            del environ[gone]
    assert order == ["override", "colab", "codespaces", "vscode-proxy", "hub", "jupyter", "direct"]


def test_a_hub_user_is_told_who_can_open_it_and_what_a_404_means() -> None:
    """On a hub the note names the audience and the cure of the commonest failure; Binder's differs."""
    note = browser_url(5000, environ=HUB).note
    assert "Only you can open it" in note
    assert "404" in note
    assert "jupyter-server-proxy" in note
    binder = browser_url(5000, environ={**HUB, "BINDER_SERVICE_HOST": "x"}).note
    assert "binder/requirements.txt" in binder


def test_a_kernel_on_another_machine_says_how_to_forward_the_port() -> None:
    """Where Jupyter listens beyond this machine and has no proxy, the note has a line that works."""
    note = browser_url(5000, environ=CHILD, servers=[BASED]).note
    assert "ssh -L 5000:127.0.0.1:5000 lab.example" in note
    assert browser_url(5000, environ=CHILD, servers=[LOCAL]).note == ""


def test_no_secret_of_jupyter_gets_into_the_url() -> None:
    """A token in the server's record, or in its url, is not part of the link."""
    server = {**BASED, "url": "http://ann:pw@lab.example:9999/user/ann/?token=SECRET", "token": "SECRET"}
    address = browser_url(5000, environ=CHILD, servers=[server], has_server_proxy=True)
    assert address.url == "http://lab.example:9999/user/ann/proxy/5000/"


@pytest.mark.parametrize("hostname", ["localhost", "127.0.0.1", "::1"])
def test_a_jupyter_on_this_machine_keeps_its_origin_to_itself(hostname: str) -> None:
    """With a proxy installed or without, the app of a local notebook is opened at its own port."""
    server = {**LOCAL, "hostname": hostname}
    for has_server_proxy in (True, False):
        address = browser_url(5000, environ=CHILD, servers=[server], has_server_proxy=has_server_proxy)
        assert (address.url, address.note) == ("http://127.0.0.1:5000/", "")


@pytest.mark.parametrize(
    ("environ", "options", "is_shared"),
    [
        (HUB, {}, True),
        ({**HUB, "BINDER_SERVICE_HOST": "x"}, {}, True),
        (CHILD, {"servers": [BASED], "has_server_proxy": True}, True),
        (VSCODE, {}, True),
        ({"VSCODE_PROXY_URI": "https://{{port}}.box.example/"}, {}, False),
        (CODESPACE, {}, False),
        ({}, {"colab": True}, False),
        (CHILD, {"servers": [LOCAL], "has_server_proxy": True}, False),
    ],
)
def test_where_pages_share_the_origin_of_the_notebook_server_the_note_says_so(
    environ: dict[str, str], options: dict[str, Any], is_shared: bool
) -> None:
    """Below a path of Jupyter's address a page's script is Jupyter's to the browser: one sentence warns of it."""
    note = browser_url(5000, environ=environ, **options).note
    assert ("share their origin with" in note) == is_shared


def test_a_jupyter_bound_to_all_addresses_gives_a_link_of_the_page_s_own_host() -> None:
    """Only the browser knows by which address, and by which published port, it has Jupyter."""
    server = {**BASED, "hostname": "0.0.0.0", "url": "http://0.0.0.0:8888/user/ann/"}
    address = browser_url(5000, environ=CHILD, servers=[server], has_server_proxy=True)
    assert address.url == "/user/ann/proxy/5000/"


def test_a_local_jupyter_in_an_ssh_login_says_how_to_forward_the_port() -> None:
    """The browser is most often where the login came from; the line names the address that was logged in to."""
    environ = {**CHILD, "SSH_CONNECTION": "10.0.0.9 51234 10.0.0.5 22"}
    address = browser_url(5000, environ=environ, servers=[LOCAL], has_server_proxy=True)
    assert address.url == "http://127.0.0.1:5000/"
    assert "ssh -L 5000:127.0.0.1:5000 10.0.0.5" in address.note
    assert "jupyter-server-proxy" not in address.note


def test_the_records_of_running_servers_are_read_and_broken_ones_left_out(tmp_path: Path) -> None:
    """A record that is just being written, or gone, is no error."""
    (tmp_path / "jpserver-7.json").write_text(json.dumps(LOCAL))
    (tmp_path / "jpserver-8.json").write_text("{")
    (tmp_path / "jpserver-9.json").write_text("[]")
    (tmp_path / "kernel-1.json").write_text(json.dumps({"pid": 1}))
    assert jupyter_servers(tmp_path) == [LOCAL]
    assert jupyter_servers(tmp_path / "absent") == []


def test_only_remote_places_count_as_behind_a_proxy() -> None:
    """A Jupyter on the user's own machine is none: there a web page could rebind its name to the port."""
    assert is_proxied(HUB)
    assert is_proxied(CODESPACE)
    assert is_proxied(VSCODE)
    assert not is_proxied(CHILD)
    assert not is_proxied({"VSCODE_PID": "1"})
