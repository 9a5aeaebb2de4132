"""What Tab offers in a cell, for a cursor that `▮` marks."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from nbmicro import App
from nbmicro.cells.magics import MAGIC_KINDS
from nbmicro.client.client import Client
from nbmicro.exchange.exchange import History
from nbmicro.notebook.completion.cells import complete
from nbmicro.notebook.completion.known import MOST, Completed, Known

HELPS = {
    "http": "%http [METHOD] URL [ITEM…] [-f] [--expect STATUS] [--show PARTS] [--timeout S] [--reset] [--file F]",
    "route": "%%route [METHODS] RULE [--name ENDPOINT] [--try …]",
    "template": "%%template NAME [--try k=v…]",
    "static": "%%static PATH",
    "routes": "%routes [PATH] [--drop RULE]",
    "exchanges": "%exchanges [N]",
    "serve": "%serve [--port N] [--host H] [--allow-host NAME] [--allow-origin ORIGIN] [--stop]",
    "nbmicro": "%nbmicro [doctor]",
    "app": "%app TARGET [-H 'Name: v'] [--reload]",
    "trace": "%trace REQUEST",
    "bench": "%bench REQUEST [-n N]",
    "browse": "%browse [PATH]",
    "explore": "%explore",
}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    folder = tmp_path_factory.mktemp("notebook")
    for name in ("api.http", "photo one.png", "photo.png", "site.py", "static/site.css", "templates/base.html"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    app = App("shop", root_path=str(folder))
    app.add_url_rule("/", "index", lambda: "home")
    app.add_url_rule("/users/<int:id>", "user", lambda id: {"id": id, "who": {"näme": "Ada", "tags": [{"a": 1}]}})
    app.add_url_rule("/users/<int:id>/orders", "orders", lambda id: [])
    app.add_url_rule("/users", "users_post", lambda: ({"id": 1}, 201), methods=["POST"])
    app.add_url_rule("/kind/<any(red, blue):kind>", "kind", lambda kind: kind)
    app.add_template("hello.html", "<h1>{{ name }}</h1>")
    history = History()
    client = Client(app, history=history)
    client.get("/users/7")
    client.post("/users", json={})
    names = {"app": app, "user_name": "Ada", "uid": 7, "shop": app}
    return Known(lambda: app, names, history, HELPS, str(folder))


def at(cell: str, known: Known) -> Completed | None:
    cursor = cell.index("▮")
    return complete(cell.replace("▮", ""), cursor, known)


@pytest.mark.parametrize("name", MAGIC_KINDS)
def test_each_magic_of_the_table_is_offered_what_its_line_takes(known: Known, name: str) -> None:
    offered = {"request": "path", "file": "file", "app": "name", "word": "name", "": "option"}
    kind = MAGIC_KINDS[name]
    for sign in {"line": ["%"], "cell": ["%%"], "line_cell": ["%", "%%"]}[kind.form]:
        found = at(f"{sign}{name} ▮", known)
        assert found is not None
        assert found.offers[0].kind == offered.get(kind.takes, kind.takes)


@pytest.mark.parametrize(
    ("cell", "fragment", "offered"),
    [
        ("%http /us▮", "/us", ["/users/7", "/users/1", "/users/1/orders", "/users"]),
        ("%http POST /▮", "/", ["/users"]),
        ("%http DELETE /▮", "/", []),
        ("%http p▮", "p", ["POST", "PUT", "PATCH"]),
        ("r = %http /users/8/▮", "/users/8/", ["/users/8/orders"]),
        ("%http /users/x▮", "/users/x", []),
        ("%http /kind/▮", "/kind/", ["/kind/red"]),
        ("%http /static/▮", "/static/", ["/static/site.css"]),
        ("%http /users/7 --ex▮", "--ex", ["--expect"]),
        ("%http /users/7 --expect 20▮", "20", ["200", "201", "202", "203", "204", "205", "206", "207", "208"]),
        ("%http /users/7 --show headers,b▮", "b", ["body"]),
        ("%http --file ▮", "", ["api.http", "static/", "templates/"]),
        ("%http /users/7 Acc▮", "Acc", ["Accept:", "Accept-Encoding:", "Accept-Language:"]),
        ("%http /users/7 Accept:text/h▮", "text/h", ["text/html"]),
        ("%http POST /users photo@ph▮", "ph", ['"photo one.png"', "photo.png"]),
        ("%http /users/{{ ui▮", "ui", ["uid"]),
        ("%http /users/{{ $gu▮", "$gu", ["$guid"]),
        ("x = 1\n%http /kind▮\ny = 2", "/kind", ["/kind/red"]),
        ("%trace POST /▮", "/", ["/users"]),
        ("%bench /users/7 -▮", "-", ["-n", "--help"]),
        ("%browse /k▮", "/k", ["/kind/red"]),
        ("%%http POST /▮", "/", ["/users"]),
        ("# why\n\n%%http\nPO▮", "PO", ["POST"]),
        ("%%http\nPOST /▮", "/", ["/users"]),
        ("%%http\nPOST /users\nCon▮", "Con", ["Content-Type: "]),
        ("%%http\nPOST /users\nContent-Type: application/j▮", "application/j", ["application/json"]),
        ("%%http\nPOST /users\n\n< ./ph▮", "./ph", ["./photo one.png", "./photo.png"]),
        ('%%http\nPOST /users\n\n{"name": {{ us▮', "us", ["user_name"]),
        ("%%http\nGET /users/7\n\nHTTP 20▮", "20", ["200", "201", "202", "203", "204", "205", "206", "207", "208"]),
        ("%%http\nGET /users/7\n\nHTTP 200\nLoc▮", "Loc", ["Location: "]),
        ("%%http\nGET /users/7\n\nHTTP 200\n[As▮", "As", ["Asserts]"]),
        ("%%http\nGET /users/7\n\nHTTP 200\n[As▮]", "As", ["Asserts"]),
        ("%%http\nGET /users/7\n\nHTTP 200\n[Asserts]\nst▮", "st", ["status"]),
        ('%%http\nGET /users/7\n\nHTTP 200\n[Asserts]\njson["▮', "", ['id"]', 'who"]']),
        ('%%http\nGET /users/7\n\nHTTP 200\n[Asserts]\njson["▮"]', "", ["id", "who"]),
        ('%%http\nGET /users/7\n\nHTTP 200\n[Asserts]\njson["who"]["n▮', "n", ['näme"]']),
        ('%%http\nGET /users/7\n\nHTTP 200\n[Asserts]\njson["who"]["tags"][0]["▮', "", ['a"]']),
        ('%%http\nGET /users/7\n\nHTTP 200\n[Asserts]\nheaders["Content-T▮', "Content-T", ['Content-Type"]']),
        ("%%http\n# @na▮", "na", ["name"]),
        ("%%http\n# @show he▮", "he", ["headers"]),
        ("%%http\nGET /users/7\n[Options]\nmax▮", "max", ["max-time: 5"]),
        (
            "%%http\n# @name create\nPOST /users\n\nHTTP 201\n[Captures]\nfresh: json['id']\n###\nGET /users/{{ f▮",
            "f",
            ["fresh"],
        ),
        ("%%route pos▮", "pos", ["POST"]),
        ("%%route GET,PO▮", "PO", ["POST"]),
        ("%%route /x/<in▮", "in", ["int:"]),
        ("%%route POST /us▮", "/us", ["/users/<int:id>", "/users/<int:id>/orders", "/users"]),
        ("%%route /x --▮", "--", ["--name", "--try", "--help"]),
        ("%%route /new/<int:n> --try /n▮", "/n", ["/new/1"]),
        ("%%route /x\n# über\nredirect(url_for('us▮", "us", ["user'", "users_post'"]),
        ('%%route /x\nurl_for("user▮")', "user", ["user", "users_post"]),
        ("url_for('user', ▮", "", ["id=", "_external=", "_anchor=", "_method=", "_scheme="]),
        ("render_template('▮", "", ["base.html'", "hello.html'"]),
        ("%%template h▮", "h", ["hello.html"]),
        ("%%template x.html\n{% extends 'b▮", "b", ["base.html'"]),
        ("%%template x.html\n{% inc▮", "inc", ["include"]),
        ("%%template x.html\n<a href=\"{{ url_for('ind▮", "ind", ["index'"]),
        ("%%template x.html\n{{ name | upp▮", "upp", ["upper"]),
        ("%%template x.html\n{{ url▮", "url", ["url_for"]),
        ("%%static s▮", "s", ["site.css"]),
        ("%routes /k▮", "/k", ["/kind/red"]),
        ("%routes --drop /k▮", "/k", ["/kind/<any(red, blue):kind>"]),
        ("%serve --p▮", "--p", ["--port"]),
        ("%exchanges --▮", "--", ["--help"]),
        ("%nbmicro ▮", "", ["doctor"]),
        ("%app ▮", "", ["app", "shop", "site:"]),
        ("%app --▮", "--", ["--reload", "--help"]),
    ],
)
def test_what_fits_is_offered(known: Known, cell: str, fragment: str, offered: list[str]) -> None:
    found = at(cell, known)
    assert found is not None
    kept = fragment.removesuffix(found.fragment)
    assert [kept + one.text for one in found.offers] == offered
    assert cell.partition("▮")[0].endswith(fragment)
    assert (kept == "") or (kept.endswith("/") and "/" not in found.fragment)


@pytest.mark.parametrize(
    "cell",
    [
        "x = use▮",
        "%htt▮",
        "%%http▮",
        "%time x▮",
        "%%bash\nurl▮",
        "%%route /x\nrequest.ar▮",
        "%http /users/{{ user_name.up▮",
        "%%static a.css\nbody {▮",
        "100 %app▮",
    ],
)
def test_where_nothing_is_ours_others_may_speak(known: Known, cell: str) -> None:
    assert at(cell, known) is None


def test_what_is_offered_replaces_what_stands_before_the_cursor(known: Known) -> None:
    """However the text is cut: the fragment is its end, no exception gets out."""
    pieces = [
        "%http ",
        "%%http\n",
        "%%route ",
        "%%template x\n",
        "/users/",
        "{{ ",
        "}}",
        "json[",
        '"',
        "'",
        "HTTP 200\n",
    ]
    pieces += [
        "[Asserts]\n",
        "\n\n",
        "ünï\N{SNAKE}",
        "<int:",
        "url_for(",
        "--show ",
        "a@",
        "~/",
        "{% ",
        "###\n",
        "# @",
        " ",
        ":",
    ]
    chance = random.Random(4)
    for _ in range(3000):
        cell = "".join(chance.choices(pieces, k=chance.randint(1, 9)))
        cursor = chance.randint(0, len(cell))
        found = complete(cell, cursor, known)
        assert found is None or cell[:cursor].endswith(found.fragment), (cell, cursor)


def test_without_an_app_tab_still_answers() -> None:
    def no_app() -> None:
        raise LookupError("no app")

    known = Known(no_app, {}, (), HELPS)
    for cell in ("%http /▮", "url_for('▮", "render_template('▮", "%%static ▮", "%%template x\n{{ x|▮"):
        assert at(cell, known) == Completed("", ())


def test_an_app_of_another_kind_is_asked_for_its_rules(known: Known) -> None:
    flask = pytest.importorskip("flask")
    app = flask.Flask("other", root_path=known.folder)
    app.add_url_rule("/things/<int:n>", "thing", lambda n: "x")
    found = at("%http /th▮", Known(lambda: app, {}, (), HELPS))
    assert found is not None
    assert [one.text for one in found.offers] == ["things/1"]


def test_of_ten_thousand_routes_no_more_are_offered_than_anyone_reads() -> None:
    app = App("many", root_path=str(Path.cwd()))
    for number in range(10_000):
        app.add_url_rule(f"/r{number}/<int:id>", f"r{number}", lambda id: "")
    known = Known(lambda: app, {}, (), HELPS)
    for cell in ("%http /▮", "url_for('▮", "%%route /▮", "%routes --drop /▮"):
        found = at(cell, known)
        assert found is not None
        assert len(found.offers) == MOST
    last = at("%http /r9999▮", known)
    assert last is not None
    assert [one.text for one in last.offers] == ["r9999/1"]
