"""Flask-Moment: a value in every template."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask, render_template_string
from flask_moment import Moment, moment

WHEN = datetime(2024, 2, 3, 4, 5, 6)


@pytest.fixture
def app():
    app = Flask(__name__)
    Moment(app)

    @app.get("/<path:template>")
    def page(template):
        return render_template_string("{{ " + template + " }}", when=WHEN)

    return app


@pytest.mark.parametrize(
    "template",
    [
        "moment.include_moment()",
        "moment.include_moment(version='2.18.1', local_js='local.js')",
        "moment.include_moment(no_js=True)",
        "moment.lang('es')",
        "moment(when).format('LLLL')",
        "moment(when, local=True).format('L', refresh=True)",
        "moment(when).fromNow(refresh=5)",
        "moment(when).calendar()",
        "moment(when).fromTime(when, no_suffix=True)",
        "moment(when).diff(when, 'days')",
        "moment(when).valueOf()",
        "moment.flask_moment_js()",
    ],
)
def test_in_a_template(app, template):
    assert app.test_client().get(f"/{template}").status_code == 200


def test_the_default_format(app):
    app.config["MOMENT_DEFAULT_FORMAT"] = "YYYY"
    assert "YYYY" in app.test_client().get("/moment.flask_moment_js()").text


def test_the_context_processor(app, note):
    names = [function.__name__ for function in app.template_context_processors[None]]
    note(names)
    with app.app_context():
        assert app.template_context_processors[None][1]() == {"moment": app.extensions["moment"]}


def test_in_an_app_context(app):
    with app.app_context():
        assert "2024-02-03" in render_template_string("{{ moment(when).format('L') }}", when=WHEN)


def test_created_later():
    app = Flask("later")
    extension = Moment()
    extension.init_app(app)
    with app.app_context():
        assert "data-timestamp" in str(moment(WHEN).format("L"))
        assert app.jinja_env.globals.get("moment") is None
