"""Which top-level statements need the app context that every cell of a notebook has, and a module has not."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nbmicro.export.imports import imported_names, root_of
from nbmicro.scopes import FunctionNode, defaults_of, names_of, root_name

_CONTEXTUAL = frozenset(
    """current_app g url_for render_template render_template_string stream_template stream_template_string
    get_template_attribute jsonify make_response send_file send_from_directory""".split()  # noqa: SIM905
)
_FRAMEWORKS = frozenset({"nbmicro", "flask"})
_ENTERED = frozenset({"app_context", "test_request_context", "request_context"})
# What a call of these names is given is kept for later, not called now; nor does an extension need its app for them.
_KEEP = (
    "add_",
    "register_",
    "before_",
    "after_",
    "teardown_",
    "init_app",
    "context_processor",
    "errorhandler",
    "url_",
)


@dataclass
class ContextReaders:
    """What reads the app context, as far as the statements above say.

    Parameters
    ----------
    names:
        The names that mean one of Flask's, by what each means: ``{"ctx": "g"}`` after ``from nbmicro import g as ctx``.
    modules:
        The names of nbmicro itself.
    extensions:
        The names of objects that were given an app, and of the classes made of them.
    later:
        For each function, what it reads when it is called; ``a.b`` for an attribute of a global name.
    folder:
        Where the notebook's own modules are.
    local:
        The modules beside the notebook that are imported by their own names.
    """

    names: dict[str, str] = field(default_factory=dict)
    modules: set[str] = field(default_factory=lambda: set(_FRAMEWORKS))
    extensions: set[str] = field(default_factory=set)
    later: dict[str, frozenset[str]] = field(default_factory=dict)
    folder: Path | None = None
    local: dict[str, ContextReaders] = field(default_factory=dict)
    _installed: set[str] = field(default_factory=set)

    def define(self, names: Iterable[str], node: ast.AST) -> None:
        """Note what a function, a class or a lambda with a name reads when it is called.

        What functions read that it only defines does not count: a factory's handlers are not called by
        ``create_app()``.
        """
        known = names_of([node]).later | _FRAMEWORKS
        read = {name for function in _bodies(node) for name in _called(function)}
        self.later |= dict.fromkeys(names, frozenset(name for name in read if name.partition(".")[0] in known))

    def reads(self, name: str) -> bool:
        """Whether a function of this module needs an app context when it is called."""
        return any(self._means(one, ()) for one in self.reached({name}))

    def needed_by(self, node: ast.stmt, given: Iterable[str]) -> bool:
        """Whether a statement needs an app context when it runs.

        Parameters
        ----------
        node:
            The statement.
        given:
            The names of ``%load_ext nbmicro`` that mean what they meant there.
        """
        read = self._read_now(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            # What is asked of an extension there describes, or is kept for later: db.relationship, login.user_loader.
            read = {name for name in read if name.partition(".")[0] not in self.extensions}
        return any(self._means(name, given) for name in self.reached(read))

    def reads_g(self, node: ast.stmt, given: Iterable[str]) -> bool:
        """Whether a statement itself, outside every ``with app.app_context():``, reads ``g``."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return False
        return any(self._means(name, given) == "g" for name in self._read_now(node))

    def _beside(self, name: str) -> ContextReaders | None:
        """What the functions of a module beside the notebook read; None for any other module."""
        if self.folder is None:
            return None
        path = self.folder.joinpath(*name.strip(".").split("."))
        files = (path.with_suffix(".py"), path / "__init__.py")
        try:
            tree = next((ast.parse(file.read_bytes()) for file in files if file.is_file()), None)
        except (OSError, SyntaxError, ValueError):
            # Whoever imports it is told what is wrong with it.
            return None
        if tree is None:
            return None
        readers = ContextReaders()
        for node in tree.body:
            if names := defined_by(node):
                readers.define(names, node)
            readers.bind(node, ())
        return readers

    def _read_now(self, node: ast.stmt) -> set[str]:
        """The names, and attributes of names, that a statement reads now, outside every context it enters itself.

        A function that is only kept for later, as ``app.teardown_appcontext(close_db)`` keeps one, is not called; nor
        is anything asked of an object that gets another name.
        """
        match node:
            case ast.Assign(value=ast.Attribute(value=ast.Name(id=root))) if root in self.modules:
                return set()
        return set(_used(node))

    def reached(self, names: Iterable[str]) -> set[str]:
        """These names, and all that functions among them read when they are called."""
        reached: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += self.later.get(name, ())
        return reached

    def _means(self, name: str, given: Iterable[str]) -> str | None:
        """Which of Flask's names this is; the attribute that is asked of an extension; else None."""
        root, _, attribute = name.partition(".")
        if not attribute:
            return self.names.get(name) or (name if name in _CONTEXTUAL and name in given else None)
        if root in self.modules:
            return attribute if attribute in _CONTEXTUAL else None
        if root in self.local:
            return attribute if self.local[root].reads(attribute) else None
        # db.Table(…) describes; db.create_all() and User.query ask the app.
        asks = attribute[0].islower() and not attribute.startswith(_KEEP)
        return attribute if root in self.extensions and asks else None

    def bind(self, node: ast.stmt, bound: Iterable[str]) -> None:
        """Note what a statement, which binds the names ``bound``, makes of them."""
        for name in bound:
            self.names.pop(name, None)
            self.extensions.discard(name)
        match node:
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=other)) if other in self.names:
                self.names[name] = self.names[other]
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(value=ast.Name(id=root), attr=attribute)):
                if root in self.modules and attribute in _CONTEXTUAL:
                    self.names[name] = attribute
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=called, args=[ast.Name(), *_])):
                if root_name(called) in self._installed:
                    self.extensions.add(name)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="init_app"))):
                self.extensions.add(name)
            case ast.ClassDef(name=name, bases=bases) if any(root_name(base) in self.extensions for base in bases):
                self.extensions.add(name)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for one in imported_names(node):
            if (module := self._beside(one.module)) is not None:
                if one.name is None:
                    self.local[one.binds] = module
                elif module.reads(one.name):
                    self.names[one.binds] = one.name
            elif root_of(one.module) not in _FRAMEWORKS:
                if root_of(one.module) not in sys.stdlib_module_names:
                    self._installed.add(one.binds)
            elif one.name in _CONTEXTUAL:
                self.names[one.binds] = one.name
            elif one.name is None:
                self.modules.add(one.binds)


def _parts(node: ast.AST) -> Iterable[ast.AST]:
    """The parts of a node that run with it, outside every app context that it enters itself."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [*node.decorator_list, *defaults_of(node.args)]
        case ast.Lambda():
            return defaults_of(node.args)
        case ast.With() | ast.AsyncWith() if any(_enters_context(item.context_expr) for item in node.items):
            return node.items
    return ast.iter_child_nodes(node)


def _enters_context(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ENTERED


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for part in _parts(node):
        yield from _walk(part)


def _used(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Assign(value=ast.Name()):
            # Another name for it.
            for target in node.targets:
                yield from _used(target)
            return
        case ast.Return(value=ast.Name()):
            # Handed on, as a decorator hands on its wrapper; not called.
            return
        case ast.ClassDef():
            # To be derived from is not to be called.
            bases = (base for base in node.bases if not isinstance(base, ast.Name))
            for part in (*node.decorator_list, *bases, *node.keywords, *node.body):
                yield from _used(part)
            return
        case ast.AnnAssign(value=value):
            if value is not None:
                yield from _used(value)
            return
        case ast.Call(func=ast.Attribute(attr=attribute)) if attribute.startswith(_KEEP):
            for part in (node.func, *node.args, *(keyword.value for keyword in node.keywords)):
                if not isinstance(part, ast.Name):
                    yield from _used(part)
            return
        case ast.Name(ctx=ast.Load()):
            yield node.id
        case ast.Attribute(value=ast.Name(id=root), ctx=ast.Load()):
            yield f"{root}.{node.attr}"
    for part in _parts(node):
        yield from _used(part)


def defined_by(node: ast.stmt) -> set[str]:
    """The name of the function, the class or the lambda that a statement defines; empty for any other."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets, value=ast.Lambda()):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.Lambda()):
            return {name}
    return set()


def _bodies(tree: ast.AST) -> Iterator[FunctionNode]:
    """The functions of a definition: itself, the methods of a class, a lambda that is given a name."""
    if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        yield tree
    elif isinstance(tree, ast.Assign | ast.AnnAssign) and isinstance(tree.value, ast.Lambda):
        yield tree.value
    elif isinstance(tree, ast.ClassDef | ast.Module):
        for inner in tree.body:
            yield from _bodies(inner)


def _called(function: FunctionNode) -> Iterator[str]:
    """What a function reads when it is called, in the functions inside that it calls, too; and what it imports."""
    inside = {
        one.name: one
        for one in ast.walk(function)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one is not function
    }
    waiting: list[FunctionNode] = [function]
    seen = {id(function)}
    while waiting:
        inner = waiting.pop()
        body = [inner.body] if isinstance(inner, ast.Lambda) else inner.body
        read = {name for part in body for name in _used(part)}
        yield from read
        for name in read & inside.keys():
            if id(inside[name]) not in seen:
                seen.add(id(inside[name]))
                waiting.append(inside[name])
        for one in (node for part in body for node in _walk(part)):
            if isinstance(one, ast.ImportFrom) and root_of(one.module or "") in _FRAMEWORKS:
                yield from (f"nbmicro.{alias.name}" for alias in one.names if (alias.asname or alias.name) in read)
