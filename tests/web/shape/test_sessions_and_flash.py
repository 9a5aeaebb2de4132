"""Sessions and flashed messages, in Flask's shape."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer
from markupsafe import Markup

from nbmicro import (
    App,
    Response,
    after_this_request,
    flash,
    get_flashed_messages,
    render_template_string,
    request,
    session,
)
from nbmicro.web.sessions import NullSession, SecureCookieSession, SessionInterface, SessionMixin

MakeApp = Callable[..., App]


@pytest.fixture
def app(make_app: MakeApp) -> App:
    app = make_app()
    app.secret_key = "key"
    app.testing = True

    @app.route("/set/<value>")
    def put(value: str) -> str:
        session["value"] = value
        return "set"

    @app.route("/get")
    def look() -> str:
        return session.get("value", "none")

    @app.route("/leave")
    def leave() -> str:
        return "left"

    @app.route("/clear")
    def clear() -> str:
        session.clear()
        return "cleared"

    return app


def cookie_of(response: Any) -> str:
    """The one Set-Cookie header, or nothing."""
    found = response.headers.getlist("Set-Cookie")
    assert len(found) <= 1
    return found[0] if found else ""


# == session: what is remembered of a visitor, in a signed cookie


def test_a_session_lasts_from_request_to_request(app: App) -> None:
    """Per client."""
    client = app.test_client()
    assert client.get("/get").text == "none"
    client.get("/set/42")
    assert client.get("/get").text == "42"
    assert app.test_client().get("/get").text == "none"


def test_the_cookie_is_signed_by_itsdangerous(app: App) -> None:
    """With Flask's salt and digest, so that one reads what the other wrote."""
    import hashlib

    client = app.test_client()
    client.get("/set/42")
    cookie = client.get_cookie("session")
    assert cookie is not None
    serializer = URLSafeTimedSerializer(
        "key", salt="cookie-session", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha1}
    )
    assert serializer.loads(cookie.value) == {"value": "42"}
    client.set_cookie("session", cookie.value[:-2] + "xx")
    assert client.get("/get").text == "none"


def test_values_keep_their_types(app: App) -> None:
    """Tuple, bytes, Markup, UUID, datetime and what is inside them."""
    value: dict[str, Any] = {
        "tuple": (1, (2, 3)),
        "bytes": b"\xff\0",
        "markup": Markup("<b>"),
        "uuid": uuid.UUID(int=7),
        "datetime": datetime(2024, 2, 29, 12, 30, tzinfo=UTC),
        "list": [{"a": (1,)}, None, 1.5, True, "ü"],
        "dict": {" t": "like a tag"},
    }
    seen: list[Any] = []
    app.add_url_rule("/put", "put_all", lambda: session.update(value) or "")
    app.add_url_rule("/take", "take_all", lambda: seen.append(dict(session)) or "")
    client = app.test_client()
    client.get("/put")
    client.get("/take")
    assert seen == [value]
    assert isinstance(seen[0]["markup"], Markup)
    assert isinstance(seen[0]["tuple"], tuple)


def test_without_a_key_a_session_can_be_read_and_not_written(make_app: MakeApp) -> None:
    """A NullSession; RuntimeError that says what is missing."""
    app = make_app()
    app.testing = True
    app.add_url_rule("/read", "read", lambda: session.get("a", "nothing"))
    app.add_url_rule("/write", "write", lambda: session.update(a=1) or "")
    client = app.test_client()
    assert client.get("/read").text == "nothing"
    with pytest.raises(RuntimeError, match="secret key"):
        client.get("/write")
    with app.test_request_context():
        assert isinstance(session._get_current_object(), NullSession)
        for write in (
            lambda: session.__setitem__("a", 1),
            lambda: session.pop("a", None),
            session.clear,
            lambda: session.setdefault("a", 1),
        ):
            with pytest.raises(RuntimeError, match="session is unavailable"):
                write()


def test_a_session_knows_what_happened_to_it(app: App) -> None:
    """accessed, modified, permanent and new."""
    with app.test_request_context() as context:
        unseen: Any = app.session_interface.open_session(app, context.request)
        assert isinstance(unseen, SecureCookieSession)
        assert (unseen.accessed, unseen.modified, unseen.new) == (False, False, False)
        assert "a" not in session
        assert (session.accessed, session.modified) == (True, False)
        session["a"] = 1
        assert session.modified
        assert session.permanent is False
        session.permanent = True
        assert session.permanent is True
        assert session["_permanent"] is True


def test_a_change_inside_a_value_must_be_said(app: App) -> None:
    """``modified = True``, else it is lost."""

    @app.route("/add")
    def add() -> str:
        session.setdefault("cart", [])
        return ""

    @app.route("/grow")
    def grow() -> str:
        session["cart"].append(len(session["cart"]))
        session.modified = "said" in request.args
        return str(session["cart"])

    client = app.test_client()
    client.get("/add")
    assert client.get("/grow").text == "[0]"
    assert client.get("/grow").text == "[0]"
    assert client.get("/grow?said").text == "[0]"
    assert client.get("/grow?said").text == "[0, 1]"


def test_whoever_looks_at_the_session_varies_by_cookie(app: App) -> None:
    """``Vary: Cookie`` on every answer that looked, and on no other."""

    @app.route("/vary")
    def vary() -> Response:
        response = Response(session.get("value", ""))
        response.headers["Vary"] = "Accept-Encoding, Accept-Language"
        return response

    client = app.test_client()
    assert client.get("/get").headers["Vary"] == "Cookie"
    assert client.get("/set/1").headers["Vary"] == "Cookie"
    assert "Vary" not in client.get("/leave").headers
    assert client.get("/clear").headers["Vary"] == "Cookie"

    assert client.get("/vary").headers["Vary"] == "Accept-Encoding, Accept-Language, Cookie"


def test_the_cookie_has_the_configured_name_and_attributes(app: App) -> None:
    """SESSION_COOKIE_NAME, _DOMAIN, _PATH, _HTTPONLY, _SECURE, _PARTITIONED, _SAMESITE."""
    app.config.update(
        SESSION_COOKIE_NAME="shop_session",
        SESSION_COOKIE_DOMAIN=".shop.example",
        SESSION_COOKIE_HTTPONLY=False,
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_PARTITIONED=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/p",
    )
    client = app.test_client()
    set_it = cookie_of(client.get("/set/1", base_url="https://www.shop.example"))
    assert set_it.startswith("shop_session=")
    for part in ("Domain=shop.example", "Path=/p", "Secure", "Partitioned", "SameSite=Lax"):
        assert part in set_it
    assert "HttpOnly" not in set_it
    client.set_cookie("shop_session", set_it.partition("=")[2].partition(";")[0], path="/", domain="www.shop.example")
    deleted = cookie_of(client.get("/clear", base_url="https://www.shop.example"))
    for part in ("shop_session=;", "Max-Age=0", "Domain=shop.example", "Path=/p", "Secure", "SameSite=Lax"):
        assert part in deleted


def test_the_cookie_by_default(app: App) -> None:
    """For the host alone, the app's root, HTTP only, until the browser closes."""
    set_it = cookie_of(app.test_client().get("/set/1"))
    assert "HttpOnly" in set_it
    assert "Path=/" in set_it
    for part in ("Domain", "Secure", "SameSite", "Expires", "Max-Age", "Partitioned"):
        assert part not in set_it


def test_the_path_falls_back_to_the_application_root(app: App) -> None:
    """Where SESSION_COOKIE_PATH is not set."""
    app.config["APPLICATION_ROOT"] = "/root"
    assert "Path=/root" in cookie_of(app.test_client().get("/set/1", base_url="http://localhost/"))


@pytest.mark.parametrize("refresh", [True, False])
def test_a_permanent_session_expires_and_is_refreshed(app: App, refresh: bool) -> None:
    """PERMANENT_SESSION_LIFETIME, in each answer unless SESSION_REFRESH_EACH_REQUEST is off."""
    app.config["SESSION_REFRESH_EACH_REQUEST"] = refresh
    app.permanent_session_lifetime = timedelta(hours=1)

    @app.route("/stay")
    def stay() -> str:
        session["value"] = "stays"
        session.permanent = True
        return ""

    client = app.test_client()
    response = client.get("/stay")
    assert "Expires=" in cookie_of(response)
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert cookie.expires is not None
    assert timedelta(minutes=59) < cookie.expires - datetime.now(UTC) <= timedelta(hours=1)
    assert bool(cookie_of(client.get("/get"))) is refresh
    assert bool(cookie_of(client.get("/leave"))) is refresh


def test_a_cookie_older_than_the_lifetime_does_not_count(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the browser thinks."""
    client = app.test_client()
    client.get("/set/1")
    app.permanent_session_lifetime = timedelta(seconds=-2)
    assert client.get("/get").text == "none"


def test_the_lifetime_may_be_a_number_of_seconds(app: App) -> None:
    """PERMANENT_SESSION_LIFETIME; 31 days by default."""
    assert app.permanent_session_lifetime == timedelta(days=31)
    app.config["PERMANENT_SESSION_LIFETIME"] = 60
    assert app.permanent_session_lifetime == timedelta(seconds=60)


def test_an_emptied_session_deletes_its_cookie(app: App) -> None:
    """One that was never there is left alone."""
    client = app.test_client()
    client.get("/set/1")
    assert cookie_of(client.get("/clear")).startswith("session=;")
    assert client.get_cookie("session") is None
    assert cookie_of(client.get("/leave")) == ""


def test_the_session_is_saved_after_the_after_hooks(app: App) -> None:
    """They, and after_this_request, may still write it."""

    @app.after_request
    def note(response: Response) -> Response:
        session["after"] = "request"
        return response

    @app.route("/last")
    def last() -> str:
        after_this_request(lambda response: session.update(this="one") or response)
        return ""

    client = app.test_client()
    client.get("/last")
    with client.session_transaction() as kept:
        assert dict(kept) == {"after": "request", "this": "one"}


def test_a_failed_request_saves_its_session(app: App) -> None:
    """The answer to an error carries it too."""
    app.testing = False

    @app.route("/fail")
    def fail() -> str:
        session["value"] = "failed"
        raise ValueError

    client = app.test_client()
    assert client.get("/fail").status_code == 500
    assert client.get("/get").text == "failed"


def test_a_session_can_be_opened_by_a_before_hook_of_a_404(app: App) -> None:
    """Hooks of a URL that is not there see and write it."""
    app.before_request(lambda: session.update(seen=request.path))
    client = app.test_client()
    assert client.get("/missing").status_code == 404
    with client.session_transaction() as kept:
        assert kept["seen"] == "/missing"


# == rotation: keys that went before


def test_old_keys_verify_and_only_the_new_one_signs(app: App) -> None:
    """SECRET_KEY_FALLBACKS."""
    client = app.test_client()
    client.get("/set/1")
    app.secret_key = "new"
    assert client.get("/get").text == "none"
    app.config["SECRET_KEY_FALLBACKS"] = ["older", "key"]
    assert client.get("/get").text == "1"
    client.get("/set/2")
    app.config["SECRET_KEY_FALLBACKS"] = None
    assert client.get("/get").text == "2"


# == custom: sessions kept in another way


class Kept(dict[str, Any], SessionMixin):
    """A session kept in memory."""


class Memory(SessionInterface):
    """Keeps sessions in a dict, by a cookie's value."""

    def __init__(self) -> None:
        self.store: dict[str, Kept] = {}

    def open_session(self, app: App, request_: Any) -> Kept | None:
        assert request._get_current_object() is request_
        if "none" in request_.args:
            return None
        return self.store.setdefault(request_.cookies.get("sid", "new"), Kept())

    def save_session(self, app: App, session: Any, response: Response) -> None:
        response.set_cookie("sid", "new", path=self.get_cookie_path(app), httponly=self.get_cookie_httponly(app))


def test_an_interface_of_ones_own_keeps_sessions(app: App) -> None:
    """It is given every request, with the request bound, and saves every session."""
    app.session_interface = Memory()
    client = app.test_client()
    assert cookie_of(client.get("/leave")) == "sid=new; HttpOnly; Path=/"
    client.get("/set/7")
    assert client.get("/get").text == "7"


def test_an_interface_may_open_no_session(app: App) -> None:
    """None means a null session, which is not saved."""
    app.session_interface = Memory()
    response = app.test_client().get("/get?none")
    assert (response.text, cookie_of(response)) == ("none", "")
    with pytest.raises(RuntimeError, match="session is unavailable"):
        app.test_client().get("/set/1?none")


def test_an_interface_tells_about_its_cookie(app: App) -> None:
    """The get_cookie_ methods read the configuration; null sessions are known."""
    interface = SessionInterface()
    assert interface.get_cookie_name(app) == "session"
    assert interface.get_cookie_domain(app) is None
    assert interface.get_cookie_path(app) == "/"
    assert interface.get_cookie_httponly(app) is True
    assert interface.get_cookie_secure(app) is False
    assert interface.get_cookie_samesite(app) is None
    assert interface.get_cookie_partitioned(app) is False
    null = interface.make_null_session(app)
    assert interface.is_null_session(null)
    assert not interface.is_null_session(Kept())
    with pytest.raises(NotImplementedError):
        interface.open_session(app, request)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError):
        interface.save_session(app, null, Response())


# == flash: messages for the next page


def test_flashed_messages_are_given_once(app: App) -> None:
    """To the next request that asks; within it, the same list each time."""
    app.add_url_rule("/flash", "flash_it", lambda: flash("hello") or flash("bad", "error") or "")
    app.add_url_rule("/show", "show", lambda: {"first": get_flashed_messages(), "again": get_flashed_messages()})
    client = app.test_client()
    client.get("/flash")
    client.get("/leave")
    assert client.get("/show").json == {"first": ["hello", "bad"], "again": ["hello", "bad"]}
    assert client.get("/show").json == {"first": [], "again": []}


def test_messages_have_categories_and_can_be_chosen_by_them(app: App) -> None:
    """with_categories and category_filter; markup survives."""

    @app.route("/flash")
    def flash_some() -> str:
        flash("hello")
        flash("bad", "error")
        flash(Markup("<em>note</em>"), "warning")  # type: ignore[arg-type]
        return ""

    @app.route("/show")
    def show() -> str:
        assert get_flashed_messages(with_categories=True) == [
            ("message", "hello"),
            ("error", "bad"),
            ("warning", Markup("<em>note</em>")),
        ]
        assert get_flashed_messages(category_filter=["error", "warning"]) == ["bad", "<em>note</em>"]
        assert get_flashed_messages(category_filter=["error"], with_categories=True) == [("error", "bad")]
        return render_template_string("{% for m in get_flashed_messages() %}{{ m }}|{% endfor %}")

    client = app.test_client()
    client.get("/flash")
    assert client.get("/show").text == "hello|bad|<em>note</em>|"
