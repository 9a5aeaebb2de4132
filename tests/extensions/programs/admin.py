"""Flask-Admin: views of its own on blueprints of its own, with templates and files of the package."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask, redirect, url_for
from flask_admin import Admin, AdminIndexView, BaseView, expose
from flask_admin.contrib.fileadmin import FileAdmin
from flask_admin.menu import MenuLink


class Reports(BaseView):
    @expose("/")
    def index(self):
        return self.render("admin/index.html")

    @expose("/show/<int:number>", methods=("GET", "POST"))
    def show(self, number):
        return f"report {number} {self.get_url('reports.index')}"


class Private(BaseView):
    @expose("/")
    def index(self):
        return "private"

    def is_accessible(self):
        return False

    def inaccessible_callback(self, name, **kwargs):
        return redirect(url_for("login"))


@pytest.fixture
def app(tmp_path):
    (tmp_path / "a.txt").write_text("A")
    (tmp_path / "folder").mkdir()
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "k"
    admin = Admin(app, name="Shop", index_view=AdminIndexView(url="/admin"))
    admin.add_view(Reports(name="Reports", endpoint="reports"))
    admin.add_view(Private(name="Private", category="More"))
    admin.add_view(FileAdmin(str(tmp_path), "/files/", name="Files", endpoint="files"))
    admin.add_link(MenuLink(name="Home", url="/"))

    @app.get("/login")
    def login():
        return "login"

    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.mark.parametrize("path", ["/admin/", "/admin/reports/", "/admin/reports/show/3"])
def test_pages(client, path):
    assert client.get(path).status_code == 200


def test_the_menu(client):
    text = client.get("/admin/").text
    assert all(name in text for name in ("Shop", "Reports", "Files", 'href="/"'))
    assert "Private" not in text


def test_a_private_view(client):
    assert client.get("/admin/private/").headers["Location"] == "/login"


def test_files_of_the_package(client):
    assert client.get("/admin/static/admin/css/bootstrap4/admin.css").status_code == 200


@pytest.mark.varying
def test_files_are_listed_made_and_removed(client, tmp_path):
    assert "a.txt" in client.get("/admin/files/").text
    assert client.get("/admin/files/download/a.txt").headers["Location"] == "/files/a.txt"
    assert client.get("/admin/files/b/folder").status_code == 200
    assert client.post("/admin/files/mkdir/", data={"name": "new"}).status_code == 302
    assert (tmp_path / "new").is_dir()
    assert client.post("/admin/files/delete/", data={"path": "a.txt"}).status_code == 302
    assert not (tmp_path / "a.txt").exists()


def test_two_admins():
    app = Flask("two")
    app.config["SECRET_KEY"] = "k"
    Admin(app, name="One", index_view=AdminIndexView(url="/one", endpoint="one"), endpoint="one")
    Admin(app, name="Two", index_view=AdminIndexView(url="/two", endpoint="two"), endpoint="two")
    assert ("One" in app.test_client().get("/one/").text, "Two" in app.test_client().get("/two/").text) == (True, True)


def test_init_app_later_and_routes(note):
    app = Flask("later")
    app.config["SECRET_KEY"] = "k"
    admin = Admin(name="Later")
    admin.add_view(Reports(endpoint="reports"))
    admin.init_app(app)
    note(sorted((rule.rule, rule.endpoint, sorted(rule.methods)) for rule in app.url_map.iter_rules()))
    note(sorted(app.blueprints))
    assert app.test_client().get("/admin/reports/show/1").text == "report 1 /admin/reports/"


def test_on_a_subdomain():
    app = Flask("sub", subdomain_matching=True)
    app.config.update(SECRET_KEY="k", SERVER_NAME="shop.org")
    Admin(app, index_view=AdminIndexView(url="/admin"), subdomain="admin")
    client = app.test_client()
    assert client.get("/admin/", base_url="http://admin.shop.org").status_code == 200
    assert client.get("/admin/", base_url="http://shop.org").status_code == 404


def test_beside_blueprints(app, client):
    blueprint = Blueprint("late", __name__, url_prefix="/late")
    blueprint.add_url_rule("/", "index", lambda: url_for("admin.index"))
    app.register_blueprint(blueprint)
    assert client.get("/late/").text == "/admin/"


def test_a_page_that_is_not_there(client):
    assert client.get("/admin/nowhere").status_code == 404
    assert client.get("/admin").status_code == 308
