"""Public test support: a real kernel, the nbval sanitizers, and what else a test of a notebook needs.

What lives here may import every other layer; no other layer may import this one. Importing it starts nothing, and needs
no test tool: those are imported by the submodule that uses them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

NBVAL_SANITIZE: Final = Path(__file__).with_name("nbval_sanitize.cfg")
"""The sanitizers for nbval: what a cell of nbmicro shows that may differ from run to run, as a file for
``pytest --nbval --nbval-sanitize-with``."""
