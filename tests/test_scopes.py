"""The scopes of Python source, compared with what Python itself makes of it: its symbol table and its code."""

from __future__ import annotations

import ast
import inspect
import symtable
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

import pytest

import nbmicro.scopes
from nbmicro.errors import CellError
from nbmicro.scopes import FunctionNode, Names, first_line, function_scope, names_of, source_of

ROOT = Path(nbmicro.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

TABLE = """\
x = y
---
a, (b, *c), d.e, f[g] = h
---
x: t = 1; y: u
---
x += y; z.w += 1
---
del x, y.z
---
x = 1; del x; x
---
import a.b, c as d; from e import f as g, h
---
from m import *
---
for i, j in k: l = i
else: m = l
---
async def f():
    async for i in j:
        async with k as l: await m
    return [n async for n in o]
---
while a: b = c
else: d = b
---
with a as b, c() as (d, *e): f
---
try: a
except (B, C) as d: d; e = 1
else: f = 1
finally: g = 1
---
try: a
except* B as c: c
---
match a:
    case {'b': c, **d} if c: e
    case [f, *g] | (f, g): h
    case I(j, k=l) as m: n
    case O.p | 1 | None: q
    case _: r
---
(a := b); [c := d for e in f if (g := e)]; a, c, g
---
[a for a in a for b in a if b]; {c: d for c, d in e.items()}; {f for f in (g for g in h)}
---
lambda a, b=c, *d, e=f, **g: (a, b, d, e, g, h, i := 1)
---
@a
def b(c, /, d, e=f, *g, h=i, **j): return c, d, e, g, h, j, k, b
---
def a():
    b = 1
    def c():
        nonlocal b
        b += d
        e = 1
        class F(b, e, g):
            b = b
            h = i
            def j(self): return h, __class__, super().k, e
        return lambda: (F, c, l)
    return c
---
def a():
    global b, c
    b = c
    def d():
        global e
        e = b; f
        del g
    del c
---
def a():
    def b():
        global c
        c = 1
    c = 2
    def d(): return c
    return b, d, e
---
class A(B, metaclass=C):
    a = b
    c = a
    global d
    d = 1
    e = [a for a in c]
    f = [c for g in e]
    def h(self, i=c): return c
    @h
    class J(a): k = c
---
def a():
    for b in c: pass
    else: d = b
    import e.f as g, h.i
    from j import k as l, m
    with n as o: pass
    try: pass
    except p as q: q
    b, d, g, h, l, m, o
    r: s = 1; t: u
    [v for v in w if (x := v)], x
    match y:
        case [z, *aa, {'k': bb, **cc}] as dd: z, aa, bb, cc, dd
    return e
---
def a():
    b = yield c
    d = yield from e
    return [f for f in b if d]
---
def a(): return f"{b!r:>{c}} {d:{'e'}}" f"{(lambda f: f + g)(1)}"
---
if a:
    def b(): return c
elif d: b = None
else: from e import b
---
x = y = z; [x.a, x[b]] = c; (d,) = [e] = f
---
assert a, b
raise c from d
---
print(*a, **b); c(d, e=f)
---
def a(b=(c := 1)): return c
---
class A:
    def b(self):
        class C:
            def d(self): return b, __class__
        return C
"""
SNIPPETS = TABLE.split("---\n")
if sys.version_info >= (3, 12):
    SNIPPETS += [
        "def a[T: b, *U, **V](c: T = d) -> U: return T, U, V, e",
        "class A[T](B[T], c): d = T; e = f",
        "type A[T] = b[T]\ntype C = A | d",
    ]
if sys.version_info >= (3, 13):
    SNIPPETS.append("def a[T = b](): return T, c")


class _WithoutAnnotations(ast.NodeTransformer):
    """Takes annotations away: when they are evaluated is another matter in almost every version of Python."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        node.annotation = ast.Constant(None)
        return node


class _Python:
    """The names of a module as Python's own symbol table has them."""

    def __init__(self, text: str) -> None:
        table = symtable.symtable(text, "module", "exec")
        self.binds = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
        # Bound by functions, or by a walrus in a comprehension that is inlined.
        self.declared = {one.get_name() for one in table.get_symbols() if one.is_declared_global()}
        self.reads = {one.get_name() for one in table.get_symbols() if one.is_referenced()}
        self.later: set[str] = set()
        self.rebinds: set[str] = set()
        for child in table.get_children():
            self._add(child, runs_now=True)

    def _add(self, table: symtable.SymbolTable, *, runs_now: bool) -> None:
        # Comprehensions have a table as functions have, and generic functions and classes one for their parameters.
        runs_now = runs_now and (
            str(table.get_type()) in ("class", "type parameter", "type parameters")
            or table.get_name() in ("listcomp", "setcomp", "dictcomp", "genexpr")
        )
        for one in table.get_symbols():
            # Of a function that is called `top`, the table says that all is global.
            if one.is_global() and one.is_referenced() and not one.is_local():
                (self.reads if runs_now else self.later).add(one.get_name())
            if one.is_declared_global() and one.is_assigned():
                (self.binds if runs_now else self.rebinds).add(one.get_name())
        for child in table.get_children():
            self._add(child, runs_now=runs_now)


def _apart(tree: ast.Module) -> set[str]:
    """Names of which the symbol table says otherwise on purpose: deleted, excepted, annotated, read by ``x += 1``."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.ExceptHandler(name=str(name)) | ast.AnnAssign(target=ast.Name(id=name), value=None):
                names.add(name)
            case ast.AugAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.comprehension(target=target) if sys.version_info >= (3, 12):
                # A comprehension that is inlined leaves its variables in the table around it.
                names |= {one.id for one in ast.walk(target) if isinstance(one, ast.Name)}
            case ast.Delete(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def _assert_as_python(text: str) -> Names:
    tree = _WithoutAnnotations().visit(ast.parse(text))
    tree.body = [node for node in tree.body if getattr(node, "module", None) != "__future__"]
    text = ast.unparse(ast.fix_missing_locations(tree))
    tree = ast.parse(text)
    found, python = names_of(tree.body), _Python(text)
    assert found.binds <= python.binds | python.declared
    assert python.binds - found.binds <= _apart(tree)
    assert found.rebinds == python.rebinds
    # A class body reads a name outside that it binds itself below: no table tells that.
    assert python.later <= found.later | {"__debug__"}
    assert found.later - python.later - {"__debug__"} <= _read_by_class_bodies(tree)
    # What is read is what was not surely bound before.
    assert python.reads - found.binds - _apart(tree) <= found.reads
    assert found.reads <= python.reads | _apart(tree) | _read_by_class_bodies(tree)
    free = {node.id for node in found.free if isinstance(node.ctx, ast.Load)}
    assert free <= (found.reads | found.later) - found.binds
    assert (found.reads | found.later) - found.binds - _apart(tree) <= free
    lines = text.split("\n")
    for node in found.free:
        if sys.version_info >= (3, 12) or "f'" not in lines[node.lineno - 1]:
            assert lines[node.lineno - 1].encode()[node.col_offset :].startswith(node.id.encode())
    return found


def _read_by_class_bodies(tree: ast.Module) -> set[str]:
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {name for node in classes for name in names_of(node.body).reads}


@pytest.mark.parametrize("text", SNIPPETS, ids=lambda text: text.strip().replace("\n", " ")[:60])
def test_the_names_of_every_kind_of_statement_are_those_of_python(text: str) -> None:
    _assert_as_python(text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_the_names_of_every_module_of_nbmicro_are_those_of_python(file: Path) -> None:
    _assert_as_python(file.read_text("utf-8"))


def test_the_kinds_of_nodes_that_bind_or_open_a_scope_are_all_in_the_table() -> None:
    written = {type(node).__name__ for text in SNIPPETS for node in ast.walk(ast.parse(text))}
    statements = {kind.__name__ for kind in (*ast.stmt.__subclasses__(), *ast.pattern.__subclasses__())}
    assert statements - written <= {"Break", "Continue"}


def _codes(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _codes(one)


@pytest.mark.parametrize("text", [*SNIPPETS, *(file.read_text("utf-8") for file in FILES)], ids=lambda text: text[:40])
def test_a_function_yields_and_awaits_where_its_code_says_so(text: str) -> None:
    tree = ast.parse(text)
    codes = {(code.co_name, code.co_firstlineno): code for code in _codes(compile(tree, "module", "exec"))}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            flags = codes[node.name, first_line(node)].co_flags
            scope = function_scope(node.body)
            assert bool(scope.yields) == bool(flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR))
            assert not scope.awaits or flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR)


def test_the_body_of_a_function_binds_nothing_outside() -> None:
    names = names_of(ast.parse("global n\nn = n + x + m\nimport os\nreturn lambda: (deep, os)").body, ["x"])
    assert names == Names(later=frozenset({"n", "m", "deep"}), rebinds=frozenset({"n"}))


def test_an_expression_has_names_as_statements_have() -> None:
    names = names_of([ast.parse("[a + b for a in c if (lambda d: d + e)]", mode="eval").body])
    assert (names.reads, names.later) == ({"b", "c"}, {"e"})


def test_long_chains_are_walked_and_deep_nesting_refused() -> None:
    chain = "if a0: b\n" + "".join(f"elif a{number}: b\n" for number in range(1, 900))
    assert len(names_of(ast.parse(chain).body).reads) == 901
    with pytest.raises(CellError, match="nested too deeply"):
        names_of(ast.parse("a" + ".b()" * 400).body)


def test_a_function_is_found_in_its_file() -> None:
    for function in vars(nbmicro.scopes).values():
        if isinstance(function, FunctionType) and function.__module__ == nbmicro.scopes.__name__:
            node, lines = source_of(inspect.unwrap(function))
            assert isinstance(node, FunctionNode)
            assert isinstance(node, ast.FunctionDef)
            assert node.name == function.__name__
            assert lines[node.lineno - 1].startswith(f"def {node.name}(")
    assert isinstance(source_of(lambda: None)[0], ast.Lambda)
    assert source_of(eval("lambda: None")) == (None, [])
