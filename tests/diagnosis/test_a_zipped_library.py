"""A standard library in a zip file, as a browser's Python (Pyodide) has it, is a library's code and not the user's."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os
os.__file__ = "/lib/python314.zip/os.py"
from nbmicro.diagnosis.user_code import is_users
print(is_users("/lib/python314.zip/functools.py"), is_users("/drive/shop.py"))
"""


def test_a_zipped_standard_library_is_no_users_code() -> None:
    """%trace shows none of its functions as a hook, and an error none of its lines."""
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert run.stdout == "False True\n", run.stderr
