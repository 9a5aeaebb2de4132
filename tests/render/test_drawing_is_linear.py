"""Drawing a response takes a time that grows with its length alone, whatever an app answers; it is read in one pass."""

from __future__ import annotations

import re
import re._constants as ops  # type: ignore[import-not-found]
import re._parser as regex_parser  # type: ignore[import-not-found]
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmicro.http.body import Body
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import ResponseRecord
from nbmicro.render import markup_tokens
from nbmicro.render.body import body_text
from nbmicro.render.markup_tokens import read_html, with_addresses
from nbmicro.render.page import for_sandbox, iframe_height, inline_page, page_lines
from nbmicro.render.summary import RenderOptions

#: What is written again and again: each opens something that nothing closes, or nearly.
PIECES = [
    *("<", "</", "<a ", "<img ", "<a x='", '<a x="', "<a x=", "</a ", "<!", "<!--", "<!-- --", "<![", "<?", "&", "&#"),
    *("<script>", "<title>", "<style>", "</style", "<svg", "<img src=x height= ", "url(", "url( ", "url(' ", 'url("'),
    *("/*", "/* *", "'", '"', "\\", '\\"', "@import ", " ", "\n", "=", "/", ">", "a", "href ="),
]


class Counted(str):
    """A text that counts the characters that were looked at to find something in it."""

    steps = 0

    def find(self, sub: str, start: int = 0, *more: Any) -> int:  # type: ignore[override]
        found = super().find(sub, start, *more)
        Counted.steps += (len(self) if found < 0 else found) - start + 1
        return found


class CountedPattern:
    """A pattern that counts the characters that it took. Its quantifiers give nothing back, so that is all."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern

    def _count(self, match: re.Match[str] | None, text: str, start: int) -> re.Match[str] | None:
        Counted.steps += (len(text) if match is None else match.end()) - start + 1
        return match

    def match(self, text: str, start: int) -> re.Match[str] | None:
        return self._count(self.pattern.match(text, start), text, start)

    def search(self, text: str, start: int) -> re.Match[str] | None:
        return self._count(self.pattern.search(text, start), text, start)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_NAME", "_BETWEEN", "_ATTRIBUTE"):
        monkeypatch.setattr(markup_tokens, name, CountedPattern(getattr(markup_tokens, name)))
    ends = {name: CountedPattern(pattern) for name, pattern in markup_tokens._ENDS.items()}
    monkeypatch.setattr(markup_tokens, "_ENDS", ends)


def steps(text: str) -> int:
    Counted.steps = 0
    for _ in read_html(Counted(text)):
        pass
    return Counted.steps


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("piece", PIECES)
def test_a_page_is_looked_at_a_few_times_at_most(piece: str) -> None:
    assert steps(piece * 5000) <= 8 * len(piece * 5000) + 100


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("first", ["", "<a x=", "<a x='", "<title>", "<!--", "<script>"])
def test_so_is_one_of_any_two_pieces(first: str) -> None:
    for one in PIECES:
        for other in PIECES:
            text = first + (one + other) * 50 + one * 50
            assert steps(text) <= 8 * len(text) + 100, (first, one, other)


def repeats(parsed: Any) -> Iterable[Any]:
    """The operations of a pattern that repeat something without a small bound and can give back what they took."""
    for op, argument in parsed:
        if op in {ops.MAX_REPEAT, ops.MIN_REPEAT} and argument[1] > 1:
            yield op, argument
        for part in argument if isinstance(argument, (tuple, list)) else [argument]:
            for inner in part if isinstance(part, list) else [part]:
                if isinstance(inner, regex_parser.SubPattern):
                    yield from repeats(inner)


@pytest.mark.parametrize("name", ["_NAME", "_BETWEEN", "_ATTRIBUTE", "_SHEET"])
def test_no_pattern_tries_again_what_it_has_read(name: str) -> None:
    assert list(repeats(regex_parser.parse(getattr(markup_tokens, name).pattern, re.DOTALL))) == []


def test_the_test_of_patterns_would_notice() -> None:
    assert list(repeats(regex_parser.parse(r"url\(\s*([^)]+)\s*\)")))


@given(st.lists(st.sampled_from([*PIECES, "a.png", ")", "*/", "-->", "</title>", "</script>", "x"]), max_size=30))
def test_whatever_a_page_is_its_pieces_stand_one_after_the_other(pieces: list[str]) -> None:
    page, last = "".join(pieces), 0
    for token in read_html(page):
        assert last <= token.start < token.end <= len(page)
        last = token.end
    assert inline_page(page, lambda path: None) == page
    assert with_addresses(page, lambda address: None) == page
    assert all("\n" not in line for line in page_lines(page))
    assert 6 <= iframe_height(page, []) <= 24
    assert for_sandbox(page).count("<") >= page.count("<")


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        ("a{b:url(x.png)}", ["x.png"]),
        ('a{b:url( \'x y\' ) url("z\\"")}', ["x y", 'z\\"']),
        ("a{b:URL(x)} /* url(y) */ c{d:'url(z)'}", ["x"]),
        ("a{b:url(x", []),
        ("a{b:url('x", []),
        ("/* url(x)", []),
        ("a{b:url()}", []),
    ],
)
def test_the_addresses_of_a_style_sheet_are_those_that_a_browser_finds(sheet: str, found: list[str]) -> None:
    asked: list[str] = []
    with_addresses(sheet, lambda address: asked.append(address))
    assert asked == found


@pytest.mark.parametrize("media_type", ["text/html", "text/css", "application/json", "text/yaml", "text/javascript"])
@pytest.mark.parametrize("piece", ["<a ", "[", '{"a":', '\\"', "/*\n", "url( ", "a-", "- "])
def test_a_quarter_of_a_megabyte_is_read_to_its_end(media_type: str, piece: str) -> None:
    """Each of these took minutes, or gigabytes, where it was read again for each of its pieces."""
    body = ('["' if "json" in media_type else "") + piece * (270_000 // len(piece))
    response = ResponseRecord(200, "OK", HeaderFields([("Content-Type", media_type)]), Body(body.encode()))
    assert sum(map(len, body_text(response, RenderOptions()))) < 64 * 1024


def test_a_page_whose_pictures_are_slow_is_drawn_without_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("nbmicro.render.page.time.monotonic", lambda: clock[0])
    asked: list[str] = []

    def slow(path: str) -> None:
        asked.append(path)
        clock[0] += 5.0

    inline_page("".join(f"<img src=/{number}>" for number in range(9)), slow)
    assert asked == ["/0", "/1"]
