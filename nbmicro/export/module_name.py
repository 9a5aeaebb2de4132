"""The name of an exported module: one that takes nobody else's place."""

from __future__ import annotations

import ast
import keyword
import sys

from nbmicro.errors import OptionError

#: What nbmicro itself imports, and a module of that name would stand before.
_OURS = frozenset({"nbmicro", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "click", "dotenv"})


def refuse_name(name: str, text: str) -> None:
    """Refuse a name by which a module cannot be imported, or which hides a module that it needs.

    Parameters
    ----------
    name:
        The module's name.
    text:
        Its text.

    Raises
    ------
    OptionError
        The name will not do; another one is proposed.
    """
    if keyword.iskeyword(name):
        why = f"`{name}` is a word of Python, so that nothing could import {name}.py."
    elif name in sys.stdlib_module_names:
        why = f"{name}.py would hide Python's own module `{name}` from whatever needs it."
    elif name in _OURS | _imported(text):
        why = f"{name}.py would hide the module `{name}`, which it needs itself."
    else:
        return
    raise OptionError(f"{why} Nothing was written.", hint=f"Take another name:  -o {name}_app.py")


def _imported(text: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found
