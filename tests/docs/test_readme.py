"""The README's words are true: its cells show what it says they show, its commands and links exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nbmicro.language.lines import RESPONSE_NAMES
from nbmicro.testing.kernel import RealKernel
from nbmicro.web.names import HANDLER_NAMES
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


def test_each_picture_is_there_for_light_and_dark_and_says_what_it_shows() -> None:
    pictures = re.findall(
        r'<picture><source media="\(prefers-color-scheme: dark\)" srcset="(docs/pictures/[\w-]+)-dark\.png">\n'
        r'<img src="(docs/pictures/[\w-]+)-light\.png" alt="([^"]+)"></picture>',
        README,
    )
    assert len(pictures) == README.count("<picture>") >= 5
    script = (ROOT / "docs" / "pictures" / "make.py").read_text("utf-8")
    for dark, light, words in pictures:
        assert dark == light
        assert len(words.split()) > 5
        assert f'"{Path(light).name}": (' in script
        for theme in ("light", "dark"):
            assert (ROOT / f"{light}-{theme}.png").read_bytes().startswith(b"\x89PNG")


def test_the_ready_made_names_are_those_of_a_notebook() -> None:
    found = re.search(r"No import is needed for `app`, `client` and what handlers use:\n`([^`]+)`", README)
    assert found is not None
    assert sorted(found[1].split()) == sorted(HANDLER_NAMES)


def test_what_an_answers_names_are_is_said_as_it_is() -> None:
    found = re.search(r"A check is Python over `([^`]+)`", README)
    assert found is not None
    assert sorted(found[1].split()) == sorted(RESPONSE_NAMES)


def test_a_machine_without_a_screen_is_told_which_port_the_tunnel_has() -> None:
    """8888 is JupyterLab's choice only where it is free."""
    for text in (README, (ROOT / "start.py").read_text("utf-8")):
        assert "ssh -L 8888:127.0.0.1:8888" in text
        assert "8888 is the port in that address" in text


def test_the_two_commands_stand_in_the_readme() -> None:
    """The first and the second block of commands are the two that a newcomer types; .ci/run runs the second."""
    commands = re.findall(r"^```sh\n(.*?)\n```", README, re.MULTILINE | re.DOTALL)
    assert commands[:2] == ["python3 start.py", "python3 start.py test"]
    assert "start.py test" in (ROOT / ".ci" / "run").read_text("utf-8")
