"""The scopes of Python source: which names it binds and reads where, and which of its nodes run in which function.

Trees are read and no compiled code, so that every version of Python finds the same, and each free name has its place.
"""

from __future__ import annotations

import ast
import linecache
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Literal, TypeAlias, TypeVar

from nbmicro.errors import CellError

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Node = TypeVar("_Node", bound=ast.AST)
_Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class Names:
    """The names of statements, or of an expression.

    Parameters
    ----------
    binds:
        Bound at the top level when they run.
    reads:
        Read when they run, before they have surely bound them; names of builtins among them.
    later:
        Read at the top level by the functions defined in them, when these are called.
    rebinds:
        Bound at the top level by those functions, with ``global``.
    imports:
        Those of ``binds`` that an import binds.
    stars:
        The modules of each ``from module import *``: what these bind cannot be known.
    free:
        The nodes of the names that are read, then or later, and never bound at the top level, in the order they are
        written; and the targets of ``x += 1``, which read what they bind.
    """

    binds: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()
    rebinds: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    stars: frozenset[str] = frozenset()
    free: tuple[ast.Name, ...] = field(default=(), compare=False, repr=False)


def names_of(nodes: Iterable[ast.AST], parameters: Iterable[str] | None = None) -> Names:
    """The names of statements that run one after the other, or of expressions.

    Parameters
    ----------
    nodes:
        The statements or expressions.
    parameters:
        Those of the function whose body ``nodes`` are; None if they are at the top level.

    Raises
    ------
    CellError
        They are nested too deeply.
    """
    walk = _Walk()
    try:
        if parameters is None:
            walk.each(nodes)
        else:
            walk.function(parameters, nodes)
    except RecursionError:
        raise CellError("the cell is nested too deeply to find its names.", line=1) from None
    top = walk.scope
    read = sorted((*top.reads, *top.later), key=lambda node: (node.lineno, node.col_offset))
    return Names(
        frozenset(top.binds),
        frozenset(node.id for node in top.reads),
        frozenset(node.id for node in top.later),
        frozenset(walk.rebinds),
        frozenset(walk.imports),
        frozenset(walk.stars),
        tuple(
            node
            for node in read
            if isinstance(node.ctx, ast.Store) or (isinstance(node.ctx, ast.Load) and node.id not in top.binds)
        ),
    )


class _Scope:
    """A scope while it is walked."""

    def __init__(self, kind: Literal["top", "class", "function", "comprehension"], outer: _Scope | None) -> None:
        self.kind = kind
        # Where a name that it does not bind is looked up: never in a class.
        self.around: _Scope = self if outer is None else outer.around if outer.kind == "class" else outer
        self.top: _Scope = self if outer is None else outer.top
        self.runs_later: bool = kind == "function" or (outer is not None and outer.runs_later)
        self.binds: set[str] = set()
        #: What is bound for sure where the walk is.
        self.bound: set[str] = set()
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.reads: list[ast.Name] = []
        self.later: list[ast.Name] = []
        if outer is not None and outer.kind == "class":
            self.binds.add("__class__")

    def close(self) -> None:
        """Leave what it reads and does not bind to the scope around it."""
        bound = set() if self.kind == "class" else self.binds
        for nodes, later in ((self.reads, self.kind == "function"), (self.later, True)):
            for node in nodes:
                if node.id not in bound:
                    self.around.read(node, later=later)

    def read(self, node: ast.Name, *, later: bool = False) -> None:
        if node.id in self.globals:
            self.top.read(node, later=later or self.runs_later)
        elif later:
            self.later.append(node)
        elif node.id not in self.bound:
            self.reads.append(node)


class _Walk(ast.NodeVisitor):
    """A walk over nodes in the order they run."""

    def __init__(self) -> None:
        self.scope = _Scope("top", None)
        self.rebinds: set[str] = set()
        self.imports: set[str] = set()
        self.stars: set[str] = set()

    def each(self, nodes: Iterable[ast.AST | None]) -> None:
        """Walk nodes that run one after the other."""
        for node in nodes:
            if node is not None:
                self.visit(node)

    def function(self, parameters: Iterable[str], body: Iterable[ast.AST]) -> None:
        """Walk what runs when a function is called."""
        with self._inside("function"):
            for name in parameters:
                self._bind(name)
            self.each(body)

    @contextmanager
    def _inside(self, kind: Literal["class", "function", "comprehension"]) -> Iterator[None]:
        outer = self.scope
        self.scope = _Scope(kind, outer)
        yield
        self.scope.close()
        self.scope = outer

    def _bind(self, name: str, scope: _Scope | None = None) -> None:
        scope = scope or self.scope
        if name in scope.globals:
            if scope.runs_later:
                self.rebinds.add(name)
            else:
                self._bind(name, scope.top)
        elif name not in scope.nonlocals:
            scope.binds.add(name)
            scope.bound.add(name)

    # names

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.scope.read(node)
        elif isinstance(node.ctx, ast.Store) or self.scope.runs_later:
            self._bind(node.id)
        else:
            self.scope.read(node)
            self.scope.bound.discard(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """A walrus in a comprehension binds outside of it."""
        self.visit(node.value)
        scope = self.scope
        while scope.kind == "comprehension":
            scope = scope.around
        self._bind(node.target.id, scope)

    def visit_Global(self, node: ast.Global) -> None:
        if self.scope.kind != "top":
            self.scope.globals.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.scope.nonlocals.update(node.names)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            if name == "*":
                self.stars.add(getattr(node, "module", None) or "")
                continue
            self._bind(name)
            if self.scope.kind == "top":
                self.imports.add(name)

    visit_Import = _import
    visit_ImportFrom = _import

    # nodes whose parts run in another order than they are written

    def visit_Assign(self, node: ast.Assign) -> None:
        self.each([node.value, *node.targets])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        is_local = self.scope.kind == "function"
        self.each([None if is_local else node.annotation, node.value])
        if node.value is not None or (is_local and isinstance(node.target, ast.Name)):
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.scope.read(node.target)
        self.each([node.value, node.target])

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """A long sum is as deep as it is long: walk it without recursion."""
        left: ast.expr = node
        right: list[ast.expr] = []
        while isinstance(left, ast.BinOp):
            right.append(left.right)
            left = left.left
        self.each([left, *reversed(right)])

    # branches: only what every one of them binds is bound afterwards

    def _branches(self, *branches: Iterable[ast.AST]) -> None:
        before, ends = self.scope.bound, []
        for branch in branches:
            self.scope.bound = set(before)
            self.each(branch)
            ends.append(self.scope.bound)
        self.scope.bound = set.intersection(*ends)

    def visit_If(self, node: ast.If) -> None:
        """A chain of `elif` is as deep as it is long, too."""
        ends = []
        chain: Sequence[ast.stmt] = [node]
        while len(chain) == 1 and isinstance(one := chain[0], ast.If):
            self.visit(one.test)
            before = set(self.scope.bound)
            self.each(one.body)
            ends.append(self.scope.bound)
            self.scope.bound = before
            chain = one.orelse
        self.each(chain)
        self.scope.bound = self.scope.bound.intersection(*ends)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._branches([node.body], [node.orelse])

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._branches(node.values[1:], [])

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._branches([node.target, *node.body], [])
        self.each(node.orelse)

    visit_For = _for
    visit_AsyncFor = _for

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._branches(node.body, [])
        self.each(node.orelse)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        self._branches([*node.body, *node.orelse], *([handler] for handler in node.handlers))
        self.each(node.finalbody)

    visit_Try = _try
    visit_TryStar = _try

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """The name of `except … as name` is there for the handler alone: the top level does not bind it."""
        self.each([node.type])
        if node.name is None:
            self.each(node.body)
            return
        if self.scope.runs_later:
            self._bind(node.name)
        self.scope.bound.add(node.name)
        self.each(node.body)
        self.scope.bound.discard(node.name)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._branches(*([case] for case in node.cases), [])

    def _capture(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        self.generic_visit(node)
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name is not None:
            self._bind(name)

    visit_MatchAs = _capture
    visit_MatchStar = _capture
    visit_MatchMapping = _capture

    # nodes with a scope of their own

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.each(node.decorator_list)
        with self._type_parameters(node):
            self.each(defaults_of(node.args))
            self.each([*(argument.annotation for argument in _parameters(node.args)), node.returns])
            self.function((argument.arg for argument in _parameters(node.args)), node.body)
        self._bind(node.name)

    visit_FunctionDef = _function
    visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.each(defaults_of(node.args))
        self.function((argument.arg for argument in _parameters(node.args)), [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.each(node.decorator_list)
        with self._type_parameters(node):
            self.each([*node.bases, *node.keywords])
            with self._inside("class"):
                self.each(node.body)
        self._bind(node.name)

    def visit_TypeAlias(self, node: Any) -> None:
        """``type Name[T] = …`` of Python 3.12 reads its value when it is asked for."""
        self.visit(node.name)
        with self._type_parameters(node):
            self.function((), [node.value])

    @contextmanager
    def _type_parameters(self, node: Any) -> Iterator[None]:
        parameters = getattr(node, "type_params", None)
        if not parameters:
            yield
            return
        with self._inside("comprehension"):
            for parameter in parameters:
                self._bind(parameter.name)
                with self._inside("function"):
                    self.each([getattr(parameter, "bound", None), getattr(parameter, "default_value", None)])
            yield

    def _comprehension(self, node: _Comprehension) -> None:
        """The first iterable is evaluated outside; the rest sees the loop variables, which are gone afterwards."""
        self.visit(node.generators[0].iter)
        with self._inside("comprehension"):
            for generator in node.generators:
                self.each([None if generator is node.generators[0] else generator.iter, generator.target])
                self.each(generator.ifs)
            self.each([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])

    visit_ListComp = _comprehension
    visit_SetComp = _comprehension
    visit_DictComp = _comprehension
    visit_GeneratorExp = _comprehension


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    every = (*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg)
    return [argument for argument in every if argument is not None]


def defaults_of(arguments: ast.arguments) -> list[ast.expr]:
    """The expressions of a function's defaults, which run where the function is defined."""
    return [default for default in (*arguments.defaults, *arguments.kw_defaults) if default is not None]


# -- nodes -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FunctionScope:
    """The nodes of a function's body that run in the function itself and not in one nested in it.

    A list, set or dict comprehension is among them where it awaits, since only an async function may hold it; of a
    generator expression only the first iterable, which is evaluated at once.
    """

    yields: tuple[ast.expr, ...]
    awaits: tuple[ast.AST, ...]
    returns: tuple[ast.Return, ...]
    raises: tuple[ast.Raise, ...]
    nonlocals: tuple[ast.Nonlocal, ...]
    imports: tuple[ast.ImportFrom, ...]

    @property
    def value_returns(self) -> tuple[ast.Return, ...]:
        """The ``return`` statements that give a value; ``return None`` gives none."""
        values = ((node, node.value) for node in self.returns if node.value is not None)
        return tuple(node for node, value in values if not (isinstance(value, ast.Constant) and value.value is None))


def function_scope(body: Iterable[ast.stmt]) -> FunctionScope:
    """What the statements of a function's body do in the function itself."""
    nodes = [node for statement in body for node in _nodes_of_scope(statement)]

    def of(kind: type[_Node]) -> tuple[_Node, ...]:
        return tuple(node for node in nodes if isinstance(node, kind))

    return FunctionScope(
        yields=tuple(node for node in nodes if isinstance(node, ast.Yield | ast.YieldFrom)),
        awaits=tuple(node for node in nodes if _awaits(node)),
        returns=of(ast.Return),
        raises=of(ast.Raise),
        nonlocals=of(ast.Nonlocal),
        imports=of(ast.ImportFrom),
    )


def _awaits(node: ast.AST) -> bool:
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp):
        return any(generator.is_async for generator in node.generators)
    return isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)


def _nodes_of_scope(root: ast.AST) -> Iterator[ast.AST]:
    """``root`` and what is below it in its scope, in the order it is written; without recursion, for any depth."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(_children_in_scope(node))))


def _children_in_scope(node: ast.AST) -> Iterable[ast.AST]:
    """The children that are evaluated in the scope of ``node``, not in one that it opens."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [*node.decorator_list, *defaults_of(node.args)]
        case ast.Lambda():
            return defaults_of(node.args)
        case ast.ClassDef():
            return [*node.decorator_list, *node.bases, *node.keywords]
        case ast.GeneratorExp():
            return [node.generators[0].iter]
    return () if type(node).__name__ == "TypeAlias" else ast.iter_child_nodes(node)


# -- the source of a function ----------------------------------------------------------------------------------------


def parse_again(text: str) -> ast.Module | None:
    """Parse text that was parsed and warned about before; None where it is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return None


def source_of(function: FunctionType) -> tuple[ast.Module | FunctionNode | None, list[str]]:
    """The part of the source that a function was compiled from, and the lines of its file or cell.

    A handler that is the body of a ``%%route`` cell is the whole cell. None where there is no source, or it cannot be
    read.
    """
    code = function.__code__
    lines = [line.rstrip("\n") for line in linecache.getlines(code.co_filename, function.__globals__)]
    is_cell = bool(lines) and lines[0].startswith("%%")
    tree = parse_again("\n".join(["", *lines[1:]] if is_cell else lines))
    # On the first line of a cell, its `%%` line, no function can be written.
    if tree is None or (is_cell and code.co_firstlineno == 1):
        return tree, lines
    for node in ast.walk(tree):
        if isinstance(node, FunctionNode):
            name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
            if name == code.co_name and first_line(node) == code.co_firstlineno:
                return node, lines
    return None, lines


def root_name(node: ast.expr) -> str:
    """The name that a chain of attributes, items and calls begins with; empty where it begins with something else."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def first_line(node: ast.stmt | ast.Lambda) -> int:
    """The line that a node begins on: its first decorator's, if it has one."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
