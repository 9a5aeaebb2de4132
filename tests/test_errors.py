"""An error tells programs by its code and its fix what it tells people in words, and nothing reads the words back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import nbmicro
from nbmicro.errors import CellError, LoadError, NbmicroError, RequestError

MODULES = sorted(Path(nbmicro.__file__).parent.rglob("*.py"))
#: What an error says to people.
WORDS = {"message", "hint"}


def kinds(kind: type[NbmicroError] = NbmicroError) -> Iterator[type[NbmicroError]]:
    """The class and those derived from it."""
    yield kind
    for one in kind.__subclasses__():
        yield from kinds(one)


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """The places of the package's code."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            yield f"{path.name}, line {getattr(node, 'lineno', 0)}", node


def codes_of(node: ast.AST) -> Iterator[str]:
    """The texts that an expression can be: of an f-string, its literal end."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def is_words(node: ast.AST) -> bool:
    """Whether an expression is the message or the hint of an error, or has it in it."""
    return any(
        isinstance(part, ast.Attribute)
        and part.attr in WORDS
        and isinstance(part.value, ast.Name)
        and part.value.id == "error"
        for part in ast.walk(node)
    )


def test_every_kind_of_error_has_a_code_of_its_own_and_takes_a_closer_one() -> None:
    public = [kind for kind in kinds() if kind.__module__ == "nbmicro.errors"]
    assert len({kind.code for kind in public}) == len(public) >= 9
    for kind in public:
        assert kind("it is wrong.", code="closer").code == "closer"
        assert kind("it is wrong.").code == kind.code


def test_a_fix_is_the_hint_where_no_other_is_given() -> None:
    error = RequestError("the URL is missing.", fix="GET /users", line=3)
    assert (error.fix, error.hint) == ("GET /users", "Write  GET /users")
    assert str(error) == "line 3: the URL is missing.\nWrite  GET /users"
    assert RequestError("no.", fix="GET /", hint="Look at the path.").hint == "Look at the path."


def test_an_error_of_another_class_says_the_same() -> None:
    first = CellError("no rule.", fix="%%route /", code="no-rule", where="%%route", line=1, column=9)
    second = LoadError.of(first, where="app.ipynb, cell 2")
    assert (second.message, second.hint, second.fix, second.code) == (first.message, first.hint, first.fix, "no-rule")
    assert second.place == "app.ipynb, cell 2, line 1, column 9"


def test_every_code_that_is_asked_for_is_one_that_is_given() -> None:
    given = {kind.code for kind in kinds()}
    asked: dict[str, str] = {}
    ends: set[str] = set()
    for place, node in nodes():
        if isinstance(node, ast.keyword) and node.arg == "code":
            (ends if isinstance(node.value, ast.JoinedStr) else given).update(codes_of(node.value))
        match node:
            case ast.Compare(left=ast.Attribute(value=ast.Name(id="error"), attr="code"), comparators=parts):
                asked |= {code: place for part in parts for code in codes_of(part)}
    assert len(asked) >= 5
    unknown = {code: place for code, place in asked.items() if code not in given and not code.endswith(tuple(ends))}
    assert unknown == {}


def test_nothing_is_read_back_out_of_the_words_of_an_error() -> None:
    found = []
    for place, node in nodes():
        match node:
            case ast.Compare(left=left, comparators=parts):
                read = any(is_words(part) for part in (left, *parts)) and not any(
                    isinstance(operator, ast.Is | ast.IsNot) for operator in node.ops
                )
            case ast.Call(
                func=ast.Attribute(value=value, attr="startswith" | "endswith" | "partition" | "split"),
                args=[ast.Constant(value=str(text)), *_],
            ):
                # Lines may be shown apart.
                read = is_words(value) and text != "\n"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re")), args=arguments):
                read = any(is_words(argument) for argument in arguments)
            case _:
                continue
        found += [place] if read else []
    assert found == []
