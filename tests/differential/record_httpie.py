"""Renews httpie_items.json: ``python -m tests.differential.record_httpie [HTTP]`` at the root of the project.

HTTP is HTTPie's program (``python3 -m venv here && here/bin/pip install httpie``); without it ``http`` is
looked for on the path.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.differential.curl_corpus import write_files
from tests.differential.httpie_corpus import EXPECTED, OWN, ItemLine, read_item_lines
from tests.support.sent_requests import Sent, comparable

SECONDS = 60


def find_httpie(program: str | None = None) -> str | None:
    """The program that was named, or the one on the path."""
    return shutil.which(program or "http")


def sent_by_httpie(program: str, line: ItemLine, folder: Path) -> Sent | str:
    """What HTTPie would send for a line, comparable; else its error's words."""
    words = ["http://localhost:5000" + word if word.startswith("/x") else word for word in shlex.split(line.text)]
    done = subprocess.run(
        [program, "--offline", "--print=HB", "--pretty=none", "--ignore-stdin", *words],
        cwd=folder,
        env={**os.environ, "HTTPIE_CONFIG_DIR": str(folder / ".httpie")},
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        return done.stderr.decode("utf-8", "replace")
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    first, *headers = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs: dict[str, str] = {}
    for header in headers:
        name, _, value = header.partition(":")
        key = name.strip().lower()
        pairs[key] = f"{pairs[key]}, {value.strip()}" if key in pairs else value.strip()
    return comparable(Sent(method, target, tuple(pairs.items()), body), defaults=OWN)


def main() -> None:
    program = find_httpie(sys.argv[1] if len(sys.argv) > 1 else None)
    if program is None:
        raise SystemExit("HTTPie is not here: pip install httpie, and name its program")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    lines: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        write_files(Path(place))
        for name, line in read_item_lines().items():
            sent = sent_by_httpie(program, line, Path(place))
            lines[name] = {"error": sent.strip().split("\n")} if isinstance(sent, str) else sent.as_json()
    text = json.dumps({"httpie": version, "lines": lines}, indent=1, ensure_ascii=False)
    EXPECTED.write_text(text + "\n", "utf-8")
    print(f"{len(lines)} lines of HTTPie {version}")


if __name__ == "__main__":
    main()
