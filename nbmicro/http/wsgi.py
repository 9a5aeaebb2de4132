"""A request as the environ of a WSGI application (PEP 3333), and back."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord
from nbmicro.http.methods import BODY_METHODS

if TYPE_CHECKING:
    pass


_BASE: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
    "HTTP_HOST": "localhost",
    "HTTP_USER_AGENT": "nbmicro",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


# What says where a body ends on a connection; an app is given the length, as by a server that has read the chunks.
_FRAMING = frozenset({"CONTENT_LENGTH", "TRANSFER_ENCODING"})


def make_environ(request: RequestRecord, errors: Any = None) -> dict[str, Any]:
    """The environ of a request as it would come to ``http://localhost/`` from this machine.

    ``errors`` becomes ``wsgi.errors``.
    """
    path, _, query = request.target.partition("?")
    environ = _BASE.copy()
    environ["REQUEST_METHOD"] = request.method
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
    environ["QUERY_STRING"] = query
    environ["REQUEST_URI"] = request.target
    environ["wsgi.input"] = BytesIO(request.body)
    environ["wsgi.errors"] = sys.stderr if errors is None else errors
    if request.body:
        environ["CONTENT_LENGTH"] = str(len(request.body))
    elif request.method in BODY_METHODS:
        environ["CONTENT_LENGTH"] = "0"
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        if key in _FRAMING:
            continue
        if key != "CONTENT_TYPE":
            key = "HTTP_" + key
        text = _wire(value)
        # Of a header that comes several times WSGI has one value; Host cannot come twice.
        if key in environ and key not in _BASE:
            text = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ', '}{text}"
        environ[key] = text
    return environ


def _wire(value: str) -> str:
    """A header's value as WSGI wants it: bytes as Latin-1; what Latin-1 lacks travels as UTF-8."""
    if value.isascii():
        return value
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode().decode("latin-1")
    return value


def request_of(environ: Mapping[str, Any], body: bytes) -> RequestRecord:
    """The request that an environ was made of, with the ``body`` that was read of it."""
    path = quote(environ.get("PATH_INFO", "/").encode("latin-1"), safe="/:@!$&'()*+,;=~")
    query = environ.get("QUERY_STRING", "")
    headers = [
        ("-".join(part.capitalize() for part in key.removeprefix("HTTP_").split("_")), str(value))
        for key, value in environ.items()
        if key.startswith("HTTP_") or (key == "CONTENT_TYPE" and value)
    ]
    target = (path or "/") + (f"?{query}" if query else "")
    return RequestRecord(environ.get("REQUEST_METHOD", "GET"), target, HeaderFields(headers), body)
