"""Flask-SQLAlchemy, Flask-Login and Flask-WTF, as they come from the registry, in one app: on Flask and on nbmicro."""

from __future__ import annotations

import importlib
import re
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nbmicro

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow")  # Flask-Login 0.6 on Python 3.12


@pytest.fixture(params=["on Flask", "in Flask's place"])
def members(
    request: pytest.FixtureRequest, free_place: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """The module of the app; beside it is its instance folder."""
    shutil.copy(Path(__file__).with_name("members.py"), tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    if request.param == "in Flask's place":
        nbmicro.install_as_flask()
    return importlib.import_module("members")


@pytest.fixture
def app(members: ModuleType) -> Iterator[Any]:
    app = members.create_app()
    yield app
    with app.app_context():
        members.db.engine.dispose()


@pytest.fixture
def browser(app: Any) -> Browser:
    return Browser(app)


class Browser:
    """Reads a form and its token before it sends it."""

    def __init__(self, app: Any) -> None:
        self.client = app.test_client()

    def token(self, path: str) -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.client.get(path).text)
        assert found is not None, "the form has a token"
        return found[1]

    def submit(self, path: str, **fields: object) -> Any:
        return self.client.post(path, data={"csrf_token": self.token(path), **fields})

    def join(self, name: str = "ada", **fields: object) -> Any:
        return self.submit("/join", name=name, password="secret", **fields)

    def sign_in(self, path: str = "/sign-in", name: str = "ada", **fields: object) -> Any:
        return self.submit(path, name=name, password="secret", **fields)

    def who(self) -> str:
        found = re.search(r'id="who">(\w+)<', self.client.get("/").text)
        assert found is not None
        return found[1]


def test_one_joins_signs_in_and_out(browser: Browser) -> None:
    assert browser.join().headers["Location"] == "/sign-in"
    assert "Welcome, ada." in browser.client.get("/sign-in").text
    assert browser.who() == "nobody"
    assert browser.sign_in().headers["Location"] == "/notes"
    assert browser.who() == "ada"
    token = browser.token("/notes")
    assert browser.client.post("/sign-out", data={"csrf_token": token}).headers["Location"] == "/"
    assert browser.who() == "nobody"


def test_a_wrong_password_lets_nobody_in(browser: Browser) -> None:
    browser.join()
    page = browser.submit("/sign-in", name="ada", password="wrong")
    assert (page.status_code, "Nobody of that name and password." in page.text) == (200, True)
    assert browser.who() == "nobody"


def test_a_page_for_members_sends_others_to_the_form_and_back(browser: Browser) -> None:
    browser.join()
    away = browser.client.get("/notes").headers["Location"]
    assert away == "/sign-in?next=%2Fnotes"
    assert "Please log in to access this page." in browser.client.get(away).text
    assert browser.sign_in(away).headers["Location"] == "/notes"


def test_who_is_remembered_stays_signed_in_without_a_session(browser: Browser) -> None:
    browser.join()
    browser.sign_in(remember="y")
    assert browser.client.get_cookie("remember_token") is not None
    browser.client.delete_cookie("session")
    assert browser.who() == "ada"
    browser.client.set_cookie("remember_token", "1|forged")
    browser.client.delete_cookie("session")
    assert browser.who() == "nobody"


def test_a_session_is_not_carried_to_another_browser(browser: Browser, app: Any) -> None:
    browser.join()
    browser.sign_in()
    stolen = browser.client.get_cookie("session")
    app.login_manager.session_protection = "strong"
    other = Browser(app)
    other.client.environ_base["HTTP_USER_AGENT"] = "another"
    other.client.set_cookie("session", stolen.value)
    assert other.who() == "nobody"


@pytest.mark.parametrize(
    ("fields", "says"),
    [({}, "The CSRF token is missing."), ({"csrf_token": "forged"}, "The CSRF token is invalid.")],
)
def test_a_form_without_its_token_is_refused(browser: Browser, fields: dict[str, str], says: str) -> None:
    browser.client.get("/join")
    response = browser.client.post("/join", data={"name": "eve", "password": "x", **fields})
    assert (response.status_code, says in response.text) == (400, True)
    assert browser.client.get("/api/members").json["names"] == []


def test_a_script_sends_the_token_in_a_header(browser: Browser) -> None:
    token = browser.token("/join")
    fields = {"name": "ada", "password": "secret"}
    assert browser.client.post("/join", data=fields, headers={"X-CSRFToken": token}).status_code == 302


def test_over_https_the_referrer_counts(browser: Browser) -> None:
    page = browser.client.get("/join", base_url="https://localhost").text
    found = re.search(r'value="([^"]+)"', page)
    assert found is not None
    fields = {"csrf_token": found[1], "name": "ada", "password": "secret"}
    send = browser.client.post
    assert "The referrer header is missing." in send("/join", base_url="https://localhost", data=fields).text
    foreign = {"Referer": "https://elsewhere.org/"}
    assert "does not match" in send("/join", base_url="https://localhost", data=fields, headers=foreign).text
    own = {"Referer": "https://localhost/join"}
    assert send("/join", base_url="https://localhost", data=fields, headers=own).status_code == 302


def test_an_exempt_blueprint_needs_no_token(browser: Browser) -> None:
    assert browser.client.post("/api/members", json={"name": "bob"}).json == {"id": 1}


def test_a_form_says_what_is_wrong_with_it(browser: Browser) -> None:
    browser.join()
    browser.sign_in()
    assert "This field is required." in browser.submit("/notes", text="").text
    wrong = browser.submit("/notes", text="x", picture=(BytesIO(b"GIF"), "a.gif"))
    assert "Pictures are PNG here." in wrong.text
    assert browser.submit("/notes", text="<hello>", picture=(BytesIO(b"PNG"), "a.png")).status_code == 302
    assert "<li>&lt;hello&gt;</li>" in browser.client.get("/notes").text


def test_pages_and_what_is_not_there(browser: Browser) -> None:
    for name in ("c", "a", "b"):
        browser.client.post("/api/members", json={"name": name})
    assert browser.client.get("/api/members").json == {"names": ["a", "b"], "pages": 2, "next": 2}
    assert browser.client.get("/api/members?page=2").json == {"names": ["c"], "pages": 2, "next": None}
    assert browser.client.get("/api/members?page=3").status_code == 404
    assert browser.client.get("/api/members/1").json == {"name": "c"}
    assert browser.client.get("/api/members/9").status_code == 404


def test_what_a_failing_request_did_is_undone_with_its_session(browser: Browser, members: ModuleType, app: Any) -> None:
    browser.join()
    assert browser.client.get("/forgetful/lost").status_code == 500
    assert members.db.session.registry.registry == {}, "no request leaves a session behind"
    with app.app_context():
        assert members.db.session.scalars(members.select(members.Note)).all() == []


def test_every_request_has_a_session_of_its_own(browser: Browser, members: ModuleType, app: Any) -> None:
    seen: list[object] = []

    def note() -> str:
        assert members.db.session() is members.db.session()
        seen.append(members.db.session())
        return "noted"

    app.add_url_rule("/session", "session_of_request", note)
    browser.client.get("/session")
    browser.client.get("/session")
    assert len({id(one) for one in seen}) == 2


def test_queries_and_changes_are_told(members: ModuleType, app: Any) -> None:
    from flask_sqlalchemy.record_queries import get_recorded_queries
    from flask_sqlalchemy.track_modifications import models_committed

    changes: list[tuple[object, str]] = []

    def note(sender: object, **rest: Any) -> None:
        changes.extend(rest["changes"])

    with models_committed.connected_to(note, app), app.app_context():
        ada = members.Member(name="ada", password="")
        members.db.session.add(ada)
        members.db.session.commit()
        statements = [query.statement for query in get_recorded_queries()]
    assert changes == [(ada, "insert")]
    assert any(statement.startswith("INSERT INTO member") for statement in statements)


def test_the_database_lies_in_the_instance_folder(app: Any) -> None:
    assert (Path(app.instance_path) / "members.sqlite").is_file()


def test_the_shell_knows_the_models(app: Any, members: ModuleType) -> None:
    with app.app_context():
        names = app.make_shell_context()
    assert (names["db"], names["Member"], names["Note"]) == (members.db, members.Member, members.Note)


def test_the_test_client_of_flask_login_is_signed_in(browser: Browser, app: Any, members: ModuleType) -> None:
    from flask_login import FlaskLoginClient

    browser.join()
    app.test_client_class = FlaskLoginClient
    with app.app_context():
        ada = members.db.session.get(members.Member, 1)
    with app.test_client(user=ada) as client:
        assert client.get("/notes").status_code == 200


def test_signals_of_signing_in_and_out_are_sent_by_the_app(browser: Browser, app: Any) -> None:
    from flask_login import user_logged_in, user_logged_out

    seen: list[str] = []

    def signed_in(sender: object, user: Any, **_: object) -> None:
        seen.append(f"{user.name} in {sender is app}")

    def signed_out(sender: object, user: Any, **_: object) -> None:
        seen.append(f"{user.name} out {sender is app}")

    browser.join()
    with user_logged_in.connected_to(signed_in, app), user_logged_out.connected_to(signed_out, app):
        browser.sign_in()
        browser.client.post("/sign-out", data={"csrf_token": browser.token("/notes")})
    assert seen == ["ada in True", "ada out True"]
