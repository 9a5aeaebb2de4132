"""What to do about a name that is not what the user takes it for: unbound, undefined, hidden, or another library's.

What lives here: pure functions from an exception to one or two sentences, and the user's frame and line that they read.
What must not: faults of values; those are ``cures.py``'s.
"""

from __future__ import annotations

import builtins
import difflib
import linecache
import re
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from nbmicro.exchange.places import is_users
from nbmicro.web.names import HANDLER_NAMES

__all__ = [
    "CLIENT_BACK",
    "FLASKS_PLACE",
    "flask_itself",
    "flasks_extension",
    "flasks_name",
    "hidden_builtin",
    "hidden_name",
    "names_of",
    "source_line",
    "taken_client",
    "unbound_name",
    "undefined_name",
    "users_frame",
]

# A cell that declares a route: `<GET /count>`, `<GET,POST /login>`.
_ROUTE_CELL = re.compile(r"<[A-Z,]+ /")
_JSON_WORDS = {"true": "True", "false": "False", "null": "None"}
# What a client is asked for.
_CLIENTS = frozenset(
    ("get", "post", "put", "patch", "delete", "head", "options", "open", "send", "history", "cookies", "hide", "reset")
)
#: The lines that give a notebook its client again.
CLIENT_BACK = "del client   and   %reload_ext nbmicro"
#: How an extension of Flask's gets to work with an app of nbmicro's.
FLASKS_PLACE = (
    "Restart the kernel, and let its first cell put nbmicro in Flask's place:  "
    "import nbmicro; nbmicro.install_as_flask()"
)


def users_frame(error: BaseException) -> FrameType | None:
    """The innermost frame of the user's own code; None where the exception passed through none."""
    found, traceback = None, error.__traceback__
    while traceback is not None:
        if is_users(traceback.tb_frame.f_code.co_filename):
            found = traceback.tb_frame
        traceback = traceback.tb_next
    return found


def source_line(error: BaseException) -> str:
    found, traceback = "", error.__traceback__
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if is_users(filename):
            found = linecache.getline(filename, traceback.tb_lineno, traceback.tb_frame.f_globals)
        traceback = traceback.tb_next
    return found


def names_of(frame: FrameType) -> dict[str, Any]:
    return {**frame.f_globals, **frame.f_locals}


def unbound_name(error: BaseException) -> str | None:
    frame = users_frame(error)
    name = getattr(error, "name", None) or next(iter(re.findall(r"variable '(\w+)'", str(error))), None)
    if frame is None or name is None:
        return None
    code = frame.f_code
    outer = next((around for around in _callers(error, code) if name in around.co_cellvars + around.co_varnames), None)
    if outer is not None:
        return f"To change the handler's `{name}`, begin the function `{code.co_name}` with `nonlocal {name}`."
    if HANDLER_NAMES.get(name, error) is frame.f_globals.get(name):
        return _own_name_assigned(name, source_line(error))
    if name in frame.f_globals:
        # A body's function stands on the cell's first line, where no written function can be.
        whole = bool(_ROUTE_CELL.match(code.co_filename)) and code.co_firstlineno == 1
        assigned, owner, begin = (
            ("%%route cell", "handler", "cell") if whole else ("function", "function", f"function `{code.co_name}`")
        )
        return (
            f"A name assigned in a {assigned} is the {owner}'s own. "
            f"To change the notebook's `{name}`, begin the {begin} with `global {name}`."
        )
    if hasattr(builtins, name):
        return f"`{name}` is Python's own, but it is assigned here, which makes it a local name. Name yours otherwise."
    return None


def _own_name_assigned(name: str, source: str) -> str:
    """`request = request.args` in a handler. To assign the notebook's `request` would take it from all of them."""
    written = re.match(rf"\s*{name}\s*=(?!=)\s*(.+?)\s*$", source)
    attribute = re.match(rf"{name}\.(?:get_)?(\w+)", written[1]) if written else None
    better = attribute[1] if attribute and attribute[1] not in HANDLER_NAMES else f"my_{name}"
    line = f":  {better} = {written[1]}" if written else f", such as `{better}`"
    return f"`{name}` is nbmicro's, and assigned here it is the handler's own. Use another name{line}"


def _callers(error: BaseException, code: CodeType) -> Iterator[CodeType]:
    """The functions that hold the one of ``code``: it is one of their constants."""
    traceback = error.__traceback__
    while traceback is not None:
        if code in traceback.tb_frame.f_code.co_consts:
            yield traceback.tb_frame.f_code
        traceback = traceback.tb_next


def undefined_name(error: BaseException) -> str | None:
    frame, name = users_frame(error), getattr(error, "name", None)
    if frame is None or not name:
        return None
    if name in _JSON_WORDS:
        return f"Python writes it `{_JSON_WORDS[name]}`."
    if name in HANDLER_NAMES:
        return f"It is nbmicro's; to have it here:  from nbmicro import {name}"
    if name in sys.stdlib_module_names:
        return f"It is a module of Python's:  import {name}"
    near = difflib.get_close_matches(name, [one for one in names_of(frame) if not one.startswith("_")], 1, 0.7)
    if near:
        return f"Did you mean `{near[0]}`?"
    return None


def hidden_name(error: BaseException) -> str | None:
    """A value of the path, or an argument, that stands in the place of a name that every handler has."""
    frame = users_frame(error)
    if frame is None:
        return None
    words = set(re.findall(r"\w+", source_line(error)))
    for name in sorted(words & HANDLER_NAMES.keys() & set(frame.f_locals)):
        value = frame.f_locals[name]
        if value is not HANDLER_NAMES[name] and frame.f_locals is not frame.f_globals and not _is_flasks(name, value):
            kind = type(value).__name__
            return f"`{name}` is here a value of the handler's own (of type {kind}), not nbmicro's. Name it otherwise."
    return None


def taken_client(error: BaseException) -> str | None:
    """A notebook's own `client` in the place of the one that every notebook has."""
    frame = users_frame(error)
    if frame is None or "get_ipython" not in frame.f_globals or "client" not in frame.f_globals:
        return None
    value, asked = frame.f_globals["client"], str(getattr(error, "name", None))
    own = getattr(error, "obj", None) is value and not hasattr(value, "history")
    if not own or asked not in _CLIENTS or not re.search(r"\bclient\s*\.", source_line(error)):
        return None
    kind = "None" if value is None else f"of type {type(value).__name__}"
    return f"`client` is the notebook's own here ({kind}). To have nbmicro's again, in two lines:  {CLIENT_BACK}"


def _is_flasks(name: str, value: Any) -> bool:
    flask = sys.modules.get("flask")
    return flask is not None and value is getattr(flask, name, None) and value is not HANDLER_NAMES.get(name)


def flasks_extension(error: BaseException) -> str | None:
    """An extension that imported Flask itself asks it for a request that nbmicro answers."""
    if not str(error).startswith("Working outside of") or not flask_itself():
        return None
    asking, traceback = None, error.__traceback__
    while traceback is not None:
        package = str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in {"werkzeug", "flask"}:
            asking = None if is_users(traceback.tb_frame.f_code.co_filename) or package == "nbmicro" else package
        traceback = traceback.tb_next
    return f"`{asking}` asks Flask itself, and the app is nbmicro's. {FLASKS_PLACE}" if asking else None


def flask_itself() -> bool:
    """Whether Flask itself is imported in this process, and not nbmicro in its place."""
    flask = sys.modules.get("flask")
    return flask is not None and getattr(flask, "g", None) is not HANDLER_NAMES["g"]


def flasks_name(error: BaseException) -> str | None:
    """Flask's `request` knows nothing of a request that nbmicro answers."""
    frame = users_frame(error)
    if frame is None or not str(error).startswith("Working outside of"):
        return None
    words = sorted(set(re.findall(r"\w+", source_line(error))))
    names = names_of(frame)
    for word in words:
        if _is_flasks(word, names.get(word)):
            return f"`{word}` is Flask's here, and the app is nbmicro's. Import that one:  from nbmicro import {word}"
    if "flask" in words and names.get("flask") is sys.modules.get("flask", error):
        return "This is Flask's, and the app is nbmicro's. Import from there:  import nbmicro as flask"
    return None


def hidden_builtin(error: BaseException) -> str | None:
    """`str = "abc"` in one cell, and `str(5)` in another."""
    frame = users_frame(error)
    if frame is None or not str(error).endswith("object is not callable"):
        return None
    names = names_of(frame)
    for name in re.findall(r"\b(\w+)\s*\(", source_line(error)):
        if hasattr(builtins, name) and name in names and not callable(names[name]):
            said = (
                f"`{name}` is here a value of your own (of type {type(names[name]).__name__}), not Python's `{name}`."
            )
            own = frame.f_locals is not frame.f_globals and name in frame.f_locals
            return (
                f"{said} Name it otherwise." if own else f"{said} Name it otherwise, and to have Python's:  del {name}"
            )
    return None
