"""A request can be taken along: as a curl command that sends the same, and as a cell that reads back the same."""

from __future__ import annotations

import json
import shlex
import subprocess

import pytest

from nbmicro.client.client import Client
from tests.support.apps import answering

client = Client(answering("x"))


def test_a_get_is_a_line() -> None:
    assert client.get("/a b?c=é").as_curl() == "curl 'http://127.0.0.1:5000/a%20b?c=%C3%A9'"
    assert client.get("/a?b=1").as_http() == "GET /a?b=1"


def test_method_headers_and_body_are_written_so_that_a_shell_reads_them() -> None:
    exchange = client.put("/x", json={"it's": '"$HOME" `id` \n'}, headers={"X-A": "a 'b'", "X-Empty": ""})
    words = shlex.split(exchange.as_curl(base_url="http://shop.example/").replace(" \\\n", " "))
    assert words[:4] == ["curl", "-X", "PUT", "http://shop.example/x"]
    assert words[4:10] == ["-H", "X-A: a 'b'", "-H", "X-Empty;", "-H", "Content-Type: application/json"]
    assert json.loads(words[-1]) == {"it's": '"$HOME" `id` \n'}


def test_a_post_with_a_body_needs_no_method_and_head_has_its_own_option() -> None:
    assert "-X" not in client.post("/", data={"a": "b"}).as_curl()
    assert "-X POST" in client.post("/").as_curl()
    assert client.head("/").as_curl() == "curl --head http://127.0.0.1:5000/"


@pytest.mark.parametrize("content", [b"\xff\x00'\\\n", b"plain"])
def test_bytes_come_out_of_a_shell_as_they_were(content: bytes) -> None:
    command = client.post("/", data=content, headers={"Content-Type": "application/x"}).as_curl()
    pipe, _, line = command.rpartition("| curl")
    shown = pipe if pipe else f"printf %s {line.partition('--data-raw ')[2]}"
    made = subprocess.run(["bash", "-c", f"{shown} | xxd -p"], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip("no bash with xxd here")
    assert bytes.fromhex(made.stdout.replace("\n", "")) == content


def test_a_body_is_a_cells_body_and_lines_that_would_end_it_stand_in_a_fence() -> None:
    exchange = client.post("/x", data="a\n###\nHTTP 200", headers={"Content-Type": "text/plain"})
    assert exchange.as_http() == "POST /x\nContent-Type: text/plain\n\n```\na\n###\nHTTP 200\n```"


def test_a_request_for_compressed_bytes_is_shown_decoded_by_curl_too() -> None:
    assert (
        client.get("/", headers={"Accept-Encoding": "gzip"})
        .as_curl()
        .endswith("-H 'Accept-Encoding: gzip' \\\n  --compressed")
    )
    assert "--compressed" not in client.get("/", headers={"Accept-Encoding": "identity"}).as_curl()


def test_braces_stay_braces_in_a_cell() -> None:
    assert client.post("/", data="{{ x }}").as_http().endswith("\n\n{{ '{{' }} x }}")
