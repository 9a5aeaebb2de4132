"""Curl commands and HTTPie's items in an exported test send what the cell sends, to the byte, or are left out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbmicro import Client
from nbmicro.errors import NbmicroError, RequestError
from nbmicro.export.cell_text import Unwritable
from nbmicro.export.notebook_export import export_notebook
from nbmicro.export.request_text import RequestText, SentFiles
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.language.syntax import Script
from nbmicro.runner.run import run_script
from tests.differential import curl_corpus
from tests.differential.curl_corpus import read_commands, write_files
from tests.differential.httpie_corpus import read_item_lines
from tests.support.notebook_files import write_notebook
from tests.support.sent_requests import Sent, recording_app

CURL = read_commands(Path(curl_corpus.__file__).with_name("curl_commands.txt"))
COMMANDS = {
    **{f"curl {name}": one.text for name, one in CURL.items() if "line" in one.ways and not one.refusal("line")},
    **{f"items {name}": one.text for name, one in read_item_lines().items() if not one.refused},
}
#: Of what is sent, what an exported test does not say, with the reason that stands in its place.
LEFT_OUT = {
    "curl form_own_type_mixed": "its form is sent as",
    "curl follow_method": "its redirects keep the method PUT",
}


def written_call(script: Script, folder: Path) -> str:
    def names(wanted: Iterable[str]) -> dict[str, str]:
        return {name: name for name in wanted}

    files = SentFiles(folder)
    text = RequestText("app", names, files).call(script.requests[0], script.options)
    for place, content in files.copied.items():
        (folder / "out" / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / "out" / place).write_bytes(content)
    return text


def sent_by(script: Script, folder: Path) -> list[Sent]:
    came: list[Sent] = []
    run_script(script, Client(recording_app(came)), {}, folder=folder)
    return came


@pytest.mark.parametrize("name", COMMANDS)
def test_the_call_sends_what_the_line_sends(name: str, tmp_path: Path) -> None:
    write_files(tmp_path)
    script = parse_line(COMMANDS[name])
    expected = sent_by(script, tmp_path)
    if name in LEFT_OUT:
        with pytest.raises(Unwritable, match=LEFT_OUT[name]):
            written_call(script, tmp_path)
        return
    text = written_call(script, tmp_path)
    came: list[Sent] = []
    known = {"client": Client(recording_app(came)), "quote": quote, "Path": Path, "Client": Client}
    exec(text, known | {"__file__": str(tmp_path / "out" / "test_x.py"), "app": recording_app(came)})
    assert came == expected, text


#: Text that a careless writer of Python breaks on.
TEXTS = st.text(
    st.one_of(st.sampled_from("'\"\\{}%$#`nN/ é☃\t"), st.characters(codec="utf-8", categories=("L", "N", "P", "S"))),
    max_size=12,
).map(lambda text: text.replace("{{", "{ {").replace("}}", "} }").strip())
#: Where a text stands in a request.
CELLS = {
    "a query": "GET /x\n[Query]\na: {}\n",
    "a header": "GET /x\nX-A: {}\n",
    "a form": "POST /x\n[Form]\na: {}\n",
    "a part": "POST /x\n[Multipart]\na: {}\n",
    "a text": "POST /x\nContent-Type: text/plain\n\nbegin {} end\nnext\n",
    "JSON": "POST /x\nContent-Type: application/json\n\n[{}]\n",
    "credentials": "GET /x\n[BasicAuth]\n{}: {}\n",
}


@settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("place", CELLS)
@given(text=TEXTS, value=TEXTS, filled=st.booleans())
def test_a_call_is_python_and_sends_the_same_whatever_text_it_holds(
    place: str, text: str, value: str, filled: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Quotes, braces and backslashes, beside placeholders too."""
    folder = tmp_path_factory.getbasetemp()
    written = f"{text}{{{{ value }}}}{text}" if filled else text
    if place == "JSON":
        written = json.dumps(text, ensure_ascii=False)[:-1] + ("{{ value }}" if filled else "") + '"'
    cell = CELLS[place].replace("{}", written)
    came: list[Sent] = []
    try:
        script = parse_script("", cell)
        run_script(script, Client(recording_app(came)), {"value": value}, folder=folder)
    except RequestError:
        # Not every text may stand everywhere.
        return
    call = written_call(script, folder)
    again: list[Sent] = []
    known = {"client": Client(recording_app(again)), "quote": quote, "Path": Path, "Client": Client, "value": value}
    exec(call, known | {"__file__": str(folder / "out" / "test_x.py"), "app": recording_app(again)})
    assert again == came, call


@settings(derandomize=True, deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(TEXTS, min_size=4, max_size=4), filled=st.booleans())
def test_the_tests_of_a_notebook_are_python_whatever_text_is_in_it(
    texts: list[str], filled: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In comments, names of values, checks and expected bodies."""
    comment, message, expected, literal = texts
    more = "{{ value }}" if filled else ""
    folder = tmp_path_factory.mktemp("texts")
    path = write_notebook(
        folder / "app.ipynb",
        "%load_ext nbmicro",
        "%%route GET,POST /x\n'x'",
        "value = 1",
        f"# {comment}\n%http /x",
        f"%%http\n# {comment}\nPOST /x\nContent-Type: text/plain\nX-A: {literal}{more}\n\n{literal}{more}\n\n"
        f"HTTP 200\nX-B: {literal}{more}\n\n```\n{expected}{more}\n```\n[Asserts]\n"
        f"text == {literal!r}     # {message}\ntext != {expected!r} + f'{{value}}'\n",
    )
    try:
        tests = export_notebook(path, folder / "shop.py", tests=True).tests
    except NbmicroError:
        return
    assert tests is not None
    compile(tests, "test_shop.py", "exec")
