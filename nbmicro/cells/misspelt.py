"""A magic that is nearly one of ours: `%%rout`, `%htpp`, `%%routes` with a cell below."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from nbmicro.cells.ipython_syntax import magic_statements
from nbmicro.errors import CellError
from nbmicro.printable import did_you_mean

_MAYBE = re.compile(r"(?:^|=)[ \t]*(%%?)(\w+)", re.MULTILINE)


def refuse_misspelt(text: str, ours: Mapping[str, Collection[str]], known: Mapping[str, Collection[str]]) -> None:
    """Refuse a cell with a magic that nobody knows and that is near one of ours.

    Parameters
    ----------
    text:
        The cell.
    ours, known:
        The names of our magics and of all, by ``"line"`` and ``"cell"``.

    Raises
    ------
    CellError
        With the line as it is meant.
    """
    kinds = {"%": "line", "%%": "cell"}
    if all(name in known[kinds[sign]] for sign, name in _MAYBE.findall(text)):
        return
    first = text.lstrip()
    # Below a `%%` line stands what its magic reads: bash, TeX, a request.
    for statement in magic_statements(first.partition("\n")[0] if first.startswith("%%") else text):
        kind = kinds.get(statement.kind)
        if kind is None or statement.name in known[kind]:
            continue
        meant = _meant(statement.kind, statement.name, ours)
        if meant is not None:
            written = f"{statement.kind}{statement.name}"
            raise CellError(
                f"there is no magic `{written}`.",
                hint=f"Did you mean  {meant}{f' {statement.rest}' if statement.rest else ''}",
                line=statement.line,
            )


def _meant(sign: str, name: str, ours: Mapping[str, Collection[str]]) -> str | None:
    other = "line" if sign == "%%" else "cell"
    same = "cell" if sign == "%%" else "line"
    if name.lower() in ours[same]:
        return f"{sign}{name.lower()}"
    if name.lower() in ours[other]:
        # `%%routes` with a cell below is a misspelt `%%route`, `%route /x` one that lacks a sign.
        near = did_you_mean(name, ours[same], 0.85) if sign == "%%" else None
        return f"{sign}{near}" if near else f"{'%' if sign == '%%' else '%%'}{name.lower()}"
    near = did_you_mean(name.lower(), ours[same], 0.7)
    if near:
        return f"{sign}{near}"
    near = did_you_mean(name.lower(), ours[other], 0.8)
    return f"{'%' if sign == '%%' else '%%'}{near}" if near else None
