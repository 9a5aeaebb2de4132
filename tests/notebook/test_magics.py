"""Every magic is declared alike: its help, its options and its words are read in one place."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import nbmicro
from nbmicro.cells.magics import MAGIC_KINDS
from nbmicro.errors import NbmicroError, OptionError
from nbmicro.notebook import magics
from nbmicro.notebook.magics.magic import HELP, MAGICS, Magic, Names, read_options

SESSION: Any = SimpleNamespace(host=SimpleNamespace(namespace={"name": "Ada"}))
OPTIONS = [
    (name, option, convert) for name, magic in MAGICS.items() for option, convert in (magic.options or {}).items()
]


def called(name: str, line: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What the function of a magic gets for a line."""
    known = MAGICS[name]
    seen: list[Any] = []

    def function(session: Any, *words: Any, **more: Any) -> None:
        assert session is SESSION
        seen.append((words, more))

    Magic(name, function, known.options, known.words, known.names).of(SESSION)(line)
    return seen[0]


def test_each_magic_of_the_table_has_a_module_of_its_name() -> None:
    """Which declares it, and nothing else does."""
    assert list(MAGICS) == list(MAGIC_KINDS)
    folder = Path(magics.__file__).parent
    assert {file.stem for file in folder.glob("*.py")} - {"__init__", "magic"} == set(MAGICS)
    assert {name: magic.function.__module__ for name, magic in MAGICS.items()} == {
        name: f"nbmicro.notebook.magics.{name}" for name in MAGICS
    }


@pytest.mark.parametrize("name", MAGICS)
@pytest.mark.parametrize("asked", ["--help", " -h ", "/x --help"])
def test_each_magic_shows_its_help_and_does_nothing(name: str, asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    magic = MAGICS[name]
    function = magic.of(SESSION)
    assert function(asked) is None
    text = capsys.readouterr().out
    assert text == f"{magic.help}\n"
    assert re.search(rf"^%%?{name}\b", text, re.MULTILINE), "the line to type"
    assert all(option in text for option in magic.options or ())
    # As IPython shows it, and as it knows whose magic it is.
    assert function.getdoc() == magic.help  # type: ignore[attr-defined]
    assert function.__module__.startswith("nbmicro.")


@pytest.mark.parametrize("name", MAGICS)
def test_nothing_in_the_line_of_a_magic_is_expanded(name: str) -> None:
    """`{x}` and `$x` are text to all of them; those that send a request know the names of a calling function."""
    function = MAGICS[name].of(SESSION)
    assert function._ipython_magic_no_var_expand is True  # type: ignore[attr-defined]
    assert getattr(function, "needs_local_scope", False) is MAGICS[name].names


@pytest.mark.parametrize(("name", "option", "convert"), OPTIONS)
def test_each_option_reaches_its_magic(name: str, option: str, convert: Any) -> None:
    """With its value converted, behind a space or a sign; without a value it is an error."""
    key = option[2:].replace("-", "_")
    if convert is None:
        assert called(name, option) == ((), {key: True})
        return
    assert called(name, f"{option} 7") == called(name, f"{option}=7") == ((), {key: convert("7")})
    with pytest.raises(OptionError, match=f"%{name} {option} needs"):
        called(name, option)


@pytest.mark.parametrize("name", [name for name, magic in MAGICS.items() if magic.options is not None])
def test_what_a_magic_does_not_take_is_named(name: str) -> None:
    """An option that there is none, with the one that was meant; a word too many; an open quote."""
    magic = MAGICS[name]
    words = ["a"] * magic.words
    assert called(name, f"{' '.join(words)}  # a comment") == (tuple(words), {})
    with pytest.raises(OptionError, match=f"%{name} does not take `more`") as refused:
        called(name, " ".join([*words, "more"]))
    assert refused.value.hint == f"%{name} --help shows what it takes."
    for option in magic.options or ():
        with pytest.raises(OptionError, match=f"%{name} has no option {option}x") as refused:
            called(name, f"{option}x")
        assert refused.value.hint == f"Did you mean {option}?"
    with pytest.raises(OptionError, match="No closing quotation"):
        called(name, "'open")


def test_a_value_of_another_kind_is_refused() -> None:
    with pytest.raises(OptionError, match="%serve --port takes a number; `x` is none"):
        read_options("%serve", "--port x", {"--port": int})


def test_a_magic_may_ask_for_its_help_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """`%http /x --help`: the request language has read the option."""

    def function(session: Any, line: str) -> Any:
        "The help."
        return HELP

    assert Magic("x", function, None, 0, False).of(SESSION)("/x --help") is None
    assert capsys.readouterr().out == "The help.\n"


def test_names_are_read_from_the_calling_function_first_and_written_to_the_notebook() -> None:
    notebook = {"a": 1, "b": 2}
    names = Names(notebook, {"b": 3})
    assert (names["a"], names["b"], dict(names), len(names)) == (1, 3, {"a": 1, "b": 3}, 2)
    names["c"] = 4
    del names["a"]
    assert notebook == {"b": 2, "c": 4}
    assert dict(Names(notebook, notebook)) == notebook


@pytest.mark.parametrize("show", [nbmicro.browse, nbmicro.explore])
def test_what_shows_below_a_cell_needs_a_notebook(show: Any) -> None:
    with pytest.raises(NbmicroError, match=f"nbmicro.{show.__name__}") as refused:
        show()
    assert "%load_ext nbmicro" in (refused.value.hint or "")
