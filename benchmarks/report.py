"""What the benchmarks print: tables of text, and a line on the machine they ran on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

__all__ = ["about_this_run", "figure", "table", "times"]

PACKAGES = ("nbmicro", "flask", "werkzeug", "falcon", "bottle", "jinja2", "ipykernel", "waitress")


def about_this_run() -> str:
    """The interpreter, the packages and how busy the machine is."""
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(f"{name} is not installed")
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"Python {platform.python_version()}, {os.cpu_count()} CPUs{load}; {', '.join(versions)}"


def figure(value: float | None) -> str:
    """A number with three digits that count; a dash for none."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def times(ratio: float | None) -> str:
    """A ratio, with its sign."""
    return "" if ratio is None else f"{figure(ratio)}×"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> str:
    """A table with a title; the first column is to the left, the others to the right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def laid_out(line: Sequence[str]) -> str:
        cells = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        return "  ".join([line[0].ljust(widths[0]), *cells]).rstrip()

    rule = "  ".join("-" * width for width in widths)
    text = "\n".join([title, "", laid_out(head), rule, *(laid_out(row) for row in rows)])
    return f"{text}\n\n{note}" if note else text
