"""What one owner has declared in one app or blueprint."""

from __future__ import annotations

from typing import Any

from nbmicro.web.declarations import GONE, Declaration
from nbmicro.web.owners import Owner


class Batch:
    """What one owner has declared in one ledger, in order."""

    __slots__ = ("claims", "declarations", "generation", "owner", "position", "run")

    def __init__(self, owner: Owner, position: int, run: int, generation: Any = None) -> None:
        self.owner = owner
        self.position = position
        self.run = run
        self.generation = generation
        self.declarations: list[Declaration] = []
        self.claims: dict[str, Any] = {}

    def add(self, declaration: Declaration) -> None:
        """Add a declaration, and what it claims."""
        self.declarations.append(declaration)
        self.claim(declaration)

    def claim(self, declaration: Declaration) -> None:
        """Note what a declaration claims."""
        if declaration.claim is None or declaration.holder is None:
            return
        # A function that is set by name takes the place of what was there.
        if declaration.kind == "view" or self.claims.get(declaration.claim, GONE) is GONE:
            self.claims[declaration.claim] = declaration.holder

    def copy(self, declarations: list[Declaration] | None = None) -> Batch:
        """A batch of the same owner and position, with these declarations (by default the same ones)."""
        new = Batch(self.owner, self.position, self.run, self.generation)
        for one in self.declarations if declarations is None else declarations:
            new.add(one)
        return new


Change = tuple[Batch | None, Batch | None]
"""What an owner had declared, and what it declares now."""
