"""Every option that curl has is taken, skipped because it changes no request, or refused by its name."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from nbmicro.language import curl_options as table
from nbmicro.language.curl_options import LETTERS, REFUSED, SKIPPED, takes_value
from nbmicro.language.curl_options import PASSED_OVER as PASSED_OVER_GROUPS
from tests.differential.curl_corpus import RealCurl, why_no_curl
from tests.support.nbmicro_sends import Outcome, by_line
from tests.support.sent_requests import difference


class Option(NamedTuple):
    """One option: its letter, or an empty text, and whether a value follows."""

    name: str
    letter: str
    takes_value: bool


def read_options(text: str) -> dict[str, Option]:
    """The options of ``curl_options.txt``."""
    found = re.findall(r"^(?:(-\S)|  ) --(\S+)( VALUE)?$", text, re.MULTILINE)
    return {name: Option(name, letter, bool(value)) for letter, name, value in found}


OPTIONS = read_options(Path(__file__).with_name("curl_options.txt").read_text("ascii"))
URL = "http://localhost:5000/x"

#: Options that say what the request is, each with a value to try.
TAKEN = {
    "compressed": "",
    "cookie": "a=b",
    "data": "a=1",
    "data-ascii": "a=1",
    "data-binary": "a=1",
    "data-raw": "a=1",
    "data-urlencode": "a=1 2",
    "form": "a=@a.png",
    "form-string": "a=b",
    "get": "",
    "globoff": "",
    "head": "",
    "header": "X-A: b",
    "json": "{}",
    "location": "",
    "max-time": "5",
    "oauth2-bearer": "abc",
    "referer": "http://localhost/",
    "path-as-is": "",
    "request": "PUT",
    "upload-file": "bin.dat",
    "url": URL,
    "url-query": "a=1",
    "user": "ada:secret",
    "user-agent": "me",
    "verbose": "",
}
#: Options that say how a network is crossed, what is shown, or where the answer is put, each with a value to try.
PASSED_OVER = {
    "basic": "",
    "connect-timeout": "5",
    "cookie-jar": "jar.txt",
    "create-dirs": "",
    "dump-header": "head.txt",
    "fail": "",
    "fail-with-body": "",
    "http1.0": "",
    "http1.1": "",
    "http2": "",
    "http3": "",
    "include": "",
    "insecure": "",
    "ipv4": "",
    "ipv6": "",
    "keepalive-time": "60",
    "limit-rate": "1M",
    "max-redirs": "3",
    "no-buffer": "",
    "no-keepalive": "",
    "no-progress-meter": "",
    "output": "out.txt",
    "output-dir": ".",
    "progress-bar": "",
    "remote-header-name": "",
    "remote-name": "",
    "remote-name-all": "",
    "remote-time": "",
    "retry": "1",
    "retry-all-errors": "",
    "retry-connrefused": "",
    "retry-delay": "1",
    "retry-max-time": "5",
    "show-error": "",
    "silent": "",
    "stderr": "errors.txt",
    "styled-output": "",
    "tcp-nodelay": "",
    "tr-encoding": "",
    "write-out": "%{http_code}",
}


def command(name: str, value: str, *, letter: str = "") -> str:
    words = [letter or f"--{name}", f"'{value}'" if OPTIONS[name].takes_value else ""]
    return " ".join(["curl", *filter(None, words), URL if name != "url" else ""])


def refused_as(outcome: Outcome, option: str) -> str:
    """The words of the refusal, without the option's own name."""
    assert outcome.refusal is not None, f"{option} is taken, and stands in neither list"
    assert not outcome.sent
    assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", outcome.refusal), outcome.refusal
    return outcome.refusal.replace(option, "--…")


@pytest.mark.parametrize("name", sorted(OPTIONS.keys() - TAKEN.keys() - PASSED_OVER.keys()))
def test_an_option_that_is_neither_taken_nor_passed_over_is_refused_by_its_name(name: str, folder: Path) -> None:
    """In other words than one that curl does not have; its letter as well."""
    option = OPTIONS[name]
    unknown = refused_as(by_line(f"--curl curl --no-such-option {URL}", folder), "--no-such-option")
    words = refused_as(by_line(f"--curl {command(name, 'value')}", folder), f"--{name}")
    if option.letter:
        short = by_line(f"--curl {command(name, 'value', letter=option.letter)}", folder)
        assert short.refusal is not None
        assert not short.sent
    assert words != unknown


@pytest.mark.curl
@pytest.mark.parametrize("name", sorted({**TAKEN, **PASSED_OVER}))
def test_an_option_that_is_taken_or_passed_over_makes_curls_request(name: str, curl: RealCurl, folder: Path) -> None:
    """Written out and by its letter; one that is skipped changes nothing."""
    value = {**TAKEN, **PASSED_OVER}[name]
    lines = [command(name, value)]
    lines += [command(name, value, letter=OPTIONS[name].letter)] if OPTIONS[name].letter else []
    plain = by_line(f"--curl curl {URL}", folder)
    for line in lines:
        outcome = by_line(f"--curl {line}", folder)
        assert outcome.refusal is None, outcome.refusal
        if name in PASSED_OVER:
            assert outcome.sent == plain.sent
        # This curl may be built without HTTP/3, and this machine without IPv6.
        sent = plain.sent if name in {"http3", "ipv6"} else curl.sends(line)
        differs = difference(sent, outcome.sent)
        assert differs is None, f"{line}\n{differs}"


@pytest.mark.curl
def test_the_list_has_every_option_of_this_curl() -> None:
    """A later curl that has others fails here: add them to the list, and give them their place."""
    if why := why_no_curl():
        pytest.skip(why)
    shown = subprocess.run(["curl", "--help", "all"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^\s*(?:(-\S), )?\s*--(\S+)( <| \[protocol)?", shown, re.MULTILINE)
    here = {Option(name, letter, bool(value)) for letter, name, value in found}
    assert len(here) > 240
    assert {option.name for option in here if not option.name.startswith("expand-")} - OPTIONS.keys() == set()
    assert here - set(OPTIONS.values()) == set()


def test_each_option_stands_once_in_the_table_with_its_letter_and_its_value() -> None:
    """As curl's manual has it."""
    refused = [name for group in REFUSED for name in group.names.split()]
    assert sorted([*table.TAKEN, *SKIPPED, *refused]) == sorted(OPTIONS)
    assert {name: takes_value(name) for name in (*table.TAKEN, *SKIPPED)} == {
        name: OPTIONS[name].takes_value for name in (*table.TAKEN, *SKIPPED)
    }
    assert {option.letter[1]: option.name for option in OPTIONS.values() if option.letter} == LETTERS
    assert (sorted(table.TAKEN), sorted(SKIPPED)) == (sorted(TAKEN), sorted(PASSED_OVER))


def test_each_group_says_why_and_what_to_write_instead() -> None:
    assert all(group.why for group in PASSED_OVER_GROUPS)
    assert all(group.why and group.hint for group in REFUSED)


def test_no_option_has_two_places() -> None:
    assert TAKEN.keys() & PASSED_OVER.keys() == set()
    assert {**TAKEN, **PASSED_OVER}.keys() - OPTIONS.keys() == set()
