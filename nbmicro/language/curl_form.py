"""A field of curl's ``-F``: a text or a file, and the parameters behind its semicolons."""

from __future__ import annotations

import re

from nbmicro.errors import RequestError
from nbmicro.language.shell import ShellWord
from nbmicro.language.syntax import FilePart, Pair, TextPart
from nbmicro.language.template import placeholder_end

#: The types that curl knows by a file's ending.
_TYPES = {
    "gif": "image/gif", "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "svg": "image/svg+xml",
    "txt": "text/plain", "htm": "text/html", "html": "text/html", "pdf": "application/pdf", "xml": "application/xml",
}  # fmt: skip
_ANY = "application/octet-stream"
_PARAMETER = re.compile(r"(type|filename|headers|encoder)=\s*", re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"[^/ ]{1,127}/[^;, \n]{1,127}")


def form_part(word: ShellWord, *, plain: bool) -> Pair | FilePart:
    """Read a field ``name=text``, ``name=@file`` or ``name=<file``.

    Parameters
    ----------
    plain:
        What stands behind the name is the text, whatever it is (``--form-string``).

    Raises
    ------
    RequestError
        No field, no file, or what curl writes and a form here has not.
    """
    name, equals, text = word.text.partition("=")
    if not equals or not name:
        message = f"`{word.text}` is not a form field."
        raise RequestError.at(word, message, "Write  -F name=Ada  or  -F photo=@a.png")
    at = len(name) + 1
    label = word.cut(0, len(name)).template()
    if plain:
        return Pair(label, word.cut(at).template(), word.line)
    if text[:1] in {"(", ")"} and text != ")":
        raise RequestError.at(word, f"`{word.text}` begins a form inside the form.", "Take it out of the line.")
    mark = text[:1] if text[:1] in {"@", "<"} else ""
    reader = _Reader(word, at + len(mark))
    value, parameters = reader.value(), reader.parameters()
    media_type, filename = parameters.get("type"), parameters.get("filename")
    if media_type is not None and "{{" in media_type.text:
        raise RequestError.at(word, "the type of a field is written out.", "Write  ;type=application/json")
    given = media_type.text if media_type is not None else None
    guessed = given or (_type(filename.text) if filename is not None else None)
    shown = filename.template() if filename is not None else None
    if not mark and guessed is None and shown is None:
        return Pair(label, value.template(), word.line)
    if not mark:
        return TextPart(label, value.template(), word.line, guessed, shown)
    if not value.text.strip():
        raise RequestError.at(word, f"`{word.text}` names no file.", f"Write  -F {name}=@a.png")
    if value.text == "-":
        message = f"`{word.text}` reads what a shell hands over, and there is none here."
        raise RequestError.at(word, message, f"Write  -F {name}=@a.png")
    if mark == "@" and "," in value.text and not reader.is_quoted:
        message = f"`{value.text}` are several files in one field."
        raise RequestError.at(word, message, f"Write each:  -F {name}=@a.png -F {name}=@b.png")
    guessed = guessed or _type(value.text)
    if mark == "<":
        # The text of a file: without a name of a file, plain text is not called so.
        guessed = given or (None if guessed == "text/plain" and shown is None else guessed)
        return FilePart(label, value.template(), guessed, word.line, shown, is_text=True)
    return FilePart(label, value.template(), guessed or _ANY, word.line, shown)


def _type(name: str) -> str | None:
    return _TYPES.get(name.rpartition(".")[2].lower()) if "." in name else None


class _Reader:
    """Reads what stands behind the name of a field, as curl's manual has it at ``--form``."""

    def __init__(self, word: ShellWord, position: int) -> None:
        self.word = word
        self.text = word.text
        self.position = position
        self.is_quoted = False

    def value(self) -> ShellWord:
        """A value up to the next semicolon, or in quotes; what stands behind the quotes is nothing."""
        self._skip_spaces()
        start = self.position
        quoted = self._in_quotes() if self.text.startswith('"', start) else None
        self.is_quoted = quoted is not None
        self._skip_to_semicolon()
        return quoted if quoted is not None else self.word.cut(start, max(start, self._stop(start)))

    def parameters(self) -> dict[str, ShellWord]:
        """The parameters that follow."""
        found: dict[str, ShellWord] = {}
        while self.position < len(self.text):
            self.position += 1
            self._skip_spaces()
            parameter = _PARAMETER.match(self.text, self.position)
            name = parameter[1].lower() if parameter is not None else ""
            if name in {"headers", "encoder"}:
                hint = "Take it out of the line."
                raise RequestError.at(self.word, f"curl's `;{name}=` in -F is not understood here.", hint)
            if parameter is None and self.text[self.position :].strip():
                if "type" in found:
                    # `;charset=utf-8` belongs to the type.
                    self._add_to_type(found)
                    continue
                self.value()
                continue
            if parameter is None:
                break
            self.position = parameter.end()
            if name == "type":
                found["type"] = self._type()
            else:
                found["filename"] = self.value()
        return found

    def _type(self) -> ShellWord:
        start = self.position
        self._skip_to_semicolon()
        media_type = self.word.cut(start, self._stop(start))
        if not _MEDIA_TYPE.match(media_type.text) and "{{" not in media_type.text:
            message = f"`{media_type.text}` is no media type."
            raise RequestError.at(self.word, message, "Write  ;type=application/json")
        return media_type

    def _add_to_type(self, found: dict[str, ShellWord]) -> None:
        before, start = found["type"], self.position
        self._skip_to_semicolon()
        more = self.word.cut(start, self._stop(start))
        found["type"] = ShellWord(f"{before.text};{more.text}", (*before.places, *more.places), True)

    def _skip_spaces(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def _skip_to_semicolon(self) -> None:
        while self.position < len(self.text) and self.text[self.position] != ";":
            self.position = self._behind(self.position)

    def _behind(self, position: int) -> int:
        """The position behind a character, or behind a whole placeholder."""
        end = placeholder_end(self.text, position + 2) if self.text.startswith("{{", position) else -1
        return end + 2 if end >= 0 else position + 1

    def _stop(self, start: int) -> int:
        """Where what ends at the position ends without the spaces behind it."""
        return start + len(self.text[start : self.position].rstrip())

    def _in_quotes(self) -> ShellWord | None:
        """What stands in quotes from here on; None if they are not closed, and so none."""
        position = self.position + 1
        kept: list[int] = []
        while position < len(self.text):
            if self.text[position] == '"':
                self.position = position + 1
                text = "".join(self.text[at] for at in kept)
                return ShellWord(text, tuple(self.word.places[at] for at in (*kept, position)), True)
            if self.text[position] == "\\" and self.text[position + 1 : position + 2] in {"\\", '"'}:
                position += 1
                kept.append(position)
                position += 1
                continue
            following = self._behind(position)
            kept += range(position, following)
            position = following
        return None
