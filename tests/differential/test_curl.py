"""Curl commands beside the real curl: what it sends nbmicro sends as well, or it refuses the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.differential.curl_corpus import RealCurl, read_commands
from tests.support.nbmicro_sends import Outcome, by_cell, by_line
from tests.support.sent_requests import Sent, difference

COMMANDS = read_commands(Path(__file__).with_name("curl_commands.txt"))
WAYS = [(name, way) for name, command in COMMANDS.items() for way in command.ways]


def _all(names: str, text: str, way: str = "") -> dict[str, str]:
    return dict.fromkeys((name + way for name in names.split()), text)


#: What is another request today: the command, with its way in brackets where the other way is right, and what differs.
#: When one of them comes out equal, or is refused in clear words, its test fails until it is taken out of this list.
KNOWN_DIFFERENCES: dict[str, str] = {
    # The shell.
    **_all(
        "data_shell_variable data_shell_variable_braces data_shell_variable_bare data_shell_variable_unset"
        " data_shell_variable_in_quotes_broken_out header_shell_variable header_shell_variable_braces"
        " header_shell_default url_in_shell_variable url_in_shell_variable_braces docs_twilio docs_openai",
        "a variable of the shell is sent by its name",
    ),
    **_all(
        "data_shell_command data_shell_backquotes data_shell_arithmetic header_shell_command",
        "what the shell would compute is sent as it is written",
    ),
    "data_tilde": "~ is the home folder to the shell",
    "data_brace_expansion_of_the_shell": "{a,b} are two words to the shell",
    "url_unquoted_ampersand": "& outside quotes ends the command",
    "placeholder_angles": "<id> outside quotes reads a file",
    **_all("pipe_without_spaces redirect_joined redirect_errors", "refused as a second URL, not as the shell's"),
    "continuation_last_line_too": "refused: a backslash at the end of the last line counts as a word",
    "continuation_inside_word": "refused: a backslash at the end of a line ends the word",
    "cmd_doubled_quotes": 'cmd writes "" for a quote in quotes',
    "cmd_variable": "a variable of cmd is sent by its name",
    # The URL.
    "url_empty_query": "the ? of an empty query is left out",
    "url_dots": "dot segments are not resolved",
    **_all("url_globbed_range url_globbed_list", "curl sends several requests"),
    "url_escaped_brackets": "the backslash in front of a bracket is sent",
    "url_upper_case": "refused as no path",
    "url_query_option_plus": "the + that says `encoded already` is sent",
    **_all(
        "url_space url_space_in_query url_globbed_brackets get_raw_space method_head_with_data"
        " url_by_option_joined method_long_joined data_equals header_long_equals",
        "curl refuses it, nbmicro sends it",
    ),
    # The method.
    "method_small": "the method is written in capitals",
    "method_x_then_head": "-I behind -X GET makes it HEAD",
    # Data.
    **_all(
        "data_file data_file_line_breaks data_file_json data_file_bytes_stripped data_file_quoted data_file_space"
        " data_file_ascii",
        "-d @file keeps the line breaks and zero bytes",
    ),
    "data_empty_then_more": "an empty -d is not joined with &",
    "data_content_type_empty": "`Content-Type;` is not sent empty",
    "json_with_data": "-d behind --json is joined without &",
    "docs_elastic": "line breaks around JSON data are left out",
    "json_own_type": "beside an own Content-Type --json sends no Accept",
    "json_own_accept": "--json adds its Accept to an own one",
    "get_beside_fragment": "the query is put behind the fragment",
    "get_file": "-G -d @file sends no query",
    "get_empty_query": "an & stands behind the ? of an empty query",
    "get_url_query": "curl leaves --url-query out beside -G -d",
    "get_json": "-G --json sends no types",
    # Forms and files.
    **_all(
        "form_field form_several form_empty form_long form_text_of_file form_field_with_type form_field_quoted"
        " form_field_quoted_with_semicolon form_field_semicolon form_field_json form_field_at_inside"
        " form_field_line_break form_field_spaces_around form_field_unicode form_field_name_with_colon"
        " form_field_name_in_brackets form_field_name_with_quote form_field_percent form_string form_string_angle"
        " form_string_quotes form_method form_own_type form_own_type_mixed",
        "-F without a file is sent as a form that is no multipart",
        " (line)",
    ),
    **_all("form_field_with_type form_field_with_type_and_file", "the type of a field is sent in its value", " (cell)"),
    "form_field_with_type_and_file (line)": "the type of a field is sent in its value",
    **_all("form_field_quoted form_field_quoted_with_semicolon", "the quotes of a value are sent", " (cell)"),
    "form_field_semicolon (cell)": "curl ends a value at its semicolon",
    **_all("form_file_quoted_path form_file_quoted_path_with_type postman_new", "refused: a path in quotes"),
    **_all("form_file_quoted_name form_file_name_with_quote", "the quotes of a file's name are sent", " (line)"),
    "form_file_with_spaces_between (line)": "refused: spaces behind the semicolons",
    "form_text_of_file_with_type (line)": "refused: the type counts as part of the path",
    **_all("form_field_headers form_field_encoder", "refused: counts as part of the path", " (line)"),
    **_all("form_file_json form_file_csv form_file_markdown", "curl guesses other types of files"),
    "form_own_type_mixed (cell)": "an own multipart type is sent without a boundary",
    "form_get": "curl does not make it a GET",
    **_all(
        "upload upload_without_type upload_empty upload_chunked method_post_with_upload",
        "-T sends a Content-Type, and curl none",
    ),
    **_all(
        "upload_to_folder upload_to_root upload_from_folder_to_folder upload_space_to_folder"
        " upload_to_folder_with_query",
        "-T to a folder does not add the file's name",
    ),
    "upload_get": "-G -T sends no body",
    # Headers, credentials, redirects.
    "header_unicode": "a header is sent as Latin-1, and was typed as UTF-8",
    "header_authorization_basic_words (cell)": "`Basic ada:secret` is encoded",
    "cookie_and_header": "-b is sent beside an own Cookie header",
    "user_and_header": "-u is sent beside an own Authorization header",
    "bearer_and_header": "--oauth2-bearer is sent beside an own Authorization header",
    **_all("agent_empty referer_empty", "an empty one is sent; curl sends none", " (cell)"),
    "referer_auto": "`;auto` is sent",
    "compressed": "--compressed asks for nothing",
    "follow_method": "-X does not count for the redirect",
    "follow_with_headers": "cookies given by -b are not sent to the redirect's target",
}


_sent_by_curl: dict[str, list[Sent]] = {}


def expected(curl: RealCurl, name: str) -> list[Sent]:
    """What the real curl sends, or would send for the command that a command for another shell means."""
    name = COMMANDS[name].twin or name
    if name not in _sent_by_curl:
        _sent_by_curl[name] = curl.sends(COMMANDS[name].text)
    return _sent_by_curl[name]


def by_way(name: str, way: str, folder: Path) -> Outcome:
    text = COMMANDS[name].text
    return by_line(f"--curl {text}", folder) if way == "line" else by_cell(text, folder)


@pytest.mark.curl
@pytest.mark.parametrize(("name", "way"), WAYS, ids=[f"{name}-{way}" for name, way in WAYS])
def test_a_pasted_command_is_what_curl_sends_or_is_refused(curl: RealCurl, folder: Path, name: str, way: str) -> None:
    refusal = COMMANDS[name].refusal(way)
    outcome = by_way(name, way, folder)
    if outcome.error is not None:
        found: str | None = outcome.error
    elif refusal is not None:
        is_so = outcome.refusal is not None and refusal in outcome.refusal and not outcome.sent
        found = None if is_so else f"refused with `{refusal}` expected: {outcome}"
    elif outcome.refusal is not None:
        found = f"refused: {outcome.refusal}"
    else:
        found = difference(expected(curl, name), outcome.sent)
    known = KNOWN_DIFFERENCES.get(name) or KNOWN_DIFFERENCES.get(f"{name} ({way})")
    if known is None:
        assert found is None, f"{COMMANDS[name].text}\n{found}"
    else:
        assert found is not None, f"no longer so, take it out of KNOWN_DIFFERENCES: {known}"


def test_each_known_difference_is_of_a_command_in_the_corpus() -> None:
    ways = {*COMMANDS, *(f"{name} ({way})" for name, way in WAYS)}
    assert [name for name in KNOWN_DIFFERENCES if name not in ways] == []
    assert [name for name in KNOWN_DIFFERENCES if f"{name} (line)" in KNOWN_DIFFERENCES] == []


@pytest.mark.curl
def test_most_commands_of_the_corpus_are_sent_by_curl(curl: RealCurl) -> None:
    """The comparison can fail: curl is really asked, and sends one request for nearly every command."""
    counted = [len(expected(curl, name)) for name, command in COMMANDS.items() if command.refused is None]
    assert len(COMMANDS) >= 180
    assert counted.count(1) > 0.9 * len(counted)
