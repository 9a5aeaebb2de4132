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
        "json_without_type text_without_type body_of_get_without_type header_behind_empty_line"
        " header_behind_empty_line_of_get",
        "a body without a Content-Type is given one",
    ),
    "redirect": "redirects are not followed",
    "variables_slash_in_url (file)": "a slash in a value is percent-encoded",
    "text_like_status": "HTTP 200 in a text is a check",
    "text_like_section": "[Asserts] at the beginning of a text is a section",
    # Requests and their separators.
    "separator_of_many_hashes": "a line of more than three # is a comment, and the requests behind it are lost",
    "separator_box": "refused: a line of many # is read as a URL",
    "separator_indented_in_body": "httpYac separates at an indented ### too",
    "indented_headers": "refused: indented headers, which the import leaves out",
    "indented_request_and_headers": "refused: indented headers, which the import leaves out",
    **_all("path_lines path_lines_of_words", "refused: a path over several lines, which the import leaves out"),
    **_all(
        "query_lines_with_comment query_lines_with_slash_comment",
        "refused: a query line behind a comment, which the import leaves out",
    ),
    # Comments.
    **_all(
        "comment_in_json slash_comment_in_json comment_in_form comment_before_body comment_in_text"
        " comment_slash_in_text multipart_comment_between",
        "a comment in a body is sent",
    ),
    **_all("block_comment block_comment_of_lines", "refused: /* … */ is read as a URL"),
    # Bodies.
    "text_like_variable": "a line of a variable where the body would begin is sent",
    "toml": "refused: [tool] is read as a section, which the import leaves out",
    **_all("form_lines form_lines_spaces_around", "blanks in a form are sent as they are"),
    "file_behind_text": "a file among lines of text is not read",
    "multipart_file_filled": "the blanks of a file in a part are not filled",
    "graphql_method": "the method GRAPHQL is sent",
    "graphql_httpyac": "a GraphQL query without a header is sent as it stands",
    # Variables.
    "variables_behind_post_without_body": "a variable behind a POST without a body becomes its body",
    "variables_in_header_name": "a header whose name is a variable begins the body",
    # Directives and what stands behind the body.
    "disabled": "@disabled is skipped, and the request sent",
    "loop": "@loop is skipped, and the request sent once",
    **_all("assertions_httpyac assertions_httpyac_behind_json", "?? … is sent as body"),
    "assertions_httpyac_directly_below": "refused: ?? … is read as part of the URL",
    # Hurl's files.
    **_all("hurl_xml hurl_line_body", "refused: a body directly below the headers, which the import leaves out"),
    "hurl_text_body": "the last line break of a fence is left out, and a type added",
    "hurl_json_fence": "the last line break of a fence is left out",
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
