"""Items beside HTTPie, whose words they are: what it sends nbmicro sends too, or it refuses the line and says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.differential.curl_corpus import write_files
from tests.differential.httpie_corpus import EXPECTED, in_one_way, read_item_lines
from tests.differential.record_httpie import find_httpie, sent_by_httpie
from tests.support.nbmicro_sends import by_line
from tests.support.sent_requests import Sent, difference

LINES = read_item_lines()
RECORDED = json.loads(EXPECTED.read_text("utf-8"))["lines"]

#: What means to be another request than HTTPie's. One that comes out equal fails its test until it is taken out.
KNOWN_DIFFERENCES = {
    "nested_into_json": "HTTPie loses what is put into the JSON of another item",
    "nested_into_json_deep": "HTTPie loses what is put into the JSON of another item",
    "form_true": "JSON in a form is sent as it is written; HTTPie sends Python's True",
    "form_object": "JSON in a form is sent as it is written; HTTPie has no objects there",
}


def test_every_line_has_what_httpie_makes_of_it() -> None:
    """After a change of the corpus: python -m tests.differential.record_httpie"""
    assert list(RECORDED) == list(LINES)
    assert len(LINES) >= 80
    assert KNOWN_DIFFERENCES.keys() <= LINES.keys()


@pytest.mark.parametrize("name", LINES)
def test_a_line_of_items_means_what_it_means_to_httpie(name: str, tmp_path: Path) -> None:
    line, recorded = LINES[name], RECORDED[name]
    write_files(tmp_path)
    outcome = by_line(line.text, tmp_path)
    assert outcome.error is None
    if line.refused is not None:
        assert line.refused in (outcome.refusal or "")
        assert (outcome.sent, outcome.line) == ([], 1)
        return
    assert outcome.refusal is None
    (sent,) = outcome.sent
    found: str | None = "HTTPie refuses it"
    if "error" not in recorded:
        found = difference([in_one_way(Sent.from_json(recorded))], [in_one_way(sent)])
    if name in KNOWN_DIFFERENCES:
        assert found, f"{name} is as HTTPie's now: take it out of KNOWN_DIFFERENCES"
    else:
        assert not found, found


def test_what_is_recorded_is_what_httpie_makes(tmp_path: Path) -> None:
    program = find_httpie()
    if program is None:
        pytest.skip("HTTPie is not here")
    write_files(tmp_path)
    for name, line in LINES.items():
        sent = sent_by_httpie(program, line, tmp_path)
        assert isinstance(sent, Sent) is ("error" not in RECORDED[name]), name
        if isinstance(sent, Sent):
            assert not difference([in_one_way(Sent.from_json(RECORDED[name]))], [in_one_way(sent)]), name
