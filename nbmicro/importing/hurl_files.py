"""What Hurl's files say of a response, and have of their own in a request, in nbmicro's words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nbmicro.http.media_types import is_json
from nbmicro.importing.rewrite import Numbered
from nbmicro.language.hurl import body_in_python, capture_in_python, check_in_python
from nbmicro.language.hurl_values import one_line_body
from nbmicro.language.lines import COMMENT, FENCE, HEADER, REQUEST_BEHIND_RESPONSE, SEPARATOR, STATUS, section_name
from nbmicro.language.template import compiled, json_end

_VERSION = re.compile(r"HTTP/(?!1\.1)[0-9.]+")
_XML = re.compile(r"<[?!A-Za-z]")
_BODY = re.compile(r"<[?!A-Za-z]|`|(?:hex|base64),[^;]*\Z")
_BEGINS_BODY = re.compile(r"[{\[`]|<[?!A-Za-z]|(?:hex|base64|file),")
_FILE = re.compile(r"file,\s*(.*?)\s*;\s*\Z")


class Change(NamedTuple):
    """What became of a line, or of a whole request: ``text`` says it; ``kept`` are lines that were not taken over."""

    line: int
    text: str
    hint: str | None = None
    kept: tuple[str, ...] = ()
    is_request: bool = False


def in_nbmicros_words(lines: list[Numbered], *, is_hurl: bool) -> list[Change]:
    """Rewrite what is expected of responses where nbmicro has other words.

    ``lines`` are changed in place. In a file that ``is_hurl`` also where nbmicro would compare less, or send something
    else, than Hurl does.
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
        self.begins = len(self.written)
        self.first = max(self.position - 1, 0)
        self.skip: Numbered | None = None
        self.sections: int | None = None
        self.asserts: int | None = None
        self.checks: list[Numbered] = []

    def run(self) -> None:
        while self.position < len(self.lines):
            line = self._take()
            text = line.text
            if REQUEST_BEHIND_RESPONSE.match(text) or SEPARATOR.match(text):
                self._end_request(self.position - 1)
                self._begin()
                self.written.append(line)
            elif self.is_hurl and self.state in {"Asserts", "Captures"} and _begins_body(text):
                self._behind_sections(line)
            elif FENCE.match(text) and not (self.is_hurl and text.startswith("``````")):
                self._fenced(line)
            elif status := _status_in(text, self.is_hurl):
                self.state = "headers"
                self._status(line, status)
            elif name := section_name(text):
                self.sections = len(self.written) if self.state in {"headers", "body"} else self.sections
                self.state = name
                self.asserts = len(self.written) if name == "Asserts" else self.asserts
                self.written.append(line)
            elif COMMENT.match(text) or not text.strip():
                self.state = "body" if self.state == "headers" and not text.strip() else self.state
                self.written.append(line)
            elif self.state in {"Asserts", "Captures"}:
                self._entry(line)
            elif not self.is_hurl or not self._is_written_otherwise(line):
                self.written.append(line)
        self._end_request(self.position)

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
        if not self.is_hurl or not (_VERSION.match(line.text) or line.text.startswith("HTTP/*")):
            self.written.append(line)
            return
        self.written.append(Numbered(line.number, f"HTTP {code}"))
        if line.text.startswith("HTTP/*"):
            return
        message = f"the version of `{line.text.strip()}` is not checked: no network is crossed."
        self.changes.append(Change(line.number, message, f"Write  HTTP {code}", (line.text,)))

    def _entry(self, line: Numbered) -> None:
        """A line of ``[Asserts]`` or ``[Captures]``."""
        text = line.text.strip()
        if text.count("```") % 2:
            more = [one.text for one in self._to(lambda text: "```" in text)]
            text = _in_one_line(text, more)
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
        """Whether a line of Hurl's has other words here, and was written in them."""
        if self.state == "Options":
            return self._is_option(line)
        if self.state == "request" and _BODY.match(line.text):
            self.state = "behind the request's body"
            self._body(line)
            return True
        if self.state == "headers" and (header := HEADER.match(line.text)):
            media_type = header[2].strip()
            # Without parameters a type fits one with any; JSON has none that mean something (RFC 8259).
            if header[1].lower() != "content-type" or re.search(r";|\{\{", media_type) or is_json(media_type.lower()):
                return False
            self._check(line.number, line.text.strip(), f'headers["{header[1]}"] == "{media_type}"')
            return True
        if self.state not in {"headers", "body"}:
            return False
        self.state = "behind the body"
        return self._is_expected_body(line)

    def _behind_sections(self, line: Numbered) -> None:
        """The body that is expected: in Hurl it stands behind the sections of a response, here above them."""
        place = len(self.written) if self.sections is None else self.sections
        written, self.written = self.written, []
        self.state = "body"
        if FENCE.match(line.text) and not line.text.startswith("``````"):
            self._fenced(line)
        elif line.text.startswith(("{", "[")):
            rest = "\n".join(one.text for one in self.lines[self.position - 1 :])
            end = json_end(rest, 0)
            count = rest.count("\n", 0, end) if end >= 0 else 0
            self.written = [line, *(self._take() for _ in range(count))]
        elif not self._is_expected_body(line):
            self.written.append(line)
        body, self.written = self.written, written
        self.state = "behind the body"
        if body:
            self.written[place:place] = [Numbered(line.number, ""), *body]
            self.asserts = None if self.asserts is None else self.asserts + len(body) + 1
            self.changes.append(Change(line.number, "the body that is expected stands above the sections here."))

    def _is_expected_body(self, line: Numbered) -> bool:
        text = line.text.strip()
        if file := _FILE.match(text):
            hint = f"Write under [Asserts]  response.body == open({file[1]!r}, 'rb').read()"
            message = f"`{text}`: no file stands for the body that is expected."
            self.changes.append(Change(line.number, message, hint, (line.text,)))
            return True
        text = self._whole(text)
        if (python := body_in_python(text)) is not None:
            self._check(line.number, text, python)
            return True
        if _XML.match(text):
            self._fence(line)
            return True
        return False

    def _whole(self, text: str) -> str:
        """Bytes that go on in the next lines, in one."""
        if re.match(r"(?:hex|base64),[^;]*\Z", text):
            text += "".join(one.text.strip() for one in self._to(lambda text: ";" in text))
        return text

    def _body(self, line: Numbered) -> None:
        """A request's body in one line, in bytes over several, or of XML, which nbmicro reads in fences."""
        if _XML.match(line.text):
            self._fence(line, "xml")
            return
        one_line = one_line_body(line.text)
        if one_line is None:
            self.written.append(Numbered(line.number, self._whole(line.text.strip())))
            return
        fence = Numbered(line.number, "```")
        self.written += [fence, *(Numbered(line.number, text) for text in one_line.split("\n")), fence]
        self.changes.append(Change(line.number, f"`{line.text.strip()}` is put into ``` fences."))

    def _is_option(self, line: Numbered) -> bool:
        name, _, value = (part.strip() for part in line.text.partition(":"))
        if name == "skip":
            if value == "false":
                self.changes.append(Change(line.number, "`skip: false` is left out."))
            else:
                self.skip = line
        elif name == "header":
            self.written.insert(self.begins + 1, Numbered(line.number, value))
            self.changes.append(Change(line.number, f"`{line.text.strip()}` is written as the header `{value}`."))
        elif name == "location-trusted":
            self.written.append(Numbered(line.number, f"location: {value}"))
            self.changes.append(Change(line.number, f"`{line.text.strip()}` is written `location: {value}`."))
        else:
            return False
        return True

    def _fenced(self, line: Numbered) -> None:
        """A body in fences: in Hurl its last line break is part of it, unless the fence stands behind its last word."""
        self.state = "behind the body" if self.state in {"headers", "body"} else self.state
        body = list(self._to(FENCE.match if not self.is_hurl else lambda text: "```" in text))
        self.written.append(line)
        if self.is_hurl and body and "```" in body[-1].text:
            number, last = body.pop()
            before, _, behind = last.partition("```")
            if before or body:
                body.append(Numbered(number, before))
            body.append(Numbered(number, f"```{behind.partition('#')[0].rstrip()}"))
        self.written += body

    def _check(self, number: int, text: str, python: str) -> None:
        self.checks.append(Numbered(number, python))
        self.changes.append(Change(number, f"`{text}` is written `{python}` under [Asserts]."))

    def _fence(self, line: Numbered, language: str = "") -> None:
        """Put the body that begins with a line into fences: so it may stand at once below the headers."""
        body = [line]
        while self.position < len(self.lines):
            text = self.lines[self.position].text
            if REQUEST_BEHIND_RESPONSE.match(text) or SEPARATOR.match(text) or section_name(text):
                break
            if _status_in(text, True):
                break
            body.append(self._take())
        while _says_nothing(body[-1]):
            body.pop()
            self.position -= 1
        fences = Numbered(line.number, f"```{language}"), Numbered(line.number, "```")
        self.written += [Numbered(line.number, ""), fences[0], *body, fences[1]]
        self.changes.append(Change(line.number, "a body of XML is put into ``` fences."))

    def _end_request(self, stop: int) -> None:
        """End a request, whose lines in the file stop there; leave it out if Hurl does not send it."""
        self._put_checks()
        if self.skip is None:
            return
        begins, end = self.begins, len(self.written)
        while begins and COMMENT.match(self.written[begins - 1].text):
            begins -= 1
        while _says_nothing(self.written[end - 1]):
            end -= 1
        del self.written[begins:end]
        taken = self.lines[self.first : stop]
        while _says_nothing(taken[-1]):
            taken.pop()
        kept = tuple(line.text for line in taken)
        self.changes = [one for one in self.changes if not taken[0].number <= one.line <= taken[-1].number]
        message = f"Hurl does not send it: `{self.skip.text.strip()}`."
        self.changes.append(
            Change(taken[0].number, message, "Send it in a cell of its own, if you want to.", kept, True)
        )

    def _put_checks(self) -> None:
        """Put the checks of a response under its ``[Asserts]``, which is begun at its end where there is none."""
        if not self.checks:
            return
        if self.asserts is not None:
            self.written[self.asserts + 1 : self.asserts + 1] = self.checks
            return
        end = len(self.written)
        while end and _says_nothing(self.written[end - 1]):
            end -= 1
        self.written[end:end] = [Numbered(self.checks[0].number, "[Asserts]"), *self.checks]


def _begins_body(text: str) -> bool:
    return _BEGINS_BODY.match(text) is not None and section_name(text) is None


def _says_nothing(line: Numbered) -> bool:
    return not line.text.strip() or COMMENT.match(line.text) is not None


def _status_in(text: str, is_hurl: bool) -> str | None:
    """The status that a line expects."""
    found = STATUS.match(text.replace("HTTP/*", "HTTP", 1) if is_hurl else text)
    return found[1] if found else None


def _in_one_line(text: str, more: list[str]) -> str:
    """A check whose value goes on in the next lines, up to a fence, with the value in one."""
    before = text.rpartition("```")[0]
    last, _, behind = (more[-1] if more else "").partition("```")
    value = json.dumps("\n".join([*more[:-1], last]), ensure_ascii=False)
    return f"{before}{value} {behind}".strip()
