"""The command ``nbmicro``: a notebook, a file or a module, served or looked at without a notebook.

What lives here: one module for each command, with its help and what it prints. What must not: loading or serving; a
command parses and calls.
"""

from nbmicro.cli.commands import main as main
