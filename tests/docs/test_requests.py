"""docs/requests.md says what is true: its cells show what stands below them, and it lists what there is."""

from __future__ import annotations

import re

import pytest

from nbmicro.exchange.records import SHOW_PARTS
from nbmicro.language.curl_options import LETTERS, TAKEN
from nbmicro.language.options import DIRECTIVES, LINE_OPTIONS, spellings
from nbmicro.language.sections import SECTIONS
from nbmicro.runner.fill import DYNAMIC_NAMES
from nbmicro.testing.kernel import RealKernel
from start import ROOT

PAGE = (ROOT / "docs" / "requests.md").read_text("utf-8")
CELL = re.compile(r"^```ipython\n(?P<cell>.*?)^```\n(?:```text\n(?P<shown>.*?)^```\n)?", re.MULTILINE | re.DOTALL)


@pytest.mark.kernel
def test_every_cell_shows_what_the_page_says() -> None:
    cells = list(CELL.finditer(PAGE))
    assert len(cells) >= 12
    with RealKernel() as kernel:
        for number, match in enumerate(cells):
            reply = kernel.check(match["cell"], cell_id=f"requests-{number}")
            assert reply.shown.rstrip("\n") == (match["shown"] or "").rstrip("\n")


def test_the_failing_check_of_the_page_fails_in_its_words() -> None:
    """The example of a failure is that of the cell above it, with its line."""
    cell = next(match["cell"] for match in CELL.finditer(PAGE) if "[Captures]" in match["cell"])
    line = cell.split("\n").index('json["name"] == name     # keep the capital') + 1
    assert f"\n    line {line}   json[\"name\"] == name     got 'ada', expected 'Ada'     # keep the capital\n" in PAGE


def test_everything_there_is_stands_on_the_page() -> None:
    """Options, parts, sections, directives but the refused one, system variables, curl's options that say something."""
    words = [*spellings(LINE_OPTIONS), *SHOW_PARTS, *(f"[{name}]" for name in SECTIONS), *DYNAMIC_NAMES]
    words += [f"# @{name}" for name in spellings(DIRECTIVES)]
    assert [word for word in words if word not in PAGE] == []
    named = re.search(r"^Understood: `(.*?)`\.", PAGE, re.MULTILINE | re.DOTALL)
    assert named is not None
    short = {word[1:] for word in named[1].split() if not word.startswith("--")}
    assert {LETTERS[letter] for letter in short} <= set(TAKEN)
    long = {word[2:] for word in named[1].split() if word.startswith("--")}
    # Those without a letter of their own; `--data-ascii` is `-d`, `-v` is `--show all`.
    assert {LETTERS[letter] for letter in short} | long == TAKEN.keys() - {"data-ascii", "verbose"}
