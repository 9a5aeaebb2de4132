"""A Flask lesson as the type checker sees it; only mypy reads this folder. A user needs to write no annotation more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_type

from nbmicro import App, Blueprint, Request, Response, current_app, jsonify, request, session, url_for
from nbmicro.errors import NbmicroError

app = App(__name__)
admin = Blueprint("admin", __name__, url_prefix="/admin")


@app.route("/hello/<name>")
def hello(name: str) -> str:
    session["last"] = name
    return f"Hello, {name}! {request.args.get('greeting', 'Welcome.')}"


@app.post("/users")
def users_post() -> tuple[dict[str, int], int, dict[str, str]]:
    return {"id": 1}, 201, {"Location": url_for("hello", name="Ada")}


@app.get("/numbers")
def numbers() -> Iterator[str]:
    yield from ("1\n", "2\n")


@admin.before_request
def only_members() -> Response | None:
    return None if "last" in session else jsonify(error="first say hello")


@app.errorhandler(404)
def not_found(error: Exception) -> tuple[str, int]:
    return str(error), 404


app.register_blueprint(admin)

# The decorators leave a function's own type as it was.
assert_type(hello("Ada"), str)
assert_type(list(numbers()), list[str])


def of_a_request() -> str:
    asked: Request = request
    return f"{asked.method} {asked.path} of {current_app.name}"


def of_an_error(error: NbmicroError) -> str:
    return f"{error.place}: {error.message} {error.hint or ''}"
