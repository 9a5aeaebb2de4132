"""The names a template needs, and the errors of one that cannot be read."""

from __future__ import annotations

from jinja2 import TemplateSyntaxError, meta, nodes

from nbmicro.cells.resource_cell import TemplateCell
from nbmicro.errors import CellError
from nbmicro.web.app import App


def needed_names(app: App, cell: TemplateCell) -> list[str]:
    """The names that whoever renders the template must give, sorted.

    Raises nbmicro.errors.CellError with the cell's line for a template that Jinja cannot read.
    """
    environment = app.jinja_env
    try:
        tree: nodes.Template = environment.parse(cell.source, cell.name, cell.name)
        environment.compile(tree, cell.name, cell.name)
    except TemplateSyntaxError as error:
        line = error.lineno + 1  # below the %%template line
        shown = cell.source.splitlines()
        text = shown[error.lineno - 1].strip() if 0 < error.lineno <= len(shown) else ""
        raise CellError(
            f"{error.message}\n    {line} │ {text}",
            hint="The template declared before, if there was one, goes on serving.",
            where=f"%%template {cell.name}",
            line=line,
        ) from None
    given = {"request", "session", "g"}
    return sorted(meta.find_undeclared_variables(tree) - set(environment.globals) - given)
