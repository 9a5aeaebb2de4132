"""A corpus of requests for a notebook, and what of their answers must be the same wherever they were sent."""

from __future__ import annotations

import base64
import http.client
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from nbmicro.testing.kernel import RealKernel

__all__ = ["Answer", "Request", "derived", "send", "sent_by_cells"]

#: Seconds for one answer: the first one may wait until a worker has loaded the notebook.
ANSWER_SECONDS = 60.0
SAFE = ("GET", "HEAD", "OPTIONS")

#: What the server in front of an app says of itself, of the connection, and of how it frames the body. That the body
#: has the length that was announced is seen when it is read.
OF_THE_SERVER = {"date", "server", "via", "connection", "keep-alive", "transfer-encoding"}
#: The ETag of a file on disk: its time, its size, and a sum over its path, which is another in each copy of a folder.
_FILE_ETAG = re.compile(r'"(\d+\.\d+-\d+)-\d+"')
#: A token against forged forms is drawn by lot where the visitor has none, and signed with the time.
_FORM_TOKEN = re.compile(rb'(?<= value=")([\w.-]{40,})(?=")')
_EXPIRES = re.compile(r"(?<=expires=)[^;]+", re.IGNORECASE)

#: Stands for the ETag with which the same life has answered the same target before.
OWN_ETAG = "{own ETag}"
#: Values for the parameters of rules, percent-encoded as they travel.
SAMPLES = {
    "UnicodeConverter": ("Ada", "J%C3%BCrgen%20M", "50%25", "%FF"),
    "IntegerConverter": ("1", "7", "x"),
    "PathConverter": ("2025/lake.jpg", "a%2Fb"),
}
NOWHERE = ("/no/such/page", "/%FF", "/%C3%A9t%C3%A9?q=%zz&w=a+b", "/static/%2e%2e/letter.txt", "/static/")
#: What is asked of a file besides the file.
CONDITIONS = (
    ("If-None-Match", OWN_ETAG),
    ("If-None-Match", '"another"'),
    ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
    ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Range", "bytes=0-9"),
    ("Range", "bytes=1000000-"),
)
_TELL = """\
import base64, json
print(json.dumps({
    "sent": [
        [one.request.method, one.request.target, list(one.request.headers), base64.b64encode(one.request.body).decode()]
        for each in client.history for one in (*each.history, each)
    ],
    "rules": [
        [rule.rule, [[name, type(one).__name__, one.regex] for name, one in rule._converters.items()]]
        for rule in app.url_map.iter_rules()
    ],
}))
"""


@dataclass(frozen=True)
class Request:
    """A request as it goes out.

    Parameters
    ----------
    method, target:
        Its first line.
    headers:
        Names and values, but for those that each request gets: ``Host``, ``User-Agent``, ``Content-Length``.
    body:
        Its bytes.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __str__(self) -> str:
        return " ".join([self.method, self.target, *(f"{name}:{value}"[:60] for name, value in self.headers)])


@dataclass(frozen=True)
class Answer:
    """What came back, without what may differ: the status, the headers in order of their names, the body."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def sent_by_cells(kernel: RealKernel) -> tuple[list[Request], list[Any]]:
    """The requests in the history of a kernel, and the rules of its app."""
    told = json.loads(kernel.check(_TELL).stdout)
    requests = [
        Request(method, target, tuple((name, value) for name, value in headers), base64.b64decode(body))
        for method, target, headers, body in told["sent"]
    ]
    return requests, told["rules"]


def derived(sent: Iterable[Request], rules: Iterable[Any], files: Iterable[str]) -> list[Request]:
    """What can be asked without changing anything: each target that the cells asked for, each rule and pages that are
    not there, with the safe methods and one that no route has; files with conditions."""
    targets = dict.fromkeys(one.target for one in sent)
    for rule, converters in rules:
        targets |= dict.fromkeys(_samples(rule, converters))
    found = [Request(method, target) for target in (*targets, *NOWHERE) for method in (*SAFE, "PROPFIND")]
    for file in files:
        target = f"/static/{file}"
        found += [Request("GET", target), Request("HEAD", target)]
        found += [Request("GET", target, (condition,)) for condition in CONDITIONS]
    return found


def _samples(rule: str, converters: Iterable[tuple[str, str, str]]) -> list[str]:
    """Paths that a rule matches, and some that its converters refuse."""
    paths = [rule]
    for name, kind, regex in converters:
        values = SAMPLES[kind] if kind != "AnyConverter" else (re.split(r"\W+", regex)[1], "none-of-them")
        parameter = re.compile(rf"<(?:[^<>]*:)?{name}>")
        paths = [
            path[: found.start()] + value + path[found.end() :]
            for path in paths
            for value in values
            if (found := parameter.search(path))
        ]
    return paths


def send(port: int, requests: Iterable[Request]) -> list[Answer]:
    """Send requests one after the other, each on a connection of its own; their answers.

    Raises OSError or HTTPException with a note of the request that was not answered.
    """
    etags: dict[str, str] = {}
    answers = []
    for request in requests:
        own = etags.get(request.target, '"none yet"')
        headers = tuple((name, own if value == OWN_ETAG else value) for name, value in request.headers)
        try:
            response, body = _exchange(port, replace(request, headers=headers))
        except (OSError, http.client.HTTPException) as error:
            error.add_note(f"It was to answer: {request}")
            raise
        if "ETag" in response.headers:
            etags[request.target] = response.headers["ETag"]
        answers.append(_essence(request, response, body))
    return answers


def _exchange(port: int, request: Request) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        given = {name.lower() for name, _ in request.headers}
        # As the client in a notebook says it.
        always = [one for one in (("Host", "localhost"), ("User-Agent", "nbmicro")) if one[0].lower() not in given]
        for name, value in (*always, *request.headers):
            connection.putheader(name, value.encode())
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(request.body)))
        connection.putheader("Connection", "close")
        connection.endheaders(request.body or None)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def _essence(request: Request, response: http.client.HTTPResponse, body: bytes) -> Answer:
    known = set(_tokens_of_visitor(request))
    headers = []
    for name, value in response.getheaders():
        match name.lower():
            case kind if kind in OF_THE_SERVER:
                continue
            case "etag":
                headers.append(("etag", _FILE_ETAG.sub(r'"\1-…"', value)))
            case "set-cookie":
                headers.append(("set-cookie", _cookie(value, known)))
            case kind:
                headers.append((kind, value))
    body = _FORM_TOKEN.sub(lambda found: _readable(found[0].decode(), known).encode(), body)
    return Answer(f"{response.status} {response.reason}", tuple(sorted(headers)), body)


def _tokens_of_visitor(request: Request) -> Iterator[str]:
    """The form tokens that a visitor has already: they are no lot any more."""
    for name, value in request.headers:
        if name.lower() == "cookie":
            for pair in value.split("; "):
                session = _unsigned(pair.partition("=")[2])
                if isinstance(session, dict) and "csrf_token" in session:
                    yield session["csrf_token"]


def _cookie(line: str, known: set[str]) -> str:
    """A Set-Cookie line with its value readable, without the time at which it was signed."""
    pair, semicolon, attributes = line.partition(";")
    name, _, value = pair.partition("=")
    return f"{name}={_readable(value, known)}{semicolon}{_EXPIRES.sub('…', attributes)}"


def _readable(value: str, known: set[str]) -> str:
    """What a signed value says, without the time; a token drawn by lot only as such."""
    said = _unsigned(value)
    if isinstance(said, dict):
        said = {name: _lot(one, known) if name == "csrf_token" else one for name, one in said.items()}
    elif isinstance(said, str):
        said = _lot(said, known)
    # Django's tokens have 32 letters, and 64 once they are masked.
    return f"signed {json.dumps(said)}" if said is not None else re.sub(r"\A(\w{32}|\w{64})\Z", "a new token", value)


def _lot(token: str, known: set[str]) -> str:
    return token if token in known else "a new token"


def _unsigned(value: str) -> Any:
    """What itsdangerous has signed with the time; None for anything else. Who is to believe it checks the key."""
    payload, *rest = value.removeprefix(".").split(".")
    if len(rest) != 2:
        return None
    try:
        data = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return json.loads(zlib.decompress(data) if value.startswith(".") else data)
    except (ValueError, zlib.error):
        return None
