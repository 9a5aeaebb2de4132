"""The cell of an imported notebook that gives the variables of an environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from nbmicro.importing.environments import GivenValue, is_provided, looks_secret

# The machine sets these itself, to something else.
_OF_THE_MACHINE = frozenset(
    {"PATH", "HOME", "USER", "USERNAME", "LOGNAME", "HOST", "HOSTNAME", "COMPUTERNAME", "DOMAIN", "USERDOMAIN", "SHELL"}
    | {"LANG", "PWD", "TEMP", "TMP", "TERM"}
)
_ASKED = "# Not written here: set {names} in the environment, or type {them} when the cell asks."


def environment_cell(given: Mapping[str, GivenValue], chosen: str | None) -> str:
    """The text of the cell; secrets come from ``os.environ``, or are asked for."""
    asked: list[str] = []
    lines = [f"{name} = {_written(one, name, one.value, one.is_secret, asked)}" for name, one in given.items()]
    files = list(dict.fromkeys(one.file for one in given.values()))
    of = f" {chosen}" if chosen is not None else ""
    head = [f"# The environment{of} of {' and '.join(files)}"]
    if asked:
        names = ", ".join(asked[:-1]) + (" and " if len(asked) > 1 else "") + asked[-1]
        head += ["import os", "from getpass import getpass", ""]
        first = next(index for index, line in enumerate(lines) if "getpass(" in line)
        lines.insert(first, _ASKED.format(names=names, them="them" if len(asked) > 1 else "it"))
    return "\n".join([*head, *lines])


def missing_values(names: Sequence[tuple[str, int]]) -> list[str]:
    """The lines for variables that nothing gives, each with the file's line that reads it: for the reader to fill in.

    A secret is asked for. Until the others have a value, the requests that read them are refused.
    """
    secret = [name for name, _ in names if looks_secret(name)]
    lines = ["import os", "from getpass import getpass", ""] if secret else []
    for name, line in names:
        if name in secret:
            asked = f'os.environ.get("{_variable(name)}") or getpass("{name}: ")'
            lines.append(f"{name} = {asked}  # line {line} reads it")
        else:
            lines.append(f"# {name} =     line {line} reads it, and nothing gives it a value: give it one here")
    return lines


def _written(given: GivenValue, path: str, value: object, secret: bool, asked: list[str]) -> str:
    """A value as Python; ``path`` is how a request reads it, ``asked`` collects the names that are asked for."""
    if isinstance(value, dict) and not is_provided(value):
        items = (
            f"{python_literal(key)}: {_written(given, f'{path}.{key}', part, secret or looks_secret(key), asked)}"
            for key, part in value.items()
        )
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list):
        parts = (_written(given, f"{path}.{index}", part, secret, asked) for index, part in enumerate(value))
        return "[" + ", ".join(parts) + "]"
    if not secret:
        return python_literal(value)
    variable = _variable(path)
    asked.append(variable)
    return f'os.environ.get("{variable}") or getpass("{path}: ")'


def _variable(path: str) -> str:
    """``apiKey`` is ``API_KEY`` in the environment."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|\W+", "_", path)
    name = apart.strip("_").upper() or "VALUE"
    return f"API_{name}" if name in _OF_THE_MACHINE or name[0].isdigit() else name


def python_literal(value: object) -> str:
    """Text, a number, a truth value or None as Python writes it, text in double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
