"""``nbmicro export FILE -o OUT``: a notebook as a Python module."""

from __future__ import annotations

from pathlib import Path

import click

from nbmicro.cli.files import write_files
from nbmicro.errors import LoadError, OptionError
from nbmicro.export.notebook_export import Exported, export_notebook, reject_name
from nbmicro.export.request_text import FOLDER


@click.command()
@click.argument("file")
@click.option(
    "-o",
    "--output",
    metavar="OUT.py",
    help="The module to write. Without it the module is printed, with its templates in it.",
)
@click.option("--tests", is_flag=True, help="Also write test_OUT.py: the notebook's requests and checks as tests.")
@click.option("--inline", is_flag=True, help="Keep templates and static files in the module, not in folders beside it.")
@click.option("--flask", is_flag=True, help="Write it for Flask alone: the module needs nbmicro no more.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def export(file: str, output: str | None, tests: bool, inline: bool, flask: bool, force: bool) -> None:
    """Write a notebook as a Python module, as a person would have.

    FILE is a notebook (app.ipynb). The cells that a served notebook runs become the module: a %%route cell a function,
    a %%template cell a file in templates/ beside the module, a title a comment. Cells that only look are left out.

    \b
    The module:              nbmicro export app.ipynb -o app.py
    With tests:              nbmicro export app.ipynb -o app.py --tests
    Without nbmicro:         nbmicro export app.ipynb -o app.py --flask
    A package, as above:     nbmicro export app.ipynb -o shop/ --flask --tests
    And then:                gunicorn app:app     pytest test_app.py

    A notebook that speaks to another module's app (%app shop:app) becomes tests of that app, and no module.
    """
    path = Path(file)
    if path.suffix != ".ipynb":
        raise LoadError(f"{file} is no notebook, and only a notebook is exported.", hint="Name one:  app.ipynb")
    if flask and (inline or output is None):
        raise OptionError(
            "Flask has templates and static files in folders alone, beside a module.",
            hint=f"nbmicro export {file} --flask -o {path.stem}.py",
        )
    if output is None:
        if tests:
            raise OptionError("--tests needs a module that they import.", hint=f"Add:  -o {path.stem}.py")
        click.echo(export_notebook(path, path.with_suffix(".py"), inline=True).module, nl=False)
        return
    out = Path(output)
    package = flask and out.suffix == ""
    if not package and out.suffix != ".py":
        raise OptionError(f"{output} is no name of a module.", hint=f"Add its ending:  -o {output}.py")
    exported = export_notebook(path, out, inline=inline, tests=tests, flask=flask, package=package)
    if exported.module:
        reject_name(out.stem, exported.module)
    files = _package(exported, out) if package else _files(exported, out)
    write_files(files, inputs=[path], force=force)
    for target in files:
        click.echo(f"wrote {target}")
    for note in exported.notes:
        click.echo(note, err=True)
    if tests and exported.tests is None:
        click.echo("The notebook sends no request, so there are no tests.", err=True)


def _files(exported: Exported, out: Path) -> dict[Path, bytes]:
    files = {out: exported.module.encode()} if exported.module else {}
    if exported.tests is not None:
        files[out.with_name(f"test_{out.name.removeprefix('test_')}")] = exported.tests.encode()
    return {**files, **{out.parent / name: content for name, content in exported.files.items()}}


def _package(exported: Exported, out: Path) -> dict[Path, bytes]:
    """The files of a package; its tests, and what they send, lie beside it."""
    files = {out / "__init__.py": exported.module.encode()}
    if exported.tests is not None:
        files[out.with_name(f"test_{out.name}.py")] = exported.tests.encode()
    for name, content in exported.files.items():
        files[(out.parent if name.startswith(f"{FOLDER}/") else out) / name] = content
    return files
