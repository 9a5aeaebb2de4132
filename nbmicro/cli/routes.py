"""``nbmicro routes FILE``: the routes of an app as a table."""

from __future__ import annotations

import click

from nbmicro.cli.target import FILE
from nbmicro.errors import LoadError
from nbmicro.loading.loader import load_target
from nbmicro.web.app import App


@click.command(
    help=f"""Show the routes of an app: methods, rule, endpoint, and who declares it.

    {FILE}

    \b
    Of a notebook:   nbmicro routes app.ipynb
    Of a module:     nbmicro routes 'shop:create_app()'
    """
)
@click.argument("file")
def routes(file: str) -> None:
    loaded = load_target(file)
    if not isinstance(loaded.app, App):
        raise LoadError(
            f"{loaded.name} makes a {type(loaded.app).__module__}.{type(loaded.app).__qualname__}, "
            "and only the routes of an nbmicro app are known.",
            hint=f"In a notebook those of other frameworks are known too:  %app {file}   and then:  %routes",
        )
    rows = [(route.method_names, route.rule, route.endpoint, route.owner.label) for route in loaded.app.routes()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, row[3]]).rstrip())
