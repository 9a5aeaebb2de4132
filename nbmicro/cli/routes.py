"""``nbmicro routes FILE``: the routes of an app as a table."""

from __future__ import annotations

import click

from nbmicro.cli.ending import ends_in_time
from nbmicro.cli.files import FILE, load_app
from nbmicro.printable import columns


@click.command(
    help=f"""Show the routes of an app: methods, rule, endpoint, and who declares it.

    {FILE}

    \b
    Of a notebook:   nbmicro routes app.ipynb
    Of a module:     nbmicro routes 'shop:create_app()'
    """
)
@click.argument("file")
@ends_in_time
def routes(file: str) -> None:
    hint = f"In a notebook those of other frameworks are known too:  %app {file}   and then:  %routes"
    _, app = load_app(file, "the routes of an nbmicro app are known.", hint)
    rows = [(route.method_names, route.rule, route.endpoint, route.owner.label) for route in app.routes()]
    for line in columns(rows):
        click.echo(line)
