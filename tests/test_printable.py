"""The word that a misspelt one meant."""

from __future__ import annotations

from nbmicro.printable import did_you_mean, likeness, near_words


def test_the_nearest_known_word_is_meant() -> None:
    assert did_you_mean("--prot", ["--port", "--host", "--stop"]) == "--port"
    assert did_you_mean("--xyzzy", ["--port", "--host"]) is None
    assert did_you_mean("--port", []) is None


def test_a_caller_may_ask_for_more_likeness() -> None:
    assert did_you_mean("user", {"users_by_id": 1}) is None
    assert did_you_mean("usr_nam", ("user_name",)) == "user_name"
    assert did_you_mean("usr_nam", ("user_name",), 0.9) is None


def test_several_near_words_come_nearest_first() -> None:
    assert near_words("header", ["heads", "headers", "text"], most=3) == ["headers", "heads"]
    assert likeness("header", "header") == 1.0
