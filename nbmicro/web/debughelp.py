"""Errors that only debug mode raises: what was probably forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest
from werkzeug.routing import RequestRedirect

if TYPE_CHECKING:
    from nbmicro.web.request import Request

__all__ = ["DebugFilesKeyError", "FormDataRoutingRedirect", "UnexpectedUnicodeError", "explain_missing_files"]


class UnexpectedUnicodeError(AssertionError, UnicodeError):
    """A text where bytes were wanted, or the other way round."""


class DebugFilesKeyError(KeyError, AssertionError):
    """A file was looked for in a form that was sent without files.

    Parameters
    ----------
    request:
        The request.
    key:
        The name of the file's field.
    """

    def __init__(self, request: Request, key: str) -> None:
        names = ", ".join(repr(name) for name in request.form.getlist(key))
        self.message = (
            f"There is no file {key!r} in request.files: the form was sent as {request.mimetype!r}, "
            "which holds no files. "
            'Write <form method="post" enctype="multipart/form-data">.'
        )
        if names:
            self.message += f" The browser sent the names of files instead: {names}."
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class FormDataRoutingRedirect(AssertionError):
    """A request with a body was sent to a URL that redirects, where the body may be lost.

    Parameters
    ----------
    request:
        The request whose ``routing_exception`` is the redirect.
    """

    def __init__(self, request: Request) -> None:
        redirect = request.routing_exception
        target = redirect.new_url if isinstance(redirect, RequestRedirect) else ""
        self.message = (
            f"The {request.method} request was sent to {request.url!r}, but the route redirects to {target!r}. "
            "A browser may drop the form's data on the way: send it to that URL."
        )
        plain = target.partition("?")[0]
        if plain == f"{request.base_url}/":
            self.message += " (Its rule ends with a slash, and the URL does not.)"
        super().__init__(self.message)


class _ExplainingFiles:
    """The part of a files dict that explains a missing file when the form has a field of that name."""

    _request: Request

    def __getitem__(self, key: str) -> Any:
        try:
            return super().__getitem__(key)  # type: ignore[misc]
        except (KeyError, BadRequest):
            if key not in self._request.form:
                raise
            raise DebugFilesKeyError(self._request, key) from None


def explain_missing_files(request: Request) -> None:
    """Make ``request.files`` say what was forgotten when it lacks a file that the form names."""
    files: Any = request.files
    kind = type(files)
    files.__class__ = type(kind.__name__, (_ExplainingFiles, kind), {"_request": request})
