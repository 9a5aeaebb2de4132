"""nbmicro's magics in one table: where each may stand, what it is to a served notebook, and what its line takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class MagicKind:
    """A magic of nbmicro.

    Parameters
    ----------
    form:
        Whether it is ``%name``, ``%%name`` or both.
    effect:
        What it is to a served notebook: it ``"declares"``, it ``"chooses"`` the app, or it only ``"looks"`` and is
        skipped.
    takes:
        What its line begins with, for completion: a ``"request"`` as for ``%http``, a ``"path"``, and so on.
    """

    form: Literal["line", "cell", "line_cell"]
    effect: Literal["declares", "chooses", "looks"]
    takes: Literal["rule", "request", "template", "file", "path", "app", "word", ""] = ""


MAGIC_KINDS: dict[str, MagicKind] = {
    "route": MagicKind("cell", "declares", "rule"),
    "http": MagicKind("line_cell", "looks", "request"),
    "template": MagicKind("cell", "declares", "template"),
    "static": MagicKind("cell", "declares", "file"),
    "routes": MagicKind("line", "looks", "path"),
    "exchanges": MagicKind("line", "looks"),
    "trace": MagicKind("line", "looks", "request"),
    "bench": MagicKind("line", "looks", "request"),
    "app": MagicKind("line", "chooses", "app"),
    "serve": MagicKind("line", "looks"),
    "browse": MagicKind("line", "looks", "path"),
    "explore": MagicKind("line", "looks", "path"),
    "nbmicro": MagicKind("line", "looks", "word"),
}
"""By name, in the order that they are registered and documented."""

CELL_MAGICS = tuple(name for name, magic in MAGIC_KINDS.items() if magic.form != "line")
REQUEST_MAGICS = tuple(name for name, magic in MAGIC_KINDS.items() if magic.takes == "request")
