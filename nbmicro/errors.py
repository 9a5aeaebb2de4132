"""Every error that a user of nbmicro can meet."""

from __future__ import annotations

from typing import Protocol, Self


class Placed(Protocol):
    """Anything that stands somewhere in a cell: a word, a line, a template."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int | None: ...


class NbmicroError(Exception):
    """The base of nbmicro's own errors.

    Parameters
    ----------
    message:
        What came and why it will not do, in one or two sentences.
    hint:
        What would do, or the next step: often the corrected line itself. Without one it is made of ``fix``.
    code:
        What went wrong, for programs, as ``"request-name-twice"``: messages are for people and may change. The code of
        its class where nothing closer is given.
    fix:
        The text to write in place of what is wrong, where that is known.
    where:
        The thing it was found in, as the user knows it: ``"%%route GET /boom"``, ``"app.ipynb, cell 4"``.
    line, column:
        The place in the cell as its editor counts it, both from 1 (the ``%%`` line is line 1).

    It is deliberately not a subclass of :class:`SyntaxError`: IPython ignores ``_render_traceback_`` there.
    """

    code = "error"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        fix: str | None = None,
        where: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.message = message
        self.hint = f"Write  {fix}" if hint is None and fix is not None else hint
        if code is not None:
            self.code = code
        self.fix = fix
        self.where = where
        self.line = line
        self.column = column
        super().__init__(message)

    @classmethod
    def of(cls, error: NbmicroError, *, where: str | None = None) -> Self:
        """An error of this class that says what ``error`` says, found in ``where`` if that is given."""
        return cls(
            error.message,
            hint=error.hint,
            code=error.code,
            fix=error.fix,
            where=where or error.where,
            line=error.line,
            column=error.column,
        )

    @classmethod
    def at(
        cls, place: Placed, message: str, hint: str | None = None, *, code: str | None = None, fix: str | None = None
    ) -> Self:
        """An error of this class whose line and column are those of ``place``."""
        return cls(message, hint=hint, code=code, fix=fix, line=place.line, column=place.column)

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
    """A cell that cannot be a declaration: its ``%%`` line or its source is wrong.

    ``words`` are those of the ``%%`` line that are wrong, where its column is not known yet.
    """

    code = "cell"
    words: str | None = None


class RequestError(NbmicroError):
    """A request that cannot be sent: its line, item, header, body or ``{{ }}`` is wrong. Nothing was sent."""

    code = "request"


class EndlessRequests(RequestError):
    """A handler asks its own app, whose handler asks again, and so on: requests stand inside one another too deep."""

    code = "endless-requests"


class CheckFailed(NbmicroError, AssertionError):
    """A check that was written beside a request did not hold."""

    code = "check-failed"


class OptionError(NbmicroError):
    """A magic or a command was given an option or argument it does not know."""

    code = "option"


class DeadlineExceeded(NbmicroError, TimeoutError):
    """A wait of ours came to its deadline."""

    code = "deadline-exceeded"


class NoKeyboard(NbmicroError, EOFError):
    """A handler asked at the keyboard, or stopped for a debugger; EOFError is what ``input()`` raises in a server."""

    code = "no-keyboard"


class LoadError(NbmicroError):
    """A notebook or module that cannot be loaded as an app."""

    code = "load"


class ServeError(NbmicroError):
    """A server that cannot be started or stopped."""

    code = "serve"
