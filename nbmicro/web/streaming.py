"""What goes on after a handler has returned: streams, work in other threads, last touches to the response."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar, overload

from nbmicro.web.contexts import RequestContext, current_context, current_request_context, enter_context

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


@overload
def stream_with_context(generator_or_function: Iterator[T]) -> Iterator[T]: ...
@overload
def stream_with_context(generator_or_function: Callable[..., Iterator[T]]) -> Callable[..., Iterator[T]]: ...


def stream_with_context(
    generator_or_function: Iterator[T] | Callable[..., Iterator[T]],
) -> Iterator[T] | Callable[..., Iterator[T]]:
    """Keep the request's context while its response is streamed; it ends when the stream does.

    Parameters
    ----------
    generator_or_function:
        An iterator, or, as a decorator, a function that makes one.

    Raises
    ------
    RuntimeError
        There is no request to keep.
    """
    if not hasattr(generator_or_function, "__next__") and callable(generator_or_function):
        function = generator_or_function

        @wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Iterator[T]:
            return _stream(iter(function(*args, **kwargs)), "stream_with_context")

        return decorated
    return _stream(iter(generator_or_function), "stream_with_context")  # type: ignore[arg-type]


def _stream(pieces: Iterator[T], caller: str) -> Iterator[T]:
    context = _context_for(caller)

    def stream() -> Iterator[Any]:
        _hold(context)
        failure: BaseException | None = None
        try:
            yield None
            while True:
                # Entered for each piece: a server may ask for them in any thread, and does other things in between.
                before = current_context()
                enter_context(context)
                try:
                    piece = next(pieces)
                except StopIteration:
                    return
                finally:
                    enter_context(before)
                yield piece
        except GeneratorExit:
            raise
        except BaseException as error:
            failure = error
            raise
        finally:
            before = current_context()
            enter_context(context)
            try:
                close = getattr(pieces, "close", None)
                if close is not None:
                    close()
            finally:
                try:
                    context.pop(failure)
                finally:
                    enter_context(before)

    generator = stream()
    next(generator)  # begun here, where the context is alive; from now on closing it lets the context go
    return generator


def _hold(context: RequestContext) -> None:
    """Count one more user of the context, so that another pop is its last, whoever is first to leave."""
    context._before.insert(0, context._before[0])


def _context_for(caller: str) -> RequestContext:
    context = current_request_context()
    if context is None:
        raise RuntimeError(f"'{caller}' can only be used when a request context is active, such as in a handler.")
    return context


def copy_current_request_context(f: F) -> F:
    """A function that runs, in whatever thread or greenlet, under a copy of the request's context that is current now.

    The request object and the session are shared with the handler, ``g`` is not.

    Raises
    ------
    RuntimeError
        There is no request.
    """
    copied = _context_for("copy_current_request_context").copy()

    @wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with copied.copy():  # one per call: calls may overlap
            return copied.app.ensure_sync(f)(*args, **kwargs)

    return wrapper  # type: ignore[return-value]


def after_this_request(f: F) -> F:
    """Have ``f(response)`` called for this request's response alone, before the after_request functions; it returns
    the response.

    Raises
    ------
    RuntimeError
        There is no request.
    """
    _context_for("after_this_request").call_after(f)
    return f
