"""Hints for what handlers ask of the request, the session and the functions that every handler has, a little wrong."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections.abc import Mapping
from typing import Any

from nbmicro.diagnosis.raised import Raised, hint
from nbmicro.printable import did_you_mean
from nbmicro.web.rules import parameter_text, parameters

_NAME = '"name"'
_QUERY = 'request.args.get("name")'
_FORM = 'request.form.get("name")'
_BODY = "request.get_data(as_text=True)"
#: What other frameworks call the parts of a request, and what these are here.
ELSEWHERE = {
    "GET": "request.args",
    "POST": "request.form",
    "FILES": "request.files",
    "COOKIES": "request.cookies",
    "META": "request.headers",
    "arg": "request.args",
    "params": "request.args",
    "query": "request.args",
    "query_params": "request.args",
    "body": _BODY,
    "content": _BODY,
    "text": _BODY,
    "payload": "request.json",
    "json_body": "request.json",
    "ip": "request.remote_addr",
    "getlist": 'request.args.getlist("name")',
    "get": f"{_QUERY}   or, of a form,  {_FORM}",
}
_PARTS = "args form values files cookies headers view_args json".split()  # noqa: SIM905
_MAPPING = re.compile(r"'(?:\w*MultiDict|\w*Headers|\w*Session|dict|list|tuple)' object is not callable")
_NUMBERS_AND_TEXT = re.compile(
    r"unsupported operand type\(s\) for \S+: '(?:int|float|str)' and '(?:int|float|str)'"
    r"|can only concatenate str \(not \"(?:int|float)\"\) to str"
    r"|not supported between instances of '(?:int|float|str)' and '(?:int|float|str)'"
    r"|can't multiply sequence by non-int of type '(?:str|float)'"
)
_RENDERERS = re.compile(r"\b((?:render|stream)_template(?:_string)?)\(\) takes 1 positional argument")
_READ = re.compile(r"""\b(request\.(?:args|form|values|cookies))(?:\[|\.get\()\s*(["']\w+["'])\s*[\]),]""")
_COROUTINE = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


# -- attributes ----------------------------------------------------------------------------------------------------


@hint("AttributeError")
def _requests_part(raised: Raised) -> str | None:
    """`request.arg`, `request.POST`."""
    name = str(raised.name or "")
    if "request" not in raised.words or not re.search(r"'Request' object", raised.message):
        return None
    known = ELSEWHERE.get(name)
    if known is None:
        public = [part for part in dir(type(raised.obj)) if not part.startswith("_")]
        near = did_you_mean(name, [*_PARTS, *public], 0.7)
        known = f"request.{near}" if near else None
    asked = re.search(rf"""\brequest\.{name}\(\s*(["']\w+["'])""", raised.line)
    return f"Write  {known.replace(_NAME, asked[1]) if asked else known}" if known else None


@hint("AttributeError")
def _unset_in_g(raised: Raised) -> str | None:
    """`g.user` in a request where nothing set it."""
    name = raised.message
    if not re.search(rf"\bg\.{re.escape(name)}\b", raised.line):
        return None
    return f'`g` is empty when each request begins, and nothing has set `{name}`. Ask with  g.get("{name}")'


# -- calls and brackets --------------------------------------------------------------------------------------------


@hint("TypeError")
def _called_mapping(raised: Raised) -> str | None:
    """`request.args("n")`, `session("user")`, `rows(0)`."""
    if not _MAPPING.search(raised.message):
        return None
    for call in re.finditer(r"((?:\w+\.)*\w+)\(([^()]*)\)", raised.line):
        written, argument = call[1], call[2].strip()
        if hasattr(builtins, written):
            continue  # a value in the place of Python's own
        of_request = re.fullmatch(rf"request\.(?:{'|'.join(_PARTS)})|session|g", written)
        if of_request or isinstance(raised.names.get(written), dict | list | tuple):
            more = f"   or  {written}.get({argument})" if of_request and argument else ""
            return f"It is read with brackets:  {written}[{argument or '…'}]{more}"
    return None


@hint("TypeError")
def _endpoint_as_function(raised: Raised) -> str | None:
    """`url_for(index)`."""
    call = re.search(r"\burl_for\(\s*(\w+)\s*[,)]", raised.line)
    value = raised.names.get(call[1]) if call is not None else None
    if call is None or not callable(value):
        return None
    return f'It takes the name of the endpoint, which is the function\'s, as text:  url_for("{call[1]}")'


@hint("BuildError")
def _endpoint_as_path(raised: Raised) -> str | None:
    """`url_for("/books")`."""
    path = re.match(r"Could not build url for endpoint '(/[^']*)'", raised.message)
    return f"It takes the name of an endpoint, and {path[1]} is a path: write the path as it is." if path else None


@hint("TypeError")
def _subscripted_function(raised: Raised) -> str | None:
    """`request.args.get["n"]`."""
    if not re.search(r"'(?:\w*method\w*|function|type)' object is not subscriptable", raised.message):
        return None
    read = re.search(r"((?:\w+\.)*\w+)\[([^\[\]]*)\]", raised.line)
    return f"A function is called with parentheses:  {read[1]}({read[2]})" if read else None


@hint("TypeError")
def _values_by_name(raised: Raised) -> str | None:
    """`render_template("x.html", name)`, and with a dict, as Django has it."""
    renderer = _RENDERERS.search(raised.message)
    if renderer is None:
        return None
    start = raised.line.find(f"{renderer[1]}(")
    written = _call_in(raised.line[start:]) if start >= 0 else None
    line = _by_name(written) if written is not None else f"{renderer[1]}(…, name=name)"
    return f"What a template shows is given by name:  {line}"


def _call_in(text: str) -> ast.Call | None:
    """The call that a text begins with, whatever stands behind it."""
    for end in (match.end() for match in re.finditer(r"\)", text)):
        try:
            tree = ast.parse(text[:end], mode="eval").body
        except (SyntaxError, ValueError):
            continue
        return tree if isinstance(tree, ast.Call) else None
    return None


def _by_name(call: ast.Call) -> str:
    """The call with its second argument given by name."""
    keywords: list[ast.keyword] = []
    for argument in call.args[1:]:
        match argument:
            case ast.Name(id=name):
                keywords.append(ast.keyword(name, argument))
            case ast.Dict(keys=keys, values=values) if all(_is_name(key) for key in keys):
                pairs = zip(keys, values, strict=True)
                keywords += [ast.keyword(str(getattr(key, "value", "")), value) for key, value in pairs]
            case _:
                keywords.append(ast.keyword(f"name{len(keywords) + 1 if keywords else ''}", argument))
    return ast.unparse(ast.Call(call.func, call.args[:1], [*keywords, *call.keywords]))


def _is_name(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()


# -- text and numbers ----------------------------------------------------------------------------------------------


@hint("TypeError")
def _text_and_number(raised: Raised) -> str | None:
    """A number and a text that came with the request."""
    if raised.frame is None or not _NUMBERS_AND_TEXT.search(raised.message):
        return None
    read = _READ.search(raised.line)
    if read is not None:
        return f"What a request brings is text. Read a number with  {read[1]}.get({read[2]}, type=int)"
    code = raised.frame.f_code
    values = {part.name for part in parameters(code.co_filename)}
    for name in sorted(raised.words & raised.frame.f_locals.keys()):
        value = raised.frame.f_locals[name]
        if isinstance(value, str) and re.fullmatch(r"\s*-?\d+(?:\.\d+)?\s*", value):
            kind = "int" if value.strip().lstrip("-").isdigit() else "float"
            rule = f", or let the rule say it:  {parameter_text(name, kind)}" if name in values else ""
            return f"`{name}` is text. A number of it is  {kind}({name}){rule}"
    if "str" not in raised.message:
        return None
    return 'A text and a number do not go together: write an f-string, as in  f"total: {total}"'


@hint("KeyError")
def _missing_in_mapping(raised: Raised) -> str | None:
    """`session["user"]`, `app.config["X"]`, `os.environ["X"]`, `book["titl"]`."""
    if not raised.error.args or not isinstance(key := raised.error.args[0], str):
        return None
    read = re.search(rf"""((?:\w+\.)*\w+)\[["']{re.escape(key)}["']\]""", raised.line)
    if read is None:
        return None
    written = read[1]
    if written == "session":
        return f"This visitor's session has no {key!r} yet. Ask with  session.get({key!r})"
    if written.endswith(".config"):
        return f"Nothing has set it. Set it in a cell above:  app.config[{key!r}] = …"
    if written == "os.environ":
        return f"The environment has no such variable. Ask with  os.environ.get({key!r})"
    value: Any = raised.names.get(written)
    near = did_you_mean(key, [one for one in value if isinstance(one, str)]) if isinstance(value, Mapping) else None
    return f"Did you mean  {written}[{near!r}]" if near else None


@hint("IndexError")
def _missing_column(raised: Raised) -> str | None:
    """`row["nme"]` of a row of SQLite's."""
    if raised.message != "No item with that key":
        return None
    read = re.search(r"""(\w+)\[["'](\w+)["']\]""", raised.line)
    row: Any = raised.names.get(read[1]) if read is not None else None
    columns = list(row.keys()) if type(row).__name__ == "Row" else []
    if read is None or not columns:
        return None
    near = did_you_mean(read[2], columns)
    meant = f" Did you mean  {read[1]}[{near!r}]" if near else ""
    return f"The row has: {', '.join(columns)}.{meant}"


# -- Django --------------------------------------------------------------------------------------------------------


@hint("SynchronousOnlyOperation")
def _django_in_async(raised: Raised) -> str | None:
    """Django's ORM where an event loop runs: in a cell, whose kernel has one, and in an async view."""
    if raised.frame is not None and raised.in_function and raised.frame.f_code.co_flags & _COROUTINE:
        return (
            "An async view awaits the database:  await Book.objects.aget(id=1), async for book in Book.objects.all(), "
            "or  await sync_to_async(…)()"
        )
    return (
        "A notebook's cells run beside an event loop, and Django asks whether that is meant. In a cell above:  "
        'import os; os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"'
    )
