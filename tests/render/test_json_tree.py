"""JSON as a tree that folds: nothing of the document is lost, and a reader sees the first things of it at once."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmicro.render.summary import RenderOptions
from tests.support.apps import made, render_html

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=8), inner, max_size=8),
    max_leaves=20,
)


def _tree(text: str) -> str:
    """The box of the body, as markup."""
    html = render_html(made(text, media_type="application/json"))
    return re.findall(r'<pre style="margin:.3em 0;[^>]*>(.*?)</pre>', html, re.DOTALL)[-1]


def _text(tree: str) -> str:
    """What is left of a tree where folding is not known: its text, our small remarks aside."""
    return unescape(re.sub(r"<[^>]*>", "", re.sub(r"<small.*?</small>", "", tree)))


class _Seen(HTMLParser):
    """What is seen before anything is opened."""

    def __init__(self, tree: str) -> None:
        super().__init__()
        self.text = ""
        self._path: list[str] = []
        self.feed(tree)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._path.append("closed" if tag == "details" and ("open", None) not in attrs else tag)

    def handle_endtag(self, tag: str) -> None:
        self._path.pop()

    def handle_data(self, data: str) -> None:
        inside = [at for at, tag in enumerate(self._path) if tag == "closed"]
        if not inside or self._path[inside[0] + 1 : inside[0] + 2] == ["summary"]:
            self.text += data


@given(st.lists(JSON, min_size=1, max_size=5) | st.dictionaries(st.text(max_size=8), JSON, min_size=1, max_size=5))
def test_the_text_of_a_tree_is_the_document(value: Any) -> None:
    # Control characters are shown by their pictures, and so are other characters.
    text = json.dumps(value)
    printable = re.sub(r"\\u00[0189][0-9a-f]|\\u007f|\\u20[26]\w|\\ud[89a-f]\w\w", "?", text)
    assert json.loads(_text(_tree(printable))) == json.loads(printable)


def test_numbers_order_and_names_given_twice_stay_as_they_were_sent() -> None:
    sent = '{"b": 1.50, "a": 12345678901234567890, "b": 1e5}'
    assert re.sub(r"\s+", "", _text(_tree(sent))) == sent.replace(" ", "")


def test_every_object_that_is_no_short_line_folds() -> None:
    tree = _tree(json.dumps({"user": {"address": {"city": "x" * 40, "street": "y" * 40}}, "short": {"a": 1}}))
    assert tree.count("<details open>") == 3
    assert '"short": {"a":' in _text(tree)


@pytest.mark.parametrize(
    "value", [list(range(500)), [{"id": i, "in": {"a": [i]}} for i in range(90)], {"a": {"b": [[1]] * 99}}]
)
def test_of_a_long_document_about_forty_lines_are_seen_the_first_of_them_open(value: Any) -> None:
    tree = _tree(json.dumps(value))
    assert 12 <= _Seen(tree).text.count("\n") <= 48
    assert "more" in _Seen(tree).text
    assert json.loads(_text(tree)) == value


def test_a_larger_document_is_cut_and_says_so() -> None:
    html = render_html(made(json.dumps([{"n": [i, [i]]} for i in range(9000)]), media_type="application/json"))
    assert len(html) < 120_000
    assert re.search(r"… [\d,]+ more lines, not shown here \(\d+\.\d KB\)|… more, not shown here", html)


@pytest.mark.parametrize("depth", [30, 900, 100_000])
def test_a_document_of_any_depth_is_drawn_and_nests_few_elements(depth: int) -> None:
    tree = _tree("[" * depth + "]" * depth)
    nested = deepest = 0
    for mark in re.findall(r"<(/?)details", tree):
        nested += -1 if mark else 1
        deepest = max(deepest, nested)
    assert (nested, 0 < deepest < 40 or depth > 900) == (0, True)


def test_names_and_values_are_escaped() -> None:
    tree = _tree('{"<b>": "<script>alert(1)</script>", "</pre>": {"<i>": ["</details>"], "x": [[]]}}')
    assert not re.findall(r"<(?!/?(?:details|summary|small|span)[ >])", tree)


def test_plain_text_keeps_the_document_laid_out() -> None:
    text = made('{"a": {"b": [1]}}', media_type="application/json").mime_bundle(RenderOptions())["text/plain"]
    assert text.split("\n", 1)[1] == json.dumps({"a": {"b": [1]}}, indent=2)
