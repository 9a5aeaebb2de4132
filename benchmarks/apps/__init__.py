"""The same small apps in each framework: every module has ``make()``, which gives a WSGI app for each case it knows."""

from __future__ import annotations

from pathlib import Path

__all__ = ["HOOK_HEADER", "ROWS", "TEMPLATES"]

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
ROWS = [{"id": number, "name": f"Name <{number}>", "mail": f"mail{number}@example.org"} for number in range(20)]
HOOK_HEADER = ("X-Hook", "1")
