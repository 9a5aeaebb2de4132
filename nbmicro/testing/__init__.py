"""Public test support: a real kernel, the nbval sanitizers, and what else a test of a notebook needs.

It may import every other layer, and no other layer may import it. Importing it starts nothing. What must not be here:
an import of a test tool; the submodule that uses one imports it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

NBVAL_SANITIZE: Final = Path(__file__).with_name("nbval_sanitize.cfg")
"""The sanitizers for nbval: what a cell of nbmicro shows that may differ from run to run, as a file for
``pytest --nbval --nbval-sanitize-with``."""
