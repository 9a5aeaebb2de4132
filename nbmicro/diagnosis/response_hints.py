"""The next step after a 404, 405, 400 or 415: what came, what would do, the line to write."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, unquote

from werkzeug.exceptions import BadRequestKeyError
from werkzeug.http import parse_options_header

from nbmicro.diagnosis.near_routes import nearest_route
from nbmicro.exchange.records import ExchangeRecord
from nbmicro.foreign.adapter import PAGE_LIMIT
from nbmicro.foreign.known import framework_hint
from nbmicro.http.media_types import FORM, MULTIPART_FORM, is_json
from nbmicro.http.messages import RequestRecord
from nbmicro.http.methods import AUTOMATIC_METHODS, METHODS
from nbmicro.printable import did_you_mean
from nbmicro.web.route_info import RouteInfo, is_answered_by
from nbmicro.web.rules import literal_start

# How the handler read the missing key: request.form["email"], request.args.get …
_READ = re.compile(r"\b(form|args|files|values|cookies|headers)\s*\[")


# What Flask-WTF says of its token, missing or another session's.
_CSRF = re.compile(r"The CSRF (?:session )?tokens? (?:is missing|is invalid|has expired|do not match)")

_Hint = Callable[[ExchangeRecord, Sequence[RouteInfo]], str | None]
#: The hints by the status of the response.
_HINTS: dict[int, _Hint] = {}


def _hint(status: int) -> Callable[[_Hint], _Hint]:
    """The hint for responses of this status; None where it has nothing to say."""

    def register(hint: _Hint) -> _Hint:
        _HINTS[status] = hint
        return hint

    return register


def response_hint(exchange: ExchangeRecord, routes: Sequence[RouteInfo] = ()) -> str | None:
    """What to do about a response that refuses, as one or two sentences; None where there is nothing to say.

    Parameters
    ----------
    exchange:
        Its ``rule`` says whether a route answered, its ``exception`` which key a handler missed.
    routes:
        The table of the app that answered.
    """
    text = framework_hint(exchange) if _is_foreign(routes) else None
    if text is None and exchange.status in _HINTS:
        text = _HINTS[exchange.status](exchange, routes)
    return f"{_subject(exchange)}: {text}" if text else None


def _is_foreign(routes: Sequence[RouteInfo]) -> bool:
    """Whether a table is another framework's, whose pages are declared as that does it."""
    return any(route.written is not None for route in routes)


def _subject(exchange: ExchangeRecord) -> str:
    endpoint = f" → {exchange.endpoint}" if exchange.endpoint and exchange.status in {400, 415} else ""
    return f"{exchange.status} {exchange.request.method} {exchange.request.path}{endpoint}"


@_hint(404)
def _not_found(exchange: ExchangeRecord, routes: Sequence[RouteInfo]) -> str | None:
    rule = exchange.rule
    if exchange.endpoint == "static" and rule and rule.endswith("/<path:filename>") and not _is_foreign(routes):
        name = unquote(exchange.request.path).removeprefix(literal_start(rule))
        if posixpath.normpath(name) != name or name.startswith(("..", "/")):
            return f"`{name}` is no path below the static folder, and no other file is served."
        return f"there is no file of that name. Make one in a cell that begins with  %%static {shlex.quote(name)}"
    # An HTTP error with a line of the user's own is a handler's response, not a path that nobody answers.
    if rule is not None or not routes or (exchange.refusal is not None and exchange.refusal.frames):
        return None
    near = nearest_route(exchange.request.path, routes, exchange.request.method)
    if near is not None and "WEBSOCKET" in near.methods and is_answered_by(exchange.request.path, near.rule):
        return (
            f"{near.shown} is a WebSocket's route, and %http speaks HTTP only. "
            "Try it with the framework's own test client."
        )
    if not any(route.endpoint != "static" for route in routes) and not _is_foreign(routes):
        # After a restart of the kernel, above all.
        return "no route answers it: the app has none yet. Run the cells that declare them."
    method = f"{near.spoken_methods[0]} " if near and near.methods else ""
    slash = ", without a slash at its end" if near and exchange.request.path == f"{near.rule}/" else ""
    nearest = f" Nearest: {method}{near.shown}{slash}." if near else ""
    return f"no route answers it.{nearest} All of them: %routes"


@_hint(405)
def _wrong_method(exchange: ExchangeRecord, routes: Sequence[RouteInfo]) -> str | None:
    allowed = [name.strip() for name in (exchange.headers.get("Allow") or "").split(",") if name.strip()]
    spoken = [name for name in sorted(allowed) if name not in AUTOMATIC_METHODS]
    if not spoken:
        return None
    method = exchange.request.method
    text = f"this route answers {_listed(spoken)} only."
    answering = [route.rule for route in routes if is_answered_by(exchange.request.path, route.rule)]
    rule = min(answering, key=lambda rule: rule.count("<"), default=None)
    if rule is None or _is_foreign(routes):
        return text
    if method not in METHODS:
        meant = did_you_mean(method, METHODS, 0.65)
        if meant:
            return f"{text} Is `{method}` meant to be {meant}?"
        # A %%route line takes no method that nobody registered; a decorator takes any.
        return f'{text} To answer {method} too, in a plain cell:  @app.route("{rule}", methods=["{method}"])'
    sent, form = exchange.request.json, method == "POST" and spoken == ["GET"]
    if form and isinstance(sent, dict) and sent:
        # `%http /search q=tea` is a POST, for `q=tea` is data.
        items = " ".join(f"{key}==…" for key in sent)
        return (
            f"{text} To answer POST too:  %%route GET,POST {rule}\n"
            f"name=value is data, which makes it a POST; for the query write  %http {exchange.request.target} {items}"
        )
    names = list(parse_qs(exchange.request.query, keep_blank_values=True))
    if method == "GET" and names and "POST" in spoken and not _reads_query(routes, rule):
        # The browser's form has no method, and to answer GET as well would leave the handler without its form.
        items = " ".join(f"{name}=…" for name in names)
        return (
            f'{text} A form sends its values by POST where its page says so:  <form method="post">\n'
            f"From here:  %http -f POST {exchange.request.path} {items}"
        )
    purpose = "For a form" if form else f"To answer {method} too"
    return f"{text} {purpose}:  %%route {','.join([*spoken, method])} {rule}"


def _reads_query(routes: Sequence[RouteInfo], rule: str) -> bool:
    """Whether the handler of a rule reads the query and no form."""
    names = {
        name
        for route in routes
        if route.rule == rule and "POST" in route.methods
        for name in getattr(getattr(route.function, "__code__", None), "co_names", ())
    }
    return "args" in names and not names & {"form", "files", "values", "json", "get_json"}


@_hint(401)
def _no_credentials(exchange: ExchangeRecord, routes: Sequence[RouteInfo]) -> str | None:
    """A 401 that says which credentials it wants (RFC 9110, section 11.6.1), and a request that brought none."""
    request = exchange.request
    wanted = (exchange.headers.get("WWW-Authenticate") or "").partition(" ")[0].lower()
    if not wanted and not _is_foreign(routes):
        return None
    line = f"%http {'' if request.method == 'GET' else f'{request.method} '}{request.target}"
    given = "-a user:password" if wanted in {"", "basic", "digest"} else "'Authorization:Bearer …'"
    always = f"-H 'Authorization: {'Basic' if wanted == 'basic' else 'Bearer'} …'"
    carried = (
        "the credentials that it carried were not accepted"
        if request.headers.get("Authorization")
        else ("the request carried no credentials")
    )
    return f"{carried}. With them:  {line} {given}\nWith each request:  %app … {always}"


@_hint(400)
def _missing_key(exchange: ExchangeRecord, routes: Sequence[RouteInfo]) -> str | None:
    error = exchange.exception
    if _CSRF.search(exchange.text[:PAGE_LIMIT]):
        return (
            "a form of Flask-WTF carries the token that its page was given, and this request has none of this session. "
            f"Fill the page's own form:  %browse {exchange.request.path}\nOr while you try, in a cell above:  "
            'app.config["WTF_CSRF_ENABLED"] = False'
        )
    if not isinstance(error, BadRequestKeyError) or not error.args:
        return _broken_json(exchange)
    key = str(error.args[0])
    frames = exchange.refusal.frames if exchange.refusal else ()
    read = _READ.search(frames[-1].source) if frames else None
    place = read[1] if read else "form"
    request = exchange.request
    text = f'the handler read request.{place}["{key}"], but {_carried(request, place)}.'
    if place == "files" and key in _form_names(request):
        return (
            f'{text} A page\'s form sends files with  <form method="post" enctype="multipart/form-data">\n'
            f"From here:  %http -f {request.method} {request.target} {key}@photo.png"
        )
    elsewhere = _elsewhere(request, place, key)
    if elsewhere is not None:
        return f"{text} {elsewhere}"
    if place in {"form", "files"} and request.method == "GET":
        item = f"{key}=…" if place == "form" else f"{key}@photo.png"
        line = f"-f POST {request.target} {item}"
        if _is_foreign(routes):
            return f"{text} A GET has none. If its route answers POST, send  %http {line}"
        return f"{text} A GET has none. {_as_post(exchange, line)}"
    return f"{text} {_key_hint(exchange, place, key)}"


@_hint(415)
def _not_json(exchange: ExchangeRecord, routes: Sequence[RouteInfo]) -> str | None:
    request = exchange.request
    # Werkzeug takes no other types for JSON, whatever their suffix.
    if is_json(request.media_type) and request.media_type.startswith("application/"):
        return None
    if request.method == "GET" and not request.body:
        hint = _as_post(exchange, f"POST {request.target} name=…")
        return f"the handler read request.json, but a GET carries no body. {hint}"
    names = list(parse_qs(request.text)) if request.media_type == FORM else []
    items = " ".join(f"{name}=…" for name in names) or "name=…"
    line = f"%http {request.method} {request.target} {items}"
    return f"the handler read request.json, but {_carried(request, 'json')}. Send JSON:  {line}"


def _broken_json(exchange: ExchangeRecord) -> str | None:
    """A body that says it is JSON, is read by the handler and is none."""
    request, frames = exchange.request, exchange.refusal.frames if exchange.refusal else ()
    if not is_json(request.media_type) or not frames or "json" not in frames[-1].source:
        return None
    try:
        json.loads(request.text)
    except ValueError as error:
        return f"the handler read request.json, but the body is no JSON: {error}."
    return None


def _as_post(exchange: ExchangeRecord, line: str) -> str:
    rule = exchange.rule or exchange.request.path
    return f"Begin its cell with `%%route POST {rule}` and send  %http {line}"


@_hint(500)
def _missing_json_key(exchange: ExchangeRecord, routes: Sequence[RouteInfo]) -> str | None:
    """A KeyError of what the request's JSON has not."""
    error, frames, sent = exchange.exception, exchange.error.frames if exchange.error else (), exchange.request.json
    if not isinstance(error, KeyError) or not error.args or not frames or not isinstance(sent, dict):
        return None
    key = str(error.args[0])
    if key in sent or not re.search(r"json|data|body|payload", frames[-1].source):
        return None
    near = did_you_mean(key, sent)
    meant = f" Is `{near}` the same?" if near else ""
    return f"the request's JSON has no {key!r}; it has: {', '.join(sent) or 'nothing'}.{meant}"


def _elsewhere(request: RequestRecord, place: str, key: str) -> str | None:
    """The part of a request that has the key which another was asked for."""
    if place not in {"args", "form", "files"}:
        return None
    carried = request.json if isinstance(request.json, dict) else {}
    parts = {"args": _names(request, "args"), "form": _form_names(request), "json": carried}
    found = next((part for part, names in parts.items() if part != place and key in names), None)
    if found is None or (found == "json" and place == "form"):
        return None  # a form in JSON's place has its own line
    where = {"args": "The query", "form": "The form", "json": "The JSON"}[found]
    text = f'{where} has it:  request.{found}["{key}"]'
    if place == "form":
        text += f'\nOr send a form:  %http -f POST {request.path} {key}=…\nFrom a page:  <form method="post">'
    return text


def _form_names(request: RequestRecord) -> list[str]:
    """The names of the fields that a request's form has, of either type."""
    if request.media_type == MULTIPART_FORM:
        return re.findall(r'form-data; name="([^"]*)"\r?\n', request.text)
    return _names(request, "form")


def _carried(request: RequestRecord, place: str) -> str:
    names = _names(request, place)
    if place == "args":
        return f"the query has {_listed(names)}" if names else "the URL has no query"
    if place in {"cookies", "headers"}:
        return f"the request carried no such {place.removesuffix('s')}"
    if not request.body:
        return "the request carried no body"
    if request.json is not None:
        keys = ", ".join(map(str, request.json)) if isinstance(request.json, dict) else type(request.json).__name__
        return f"the request carried JSON ({keys})"
    if other := _other_boundary(request):
        return f"no part of the body begins with the boundary of its Content-Type: its parts begin with {other}"
    if request.media_type == MULTIPART_FORM:
        names = re.findall(r'form-data; name="([^"]*)"', request.text)
    if request.media_type in (FORM, MULTIPART_FORM):
        return f"the request carried a form ({', '.join(names)})"
    return f"the request carried {request.media_type or 'a body without a Content-Type'}"


def _key_hint(exchange: ExchangeRecord, place: str, key: str) -> str:
    request = exchange.request
    near = did_you_mean(key, _names(request, place))
    if near:
        return f"Is `{near}` the same?"
    if other := _other_boundary(request):
        return f"Write  Content-Type: multipart/form-data; boundary={other[2:]}"
    method, target = request.method, request.target
    if place == "args":
        return f"Add it:  %http {'' if method == 'GET' else f'{method} '}{target} {key}==…"
    if place == "files":
        return f"Send a file:  %http -f {method} {target} {key}@photo.png"
    if place in {"cookies", "headers"}:
        return f'Ask with request.{place}.get("{key}"), or send it.'
    return f"Send a form:  %http -f {method} {target} {key}={_example(exchange, key)}"


def _other_boundary(request: RequestRecord) -> str | None:
    """The line between the parts of a body where it is not the one that its Content-Type names."""
    if request.media_type != MULTIPART_FORM:
        return None
    named = parse_options_header(request.headers.get("Content-Type"))[1].get("boundary", "")
    first = request.text.lstrip().partition("\n")[0].strip()
    return first if first.startswith("--") and len(first) > 2 and first != f"--{named}" else None


def _names(request: RequestRecord, place: str) -> list[str]:
    """What a request carried: the names in its query, or those in its form."""
    text = request.query if place == "args" else request.text if request.media_type == FORM else ""
    return list(parse_qs(text, keep_blank_values=True))


def _example(exchange: ExchangeRecord, key: str) -> str:
    """The value that the JSON carried for the key, where it is short, plain and no secret."""
    try:
        carried = json.loads(exchange.request.text) if exchange.request.json is not None else None
    except ValueError:
        carried = None
    value = carried.get(key) if isinstance(carried, dict) else None
    plain = isinstance(value, (str, int)) and re.fullmatch(r"[\w@.+-]{1,40}", str(value))
    secret = key.lower() in exchange.secret_names or re.search(r"pass|secret|token|key|pin", key, re.IGNORECASE)
    return str(value) if plain and not secret else "…"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
