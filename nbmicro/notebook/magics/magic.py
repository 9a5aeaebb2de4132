"""What every magic has: its help, the options of its line, and the names that its request may use.

A magic is a function of the session. It is declared with :func:`magic`, in a module of its own that has what it does.
"""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from IPython.core.magic import needs_local_scope, no_var_expand

from nbmicro.cells.magics import MAGIC_KINDS
from nbmicro.errors import OptionError
from nbmicro.printable import did_you_mean

if TYPE_CHECKING:
    from nbmicro.notebook.kernel.session import Session

_Function = TypeVar("_Function", bound=Callable[..., Any])

HELP = object()
"""What a magic returns whose line asks for help in its own way: the help is printed, and nothing is returned."""


@dataclass(frozen=True, slots=True)
class Magic:
    """A magic as it was declared; the parameters are those of :func:`magic`."""

    name: str
    function: Callable[..., Any]
    options: Mapping[str, Callable[[str], Any] | None] | None
    words: int
    names: bool

    @property
    def kind(self) -> str:
        """Where it stands: ``line``, ``cell`` or ``line_cell``."""
        return MAGIC_KINDS[self.name].form

    @property
    def help(self) -> str:
        """What ``%name?`` and ``%name --help`` show."""
        text = inspect.cleandoc(self.function.__doc__ or "")
        if " OPTIONS\n" not in text:
            return text
        # The table of a request's options is read with the first help, not when the extension is loaded.
        from nbmicro.language.options import with_options

        return with_options(text)

    def of(self, session: Session) -> Callable[..., Any]:
        """The function that IPython calls in the notebook of ``session``."""

        @no_var_expand
        @wraps(self.function)
        def run(line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> Any:
            if line.strip() == "-h" or line.split()[-1:] == ["--help"]:
                print(self.help)
                return None
            words: list[str] = [line] if cell is None else [line, cell]
            more: dict[str, Any] = {}
            if self.options is not None:
                words, more = read_options(f"%{self.name}", line, self.options, words=self.words)
            if self.names:
                more["names"] = Names(session.host.namespace, local_ns)
            value = self.function(session, *words, **more)
            if value is HELP:
                print(self.help)
                return None
            return value

        # IPython asks this for ``%name?``.
        run.getdoc = lambda: self.help  # type: ignore[attr-defined]
        return needs_local_scope(run) if self.names else run


MAGICS: dict[str, Magic] = {}
"""Every magic by its name, once its module is imported."""


def magic(
    name: str,
    *,
    options: Mapping[str, Callable[[str], Any] | None] | None = None,
    words: int = 0,
    names: bool = False,
) -> Callable[[_Function], _Function]:
    """Declare a function of the session as a magic. Its docstring is the magic's help.

    Parameters
    ----------
    name:
        The magic's name, without its signs; ``MAGIC_KINDS`` has where it may stand. The function gets the text of
        the line, and of the cell.
    options:
        The options of the line, each with what converts its value; None for a flag. The function then gets those that
        are written, as keywords, in place of the line. Without this the function reads the line itself.
    words:
        How many words may stand there besides options; the function gets those that do.
    names:
        Whether the function gets ``names``: what the notebook, and the function that calls the magic, call things.
    """

    def declare(function: _Function) -> _Function:
        MAGICS[name] = Magic(name, function, options, words, names)
        return function

    return declare


class Names(MutableMapping[str, Any]):
    """Reads the caller's local names before the notebook's; writes the notebook's.

    Parameters
    ----------
    notebook:
        The notebook's variables.
    local:
        The names of the function that a magic is called from; None in a cell.
    """

    def __init__(self, notebook: dict[str, Any], local: dict[str, Any] | None = None) -> None:
        self._notebook = notebook
        self._local = local if local is not None and local is not notebook else {}

    def __getitem__(self, name: str) -> Any:
        return self._local[name] if name in self._local else self._notebook[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._notebook[name] = value

    def __delitem__(self, name: str) -> None:
        del self._notebook[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._notebook, **self._local})

    def __len__(self) -> int:
        return len({**self._notebook, **self._local})


def read_options(
    magic: str, line: str, known: Mapping[str, Callable[[str], Any] | None], *, words: int = 0
) -> tuple[list[str], dict[str, Any]]:
    """The plain words of a line, at most ``words``, and its ``--name value`` and ``--flag`` options by their names.

    Raises nbmicro.errors.OptionError for anything else.
    """
    try:
        parts = iter(shlex.split(line, comments=True))
    except ValueError as error:
        raise OptionError(f"{magic} {line}: {error}.", hint="A quote is open; close it.") from None
    values: dict[str, Any] = {}
    plain: list[str] = []
    for part in parts:
        if not part.startswith("--"):
            plain.append(part)
            continue
        name, equals, value = part.partition("=")
        if name not in known:
            near = did_you_mean(name, known)
            hint = f"Did you mean {near}?" if near else f"There are: {' '.join(known)}"
            raise OptionError(f"{magic} has no option {name}.", hint=hint)
        convert = known[name]
        values[name[2:].replace("-", "_")] = (
            True if convert is None else _converted(magic, name, value if equals else next(parts, None), convert)
        )
    if len(plain) > words:
        raise OptionError(f"{magic} does not take `{plain[words]}`.", hint=f"{magic} --help shows what it takes.")
    return plain, values


def _converted(magic: str, name: str, text: str | None, convert: Callable[[str], Any]) -> Any:
    kind = "a number" if convert is int else "a value"
    if text is None:
        raise OptionError(f"{magic} {name} needs {kind}.", hint=f"{magic} --help shows an example.")
    try:
        return convert(text)
    except ValueError:
        raise OptionError(f"{magic} {name} takes {kind}; `{text}` is none.") from None
