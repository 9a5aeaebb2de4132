"""The keys of the WSGI environ that nbmicro uses stand in one module, each with its meaning."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from nbmicro.web import environ
from start import ROOT

FILE = Path(environ.__file__)
KEYS = {name: value for name, value in vars(environ).items() if name.isupper()}
OTHERS = [file for file in sorted((ROOT / "nbmicro").rglob("*.py")) if file != FILE]


def keys_written(tree: ast.AST) -> Iterator[str]:
    """The texts that a module uses as keys of a mapping, or as members to look for."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str(key))):
                yield key
            case ast.Call(
                func=ast.Attribute(attr="get" | "pop" | "setdefault"), args=[ast.Constant(value=str(key)), *_]
            ):
                yield key
            case ast.Compare(left=ast.Constant(value=str(key)), ops=[ast.In() | ast.NotIn()]):
                yield key
            case ast.Dict(keys=names):
                yield from (one.value for one in names if isinstance(one, ast.Constant) and isinstance(one.value, str))


def is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_no_other_module_writes_such_a_key() -> None:
    unexpected = {
        (file.relative_to(ROOT).as_posix(), key)
        for file in OTHERS
        for key in keys_written(ast.parse(file.read_text("utf-8")))
        if key in KEYS.values() or (re.fullmatch(r"(nbmicro|werkzeug)\.[\w.]+", key) and not is_module(key))
    }
    assert unexpected == set()


def test_the_search_finds_a_key() -> None:
    code = 'environ["nbmicro.a"], environ.get("nbmicro.b"), "nbmicro.c" in environ, {"nbmicro.d": 1}'
    assert set(keys_written(ast.parse(code))) == {"nbmicro.a", "nbmicro.b", "nbmicro.c", "nbmicro.d"}


def test_every_key_says_what_it_holds() -> None:
    body = ast.parse(FILE.read_text("utf-8")).body
    documented = {
        node.target.id
        for node, after in itertools.pairwise(body)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    }
    assert documented == set(KEYS)
    assert len(set(KEYS.values())) == len(KEYS)


def test_every_key_is_used() -> None:
    used = {
        name.name
        for file in OTHERS
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == environ.__name__
        for name in node.names
    }
    # Notes are written by `add_note`.
    assert used == {*KEYS, "add_note"}
