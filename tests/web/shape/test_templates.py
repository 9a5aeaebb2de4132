"""Templates in Flask's shape: rendering, where they are found, what names they have, what they escape."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, TemplateNotFound
from markupsafe import Markup

from nbmicro import (
    App,
    Blueprint,
    g,
    get_template_attribute,
    render_template,
    render_template_string,
    request,
    session,
    stream_template,
    stream_template_string,
)
from nbmicro.web.json.provider import DefaultJSONProvider

MakeApp = Callable[..., App]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    for name, source in {
        "hello.html": "Hello, {{ name }}!",
        "layout.html": "<{% block body %}{% endblock %}>",
        "child.html": "{% extends 'layout.html' %}{% block body %}{{ name }}{% endblock %}",
        "macros.html": "{% macro hello(name) %}Hello {{ name }}{% endmacro %}{% set answer = 42 %}",
        "plain.txt": "{{ name }}",
        "nested/deep.html": "deep",
    }.items():
        path = tmp_path / "templates" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    return tmp_path


@pytest.fixture
def site(make_app: MakeApp, folder: Path) -> App:
    return make_app(root_path=str(folder))


# == render: a template by name, list, object or source


def test_a_template_is_rendered_by_its_name(site: App) -> None:
    """Of a list the first that exists; a template object as it is."""
    with site.app_context():
        assert render_template("hello.html", name="Ada") == "Hello, Ada!"
        assert render_template(["missing.html", "hello.html"], name="Bob") == "Hello, Bob!"
        assert render_template(site.jinja_env.get_template("hello.html"), name="Cyd") == "Hello, Cyd!"
        assert render_template("child.html", name="x") == "<x>"
        assert render_template("nested/deep.html") == "deep"
        with pytest.raises(TemplateNotFound):
            render_template("missing.html")
        with pytest.raises(TemplateNotFound):
            render_template(["missing.html", "neither.html"])


def test_a_handler_answers_with_a_template(site: App) -> None:
    """During a request the request's names are there too."""
    site.add_url_rule("/<name>", "hello", lambda name: render_template("hello.html", name=name))
    site.add_url_rule("/string/<name>", "string", lambda name: render_template_string("{{ request.path }}"))
    client = site.test_client()
    assert client.get("/<b>").text == "Hello, &lt;b&gt;!"
    assert client.get("/string/x").text == "/string/x"


def test_a_template_may_be_streamed(site: App) -> None:
    """stream_template and stream_template_string keep the request's context to the last piece."""
    site.add_url_rule("/file", "file", lambda: stream_template("hello.html", name="Ada"))
    site.add_url_rule(
        "/string",
        "string",
        lambda: stream_template_string("{% for i in n %}{{ i }}{{ request.args.a }}{% endfor %}", n=range(3)),
    )
    client = site.test_client()
    response = client.get("/file")
    assert response.is_streamed
    assert response.text == "Hello, Ada!"
    assert client.get("/string?a=-").text == "0-1-2-"
    with site.app_context():
        assert "".join(stream_template("hello.html", name="Bob")) == "Hello, Bob!"


def test_a_macro_can_be_taken_out_of_a_template(site: App) -> None:
    """get_template_attribute gives macros and variables."""
    with site.app_context():
        assert get_template_attribute("macros.html", "hello")("World") == "Hello World"
        assert get_template_attribute("macros.html", "answer") == 42


def test_templates_need_an_app() -> None:
    """RuntimeError without a context."""
    with pytest.raises(RuntimeError, match="application context"):
        render_template("hello.html")
    with pytest.raises(RuntimeError, match="application context"):
        render_template_string("")


# == lookup: where templates are found


def write(folder: Path, **templates: str) -> str:
    (folder / "templates").mkdir(parents=True)
    for name, source in templates.items():
        (folder / "templates" / f"{name}.html").write_text(source)
    return str(folder)


def test_the_apps_folder_comes_before_the_blueprints(make_app: MakeApp, tmp_path: Path) -> None:
    """Then blueprints in the order of registration."""
    app = make_app(root_path=write(tmp_path / "app", a="app"))
    for name, templates in (("one", {"a": "one", "b": "one"}), ("two", {"a": "two", "b": "two", "c": "two"})):
        root = write(tmp_path / name, **templates)
        app.register_blueprint(Blueprint(name, __name__, root_path=root, template_folder="templates"))
    with app.app_context():
        assert [render_template(f"{name}.html") for name in "abc"] == ["app", "one", "two"]


def test_the_template_folder_may_be_another(make_app: MakeApp, tmp_path: Path) -> None:
    """Relative to root_path, or absolute, or none."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.html").write_text("page")
    for value in ("pages", tmp_path / "pages"):
        with make_app(root_path=str(tmp_path), template_folder=value).app_context():
            assert render_template("a.html") == "page"
    none = make_app(root_path=str(tmp_path), template_folder=None)
    assert none.jinja_loader is None


def test_the_loader_can_be_another(make_app: MakeApp) -> None:
    """``jinja_loader`` for an app's own templates, ``create_global_jinja_loader`` for all."""

    class Own(App):
        jinja_loader = DictLoader({"a.html": "own"})

    class Everything(App):
        def create_global_jinja_loader(self) -> Any:
            return DictLoader({"a.html": "everything"})

    for kind, text in ((Own, "own"), (Everything, "everything")):
        with kind("x").app_context():
            assert render_template("a.html") == text


def test_how_a_template_is_found_can_be_explained(site: App, caplog: pytest.LogCaptureFixture) -> None:
    """EXPLAIN_TEMPLATE_LOADING writes it to the app's log."""
    site.config["EXPLAIN_TEMPLATE_LOADING"] = True
    with site.app_context(), caplog.at_level(logging.INFO):
        render_template("hello.html", name="")
        assert "hello.html" in caplog.text
        caplog.clear()
        with pytest.raises(TemplateNotFound):
            render_template("missing.html")
        assert "Locating template 'missing.html':\n    1: trying loader of application" in caplog.text
        assert "-> no match\nError: the template could not be found." in caplog.text


# == context: the names a template has


def test_templates_have_names_of_the_request(make_app: MakeApp) -> None:
    """url_for, get_flashed_messages, config, request, session and g."""
    app = make_app()
    app.secret_key = "key"
    app.config["NAME"] = "shop"

    def index() -> str:
        g.user = "Ada"
        session["n"] = 1
        return render_template_string(
            "{{ request.args.a }} {{ session.n }} {{ g.user }} {{ config.NAME }} {{ url_for('index') }}"
            " {{ get_flashed_messages() }}"
        )

    app.add_url_rule("/", "index", index)
    assert app.test_client().get("/?a=b").text == "b 1 Ada shop / []"


def test_without_a_request_the_other_names_are_there(make_app: MakeApp) -> None:
    """g and config; ``request`` is false."""
    app = make_app()
    app.config["NAME"] = "shop"
    with app.app_context():
        g.user = "Ada"
        assert render_template_string("{{ g.user }} {{ config.NAME }} {{ 'no' if not request }}") == "Ada shop no"


def test_imported_templates_have_the_global_names(site: App, folder: Path) -> None:
    """``url_for`` and ``g`` in a macro that is imported without context."""
    (folder / "templates" / "m.html").write_text(
        "{% macro f() %}{{ g.x }}{{ url_for('static', filename='a') }}{% endmacro %}"
    )
    with site.test_request_context():
        g.x = "g"
        assert render_template_string("{% from 'm.html' import f %}{{ f() }}") == "g/static/a"


def test_processors_give_names_and_explicit_values_beat_them(make_app: MakeApp) -> None:
    """The app's, the blueprint's own, and a blueprint's for the whole app; async ones too."""
    app = make_app()
    bp = Blueprint("b", __name__, url_prefix="/b")
    app.context_processor(lambda: {"a": "app", "b": "app", "e": "processor"})
    bp.context_processor(lambda: {"b": "blueprint"})
    bp.app_context_processor(lambda: {"c": "everywhere"})

    @app.context_processor
    async def later() -> dict[str, str]:
        return {"d": "async"}

    def show() -> str:
        return render_template_string("{{ a }} {{ b }} {{ c }} {{ d }} {{ e }}", e="explicit")

    app.add_url_rule("/", "show", show)
    bp.add_url_rule("/", "show", show)
    app.register_blueprint(bp)
    client = app.test_client()
    assert client.get("/").text == "app app everywhere async explicit"
    assert client.get("/b/").text == "app blueprint everywhere async explicit"


def test_a_context_can_be_completed_by_hand(make_app: MakeApp) -> None:
    """``update_template_context`` adds to a dict what a template would have."""
    app = make_app()
    app.context_processor(lambda: {"a": 1, "b": 1})
    with app.test_request_context():
        names: dict[str, Any] = {"b": 2}
        app.update_template_context(names)
        assert (names["a"], names["b"]) == (1, 2)
        assert names["request"] == request


def test_tojson_writes_as_the_app_does(make_app: MakeApp) -> None:
    """``|tojson`` uses ``app.json.dumps`` and is safe inside HTML."""

    class Provider(DefaultJSONProvider):
        def dumps(self, obj: Any, **kwargs: Any) -> str:
            return super().dumps({"mine": obj}, **kwargs)

    app = make_app()
    app.json = Provider(app)
    with app.app_context():
        assert render_template_string("{{ '</script>'|tojson }}") == '{"mine": "\\u003c/script\\u003e"}'


# == escaping: by the kind of template


@pytest.mark.parametrize(
    ("name", "escaped"),
    [("a.html", 1), ("a.htm", 1), ("a.xml", 1), ("a.xhtml", 1), ("a.svg", 1), ("a.txt", 0), ("a.js", 0), (None, 1)],
)
def test_markup_is_escaped_by_the_name_of_the_template(app: App, name: str | None, escaped: int) -> None:
    """On for HTML, XML, SVG and strings, off for the rest."""
    assert app.select_jinja_autoescape(name) is bool(escaped)


def test_values_are_escaped_unless_they_are_markup(make_app: MakeApp, tmp_path: Path) -> None:
    """In a string and an .html file; not in a .txt file, and where it is turned off."""
    (tmp_path / "templates").mkdir()
    for name in ("a.html", "a.txt"):
        (tmp_path / "templates" / name).write_text("{{ x }}")
    app = make_app(root_path=str(tmp_path))
    with app.app_context():
        assert render_template("a.html", x="<b>") == "&lt;b&gt;"
        assert render_template("a.txt", x="<b>") == "<b>"
        assert render_template_string("{{ x }}{{ y }}{{ x|safe }}", x="<b>", y=Markup("<i>")) == "&lt;b&gt;<i><b>"
        assert render_template_string("{% autoescape false %}{{ x }}{% endautoescape %}", x="<b>") == "<b>"


def test_escaping_can_be_decided_otherwise() -> None:
    """``select_jinja_autoescape`` is an override point."""

    class MyApp(App):
        def select_jinja_autoescape(self, filename: str | None) -> bool:
            return False

    with MyApp("x").app_context():
        assert render_template_string("{{ '<b>' }}") == "<b>"


# == extend: filters, tests, globals and Jinja's own settings


def test_filters_tests_and_globals_can_be_added(make_app: MakeApp) -> None:
    """By decorator with or without a name, or by function, on app and blueprint."""
    app = make_app()
    bp = Blueprint("b", __name__)

    @app.template_filter("rev")
    def reverse(text: str) -> str:
        return text[::-1]

    @app.template_filter()
    def shout(text: str) -> str:
        return text.upper()

    @app.template_test()
    def even_more(number: int) -> bool:
        return number > 9

    @app.template_global("twice")
    def double(number: int) -> int:
        return number * 2

    app.add_template_filter(lambda text: f"({text})", "braces")
    app.add_template_test(lambda number: number == 0, "zero")
    app.add_template_global(lambda: "g", "gee")
    bp.app_template_filter("bp_filter")(lambda text: f"[{text}]")
    bp.app_template_test("bp_test")(lambda value: True)
    bp.app_template_global("bp_global")(lambda: "bp")
    bp.add_app_template_filter(reverse, "bp_reverse")
    bp.add_app_template_test(lambda value: False, "bp_no")
    bp.add_app_template_global(lambda: "more", "bp_more")
    app.register_blueprint(bp)
    with app.app_context():
        source = (
            "{{ 'ab'|rev }} {{ 'ab'|shout }} {{ 'a'|braces }} {{ 10 is even_more }} {{ 0 is zero }} {{ twice(2) }}"
            " {{ gee() }} {{ 'x'|bp_filter }} {{ 1 is bp_test }} {{ bp_global() }} {{ 'xy'|bp_reverse }}"
            " {{ 1 is bp_no }} {{ bp_more() }}"
        )
        assert render_template_string(source) == "ba AB (a) True True 4 g [x] True bp yx False more"
    assert app.jinja_env.filters["rev"] is reverse
    assert app.jinja_env.globals["twice"] is double


def test_the_environment_is_jinjas_own(make_app: MakeApp) -> None:
    """``jinja_env`` is made when first asked for, of ``jinja_options``; it can be changed then."""
    app = make_app()
    app.jinja_options = {"extensions": ["jinja2.ext.do"], "trim_blocks": True}
    app.jinja_env.filters["dot"] = lambda text: f"{text}."
    app.jinja_env.globals["pi"] = 3
    app.jinja_env.globals.update(e=2)
    assert app.jinja_env is app.jinja_env
    with app.app_context():
        assert render_template_string("{% do [] %}\n{{ 'a'|dot }}{{ pi }}{{ e }}") == "a.32"


def test_templates_are_looked_at_again_in_debug_mode(make_app: MakeApp, tmp_path: Path) -> None:
    """``auto_reload`` follows ``debug`` unless TEMPLATES_AUTO_RELOAD says otherwise."""
    app = make_app()
    assert app.jinja_env.auto_reload is False
    app.debug = True
    assert app.jinja_env.auto_reload is True
    said = make_app()
    said.config["TEMPLATES_AUTO_RELOAD"] = False
    said.debug = True
    assert said.jinja_env.auto_reload is False
    asked = make_app()
    asked.config["TEMPLATES_AUTO_RELOAD"] = True
    assert asked.jinja_env.auto_reload is True


def pieces() -> Iterator[str]:
    yield from "abc"


def test_a_streamed_template_may_take_an_iterator(make_app: MakeApp) -> None:
    """Each item is rendered when it is there."""
    app = make_app()
    app.add_url_rule(
        "/", "index", lambda: stream_template_string("{% for x in xs %}{{ x }}{{ g.y }}{% endfor %}", xs=pieces())
    )
    app.before_request(lambda: g.setdefault("y", "-") and None)
    assert app.test_client().get("/").text == "a-b-c-"
