"""Environment variables from ``.env`` and ``.flaskenv`` files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

_LINE = re.compile(
    r"""^[^\S\n]*(?:export[^\S\n]+)?(?P<name>[A-Za-z_][\w.-]*)[^\S\n]*
        (?:=[^\S\n]*(?:'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<bare>[^\n]*)))?""",
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "b": "\b", "a": "\a"}
_REFERENCE = re.compile(r"\$\{(?P<name>[^}:]+)(?::-(?P<default>[^}]*))?\}")
_COMMENT = re.compile(r"(?:^|\s)#.*")


def parse_dotenv(text: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read the text of a ``.env`` file.

    A line is ``NAME=value``, perhaps after ``export``; ``#`` begins a comment. A value may stand in quotes, then over
    several lines: in double ones ``\\n`` and its like are escapes. ``${NAME}`` and ``${NAME:-default}`` outside single
    quotes stand for other variables. What is no such line is skipped.

    Parameters
    ----------
    text:
        The text.
    environ:
        Where references are looked up before the file's own names; by default the environment.
    """
    known = os.environ if environ is None else environ
    variables: dict[str, str] = {}

    def value_of(reference: re.Match[str]) -> str:
        name = reference["name"]
        return known.get(name, variables.get(name, reference["default"] or ""))

    for line in _LINE.finditer(text):
        single, double, bare = line["single"], line["double"], line["bare"]
        if single is not None:
            variables[line["name"]] = re.sub(r"\\(['\\])", r"\1", single)
        elif double is not None:
            plain = _ESCAPE.sub(
                lambda match: _ESCAPES.get(match[1], match[1] if match[1] in "\"\\'$" else match[0]), double
            )
            variables[line["name"]] = _REFERENCE.sub(value_of, plain)
        elif bare is not None:
            variables[line["name"]] = _REFERENCE.sub(value_of, _COMMENT.sub("", bare).strip())
    return variables


def wants_dotenv(default: bool = True) -> bool:
    """Whether such files are to be read: not where ``NBMICRO_SKIP_DOTENV`` or ``FLASK_SKIP_DOTENV`` is set."""
    for variable in ("NBMICRO_SKIP_DOTENV", "FLASK_SKIP_DOTENV"):
        value = os.environ.get(variable)
        if value:
            return value.lower() in {"0", "false", "no"}
    return default


def load_dotenv(path: str | os.PathLike[str] | None = None, load_defaults: bool = True) -> bool:
    """Put the variables of files into the environment; one that is set there already stays as it is.

    Parameters
    ----------
    path:
        A file that comes before all others.
    load_defaults:
        Whether to look for ``.env`` and then ``.flaskenv`` in the current folder and those above it.

    Returns
    -------
    bool
        Whether there was a file.
    """
    paths = [Path(path)] if path is not None else []
    if load_defaults:
        paths += [path for path in map(_find, (".env", ".flaskenv")) if path is not None]
    variables: dict[str, str] = {}
    loaded = False
    for path in paths:
        if path.is_file():
            loaded = True
            for name, value in parse_dotenv(path.read_text(encoding="utf-8")).items():
                variables.setdefault(name, value)
    for name, value in variables.items():
        os.environ.setdefault(name, value)
    return loaded


def _find(name: str) -> Path | None:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / name).is_file():
            return folder / name
    return None
