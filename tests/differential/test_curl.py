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


#: What is another request, and stays so: the command, with its way in brackets where the other way is right, and why.
#: When one of them comes out equal, or is refused in clear words, its test fails until it is taken out of this list.
KNOWN_DIFFERENCES: dict[str, str] = {
    **_all(
        "url_space url_space_in_query get_raw_space",
        "curl refuses the URL as malformed; a space in a URL can only be meant as one, and is sent as %20",
    ),
    "url_globbed_brackets": "curl refuses it as a bad range; brackets that are no range are meant as they stand",
    **_all(
        "url_by_option_joined method_long_joined data_equals header_long_equals",
        "curl refuses an = behind an option; what is meant by it is plain",
    ),
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
