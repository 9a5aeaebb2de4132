"""``.env`` files beside python-dotenv: the same names have the same values."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path

import pytest
from dotenv.main import DotEnv

from tests.support.nbmicro_sends import by_cell, load_dotenv_file, read_dotenv

ENVIRON = {"SET": "from outside", "PATH_LIKE": "/bin"}

#: Files, most of them of one line.
TEXTS: dict[str, str] = {
    # Plain values.
    "plain": "A=1",
    "empty": "A=",
    "empty_line_end": "A=\n",
    "no_equals": "A",
    "no_equals_then_more": "A\nB=1",
    "spaces_around": "A = 1",
    "spaces_before": "   A=1",
    "spaces_behind": "A=1   ",
    "tabs": "\tA\t=\t1\t",
    "inner_spaces": "A=two  words",
    "equals_inside": "A=a=b==",
    "two": "A=1\nB=2",
    "twice": "A=1\nA=2",
    "url": "A=http://localhost:5000/?a=1&b=2",
    "url_with_fragment": "A=http://localhost/#top",
    "json": 'A={"a": 1}',
    "json_in_single_quotes": """A='{"a": 1}'""",
    "backslash": "A=C:\\new\\table",
    "backslash_at_end": "A=b\\\nB=1",
    "unicode": "A=Zoë",
    "emoji": "A=👍",
    "unicode_name": "Ä=1",
    "quote_inside": "A=it's",
    "double_quote_inside": 'A=say "hi"',
    "dollar": "A=5$",
    "dollar_name": "A=$SET",
    "backquote": "A=`id`",
    "parenthesis": "A=$(id)",
    "semicolon": "A=1;B=2",
    "comma": "A=1,2",
    "percent": "A=100%",
    "exclamation": "A=a!",
    "star": "A=*",
    "tilde": "A=~/a",
    "colon": "A: 1",
    "no_break_space": "A=\u00a01",
    "line_separator": "A=1\u2028B=2",
    "next_line": "A=1\x85B=2",
    "form_feed": "A=1\x0cB=2",
    "vertical_tab": "A=1\x0bB=2",
    "zero": "A=1\x00",
    # Names.
    "name_small": "a=1",
    "name_dot": "A.B=1",
    "name_hyphen": "A-B=1",
    "name_digit": "1A=1",
    "name_underscore": "_A=1",
    "name_space": "A B=1",
    "name_quoted": "'A'=1",
    "name_double_quoted": '"A"=1',
    "name_empty": "=1",
    "name_empty_then_more": "=1\nB=2",
    "export": "export A=1",
    "export_spaces": "export    A=1",
    "export_tab": "export\tA=1",
    "export_alone": "export A",
    "export_as_name": "export=1",
    "export_begins_name": "exported=1",
    "export_quoted": "export 'A'=1",
    # Comments.
    "comment": "# A=1\nB=2",
    "comment_indented": "   # A=1\nB=2",
    "comment_behind": "A=1 # c",
    "comment_behind_tab": "A=1\t# c",
    "comment_without_space": "A=1#c",
    "comment_alone": "A=#c",
    "comment_behind_equals": "A= # c",
    "comment_behind_quotes": "A='1' # c",
    "comment_directly_behind_quotes": "A='1'#c",
    "hash_in_single_quotes": "A='1 # c'",
    "hash_in_double_quotes": 'A="1 # c"',
    "comment_only": "# nothing",
    "comment_with_quote": "# it's\nA=1",
    "comment_behind_name": "A # c\nB=1",
    # Single quotes.
    "single": "A='1'",
    "single_empty": "A=''",
    "single_spaces": "A=' 1 '",
    "single_escape_quote": "A='it\\'s'",
    "single_escape_backslash": "A='a\\\\b'",
    "single_escape_letter": "A='a\\nb'",
    "single_double_inside": "A='say \"hi\"'",
    "single_lines": "A='one\ntwo'\nB=1",
    "single_unclosed": "A='1\nB=2",
    "single_text_behind": "A='1' 2\nB=3",
    "single_joined": "A='1''2'\nB=3",
    "single_reference": "A='${SET}'",
    "single_spaces_around_equals": "A = '1'",
    # Double quotes.
    "double": 'A="1"',
    "double_empty": 'A=""',
    "double_spaces": 'A=" 1 "',
    "double_escape_quote": 'A="say \\"hi\\""',
    "double_escape_newline": 'A="a\\nb"',
    "double_escape_tab": 'A="a\\tb"',
    "double_escape_return": 'A="a\\rb"',
    "double_escape_bell": 'A="a\\ab\\bc\\fd\\ve"',
    "double_escape_backslash": 'A="a\\\\nb"',
    "double_escape_unknown": 'A="a\\qb"',
    "double_escape_dollar": 'A="\\$5"',
    "double_escape_hex": 'A="a\\x41"',
    "double_escape_unicode": 'A="\\u00e9"',
    "double_escape_single": 'A="it\\\'s"',
    "double_escape_line_end": 'A="one\\\ntwo"',
    "double_single_inside": 'A="it\'s"',
    "double_lines": 'A="one\n# two\n\nthree"\nB=1',
    "double_unclosed": 'A="1\nB=2',
    "double_text_behind": 'A="1" 2\nB=3',
    "double_unicode": 'A="Zoë"',
    "double_key": 'A="-----BEGIN KEY-----\nabc=\n-----END KEY-----"\nB=1',
    # References.
    "reference": "A=1\nB=${A}2",
    "reference_outside": "A=${SET}",
    "reference_unknown": "A=${NONE}",
    "reference_default": "A=${NONE:-d}",
    "reference_default_of_known": "A=${SET:-d}",
    "reference_default_empty": "A=${NONE:-}",
    "reference_default_with_colon": "A=${NONE:-http://a:1}",
    "reference_default_with_space": "A=${NONE:-a b}",
    "reference_in_double_quotes": 'A=1\nB="${A} ${A}"',
    "reference_to_later": "A=${B}\nB=1",
    "reference_to_itself": "A=1\nA=${A}2",
    "reference_path": "PATH_LIKE=${PATH_LIKE}:/a",
    "reference_chain": "A=1\nB=${A}\nC=${B}",
    "reference_set_in_both": "SET=here\nA=${SET}",
    "reference_nested_default": "A=${NONE:-${SET}}",
    "reference_unclosed": "A=${SET",
    "reference_empty": "A=${}",
    "reference_spaces": "A=${ SET }",
    "reference_plain_default": "A=${NONE-d}",
    "reference_escaped": "A=\\${SET}",
    "reference_double_dollar": "A=$${SET}",
    "reference_to_name_without_value": "A\nB=${A}",
    # Line ends and the like.
    "crlf": "A=1\r\nB=2\r\n",
    "crlf_quoted": "A=\"1\"\r\nB='2'\r\n",
    "crlf_in_quotes": 'A="one\r\ntwo"\r\n',
    "cr": "A=1\rB=2",
    "empty_lines": "\n\nA=1\n\n\nB=2\n\n",
    "byte_order_mark": "\ufeffA=1\nB=2",
    "nothing": "",
    "words": "just words\nA=1",
    "yaml": "A: 1\nB=2",
    "ini": "[section]\nA=1",
    "shell": "set -e\nA=1\necho $A",
    "unset": "unset A\nB=1",
    "diff": "+A=1\n-B=2\nC=3",
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_gives_what_python_dotenv_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the environment counts before one of the file; one without a value is none."""
    for variable, value in ENVIRON.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("NONE", raising=False)
    dotenv = DotEnv(None, stream=StringIO(TEXTS[name]), override=False).dict()
    expected = {variable: value for variable, value in dotenv.items() if value is not None}
    assert read_dotenv(TEXTS[name]) == expected


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("way", ["load", "placeholder"])
def test_a_file_that_is_no_utf_8_is_an_error_with_its_name(
    way: str, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With or without a byte order mark; read when the app starts, and by ``{{$dotenv NAME}}``."""
    (tmp_path / ".env").write_bytes("NAME_IN_FILE=Zoë\n".encode(encoding))
    monkeypatch.setattr("os.environ", {**os.environ})
    if way == "load":
        found, message = load_dotenv_file(tmp_path / ".env", "NAME_IN_FILE")
    else:
        outcome = by_cell("GET /x\nX-A: {{$dotenv NAME_IN_FILE}}", tmp_path)
        found = dict(outcome.sent[0].headers)["x-a"] if outcome.sent else None
        message = f"{outcome.refusal}{outcome.error or ''}"
    is_so = found == "Zoë" if encoding.startswith("utf-8") else found is None and f"{tmp_path / '.env'}" in message
    assert is_so, f"{found!r} {message}"
