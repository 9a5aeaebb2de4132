"""Files of requests beside the tools that they are written for, httpYac above all: what those send nbmicro sends too,
from the file and from the notebook that ``nbmicro import`` makes of it, or it refuses the file with a line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.differential.curl_corpus import VARIABLES
from tests.differential.http_corpus import EXPECTED, HttpFile, read_http_files, steady, write_http_file
from tests.differential.record_httpyac import find_httpyac, recording, sent_by_httpyac
from tests.support.nbmicro_sends import by_file, by_import
from tests.support.sent_requests import Sent, difference

FILES = read_http_files()
RECORDED = json.loads(EXPECTED.read_text("utf-8"))["files"]
WAYS = [(name, way) for name in FILES for way in ("file", "import")]


def _all(names: str, text: str, way: str = "") -> dict[str, str]:
    return dict.fromkeys((name + way for name in names.split()), text)


#: What is another request today: the file, with its way in brackets where the other way is right, and what differs.
#: When one of them comes out equal, or is refused in clear words, its test fails until it is taken out of this list.
KNOWN_DIFFERENCES: dict[str, str] = {
    # What nbmicro means to do otherwise.
    **_all(
        "json_without_type text_without_type body_of_get_without_type",
        "a body without a Content-Type is given one",
    ),
    "redirect": "redirects are not followed",
    "variables_slash_in_url (file)": "a slash in a value is percent-encoded",
    "text_like_status": "HTTP 200 in a text is a check",
    "text_like_section": "[Asserts] at the beginning of a text is a section",
    # Hurl's files.
    "hurl_line_body": "a body without a Content-Type is given one",
    "hurl_text_body": "the last line break of a fence is left out, and a type added",
    "hurl_json_fence (file)": "the last line break of a fence is left out",
}


@pytest.mark.parametrize(("name", "way"), WAYS, ids=[f"{name}-{way}" for name, way in WAYS])
def test_a_file_of_another_tool_sends_what_that_tool_sends_or_is_refused(
    name: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in VARIABLES.items():
        monkeypatch.setenv(variable, value)
    file = FILES[name]
    path = write_http_file(file, tmp_path)
    outcome = by_file(path) if way == "file" else by_import(path)
    refusal = file.file_refused if way == "file" else file.import_refused
    if outcome.error is not None:
        found: str | None = outcome.error
    elif refusal is not None:
        is_so = outcome.refusal is not None and refusal in outcome.refusal and outcome.line is not None
        found = None if is_so else f"refused with `{refusal}` and a line expected: {outcome}"
    elif outcome.refusal is not None:
        found = f"refused: {outcome.refusal}"
    else:
        found = difference(expected(file), steady(file, outcome.sent))
    known = KNOWN_DIFFERENCES.get(name) or KNOWN_DIFFERENCES.get(f"{name} ({way})")
    if known is None:
        assert found is None, f"{file.text}\n{found}"
    else:
        assert found is not None, f"no longer so, take it out of KNOWN_DIFFERENCES: {known}"


def expected(file: HttpFile) -> list[Sent]:
    return [Sent.from_json(one) for one in RECORDED[file.name]]


def test_each_file_has_its_expected_requests_and_each_difference_its_file() -> None:
    assert FILES.keys() == RECORDED.keys(), "python -m tests.differential.record_httpyac"
    ways = {*FILES, *(f"{name} ({way})" for name, way in WAYS)}
    assert [name for name in KNOWN_DIFFERENCES if name not in ways] == []
    assert sum(len(RECORDED[name]) for name in FILES) >= 60


@pytest.mark.parametrize("name", [name for name in FILES if FILES[name].own is None][::30])
def test_what_was_recorded_is_what_httpyac_sends(name: str) -> None:
    """Some of it, where httpYac is on the path; ``python -m tests.differential.record_httpyac`` renews all of it."""
    program = find_httpyac()
    if program is None:
        pytest.skip("no httpYac on the path: npm install --global httpyac@6")
    with recording() as recorder:
        assert difference(expected(FILES[name]), sent_by_httpyac(program, FILES[name], recorder)) is None
