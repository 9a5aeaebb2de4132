"""The request object: what it knows of the app, its limits, and what it explains in debug mode."""

from __future__ import annotations

import io
from typing import Any

import pytest

from nbmicro import App, Blueprint, Request, Response, request
from nbmicro.web.handler_errors import DebugFilesKeyError, FormDataRoutingRedirect


@pytest.fixture
def app() -> App:
    return App("shop")


def test_it_knows_its_rule_and_blueprints(app: App) -> None:
    """endpoint, url_rule, view_args, blueprint and blueprints tell where the request went."""
    outer, inner = Blueprint("outer", "shop"), Blueprint("inner", "shop")

    @inner.get("/<int:x>", endpoint="page")
    def page(x: int) -> dict[str, Any]:
        return {
            "endpoint": request.endpoint,
            "rule": str(request.url_rule),
            "args": request.view_args,
            "blueprint": request.blueprint,
            "blueprints": request.blueprints,
        }

    outer.register_blueprint(inner, url_prefix="/in")
    app.register_blueprint(outer, url_prefix="/out")
    assert app.test_client().get("/out/in/3").json == {
        "endpoint": "outer.inner.page",
        "rule": "/out/in/<int:x>",
        "args": {"x": 3},
        "blueprint": "outer.inner",
        "blueprints": ["outer.inner", "outer"],
    }


def test_without_a_rule_it_knows_why(app: App) -> None:
    """On a 404 and a 405 there are no view_args, no endpoint, and a routing_exception."""
    app.add_url_rule("/post", "post", lambda: "", methods=["POST"])

    @app.errorhandler(404)
    @app.errorhandler(405)
    def why(error: Any) -> Any:
        failure: Any = request.routing_exception
        return {"same": failure is error, "args": request.view_args, "bp": request.blueprints, "e": request.endpoint}

    for path in ("/nowhere", "/post"):
        assert app.test_client().get(path).json == {"same": True, "args": None, "bp": [], "e": None}


def test_a_large_body_is_a_413(app: App) -> None:
    """MAX_CONTENT_LENGTH bounds what may be read; a request may have its own limit."""

    @app.post("/<int:limit>")
    def read(limit: int) -> str:
        if limit:
            request.max_content_length = limit
        return str(len(request.get_data()))

    client = app.test_client()
    assert client.post("/0", data=b"x" * 20).text == "20"
    app.config["MAX_CONTENT_LENGTH"] = 10
    assert client.post("/0", data=b"x" * 20).status_code == 413
    assert client.post("/30", data=b"x" * 20).text == "20"
    assert client.post("/5", data=b"x" * 6).status_code == 413


def test_large_forms_are_a_413(app: App) -> None:
    """MAX_FORM_MEMORY_SIZE bounds a field of a multipart form, MAX_FORM_PARTS their number."""
    app.add_url_rule("/", "form", lambda: str(len(request.form)), methods=["POST"])
    client = app.test_client()
    many: dict[str, Any] = {f"f{n}": "x" for n in range(5)}
    assert client.post("/", data=many, content_type="multipart/form-data").text == "5"
    app.config["MAX_FORM_PARTS"] = 4
    assert client.post("/", data=many, content_type="multipart/form-data").status_code == 413
    app.config.update(MAX_FORM_PARTS=1000, MAX_FORM_MEMORY_SIZE=10)
    assert client.post("/", data={"f": "x" * 11}, content_type="multipart/form-data").status_code == 413
    assert client.post("/", data={"f": "x" * 11}).status_code == 200  # read whole, so MAX_CONTENT_LENGTH is its limit


def test_the_limits_are_flasks_by_default(app: App) -> None:
    """No limit on the body, 500,000 bytes of a field, 1,000 fields; Werkzeug's outside an app; settable."""
    with app.test_request_context():
        assert request.max_content_length is None
        assert request.max_form_memory_size == 500_000
        assert request.max_form_parts == 1000
        request.max_form_parts = 3
        assert request.max_form_parts == 3
    alone = Request({"REQUEST_METHOD": "GET"})
    assert (alone.max_content_length, alone.max_form_memory_size, alone.max_form_parts) == (None, 500_000, 1000)


def test_bad_json_is_a_400_that_tells_its_reason_in_debug_mode_only(app: App) -> None:
    """Broken JSON is a 400, another content type a 415, silent=True gives None, force=True reads anyway."""

    @app.post("/")
    def read() -> Any:
        return {"json": request.get_json(silent="silent" in request.args, force="force" in request.args)}

    client = app.test_client()
    broken = client.post("/", data="{x", content_type="application/json")
    assert broken.status_code == 400
    assert "Failed to decode" not in broken.text
    assert client.post("/", data="{}").status_code == 415
    assert client.post("/?silent=1", data="{x", content_type="application/json").json == {"json": None}
    assert client.post("/?force=1", data="[1]").json == {"json": [1]}
    app.debug = True
    assert "Failed to decode" in client.post("/", data="{x", content_type="application/json").text


def test_json_is_read_by_the_apps_provider(app: App) -> None:
    """request.json and response.json use app.json."""

    class Provider(type(app.json)):  # type: ignore[misc]
        def loads(self, s: str | bytes, **kwargs: Any) -> Any:
            return ["mine"]

    app.json = Provider(app)
    app.add_url_rule("/", "echo", lambda: str(request.json), methods=["POST"])
    response = app.test_client().post("/", json=1)
    assert response.text == "['mine']"
    with app.app_context():
        assert Response("1", mimetype="application/json").json == ["mine"]


def test_a_form_without_its_files_is_explained_in_debug_mode(app: App) -> None:
    """In debug mode a missing file whose name was sent as a field names the enctype; else it is a 400."""

    @app.post("/")
    def upload() -> str:
        return request.files["photo"].filename or ""

    client = app.test_client()
    assert client.post("/", data={"photo": "cat.png"}).status_code == 400
    app.debug = True
    app.testing = True
    with pytest.raises(DebugFilesKeyError, match="multipart/form-data") as caught:
        client.post("/", data={"photo": "cat.png"})
    assert "'cat.png'" in str(caught.value)
    ok = client.post("/", data={"photo": (io.BytesIO(b"x"), "cat.png")})
    assert ok.text == "cat.png"


def test_a_form_that_a_308_keeps_needs_no_explanation(app: App) -> None:
    """In debug mode only a redirect that drops a form's data is an error; made by hand, that names the URL."""
    app.add_url_rule("/form/", "form", lambda: "", methods=["POST"])
    app.add_url_rule("/old", "old", redirect_to="/form/", methods=["POST"])
    app.debug = True
    response = app.test_client().post("/form", data={"a": "b"})
    assert response.status_code == 308
    with app.test_request_context("/form", method="POST"):
        error = FormDataRoutingRedirect(request)  # type: ignore[arg-type]
    assert "http://localhost/form/" in str(error)


def test_the_error_of_a_lost_form_names_what_the_url_lacks(app: App) -> None:
    """The slash at its end."""
    app.add_url_rule("/form/", "form", lambda: "", methods=["POST"])
    with app.test_request_context("/form", method="POST"):
        error = FormDataRoutingRedirect(request)  # type: ignore[arg-type]
    assert "ends with a slash" in str(error)


def test_a_response_is_html_by_default(app: App) -> None:
    """The default type of a response is text/html; its Location stays as it is."""
    response = Response("hello")
    assert response.mimetype == "text/html"
    response.location = "/there"
    assert response.get_wsgi_headers({"wsgi.url_scheme": "http", "HTTP_HOST": "localhost"})["Location"] == "/there"


def test_a_large_cookie_warns(app: App) -> None:
    """MAX_COOKIE_SIZE is the size from which setting a cookie warns; 0 never does."""
    with app.app_context():
        response = Response()
        assert response.max_cookie_size == 4093
        with pytest.warns(UserWarning, match="too large"):
            response.set_cookie("a", "x" * 5000)
        app.config["MAX_COOKIE_SIZE"] = 0
        response.set_cookie("a", "x" * 5000)
    assert Response().max_cookie_size == 4093


def test_request_and_response_classes_can_be_changed() -> None:
    """request_class and response_class decide what handlers get and give."""

    class Mine(Request):
        @property
        def shout(self) -> str:
            return self.path.upper()

    class Json(Response):
        default_mimetype = "application/json"

    class Shop(App):
        request_class = Mine
        response_class = Json

    app = Shop("shop")
    app.add_url_rule("/a", "a", lambda: request.shout)  # type: ignore[attr-defined]
    response = app.test_client().get("/a")
    assert (response.text, response.mimetype) == ("/A", "application/json")
