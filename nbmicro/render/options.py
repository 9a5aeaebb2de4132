"""Which parts of an exchange are drawn, and how much of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nbmicro.errors import OptionError
from nbmicro.printable import did_you_mean

#: What ``--show`` may name.
SHOW_PARTS = ("request", "curl", "headers", "body", "checks", "trace", "time", "all", "none")

_DEFAULT = frozenset({"body", "checks"})


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What a rendering shows.

    Parameters
    ----------
    show:
        Parts of :data:`SHOW_PARTS`. The status line, Location, the names of cookies, what the handler printed and
        logged, an error and a failed check are shown whatever it says; with ``none`` nothing is.
    lines:
        Lines of a body that are shown before it is cut.
    secrets:
        Whether secret values are shown as they are.
    """

    show: frozenset[str] = _DEFAULT
    lines: int = 40
    secrets: bool = False

    @classmethod
    def parse(cls, parts: str | Iterable[str]) -> RenderOptions:
        """Read ``--show``'s value: names with commas or spaces between.

        Raises :class:`~nbmicro.errors.OptionError` for a name that is none of :data:`SHOW_PARTS`.
        """
        names = [name for name in re.split(r"[,\s]+", parts if isinstance(parts, str) else " ".join(parts)) if name]
        for name in names:
            if name not in SHOW_PARTS:
                close = did_you_mean(name, SHOW_PARTS)
                raise OptionError(
                    f"`{name}` is no part of an exchange that can be shown" + (f"; `{close}` is." if close else "."),
                    hint=f"The parts: {' '.join(SHOW_PARTS)}",
                )
        if "all" in names:
            return cls(frozenset(SHOW_PARTS) - {"all", "none"})
        return cls(frozenset(names) or _DEFAULT)

    @property
    def silent(self) -> bool:
        """Whether nothing is shown at all."""
        return self.show == {"none"}
