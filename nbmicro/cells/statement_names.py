"""Which names one top-level statement reads, when, and which it binds; as the compiler itself sees it."""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import CO_OPTIMIZED
from types import CodeType

from nbmicro.cells.top_level import TopLevel
from nbmicro.http.methods import COMMON_METHODS

_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
_READS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
# Names of methods that, used as a decorator, add something to an app or a blueprint (Flask 3.1's).
_VERBS = frozenset(map(str.lower, COMMON_METHODS))
_DECORATORS = _VERBS | frozenset(
    """route endpoint errorhandler app_errorhandler before_request after_request
    teardown_request teardown_appcontext before_app_request after_app_request teardown_app_request context_processor
    app_context_processor url_value_preprocessor app_url_value_preprocessor url_defaults app_url_defaults
    template_filter template_test template_global app_template_filter app_template_test app_template_global
    shell_context_processor""".split()  # noqa: SIM905 - as a list it takes thirty lines
)
_CALLS = _DECORATORS - _VERBS - {"route", "endpoint"} | {
    "add_url_rule",
    "add_template",
    "add_static_file",
    "add_template_filter",
    "add_template_global",
    "add_template_test",
    "init_app",
    "register_blueprint",
    "register_error_handler",
}
_SHOWS = frozenset(
    """print display len repr str sorted type help dir list dict set tuple sum min max round isinstance vars
    url_for render_template render_template_string jsonify""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class StatementNames:
    """The global names that a statement touches.

    Parameters
    ----------
    at_once:
        Read when the statement runs, before it has bound them itself.
    later:
        Read when a function that it defines is called.
    bound:
        Bound at the notebook's top level.
    """

    at_once: frozenset[str]
    later: frozenset[str]
    bound: frozenset[str]


def compile_statement(node: ast.stmt, filename: str, flags: int = 0) -> CodeType:
    """Compile one top-level statement, in which ``await`` is allowed; ``flags`` are those of ``__future__``."""
    module = ast.Module([node], type_ignores=[])
    allowed = flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code: CodeType = compile(module, filename, "exec", allowed, dont_inherit=True)
    return code


def names_of(node: ast.stmt, code: CodeType) -> StatementNames:
    """The names of a statement and of the code :func:`compile_statement` made of it."""
    top = TopLevel()
    top.run([node])
    later = {name for inner in _functions(code, now=True) for name in _read_by(inner)}
    return StatementNames(frozenset(top.reads), frozenset(later), frozenset(top.binds))


def _functions(code: CodeType, *, now: bool) -> Iterator[CodeType]:
    """The code inside that does not run with the statement: neither class bodies nor comprehensions of its own."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            runs_now = now and (not inner.co_flags & CO_OPTIMIZED or inner.co_name in _COMPREHENSIONS)
            if not runs_now:
                yield inner
            yield from _functions(inner, now=runs_now)


def _read_by(code: CodeType) -> Iterator[str]:
    return (str(one.argval) for one in dis.get_instructions(code) if one.opname in _READS)


def declares(node: ast.stmt, apps: frozenset[str]) -> bool:
    """Whether a statement adds to an app: a decorator or a call of its kind, or something set on one of ``apps``."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in inner.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if isinstance(called, ast.Attribute) and called.attr in _DECORATORS:
                    return True
        elif isinstance(inner, ast.Call):
            called = inner.func
            if isinstance(called, ast.Attribute) and called.attr in _CALLS:
                return True
        elif isinstance(inner, ast.Attribute | ast.Subscript) and isinstance(inner.ctx, ast.Store):
            root: ast.expr = inner
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            if isinstance(root, ast.Name) and root.id in apps:
                return True
    return False


def only_looks(node: ast.stmt) -> bool:
    """Whether a statement checks or shows and does nothing else: an ``assert``, a bare name, ``print(x)``."""
    if isinstance(node, ast.Assert | ast.Pass):
        return True
    if not isinstance(node, ast.Expr):
        return False
    calls = [inner for inner in ast.walk(node.value) if isinstance(inner, ast.Call)]
    if any(isinstance(inner, ast.Await | ast.Yield | ast.NamedExpr) for inner in ast.walk(node.value)):
        return False
    return all(isinstance(call.func, ast.Name) and call.func.id in _SHOWS for call in calls)
