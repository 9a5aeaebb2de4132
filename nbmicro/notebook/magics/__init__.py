"""The magics: a module for each, named as it is, with all that it does; what they share is in ``magic.py``.

Which there are, the table in ``cells/magics.py`` says.

What must not be here: an import at the head of a module that a magic needs only when it is used. Loading the extension
imports every one of these modules.
"""

from __future__ import annotations

from importlib import import_module

from nbmicro.cells.magics import MAGIC_KINDS
from nbmicro.notebook.magics.magic import MAGICS as MAGICS

for _name in MAGIC_KINDS:
    import_module(f"{__name__}.{_name}")
