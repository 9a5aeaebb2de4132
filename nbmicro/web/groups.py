"""Groups of commands that run with an app."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nbmicro.web.appfinding import ScriptInfo
from nbmicro.web.contexts import current_context

if TYPE_CHECKING:
    from nbmicro.web.app import App

__all__ = ["AppCommands", "AppGroup", "pass_script_info", "with_appcontext"]

F = TypeVar("F", bound=Callable[..., Any])

pass_script_info = click.make_pass_decorator(ScriptInfo, ensure=True)
"""Gives the :class:`ScriptInfo` to a command as its first argument."""


def with_appcontext(f: F) -> F:
    """Run a command's function in the context of the app that the command line is for."""

    @click.pass_context
    def decorated(context: click.Context, /, *args: Any, **kwargs: Any) -> Any:
        if current_context() is None:
            app = context.ensure_object(ScriptInfo).load_app()
            context.with_resource(app.app_context())
        return context.invoke(f, *args, **kwargs)

    return update_wrapper(decorated, f)  # type: ignore[return-value]


class AppGroup(click.Group):
    """A group whose commands run in the app's context."""

    def command(self, *args: Any, **kwargs: Any) -> Any:
        """As of :meth:`click.Group.command`; ``with_appcontext=False`` runs the function without the context."""
        wanted = kwargs.pop("with_appcontext", True)

        def decorator(f: Callable[..., Any]) -> click.Command:
            command: click.Command = click.Group.command(self, *args, **kwargs)(with_appcontext(f) if wanted else f)
            return command

        # Written without parentheses, the decorator is given the function itself.
        if len(args) == 1 and callable(args[0]) and not isinstance(args[0], type):
            function, args = args[0], ()
            return decorator(function)
        return decorator

    def group(self, *args: Any, **kwargs: Any) -> Any:
        """As of :meth:`click.Group.group`; the group is an :class:`AppGroup` as well."""
        kwargs.setdefault("cls", AppGroup)
        return super().group(*args, **kwargs)


class AppCommands(AppGroup):
    """The commands of one app: its own, and those of its blueprints as they are now.

    A blueprint's commands are in a group of the blueprint's name, or of the ``cli_group`` that was given when it was
    made or registered; with ``cli_group=None`` they stand beside the app's.

    Parameters
    ----------
    app:
        The app.
    extra:
        Of :class:`click.Group`.
    """

    def __init__(self, app: App, **extra: Any) -> None:
        super().__init__(**{"name": app.name, **extra})
        self.app = app

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        return super().get_command(ctx, cmd_name) or self._of_blueprints().get(cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*super().list_commands(ctx), *self._of_blueprints()})

    def _of_blueprints(self) -> dict[str, click.Command]:
        found: dict[str, click.Command] = {}
        for name, blueprint in self.app.blueprints.items():
            group: click.Group = blueprint.cli
            if not group.commands:
                continue
            # What is said at the registration comes before what is said by the blueprint.
            group_name = blueprint.cli_group if blueprint.has_cli_group else name
            state = self.app.__dict__.get("_setup_states", {}).get(name)
            if state is not None:
                group_name = state.options.get("cli_group", group_name)
            if group_name is None:
                found.update(group.commands)
            else:
                group.name = group_name
                found[group_name] = group
        return found
