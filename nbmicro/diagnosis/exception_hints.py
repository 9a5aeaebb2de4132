"""What to do about an exception: the line to write, from its kind, its message and the user's own frame.

A library is recognised by its name and not imported.
"""

from __future__ import annotations

import builtins
import linecache
import re
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

from nbmicro.diagnosis.user_code import is_users
from nbmicro.http.methods import CLIENT_METHODS
from nbmicro.printable import did_you_mean
from nbmicro.web.handler_errors import json_cure
from nbmicro.web.names import HANDLER_NAMES

# A cell that declares a route: `<GET /count>`, `<GET,POST /login>`.
_ROUTE_CELL = re.compile(r"<[A-Z,]+ /")
_JSON_WORDS = {"true": "True", "false": "False", "null": "None"}
# What a client is asked for.
_CLIENTS = frozenset((*map(str.lower, CLIENT_METHODS), "open", "send", "history", "cookies", "hide", "reset"))
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
    near = did_you_mean(name, [one for one in names_of(frame) if not one.startswith("_")], 0.7)
    if near:
        return f"Did you mean `{near}`?"
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


#: What a client's methods take besides the target.
REQUEST_OPTIONS = (
    "headers",
    "query",
    "json",
    "data",
    "files",
    "auth",
    "follow",
    "timeout",
    "origin",
    "announce",
    "trace",
)
#: What a route takes besides its rule.
RULE_OPTIONS = (
    "methods",
    "endpoint",
    "defaults",
    "strict_slashes",
    "subdomain",
    "host",
    "redirect_to",
    "provide_automatic_options",
)
# What other clients call them.
_ELSEWHERE = {"params": "query", "form": "data", "body": "data", "allow_redirects": "follow", "cookies": "headers"}
# What Jinja and the core give to every template, besides the names of a handler.
_EVERY_TEMPLATES = frozenset(("range", "dict", "lipsum", "cycler", "joiner", "namespace", "config", "self"))
_REFUSED = re.compile(r"refused|Errno 111\b|Errno 61\b|WinError 10061")
_LOOPBACK = re.compile(r"localhost|127\.0\.0\.1|\[::1\]|Errno 111\b|Errno 61\b")


def cure_of(error: BaseException) -> str | None:
    """What would do instead, as one or two sentences; what stands behind two spaces is a line to write. None where
    there is nothing to say.

    Parameters
    ----------
    error:
        The exception, with its traceback.
    """
    for kind in type(error).__mro__:
        for cure in _CURES.get(kind.__name__, ()):
            text = cure(error)
            if text:
                return text
    return None


def _loop_runs(error: BaseException) -> str | None:
    """`asyncio.run` where a loop runs: in a cell, and in what is called from there."""
    if "cannot be called from a running event loop" not in str(error):
        return None
    return (
        "An event loop runs here already, that of the cell. Await what was to be run; a handler that awaits begins "
        "with  async def"
    )


# -- values --------------------------------------------------------------------------------------------------------


def _dict_attribute(error: BaseException) -> str | None:
    value, name = getattr(error, "obj", None), getattr(error, "name", None)
    if isinstance(value, dict) and name in value:
        return f'A dict\'s value is read with brackets:  ["{name}"]'
    return None


def _no_json(error: BaseException) -> str | None:
    found = re.search(r"Object of type (\S+) is not JSON serializable", str(error))
    cure = json_cure(found[1]) if found else None
    return None if cure is None or cure in str(error) else cure


def _not_awaited(error: BaseException) -> str | None:
    if "'coroutine'" not in str(error):
        return None
    return "An async function was called and not awaited: write `await` before the call."


def _no_error_status(error: BaseException) -> str | None:
    """`abort("404")`, `abort(200)`."""
    found = re.fullmatch(r"no exception for (['\"]?)(.*)\1", str(error))
    if found is None:
        return None
    if found[1] and re.fullmatch(r"[45]\d\d", found[2]):
        return f"A status is a number, without quotes:  abort({found[2]})"
    return (
        'It takes the number of an error, such as  abort(404)\nAny other status goes with the reply:  return "…", 202'
    )


def _number(error: BaseException) -> str | None:
    """A number that is read from the request's text."""
    found = re.match(r"invalid literal for int\(\)|could not convert string to float", str(error))
    read = re.search(r"request\.(args|form)", source_line(error))
    if found is None or read is None:
        return None
    kind = "int" if "int" in found[0] else "float"
    return f"Let a text that is no number be None:  request.{read[1]}.get(…, type={kind})"


def _undefined_in_template(error: BaseException) -> str | None:
    lacking = re.fullmatch(r"'[^']*' has no attribute '(\w+)'", str(error))
    if lacking is not None:
        return (
            f"What the template was given has no `{lacking[1]}`. Give it one, or ask before:  {{% if ….{lacking[1]} %}}"
        )
    found = re.fullmatch(r"'(\w+)' is undefined", str(error))
    if found is None:
        return None
    near = did_you_mean(found[1], _given_to_template(error), 0.7)
    meant = f" but `{near}`: did you mean that?" if near else "."
    line = f"render_template(…, {found[1]}=…)"
    return f"The template was given no `{found[1]}`{meant} Give it one where it is rendered:  {line}"


def _given_to_template(error: BaseException) -> list[str]:
    """The names that a template was rendered with, apart from those that every template has."""
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if "__jinja_exception__" in frame.f_globals:
            # Jinja shows a template's names as the locals of a frame that it makes for the traceback.
            return [name for name in frame.f_locals if name not in HANDLER_NAMES and name not in _EVERY_TEMPLATES]
        traceback = traceback.tb_next
    return []


def _missing_template(error: BaseException) -> str | None:
    name = getattr(error, "name", None)
    if not isinstance(name, str):
        return None
    return f"Make one in a cell that begins with  %%template {name}"


# -- threads, keyboards, programs --------------------------------------------------------------------------------


def _sqlite_thread(error: BaseException) -> str | None:
    if "created in a thread" not in str(error):
        return None
    return (
        "A server answers in threads of its own. Open a connection per request, in the handler or kept in `g`:  "
        "g.db = sqlite3.connect(…)\n"
        "Or share this one, if only reads go through it:  sqlite3.connect(…, check_same_thread=False)"
    )


def _keyboard(error: BaseException) -> str | None:
    if "input(" not in source_line(error):
        return None
    return (
        "A handler cannot ask at the keyboard: its reader is a browser. Take the value from the request, such as  "
        'request.args["name"]'
    )


def _leaving(error: BaseException) -> str:
    return "It ends a program, and a handler ends with a reply: return one, or stop with  abort(500)"


def _nobody_listens(error: BaseException) -> str | None:
    if not _REFUSED.search(str(error)) or not _LOOPBACK.search(str(error)):
        return None
    return "Nothing listens there. The app answers without a port:  %http /\nOr start a server first:  %serve"


def _not_installed(error: BaseException) -> str | None:
    name = (getattr(error, "name", None) or "").partition(".")[0]
    return f"It is not installed for this kernel:  %pip install {name}" if name else None


# -- cells ---------------------------------------------------------------------------------------------------------


def _model_again(error: BaseException) -> str | None:
    if not re.search(r"already defined for this MetaData|Multiple classes found for path", str(error)):
        return None
    return (
        "A model cell that runs again first forgets its models. Begin it with:  "
        "from nbmicro.flask_compat.sqlalchemy import forget; forget(db)"
    )


def _extension_again(error: BaseException) -> str | None:
    if "already been registered on this Flask app" not in str(error):
        return None
    return "Make the app and its extensions in one cell:  app = App(__name__); db = SQLAlchemy(app)"


def _client_option(error: BaseException) -> str | None:
    found = re.search(r"Client\.\w+\(\) got an unexpected keyword argument '(\w+)'", str(error))
    if found is None:
        return None
    near = _ELSEWHERE.get(found[1]) or did_you_mean(found[1], REQUEST_OPTIONS)
    asked = f"Did you mean `{near}=`? " if near else ""
    return f"{asked}A request takes: {', '.join(REQUEST_OPTIONS)}."


def _rule_option(error: BaseException) -> str | None:
    """`@app.route("/d", method="POST")`."""
    found = re.search(r"Rule\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(error))
    if found is None:
        return None
    near = did_you_mean(found[1], RULE_OPTIONS)
    if near != "methods":
        return f"{f'Did you mean `{near}=`? ' if near else ''}A route takes: {', '.join(RULE_OPTIONS)}."
    value = re.search(rf"\b{found[1]}\s*=\s*\[?\s*['\"](\w+)['\"]", source_line(error))
    return f'Write  methods=["{value[1].upper() if value else "POST"}"]'


def _converter(error: BaseException) -> str | None:
    if not re.match(r"the converter '[^']*' does not exist", str(error)):
        return None
    return "There are: int float path string uuid any; a value of the path is written  <int:id>"


_CURES: dict[str, tuple[Callable[[BaseException], str | None], ...]] = {
    "UnboundLocalError": (unbound_name,),
    "NameError": (undefined_name,),
    "AttributeError": (_dict_attribute, _not_awaited, taken_client, hidden_name),
    "TypeError": (_no_json, _client_option, _rule_option, hidden_builtin, _not_awaited, hidden_name),
    "RuntimeError": (_loop_runs, flasks_extension, flasks_name, _extension_again),
    "LookupError": (_converter, _no_error_status),
    "ValueError": (_number,),
    "UndefinedError": (_undefined_in_template,),
    "TemplateNotFound": (_missing_template,),
    "ProgrammingError": (_sqlite_thread,),
    "StdinNotImplementedError": (_keyboard,),
    "EOFError": (_keyboard,),
    "SystemExit": (_leaving,),
    "OSError": (_nobody_listens,),
    "ModuleNotFoundError": (_not_installed,),
    "InvalidRequestError": (_model_again,),
}
