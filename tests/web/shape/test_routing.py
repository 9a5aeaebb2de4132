"""Routing, in Flask's shape: which function answers which URL, and the URL of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter, BuildError, Rule, Submount

from nbmicro import App, Blueprint, current_app, request, session, url_for

MakeApp = Callable[..., App]


# == route: a function answers a rule, named as the function and for GET unless said otherwise


def test_a_route_is_named_as_its_function_and_answers_get(app: App) -> None:
    """The endpoint is the function's name, the method GET (with HEAD and OPTIONS)."""

    @app.route("/hello")
    def hello() -> str:
        return "Hello"

    (rule,) = app.url_map.iter_rules("hello")
    assert rule.methods == {"GET", "HEAD", "OPTIONS"}
    assert app.view_functions["hello"] is hello
    client = app.test_client()
    assert client.get("/hello").text == "Hello"
    assert client.post("/hello").status_code == 405


def test_add_url_rule_is_what_route_does(app: App) -> None:
    """A rule may be added without a decorator, its function later."""
    app.add_url_rule("/a", view_func=lambda: "a", endpoint="a")
    app.add_url_rule("/b", "b")
    app.view_functions["b"] = lambda: "b"
    client = app.test_client()
    assert (client.get("/a").text, client.get("/b").text) == ("a", "b")


def test_methods_must_be_a_list(app: App) -> None:
    """A string would be read letter by letter: TypeError."""
    with pytest.raises(TypeError, match="must be a list of strings"):
        app.route("/", methods="GET")(lambda: "")


def test_two_functions_cannot_share_an_endpoint(app: App) -> None:
    """AssertionError that names the endpoint; the same function may have several rules."""

    def index() -> str:
        return "one"

    app.add_url_rule("/", "index", index)
    app.add_url_rule("/index", "index", index)
    with pytest.raises(AssertionError, match="existing endpoint function: index"):
        app.add_url_rule("/other", "index", lambda: "two")
    assert app.test_client().get("/index").text == "one"


def test_options_of_werkzeugs_rules_pass_through(app: App) -> None:
    """defaults, strict_slashes, redirect_to, build_only and alias mean what they mean to Werkzeug."""
    app.add_url_rule("/page", "page", lambda number: str(number), defaults={"number": 1})
    app.add_url_rule("/page/<int:number>", "page")
    app.add_url_rule("/loose/", "loose", lambda: "loose", strict_slashes=False)
    app.add_url_rule("/old/<name>", redirect_to="new/<name>", endpoint="old")
    app.add_url_rule("/elsewhere", "elsewhere", build_only=True)
    app.add_url_rule("/here", "here", lambda: "here")
    app.add_url_rule("/also-here", "here", alias=True)
    client = app.test_client()
    assert client.get("/page").text == "1"
    assert client.get("/page/2").text == "2"
    assert client.get("/loose").text == "loose"
    assert client.get("/old/x").headers["Location"].endswith("/new/x")
    assert client.get("/elsewhere").status_code == 404
    assert client.get("/also-here").location == "http://localhost/here"
    with app.test_request_context():
        assert url_for("elsewhere") == "/elsewhere"
        assert url_for("here") == "/here"
        assert url_for("page", number=1) == "/page"


# == get post put delete patch: a decorator for each method


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch"])
def test_each_method_has_a_decorator(app: App, method: str) -> None:
    """It is route() with that one method."""
    getattr(app, method)("/thing")(lambda: method)
    client = app.test_client()
    assert getattr(client, method)("/thing").text == method
    other = client.put if method != "put" else client.post
    assert other("/thing").status_code == 405


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch"])
def test_a_decorator_of_one_method_takes_no_methods(app: App, method: str) -> None:
    """``methods=`` beside it is a TypeError, on apps and blueprints."""
    for place in (app, Blueprint("b", __name__)):
        with pytest.raises(TypeError, match="methods"):
            getattr(place, method)("/", methods=["POST"])


# == HEAD and OPTIONS: answered by themselves


def test_head_is_answered_from_get_without_its_body(app: App) -> None:
    """Status, type and Content-Length are those of the GET."""
    app.add_url_rule("/", "index", lambda: "twelve bytes")
    app.add_url_rule("/json", "data", lambda: {"a": 1})
    app.add_url_rule("/made", "made", lambda: app.make_response(("made", 201, {"X": "y"})))
    client = app.test_client()
    for path in ("/", "/json", "/made", "/missing"):
        get, head = client.get(path), client.head(path)
        assert head.data == b""
        assert (head.status, head.headers) == (get.status, get.headers)
        assert head.content_length == len(get.data) > 0


def test_options_names_the_methods_of_all_rules_of_the_url(app: App) -> None:
    """``Allow`` has the methods of every rule that fits."""
    app.add_url_rule("/", "index", lambda: "get")
    app.add_url_rule("/", "more", lambda: "post", methods=["POST", "PUT"])
    response = app.test_client().options("/")
    assert response.status_code == 200
    assert response.data == b""
    assert set(response.allow) == {"GET", "HEAD", "OPTIONS", "POST", "PUT"}


def test_a_view_may_say_its_methods(app: App) -> None:
    """``methods``, ``required_methods`` and ``provide_automatic_options`` of the function count."""

    def index() -> str:
        return request.method

    index.methods = ["GET", "POST"]  # type: ignore[attr-defined]
    index.required_methods = ["PUT"]  # type: ignore[attr-defined]
    index.provide_automatic_options = False  # type: ignore[attr-defined]
    app.add_url_rule("/", view_func=index)
    client = app.test_client()
    assert client.post("/").text == "POST"
    assert client.put("/").text == "PUT"
    assert client.options("/").status_code == 405


@pytest.mark.parametrize("spelling", ["OPTIONS", "options"])
def test_options_among_the_methods_is_the_views_own(app: App, spelling: str) -> None:
    """In capitals or not, it turns the automatic answer off."""
    app.add_url_rule("/", "index", lambda: "mine", methods=["get", spelling])
    assert app.test_client().options("/").text == "mine"


def test_the_automatic_answer_can_be_turned_off(app: App) -> None:
    """For a rule, or by PROVIDE_AUTOMATIC_OPTIONS for all that come after."""
    app.add_url_rule("/one", "one", lambda: "", provide_automatic_options=False)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.add_url_rule("/two", "two", lambda: "")
    client = app.test_client()
    assert client.options("/one").status_code == 405
    assert client.options("/two").status_code == 405


# == 405: says what would do


def test_a_wrong_method_is_a_405_that_names_the_right_ones(app: App) -> None:
    """``Allow`` in the answer, ``valid_methods`` for a hook or handler."""
    app.add_url_rule("/", "index", lambda: "", methods=["GET", "POST"])
    seen = []

    @app.errorhandler(405)
    def wrong(error: MethodNotAllowed) -> Any:
        seen.append((set(error.valid_methods or ()), request.routing_exception is error))
        return error

    response = app.test_client().delete("/")
    assert response.status_code == 405
    assert set(response.allow) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert seen == [({"GET", "HEAD", "OPTIONS", "POST"}, True)]


def test_a_wrong_method_is_a_405_without_a_handler_too(app: App) -> None:
    """The plain answer has ``Allow`` as well."""
    app.add_url_rule("/", "index", lambda: "")
    response = app.test_client().post("/")
    assert response.status_code == 405
    assert set(response.allow) == {"GET", "HEAD", "OPTIONS"}


# == converters: what the parts of a path may be


@pytest.mark.parametrize(
    ("rule", "path", "value"),
    [
        ("/<x>", "/a%20b", "a b"),
        ("/<string:x>", "/ü", "ü"),
        ("/<string(length=2):x>", "/ab", "ab"),
        ("/<string(length=2):x>", "/abc", None),
        ("/<int:x>", "/12", 12),
        ("/<int:x>", "/-12", None),
        ("/<int:x>", "/a", None),
        ("/<int(signed=True):x>", "/-12", -12),
        ("/<int(max=5):x>", "/6", None),
        ("/<float:x>", "/1.5", 1.5),
        ("/<float:x>", "/1", None),
        ("/<path:x>", "/a/b", "a/b"),
        ("/<x>", "/a/b", None),
        ("/<any(a, b):x>", "/b", "b"),
        ("/<any(a, b):x>", "/c", None),
        ("/<uuid:x>", "/00000000-0000-0000-0000-000000000007", "00000000-0000-0000-0000-000000000007"),
    ],
)
def test_a_path_is_converted_or_is_a_404(app: App, rule: str, path: str, value: Any) -> None:
    """Each converter takes what is its own, and gives a value of its type."""
    seen: list[Any] = []
    app.add_url_rule(rule, "index", lambda x: seen.append(x) or "found")
    response = app.test_client().get(path)
    if value is None:
        assert response.status_code == 404
        assert seen == []
    else:
        assert response.status_code == 200
        assert seen == [value] or str(seen[0]) == value


def test_an_unknown_converter_is_refused_at_once(app: App) -> None:
    """LookupError where the rule is written, not at the first request."""
    with pytest.raises(LookupError):
        app.add_url_rule("/<nothing:x>", "index", lambda x: "")


def test_converters_can_be_added_and_may_look_at_the_request(make_app: MakeApp) -> None:
    """The session is open while a rule is matched; a converter also builds URLs."""
    app = make_app()
    app.secret_key = "key"
    seen: list[Any] = []

    class ListConverter(BaseConverter):
        def to_python(self, value: str) -> list[str]:
            seen.append((request.method, session.get("name"), current_app.name))
            return value.split("+")

        def to_url(self, value: Any) -> str:
            return "+".join(super(ListConverter, self).to_url(item) for item in value)

    app.url_map.converters["list"] = ListConverter
    app.add_url_rule("/<list:items>", "items", lambda items: "|".join(items))
    client = app.test_client()
    with client.session_transaction() as kept:
        kept["name"] = "Ada"
    assert client.get("/a+b").text == "a|b"
    assert set(seen) == {("GET", "Ada", "shop")}
    with app.test_request_context():
        assert url_for("items", items=["x", "y"]) == "/x+y"


# == slashes: one URL for one page


def test_a_missing_slash_is_added_by_a_redirect(app: App) -> None:
    """308, query kept; a slash too many is a 404."""
    app.add_url_rule("/with/", "with", lambda: "with")
    app.add_url_rule("/without", "without", lambda: "without")
    client = app.test_client()
    response = client.get("/with?a=1")
    assert response.status_code == 308
    assert response.location == "http://localhost/with/?a=1"
    assert client.get("/without/").status_code == 404


def test_doubled_slashes_are_merged_by_a_redirect(app: App) -> None:
    """308 to the path with single ones."""
    app.add_url_rule("/a/b", "ab", lambda: "ab")
    response = app.test_client().get("/a//b")
    assert response.status_code == 308
    assert response.location == "http://localhost/a/b"


def test_nothing_is_redirected_to_a_rule_of_another_method(app: App) -> None:
    """A POST without the slash, where only GET is answered, is a 404."""
    app.add_url_rule("/x/", "x", lambda: "x")
    app.add_url_rule("/y/", "y", lambda: "y", methods=["POST"])
    client = app.test_client()
    assert client.post("/x").status_code == 404
    assert client.post("/y").status_code == 308


def test_a_url_that_spells_out_a_default_is_redirected(app: App) -> None:
    """308 to the rule that has the default."""
    app.add_url_rule("/pages/", "pages", lambda page: str(page), defaults={"page": 1})
    app.add_url_rule("/pages/page/<int:page>", "pages")
    client = app.test_client()
    assert client.get("/pages/").text == "1"
    assert client.get("/pages/page/2").text == "2"
    response = client.get("/pages/page/1")
    assert response.status_code == 308
    assert response.location == "http://localhost/pages/"


def test_strict_slashes_and_merging_can_be_turned_off_for_the_map(app: App) -> None:
    """``app.url_map`` has Werkzeug's switches."""
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.add_url_rule("/x/", "x", lambda: "x")
    app.add_url_rule("/a/b", "ab", lambda: "ab")
    client = app.test_client()
    assert client.get("/x").text == "x"
    assert client.get("/a//b").status_code == 404


# == raw Werkzeug: rules and functions apart, at any time


def test_werkzeugs_rules_can_be_added_at_any_time(app: App) -> None:
    """``url_map.add`` and ``view_functions`` work after the first request too; ``@app.endpoint`` gives a function."""

    @app.endpoint("two")
    def two(n: int) -> str:
        return f"two {n}"

    client = app.test_client()
    assert client.get("/one").status_code == 404
    app.url_map.add(Rule("/one", endpoint="one"))
    app.url_map.add(Submount("/sub", [Rule("/two/<int:n>", endpoint="two")]))
    app.view_functions["one"] = lambda: "1"
    assert client.get("/one").text == "1"
    assert client.get("/sub/two/2").text == "two 2"
    with app.test_request_context():
        assert url_for("two", n=3) == "/sub/two/3"


def test_another_function_can_be_put_behind_an_endpoint(app: App) -> None:
    """Setting ``view_functions[endpoint]`` replaces the function."""
    app.add_url_rule("/", "index", lambda: "old")
    client = app.test_client()
    assert client.get("/").text == "old"
    app.view_functions["index"] = lambda: "new"
    assert client.get("/").text == "new"


# == url_for: the URL of an endpoint


@pytest.fixture
def shop(make_app: MakeApp) -> App:
    app = make_app()
    app.add_url_rule("/", "index", lambda: "")
    app.add_url_rule("/thing/<name>", "thing", lambda name: url_for("thing", name=name))
    app.add_url_rule("/both", "both", lambda: "", methods=["GET"])
    app.add_url_rule("/both/<int:n>", "both_n", lambda n: "")
    return app


def test_unknown_values_become_the_query(shop: App) -> None:
    """None is left out, a list is repeated."""
    with shop.test_request_context():
        assert url_for("thing", name="a b", q="x y", none=None, many=[1, 2]) == "/thing/a%20b?q=x+y&many=1&many=2"
        assert shop.url_for("index", self="me") == "/?self=me"
        assert url_for("index", self="me", endpoint_="e") == "/?self=me&endpoint_=e"


def test_scheme_and_anchor(shop: App) -> None:
    """A scheme makes the URL a full one and excludes ``_external=False``; an anchor is quoted."""
    with shop.test_request_context():
        assert url_for("index", _external=True) == "http://localhost/"
        assert url_for("index", _scheme="https") == "https://localhost/"
        assert url_for("index", _external=True, _scheme="https") == "https://localhost/"
        assert url_for("index", _anchor="x y") == "/#x%20y"
        with pytest.raises(ValueError, match="_external"):
            url_for("index", _scheme="https", _external=False)


def test_the_method_chooses_among_rules(app: App) -> None:
    """``_method`` picks the rule of an endpoint."""
    app.add_url_rule("/read", "thing", lambda: "", methods=["GET"])
    app.add_url_rule("/write/", "thing", methods=["POST"])
    with app.test_request_context():
        assert url_for("thing", _method="GET") == "/read"
        assert url_for("thing", _method="POST") == "/write/"


def test_a_leading_dot_means_the_current_blueprint(make_app: MakeApp) -> None:
    """Outside of any blueprint it means the app."""
    app = make_app()
    inner = Blueprint("b", __name__, url_prefix="/b")
    inner.add_url_rule("/", "index", lambda: url_for(".other"))
    inner.add_url_rule("/other", "other", lambda: "")
    app.register_blueprint(inner)
    app.add_url_rule("/", "index", lambda: url_for(".other"))
    app.add_url_rule("/other", "other", lambda: "")
    client = app.test_client()
    assert client.get("/b/").text == "/b/other"
    assert client.get("/").text == "/other"


def test_outside_a_request_a_server_name_makes_full_urls(shop: App) -> None:
    """Scheme and prefix come from the configuration."""
    shop.config.update(SERVER_NAME="shop.example", APPLICATION_ROOT="/root", PREFERRED_URL_SCHEME="https")
    with shop.app_context():
        assert url_for("index") == "https://shop.example/root/"
        assert url_for("index", _external=False) == "/root/"


def test_outside_a_request_without_a_server_name_a_path_is_given(shop: App) -> None:
    """Differs on purpose: Flask raises RuntimeError. A full URL still needs the host."""
    with shop.app_context():
        assert url_for("thing", name="x") == "/thing/x"
        with pytest.raises(RuntimeError, match="SERVER_NAME"):
            url_for("index", _external=True)


# == build errors: a URL that cannot be built


def test_a_build_error_suggests_what_was_meant(shop: App) -> None:
    """BuildError names the nearest endpoint."""
    with shop.test_request_context(), pytest.raises(BuildError, match="Did you mean 'thing'"):
        url_for("thng", name="x")


def test_handlers_may_give_the_url_instead(shop: App) -> None:
    """Called in turn with error, endpoint and all values; None or BuildError asks the next."""
    calls: list[Any] = []

    def first(error: BuildError, endpoint: str, values: dict[str, Any]) -> None:
        calls.append((endpoint, dict(values)))

    def second(error: BuildError, endpoint: str, values: dict[str, Any]) -> str:
        raise error

    def third(error: BuildError, endpoint: str, values: dict[str, Any]) -> str:
        return "/made"

    shop.url_build_error_handlers += [first, second, third]
    with shop.test_request_context():
        assert url_for("nowhere", a=1, _anchor="x", _method="GET", _external=True, _scheme="https") == "/made"
        assert calls == [
            ("nowhere", {"a": 1, "_anchor": "x", "_method": "GET", "_external": True, "_scheme": "https"}),
        ]
        shop.url_build_error_handlers.pop()
        with pytest.raises(BuildError):
            url_for("nowhere")


def test_handling_of_build_errors_can_be_overridden(way: str) -> None:
    """``handle_url_build_error`` is a method of the app."""

    class MyApp(App):
        def handle_url_build_error(self, error: BuildError, endpoint: str, values: dict[str, Any]) -> str:
            return f"/missing/{endpoint}"

    with MyApp("shop").test_request_context():
        assert url_for("nowhere") == "/missing/nowhere"


# == URL processors: values taken from URLs and put into them


def test_url_processors_run_from_the_app_inwards(make_app: MakeApp) -> None:
    """The app's first, then outer to inner blueprint; value preprocessors before before_request."""
    app = make_app()
    order: list[str] = []
    outer, inner = Blueprint("outer", __name__, url_prefix="/o"), Blueprint("inner", __name__, url_prefix="/i")
    places: list[tuple[Any, str]] = [(inner, "inner"), (app, "app"), (outer, "outer")]
    for place, name in places:
        place.url_value_preprocessor(lambda endpoint, values, name=name: order.append(f"value {name}"))
        place.url_defaults(lambda endpoint, values, name=name: order.append(f"default {name}"))
        place.before_request(lambda name=name: order.append(f"before {name}"))
    inner.app_url_value_preprocessor(lambda endpoint, values: order.append("value everywhere"))
    inner.app_url_defaults(lambda endpoint, values: order.append("default everywhere"))
    inner.add_url_rule("/", "index", lambda: url_for("outer.inner.index"))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.add_url_rule("/", "index", lambda: "")
    assert app.test_client().get("/o/i/").text == "/o/i/"
    for kind in ("value", "default"):
        got = [step.removeprefix(f"{kind} ") for step in order if step.startswith(kind)]
        assert set(got[:2]) == {"app", "everywhere"}
        assert got[2:] == ["outer", "inner"]
    assert [step for step in order if step.startswith("before")] == ["before app", "before outer", "before inner"]
    assert max(order.index(step) for step in order if step.startswith("value")) < order.index("before app")
    order.clear()
    app.test_client().get("/")
    assert "value outer" not in order


def test_a_value_can_be_taken_out_of_every_url_and_put_back(app: App) -> None:
    """The language in the URL, as Flask's documentation has it."""

    @app.url_defaults
    def add_language(endpoint: str, values: dict[str, Any]) -> None:
        if app.url_map.is_endpoint_expecting(endpoint, "lang"):
            values.setdefault("lang", request.args.get("l") or "en")

    @app.url_value_preprocessor
    def take_language(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values is not None:
            values.pop("lang", None)

    app.add_url_rule("/<lang>/", "index", lambda: url_for("about"))
    app.add_url_rule("/<lang>/about", "about", lambda: "")
    assert app.test_client().get("/de/").text == "/en/about"


def test_preprocessors_see_a_404_too(app: App) -> None:
    """Endpoint and values are None then."""
    seen: list[Any] = []
    app.url_value_preprocessor(lambda endpoint, values: seen.append((endpoint, values)))
    assert app.test_client().get("/missing").status_code == 404
    assert seen == [(None, None)]


def test_defaults_can_be_injected_by_hand(app: App) -> None:
    """``inject_url_defaults`` is public."""
    app.url_defaults(lambda endpoint, values: values.setdefault("page", 1))
    values: dict[str, Any] = {}
    app.inject_url_defaults("x", values)
    assert values == {"page": 1}


# == hosts: rules that look at the host


def test_a_server_name_alone_restricts_nothing(app: App) -> None:
    """Any host is answered, as since Flask 3.1."""
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/", "index", lambda: request.host)
    client = app.test_client()
    assert client.get("/").text == "shop.example"
    assert client.get("/", base_url="http://other.example").text == "other.example"
    assert client.get("/missing", base_url="http://other.example").status_code == 404


def test_subdomains_count_with_subdomain_matching(make_app: MakeApp) -> None:
    """Each has its rules; the other hosts have none."""
    app = make_app(subdomain_matching=True, static_folder=None)
    app.config["SERVER_NAME"] = "shop.example:3000"
    app.add_url_rule("/", "index", lambda: "main")
    app.add_url_rule("/", "user", lambda user: f"user {user}", subdomain="<user>")
    app.add_url_rule("/", "admin", lambda: url_for("user", user="eve"), subdomain="admin")
    client = app.test_client()
    assert client.get("/", base_url="http://shop.example:3000").text == "main"
    assert client.get("/", base_url="http://ada.shop.example:3000").text == "user ada"
    assert client.get("/", subdomain="admin").text == "http://eve.shop.example:3000/"


def test_subdomains_do_not_count_without_it(make_app: MakeApp) -> None:
    """A rule of a subdomain is not found on the main host."""
    app = make_app(static_folder=None)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/", "sub", lambda: "sub", subdomain="sub")
    assert app.test_client().get("/", subdomain="sub").status_code == 404


def test_hosts_count_with_host_matching(make_app: MakeApp) -> None:
    """A rule names its host, and may take values from it."""
    app = make_app(host_matching=True, static_folder=None)
    app.add_url_rule("/", "index", lambda: "one", host="one.example")
    app.add_url_rule("/", "any", lambda name: f"any {name}", host="<name>.example")
    client = app.test_client()
    assert client.get("/", base_url="http://one.example").text == "one"
    assert client.get("/", base_url="http://two.example").text == "any two"
    assert client.get("/", base_url="http://other.test").status_code == 404


def test_host_matching_and_a_static_host_go_together(make_app: MakeApp) -> None:
    """One without the other is an AssertionError, unless there are no static files."""
    with pytest.raises(AssertionError):
        make_app(host_matching=True)
    with pytest.raises(AssertionError):
        make_app(static_host="static.example")
    app = make_app(host_matching=True, static_host="static.example")
    with app.test_request_context("/", base_url="http://one.example"):
        assert url_for("static", filename="a.css") == "http://static.example/static/a.css"


def test_a_host_that_is_not_trusted_is_a_400_that_hooks_see(make_app: MakeApp) -> None:
    """Before and after hooks run, the handler does not."""
    app = make_app()
    app.config["TRUSTED_HOSTS"] = ["good.example", ".wild.example"]
    calls: list[str] = []
    app.before_request(lambda: calls.append("before"))
    app.after_request(lambda response: calls.append("after") or response)
    app.add_url_rule("/", "index", lambda: calls.append("handler") or "hello")
    client = app.test_client()
    assert client.get("/", base_url="http://bad.example").status_code == 400
    assert calls == ["before", "after"]
    assert client.get("/", base_url="http://good.example").text == "hello"
    assert client.get("/", base_url="http://sub.wild.example").text == "hello"


def test_without_trusted_hosts_every_host_is_answered(app: App) -> None:
    """The default."""
    app.add_url_rule("/", "index", lambda: request.host)
    assert app.config["TRUSTED_HOSTS"] is None
    assert app.test_client().get("/", base_url="http://any.example:81").text == "any.example:81"


# == prefix: below which the app is served


def test_inside_a_request_the_servers_prefix_counts(app: App) -> None:
    """SCRIPT_NAME, not APPLICATION_ROOT, is put before URLs."""
    app.config["APPLICATION_ROOT"] = "/ignored"
    app.add_url_rule("/page", "page", lambda: f"{url_for('page')} {request.root_path} {request.path}")
    client = app.test_client()
    assert client.get("/page", base_url="http://localhost/shop").text == "/shop/page /shop /page"


def test_the_test_client_uses_the_configured_prefix_and_scheme(app: App) -> None:
    """APPLICATION_ROOT and PREFERRED_URL_SCHEME make its base URL."""
    app.config.update(APPLICATION_ROOT="/root", PREFERRED_URL_SCHEME="https")
    app.add_url_rule("/page", "page", lambda: request.url)
    assert app.test_client().get("/page").text == "https://localhost/root/page"


def test_a_proxys_prefix_is_believed_with_proxy_fix(app: App) -> None:
    """Werkzeug's middleware around ``wsgi_app`` is all it takes."""
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
    app.add_url_rule("/page", "page", lambda: url_for("page"))
    client = app.test_client()
    assert client.get("/page", headers={"X-Forwarded-Prefix": "/shop"}).text == "/shop/page"
