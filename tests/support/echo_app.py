"""A WSGI app that answers with what it was asked, for tests of the request language."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.wrappers import Request, Response

from nbmicro.client.client import Client

__all__ = ["echo", "echo_client"]


@Request.application
def echo(request: Request) -> Response:
    """Answer JSON with everything of the request; `/users` creates, `/text` answers text, `/go` redirects."""
    if request.path == "/users" and request.method == "POST":
        user = {"id": 1, **(request.get_json() or {})}
        return Response(json.dumps(user), 201, [("Location", "/users/1")], mimetype="application/json")
    if request.path == "/text":
        answer = Response("Hello, Ada!\n", mimetype="text/plain")
        answer.headers["X-Token"] = "abc"
        answer.set_cookie("theme", "dark")
        return answer
    if request.path == "/go":
        return Response(status=303, headers={"Location": "/there"})
    said: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "query": request.args.to_dict(flat=False),
        "headers": {name.lower(): value for name, value in request.headers},
        "form": request.form.to_dict(flat=False),
        "files": {name: [file.filename, file.mimetype, file.read().decode()] for name, file in request.files.items()},
        "body": "" if request.form or request.files else request.get_data(as_text=True),
    }
    return Response(json.dumps(said), mimetype="application/json")


def echo_client() -> Client:
    """A client of the app."""
    return Client(echo)
