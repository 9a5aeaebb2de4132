"""A request is made from its parts: what is sent is what was said, encoded, and nothing that could not be sent is."""

from __future__ import annotations

import io
import json
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmicro.errors import RequestError
from nbmicro.http.build import build_request


def test_a_method_is_sent_in_capitals() -> None:
    assert build_request("get", "/").method == "GET"


@pytest.mark.parametrize("method", ["", "GET /x", "GE\r\nT", "GÉT"])
def test_what_is_no_token_is_no_method(method: str) -> None:
    with pytest.raises(RequestError, match="not an HTTP method"):
        build_request(method, "/")


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("/hello/Ada", "/hello/Ada"),
        ("/hello/Zoë", "/hello/Zo%C3%AB"),
        ("/a b?c=d e", "/a%20b?c=d%20e"),
        ("/a%20b", "/a%20b"),
        ("/100%", "/100%25"),
        ("", "/"),
        ("?page=2", "/?page=2"),
        ("/x#part", "/x"),
        ("//double", "//double"),
        ("http://localhost:5000/x?y=1", "/x?y=1"),
        ("http://127.0.0.1", "/"),
        ("HTTP://[::1]:8080/x", "/x"),
        ("/x\r\nHost: evil", "/x%0D%0AHost:%20evil"),
        ("*", "*"),
    ],
)
def test_a_target_is_sent_percent_encoded_and_without_the_apps_own_origin(written: str, sent: str) -> None:
    assert build_request("GET", written).target == sent


def test_another_origin_is_refused_with_the_path_to_send() -> None:
    with pytest.raises(RequestError, match="not this app") as caught:
        build_request("GET", "https://api.example.com/users?page=2")
    assert caught.value.hint == "Send the path:  /users?page=2"


def test_a_path_without_its_slash_is_refused_with_the_path_to_write() -> None:
    with pytest.raises(RequestError, match="begins with a slash") as caught:
        build_request("GET", "users")
    assert caught.value.hint is not None
    assert caught.value.hint.endswith("/users")


@given(st.text(max_size=40))
def test_whatever_the_target_what_is_sent_is_ascii_in_one_line(text: str) -> None:
    try:
        sent = build_request("GET", "/" + text.encode("utf-8", "ignore").decode()).target
    except RequestError:
        return
    assert sent.isascii()
    assert not set(sent) & set(" \r\n\0\t")


def test_a_query_is_added_to_the_one_in_the_target_and_none_is_left_out() -> None:
    request = build_request("GET", "/x?a=1", query={"b": ["2", "3"], "c": None, "d": "é&", "e": True})
    assert request.target == "/x?a=1&b=2&b=3&d=%C3%A9%26&e=true"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b"])
def test_a_header_with_a_line_break_is_refused(value: str) -> None:
    with pytest.raises(RequestError, match="line break"):
        build_request("GET", "/", headers={"X-Token": value})


@pytest.mark.parametrize("name", ["", "X Token", "X:Token", "X\r\nY"])
def test_what_is_no_token_is_no_headers_name(name: str) -> None:
    with pytest.raises(RequestError, match="not a header's name"):
        build_request("GET", "/", headers={name: "1"})


def test_json_is_sent_as_json_and_none_is_null() -> None:
    request = build_request("POST", "/", json={"name": "Zoë"})
    assert (request.body.decode(), request.headers["content-type"]) == ('{"name": "Zoë"}', "application/json")
    assert build_request("POST", "/", json=None).body == b"null"


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(RequestError, match="not JSON"):
        build_request("POST", "/", json=value)


def test_json_and_a_form_at_once_are_refused() -> None:
    with pytest.raises(RequestError, match="one body"):
        build_request("POST", "/", json=1, data={"a": "b"})


def test_a_mapping_is_sent_as_a_form_and_text_as_it_is() -> None:
    form = build_request("POST", "/", data={"a": "x y", "b": [1, 2], "c": None})
    assert (form.body, form.media_type) == (b"a=x+y&b=1&b=2", "application/x-www-form-urlencoded")
    assert build_request("POST", "/", data="é").body == "é".encode()
    assert build_request("POST", "/", data=b"\xff").body == b"\xff"


def test_a_content_type_of_ones_own_wins() -> None:
    request = build_request("POST", "/", json={}, headers={"content-type": "application/vnd.api+json"})
    assert request.headers.getlist("Content-Type") == ["application/vnd.api+json"]


def _parts(request: Any) -> list[Any]:
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    return list(message_from_bytes(head + request.body).get_payload())


def test_files_make_a_multipart_form_that_a_parser_reads_back(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    request = build_request(
        "POST",
        "/",
        data={"title": "Ä"},
        files={"photo": tmp_path / "a.png", "notes": ("n.txt", "hello", "text/x-notes"), "raw": io.BytesIO(b"123")},
    )
    title, photo, notes, raw = _parts(request)
    assert title.get_payload(decode=True).decode() == "Ä"
    assert (photo.get_filename(), photo.get_content_type(), photo.get_payload(decode=True)) == (
        "a.png",
        "image/png",
        b"\x89PNG",
    )
    assert (notes.get_filename(), notes.get_content_type()) == ("n.txt", "text/x-notes")
    assert raw.get_payload(decode=True) == b"123"


def test_the_same_form_has_the_same_boundary_and_it_is_never_in_the_content() -> None:
    files = {"a": ("a.bin", b"--nbmicro-form-0\r\n--nbmicro-form-1")}
    first, second = (build_request("POST", "/", files=files) for _ in range(2))
    assert first == second
    boundary = first.headers["Content-Type"].partition("boundary=")[2]
    assert boundary.encode() not in files["a"][1]


def test_a_quote_or_line_break_in_a_file_name_cannot_begin_a_header() -> None:
    request = build_request("POST", "/", files={'a"b': ('x"\r\nX-Evil: 1', b"")})
    (part,) = _parts(request)
    assert part["X-Evil"] is None


def test_a_file_that_is_not_there_is_named_and_nothing_is_sent(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"`photo` cannot be read.*gone\.png"):
        build_request("POST", "/", files={"photo": str(tmp_path / "gone.png")})


def test_credentials_are_basic_and_may_lack_a_password() -> None:
    assert build_request("GET", "/", auth=("ada", "pä")).headers["Authorization"] == "Basic YWRhOnDDpA=="
    assert build_request("GET", "/", auth="ada").headers["Authorization"] == "Basic YWRhOg=="


def test_headers_are_looked_up_by_name_in_any_case() -> None:
    headers = build_request("GET", "/", headers=[("X-A", "1"), ("x-a", "2")]).headers
    assert (headers["x-A"], headers.getlist("X-a"), "X-B" in headers, headers.get("X-B")) == (
        "1",
        ["1", "2"],
        False,
        None,
    )
    assert json.dumps(list(headers)) == '[["X-A", "1"], ["x-a", "2"]]'
    with pytest.raises(KeyError):
        headers["X-B"]
