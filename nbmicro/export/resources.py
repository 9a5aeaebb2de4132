"""Templates and static files of cells: as files beside a module, or in its text."""

from __future__ import annotations

import ast
import mimetypes

from nbmicro.cells.resource_cell import StaticCell, TemplateCell, parse_static_cell, parse_template_cell
from nbmicro.export.route_text import quoted
from nbmicro.export.survey import Survey


def files_of(survey: Survey) -> dict[str, bytes] | None:
    """The files that the template and static cells of the served app are, by path; None where it has no folders.

    A template's file ends with a newline, which Jinja takes away; a static file has the cell's bytes.
    """
    folders = folders_of(survey)
    if folders is None:
        return None
    templates, static = folders
    files: dict[str, bytes] = {}
    for unit in survey.units:
        cell = unit.step.resource
        if cell is None or unit.target != survey.target:
            continue
        if cell.name == "template":
            template = parse_template_cell(cell.line, cell.body)
            files[f"{templates}/{template.name}"] = template.source.encode()
        else:
            one = parse_static_cell(cell.line, cell.body)
            if mimetypes.guess_type(one.path)[0] is None:
                return None
            files[f"{static}/{one.path}"] = one.content
    return files


def folders_of(survey: Survey) -> tuple[str, str] | None:
    """The folders of templates and static files, relative to the module; None where they cannot be known."""
    folders = {"template_folder": "templates", "static_folder": "static"}
    for unit in survey.units:
        match unit.what:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if name == survey.target:
                for option in call.keywords:
                    if option.arg in (*folders, "root_path", None):
                        value = option.value
                        if option.arg not in folders or not isinstance(value, ast.Constant):
                            return None
                        if not isinstance(value.value, str) or value.value.startswith("/"):
                            return None
                        folders[option.arg] = value.value
    return folders["template_folder"], folders["static_folder"]


def inline_template(app: str, cell: TemplateCell) -> str:
    """The call that declares a template."""
    return f"{app}.add_template(\n    {quoted(cell.name)},\n    {_block(cell.source)},\n)"


def inline_static(app: str, cell: StaticCell) -> str:
    """The call that declares a static file."""
    text = _block(cell.content.decode())
    content = f"b{text}" if cell.content.isascii() else f"{text}.encode()"
    return f"{app}.add_static_file(\n    {quoted(cell.path)},\n    {content},\n    {quoted(cell.mimetype)},\n)"


def _block(text: str) -> str:
    if '"""' in text or "\\" in text or "\r" in text or (not text.isprintable() and "\n" not in text):
        return repr(text)
    end = "\\\n" if not text.endswith("\n") else ""
    return f'"""\\\n{text}{end}"""'
