"""Every place where a file becomes text reads UTF-8, with or without its mark, and rejects anything else by name."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbmicro.errors import NbmicroError
from nbmicro.importing.environments import find_environment_files
from nbmicro.importing.notebook import import_notebook
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script, read_file
from nbmicro.loading.notebook_file import read_notebook
from nbmicro.runner.run import run_script
from nbmicro.web.commands.dotenv import read_dotenv
from tests.support.commands import run_command
from tests.support.echo_app import echo_client

PART = (
    "POST /x\nContent-Type: multipart/form-data; boundary=B\n\n"
    '--B\nContent-Disposition: form-data; name="a"\n\n{}\n--B--'
)


def line(text: str) -> Callable[[Path], Any]:
    return lambda file: run_command(parse_line(text.format(file.name)), echo_client(), {}, folder=file.parent)


def cell(text: str) -> Callable[[Path], Any]:
    return lambda file: run_script(
        parse_script("", text.replace("{}", file.name)), echo_client(), {}, folder=file.parent
    )


#: Where a file becomes text, and a text in ASCII that stands in such a file.
PLACES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "an item of text": (line("/x bio=@{}"), "text"),
    "an item of JSON": (line("/x bio:=@{}"), '{"a": 1}'),
    "a nested item": (line("/x a[b]=@{}"), "text"),
    "a field of a form": (line("-f /x bio=@{}"), "text"),
    "an item of the query": (line("/x q==@{}"), "text"),
    "an item of the headers": (line("/x X-A:@{}"), "text"),
    "a filled body": (cell("POST /x\n\n<@ ./{}"), "text {{ 1 + 1 }}"),
    "a filled JSON body": (cell("POST /x\nContent-Type: application/json\n\n<@ ./{}"), '{"a": {{ 1 + 1 }}}'),
    "a filled part": (cell(PART.replace("{}", "<@ ./{}")), "text {{ 1 + 1 }}"),
    "a file of requests": (read_file, "GET /x\n"),
    "a file to import": (lambda file: import_notebook(file, file.with_name("out.ipynb")), "GET /x\n"),
    "a notebook": (read_notebook, '{"nbformat": 4, "nbformat_minor": 5, "metadata": {"a": "text"}, "cells": []}'),
    "a file of variables": (read_dotenv, "A=1\n"),
    "environments": (
        lambda file: find_environment_files(file.rename(file.with_name("http-client.env.json")).parent),
        '{"dev": {"a": "1"}}',
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_byte_order_mark_is_no_part_of_the_text(place: str, tmp_path: Path) -> None:
    read, text = PLACES[place]
    came = []
    for number, data in enumerate((text.encode(), codecs.BOM_UTF8 + text.encode())):
        folder = tmp_path / str(number)
        folder.mkdir()
        file = folder / "file.http"
        file.write_bytes(data)
        read(file)
        came.append(_shown(read(file) if file.exists() else None))
    assert came[0] == came[1]


def _shown(value: Any) -> str:
    """What came of it: of a response what the app was asked."""
    exchange = value[0] if isinstance(value, list) and value else value
    return json.dumps(exchange.json) if hasattr(exchange, "json") else ""


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le", "cp1252"])
def test_another_encoding_is_an_error_with_the_name_of_the_file(place: str, encoding: str, tmp_path: Path) -> None:
    read, text = PLACES[place]
    file = tmp_path / "file.http"
    accented = text if encoding.startswith("utf-16") else text.replace("1", "é", 1).replace("text", "té")
    accented = accented.replace("GET", "# é\nGET")
    file.write_bytes(accented.encode(encoding))
    with pytest.raises(NbmicroError) as caught:
        read(file)
    said = str(caught.value)
    assert "UTF-8" in said
    assert "file.http" in said or "http-client.env.json" in said


def test_the_error_of_a_request_has_the_byte_and_what_reads_the_file(tmp_path: Path) -> None:
    (tmp_path / "lat.txt").write_bytes("one\nZoë".encode("latin-1"))
    client = echo_client()
    with pytest.raises(NbmicroError) as caught:
        run_command(parse_line("/x bio=@lat.txt"), client, {}, folder=tmp_path)
    assert "lat.txt cannot be read: it is not UTF-8 text: line 2 has the byte 0xeb." in str(caught.value)
    assert (caught.value.line, caught.value.column) == (1, 15)
    assert not client.history
    assert "text = Path('lat.txt').read_text('latin-1')" in (caught.value.hint or "")


# -- parts and chunks -------------------------------------------------------------------------------------------------


def test_a_filled_file_in_a_part_is_sent_with_its_values_and_a_plain_one_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"Hi {{ name }}\n{{ name }}!")
    more = '\n--B\nContent-Disposition: form-data; name="b"\n\n< ./{{ file }}.txt'
    text = PART.replace("{}", "<@ ./{{ file }}.txt" + more)
    (exchange,) = run_script(parse_script("", text), echo_client(), {"name": "Zoë", "file": "a"}, folder=tmp_path)
    assert exchange.json["form"] == {"a": ["Hi Zoë\nZoë!"], "b": ["Hi {{ name }}\n{{ name }}!"]}


def test_a_value_that_looks_like_a_file_is_none(tmp_path: Path) -> None:
    """What a placeholder gives is text; a line of it opens no file."""
    (tmp_path / "secret.txt").write_text("secret")
    value = "x\n< ./secret.txt"
    (exchange,) = run_script(
        parse_script("", PART.replace("{}", "{{ value }}")), echo_client(), {"value": value}, folder=tmp_path
    )
    assert exchange.json["form"] == {"a": ["x\r\n< ./secret.txt"]}


def test_an_error_in_a_filled_file_of_a_part_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"Hi\n{{ nope }}")
    with pytest.raises(NbmicroError) as caught:
        run_script(parse_script("", PART.replace("{}", "<@ ./a.txt")), echo_client(), {}, folder=tmp_path)
    assert (caught.value.where, caught.value.line) == ("./a.txt", 2)


@pytest.mark.parametrize("name", ["Transfer-Encoding", "transfer-encoding", "Content-Length"])
def test_a_header_that_frames_a_message_does_not_empty_its_body(name: str) -> None:
    value = "7" if name == "Content-Length" else "chunked"
    (exchange,) = run_script(parse_script("", f"POST /x\n{name}: {value}\n\nHello, Ada"), echo_client(), {})
    assert exchange.json["body"] == "Hello, Ada"
    assert exchange.request.headers[name] == value
