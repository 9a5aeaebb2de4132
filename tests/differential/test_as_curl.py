"""``as_curl()`` outwards: a real bash with a real curl sends the request that the exchange shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbmicro import Client, Exchange
from tests.differential.curl_corpus import RealCurl
from tests.support.sent_requests import Sent, comparable, difference, recording_app

JSON = {"Content-Type": "application/json"}
BYTES = {"Content-Type": "application/octet-stream"}
TEXT = {"Content-Type": "text/plain"}

#: Each request: its method, its target, and what the client is given.
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "get": ("GET", "/users", {}),
    "get_query": ("GET", "/users?a=1&b=2", {}),
    "get_query_encoded": ("GET", "/users?q=a%20b%26c&n=%C3%A9", {}),
    "get_query_made": ("GET", "/users", {"query": {"q": "a b&c", "é": "'\"$x"}}),
    "get_path_encoded": ("GET", "/a%20b/%C3%A9/%2F%27", {}),
    "get_path_with_quote": ("GET", "/it's", {}),
    "get_path_with_marks": ("GET", "/a!b$c(d)*,;:@&=+~", {}),
    "get_path_with_brackets": ("GET", "/items?filter[name]=tea&ids[]=1", {}),
    "get_path_with_braces": ("GET", "/{a,b}/[1-3]", {}),
    "get_path_with_dots": ("GET", "/a/../b/./c", {}),
    "get_path_double_slash": ("GET", "/a//b/", {}),
    "get_path_percent": ("GET", "/100%25", {}),
    "get_with_body": ("GET", "/search", {"data": b'{"a": 1}', "headers": JSON}),
    "get_compressed": ("GET", "/users", {"headers": {"Accept-Encoding": "gzip;q=0.5, br"}}),
    "get_not_compressed": ("GET", "/users", {"headers": {"Accept-Encoding": "identity"}}),
    "head": ("HEAD", "/users", {}),
    "head_query": ("HEAD", "/users?a=1", {}),
    "options": ("OPTIONS", "/users", {}),
    "delete": ("DELETE", "/users/7", {}),
    "delete_with_body": ("DELETE", "/users", {"data": b"[1, 2]", "headers": JSON}),
    "post_empty": ("POST", "/users", {}),
    "post_empty_with_type": ("POST", "/users", {"headers": JSON}),
    "put_empty": ("PUT", "/users/7", {}),
    "own_method": ("PURGE", "/cache", {}),
    "patch_json": ("PATCH", "/users/7", {"json": {"name": "Ada"}}),
    "json": ("POST", "/users", {"json": {"a": [1, None, True], "é": "👍"}}),
    "json_quotes": ("POST", "/users", {"json": {"it's": '"$HOME" `id` $(id) \\ \n ! # {{x}}'}}),
    "form": ("POST", "/users", {"data": {"a": "1 2", "b": "é&=+"}}),
    "form_at": ("POST", "/users", {"data": b"@file.txt", "headers": TEXT}),
    "text_newlines": ("POST", "/notes", {"data": b"\na\n\n  b\n\n", "headers": TEXT}),
    "text_carriage_returns": ("POST", "/notes", {"data": b"a\r\nb\rc\r\n", "headers": TEXT}),
    "text_backslashes": ("POST", "/notes", {"data": rb"\x41 \\ \n C:\new\t'", "headers": TEXT}),
    "text_quotes": ("POST", "/notes", {"data": b"""'"'"' ''' \"\"\" $'x' `""", "headers": TEXT}),
    "text_dashes": ("POST", "/notes", {"data": b"--data-raw -x", "headers": TEXT}),
    "text_without_type": ("POST", "/notes", {"data": b"plain"}),
    "bytes_zero": ("POST", "/files", {"data": b"a\x00b\x00", "headers": BYTES}),
    "bytes_only_zero": ("POST", "/files", {"data": b"\x00", "headers": BYTES}),
    "bytes_not_utf8": ("POST", "/files", {"data": b"\xff\xfe Zo\xeb", "headers": BYTES}),
    "bytes_latin_text": (
        "POST",
        "/notes",
        {"data": b"Zo\xeb", "headers": {"Content-Type": "text/plain; charset=latin-1"}},
    ),
    "bytes_all": ("POST", "/files", {"data": bytes(range(1, 256)), "headers": BYTES}),
    "bytes_all_with_zero": ("POST", "/files", {"data": bytes(range(256)), "headers": BYTES}),
    "bytes_zero_and_format": ("POST", "/files", {"data": b"-\0%s 100% \\n'\n\x8f7", "headers": BYTES}),
    "bytes_hex_behind_escape": ("POST", "/files", {"data": b"\x01f\x02A\x1b1", "headers": BYTES}),
    "bytes_large": ("POST", "/files", {"data": b"\xff" * 5000, "headers": BYTES}),
    "text_large": ("POST", "/notes", {"data": b"0123456789" * 9000, "headers": TEXT}),
    "text_very_large": ("POST", "/notes", {"data": b"0123456789" * 30000, "headers": TEXT}),
    "multipart": ("POST", "/photos", {"data": {"a": "b"}, "files": {"f": ("a.txt", b"x\n", "text/plain")}}),
    "multipart_bytes": ("POST", "/photos", {"files": {"f": ("a.png", b"\x89PNG\r\n\x1a\n\x00", "image/png")}}),
    "header": ("GET", "/users", {"headers": {"X-A": "a 'b' \"c\" $d `e` \\ !"}}),
    "header_empty": ("GET", "/users", {"headers": {"X-Empty": ""}}),
    "header_semicolon": ("GET", "/users", {"headers": {"X-A": "a;"}}),
    "header_at": ("GET", "/users", {"headers": {"X-A": "@file"}}),
    "header_unicode": ("GET", "/users", {"headers": {"X-A": "Zoë"}}),
    "header_unicode_beyond": ("GET", "/users", {"headers": {"X-A": "Zoë 👍"}}),
    "header_spaces_inside": ("GET", "/users", {"headers": {"X-A": "a  b"}}),
    "header_accept": ("GET", "/users", {"headers": {"Accept": "text/html"}}),
    "header_agent": ("GET", "/users", {"headers": {"User-Agent": "me"}}),
    "header_cookie": ("GET", "/users", {"headers": {"Cookie": "a=b; c=d"}}),
    "header_authorization": ("GET", "/users", {"headers": {"Authorization": "Bearer abc"}}),
    "header_type_without_body": ("GET", "/users", {"headers": JSON}),
    "header_host": ("GET", "/users", {"headers": {"Host": "shop.example"}}),
}


def sent_by(request: tuple[str, str, dict[str, Any]]) -> tuple[Exchange, Sent]:
    """The exchange of a request, and the request as the app saw it, comparable."""
    sent: list[Sent] = []
    method, target, given = request
    exchange = Client(recording_app(sent)).open(method, target, **given)
    return exchange, comparable(sent[0], defaults=(("host", r"localhost"), ("user-agent", "nbmicro")))


@pytest.mark.curl
@pytest.mark.parametrize("name", REQUESTS)
def test_the_command_sends_what_the_exchange_shows(name: str, curl: RealCurl, folder: Path) -> None:
    exchange, shown = sent_by(REQUESTS[name])
    command = exchange.as_curl(secrets=True, base_url="http://localhost:5000")
    differs = difference([shown], curl.sends(command))
    assert differs is None, f"{command[:2000]}\n{differs[:2000]}"
