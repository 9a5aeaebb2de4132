"""What the methods of HTTP and its media types are is known in one place each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmicro.http import media_types, methods
from nbmicro.http.body import Body
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord, ResponseRecord
from start import ROOT

SOURCES = sorted((ROOT / "nbmicro").rglob("*.py"))
NAMED_TYPES = {
    value for name, value in vars(media_types).items() if name.isupper() and isinstance(value, str)
} | media_types.JSON_LINES


def constants(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def lists_of_methods(file: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            words = {
                one.value.upper() for one in node.elts if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
            if len(words & methods.METHODS) > 2:
                yield node.lineno


def test_the_methods_are_listed_in_one_module() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in SOURCES
        if file != Path(methods.__file__)
        for line in lists_of_methods(file)
    ]
    assert list(lists_of_methods(Path(methods.__file__)))
    assert found == []


def test_media_types_are_named_and_recognised_in_one_module() -> None:
    own = Path(media_types.__file__)
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in SOURCES
        if file != own
        for line, text in constants(file)
        if text in NAMED_TYPES or text in {"/json", "+json", "multipart/"}
    ]
    assert {"application/json", "application/x-www-form-urlencoded"} <= {text for _, text in constants(own)}
    assert found == []


def test_the_lists_of_methods_agree() -> None:
    assert set(methods.COMMON_METHODS) < set(methods.CLIENT_METHODS) < methods.METHODS < methods.ROUTE_METHODS
    assert methods.ROUTE_METHODS < methods.REGISTERED_METHODS
    assert set(methods.CLIENT_METHODS) == methods.BODY_METHODS | methods.BODYLESS_METHODS
    assert methods.AUTOMATIC_METHODS < methods.SAFE_METHODS < methods.METHODS
    assert methods.with_head({"GET", "POST"}) == {"GET", "HEAD", "POST"}
    assert methods.with_head({"POST"}) == {"POST"}


@pytest.mark.parametrize(
    ("media_type", "json", "html", "text", "multipart"),
    [
        ("application/json", True, False, True, False),
        ("application/problem+json", True, False, True, False),
        ("text/json", True, False, True, False),
        ("model/gltf+json", True, False, True, False),
        ("application/x-ndjson", False, False, True, False),
        ("application/jsonl", False, False, True, False),
        ("text/html", False, True, True, False),
        ("application/xhtml+xml", False, True, True, False),
        ("text/csv", False, False, True, False),
        ("image/svg+xml", False, False, True, False),
        ("image/png", False, False, False, False),
        ("application/octet-stream", False, False, False, False),
        ("multipart/form-data", False, False, False, True),
        ("multipart/mixed", False, False, False, True),
        ("", False, False, False, False),
    ],
)
def test_what_a_media_type_is(media_type: str, json: bool, html: bool, text: bool, multipart: bool) -> None:
    assert media_types.is_json(media_type) is json
    assert media_types.is_html(media_type) is html
    assert media_types.is_text(media_type) is text
    assert media_types.is_multipart(media_type) is multipart


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "model/gltf+json"])
def test_a_request_and_a_response_are_read_as_json_by_the_same_types(content_type: str) -> None:
    fields = HeaderFields([("Content-Type", content_type)])
    assert RequestRecord("POST", "/", fields, b'{"a": 1}').json == {"a": 1}
    assert ResponseRecord(200, "OK", fields, Body(b'{"a": 1}')).json == {"a": 1}
