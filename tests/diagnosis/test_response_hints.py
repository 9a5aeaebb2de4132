"""A refusal names the next step: the nearest route, the line to write, what the request carried instead."""

from __future__ import annotations

import pytest

import nbmicro
from nbmicro.client.client import Client
from nbmicro.diagnosis.response_hints import response_hint
from nbmicro.web.route_info import routes_of
from tests.support.apps import answering, made


@pytest.fixture
def client() -> Client:
    app = nbmicro.App("shop")

    @app.get("/hello/<name>")
    def hello(name: str) -> str:
        return name if name != "nobody" else nbmicro.abort(404)

    @app.get("/users/<int:id>")
    def user(id: int) -> str:
        return str(id)

    @app.get("/login")
    def login() -> str:
        return "form"

    @app.post("/signup")
    def signup() -> str:
        return nbmicro.request.form["email"]

    @app.get("/search")
    def search() -> str:
        return nbmicro.request.args["q"]

    @app.post("/photo")
    def photo() -> str:
        return str(nbmicro.request.files["photo"])

    @app.post("/api")
    def api() -> str:
        return str(nbmicro.request.json)

    return Client(app)


def test_a_404_names_the_nearest_route(client: Client) -> None:
    assert client.get("/helo/Ada").hint == (
        "404 GET /helo/Ada: no route answers it. Nearest: GET /hello/<name>. All of them: %routes"
    )


def test_a_404_with_nothing_near_names_none(client: Client) -> None:
    assert client.get("/xyzzy/1/2/3/4").hint == "404 GET /xyzzy/1/2/3/4: no route answers it. All of them: %routes"


def test_a_404_that_a_handler_answered_itself_is_no_routes_fault(client: Client) -> None:
    assert client.get("/hello/nobody").hint is None


def test_an_app_that_tells_no_routes_gets_no_hint() -> None:
    assert Client(answering("x", "404 NOT FOUND")).get("/x").hint is None


def test_a_405_names_the_methods_and_the_line_to_write(client: Client) -> None:
    assert client.post("/login").hint == (
        "405 POST /login: this route answers GET only. For a form:  %%route GET,POST /login"
    )
    assert client.delete("/users/1").hint == (
        "405 DELETE /users/1: this route answers GET only. To answer DELETE too:  %%route GET,DELETE /users/<int:id>"
    )


def test_a_405_of_a_method_of_ones_own_names_the_decorator(client: Client) -> None:
    """`%%route BREW /login` would be refused, so it is not advised."""
    assert client.open("BREW", "/login").hint == (
        "405 BREW /login: this route answers GET only. "
        'To answer BREW too, in a plain cell:  @app.route("/login", methods=["BREW"])'
    )


def test_a_missing_form_key_names_what_the_request_carried(client: Client) -> None:
    assert client.post("/signup", json={"email": "a@b.org"}).hint == (
        '400 POST /signup → signup: the handler read request.form["email"], but the request carried JSON (email). '
        "Send a form:  %http -f POST /signup email=a@b.org"
    )
    nothing = client.post("/signup").hint
    assert nothing is not None
    assert "but the request carried no body. Send a form:  %http -f POST /signup email=…" in nothing


def test_a_misspelt_form_key_is_recognised(client: Client) -> None:
    hint = client.post("/signup", data={"mail": "x"}).hint
    assert hint is not None
    assert hint.endswith("but the request carried a form (mail). Is `mail` the same?")


def test_a_value_that_may_be_secret_is_not_repeated() -> None:
    app = nbmicro.App("shop")

    @app.post("/")
    def index() -> str:
        return nbmicro.request.form["password"]

    hint = Client(app).post("/", json={"password": "hunter2"}).hint
    assert hint is not None
    assert hint.endswith("password=…")


def test_a_missing_query_key_and_file_name_their_item(client: Client) -> None:
    assert (client.get("/search?p=1").hint or "").endswith("but the query has p. Add it:  %http /search?p=1 q==…")
    assert (client.post("/photo", data={"a": "b"}).hint or "").endswith("%http -f POST /photo photo@photo.png")


def test_json_that_was_not_sent_as_json_names_the_line(client: Client) -> None:
    assert (client.post("/api", data={"a": "b"}).hint or "").endswith("Send JSON:  %http POST /api a=…")


def test_a_hint_stands_beside_the_response_and_not_in_its_bytes(client: Client) -> None:
    exchange = client.get("/helo/Ada")
    assert "Nearest" not in exchange.text
    text = exchange.mime_bundle()["text/plain"].splitlines()
    assert text == [
        "GET /helo/Ada → 404 NOT FOUND · text/html",
        "No route answers it. Nearest: GET /hello/<name>. All of them: %routes",
    ]


def test_an_own_page_for_a_404_is_shown_with_the_hint() -> None:
    exchange = made("My own page", status=404, reason="NOT FOUND", hint="404 GET /: no route answers it.")
    assert exchange.mime_bundle()["text/plain"].splitlines()[1:] == ["My own page", "No route answers it."]


def test_a_success_has_no_hint(client: Client) -> None:
    assert response_hint(client.get("/login"), routes_of(client.app)) is None


def test_a_static_path_that_leads_out_is_told_no_cell_that_would_be_refused(client: Client) -> None:
    """`%%static ../x` is no cell that anyone can write; a name with a space stands in quotes."""
    assert client.get("/static/../x").hint == (
        "404 GET /static/../x: `../x` is no path below the static folder, and no other file is served."
    )
    assert (client.get("/static/a%20b.css").hint or "").endswith("%%static 'a b.css'")


def test_only_a_near_method_is_taken_for_a_misspelt_one(client: Client) -> None:
    """FETCH is a method of somebody's own, GETX is GET."""
    assert "PATCH" not in (client.open("FETCH", "/login").hint or "")
    assert "Is `GETX` meant to be GET?" in (client.open("GETX", "/login").hint or "")


def test_a_multipart_body_whose_boundary_is_another_is_told_which(client: Client) -> None:
    """Not to send a file: it did."""
    body = '--BBB\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\nhi\r\n--BBB--\r\n'
    answer = client.post("/photo", data=body, headers={"Content-Type": "multipart/form-data; boundary=AAA"})
    assert answer.status == 400
    assert answer.hint is not None
    assert "its parts begin with --BBB" in answer.hint
    assert answer.hint.endswith("Write  Content-Type: multipart/form-data; boundary=BBB")
    right = client.post("/photo", data=body, headers={"Content-Type": "multipart/form-data; boundary=BBB"})
    assert right.status == 200


def test_a_400_for_the_token_of_a_form_says_how_to_send_one() -> None:
    app = nbmicro.App("shop")
    app.add_url_rule("/join", "join", lambda: nbmicro.abort(400, "The CSRF token is missing."), methods=["POST"])
    hint = Client(app).post("/join").hint or ""
    assert "Fill the page's own form:  %browse /join\n" in hint
    assert hint.endswith('app.config["WTF_CSRF_ENABLED"] = False')


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ("Basic realm=x", "%http /me -a user:password\nWith each request:  %app … -H 'Authorization: Basic …'"),
        ("Bearer", "%http /me 'Authorization:Bearer …'\nWith each request:  %app … -H 'Authorization: Bearer …'"),
        (None, None),
    ],
)
def test_a_401_that_says_what_it_wants_names_the_line(wanted: str | None, line: str | None) -> None:
    """A login of the app's own, which says nothing of credentials, is its own affair."""
    app = nbmicro.App("shop")
    app.add_url_rule("/me", "me", lambda: ("no", 401, {"WWW-Authenticate": wanted} if wanted else {}))
    hint = Client(app).get("/me").hint
    assert hint is None if line is None else (hint or "").endswith(line)
    carried = Client(app).get("/me", headers={"Authorization": "Basic dTpw"}).hint or ""
    assert "dTpw" not in carried
    assert ("the credentials that it carried were not accepted" in carried) == (wanted is not None)


def test_an_app_without_routes_is_told_to_run_their_cells() -> None:
    """As after a restart of the kernel."""
    assert Client(nbmicro.App("shop")).get("/").hint == (
        "404 GET /: no route answers it: the app has none yet. Run the cells that declare them."
    )
