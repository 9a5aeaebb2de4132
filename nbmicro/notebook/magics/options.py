"""The options of a magic's line, with errors that name what there is."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from nbmicro.errors import OptionError
from nbmicro.printable import did_you_mean


def read_options(
    magic: str, line: str, known: Mapping[str, Callable[[str], Any] | None], *, words: int = 0
) -> dict[str, Any]:
    """Read ``--name value`` and ``--flag`` options of a line.

    Parameters
    ----------
    magic:
        Its name with the percent sign, for errors.
    line:
        What stands behind it.
    known:
        Each option with what converts its value; None for a flag.
    words:
        How many plain words may stand there; they are given as ``words``.

    Raises nbmicro.errors.OptionError for anything else.
    """
    try:
        parts = shlex.split(line, comments=True)
    except ValueError as error:
        raise OptionError(f"{magic} {line}: {error}.", hint="A quote is open; close it.") from None
    found: dict[str, Any] = {}
    plain: list[str] = []
    rest = iter(parts)
    for part in rest:
        name, equals, value = part.partition("=")
        if not part.startswith("--"):
            plain.append(part)
            continue
        if name not in known:
            near = did_you_mean(name, known)
            hint = f"Did you mean {near}?" if near else f"There are: {' '.join(known)}"
            raise OptionError(f"{magic} has no option {name}.", hint=hint)
        convert = known[name]
        if convert is None:
            found[name[2:].replace("-", "_")] = True
            continue
        given = value if equals else next(rest, None)
        found[name[2:].replace("-", "_")] = _converted(magic, name, given, convert)
    if len(plain) > words:
        raise OptionError(f"{magic} does not take `{plain[words]}`.", hint=f"{magic} --help shows what it takes.")
    if words:
        found["words"] = plain
    return found


def _converted(magic: str, name: str, given: str | None, convert: Callable[[str], Any]) -> Any:
    kind = "a number" if convert is int else "a value"
    if given is None:
        raise OptionError(f"{magic} {name} needs {kind}.", hint=f"{magic} --help shows an example.")
    try:
        return convert(given)
    except ValueError:
        raise OptionError(f"{magic} {name} takes {kind}; `{given}` is none.") from None
