"""What to do about an exception: the line to write, from its kind, its message and the user's own frame.

What lives here: pure functions from an exception to one or two sentences, for handlers and for plain cells alike. What
must not: how exceptions are caught or drawn. A library is recognised by its name and not imported.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

from nbmicro.exchange.name_cures import (
    flasks_extension,
    flasks_name,
    hidden_builtin,
    hidden_name,
    source_line,
    taken_client,
    unbound_name,
    undefined_name,
)
from nbmicro.web.names import HANDLER_NAMES
from nbmicro.web.refusals import json_cure

__all__ = ["REQUEST_OPTIONS", "cure_of"]

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
    near = difflib.get_close_matches(found[1], _given_to_template(error), 1, 0.7)
    meant = f" but `{near[0]}`: did you mean that?" if near else "."
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
    near = _ELSEWHERE.get(found[1]) or next(iter(difflib.get_close_matches(found[1], REQUEST_OPTIONS, 1)), None)
    asked = f"Did you mean `{near}=`? " if near else ""
    return f"{asked}A request takes: {', '.join(REQUEST_OPTIONS)}."


def _rule_option(error: BaseException) -> str | None:
    """`@app.route("/d", method="POST")`."""
    found = re.search(r"Rule\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(error))
    if found is None:
        return None
    near = next(iter(difflib.get_close_matches(found[1], RULE_OPTIONS, 1)), None)
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
