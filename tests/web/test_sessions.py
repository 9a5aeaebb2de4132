"""Sessions: the cookie, its signature, and when it is set, refreshed and deleted."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from nbmicro import App, Request, flash, session
from nbmicro.web.json.tag import JSONTag, TaggedJSONSerializer
from nbmicro.web.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionInterface, SessionMixin

KEY = "a key for tests"
ITEMS = {
    "user": "ada",
    "cart": ("tea", 2),
    "raw": b"\x00\xff",
    "safe": Markup("<b>hi</b>"),
    "id": uuid.UUID(int=7),
    "at": datetime(2024, 2, 29, 12, 30, tzinfo=UTC),
    " t": {" t": [1, None]},
}
FLASKS_COOKIE = (
    ".eJx9jrEKwjAQhl_luDlgGgU11IKLToJDNynlYiMNtA5pg0PJu3tJnb3hhu__jvsXDJP1qJE6QoFP8jPqBYH3A2fLTDVRoKdPxobN8_1wQm"
    "YTvWyGI8PSVL0rN6ZKiesyD8zl_9knndaXfIR1HwSoI1ysASXVDgqlt1JLCddbnVz4uW5t2bbcsxDvMAxNjPEL8Aw1kg.ZVPxAA.o9Sc-vEjy"
    "CrIBIpwj8WHbP0d5e4"
)


@pytest.fixture
def app() -> App:
    app = App("shop")
    app.secret_key = KEY
    return app


def answer(app: App, action: Callable[[], Any]) -> Any:
    """The response of a handler that does one thing."""
    app.add_url_rule("/do", "do", lambda: (action(), "")[1])
    return app.test_client().get("/do")


def test_a_cookie_of_flasks_is_read(app: App) -> None:
    """A session that Flask 3.1 signed with the same key is ours too, with all its types."""
    app.permanent_session_lifetime = timedelta(days=36500)
    app.add_url_rule("/", "items", lambda: repr(sorted(session.items(), key=str)))
    response = app.test_client(use_cookies=False).get("/", headers={"Cookie": f"session={FLASKS_COOKIE}"})
    assert response.text == repr(sorted(ITEMS.items(), key=str))


def test_a_cookie_has_flasks_bytes(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the same second and with the same key, our cookie is the one that Flask 3.1 would set."""
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 1700000000)
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    assert serializer.dumps({"n": 1}) == "eyJuIjoxfQ.ZVPxAA.9jQ3_xK4a46mIXGFczm4BzyR6_I"


@settings(derandomize=True, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.binary()
        | st.uuids()
        | st.builds(Markup, st.text())
        | st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)).map(
            lambda moment: moment.replace(microsecond=0, fold=0)
        ),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(st.text() | st.sampled_from([" t", " di", " b", " t__"]), inner, max_size=3)
        ),
        max_leaves=10,
    )
)
def test_what_goes_in_comes_out(value: Any) -> None:
    """Tuples, bytes, Markup, UUIDs, datetimes and dicts that look like tags come back as what they were."""
    serializer = TaggedJSONSerializer()
    restored = serializer.loads(serializer.dumps(value))
    assert restored == value
    assert repr(restored) == repr(value)


def test_tags_can_be_added() -> None:
    """A type of one's own is registered once, and may be asked first or replace another."""

    class Fraction(tuple[int, int]):
        __slots__ = ()

    class TagFraction(JSONTag):
        __slots__ = ()
        key = " f"

        def check(self, value: Any) -> bool:
            return isinstance(value, Fraction)

        def to_json(self, value: Any) -> Any:
            return list(value)

        def to_python(self, value: Any) -> Any:
            return Fraction(value)

    serializer = TaggedJSONSerializer()
    serializer.register(TagFraction, index=0)
    assert isinstance(serializer.loads(serializer.dumps([Fraction((1, 2))]))[0], Fraction)
    with pytest.raises(KeyError):
        serializer.register(TagFraction)
    serializer.register(TagFraction, force=True)


@pytest.mark.parametrize(
    "action",
    [
        lambda: "x" in session,
        lambda: len(session),
        lambda: list(session),
        lambda: session.get("x"),
        lambda: session.permanent,
        lambda: dict(session),
    ],
)
def test_whoever_looks_at_the_session_varies_by_cookie(app: App, action: Callable[[], Any]) -> None:
    """Reading a session adds Vary: Cookie and sets no cookie."""
    response = answer(app, action)
    assert response.headers["Vary"] == "Cookie"
    assert "Set-Cookie" not in response.headers


def test_who_does_not_look_does_not_vary(app: App) -> None:
    """A handler that leaves the session alone has no Vary header, even if a cookie came."""
    client = app.test_client()
    with client.session_transaction() as items:
        items["n"] = 1
    app.add_url_rule("/", "index", lambda: "")
    assert "Vary" not in client.get("/").headers


def test_vary_keeps_what_was_there(app: App) -> None:
    """Cookie is added to the handler's own Vary header, once."""

    @app.get("/<vary>")
    def view(vary: str) -> Any:
        session["n"] = 1
        return "", {"Vary": vary}

    client = app.test_client()
    assert client.get("/Accept").headers["Vary"] == "Accept, Cookie"
    assert client.get("/cookie").headers["Vary"] == "cookie"
    assert client.get("/*").headers["Vary"] == "*, Cookie"


def test_the_cookie_has_the_configured_attributes(app: App) -> None:
    """SESSION_COOKIE_* name the cookie and its attributes; its path is else APPLICATION_ROOT."""
    app.config.update(
        SESSION_COOKIE_NAME="sid",
        SESSION_COOKIE_DOMAIN="example.org",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=False,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PARTITIONED=True,
        APPLICATION_ROOT="/shop",
    )
    cookie = answer(app, lambda: session.update(n=1)).headers["Set-Cookie"]
    name, _, rest = cookie.partition("=")
    assert name == "sid"
    assert rest.split("; ")[1:] == ["Domain=example.org", "Secure", "Path=/shop", "SameSite=Lax", "Partitioned"]


def test_the_cookie_by_default_is_for_the_host_and_for_http_only(app: App) -> None:
    """Without configuration: HttpOnly, Path=/, and nothing else."""
    cookie = answer(app, lambda: session.update(n=1)).headers["Set-Cookie"]
    assert cookie.startswith("session=")
    assert cookie.split("; ")[1:] == ["HttpOnly", "Path=/"]


def test_an_emptied_session_deletes_its_cookie(app: App) -> None:
    """Clearing the session makes the browser forget the cookie."""
    client = app.test_client()
    with client.session_transaction() as items:
        items["n"] = 1
    app.add_url_rule("/out", "out", lambda: (session.clear(), "")[1])
    response = client.get("/out")
    assert response.headers["Set-Cookie"] == (
        "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/"
    )
    assert response.headers["Vary"] == "Cookie"
    assert client.get_cookie("session") is None


def test_a_change_inside_a_value_must_be_said(app: App) -> None:
    """A nested change is kept only with session.modified = True."""
    client = app.test_client()
    with client.session_transaction() as items:
        items["cart"] = []

    @app.get("/<int:told>")
    def view(told: int) -> list[Any]:
        session["cart"].append(told)
        if told:
            session.modified = True
        cart: list[Any] = session["cart"]
        return cart

    assert client.get("/0").json == [0]
    assert client.get("/1").json == [1]
    assert client.get("/2").json == [1, 2]


def test_a_permanent_session_expires_and_is_refreshed(app: App) -> None:
    """Permanent sessions have an expiry date, new in each response unless SESSION_REFRESH_EACH_REQUEST is off."""
    app.permanent_session_lifetime = timedelta(hours=1)
    client = app.test_client()

    @app.get("/in")
    def enter() -> str:
        session["n"] = 1
        session.permanent = True
        return ""

    app.add_url_rule("/", "index", lambda: "")
    before = datetime.now(UTC)
    assert "Expires=" in client.get("/in").headers["Set-Cookie"]
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert cookie.expires is not None
    assert timedelta(minutes=59) < cookie.expires - before < timedelta(minutes=61)
    assert "Set-Cookie" in client.get("/").headers
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    assert "Set-Cookie" not in client.get("/").headers


def test_a_cookie_older_than_the_lifetime_does_not_count(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """PERMANENT_SESSION_LIFETIME ends a session whatever the browser keeps."""
    app.config["PERMANENT_SESSION_LIFETIME"] = 60
    client = app.test_client()
    with client.session_transaction() as items:
        items["n"] = 1
    app.add_url_rule("/", "index", lambda: dict(session))
    assert client.get("/").json == {"n": 1}
    import time

    late = time.time() + 62
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: late)
    assert client.get("/").json == {}


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "x",
        "a.b.c",
        "eyJuIjoxfQ.ZVPxAA.9jQ3_xK4a46mIXGFczm4BzyR6_J",
        FLASKS_COOKIE[:-1],
        "." * 300,
        "é.ü",
        ".eJx.ZVPxAA.9jQ3_xK4a46mIXGFczm4BzyR6_I",
    ],
)
def test_a_forged_cookie_is_no_session(app: App, cookie: str) -> None:
    """A cookie that we did not sign, or a part of one, gives an empty session and no error."""
    app.add_url_rule("/", "index", lambda: dict(session))
    response = app.test_client(use_cookies=False).get("/", headers={"Cookie": f"session={cookie}"})
    assert (response.status_code, response.json) == (200, {})


@settings(derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(["session=", "session", "a.b", "a=b", ";", "; ", '"', " ", "\t", "é", ",", "\\", "="])))
def test_the_cookie_found_is_the_one_that_request_cookies_has(parts: list[str]) -> None:
    """Reading the one cookie alone gives what reading all of them gives, in any header."""
    environ = {"REQUEST_METHOD": "GET", "HTTP_COOKIE": "".join(parts)}
    seen = []

    class Looking(SecureCookieSessionInterface):
        def get_signing_serializer(self, app: App) -> Any:
            class Serializer:
                def loads(self, text: str, max_age: int) -> dict[str, str]:
                    seen.append(text)
                    return {}

            return Serializer()

    Looking().open_session(App("shop"), Request(environ))
    expected = Request(environ).cookies.get("session")
    assert seen == ([expected] if expected else [])


def test_a_signed_cookie_that_holds_no_session_is_none(app: App) -> None:
    """What the key signed for something else than a dict gives an empty session."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    app.add_url_rule("/", "index", lambda: dict(session))
    cookie = serializer.dumps(["not", "a", "session"])
    assert app.test_client(use_cookies=False).get("/", headers={"Cookie": f"session={cookie}"}).json == {}


def test_old_keys_verify_and_the_new_one_signs(app: App) -> None:
    """SECRET_KEY_FALLBACKS read sessions from before a key was changed; the answer is signed with the new key."""
    client = app.test_client()
    with client.session_transaction() as items:
        items["n"] = 1

    @app.get("/")
    def count() -> Any:
        session["n"] = session.get("n", 0) + 1
        return dict(session)

    app.secret_key = "the next key"
    app.config["SECRET_KEY_FALLBACKS"] = [KEY]
    assert client.get("/").json == {"n": 2}
    app.config["SECRET_KEY_FALLBACKS"] = None
    assert client.get("/").json == {"n": 3}
    app.secret_key = KEY
    assert client.get("/").json == {"n": 1}


def test_without_a_key_a_session_can_be_read_only() -> None:
    """An app without a secret key has an empty session, and says on writing how to set a key."""
    app = App("keyless")
    app.testing = True
    app.add_url_rule("/read", "read", lambda: repr(session.get("n")))
    app.add_url_rule("/write", "write", lambda: session.update(n=1))
    client = app.test_client()
    assert client.get("/read").text == "None"
    with pytest.raises(RuntimeError, match="session is unavailable because no secret key was set"):
        client.get("/write")


def test_the_error_of_a_missing_key_shows_the_line_that_sets_one() -> None:
    """To be copied."""
    app = App("keyless")
    app.testing = True
    app.add_url_rule("/write", "write", lambda: session.update(n=1))
    with pytest.raises(RuntimeError, match=r"app\.secret_key = "):
        app.test_client().get("/write")


def test_an_interface_of_ones_own_keeps_sessions() -> None:
    """session_interface opens and saves sessions in its own way; None from open_session means there is none."""
    kept: dict[str, Any] = {}

    class Kept(dict[str, Any], SessionMixin):
        pass

    class InMemory(SessionInterface):
        def open_session(self, app: App, request: Any) -> Any:
            return None if request.args.get("none") else Kept(kept)

        def save_session(self, app: App, session: Any, response: Any) -> None:
            kept.update(session)

    app = App("custom")
    app.session_interface = InMemory()

    @app.get("/")
    def count() -> dict[str, Any]:
        session["n"] = session.get("n", 0) + 1
        return dict(session)

    client = app.test_client()
    assert [client.get("/").json, client.get("/").json] == [{"n": 1}, {"n": 2}]
    assert client.get("/?none=1").status_code == 500


def test_salt_and_session_class_can_be_changed(app: App) -> None:
    """Another salt makes other signatures; session_class makes other sessions."""

    class Basket(SecureCookieSession):
        @property
        def size(self) -> int:
            return len(self)

    class Baskets(SecureCookieSessionInterface):
        salt = "baskets"
        session_class = Basket

    other = App("other")
    other.secret_key = KEY
    other.session_interface = Baskets()
    ours = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    theirs = Baskets().get_signing_serializer(other)
    assert theirs is not None
    assert ours.loads_unsafe(theirs.dumps({"n": 1}))[0] is False
    other.add_url_rule("/", "index", lambda: str(session.size))  # type: ignore[attr-defined]
    assert other.test_client().get("/").text == "0"


def test_after_request_functions_may_still_write_the_session(app: App) -> None:
    """The session is saved after the last after_request function."""

    @app.after_request
    def stamp(response: Any) -> Any:
        session["seen"] = True
        return response

    app.add_url_rule("/", "index", lambda: "")
    assert "Set-Cookie" in app.test_client().get("/").headers


def test_flashed_messages_survive_with_their_types(app: App) -> None:
    """Markup in a flashed message is Markup on the next page."""
    from nbmicro import get_flashed_messages

    app.add_url_rule("/say", "say", lambda: (flash(Markup("<b>saved</b>"), "info"), "")[1])
    app.add_url_rule("/hear", "hear", lambda: repr(get_flashed_messages(with_categories=True)))
    client = app.test_client()
    client.get("/say")
    assert client.get("/hear").text == "[('info', Markup('<b>saved</b>'))]"
    assert client.get("/hear").text == "[]"


def test_a_cookie_signed_in_the_future_is_none(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that was set back, or a stolen key's cookie for later: it would never grow old."""
    import time

    now = time.time()
    app.add_url_rule("/", "index", lambda: dict(session))
    client = app.test_client()
    for seconds, expected in ((0, {"n": 1}), (3600, {}), (60 * 60 * 24 * 365, {}), (2, {})):
        with monkeypatch.context() as patched:
            patched.setattr("time.time", lambda later=now + seconds: later)
            with client.session_transaction() as items:
                items.clear()
                items["n"] = 1
        with monkeypatch.context() as patched:
            patched.setattr("time.time", lambda: now)
            assert client.get("/").json == expected, seconds


def test_a_cookie_is_good_up_to_its_lifetimes_last_second(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    now = float(int(time.time()))
    app.config["PERMANENT_SESSION_LIFETIME"] = 60
    app.add_url_rule("/", "index", lambda: dict(session))
    client = app.test_client()
    with monkeypatch.context() as patched:
        patched.setattr("time.time", lambda: now)
        with client.session_transaction() as items:
            items["n"] = 1
    for seconds, expected in ((60, {"n": 1}), (61, {})):
        monkeypatch.setattr("time.time", lambda later=now + seconds: later)
        assert client.get("/").json == expected, seconds
