"""What a rule makes of a path."""

from __future__ import annotations

from nbmicro.web.route_info import is_answered_by, values_of


def test_a_matched_path_gives_its_values() -> None:
    assert values_of("/a/-1/2.5/x/y", "/a/<int:n>/<float:f>/<path:rest>") == {"n": -1, "f": 2.5, "rest": "x/y"}
    assert values_of("/a/b-c", "/a/<one>-<other>") == {"one": "b", "other": "c"}
    assert values_of("/c/red", '/c/<any("red", "blue"):colour>') == {"colour": "red"}
    assert values_of("/c/green", '/c/<any("red", "blue"):colour>') is None
    assert is_answered_by("/a/b%20c/", "/a/<name>")
    assert not is_answered_by("/a/b/c", "/a/<name>")
