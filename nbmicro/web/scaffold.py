"""What apps and blueprints have in common: the decorators that declare routes, hooks and error handlers."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, TypeVar

from werkzeug.exceptions import HTTPException, default_exceptions

from nbmicro.web.contexts import current_request_context
from nbmicro.web.declarations import GONE, Declaration, Place, Route, make_route
from nbmicro.web.files import default_max_age, find_root_path, open_file, send_from_directory
from nbmicro.web.hooks import is_made_anew
from nbmicro.web.hosting import hosting
from nbmicro.web.ledger import Ledger
from nbmicro.web.mappings import ErrorHandlers, Hooks, LiveMapping, ViewFunctions
from nbmicro.web.owners import Run, current_owner, current_run, predecessor
from nbmicro.web.registration import captured, claim_of

if TYPE_CHECKING:
    from jinja2 import BaseLoader

    from nbmicro.web.hooks import Effects


F = TypeVar("F", bound=Callable[..., Any])


class Scaffold:
    """The base of :class:`App` and :class:`Blueprint`.

    Parameters
    ----------
    import_name:
        The module it belongs to, usually ``__name__``.
    static_folder:
        Folder of static files, relative to ``root_path``; None for none.
    static_url_path:
        Where they are served; by default the folder's name.
    template_folder:
        Folder of templates, relative to ``root_path``.
    root_path:
        The folder that relative paths start from; by default where ``import_name`` is, or the current folder for an
        interactive session.
    """

    name: str
    import_name: str
    ledger: Ledger
    _static_folder: str | None = None
    _static_url_path: str | None = None

    before_request_funcs = LiveMapping(Hooks, "before_request")
    after_request_funcs = LiveMapping(Hooks, "after_request")
    teardown_request_funcs = LiveMapping(Hooks, "teardown_request")
    url_value_preprocessors = LiveMapping(Hooks, "url_value_preprocessor")
    url_default_functions = LiveMapping(Hooks, "url_defaults")
    template_context_processors = LiveMapping(Hooks, "context_processor")
    error_handler_spec = LiveMapping(ErrorHandlers)
    view_functions = LiveMapping(ViewFunctions)

    def __init__(
        self,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        root_path: str | None = None,
    ) -> None:
        self.import_name = import_name
        self.root_path = root_path if root_path is not None else find_root_path(import_name)
        self.static_folder = static_folder
        self.static_url_path = static_url_path
        self.template_folder = template_folder

    # -- succession ----------------------------------------------------------------------------------------------

    def _succeed(self, kind: str, name: str) -> bool:
        """Take the place of the object that the same cell made before: both become one, so that whoever holds the old
        one (a server, a client, another cell's decorator) goes on with the new. True if there was one."""
        before = predecessor(kind, name, self)
        run = current_run()
        if before is None or before is self or not _may_succeed(type(before), type(self), run):
            return False
        if run is not None:
            run.undo.append(_restoring(before))
        self.__dict__ = before.__dict__
        self.__dict__["_newest"] = self
        # Whoever holds the old one weakly, as extensions do, must not lose it.
        self.__dict__.setdefault("_former", []).append(before)
        # Its class may have been made anew, in this cell or in another: the old objects are of the new one too.
        for former in self.__dict__["_former"]:
            if type(former) is not type(self):
                with suppress(TypeError):
                    former.__class__ = type(self)
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scaffold) and self.__dict__ is other.__dict__

    def __hash__(self) -> int:
        return id(self.__dict__)

    def newest(self) -> Any:
        """The object that stands for this one now: itself, unless its cell has made it again."""
        return self.__dict__.get("_newest", self)

    # -- folders -------------------------------------------------------------------------------------------------

    @property
    def static_folder(self) -> str | None:
        """The absolute path of the static folder, or None."""
        if self._static_folder is None:
            return None
        return os.path.join(self.root_path, self._static_folder)

    @static_folder.setter
    def static_folder(self, value: str | os.PathLike[str] | None) -> None:
        self._static_folder = os.fspath(value).rstrip(r"\/") if value is not None else None

    @property
    def has_static_folder(self) -> bool:
        """Whether there is a static folder."""
        return self._static_folder is not None

    @property
    def static_url_path(self) -> str | None:
        """The URL path below which static files are served, or None."""
        if self._static_url_path is not None:
            return self._static_url_path
        if self.static_folder is not None:
            return f"/{os.path.basename(self.static_folder)}".rstrip("/")
        return None

    @static_url_path.setter
    def static_url_path(self, value: str | None) -> None:
        self._static_url_path = value.rstrip("/") if value is not None else None

    @cached_property
    def jinja_loader(self) -> BaseLoader | None:
        """Loads templates from the template folder."""
        if self.template_folder is None:
            return None
        from jinja2 import FileSystemLoader

        return FileSystemLoader(os.path.join(self.root_path, self.template_folder))

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """How many seconds a browser may keep a file; None asks it to check each time. An override point."""
        return default_max_age()

    def send_static_file(self, filename: str) -> Any:
        """The response with a file of the static folder."""
        if self.static_folder is None:
            raise RuntimeError("'static_folder' must be set to serve static files.")
        return send_from_directory(self.static_folder, filename, max_age=self.get_send_file_max_age(filename))

    def open_resource(self, resource: str, mode: str = "rb", encoding: str | None = "utf-8") -> IO[Any]:
        """Open a file relative to ``root_path`` for reading; other modes raise ValueError."""
        if mode not in {"r", "rt", "rb"}:
            raise ValueError(f"open_resource reads only; mode {mode!r} is none of 'r', 'rt', 'rb'.")
        return open_file(self.root_path, resource, mode, encoding)

    # -- declaring -----------------------------------------------------------------------------------------------

    def declare(
        self,
        kind: str,
        key: Any,
        value: Any,
        *,
        scope: bool | str = False,
        claim: str | None = None,
        holder: Any = None,
        place: Place | None = None,
        instead: bool = False,
    ) -> Declaration:
        """Write one declaration into the ledger, for whoever is declaring now; ``instead`` of the one before of that
        kind and key."""
        declaration = Declaration(kind, key, value, scope, claim, holder, place)
        if not captured(self, declaration):
            self.ledger.declare(declaration, instead=instead)
        context = current_request_context()
        if context is not None:
            context.look_again()
        return declaration

    def retract(self, target: Declaration, scope: bool | str = False, *, replaced: bool = False) -> Declaration | None:
        """Take away a declaration: for good where it is that of whoever is at work, else for as long as they stand by
        it. Gives the one that is ``replaced`` by what is declared in its place, which then needs no word of its own."""
        origin: Declaration | None = target
        while origin is not None and self.ledger.drop(origin, current_owner()):
            origin = origin.place.instead_of if origin.place is not None else None
        context = current_request_context()
        if context is not None:
            context.look_again()
        if origin is not None and not replaced:
            self.declare("retract", (id(origin), scope), origin, scope=scope)
        return origin

    def effects(self) -> Effects:
        """What the declarations here amount to now."""
        raise NotImplementedError

    def _named(self, kind: str, name: Any, *, scope: bool = False) -> Any:
        if callable(name):  # a decorator without parentheses
            self.declare(kind, name.__name__, name, scope=scope)
            return name

        def decorate(f: F) -> F:
            self.declare(kind, name or f.__name__, f, scope=scope)
            return f

        return decorate

    def _hook(self, kind: str, function: F, *, scope: bool = False) -> F:
        self.declare(kind, _name_of(function), function, scope=scope)
        return function

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Declare a route (Flask, "URL Route Registrations"), at any time.

        Raises
        ------
        TypeError
            ``methods`` is a string, or there is neither an endpoint nor a function.
        AssertionError
            The same cell, or the same program, gave the endpoint to another function.
        ValueError, LookupError
            The rule is malformed, or names a converter that there is not.
        """
        answers = self._answers_options
        route = make_route(rule, endpoint, view_func, provide_automatic_options, options, answers_options=answers)
        route = self._checked(route)
        claim = claim_of(route.endpoint)
        if route.handler is not None:
            holder = self._claimed(claim)
            if holder not in (None, GONE, route.handler):
                raise AssertionError(
                    f"View function mapping is overwriting an existing endpoint function: {route.endpoint}. Two"
                    " functions cannot share one endpoint; rename one, or give it another:"
                    f" endpoint='{route.endpoint}_2'."
                )
        self.declare("route", f"{route.method_names} {route.rule}", route, claim=claim, holder=route.handler)

    def _claimed(self, claim: str) -> Any:
        """The function that an endpoint has already for whoever is declaring, or None."""
        return self.ledger.claimed(claim, current_owner())

    @property
    def _answers_options(self) -> bool:
        """Whether OPTIONS is answered by itself where a route does not say."""
        return True

    def _checked(self, route: Route) -> Route:
        """The route as it is declared; raise where it cannot be."""
        return route

    def route(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Declare the decorated function as the handler of ``rule``."""
        if callable(rule):
            name = getattr(rule, "__name__", "page")
            raise TypeError(f'A route needs its rule: @app.route("/{name}")')

        # A list, since a function that names itself is freed late, and the app with it.
        used: list[bool] = []

        def decorate(function: F) -> F:
            used.append(True)
            self.add_url_rule(rule, options.pop("endpoint", None), function, **options)
            return function

        decorate.used = used  # type: ignore[attr-defined]
        if hosting.decorator_made is not None:
            hosting.decorator_made(self, rule, options.get("methods"), decorate)
        return decorate

    def _method_route(self, method: str, rule: str, options: dict[str, Any]) -> Callable[[F], F]:
        if "methods" in options:
            raise TypeError("This decorator names its method already: write route(…, methods=[…]) for several.")
        return self.route(rule, methods=[method], **options)

    def get(self, rule: str, **options: Any) -> Callable[[F], F]:
        """``route`` with ``methods=["GET"]``."""
        return self._method_route("GET", rule, options)

    def post(self, rule: str, **options: Any) -> Callable[[F], F]:
        """``route`` with ``methods=["POST"]``."""
        return self._method_route("POST", rule, options)

    def put(self, rule: str, **options: Any) -> Callable[[F], F]:
        """``route`` with ``methods=["PUT"]``."""
        return self._method_route("PUT", rule, options)

    def delete(self, rule: str, **options: Any) -> Callable[[F], F]:
        """``route`` with ``methods=["DELETE"]``."""
        return self._method_route("DELETE", rule, options)

    def patch(self, rule: str, **options: Any) -> Callable[[F], F]:
        """``route`` with ``methods=["PATCH"]``."""
        return self._method_route("PATCH", rule, options)

    def endpoint(self, endpoint: str) -> Callable[[F], F]:
        """Give the decorated function to an endpoint that a rule names."""

        def decorate(function: F) -> F:
            self.view_functions[endpoint] = function
            return function

        return decorate

    def before_request(self, function: F) -> F:
        """Call ``function()`` before each request; a return value other than None is the response."""
        return self._hook("before_request", function)

    def after_request(self, function: F) -> F:
        """Call ``function(response)`` after each request; it must return the response."""
        return self._hook("after_request", function)

    def teardown_request(self, function: F) -> F:
        """Call ``function(exc)`` when a request's context ends."""
        return self._hook("teardown_request", function)

    def context_processor(self, function: F) -> F:
        """Let ``function()`` give names to every template."""
        return self._hook("context_processor", function)

    def url_value_preprocessor(self, function: F) -> F:
        """Call ``function(endpoint, values)`` before the hooks of each request."""
        return self._hook("url_value_preprocessor", function)

    def url_defaults(self, function: F) -> F:
        """Call ``function(endpoint, values)`` before a URL is built."""
        return self._hook("url_defaults", function)

    def errorhandler(self, code_or_exception: int | type[Exception]) -> Callable[[F], F]:
        """Declare the decorated function as the handler of a status code or an exception class."""

        def decorate(function: F) -> F:
            self.register_error_handler(code_or_exception, function)
            return function

        return decorate

    def register_error_handler(self, code_or_exception: int | type[Exception], f: Callable[..., Any]) -> None:
        """Declare ``f`` as the handler of a status code or an exception class."""
        self._errorhandler(code_or_exception, f)

    def _errorhandler(self, what: int | type[Exception], function: Callable[..., Any], scope: bool = False) -> None:
        error_class, code = error_key(what)
        name = str(code) if code is not None else f"{error_class.__module__}.{error_class.__qualname__}"
        self.declare("errorhandler", name, (code, error_class, function), scope=scope)


def _may_succeed(before: type, kind: type, run: Run | None) -> bool:
    """Whether an object of a class may take the place of another's: it is the same class, or it was made anew, or it is
    the notebook's own."""
    here = run.namespace.get("__name__") if run is not None and run.namespace is not None else None
    return (
        before is kind
        or is_made_anew(before, kind)
        or (here is not None and here in (before.__module__, kind.__module__))
    )


def _restoring(scaffold: Scaffold) -> Callable[[], None]:
    """What gives an object back the attributes and the class that it has now."""
    kept = dict(scaffold.__dict__)
    kinds = [(one, type(one)) for one in (scaffold, *kept.get("_former", ()))]

    def restore() -> None:
        now = scaffold.__dict__
        made = now.get("_made", 0)
        now.update(kept)
        for name in now.keys() - kept.keys():
            del now[name]
        now["_newest"] = kept.get("_newest", scaffold)
        if "_made" in kept:  # it counts what was made, so that registrations look again
            now["_made"] = made + 1
        for one, kind in kinds:
            if type(one) is not kind:
                one.__class__ = kind
        tables = now.get("tables")
        if tables is not None:
            tables.start_anew()
        scaffold.ledger.changed()

    return restore


def error_key(what: int | type[Exception]) -> tuple[type[Exception], int | None]:
    """The exception class and status code that an error handler is declared for.

    Raises ValueError for a status code that has no exception, TypeError for anything but a code or an exception class.
    """
    error_class: Any = what
    if isinstance(what, int):
        if what not in default_exceptions:
            raise ValueError(f"{what} is not an HTTP error code that Werkzeug knows; use an exception class instead.")
        error_class = default_exceptions[what]
    if not isinstance(error_class, type):
        raise TypeError(
            f"{what!r} is an instance, not a class. Handlers are for exception classes or HTTP error codes."
        )
    if not issubclass(error_class, Exception):
        raise ValueError(f"{error_class.__name__!r} is not a subclass of Exception.")
    return error_class, error_class.code if issubclass(error_class, HTTPException) else None


def _name_of(function: Any) -> str:
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__)
