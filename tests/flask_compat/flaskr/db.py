"""The database: one SQLite connection per request."""

import sqlite3
from datetime import datetime

import click
from flask import current_app, g

sqlite3.register_converter("timestamp", lambda value: datetime.fromisoformat(value.decode()))


def get_db():
    """The connection of this request; made when it is first asked for."""
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"], detect_types=sqlite3.PARSE_DECLTYPES)
        g.db.row_factory = sqlite3.Row
    return g.db


def close_db(error=None):
    """Close the connection, if the request made one."""
    connection = g.pop("db", None)
    if connection is not None:
        connection.close()


def init_db():
    """Make the tables anew."""
    with current_app.open_resource("schema.sql") as script:
        get_db().executescript(script.read().decode())


@click.command("init-db")
def init_db_command():
    """Drop what is in the database and make new tables."""
    init_db()
    click.echo("Initialized the database.")


def init_app(app):
    """Let the app close connections and know the command."""
    app.teardown_appcontext(close_db)
    app.cli.add_command(init_db_command)
