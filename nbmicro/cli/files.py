"""The FILE that a command takes, the app that it stands for with its commands, and the files that are written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

import click

from nbmicro.errors import LoadError, OptionError
from nbmicro.loading.loader import Loaded, load_target
from nbmicro.web.app import App
from nbmicro.web.commands.cli import enter_app
from nbmicro.web.commands.dotenv import load_dotenv, wants_dotenv
from nbmicro.web.commands.finding import ScriptInfo

FILE = """FILE is a notebook (app.ipynb), a Python file (app.py) or a module (shop, shop:app, shop:create_app())."""


def load_app(target: str, only: str, hint: str | None = None) -> tuple[Loaded, App]:
    """What ``target`` stands for, and its app.

    Parameters
    ----------
    target:
        The FILE.
    only, hint:
        What is said where the app is another framework's: what an nbmicro app alone can do, and what to do instead.

    Raises
    ------
    LoadError
        It cannot be loaded, or is no nbmicro app.
    """
    loaded = load_target(target)
    if isinstance(loaded.app, App):
        return loaded, loaded.app
    kind = type(loaded.app)
    raise LoadError(f"{loaded.name} makes a {kind.__module__}.{kind.__qualname__}, and only {only}", hint=hint)


def app_command(ctx: click.Context, target: str, name: str) -> click.Command | None:
    """The command ``name`` of the app that ``target`` stands for, whose context is entered; None for no such name.

    Raises nbmicro.errors.LoadError where the app cannot be loaded, or is another framework's.
    """
    app = _app_of(ctx, target)
    enter_app(ctx, app)
    command: click.Command | None = app.cli.get_command(ctx, name)
    return command


def app_command_names(ctx: click.Context, target: str) -> list[str]:
    """The names of the app's commands. Raises as :func:`app_command` does."""
    names: list[str] = _app_of(ctx, target).cli.list_commands(ctx)
    return names


def _app_of(ctx: click.Context, target: str) -> App:
    """The app, loaded once for a command line; its commands run for it."""
    if isinstance(ctx.obj, ScriptInfo):
        return ctx.obj.load_app()
    if wants_dotenv():
        load_dotenv()
    app = load_app(target, "an nbmicro app has commands here.", "Use that framework's own command line.")[1]
    ctx.obj = ScriptInfo(app_import_path=target, create_app=lambda: app, set_debug_flag=False)
    return app


def write_files(
    files: Mapping[Path, bytes],
    *,
    inputs: Iterable[Path] = (),
    force: bool = False,
    is_own: Callable[[bytes], bool] = lambda content: False,
) -> None:
    """Write files, all of them or none; folders that are missing are made.

    Each is written whole to a name beside its own and then renamed, so that a full disk costs no file that is there.

    Parameters
    ----------
    files:
        The content of each.
    inputs:
        What the command reads, which is never replaced.
    force:
        Whether files that are there with another content are replaced.
    is_own:
        Whether such a file, by its content, is one that the command wrote before, and is replaced without ``force``.

    Raises
    ------
    OptionError
        One would replace an input, or a file that is there, or cannot be written. Nothing was written then.
    """
    read = {path.resolve() for path in inputs}
    if any(path.resolve() in read for path in files):
        path = next(path for path in files if path.resolve() in read)
        raise OptionError(f"{path} is what is read here, and is not replaced.", hint="Name another file:  -o FILE")
    there = {path: path.read_bytes() for path in files if path.is_file()}
    other = [str(path) for path, content in there.items() if content != files[path] and not is_own(content)]
    if other and not force:
        raise OptionError(
            f"{', '.join(other)} {'is' if len(other) == 1 else 'are'} there already. Nothing was written.",
            hint="To replace what is there:  --force   or write to another place:  -o build/NAME",
        )
    written: dict[Path, Path] = {}
    path = Path()
    try:
        for path, content in files.items():
            target = path.resolve()  # Where it is a link, the file that it leads to is replaced.
            target.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
                written[target] = Path(file.name)
                file.write(content)
            written[target].chmod(target.stat().st_mode if target.exists() else 0o666 & ~_umask())
        for path, beside in written.items():
            beside.replace(path)
    except OSError as error:
        for beside in written.values():
            beside.unlink(missing_ok=True)
        raise OptionError(
            f"{path} cannot be written: {error.strerror or error}.", hint="Name another place:  -o FOLDER/NAME"
        ) from None


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
