"""Every magic and each of its options stands in its help and in docs/magics.md, and the page shows what is true."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from nbmicro.language.options import LINE_OPTIONS, spellings
from nbmicro.notebook.magics import MAGICS
from nbmicro.notebook.magics.nbmicro import CARD
from nbmicro.testing.kernel import RealKernel
from start import ROOT

PAGE = (ROOT / "docs" / "magics.md").read_text("utf-8")
CELL = re.compile(r"^```ipython\n(?P<cell>.*?)^```\n(?:```text\n(?P<shown>.*?)^```\n)?", re.MULTILINE | re.DOTALL)
NAMES = list(MAGICS)
OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")


def section(name: str) -> str:
    """The sections of the page on a magic."""
    parts = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    return "\n".join(part for part in parts if re.match(rf"`%%?{name}`", part))


def accepted(name: str) -> set[str]:
    """The options that a magic takes."""
    return set(MAGICS[name].options or ()) | ({"--name", "--try"} if name == "route" else set())


@pytest.fixture(scope="module")
def kernel() -> Iterator[RealKernel]:
    with RealKernel() as real:
        real.check("%load_ext nbmicro", cell_id="load")
        yield real


@pytest.mark.kernel
def test_every_cell_shows_what_the_page_says() -> None:
    cells = list(CELL.finditer(PAGE))
    assert len(cells) >= 15
    with RealKernel() as real:
        for number, match in enumerate(cells):
            reply = real.check(match["cell"], cell_id=f"page-{number}")
            assert reply.shown.rstrip("\n") == (match["shown"] or "").rstrip("\n"), match["cell"]


@pytest.mark.kernel
@pytest.mark.parametrize("name", NAMES)
def test_every_magic_answers_each_way_of_asking_with_a_help_that_teaches(kernel: RealKernel, name: str) -> None:
    magics = {"line": ["%"], "cell": ["%%"], "line_cell": ["%", "%%"]}[MAGICS[name].kind]
    for magic in magics:
        asked = [kernel.check(f"{magic}{name} {word}", cell_id="ask").stdout for word in ("--help", "-h")]
        assert asked[0] == asked[1]
        text = asked[0]
        assert re.search(rf"^%%?{name}\b", text, re.MULTILINE), "the line to type"
        assert "In plain Python:" in text
        assert accepted(name) <= set(OPTION.findall(text))
        assert text.strip() in kernel.ask_about(f"{magic}{name}")


@pytest.mark.parametrize("name", NAMES)
def test_every_magic_and_option_stands_on_the_page(kernel: RealKernel, name: str) -> None:
    text = section(name)
    assert text, f"docs/magics.md has no section on {name}"
    assert "In plain Python:" in text
    said = kernel.check(f"%{name} --help" if f"%{name}" not in ("%route", "%template", "%static") else f"%%{name} -h")
    told = set(OPTION.findall(re.split(r"\n\n", said.stdout, maxsplit=2)[1])) | accepted(name)
    assert told <= set(OPTION.findall(text))


def test_every_option_of_a_request_stands_on_the_page() -> None:
    assert set(spellings(LINE_OPTIONS)) - set(OPTION.findall(section("http"))) - {"-h", "--help"} == set()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "nbmicro"])
def test_every_magic_stands_on_the_card(name: str) -> None:
    assert re.search(rf"^%%?{name}\b", CARD, re.MULTILINE)
