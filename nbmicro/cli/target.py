"""What every command says of the FILE that it takes."""

from __future__ import annotations

FILE = """FILE is a notebook (app.ipynb), a Python file (app.py) or a module (shop, shop:app, shop:create_app())."""
