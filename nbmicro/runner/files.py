"""The files that a request names, read with errors that say what is wrong with them."""

from __future__ import annotations

from pathlib import Path

from nbmicro.errors import RequestError
from nbmicro.http.body import NotTextError, text_of_file
from nbmicro.language.template import Template
from nbmicro.printable import did_you_mean
from nbmicro.runner.fill import Scope


def _path_in(text: str, scope: Scope) -> Path:
    """The path of a file that a request names."""
    return scope.folder / Path(text.strip()).expanduser()


def _unreadable(
    path: Path, error: Exception, template: Template, scope: Scope, near: str | None = None
) -> RequestError:
    reason = getattr(error, "strerror", None) or str(error)
    hint = f"There is {near} beside it." if near else None
    return scope.error(template, f"the file {path} cannot be read: {reason}.", hint)


def read_bytes(template: Template, scope: Scope) -> bytes:
    """The content of a file that a request names; RequestError, with its place, if it cannot be read."""
    path = _path_in(scope.text(template), scope)
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, template, scope) from None


def read_text(template: Template, scope: Scope) -> str:
    """The text of a file that a request names, without a byte order mark; RequestError if it is not UTF-8."""
    try:
        return text_of_file(read_bytes(template, scope))
    except NotTextError as error:
        text = scope.text(template)
        python = f"text = Path({text.strip()!r}).read_text('latin-1')"
        hint = f"Save it as UTF-8, or read it in Python and send that, as in  {python}"
        raise scope.error(template, f"the file {_path_in(text, scope)} cannot be read: it {error}.", hint) from None


def sendable_file(value: Template, text: str, scope: Scope) -> Path:
    """The path of a file to send; RequestError with its place where it cannot be read."""
    path = _path_in(text, scope)
    try:
        with path.open("rb"):
            return path
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, value, scope, _near_file(path)) from None


def _near_file(path: Path) -> str | None:
    try:
        names = sorted(file.name for file in path.parent.iterdir())
    except (OSError, ValueError):
        return None
    return did_you_mean(path.name, names, 0.7)
