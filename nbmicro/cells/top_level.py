"""One walk over a cell's top level in the order it runs: what it binds, and what it reads that it has not bound."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from functools import partial

_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class TopLevel(ast.NodeVisitor):
    """Walks statements and keeps, in `binds`, `reads` and `star`, what they do to the notebook's names."""

    def __init__(self) -> None:
        self.binds: set[str] = set()
        self.reads: set[str] = set()
        self.star = False
        self._bound: set[str] = set()
        self._hidden: list[set[str]] = []

    def run(self, statements: Iterable[ast.stmt]) -> None:
        """Walk statements that run one after the other."""
        for statement in statements:
            self.visit(statement)

    # names

    def _read(self, name: str) -> None:
        if name not in self._bound and not any(name in names for names in self._hidden):
            self.reads.add(name)

    def _bind(self, name: str) -> None:
        if self._hidden:
            self._hidden[-1].add(name)
        else:
            self.binds.add(name)
            self._bound.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._bind(node.id)
            return
        self._read(node.id)
        if isinstance(node.ctx, ast.Del):
            self._bound.discard(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """A walrus binds in the cell, also where it stands in a comprehension."""
        self.visit(node.value)
        hidden, self._hidden = self._hidden, []
        self._bind(node.target.id)
        self._hidden = hidden

    def _imported(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.star = True
            else:
                self._bind(alias.asname or alias.name.partition(".")[0])

    visit_Import = _imported
    visit_ImportFrom = _imported

    # statements whose parts run in another order than they are written

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        self._each(node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._each([node.annotation, node.value])
        if node.value is not None:
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
        self.visit(node.value)
        self.visit(node.target)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """A long sum is as deep as it is long: walk it without recursion."""
        left: ast.expr = node
        right: list[ast.expr] = []
        while isinstance(left, ast.BinOp):
            right.append(left.right)
            left = left.left
        self.visit(left)
        self._each(right[::-1])

    def _each(self, nodes: Sequence[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    # branches: only what every one of them binds is bound afterwards

    def _branches(self, *branches: Callable[[], None]) -> None:
        before = set(self._bound)
        after: list[set[str]] = []
        for branch in branches:
            self._bound = set(before)
            branch()
            after.append(self._bound)
        self._bound = set.intersection(*after)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branches(lambda: self.run(node.body), lambda: self.run(node.orelse))

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._branches(lambda: self.visit(node.body), lambda: self.visit(node.orelse))

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._branches(lambda: self._each(node.values[1:]), lambda: None)

    def _loop(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._branches(lambda: self._loop_body(node), lambda: None)
        self.run(node.orelse)

    def _loop_body(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.target)
        self.run(node.body)

    visit_For = _loop
    visit_AsyncFor = _loop

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._branches(lambda: self.run(node.body), lambda: None)
        self.run(node.orelse)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        handlers = [partial(self._handler, handler) for handler in node.handlers]
        self._branches(lambda: self.run([*node.body, *node.orelse]), *handlers)
        self.run(node.finalbody)

    visit_Try = _try
    visit_TryStar = _try

    def _handler(self, handler: ast.ExceptHandler) -> None:
        if handler.type is not None:
            self.visit(handler.type)
        if handler.name is None:
            self.run(handler.body)
            return
        # The name of `except … as name` is there for the handler alone: the cell does not bind it.
        self._bound.add(handler.name)
        self.run(handler.body)
        self._bound.discard(handler.name)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        cases = [partial(self._case, case) for case in node.cases]
        self._branches(*cases, lambda: None)

    def _case(self, case: ast.match_case) -> None:
        self.visit(case.pattern)
        if case.guard is not None:
            self.visit(case.guard)
        self.run(case.body)

    def _capture(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.generic_visit(node)
        if node.name is not None:
            self._bind(node.name)

    visit_MatchAs = _capture
    visit_MatchStar = _capture

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        if node.rest is not None:
            self._bind(node.rest)

    # scopes of their own

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._each(node.decorator_list)
        self._defaults(node.args)
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        self._each([argument.annotation for argument in every if argument is not None])
        self._each([node.returns])
        self._bind(node.name)

    visit_FunctionDef = _function
    visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._defaults(node.args)

    def _defaults(self, arguments: ast.arguments) -> None:
        self._each([*arguments.defaults, *arguments.kw_defaults])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._each([*node.decorator_list, *node.bases, *(argument.value for argument in node.keywords)])
        self._hidden_in(set(), lambda: self.run(node.body))
        self._bind(node.name)

    def _comprehension(self, node: _Comprehension) -> None:
        """The first iterable is the cell's own; the rest sees the loop variables, which are gone afterwards."""
        self.visit(node.generators[0].iter)
        values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._hidden_in(set(), lambda: self._generators(node.generators, values))

    visit_ListComp = _comprehension
    visit_SetComp = _comprehension
    visit_DictComp = _comprehension
    visit_GeneratorExp = _comprehension

    def _generators(self, generators: list[ast.comprehension], values: list[ast.expr]) -> None:
        for number, generator in enumerate(generators):
            if number:
                self.visit(generator.iter)
            self.visit(generator.target)
            self._each(generator.ifs)
        self._each(values)

    def _hidden_in(self, names: set[str], walk: Callable[[], None]) -> None:
        self._hidden.append(set(names))
        walk()
        self._hidden.pop()
