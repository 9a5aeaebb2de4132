"""The command: ``python -m benchmarks [TABLE…] [--quick]``."""

from __future__ import annotations

import argparse
import logging
from importlib import import_module

from benchmarks.report import about_this_run

TABLES = {
    "dispatch": "one request in process, beside raw WSGI, Falcon, Bottle, Werkzeug and Flask",
    "routes": "ten thousand routes: building, matching, and a cell that runs again",
    "client": "the in-process client, beside Flask's test client and Werkzeug's",
    "cell": "a %http cell beside one that displays, and %load_ext, in real kernels",
    "attack": "a served notebook under attack: refusals, other clients, memory",
    "browse": "a thousand pages through %browse, in a real JupyterLab: the memory of kernel and page",
    "exchanges": "ten thousand exchanges: the memory of the kernel",
    "growth": "two thousand cells that run: memory, open files, threads, and the time of a cell",
    "trace": "a request that is traced, and one that is not",
    "server": "the background server of an idle kernel, beside Flask's development server",
}


def main() -> None:
    """Print the tables that were asked for; all of them if none was."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure nbmicro beside others. Ratios count; figures are this machine's.",
        epilog="\n".join(f"{name:10}{text}" for name, text in TABLES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"{', '.join(TABLES)}; all of them by default")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a first look in seconds")
    options = parser.parse_args()
    unknown = [name for name in options.tables if name not in TABLES]
    if unknown:
        parser.error(f"no table {unknown[0]!r}; there are {', '.join(TABLES)}")
    logging.disable(logging.CRITICAL)
    print(about_this_run())
    for name in options.tables or TABLES:
        print(f"\n{import_module(f'benchmarks.{name}').measure(quick=options.quick)}", flush=True)


if __name__ == "__main__":
    main()
