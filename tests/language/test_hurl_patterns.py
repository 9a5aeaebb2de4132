"""Patterns of Hurl, which are Rust's, mean the same in Python, or there is none for them."""

from __future__ import annotations

import re

import pytest

from nbmicro.language.hurl_patterns import python_pattern


@pytest.mark.parametrize(
    ("pattern", "matched", "unmatched"),
    [
        (r"one$", "one", "one\n"),
        (r"(?m)one$", "one\ntwo", "ones"),
        (r"one\z", "one", "one\n"),
        (r"[$]1", "$1", "1"),
        (r"\$1", "$1", "1"),
        (r"[]$]x", "$x", "]"),
        (r"[^]]x", "ax", "]x"),
        (r"a\/b", "a/b", "ab"),
        (r"(?i)^ADA", "ada", "bad"),
        (r"(?<year>\d{4})-", "2024-", "20-"),
        (r"(?P<year>\d{4})-", "2024-", "20-"),
        (r"(?:a|b)+?c", "abc", "ac-"[1:]),
        (r"\x41\u0062", "Ab", "ab"),
        (r"a{2}", "aa", "a"),
        (r"\++", "++", "a"),
    ],
)
def test_a_pattern_matches_what_it_matches_in_rust(pattern: str, matched: str, unmatched: str) -> None:
    python = python_pattern(pattern)
    assert python is not None
    assert re.search(python, matched)
    assert not re.search(python, unmatched)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\p{Lu}", r"\PN", r"[[:alpha:]]", r"[a[bc]]", r"[a-z&&[^aeiou]]", r"[a-z--b]", r"(?x) a", r"(?-u)a", r"(?U)a*",
        r"a(?i)b", r"(?m:^a)", r"\x{41}", r"\u{41}", r"\<word\>", r"\b{start}a", r"a++", r"a{,2}", r"(a)\1", r"(?=a)",
        r"\Q", r"[\b]", "(", "[",
    ],
)  # fmt: skip
def test_what_python_has_not_is_no_pattern(pattern: str) -> None:
    """Also what Rust refuses, and what Python would read as something else."""
    assert python_pattern(pattern) is None
