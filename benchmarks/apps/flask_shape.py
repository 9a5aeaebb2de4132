"""The apps in Flask's shape: one source for Flask and for nbmicro, the module is the only difference."""

from __future__ import annotations

from typing import Any

from benchmarks.apps import HOOK_HEADER, ROWS, TEMPLATES

__all__ = ["make"]


def make(flask: Any) -> dict[str, Any]:
    """The apps by case, made with the module ``flask``."""
    request, session = flask.request, flask.session

    def new() -> Any:
        app = flask.Flask("benchmark", root_path=str(TEMPLATES.parent))

        @app.route("/hello/<name>")
        def hello(name: str) -> str:
            return f"Hello, {name}!"

        return app

    plain, hooked, remembering = new(), new(), new()

    @plain.route("/json")
    def json() -> dict[str, Any]:
        return {"name": "Ada", "numbers": [1, 2, 3]}

    @plain.route("/args")
    def args() -> str:
        value: str = request.args.get("x", "")
        return value

    @plain.route("/post", methods=["POST"])
    def post() -> dict[str, Any]:
        return {"name": request.get_json()["name"]}

    @plain.route("/rows")
    def rows() -> str:
        text: str = flask.render_template("rows.html", title="Rows", rows=ROWS)
        return text

    @hooked.after_request
    def after(response: Any) -> Any:
        response.headers[HOOK_HEADER[0]] = HOOK_HEADER[1]
        return response

    remembering.secret_key = "a key for the benchmark"

    @remembering.route("/visits")
    def visits() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return "counted"

    return {
        "hello": plain,
        "json": plain,
        "args": plain,
        "hook": hooked,
        "session": remembering,
        "post": plain,
        "missing": plain,
        "rows": plain,
    }
