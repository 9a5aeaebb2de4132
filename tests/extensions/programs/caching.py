"""Flask-Caching: views and functions are called once for many requests."""

from __future__ import annotations

import pytest
from flask import Flask, render_template_string, request
from flask_caching import Cache, CachedResponse


@pytest.fixture
def cache():
    return Cache(config={"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 60})


@pytest.fixture
def app(cache):
    app = Flask(__name__)
    cache.init_app(app)
    app.calls = 0

    def count():
        app.calls += 1
        return app.calls

    @app.get("/cached")
    @cache.cached(timeout=60)
    def cached():
        return f"call {count()}"

    @app.get("/query")
    @cache.cached(query_string=True)
    def query():
        return f"{request.args.get('q')} {count()}"

    @app.get("/by/<name>")
    @cache.cached(key_prefix="by_%s", unless=lambda: "fresh" in request.args)
    def by(name):
        return f"{name} {count()}"

    @app.get("/response")
    @cache.cached(timeout=60)
    def response():
        return CachedResponse(response=app.make_response((f"r {count()}", 201)), timeout=50)

    @app.post("/posted")
    @cache.cached(make_cache_key=lambda *a, **k: request.get_data(as_text=True))
    def posted():
        return f"{request.json['a']} {count()}"

    @app.get("/filtered")
    @cache.cached(response_filter=lambda value: value[1] == 200)
    def filtered():
        return f"f {count()}", 200 if request.args.get("ok") else 500

    @cache.memoize(60)
    def double(n):
        return (n * 2, count())

    @app.get("/double/<int:n>")
    def of_double(n):
        return list(double(n))

    @app.get("/forget")
    def forget():
        cache.delete_memoized(double)
        return str(cache.delete("view//cached"))

    @app.get("/fragment")
    def fragment():
        return render_template_string("{% cache 60, 'part' %}part {{ n() }}{% endcache %} whole {{ n() }}", n=count)

    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.mark.parametrize("path", ["/cached", "/query?q=1", "/response"])
def test_the_second_answer_is_the_first(client, path):
    first, second = client.get(path), client.get(path)
    assert (first.status_code, first.text) == (second.status_code, second.text)


def test_queries_have_answers_of_their_own(client):
    assert [client.get(f"/query?q={q}").text for q in (1, 2, 1)] == ["1 1", "2 2", "1 1"]


def test_unless(client):
    assert [client.get(path).text for path in ("/by/a", "/by/a", "/by/a?fresh=1")] == ["a 1", "a 1", "a 2"]


def test_a_key_of_the_body(client):
    assert [client.post("/posted", json={"a": n}).text for n in (1, 1, 2)] == ["1 1", "1 1", "2 2"]


def test_a_filtered_answer_is_not_kept(client):
    assert [client.get(f"/filtered{q}").status_code for q in ("", "?ok=1", "")] == [500, 200, 200]


def test_memoized_functions_and_forgetting(client):
    assert [client.get(f"/double/{n}").json for n in (2, 2, 3)] == [[4, 1], [4, 1], [6, 2]]
    client.get("/cached")
    assert client.get("/forget").text == "True"
    assert (client.get("/double/2").json, client.get("/cached").text) == ([4, 4], "call 5")


def test_a_fragment_of_a_template(client):
    assert [client.get("/fragment").text for _ in range(2)] == ["part 1 whole 2", "part 1 whole 3"]


def test_outside_a_request(app, cache):
    with app.app_context():
        cache.set("key", {"a": 1})
        assert (cache.get("key"), cache.get("other"), cache.add("key", 2)) == ({"a": 1}, None, False)
        cache.set_many({"a": 1, "b": 2})
        assert cache.get_many("a", "b") == [1, 2]
        cache.clear()
        assert cache.get("key") is None


def test_the_function_below_and_its_key(app, client, cache):
    client.get("/cached")
    view = app.view_functions["cached"]
    assert view.uncached() == "call 2"
    with app.test_request_context("/cached"):
        assert view.make_cache_key() == "view//cached"


def test_a_view_replaced_in_the_mapping(app, client, cache):
    app.view_functions["by"] = cache.cached(timeout=5)(lambda name: f"new {name}")
    assert client.get("/by/x").text == "new x"


def test_a_null_cache_warns(recwarn):
    app = Flask("null")
    Cache(app, config={"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True})
    assert "cache" in app.extensions
    assert len(recwarn) == 0
