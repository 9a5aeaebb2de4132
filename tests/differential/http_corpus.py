"""The files of requests in ``http_files.txt``, and what is expected of each."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from tests.differential.curl_corpus import write_files
from tests.support.sent_requests import Sent

HERE = Path(__file__).parent
EXPECTED = HERE / "http_files.json"
_TIDY = re.compile(r"\n(?:\n|##? [^\n]*\n)*\Z")
_MARKS = {"<CR>": "\r", "<BOM>": "\ufeff", "<EMPTY>": ""}
_MORE_FILES = {
    "template.json": b'{"name": "{{who}}"}\n',
    "other.http": b"GET http://localhost:5000/other\n",
    "handler.js": b"client.log('done')\n",
    ".env": b"DOTENV_NAME=from-dotenv\n",
}
#: What is another value in each run, and what stands for it.
_CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"20\d\d-\d\d-\d\dT\d\d(?::|%3A)\d\d(?::|%3A)\d\d(?:\.\d+)?(?:Z|%2B00(?::|%3A)00|\+00:00)"), "ISO"),
    (re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d"), "LOCAL ISO"),
    (re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d"), "DATE TIME"),
    (re.compile(r"20\d\d-\d\d-\d\d"), "DATE"),
    (re.compile(r"\d\d-\d\d-20\d\d"), "DAY-MONTH-YEAR"),
    (re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} 20\d\d \d\d:\d\d:\d\d GMT"), "RFC1123"),
    (re.compile(r"\d{1,2}/\d{1,2}/\d\d \d{1,2}:\d\d [AP]M"), "D/M/YY h:mm A"),
    (re.compile(r"\b\d\d:\d\d [AP]M"), "hh:mm tt"),
    (
        re.compile(
            r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
            r" \d{1,2}[a-z]{2}\b"
        ),
        "MMMM Do",
    ),
    (re.compile(r"\b1[789]\d{8}\b"), "SECONDS"),
    (re.compile(r"(?<=/users/)[56]\b"), "5 or 6"),
)


@dataclass(frozen=True)
class HttpFile:
    """One entry of the corpus; the refusals are words of what nbmicro says, ``own`` the tool whose manual counts."""

    name: str
    text: str
    file_refused: str | None = None
    import_refused: str | None = None
    is_changing: bool = False
    own: str | None = None
    suffix: str = ".http"


def read_http_files() -> dict[str, HttpFile]:
    """The files by their names."""
    found: dict[str, HttpFile] = {}
    for part in ("\n" + (HERE / "http_files.txt").read_text("utf-8")).split("\n=== ")[1:]:
        head, _, text = part.partition("\n")
        name, *marks = head.split(" | ")
        marked = {key.strip(): value.strip() for key, _, value in (mark.partition(":") for mark in marks)}
        assert name not in found, f"{name} stands twice"
        text = _TIDY.sub("\n", text + "\n")
        for mark, char in _MARKS.items():
            text = text.replace(mark, char)
        refused = marked.pop("refused", None)
        is_hurl = marked.pop("hurl", None) is not None
        found[name] = HttpFile(
            name,
            text,
            marked.pop("file refused", refused),
            marked.pop("import refused", refused),
            marked.pop("changing", None) is not None,
            marked.pop("own", None) or ("Hurl" if is_hurl else None),
            ".hurl" if is_hurl else ".http",
        )
        assert not marked, f"{name}: {marked}"
    return found


def write_http_file(file: HttpFile, folder: Path, origin: str = "localhost:5000") -> Path:
    """The file in a folder, with the files that it names; ``origin`` in the place of the app's."""
    write_files(folder)
    for name, content in _MORE_FILES.items():
        (folder / name).write_bytes(content)
    path = folder / f"{file.name}{file.suffix}"
    path.write_bytes(file.text.replace("localhost:5000", origin).encode())
    return path


def steady(file: HttpFile, sent: list[Sent]) -> list[Sent]:
    """Requests with names in the place of values that are others in each run."""
    if not file.is_changing:
        return sent
    return [
        replace(one, target=_named(one.target), headers=tuple((name, _named(value)) for name, value in one.headers))
        for one in sent
    ]


def _named(text: str) -> str:
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return text
