"""What to do about an exception: the line to write, from its kind, its message and the user's own frame.

A library is recognised by its name and not imported.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

from nbmicro.diagnosis import request_hints as _request_hints  # noqa: F401  # for the hints that it adds
from nbmicro.diagnosis.module_hints import FLASKS_PLACE
from nbmicro.diagnosis.raised import FROM_REQUEST, HINTS, Hint, Raised, hint
from nbmicro.diagnosis.user_code import is_users
from nbmicro.http.methods import CLIENT_METHODS, COMMON_METHODS
from nbmicro.printable import did_you_mean
from nbmicro.web.handler_errors import json_hint
from nbmicro.web.names import HANDLER_NAMES

#: The lines that give a notebook its client again.
CLIENT_BACK = "del client   and   %reload_ext nbmicro"
#: What a client's methods take besides the target.
REQUEST_OPTIONS = tuple("headers query json data files auth follow timeout origin announce trace".split())  # noqa: SIM905
#: What a route takes besides its rule.
RULE_OPTIONS = tuple(
    "methods endpoint defaults strict_slashes subdomain host redirect_to provide_automatic_options".split()  # noqa: SIM905
)
# What other clients call a request's options.
_ELSEWHERE = {"params": "query", "form": "data", "body": "data", "allow_redirects": "follow", "cookies": "headers"}
_JSON_WORDS = {"true": "True", "false": "False", "null": "None"}
# What a client is asked for.
_CLIENTS = frozenset((*map(str.lower, CLIENT_METHODS), "open", "send", "history", "cookies", "hide", "reset"))
# What Jinja and the core give to every template, besides the names of a handler.
_EVERY_TEMPLATES = frozenset(("range", "dict", "lipsum", "cycler", "joiner", "namespace", "config", "self"))
_DECORATORS = frozenset(("route", *map(str.lower, COMMON_METHODS)))
# The magics that send a request.
_REQUESTS = frozenset(("http", "bench", "trace", "browse", "explore"))
_TAGS = (
    "autoescape block call elif else endautoescape endblock endcall endfilter endfor endif endmacro endraw endset "  # noqa: SIM905
    "endwith extends filter for from if import include macro raw set with".split()
)
# A cell that declares a route: `<GET /count>`, `<GET,POST /login>`.
_ROUTE_CELL = re.compile(r"<[A-Z,]+ /")

#: Hints that the message alone decides: kind of the exception, what its message holds, what to do.
_BY_MESSAGE = (
    # `asyncio.run` where a loop runs: in a cell, and in what is called from there.
    (
        "RuntimeError",
        "cannot be called from a running event loop",
        "An event loop runs here already, that of the cell. Await what was to be run; a handler that awaits begins "
        "with  async def",
    ),
    (
        "RuntimeError",
        "already been registered on this Flask app",
        "Make the app and its extensions in one cell:  app = App(__name__); db = SQLAlchemy(app)",
    ),
    (
        "LookupError",
        "^the converter '[^']*' does not exist",
        "There are: int float path string uuid any; a value of the path is written  <int:id>",
    ),
    (
        "ProgrammingError",
        "created in a thread",
        "A server answers in threads of its own. Open a connection per request, in the handler or kept in `g`:  "
        "g.db = sqlite3.connect(…)\n"
        "Or share this one, if only reads go through it:  sqlite3.connect(…, check_same_thread=False)",
    ),
    # SQLAlchemy and Django have an exception of this name for sqlite3's.
    (
        "OperationalError",
        r"database (table )?is locked",
        "Another connection reads or writes, and has not ended that. Read rows to their end at once, and close what "
        "you open:  rows = connection.execute(…).fetchall(); connection.close()\n"
        "What a handler that failed had open is closed by now: run this again.",
    ),
    (
        "InvalidRequestError",
        "already defined for this MetaData|Multiple classes found for path",
        "A model cell that runs again first forgets its models. Begin it with:  "
        "from nbmicro.flask_compat.sqlalchemy import forget; forget(db)",
    ),
    (
        "SystemExit",
        "",
        "It ends a program, and a handler ends with a return value: return one, or stop with  abort(500)",
    ),
    (
        "OSError",
        "No space left on device|Errno 28\\b|not enough space on the disk",
        "The disk is full, or the folder of temporary files is, which takes bodies over a megabyte. Free some, or name "
        "another folder before the kernel starts:  TMPDIR=/path",
    ),
    # Refused, and by this machine.
    (
        "OSError",
        r"(?s)^(?=.*(?:refused|Errno 111\b|Errno 61\b|WinError 10061))"
        r".*(?:localhost|127\.0\.0\.1|\[::1\]|Errno 111\b|Errno 61\b)",
        "Nothing listens there. The app answers without a port:  %http /\nOr start a server first:  %serve",
    ),
)


def exception_hint(error: BaseException) -> str | None:
    """What would do instead, as one or two sentences; what stands behind two spaces is a line to write. None where
    there is nothing to say.

    Parameters
    ----------
    error:
        The exception, with its traceback.
    """
    kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__name__ in HINTS]
    if not kinds:
        return None
    raised = Raised(error)
    return next((text for kind in kinds for hint in HINTS[kind] if (text := hint(raised))), None)


def flask_itself() -> bool:
    """Whether Flask itself is imported in this process, and not nbmicro in its place."""
    flask = sys.modules.get("flask")
    return flask is not None and getattr(flask, "g", None) is not HANDLER_NAMES["g"]


def _by_message(pattern: str, text: str) -> Hint:
    return lambda raised: text if re.search(pattern, raised.message) else None


for _kind, _pattern, _text in _BY_MESSAGE:
    hint(_kind)(_by_message(_pattern, _text))


# -- names -------------------------------------------------------------------------------------------------------------


@hint("UnboundLocalError")
def _unbound_name(raised: Raised) -> str | None:
    frame = raised.frame
    name = raised.name or next(iter(re.findall(r"variable '(\w+)'", raised.message)), None)
    if frame is None or name is None:
        return None
    code = frame.f_code
    if any(name in around.co_cellvars + around.co_varnames for around in _enclosing(raised, code)):
        return f"To change the handler's `{name}`, begin the function `{code.co_name}` with `nonlocal {name}`."
    if HANDLER_NAMES.get(name, raised) is frame.f_globals.get(name):
        return _handlers_name_assigned(name, raised.line)
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


def _enclosing(raised: Raised, code: CodeType) -> Iterator[CodeType]:
    """The functions on the way that hold the one of ``code``: it is one of their constants."""
    return (frame.f_code for frame in raised.frames if code in frame.f_code.co_consts)


def _handlers_name_assigned(name: str, source: str) -> str:
    """`request = request.args` in a handler. To assign the notebook's `request` would take it from all of them."""
    written = re.match(rf"\s*{name}\s*=(?!=)\s*(.+?)\s*$", source)
    attribute = re.match(rf"{name}\.(?:get_)?(\w+)", written[1]) if written else None
    better = attribute[1] if attribute and attribute[1] not in HANDLER_NAMES else f"my_{name}"
    line = f":  {better} = {written[1]}" if written else f", such as `{better}`"
    return f"`{name}` is nbmicro's, and assigned here it is the handler's own. Use another name{line}"


@hint("NameError")
def _undefined_name(raised: Raised) -> str | None:
    name = raised.name
    if raised.frame is None or not name:
        return None
    if name in _JSON_WORDS:
        return f"Python writes it `{_JSON_WORDS[name]}`."
    if name in HANDLER_NAMES:
        return f"It is nbmicro's; to have it here:  from nbmicro import {name}"
    if name in _DECORATORS and (written := re.match(rf"\s*@{name}\s*(\(.*)", raised.line)):
        return f"It is the app's:  @app.{name}{written[1].rstrip()}"
    in_notebook = "get_ipython" in raised.names
    if in_notebook and (sent := re.match(rf"\s*(?:(\w+)\s*=\s*)?({name}\s+\S.*)", raised.line)) and name in _REQUESTS:
        return f"It is a magic:  {f'{sent[1]} = ' if sent[1] else ''}%{sent[2].rstrip()}"
    if name in sys.stdlib_module_names:
        return f"It is a module of Python's:  import {name}"
    near = did_you_mean(name, [known for known in raised.names if not known.startswith("_")], 0.7)
    if not in_notebook:
        return f"Did you mean `{near}`?" if near else None
    # After a restart a name is missing until its cell runs, however near another one is.
    meant = f"Did you mean `{near}`? " if near else ""
    return f"{meant}If another cell makes `{name}`, run that cell first."


# -- values and options ------------------------------------------------------------------------------------------------


@hint("AttributeError")
def _dict_attribute(raised: Raised) -> str | None:
    if isinstance(raised.obj, dict) and raised.name in raised.obj:
        return f'A dict\'s value is read with brackets:  ["{raised.name}"]'
    return None


@hint("TypeError")
def _no_json(raised: Raised) -> str | None:
    kind = re.search(r"Object of type (\S+) is not JSON serializable", raised.message)
    hint = json_hint(kind[1]) if kind else None
    return None if hint is None or hint in raised.message else hint


@hint("TypeError")
def _client_option(raised: Raised) -> str | None:
    option = re.search(r"Client\.\w+\(\) got an unexpected keyword argument '(\w+)'", raised.message)
    if option is None:
        return None
    near = _ELSEWHERE.get(option[1]) or did_you_mean(option[1], REQUEST_OPTIONS)
    return f"{f'Did you mean `{near}=`? ' if near else ''}A request takes: {', '.join(REQUEST_OPTIONS)}."


@hint("TypeError")
def _rule_option(raised: Raised) -> str | None:
    """`@app.route("/d", method="POST")`."""
    option = re.search(r"Rule\.__init__\(\) got an unexpected keyword argument '(\w+)'", raised.message)
    if option is None:
        return None
    near = did_you_mean(option[1], RULE_OPTIONS)
    if near != "methods":
        return f"{f'Did you mean `{near}=`? ' if near else ''}A route takes: {', '.join(RULE_OPTIONS)}."
    value = re.search(rf"\b{option[1]}\s*=\s*\[?\s*['\"](\w+)['\"]", raised.line)
    return f'Write  methods=["{value[1].upper() if value else "POST"}"]'


@hint("TypeError")
def _hidden_builtin(raised: Raised) -> str | None:
    """`str = "abc"` in one cell, and `str(5)` in another."""
    if raised.frame is None or not raised.message.endswith("object is not callable"):
        return None
    for name in re.findall(r"\b(\w+)\s*\(", raised.line):
        if hasattr(builtins, name) and name in raised.names and not callable(raised.names[name]):
            kind = type(raised.names[name]).__name__
            text = f"`{name}` is here a value of your own (of type {kind}), not Python's `{name}`. Name it otherwise"
            is_local = raised.in_function and name in raised.frame.f_locals
            return f"{text}." if is_local else f"{text}, and to have Python's:  del {name}"
    return None


@hint("AttributeError", "TypeError")
def _not_awaited(raised: Raised) -> str | None:
    if "'coroutine'" not in raised.message:
        return None
    return "An async function was called and not awaited: write `await` before the call."


@hint("AttributeError")
def _taken_client(raised: Raised) -> str | None:
    """A notebook's own `client` in the place of the one that every notebook has."""
    space = raised.frame.f_globals if raised.frame is not None else {}
    if "get_ipython" not in space or "client" not in space:
        return None
    value = space["client"]
    is_notebooks = raised.obj is value and not hasattr(value, "history")
    if not is_notebooks or str(raised.name) not in _CLIENTS or not re.search(r"\bclient\s*\.", raised.line):
        return None
    kind = "None" if value is None else f"of type {type(value).__name__}"
    return f"`client` is the notebook's own here ({kind}). To have nbmicro's again, in two lines:  {CLIENT_BACK}"


@hint("AttributeError", "TypeError")
def _hidden_name(raised: Raised) -> str | None:
    """A value of the path, or an argument, that stands in the place of a name that every handler has."""
    if raised.frame is None or not raised.in_function:
        return None
    for name in sorted(raised.words & HANDLER_NAMES.keys() & set(raised.frame.f_locals)):
        value = raised.frame.f_locals[name]
        if value is not HANDLER_NAMES[name] and not _is_flasks(name, value):
            kind = type(value).__name__
            return f"`{name}` is here a value of the handler's own (of type {kind}), not nbmicro's. Name it otherwise."
    return None


@hint("LookupError")
def _no_error_status(raised: Raised) -> str | None:
    """`abort("404")`, `abort(200)`."""
    status = re.fullmatch(r"no exception for (['\"]?)(.*)\1", raised.message)
    if status is None:
        return None
    if status[1] and re.fullmatch(r"[45]\d\d", status[2]):
        return f"A status is a number, without quotes:  abort({status[2]})"
    return (
        "It takes the number of an error, such as  abort(404)\n"
        'Any other status goes with the return value:  return "…", 202'
    )


@hint("ValueError")
def _number(raised: Raised) -> str | None:
    """A number that is read from the request's text."""
    read = re.search(r"request\.(args|form)", raised.line)
    if read is None:
        return None
    for beginning, kind in (("invalid literal for int()", "int"), ("could not convert string to float", "float")):
        if raised.message.startswith(beginning):
            return f"Let a text that is no number be None:  request.{read[1]}.get(…, type={kind})"
    return None


@hint("StdinNotImplementedError", "EOFError")
def _keyboard(raised: Raised) -> str | None:
    if not re.search(r"\b(?:input|getpass)\(", raised.line):
        return None
    return f"A handler cannot ask at the keyboard: its reader is a browser. {FROM_REQUEST}"


@hint("AttributeError")
def _misspelt_attribute(raised: Raised) -> str | None:
    """`app.rout("/x")`: after all that know more."""
    if raised.obj is None or not isinstance(raised.name, str):
        return None
    near = did_you_mean(raised.name, [known for known in dir(raised.obj) if not known.startswith("_")], 0.75)
    return f"Did you mean `.{near}`?" if near else None


# -- templates ---------------------------------------------------------------------------------------------------------


@hint("UndefinedError")
def _undefined_in_template(raised: Raised) -> str | None:
    attribute = re.fullmatch(r"'[^']*' has no attribute '(\w+)'", raised.message)
    if attribute is not None:
        name = attribute[1]
        return f"What the template was given has no `{name}`. Give it one, or ask before:  {{% if ….{name} %}}"
    undefined = re.fullmatch(r"'(\w+)' is undefined", raised.message)
    if undefined is None:
        return None
    near = did_you_mean(undefined[1], _given_to_template(raised), 0.7)
    meant = f" but `{near}`: did you mean that?" if near else "."
    line = f"render_template(…, {undefined[1]}=…)"
    return f"The template was given no `{undefined[1]}`{meant} Give it one where it is rendered:  {line}"


def _given_to_template(raised: Raised) -> list[str]:
    """The names that a template was rendered with, apart from those that every template has."""
    for frame in raised.frames:
        if "__jinja_exception__" in frame.f_globals:
            # Jinja shows a template's names as the locals of a frame that it makes for the traceback.
            return [name for name in frame.f_locals if name not in HANDLER_NAMES and name not in _EVERY_TEMPLATES]
    return []


@hint("TemplateSyntaxError")
def _unknown_tag(raised: Raised) -> str | None:
    """`{% blockk title %}`, and `{% name %}` for a value."""
    tag = re.match(r"Encountered unknown tag '(\w+)'", raised.message)
    if tag is None:
        return None
    near = did_you_mean(tag[1], _TAGS, 0.7)
    return f"Did you mean  {{% {near} %}}" if near else f"If it is a value, two braces show it:  {{{{ {tag[1]} }}}}"


@hint("TemplateNotFound")
def _missing_template(raised: Raised) -> str | None:
    return f"Make one in a cell that begins with  %%template {raised.name}" if isinstance(raised.name, str) else None


# -- Flask beside nbmicro ----------------------------------------------------------------------------------------------


def _is_flasks(name: str, value: Any) -> bool:
    flask = sys.modules.get("flask")
    return flask is not None and value is getattr(flask, name, None) and value is not HANDLER_NAMES.get(name)


@hint("RuntimeError")
def _flasks_extension(raised: Raised) -> str | None:
    """An extension that imported Flask itself asks it for a request that nbmicro answers."""
    if not raised.message.startswith("Working outside of") or not flask_itself():
        return None
    asking = None
    for frame in raised.frames:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in {"werkzeug", "flask"}:
            asking = None if is_users(frame.f_code.co_filename) or package == "nbmicro" else package
    return f"`{asking}` asks Flask itself, and the app is nbmicro's. {FLASKS_PLACE}" if asking else None


@hint("RuntimeError")
def _flasks_name(raised: Raised) -> str | None:
    """Flask's `request` knows nothing of a request that nbmicro answers."""
    if raised.frame is None or not raised.message.startswith("Working outside of"):
        return None
    for word in sorted(raised.words):
        if _is_flasks(word, raised.names.get(word)):
            return f"`{word}` is Flask's here, and the app is nbmicro's. Import that one:  from nbmicro import {word}"
    if "flask" in raised.words and raised.names.get("flask") is sys.modules.get("flask", raised):
        return "This is Flask's, and the app is nbmicro's. Import from there:  import nbmicro as flask"
    return None
