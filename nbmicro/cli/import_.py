"""``nbmicro import API.http -o NB.ipynb``: the requests of a file as a notebook."""

from __future__ import annotations

from pathlib import Path

import click

from nbmicro.cli.files import write_files
from nbmicro.errors import LoadError, OptionError
from nbmicro.importing.notebook import import_notebook

_ENDINGS = (".http", ".rest", ".hurl")
_SOME_SKIPPED = 3


@click.command("import")
@click.argument("file")
@click.option("-o", "--output", metavar="NB.ipynb", help="The notebook to write; without it API.ipynb beside API.http.")
@click.option("--app", metavar="TARGET", help="What the requests go to, as %app takes it: shop:create_app()")
@click.option("--env", metavar="NAME", help="The environment that gives the variables, where the files have several.")
@click.option("--force", is_flag=True, help="Replace a notebook that is there already.")
@click.pass_context
def import_(ctx: click.Context, file: str, output: str | None, app: str | None, env: str | None, force: bool) -> None:
    """Make a notebook of a file of requests.

    FILE is an .http or .rest file as VS Code's REST Client and JetBrains' client write it, or a .hurl file. Each
    request becomes a %%http cell; variables become Python; requests to other machines become requests to the app. What
    cannot be taken over stands in its cell as a comment, with what to write instead, and is printed with its line.

    Variables come from environments too: those of http-client.env.json (with its .user file, or with
    http-client.private.env.json) and of the REST Client in .vscode/settings.json, beside FILE or above it. Secrets are
    not written into the notebook: its cell reads them from the environment of the process, or asks for them.

    \b
    A notebook beside it:    nbmicro import api.http
    Asking an app:           nbmicro import api.http -o tests/api.ipynb --app shop:app
    With variables:          nbmicro import api.http --env dev

    The exit code is 0 when all was taken over, 3 when some lines were not, 1 when nothing was written.
    """
    source = Path(file)
    if source.suffix.lower() not in _ENDINGS:
        raise LoadError(f"{file} is no file of requests.", hint=f"One ends in {' '.join(_ENDINGS)}")
    out = Path(output) if output is not None else source.with_suffix(".ipynb")
    if out.suffix != ".ipynb":
        raise OptionError(f"{out} is no name of a notebook.", hint=f"Add its ending:  -o {out}.ipynb")
    made = import_notebook(source, out, app=app, environment=env)
    if not made.requests:
        for note in made.notes:
            click.echo(f"{source.name}, line {note.line}: {note.text}", err=True)
        raise LoadError("no request of it could be taken over, and nothing was written.", where=source.name)
    write_files({out: made.text.encode()}, inputs=[source], force=force)
    click.echo(f"wrote {out}: {made.requests} request{'s' if made.requests != 1 else ''}")
    for note in made.notes:
        what = "not taken over: " if note.is_skipped else ""
        click.echo(f"{source.name}, line {note.line}: {what}{note.text}", err=note.is_skipped)
        if note.is_skipped and note.hint:
            click.echo("".join(f"    {line}\n" for line in note.hint.split("\n")), err=True, nl=False)
    if made.skipped:
        ctx.exit(_SOME_SKIPPED)
