"""What the statements of a notebook declare on its apps and blueprints: rules, registrations, receivers of signals."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from nbmicro.errors import LoadError
from nbmicro.export.survey import Survey, Unit
from nbmicro.http.methods import COMMON_METHODS

SHORT = tuple(map(str.lower, COMMON_METHODS))

Receiver = tuple[str, int]
"""A name of an app or a blueprint, with the number of the unit that bound it: bound again it is another one."""


@dataclass(frozen=True)
class DeclaredRule:
    """A rule of a decorator or of ``add_url_rule``.

    Parameters
    ----------
    call:
        The decorator or the call.
    rule, methods:
        What it answers.
    endpoint:
        The endpoint that it asks for.
    given:
        Where the endpoint is written; None where it follows from the function.
    function:
        The name of the function; empty where it has none.
    view:
        What two rules have in common that have one function, and may have one endpoint.
    """

    call: ast.Call
    rule: str
    methods: tuple[str, ...]
    endpoint: str
    given: ast.expr | None
    function: str
    view: object


@dataclass(frozen=True)
class Mount:
    """A blueprint registered on an app or on another blueprint.

    Parameters
    ----------
    unit:
        Where.
    on, blueprint:
        The one that has it, and the blueprint.
    prefix:
        What stands before its rules; None where that is known only when it runs.
    name:
        The name under which it is registered.
    """

    unit: Unit
    on: Receiver
    blueprint: Receiver
    prefix: str | None
    name: str


class Declared:
    """The declarations of a notebook, as far as its text says them.

    Parameters
    ----------
    survey:
        What runs.
    """

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._places = {id(unit): number for number, unit in enumerate(survey.units)}
        self._makers: dict[Receiver, ast.Call] = {}
        for number, unit in enumerate(survey.units):
            match unit.what:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if _called(call).endswith(
                    ("Blueprint", "App", "Flask")
                ):
                    self._makers[name, number] = call

    def receiver(self, name: str, unit: Unit) -> Receiver:
        """What a name means in a unit."""
        return name, self._bound_at(name, unit)

    def _bound_at(self, name: str, unit: Unit) -> int:
        above = self._survey.units[: self._places[id(unit)]]
        return max((number for number, other in enumerate(above) if name in other.bound), default=-1)

    def is_app(self, receiver: Receiver) -> bool:
        """Whether it is an app, not a blueprint."""
        call = self._makers.get(receiver)
        return call is None or not _called(call).endswith("Blueprint")

    def rules(self, unit: Unit) -> Iterator[tuple[Receiver, DeclaredRule]]:
        """The rules of a statement, in the order in which they are declared."""
        node = unit.what
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # The decorator next to the function runs first.
            for decorator in reversed(node.decorator_list):
                if isinstance(decorator, ast.Call) and (on := self._known(decorator, unit)) is not None:
                    found = _decorated(node, decorator)
                    if found is not None:
                        yield on, found
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            on = self._known(node.value, unit)
            if on is not None and (found := self._added(node.value, unit)) is not None:
                yield on, found

    def _known(self, call: ast.Call, unit: Unit) -> Receiver | None:
        """The app or blueprint of which a method is called; None for anything else."""
        if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
            return None
        on = self.receiver(call.func.value.id, unit)
        is_ours = on in self._makers or on[0] in {"app", unit.target, self._survey.target}
        return on if is_ours else None

    def _added(self, call: ast.Call, unit: Unit) -> DeclaredRule | None:
        """``app.add_url_rule("/", "home", home)``; None where it cannot be read."""
        given = dict(zip(("rule", "endpoint", "view_func"), call.args, strict=False))
        given |= {one.arg: one.value for one in call.keywords if one.arg is not None}
        rule = _text_in(given.get("rule"))
        if _method(call) != "add_url_rule" or rule is None or _changes_url(given):
            return None
        methods = _methods_in(given)
        view, function = self._view(given.get("view_func"), unit)
        wanted = given.get("endpoint")
        endpoint = function if _is_none(wanted) else _text_in(wanted)
        if methods is None or endpoint is None or view is None:
            return None
        return DeclaredRule(call, rule, methods, endpoint, wanted, function or "", view)

    def _view(self, node: ast.expr | None, unit: Unit) -> tuple[object, str | None]:
        """What tells a view function from others, and its name, where they can be read."""
        match node:
            case ast.Name(id=name):
                number = self._bound_at(name, unit)
                made = self._survey.units[number].what if number >= 0 else None
                if isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef):
                    return (name, number), name
                if isinstance(made, ast.Assign):
                    return (name, number), self._view(made.value, self._survey.units[number])[1]
                return (name, number), None
            case ast.Call(func=ast.Attribute(attr="as_view"), args=[ast.Constant(value=str(name)), *_]):
                return node, name
        return node, None

    def mounts(self) -> Iterator[Mount]:
        """The registrations of blueprints, in order."""
        for unit in self._survey.units:
            match unit.what:
                case ast.Expr(
                    value=ast.Call(func=ast.Attribute(attr="register_blueprint"), args=[ast.Name(id=name)]) as call
                ):
                    on, blueprint = self._known(call, unit), self.receiver(name, unit)
                    made = self._makers.get(blueprint)
                    if on is None or made is None:
                        continue
                    options = {one.arg: one.value for one in call.keywords}
                    own = {one.arg: one.value for one in made.keywords}
                    prefix = options.get("url_prefix", own.get("url_prefix"))
                    called = options.get("name", made.args[0] if made.args else own.get("name"))
                    is_plain = None not in options and "subdomain" not in options | own
                    yield Mount(
                        unit,
                        on,
                        blueprint,
                        None if not is_plain else "" if _is_none(prefix) else _text_in(prefix),
                        _text_in(called) or name,
                    )

    # -- what one module cannot say --------------------------------------------------------------------------------

    def reject_lost(self) -> None:
        """Reject what a module cannot keep.

        Raises
        ------
        LoadError
            Two cells register a blueprint under one name; a signal holds a function whose name is bound again.
        """
        names: dict[tuple[Receiver, str], Mount] = {}
        for mount in self.mounts():
            before = names.setdefault((mount.on, mount.name), mount)
            if before is not mount and before.unit.cell is not mount.unit.cell:
                raise LoadError(
                    f"a blueprint is registered as `{mount.name}` here and in cell {before.unit.cell.number}; a module "
                    "gives a name to one registration.",
                    hint=f"Leave one of them out, or give this one a name of its own:  name={mount.name + '_2'!r}",
                    where=mount.unit.cell.where,
                    line=_line(mount.unit),
                )
        for unit in self._survey.units:
            for name, line in self._held_weakly(unit):
                again = self._bound_again(name, unit)
                if again is not None:
                    raise LoadError(
                        f"a signal holds `{name}` only as long as its name does, and cell {again.cell.number} defines "
                        f"`{name}` again; a module would forget the first one.",
                        hint="Give one of them another name.",
                        where=unit.cell.where,
                        line=line,
                    )

    def _held_weakly(self, unit: Unit) -> Iterator[tuple[str, int]]:
        """The functions that a statement connects to a signal, each with its line."""
        node = unit.what
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                call = decorator.func if isinstance(decorator, ast.Call) else decorator
                weak = not isinstance(decorator, ast.Call) or _is_weak(decorator)
                if isinstance(call, ast.Attribute) and call.attr in ("connect", "connect_via") and weak:
                    yield node.name, decorator.lineno
            return
        for inner in ast.walk(node) if isinstance(node, ast.Expr) else ():
            match inner:
                case ast.Call(func=ast.Attribute(attr="connect"), args=[ast.Name(id=name), *_]) if _is_weak(inner):
                    number = self._bound_at(name, unit)
                    made = self._survey.units[number].what if number >= 0 else None
                    if isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef):
                        yield name, inner.lineno

    def _bound_again(self, name: str, unit: Unit) -> Unit | None:
        below = self._survey.units[self._places[id(unit)] + 1 :]
        return next((other for other in below if name in other.bound and other.cell is not unit.cell), None)


def _decorated(node: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call) -> DeclaredRule | None:
    """The rule of a decorator; None where it cannot be read."""
    given = {one.arg: one.value for one in call.keywords if one.arg is not None}
    rule = _text_in(call.args[0] if len(call.args) == 1 else given.get("rule"))
    word = _method(call)
    if word not in (*SHORT, "route") or rule is None or _changes_url(given) or len(call.args) > 1:
        return None
    methods = (word.upper(),) if word in SHORT else _methods_in(given)
    wanted = given.get("endpoint")
    endpoint = node.name if _is_none(wanted) else _text_in(wanted)
    if methods is None or endpoint is None:
        return None
    return DeclaredRule(call, rule, methods, endpoint, wanted, node.name, node)


def _changes_url(given: dict[str, ast.expr]) -> bool:
    """Whether options give a rule other URLs than its text says."""
    return bool(given.keys() & {"subdomain", "host", "websocket", "build_only", "redirect_to", "alias"})


def _methods_in(given: dict[str, ast.expr]) -> tuple[str, ...] | None:
    """The methods of a rule; None where they are known only when it runs."""
    if _is_none(given.get("methods")):
        return ("GET",)
    try:
        return tuple(str(one).upper() for one in ast.literal_eval(given["methods"]))
    except (ValueError, TypeError):
        return None


def _text_in(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _is_weak(call: ast.Call) -> bool:
    return not any(one.arg == "weak" for one in call.keywords)


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _called(call: ast.Call) -> str:
    """The last word of what is called."""
    return call.func.id if isinstance(call.func, ast.Name) else _method(call)


def _line(unit: Unit) -> int | None:
    return unit.what.lineno if isinstance(unit.what, ast.stmt) else None
