"""Environment variables from ``.env`` and ``.flaskenv`` files."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path

from nbmicro.errors import LoadError
from nbmicro.http.body import NotTextError, read_text_file


def parse_dotenv(text: str) -> dict[str, str]:
    """Read the text of a ``.env`` file as python-dotenv does; a name without a value is none.

    ``${NAME}`` stands for a variable of the environment, or of the file where the environment has none of that name.
    """
    from dotenv.main import DotEnv  # not before: most processes have no such file

    values = DotEnv(None, stream=StringIO(text), override=False).dict()
    return {name: value for name, value in values.items() if value is not None}


def read_dotenv(file: Path) -> dict[str, str]:
    """Read a ``.env`` file, with or without a byte order mark.

    Raises
    ------
    LoadError
        If it cannot be read, or is not UTF-8.
    """
    try:
        return parse_dotenv(read_text_file(file))
    except OSError as error:
        raise LoadError(f"{file} cannot be read: {error.strerror}.") from None
    except NotTextError as error:
        hint = "Save it as UTF-8; nothing of it was read."
        raise LoadError(f"{file} cannot be read: it {error}.", hint=hint) from None


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

    Raises
    ------
    LoadError
        If one cannot be read, or is not UTF-8.
    """
    paths = [Path(path)] if path is not None else []
    if load_defaults:
        paths += [path for path in map(_find, (".env", ".flaskenv")) if path is not None]
    variables: dict[str, str] = {}
    loaded = False
    for path in paths:
        if path.is_file():
            loaded = True
            for name, value in read_dotenv(path).items():
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
