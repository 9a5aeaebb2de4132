"""The files in which other tools keep environments: where each tool looks for them, and how they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from nbmicro.errors import LoadError
from nbmicro.importing.environments import EnvironmentFile

_SETTINGS = "rest-client.environmentVariables"
# JetBrains' client keeps these beside the variables of an environment.
_NO_VARIABLES = frozenset({"SSLConfiguration", "Security"})
# Comments, and then commas at the end, which VS Code takes in its settings; strings are passed over.
_STRING = r'("(?:\\.|[^"\\])*")'
_LAX = (re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL), re.compile(rf"{_STRING}|,(?=\s*[}}\]])", re.DOTALL))


def find_environment_files(folder: Path) -> list[EnvironmentFile]:
    """The environment files that count for requests in ``folder``; of those it returns later ones win.

    They are VS Code's settings for its REST Client, ``http-client.env.json`` of Visual Studio and JetBrains (with
    ``rest-client.env.json``, its old name), ``http-client.env.json.user`` and ``http-client.private.env.json``; each in
    the folder or in the nearest one above it.

    Raises
    ------
    LoadError
        One of them cannot be read, or is no JSON.
    """
    found: list[EnvironmentFile] = []
    for names, private in (
        (("settings.json",), False),
        (("http-client.env.json", "rest-client.env.json"), False),
        (("http-client.env.json.user",), True),
        (("http-client.private.env.json", "rest-client.private.env.json"), True),
    ):
        for path in _candidates(folder, names):
            content = _read(path, folder)
            environments = _environments(content.get(_SETTINGS) if path.name == "settings.json" else content)
            if environments or path.name != "settings.json":
                found.append(EnvironmentFile(_shown(path), environments, private))
                break
    return found


def _candidates(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    for place in (folder, *folder.parents):
        for name in names:
            path = place / ".vscode" / name if name == "settings.json" else place / name
            if path.is_file():
                yield path


def _shown(path: Path) -> str:
    return f".vscode/{path.name}" if path.name == "settings.json" else path.name


def _read(path: Path, folder: Path) -> dict[str, object]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        plain = text
        for lax in _LAX:
            # A comment leaves its lines behind, so that an error names the right one.
            plain = lax.sub(lambda found: found[1] or "\n" * found[0].count("\n"), plain)
        content = json.loads(plain)
    except json.JSONDecodeError as error:
        if path.name == "settings.json" and _SETTINGS not in text:
            return {}
        raise LoadError(f"it is no JSON: {error.msg}.", where=_shown(path), line=error.lineno) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise LoadError(f"{path} cannot be read: {reason}.") from None
    return content if isinstance(content, dict) else {}


def _environments(content: object) -> dict[str, dict[str, object]]:
    if not isinstance(content, dict):
        return {}
    return {
        name: {key: value for key, value in variables.items() if key not in _NO_VARIABLES}
        for name, variables in content.items()
        if isinstance(variables, dict)
    }
