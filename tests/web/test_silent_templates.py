"""A template that shows nothing where something was meant is noted beside the response, and not in its bytes."""

from __future__ import annotations

import jinja2
import pytest

import nbmicro
from nbmicro.client.client import Client

BASE = "<h1>{% block title %}{% endblock %}</h1>{% block content %}{% endblock %}"


def rendered(source: str, /, **values: object) -> tuple[str, str]:
    """The body of a page, and the notes beside it."""
    app = nbmicro.App("shop")
    app.add_template("base.html", BASE)
    app.add_template("page.html", source)

    @app.get("/")
    def index() -> str:
        return nbmicro.render_template("page.html", **values)

    exchange = Client(app).get("/")
    assert exchange.status == 200
    return exchange.text, "\n".join(exchange.notes)


@pytest.mark.parametrize(
    ("source", "shown", "note"),
    [
        (
            "<p>{{ nmae }}</p>",
            "<p></p>",
            "Line 1 of page.html was given no `nmae`, and shows nothing there.",
        ),
        ("<p>\n{{ other }}</p>", "<p>\n</p>", "Line 2 of page.html was given no `other`"),
        ("{{ nmae | upper }}", "", "given no `nmae`"),
        ("{{ nmae | length }}", "0", "given no `nmae`"),
        ("{% for row in rows %}{{ row }}{% endfor %}", "", "given no `rows`"),
        ("{{ user.nme }}", "", "what it was given has no `nme`, and nothing is shown there. Did you mean `name`?"),
        ("{% include 'part.html' ignore missing %}{{ nmae }}", "", "given no `nmae`"),
        ("{{ nmae ~ '!' }}", "!", "given no `nmae`"),
        # Single braces, and other text with braces.
        ("<p>{name}</p>", "<p>{name}</p>", "The page has `{name}` as text: a template shows a value with two braces:"),
        ("<p>{ name }</p>", "<p>{ name }</p>", "{{ name }}"),
        ("<p>{user.name}</p>", "<p>{user.name}</p>", "{{ user.name }}"),
        ("<p>{other}</p>", "<p>{other}</p>", None),
        ("<script>f({name})</script>", "<script>f({name})</script>", None),
        ("<p>${name}</p>", "<p>${name}</p>", None),
        # Blocks.
        ("{% extends 'base.html' %}{% block contentt %}x{% endblock %}", "<h1></h1>", "Did you mean `content`?"),
        ("{% extends 'base.html' %}{% block menu %}x{% endblock %}", "<h1></h1>", "It has: title, content."),
        (
            "{% extends 'base.html' %}<p>lost</p>",
            "<h1></h1>",
            "`<p>lost</p>` stands outside of the blocks",
        ),
        (
            "{% extends 'base.html' %}{% block content %}{% block inner %}x{% endblock %}{% endblock %}",
            "<h1></h1>x",
            None,
        ),
        # What asks before it shows.
        ("{% if nmae %}x{% endif %}", "", None),
        ("{{ nmae or 'x' }}", "x", None),
        ("{{ nmae | default('x') }}", "x", None),
        ("{{ nmae is defined }}", "False", None),
        ("{{ name }} {{ user.name }}", "Ada Ada", None),
    ],
)
def test_what_a_template_fails_to_show_is_noted(source: str, shown: str, note: str | None) -> None:
    text, notes = rendered(source, name="Ada", user={"name": "Ada"})
    assert text == shown
    assert notes == "" if note is None else note in notes


def test_a_place_is_noted_once_however_often_it_is_rendered() -> None:
    _, notes = rendered("{% for row in rows %}{{ row.nme }}{% endfor %}", rows=[{"name": 1}] * 1000)
    assert notes.count("\n") == 0
    assert "has no `nme`" in notes


def test_streamed_templates_and_those_of_a_source_are_noted_too() -> None:
    app = nbmicro.App("shop")
    app.add_url_rule("/a", "a", lambda: nbmicro.stream_template_string("{{ nmae }}", name=1))
    app.add_url_rule("/b", "b", lambda: nbmicro.render_template_string("{{ nmae }}{ name }", name=1))
    assert "Line 1 of the template was given no `nmae`" in Client(app).get("/a").notes[0]
    first, second = Client(app).get("/b").notes
    assert "was given no `nmae`" in first
    assert "`{ name }`" in second


def test_the_undefined_of_an_app_stays_its_own() -> None:
    """Whoever wants errors has them; a server that nobody watches notes nothing."""
    app = nbmicro.App("shop")
    assert issubclass(app.jinja_env.undefined, jinja2.Undefined)
    strict = nbmicro.App("strict")
    strict.jinja_options = {"undefined": jinja2.StrictUndefined}
    assert strict.jinja_env.undefined is jinja2.StrictUndefined
    with app.test_request_context():
        assert nbmicro.render_template_string("{{ nmae }}") == ""
