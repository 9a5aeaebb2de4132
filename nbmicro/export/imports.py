"""The imports of a module, gathered from many cells: each name once, in the order that isort and ruff give them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

_WIDTH = 88
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Imported:
    """One name that an import binds.

    Parameters
    ----------
    module:
        The module as it is written, with the dots of a relative import.
    name:
        What is taken from it; None for ``import module``.
    alias:
        What follows ``as``.
    remark:
        A comment for the linter that stands behind it.
    """

    module: str
    name: str | None = None
    alias: str | None = None
    remark: str = ""

    @property
    def binds(self) -> str:
        """The name it is known by."""
        return self.alias or self.name or self.module.partition(".")[0]


def imported_names(node: ast.Import | ast.ImportFrom) -> Iterator[Imported]:
    """The names that an import statement binds; ``*`` is one."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield Imported(alias.name, None, alias.asname)
        else:
            yield Imported("." * node.level + (node.module or ""), alias.name, alias.asname)


def root_of(module: str) -> str:
    """The package a module belongs to."""
    return module.partition(".")[0]


def is_local(module: str, local: Collection[str]) -> bool:
    """Whether a module stands beside the notebook."""
    return module.startswith(".") or root_of(module) in local


def written(imports: Iterable[Imported], local: Collection[str]) -> str:
    """The import statements, sorted: the standard library, what is installed, what stands beside the notebook.

    Parameters
    ----------
    imports:
        What is imported; the same twice is written once.
    local:
        The names of the modules beside the notebook.
    """
    sections: list[list[Imported]] = [[], [], [], []]
    for one in dict.fromkeys(imports):
        sections[_section(one.module, local)].append(one)
    return "\n\n".join(_lines(section) for section in sections if section)


def _section(module: str, local: Collection[str]) -> int:
    if module == "__future__":
        return 0
    if is_local(module, local):
        return 3
    return 1 if root_of(module) in sys.stdlib_module_names else 2


def _lines(section: list[Imported]) -> str:
    plain = sorted({_plain(one): one for one in section if one.name is None}, key=_natural)
    modules = sorted({one.module for one in section if one.name is not None}, key=_natural)
    lines = list(plain)
    for module in modules:
        lines += _from(module, [one for one in section if one.module == module and one.name is not None])
    return "\n".join(lines)


def _plain(one: Imported) -> str:
    return f"import {one.module}" + (f" as {one.alias}" if one.alias else "") + one.remark


def _from(module: str, found: list[Imported]) -> Iterator[str]:
    """The statements that take names from a module: plain ones together, others each on a line, by their first name."""
    together = [one for one in found if not one.alias and one.name != "*"]
    lines: list[tuple[str, str]] = []
    for one in found:
        if one not in together:
            name = one.name or ""
            lines.append(
                (name, f"from {module} import {name}" + (f" as {one.alias}" if one.alias else "") + one.remark)
            )
    for remark in sorted({one.remark for one in together}):
        names = sorted({one.name or "" for one in together if one.remark == remark}, key=_member)
        line = f"from {module} import {', '.join(names)}{remark}"
        if len(line) > _WIDTH and not remark:
            line = f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
        lines.append((names[0], line))
    yield from (line for _, line in sorted(lines, key=lambda one: _member(one[0])))


def _member(name: str) -> tuple[int, list[tuple[int, str]]]:
    """Constants before classes before the rest."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, _natural(name)


def _natural(text: str) -> list[tuple[int, str]]:
    """The key of a text among others: numbers in it count as numbers, capitals as small letters."""
    return [(int(part), "") if part.isdigit() else (0, part.lower()) for part in _DIGITS.split(text)]
