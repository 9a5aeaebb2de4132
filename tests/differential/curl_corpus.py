"""The curl commands of ``curl_commands.txt``, the files that they send, and the real curl that sends them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.support.sent_requests import Recorder, Sent, comparable

_HEAD = re.compile(r"=== (\S+)(.*)")
_TIDY = re.compile(r"\n(?:\n|##? [^\n]*\n|##? [^\n]*\Z)*\Z")
SECONDS = 20

FILES: dict[str, bytes] = {
    "a.png": b"\x89PNG\r\n\x1a\n\x00pixels",
    "a.txt": b"some text\n",
    "bin.dat": b"\x00\x01\xff\r\n\n\x00end",
    "body.json": '{"a": 1,\n "b": "ü"}\n'.encode(),
    "data.csv": b"a,b\n1,2\n",
    "data.txt": "first & line\nsecond=é\r\nend\n".encode(),
    "data.xml": b"<a/>\n",
    "empty.txt": b"",
    "form.txt": b"a=1&b=2\n",
    "headers.txt": b"X-From-File: yes\nX-Two: 2\n",
    "latin.txt": b"Zo\xeb\n",
    "note.md": b"# note\n",
    "page.html": b"<p>x</p>\n",
    "pic.jpg": b"\xff\xd8\xff",
    "README": b"read me\n",
    "report.pdf": b"%PDF-1.4\n",
    "sub/inner.txt": b"inner\n",
    "with space.txt": b"spaced\n",
}
#: The shell's variables that the commands read.
VARIABLES = {"TOKEN": "s3cret", "USER_ID": "42", "BASE_URL": "http://localhost:5000"}


@dataclass(frozen=True)
class Command:
    """One entry of the corpus; ``refused`` and ``cell_refused`` are words of the refusal, ``twin`` the name of the bash
    command that is meant."""

    name: str
    text: str
    refused: str | None = None
    cell_refused: str | None = None
    twin: str | None = None
    only: str | None = None

    @property
    def ways(self) -> tuple[str, ...]:
        return ("cell",) if self.only == "cell" or "\n" in self.text else ("line", "cell")

    def refusal(self, way: str) -> str | None:
        return self.refused or (self.cell_refused if way == "cell" else None)


def read_commands(file: Path) -> dict[str, Command]:
    """The commands by their names."""
    found: dict[str, Command] = {}
    for part in ("\n" + file.read_text("utf-8")).split("\n=== ")[1:]:
        head, _, text = part.partition("\n")
        name, *marks = head.split(" | ")
        marked = {key.strip(): value.strip() for key, _, value in (mark.partition(":") for mark in marks)}
        assert name not in found, f"{name} stands twice in {file.name}"
        found[name] = Command(
            name,
            _TIDY.sub("", text + "\n"),
            marked.pop("refused", None),
            marked.pop("cell refused", None),
            marked.pop("as", None),
            marked.pop("only", None),
        )
        assert not marked, f"{name}: {marked}"
    return found


def write_files(folder: Path) -> None:
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class RealCurl:
    """Runs commands in a shell; whatever host they name, curl asks the recorder."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.recorder = Recorder()
        self.folder, self.home = folder, home
        # The options of this file count as if they stood on every command line.
        (home / ".curlrc").write_text(f'connect-to = "::127.0.0.1:{self.recorder.port}"\nmax-time = {SECONDS}\n')
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        self.environ = {**kept, **VARIABLES, "CURL_HOME": str(home), "HOME": str(home)}

    @cached_property
    def version(self) -> str:
        return subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]

    def sends(self, command: str) -> list[Sent]:
        """What the command makes curl send, comparable."""
        # There is no certificate here that a curl would take; the scheme is no part of what is compared.
        script = re.sub(r"https(?=://(?:localhost|127\.))", "http", command)
        script = re.sub(r"^\s*\$ ", "", script).replace("curl.exe", "curl")
        self.recorder.take()
        # From a file: an argument of bash may be no longer than one of curl.
        (self.home / "command.sh").write_text(script, "utf-8")
        subprocess.run(
            ["bash", str(self.home / "command.sh")],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        own = [
            ("user-agent", re.escape(f"curl/{self.version}")),
            ("accept", r"\*/\*"),
            ("host", r"(?i)(?:localhost\.?|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+)?"),
        ]
        return [comparable(one, defaults=own) for one in self.recorder.take()]

    def close(self) -> None:
        self.recorder.close()


def why_no_curl() -> str | None:
    """Why the real curl cannot be asked here; None if it can."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        return "no curl, or no bash, on this machine"
    shown = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"curl (\d+)\.(\d+)", shown)
    if found is None or (int(found[1]), int(found[2])) < (7, 88):
        return f"this curl is older than 7.88: {shown[:20]}"
    return None
