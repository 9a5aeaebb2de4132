"""Handlers written as classes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, ClassVar

from nbmicro.http.methods import METHODS
from nbmicro.web.contexts import need_app_context, need_request_context

#: The methods of a class that answer requests, by Flask's name for them: extensions import it.
http_method_funcs = frozenset(map(str.lower, METHODS))


def written_function(view: Any, method: str) -> Any:
    """The function that the user wrote: of a class based view the method that answers ``method``, else the view."""
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return view
    method = method.lower()
    function = getattr(view_class, method, None) or (getattr(view_class, "get", None) if method == "head" else None)
    return function or getattr(view_class, "dispatch_request", view)


class View:
    """A handler as a class: a subclass gives :meth:`dispatch_request`, and ``as_view`` makes the function for a route.

    Attributes
    ----------
    methods:
        The HTTP methods that a route of this view answers; None leaves it to the route.
    provide_automatic_options:
        Whether OPTIONS is answered by itself; None leaves it to the route.
    decorators:
        Applied to the function, the first one innermost.
    init_every_request:
        Whether each request has an object of its own. If not, one object serves all of them, and must keep nothing
        of a request.
    """

    methods: ClassVar[Collection[str] | None] = None
    provide_automatic_options: ClassVar[bool | None] = None
    decorators: ClassVar[list[Callable[..., Any]]] = []
    init_every_request: ClassVar[bool] = True

    def dispatch_request(self, **kwargs: Any) -> Any:
        """Answer the request; the values in the path come as keywords. A subclass gives this."""
        raise NotImplementedError

    @classmethod
    def as_view(cls, name: str, *class_args: Any, **class_kwargs: Any) -> Callable[..., Any]:
        """The function for a route.

        Parameters
        ----------
        name:
            The endpoint.
        class_args, class_kwargs:
            Given to the class when an object is made.
        """
        shared = None if cls.init_every_request else cls(*class_args, **class_kwargs)

        def view(**kwargs: Any) -> Any:
            # The finished function says which class to use, so that a test can put another one in.
            handler = shared if shared is not None else finished.view_class(*class_args, **class_kwargs)
            return need_app_context().app.ensure_sync(handler.dispatch_request)(**kwargs)

        finished: Any = view
        finished.__name__ = name
        finished.__module__ = cls.__module__
        for decorator in cls.decorators:
            finished = decorator(finished)
        finished.view_class = cls
        finished.__name__ = name
        finished.__doc__ = cls.__doc__
        finished.__module__ = cls.__module__
        finished.methods = cls.methods
        finished.provide_automatic_options = cls.provide_automatic_options
        return finished  # type: ignore[no-any-return]


class MethodView(View):
    """A handler with one function per HTTP method: ``get``, ``post`` and so on, in lower case.

    ``methods`` follows from the functions, those of base classes included. HEAD is answered by ``get`` unless there is
    a ``head``.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "methods" in cls.__dict__:
            return
        methods = {name.upper() for name in http_method_funcs if hasattr(cls, name)}
        for base in cls.__bases__:
            methods.update(getattr(base, "methods", None) or ())
        if methods:
            cls.methods = methods

    def dispatch_request(self, **kwargs: Any) -> Any:
        """Answer the request by the function for its method."""
        method = need_request_context().request.method
        answer = getattr(self, method.lower(), None)
        if answer is None and method == "HEAD":
            answer = getattr(self, "get", None)
        if answer is None:
            raise AssertionError(
                f"Unimplemented method {method!r}: {type(self).__name__} has no function {method.lower()!r}, "
                f"but its route answers {method}."
            )
        return need_app_context().app.ensure_sync(answer)(**kwargs)
