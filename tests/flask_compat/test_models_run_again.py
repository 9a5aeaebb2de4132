"""The cells that make a database and its models may be run again."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from nbmicro import App
from nbmicro.errors import NbmicroError
from nbmicro.flask_compat.sqlalchemy import forget
from nbmicro.web.ledger import start_run
from nbmicro.web.owners import Owner

DATABASE = """
from flask_sqlalchemy import SQLAlchemy
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db = SQLAlchemy(app)
"""
MODELS = """
from nbmicro.flask_compat.sqlalchemy import forget
forget(db)

shelves = db.Table("shelves", db.Column("book_id", db.ForeignKey("book.id")))

class Author(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(40))
    books = db.relationship("Book", back_populates="author")

class Book(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.String(40))
    author_id = db.Column(db.ForeignKey("author.id"))
    author = db.relationship("Author", back_populates="books")
"""
USE = """
with app.app_context():
    db.create_all()
    db.session.add(Book(title="Notes", author=Author(name="Ada")))
    db.session.commit()
    found = [(book.title, book.author.name) for book in db.session.scalars(db.select(Book))]
"""
BASES = {
    "Flask-SQLAlchemy's own": "",
    "DeclarativeBase": "from sqlalchemy.orm import DeclarativeBase as Root\nclass Base(Root): pass\n",
    "DeclarativeBaseNoMeta": "from sqlalchemy.orm import DeclarativeBaseNoMeta as Root\nclass Base(Root): pass\n",
}


class Notebook:
    """Cells with ids that share their names."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"app": App("library", root_path="/"), "__name__": "__main__"}
        self.databases: list[Any] = []

    def run(self, key: str | None, source: str) -> None:
        run = start_run(Owner(("cell", key) if key else None, source.strip().partition("\n")[0], "cell"), self.names)
        success = False
        try:
            exec(compile(source, f"<cell {key}>", "exec"), self.names)
            success = True
        finally:
            run.finish(success=success)
        if "db" in self.names and self.names["db"] not in self.databases:
            self.databases.append(self.names["db"])

    def __getitem__(self, name: str) -> Any:
        return self.names[name]


@pytest.fixture
def notebook(as_flask: None) -> Iterator[Notebook]:
    notebook = Notebook()
    yield notebook
    with notebook["app"].app_context():
        for engine in [engine for database in notebook.databases for engine in database.engines.values()]:
            engine.dispose()


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
@pytest.mark.parametrize("ids", [True, False], ids=["cell ids", "no cell ids"])
def test_model_cells_run_again(notebook: Notebook, base: str, ids: bool) -> None:
    database = base + (DATABASE.replace("(app)", "(app, model_class=Base)") if base else DATABASE)
    notebook.run("db" if ids else None, database)
    for number in (1, 2, 3):
        notebook.run("models" if ids else None, MODELS)
        notebook.run("use" if ids else None, USE)
        assert notebook["found"] == [("Notes", "Ada")] * number, "what is stored stays"


def test_without_forgetting_it_is_sqlalchemys_error(notebook: Notebook) -> None:
    """The pain that the call takes away; when SQLAlchemy feels it no more, the call can go."""
    notebook.run("db", DATABASE)
    notebook.run("models", MODELS)
    with pytest.raises(importlib.import_module("sqlalchemy.exc").InvalidRequestError, match="already defined"):
        notebook.run("models", MODELS.replace("forget(db)", ""))


def test_the_cell_of_the_database_runs_again_with_those_below_it(notebook: Notebook) -> None:
    for _ in range(2):
        notebook.run("db", DATABASE)
        notebook.run("models", MODELS)
        notebook.run("use", USE)
        assert notebook["found"] == [("Notes", "Ada")], "a database in memory is a new one"
    assert notebook["app"].extensions["sqlalchemy"] is notebook["db"]


def test_the_cell_of_the_app_runs_again_alone(notebook: Notebook) -> None:
    make = "from flask import Flask\napp = Flask('library', root_path='/')"
    notebook.run("app", make)
    notebook.run("db", DATABASE)
    notebook.run("models", MODELS)
    notebook.run("app", make)
    notebook.run("use", USE)
    assert notebook["found"] == [("Notes", "Ada")]
    assert "sqlalchemy" in notebook["app"].extensions


def test_a_changed_model_is_the_one_that_counts(notebook: Notebook) -> None:
    notebook.run("db", DATABASE)
    notebook.run("models", MODELS)
    notebook.run("models", MODELS.replace("title", "heading"))
    notebook.run("use", USE.replace("title=", "heading=").replace("book.title", "book.heading"))
    assert notebook["found"] == [("Notes", "Ada")]


def test_objects_of_the_old_classes_do_not_stay_in_the_session(notebook: Notebook) -> None:
    """In a notebook a context stands from cell to cell, and with it a session."""
    notebook.run("db", DATABASE)
    notebook.run("models", MODELS)
    with notebook["app"].app_context():
        notebook.run("use", "db.create_all(); old = Author(name='Ada'); db.session.add(old); db.session.commit()")
        notebook.run("add", "old.name = 'half written'; db.session.flush()")
        notebook.run("models", MODELS)
        notebook.run("look", "found = [author.name for author in db.session.scalars(db.select(Author))]")
    assert notebook["found"] == ["Ada"]


def test_what_is_no_database_is_refused() -> None:
    with pytest.raises(NbmicroError, match=r"forget\(\) takes the SQLAlchemy object of Flask-SQLAlchemy, not 'App'"):
        forget(App("library", root_path="/"))


def test_login_and_forms_may_be_set_up_again(notebook: Notebook) -> None:
    source = (
        "from flask_login import LoginManager\nfrom flask_wtf import CSRFProtect\n"
        "app.secret_key = 'x'\nmanager = LoginManager(app)\ncsrf = CSRFProtect(app)\n"
    )
    notebook.run("db", DATABASE)
    for _ in range(2):
        notebook.run("setup", source)
    app = notebook["app"]
    assert (app.extensions["csrf"], app.login_manager) == (notebook["csrf"], notebook["manager"])
    table = app.tables.current()
    assert len(table.scoped["before_request"][None]) == len(table.scoped["after_request"][None]) == 1
