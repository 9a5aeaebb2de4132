"""Flask itself imported beside nbmicro: what cannot work says why, and names the call that mends it."""

from __future__ import annotations

import importlib

import pytest

from nbmicro import App
from nbmicro.client.client import Client

pytestmark = pytest.mark.usefixtures("free_place")


def test_an_extension_that_imported_flask_itself_names_the_cure() -> None:
    extension = importlib.import_module("flask_login")
    app = App("shop", static_folder=None)
    extension.LoginManager(app)
    app.add_url_rule("/", "index", lambda: "x")
    error = Client(app).get("/").error
    assert error is not None
    assert error.message == "Working outside of request context."
    assert error.hint == (
        "`flask_login` asks Flask itself, and the app is nbmicro's. Restart the kernel, and let its first cell put"
        " nbmicro in Flask's place:  import nbmicro; nbmicro.install_as_flask()"
    )


def test_an_app_takes_no_blueprint_of_flask_itself() -> None:
    flask = importlib.import_module("flask")
    app = App("shop", static_folder=None)
    with pytest.raises(TypeError, match=r"'shop' is Flask's own.*install_as_flask\(\)"):
        app.register_blueprint(flask.Blueprint("shop", "shop"))
    with pytest.raises(TypeError, match=r"takes a Blueprint, and was given one of type builtins\.int"):
        app.register_blueprint(4)  # type: ignore[arg-type]
    assert not app.blueprints
