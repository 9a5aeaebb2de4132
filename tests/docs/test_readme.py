"""The README's words are true: its cells show what it says they show, its commands and links exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nbmicro.testing.kernel import RealKernel
from start import ROOT

README = (ROOT / "README.md").read_text("utf-8")
CELL = re.compile(r"^```ipython\n(?P<cell>.*?)^```\n(?:```text\n(?P<shown>.*?)^```\n)?", re.MULTILINE | re.DOTALL)


@pytest.mark.kernel
def test_every_cell_shows_what_the_readme_says() -> None:
    cells = list(CELL.finditer(README))
    assert len(cells) >= 5
    with RealKernel() as kernel:
        for number, match in enumerate(cells):
            reply = kernel.check(match["cell"], cell_id=f"readme-{number}")
            assert reply.shown.rstrip("\n") == (match["shown"] or "").rstrip("\n")


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name
)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_two_commands_stand_in_the_readme() -> None:
    """The first and the second block of commands are the two that a newcomer types; .ci/run runs the second."""
    commands = re.findall(r"^```sh\n(.*?)\n```", README, re.MULTILINE | re.DOTALL)
    assert commands[:2] == ["python3 start.py", "python3 start.py test"]
    assert "start.py test" in (ROOT / ".ci" / "run").read_text("utf-8")
