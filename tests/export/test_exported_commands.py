"""Curl commands and HTTPie's items in an exported test send what the cell sends, to the byte, or are left out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pytest

from nbmicro import Client
from nbmicro.export.cell_text import Unwritable
from nbmicro.export.request_text import RequestText, SentFiles
from nbmicro.language.items import parse_line
from nbmicro.language.syntax import Script
from nbmicro.runner.run import run_script
from tests.differential import curl_corpus
from tests.differential.curl_corpus import read_commands, write_files
from tests.differential.httpie_corpus import read_item_lines
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
