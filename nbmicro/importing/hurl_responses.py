"""What Hurl expects of a response, in nbmicro's words: checks, captures, the version, the body."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nbmicro.http.media_types import is_json
from nbmicro.importing.rewrite import Numbered
from nbmicro.language.hurl import body_in_python, capture_in_python, check_in_python
from nbmicro.language.lines import COMMENT, FENCE, HEADER, REQUEST_BEHIND_RESPONSE, SEPARATOR, STATUS, section_name
from nbmicro.language.template import compiled

_VERSION = re.compile(r"HTTP/(?!1\.1)[0-9.]+")
_OPENS_TEXT = re.compile(r"```[^`]*\Z")
_XML = re.compile(r"<[?!A-Za-z]")
_FILE = re.compile(r"file,\s*(.*?)\s*;\s*\Z")


class Change(NamedTuple):
    """What became of a line: ``text`` says it; ``kept`` are the lines that could not be taken over."""

    line: int
    text: str
    hint: str | None = None
    kept: tuple[str, ...] = ()


def responses_of_hurl(lines: list[Numbered], *, is_hurl: bool) -> list[Change]:
    """Rewrite what is expected of responses where nbmicro has other words.

    ``lines`` are changed in place. In a file that ``is_hurl`` also where nbmicro would compare less than Hurl does.
    """
    walk = _Walk(lines, is_hurl)
    walk.run()
    lines[:] = walk.written
    return walk.changes


class _Walk:
    """Reads the lines one after the other, and writes them; ``state`` is the part of the response that it is in."""

    def __init__(self, lines: list[Numbered], is_hurl: bool) -> None:
        self.lines = list(lines)
        self.is_hurl = is_hurl
        self.position = 0
        self.written: list[Numbered] = []
        self.changes: list[Change] = []
        self._begin()

    def _begin(self) -> None:
        self.state = "request"
        self.asserts: int | None = None
        self.checks: list[Numbered] = []

    def run(self) -> None:
        while self.position < len(self.lines):
            line = self._take()
            text = line.text
            if REQUEST_BEHIND_RESPONSE.match(text) or SEPARATOR.match(text):
                self._put_checks()
                self._begin()
                self.written.append(line)
            elif FENCE.match(text):
                self.state = "behind the body" if self.state in {"headers", "body"} else self.state
                self.written += [line, *self._to(FENCE.match)]
            elif status := STATUS.match(text):
                self.state = "headers"
                self._status(line, status[1])
            elif name := section_name(text):
                self.state = name
                self.asserts = len(self.written) if name == "Asserts" else self.asserts
                self.written.append(line)
            elif COMMENT.match(text) or not text.strip():
                self.state = "body" if self.state == "headers" and not text.strip() else self.state
                self.written.append(line)
            elif self.state in {"Asserts", "Captures"}:
                self._entry(line)
            elif not self.is_hurl or self.state not in {"headers", "body"} or not self._is_written_otherwise(line):
                self.written.append(line)
        self._put_checks()

    def _take(self) -> Numbered:
        self.position += 1
        return self.lines[self.position - 1]

    def _to(self, is_last: Callable[[str], object]) -> Iterator[Numbered]:
        """The next lines, up to one that ends them."""
        while self.position < len(self.lines):
            line = self._take()
            yield line
            if is_last(line.text):
                return

    def _status(self, line: Numbered, code: str) -> None:
        if not self.is_hurl or not _VERSION.match(line.text):
            self.written.append(line)
            return
        self.written.append(Numbered(line.number, f"HTTP {code}"))
        message = f"the version of `{line.text.strip()}` is not checked: no network is crossed."
        self.changes.append(Change(line.number, message, f"Write  HTTP {code}", (line.text,)))

    def _entry(self, line: Numbered) -> None:
        """A line of ``[Asserts]`` or ``[Captures]``."""
        text = line.text.strip()
        if _OPENS_TEXT.search(text):
            kept = tuple(one.text for one in (line, *self._to(lambda text: "```" in text)))
            hint = 'Write it as a text of Python:  text == "one\\ntwo\\n"'
            self.changes.append(Change(line.number, "a value over several lines is not read here.", hint, kept))
            return
        name, query = "", text
        if self.state == "Captures":
            name, _, query = text.partition(":")
            name += ": "
        found = (capture_in_python if name else check_in_python)(query)
        if found is not None and found.python is not None:
            comment = f"  {found.comment}" if found.comment else ""
            python = f"{name}{found.python}"
            self.written.append(Numbered(line.number, python + comment))
            self.changes.append(Change(line.number, f"`{text}` is written `{python}`."))
        elif found is None or compiled(query) is None:
            # What is no Python the parser rejects, with the reason.
            self.written.append(line)
        else:
            message = f"`{text}` asks for what a response has not here."
            self.changes.append(Change(line.number, message, found.hint, (line.text,)))

    def _is_written_otherwise(self, line: Numbered) -> bool:
        """Whether a header or a body that is expected has other words here, and was written in them."""
        text = line.text.strip()
        if self.state == "headers" and (header := HEADER.match(line.text)):
            media_type = header[2].strip()
            # Without parameters a type fits one with any; JSON has none that mean something (RFC 8259).
            if header[1].lower() != "content-type" or re.search(r";|\{\{", media_type) or is_json(media_type.lower()):
                return False
            self._check(line.number, text, f'headers["{header[1]}"] == "{media_type}"')
            return True
        self.state = "behind the body"
        if file := _FILE.match(text):
            hint = f"Write under [Asserts]  response.body == open({file[1]!r}, 'rb').read()"
            message = f"`{text}`: no file stands for the body that is expected."
            self.changes.append(Change(line.number, message, hint, (line.text,)))
            return True
        if re.match(r"(?:hex|base64),[^;]*\Z", text):
            text += "".join(one.text.strip() for one in self._to(lambda text: ";" in text))
        if (python := body_in_python(text)) is not None:
            self._check(line.number, text, python)
            return True
        if _XML.match(text):
            self._fence(line)
            return True
        return False

    def _check(self, number: int, text: str, python: str) -> None:
        self.checks.append(Numbered(number, python))
        self.changes.append(Change(number, f"`{text}` is written `{python}` under [Asserts]."))

    def _fence(self, line: Numbered) -> None:
        """Put the body that begins with a line into fences: so it may stand at once below the status line."""
        body = [line]
        while self.position < len(self.lines):
            text = self.lines[self.position].text
            if REQUEST_BEHIND_RESPONSE.match(text) or SEPARATOR.match(text) or section_name(text):
                break
            body.append(self._take())
        while not body[-1].text.strip() or COMMENT.match(body[-1].text):
            body.pop()
            self.position -= 1
        fence = Numbered(line.number, "```")
        self.written += [Numbered(line.number, ""), fence, *body, fence]
        self.changes.append(Change(line.number, "the body that is expected is put into ``` fences."))

    def _put_checks(self) -> None:
        """Put the checks of a response under its ``[Asserts]``, which is begun at its end where there is none."""
        if not self.checks:
            return
        if self.asserts is not None:
            self.written[self.asserts + 1 : self.asserts + 1] = self.checks
            return
        end = len(self.written)
        while end and (not self.written[end - 1].text.strip() or COMMENT.match(self.written[end - 1].text)):
            end -= 1
        self.written[end:end] = [Numbered(self.checks[0].number, "[Asserts]"), *self.checks]
