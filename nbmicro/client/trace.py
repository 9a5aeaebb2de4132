"""The trace of one request, step by step, taken from outside: the core has no code for it.

It slows the request down, so it is there only when it is asked for.
"""

from __future__ import annotations

import inspect
import linecache
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from time import perf_counter
from types import CodeType, FrameType, TracebackType
from typing import Any

from nbmicro.diagnosis.user_code import FrameLabels, is_users, label_of
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.records import LineRun, TraceStep
from nbmicro.foreign.known import adapter_of, framework_marks
from nbmicro.http.methods import COMMON_METHODS
from nbmicro.web.route_info import routes_of

_HOOKS = {
    "url_value_preprocessor": "before",
    "before_request": "before",
    "after_request": "after",
    "teardown_request": "teardown",
    "teardown_appcontext": "teardown",
    "context_processor": "template context",
    "error_handler": "error handler",
}
#: Methods of a class that answers requests.
_ANSWERING = tuple(map(str.lower, COMMON_METHODS))


def functions_of(app: Any) -> dict[CodeType, tuple[str, str]]:
    """What is known of an app's functions, by their code: kind and name.

    A handler's name is its endpoint, or, where several endpoints share a function, that function's own.
    """
    kinds: dict[CodeType, tuple[str, str]] = {}
    for endpoint, function in _handlers_of(app):
        for code in _codes_of(function):
            known = kinds.setdefault(code, ("handler", endpoint))
            if known[1] != endpoint:
                kinds[code] = ("handler", code.co_name)
    core = getattr(app, "core", app)
    hooks = _own_hooks(core) if hasattr(core, "tables") else adapter_of(core).hooks(core)
    for name, functions in hooks.items():
        for function in _leaves(functions):
            for code in _codes_of(function):
                kinds.setdefault(code, (_HOOKS[name], getattr(function, "__name__", name)))
    return kinds


def _handlers_of(app: Any) -> Iterable[tuple[str, Any]]:
    """Endpoints with their handlers: of a Flask-shaped app, or of another framework's behind ``ForeignApp``."""
    views = getattr(app, "view_functions", None)
    if isinstance(views, Mapping):
        return [(str(endpoint), function) for endpoint, function in views.items()]
    return [(route.endpoint, route.handler) for route in routes_of(app)]


def _own_hooks(app: Any) -> dict[str, Any]:
    table = app.tables.current()
    apart = {"error_handler": table.error_handlers, "teardown_appcontext": table.teardown_appcontext}
    return {name: apart.get(name, table.scoped.get(name)) for name in _HOOKS}


def _leaves(value: Any) -> Iterable[Any]:
    """The functions in dicts and lists, however deep."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(inner)
    elif callable(value):
        yield value


def _codes_of(function: Any) -> list[CodeType]:
    """The code that a person wrote: of a function under its decorators, or of each method of a class that answers."""
    kind = getattr(function, "view_class", None) or (function if inspect.isclass(function) else None)
    if kind is not None:
        methods = [getattr(kind, name) for name in _ANSWERING if hasattr(kind, name)]
        return [code for method in methods or [getattr(kind, "dispatch_request", None)] for code in _codes_of(method)]
    try:
        function = inspect.unwrap(function)
    except ValueError:
        return []  # it wraps itself
    function = getattr(function, "func", function)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        code = getattr(getattr(type(function), "__call__", None), "__code__", None)  # noqa: B004
    return [code] if isinstance(code, CodeType) else []


#: Steps of one request that are kept.
STEP_LIMIT = 200
#: Lines of one function that are kept.
LINE_LIMIT = 60

#: Functions of nbmicro and Jinja2 whose call is a step: module, qualified name, kind, label.
_MARKS = {
    ("nbmicro.web.matcher", "Matcher.find"): ("match", ""),
    ("nbmicro.web.contexts", "RequestContext.match_request"): ("match", ""),
    ("nbmicro.web.contexts", "RequestContext.push"): ("context", "request, session, g, current_app"),
    ("nbmicro.web.sessions", "SecureCookieSessionInterface._opened"): ("session", "opened"),
    ("nbmicro.web.sessions", "SecureCookieSessionInterface.save_session"): ("session", "saved"),
    ("nbmicro.web.sessions", "SecureCookieSessionInterface.plain_headers"): ("session", "saved"),
    ("nbmicro.web.quick", "_plain_body"): ("return", ""),
    ("nbmicro.web.return_values", "response_of"): ("return", ""),
    ("jinja2.environment", "Template.render"): ("template", ""),
    ("jinja2.environment", "Template.generate"): ("template", ""),
}


class LineWatch:
    """What happened in one call of a function: the local trace function of its frame.

    Parameters
    ----------
    code:
        Of the function.
    """

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self._runs: dict[int, list[Any]] = {}
        self._at: int | None = None
        self._since = 0.0
        self._failed_at: int | None = None
        self.failed = ""

    def __call__(self, frame: FrameType, event: str, argument: Any) -> LineWatch:
        now = perf_counter()
        self._leave(now)
        if event == "line":
            self.failed = ""  # an exception that was caught
            self._at, self._since = frame.f_lineno, now
            self._runs.setdefault(frame.f_lineno, [0, 0.0])[0] += 1
        elif event == "exception":
            self.failed, self._failed_at = argument[0].__name__, frame.f_lineno
            self._at, self._since = frame.f_lineno, now
            self._runs.setdefault(frame.f_lineno, [1, 0.0])
        return self

    def _leave(self, now: float) -> None:
        if self._at is not None:
            self._runs[self._at][1] += now - self._since
            self._since = now

    def rest(self) -> None:
        """The function waits (an ``await``, a ``yield``): that time is no line's."""
        self._leave(perf_counter())
        self._at = None

    def lines(self) -> tuple[LineRun, ...]:
        """The function's lines as they stand, from its first to its last."""
        numbers = {number for _, _, number in self._code.co_lines() if number}
        last_of_inner = [
            number
            for constant in self._code.co_consts
            if isinstance(constant, CodeType)
            for _, _, number in constant.co_lines()
            if number
        ]
        first, last = min(numbers, default=0), max([*numbers, *last_of_inner], default=-1)
        lines = []
        for number in range(first, min(last, first + LINE_LIMIT - 1) + 1):
            count, duration = self._runs.get(number, (0, 0.0))
            failed = self.failed if number == self._failed_at else ""
            text = linecache.getline(self._code.co_filename, number).rstrip()
            lines.append(LineRun(number, text, count, duration, failed))
        return tuple(lines) if any(line.text for line in lines) else ()


class _Call:
    """One call that is a step: what it was, when, and what came of it."""

    __slots__ = ("begin", "code", "end", "kind", "label", "note", "watch")

    def __init__(self, code: CodeType, kind: str, label: str) -> None:
        self.code, self.kind, self.label = code, kind, label
        self.note = ""
        self.watch: LineWatch | None = None
        self.begin, self.end = perf_counter(), 0.0


class Tracer:
    """A context manager around one call of an app; afterwards :meth:`steps` has what was seen.

    Parameters
    ----------
    app:
        Of a Flask-shaped app it is known which function is a handler or which kind of hook; of another framework's
        (a ``ForeignApp``) which is a handler. Of any other all are hooks.
    frame_labels:
        What a file is called (see ``places``).
    """

    def __init__(self, app: Any, frame_labels: FrameLabels | None = None) -> None:
        self._labels = frame_labels
        self._app = app
        self._known = functions_of(app)
        self._places = {**_MARKS, **framework_marks()}
        self._modules = {module for module, _ in self._places}
        self._marks: dict[CodeType, tuple[str, str] | None] = {}
        self._begin = self._end = 0.0
        # By frame: an async handler is left and entered again many times.
        self._seen: dict[FrameType, _Call] = {}
        self._calls: list[_Call] = []
        self._before: Any = None
        self._before_in_threads: Any = None
        self._watches_lines = False

    def __enter__(self) -> Tracer:
        self._before, self._before_in_threads = sys.getprofile(), threading.getprofile()
        # A debugger or a coverage tool that is at work keeps its place; the lines are then not traced.
        self._watches_lines = sys.gettrace() is None and threading.gettrace() is None
        if self._watches_lines:
            threading.settrace(self._enter_frame)
            sys.settrace(self._enter_frame)
        # An async handler runs in a thread that begins after this.
        threading.setprofile(self._note)
        self._begin = perf_counter()
        sys.setprofile(self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        sys.setprofile(self._before)
        self._end = perf_counter()
        threading.setprofile(self._before_in_threads)
        if self._watches_lines:
            sys.settrace(None)
            threading.settrace(None)
        # The frames are the handler's, with all that they hold.
        self._calls = list(self._seen.values())
        self._seen.clear()

    def added_to(self, exchange: Exchange) -> Exchange:
        """The exchange of the call with its steps; the match has the rules that were tried."""
        from nbmicro.diagnosis.near_routes import tried_rules

        routes = routes_of(self._app)
        steps = self.steps({route.endpoint: route.rule for route in routes})
        tried = tried_rules(exchange.request.method, exchange.request.path, exchange.endpoint, exchange.rule, routes)
        at = next((index for index, step in enumerate(steps) if step.kind == "match"), None)
        if at is not None:
            # Where a hook answered, or routes share a handler, the exchange knows which rule it was.
            label = f"{exchange.rule} → {exchange.endpoint}" if exchange.rule else steps[at].label
            steps = (*steps[:at], replace(steps[at], tried=tried, label=label), *steps[at + 1 :])
        return exchange.with_trace(steps)

    def steps(self, rules: Mapping[str, str]) -> tuple[TraceStep, ...]:
        """The steps in order, times in seconds from the begin; the first is the match.

        ``rules`` gives the rule of an endpoint, for the label of the match. Empty where nothing was seen.
        """
        calls = sorted((call for call in self._calls if call.end), key=lambda call: call.begin)
        calls = list(_outermost(calls))
        # A path that the quick matcher leaves to the map is matched twice; the second decides.
        matches = [call for call in calls if call.kind == "match"]
        calls = [call for call in calls if call.kind != "match" or call is matches[-1]]
        if not any(call.kind != "match" for call in calls):
            return ()
        matched = next((call.label for call in calls if call.kind == "handler"), None)
        route = f"{rules[matched]} → {matched}" if matched is not None and matched in rules else ""
        steps = [self._step(call, route) for call in calls]
        if not any(step.kind == "match" for step in steps):
            # Of a framework whose matching is not known: what comes before the first function of the app.
            steps.insert(0, TraceStep("match", route, 0.0, steps[0].start))
        return tuple(steps)

    def _step(self, call: _Call, route: str) -> TraceStep:
        place = ""
        if is_users(call.code.co_filename) and call.kind != "template":
            place = f"{label_of(call.code.co_filename, self._labels)}, line {call.code.co_firstlineno}"
        watch = call.watch
        return TraceStep(
            call.kind,
            call.label or (route if call.kind == "match" else ""),
            call.begin - self._begin,
            call.end - call.begin,
            place=place,
            note=call.note,
            failed=watch.failed if watch is not None else "",
            lines=watch.lines() if watch is not None else (),
        )

    # -- watching ------------------------------------------------------------------------------------------------

    def _note(self, frame: FrameType, event: str, argument: object) -> None:
        if self._end:
            sys.setprofile(None)  # in a thread that was left behind
            return
        if event == "call":
            if frame in self._seen:
                return
            if len(self._seen) < STEP_LIMIT:
                known = self._kind(frame)
                if known is not None:
                    self._seen[frame] = _Call(frame.f_code, *known)
        elif event == "return" and frame in self._seen:
            call = self._seen[frame]
            call.end = perf_counter()
            call.note = _came_of(call.kind, argument)
            if call.watch is not None:
                call.watch.rest()

    def _enter_frame(self, frame: FrameType, event: str, argument: object) -> Any:
        """The trace function: lines are watched in the steps that are functions of the user's."""
        code = frame.f_code
        if self._end:
            sys.settrace(None)
            return None
        if not is_users(code.co_filename):
            return None
        call = self._seen.get(frame)
        if call is None:
            # The profile function is called after this one.
            self._note(frame, "call", None)
            call = self._seen.get(frame)
        if call is None or call.kind == "template":
            return None
        if call.watch is None:
            call.watch = LineWatch(code)
        return call.watch

    def _kind(self, frame: FrameType) -> tuple[str, str] | None:
        """What a call is: a step of a framework's, or one from a framework into the user's code; None for others."""
        code = frame.f_code
        if code not in self._marks:
            self._marks[code] = self._mark_of(frame)
        mark = self._marks[code]
        if mark is not None:
            if mark[0] != "template":
                return mark
            return "template", str(getattr(frame.f_locals.get("self"), "name", None) or "a string")
        if code.co_name == "<module>" or ("blocks" in frame.f_globals and "debug_info" in frame.f_globals):
            # A module that is imported, and the code that Jinja made of a template.
            return None
        known, caller = self._known.get(code), frame.f_back
        if known is not None and known[0] == "handler" and (caller is None or caller.f_code not in self._known):
            # Also under a decorator of the user's, or of an app that is installed.
            return known
        if not is_users(code.co_filename) or caller is None or is_users(caller.f_code.co_filename):
            return None
        if code.co_name.startswith("<") and known is None:
            return None  # a comprehension or a lambda that the user's own function handed over
        return known or ("hook", code.co_name)

    def _mark_of(self, frame: FrameType) -> tuple[str, str] | None:
        module = frame.f_globals.get("__name__")
        return self._places.get((str(module), frame.f_code.co_qualname)) if module in self._modules else None


def _outermost(calls: Iterable[_Call]) -> Iterable[_Call]:
    """The calls without those inside another of their kind: a resolver calls resolvers, a reply makes a reply."""
    ends: dict[str, float] = {}
    for call in calls:
        if call.kind in ("match", "return", "session", "context") and call.begin < ends.get(call.kind, 0.0):
            continue
        ends[call.kind] = max(call.end, ends.get(call.kind, 0.0))
        yield call


def _came_of(kind: str, value: object) -> str:
    """What a function gave back, by its type alone: values may be secret."""
    if kind == "before":
        return "" if value is None else "answered; the handler is not asked"
    if kind == "handler":
        if isinstance(value, tuple):
            return f"returned ({', '.join(type(part).__name__ for part in value)})"
        return "" if value is None else f"returned {type(value).__name__}"
    if kind == "session" and value is not None and hasattr(value, "__len__"):
        if isinstance(value, list):
            return "" if any("Set-Cookie" in pair for pair in value) else "unchanged"
        count = len(value)
        return f"{count} value{'' if count == 1 else 's'} in its cookie" if count else "new"
    return ""


def leave_traces() -> None:
    """Trace this thread's calls no more, for a host that knows that no request is traced in it: an interrupt may have
    come just before a trace ended."""
    for watching in (sys.getprofile(), sys.gettrace(), threading.getprofile(), threading.gettrace()):
        tracer = getattr(watching, "__self__", None)
        if isinstance(tracer, Tracer):
            tracer.__exit__(None, None, None)
