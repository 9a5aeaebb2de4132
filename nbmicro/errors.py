"""Every error that a user of nbmicro can meet."""

from __future__ import annotations


class NbmicroError(Exception):
    """The base of nbmicro's own errors.

    Parameters
    ----------
    message:
        What came and why it will not do, in one or two sentences.
    hint:
        What would do, or the next step: often the corrected line itself.
    where:
        The thing it was found in, as the user knows it: ``"%%route GET /boom"``, ``"app.ipynb, cell 4"``.
    line, column:
        The place in the cell as its editor counts it, both from 1 (the ``%%`` line is line 1).

    It is deliberately not a subclass of :class:`SyntaxError`: IPython ignores ``_render_traceback_`` there.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        where: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.message = message
        self.hint = hint
        self.where = where
        self.line = line
        self.column = column
        super().__init__(message)

    @property
    def place(self) -> str:
        """Where it happened, as ``where, line 3, column 12``; empty when nothing is known of it."""
        parts = [self.where] if self.where else []
        if self.line is not None:
            parts.append(f"line {self.line}")
            if self.column is not None:
                parts.append(f"column {self.column}")
        return ", ".join(parts)

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}\n{self.hint}" if self.hint else text

    def _render_traceback_(self) -> list[str]:
        """The traceback IPython shows: the message alone, without the framework's frames."""
        return [f"{type(self).__name__}: {self}"]


class CellError(NbmicroError):
    """A cell that cannot be a declaration: its ``%%`` line or its source is wrong."""


class RequestError(NbmicroError):
    """A request that cannot be sent: its line, item, header, body or ``{{ }}`` is wrong. Nothing was sent."""


class EndlessRequests(RequestError):
    """A handler asks its own app, whose handler asks again, and so on: requests stand inside one another too deep."""


class CheckFailed(NbmicroError, AssertionError):
    """A check that was written beside a request did not hold."""


class OptionError(NbmicroError):
    """A magic or a command was given an option or argument it does not know."""


class DeadlineExceeded(NbmicroError, TimeoutError):
    """A wait of ours came to its deadline."""


class LoadError(NbmicroError):
    """A notebook or module that cannot be loaded as an app."""


class ServeError(NbmicroError):
    """A server that cannot be started or stopped."""
