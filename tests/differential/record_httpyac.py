"""Renews http_files.json: ``python -m tests.differential.record_httpyac [FOLDER]`` at the root of the project.

FOLDER has httpYac (``npm install httpyac@6``, Node 20); without one ``httpyac`` is looked for on the path. Entries of
the corpus that have ``own: TOOL`` are left as they are: what stands there was written from that tool's manual.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.differential.curl_corpus import VARIABLES
from tests.differential.http_corpus import EXPECTED, HttpFile, read_http_files, steady, write_http_file
from tests.support.sent_requests import Recorder, Sent, comparable

SECONDS = 60
#: What httpYac adds by itself.
_OWN = (
    ("user-agent", "httpyac"),
    ("accept", r"\*/\*"),
    ("accept-encoding", "gzip, deflate, br"),
    ("host", r"localhost:5000|127\.0\.0\.1:\d+"),
)


def find_httpyac(folder: str | None = None) -> str | None:
    """The program, in a folder of npm or on the path."""
    return shutil.which("httpyac", path=str(Path(folder) / "node_modules" / ".bin") if folder else None)


@contextmanager
def recording() -> Iterator[Recorder]:
    recorder = Recorder()
    try:
        yield recorder
    finally:
        recorder.close()


def sent_by_httpyac(program: str, file: HttpFile, recorder: Recorder) -> list[Sent]:
    """What httpYac sends for a file, comparable."""
    origin = f"127.0.0.1:{recorder.port}"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = write_http_file(file, folder, origin)
        # There is no certificate here that it would take.
        path.write_bytes(path.read_bytes().replace(b"https://127.", b"http://127."))
        recorder.take()
        subprocess.run(
            [program, "send", path.name, "--all", "--output", "none", "--no-color"],
            cwd=folder,
            env={**os.environ, **VARIABLES, "HOME": place},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    sent = [comparable(one, defaults=_OWN) for one in recorder.take()]
    back = re.compile(re.escape(origin))
    return steady(file, [_with_origin(one, back) for one in sent])


def _with_origin(sent: Sent, back: re.Pattern[str]) -> Sent:
    headers = tuple((name, back.sub("localhost:5000", value)) for name, value in sent.headers)
    body = back.sub("localhost:5000", sent.body.decode("latin-1")).encode("latin-1")
    return replace(sent, target=back.sub("localhost:5000", sent.target), headers=headers, body=body)


def main() -> None:
    program = find_httpyac(sys.argv[1] if len(sys.argv) > 1 else None)
    if program is None:
        raise SystemExit("httpYac is not here: npm install httpyac@6, and name that folder")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    before = json.loads(EXPECTED.read_text("utf-8"))["files"] if EXPECTED.exists() else {}
    files: dict[str, Any] = {}
    with recording() as recorder:
        for name, file in read_http_files().items():
            if file.own is not None and name in before:
                files[name] = before[name]
            else:
                files[name] = [one.as_json() for one in sent_by_httpyac(program, file, recorder)]
            print(f"{name}: {len(files[name])}", flush=True)
    text = json.dumps({"httpyac": version, "files": files}, indent=1, ensure_ascii=False)
    EXPECTED.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
