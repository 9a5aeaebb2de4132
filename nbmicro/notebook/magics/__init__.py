"""The magics: a module for each, named as it is, with all that it does; what they share is in ``magic.py``.

What must not be here: an import at the head of a module that a magic needs only when it is used. Loading the extension
imports every one of these modules.
"""

from __future__ import annotations

from importlib import import_module

from nbmicro.notebook.magics.magic import MAGICS as MAGICS

for _name in (
    "route",
    "http",
    "template",
    "static",
    "routes",
    "exchanges",
    "trace",
    "bench",
    "app",
    "serve",
    "browse",
    "explore",
    "nbmicro",
):
    import_module(f"{__name__}.{_name}")
