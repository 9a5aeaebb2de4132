"""Lines of other tools' files, rewritten where nbmicro has other words for the same."""

from __future__ import annotations

import builtins
import json
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from nbmicro.errors import RequestError
from nbmicro.exchange.json_path import json_path
from nbmicro.importing.addresses import PLACEHOLDER
from nbmicro.importing.environments import is_read
from nbmicro.importing.handler_scripts import HANDLER_SCRIPT, NAMES_KEPT, read_script
from nbmicro.language.hurl_comments import without_value_comments
from nbmicro.language.lines import (
    COMMENT,
    DIRECTIVE,
    FENCE,
    REQUEST,
    REQUEST_BEHIND_RESPONSE,
    SEPARATOR,
    STATUS,
    VARIABLE,
    section_name,
)
from nbmicro.language.sections import SECTIONS

_DYNAMIC = {
    "$random.uuid": "$guid",
    "$uuid": "$guid",
    "newUuid": "$guid",
    "$isoTimestamp": "$datetime iso8601",
    "newDate": "$datetime iso8601",
}


# Words behind a URL that are no part of it.
_COMMENT_BEHIND = re.compile(r"\s(?:#|//)")
_VERSION_BEHIND = re.compile(r"[ \t]HTTP/[0-9.]+\s*(?:\([A-Za-z ]+\))?\s*\Z")
_CAPTURE = re.compile(r"\s*([\w-]+)\s*:")


class Numbered(NamedTuple):
    """A line, and its number in the file as it was."""

    number: int
    text: str


class Rewritten(NamedTuple):
    """All lines with one of them rewritten, and the note on it."""

    lines: list[Numbered]
    note: str


def python_name(name: str, taken: Sequence[str]) -> str:
    """A name as a variable of a notebook that has the names ``taken`` already."""
    better = re.sub(r"\W+", "_", name).strip("_") or "value"
    better = f"_{better}" if better[0].isdigit() else better
    better = f"{better}_" if keyword.iskeyword(better) or hasattr(builtins, better) else better
    return f"{better}_value" if better in taken else better


def renamed(lines: list[Numbered], taken: Sequence[str], given: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    """Give names that Python, or the notebook, cannot have another one, everywhere; yields a line and a note for each.

    ``given`` are the values of names that the file reads and does not give itself; ``{{a.b}}`` of one that is an object
    is written ``{{a["b"]}}``.
    """
    new: dict[str, str] = {}
    for name in given:
        if python_name(name, taken) != name:
            new[name] = python_name(name, taken)
            number = next((line.number for line in lines if is_read(name, line.text)), 1)
            yield number, f"`{name}` is called `{new[name]}`, for it is a variable of the notebook now."
    nested = [name for name, value in given.items() if isinstance(value, (dict, list))]
    given_names = list(_given_names(lines))
    for line, names in zip(lines, given_names, strict=True):
        for name in names:
            better = python_name(name, taken)
            if better != name and name not in new:
                new[name] = better
                yield line.number, f"`{name}` is called `{better}`, for it is a variable of the notebook now."
    for index, (line, own) in enumerate(zip(lines, given_names, strict=True)):
        text = PLACEHOLDER.sub(
            lambda found: "{{" + _placeholder(_in_steps(found[1], nested, new), new) + "}}", line.text
        )
        for name in () if NAMES_KEPT.search(text) else own:
            text = text.replace(name, new.get(name, name), 1)
        lines[index] = Numbered(line.number, text)
        if text != line.text and not any(name in line.text for name in new):
            yield line.number, f"`{line.text.strip()}` is written `{text.strip()}`."


def _in_steps(inside: str, nested: Sequence[str], new: Mapping[str, str]) -> str:
    """``user.name`` as ``user["name"]``, where ``user`` is an object or a list."""
    plain = inside.strip()
    for name in nested:
        steps = json_path("$" + plain[len(name) :]) if plain.startswith((f"{name}.", f"{name}[")) else None
        if steps:
            written = new.get(name, name) + "".join(f"[{json.dumps(step)}]" for step in steps)
            return inside.replace(plain, written)
    return inside


def _given_names(lines: Sequence[Numbered]) -> Iterator[Sequence[str]]:
    """The names that each line gives: of a file variable, a request, a capture, or what a script keeps."""
    section = None
    for _, text in lines:
        section = None if REQUEST.match(text) or SEPARATOR.match(text) else section_name(text) or section
        variable, directive, capture = VARIABLE.match(text), DIRECTIVE.match(text), _CAPTURE.match(text)
        if variable:
            yield [variable[1]]
        elif directive:
            yield [directive[2]] if directive[1] == "name" and directive[2] else []
        elif capture and section == "Captures":
            yield [capture[1]]
        else:
            yield NAMES_KEPT.findall(text)


def _placeholder(inside: str, new: dict[str, str]) -> str:
    plain = inside.strip()
    if plain in _DYNAMIC:
        return _DYNAMIC[plain]
    integer = re.fullmatch(r"\$random\.integer\(\s*(-?\d+)\s*,\s*(-?\d+)\s*\)", plain)
    if integer:
        return f"$randomInt {integer[1]} {integer[2]}"
    if plain.startswith("%") and plain[1:].isidentifier():
        # REST Client encodes a value where its name has a percent sign; an expression's value always is encoded.
        return f" str({new.get(plain[1:], plain[1:])}) "
    for old, name in new.items():
        if plain == old or plain.startswith((f"{old}.response.", f"{old}.request.")):
            return inside.replace(old, name, 1)
    if re.fullmatch(r"[A-Za-z_]\w*(?:-\w+)+", plain):
        # No name with a hyphen is Python; a difference of two would have been written with spaces.
        return inside.replace(plain, plain.replace("-", "_"))
    return inside


def apart(lines: list[Numbered]) -> None:
    """Put a separator between Hurl's requests, which need none: a request line stands in no body of its own."""
    fenced = False
    begins: list[int] = []
    for index, line in enumerate(lines):
        fenced ^= FENCE.match(line.text) is not None
        if not fenced and REQUEST_BEHIND_RESPONSE.match(line.text):
            begins.append(index)
    for index in reversed(begins[1:]):
        while COMMENT.match(lines[index - 1].text):
            index -= 1
        lines.insert(index, Numbered(lines[index].number, "###"))


def without_comments(lines: list[Numbered]) -> Iterator[tuple[int, str]]:
    """Leave out Hurl's comments behind URLs and values; yields a line and a note for each."""
    for index, written in enumerate(list(without_value_comments(line.text for line in lines))):
        line = lines[index]
        if written != line.text:
            lines[index] = Numbered(line.number, written)
            yield line.number, f"`{line.text.strip()}` is written `{written.strip()}`."


def mended(lines: Sequence[Numbered], index: int, error: RequestError, taken: Sequence[str]) -> Rewritten | None:
    """The lines with a rejected one in nbmicro's words; None where there are none for it.

    ``taken`` are names that a notebook has already.
    """
    number, line = lines[index]
    text = line.strip()

    def with_lines(*texts: str, note: str = "") -> Rewritten:
        written = [Numbered(number, better) for better in texts]
        note = note or f"`{text}` is written `{texts[-1]}`."
        return Rewritten([*lines[:index], *written, *lines[index + 1 :]], note)

    if HANDLER_SCRIPT.match(line):
        return _handled(lines, index, taken)
    if error.code == "behind-url" and error.fix is not None and not _COMMENT_BEHIND.search(line):
        version = _VERSION_BEHIND.search(line)
        return with_lines(line[: version.start()].rstrip() if version else error.fix)
    section = section_name(line)
    better = next((known.name for known in SECTIONS.values() if section and known.hurls == section), None)
    if better is not None:
        return with_lines(f"[{better}]", note=f"[{section}] is written [{better}].")
    if section in {"Cookies", "BasicAuth"}:
        return _credentials(lines, index, section)
    if error.code == "body-of-hurl" and error.fix is not None:
        return with_lines("", error.fix)
    directive = DIRECTIVE.match(line)
    if error.code == "request-named-twice" and directive is not None:
        named = {found[2] for line in lines if (found := DIRECTIVE.match(line.text)) and found[1] == "name"}
        name = directive[2]
        better = next(f"{name}_{count}" for count in range(2, len(lines) + 3) if f"{name}_{count}" not in named)
        note = f"another request is named `{name}` above; this one is `{better}`."
        return with_lines(f"{line[: directive.start(2)]}{better}", note=note)
    if error.code == "prompt" and directive is not None and directive[2]:
        return _prompted(lines, index, directive[2].split()[0])
    return None


def _handled(lines: Sequence[Numbered], index: int, taken: Sequence[str]) -> Rewritten | None:
    """A handler script as the status that it tests and as captures; None where it does anything else too."""
    number = lines[index].number
    count, script = read_script([line.text for line in lines[index:]])
    if script is None:
        return None
    before, rest = list(lines[:index]), lines[index + count :]
    status = None
    for at in range(index - 1, -1, -1):
        text = before[at].text
        if SEPARATOR.match(text) or REQUEST.match(text):
            break
        if status := STATUS.match(text):
            if script.status is not None and status[1] not in {"*", str(script.status)}:
                return None
            if script.status is not None:
                before[at] = Numbered(before[at].number, f"HTTP {script.status}")
            break
    written = [] if status else [f"HTTP {script.status or '*'}"]
    if script.kept:
        written += ["[Captures]", *(f"{python_name(name, taken)}: {value}" for name, value in script.kept.items())]
    what = [f"the test of its status is `HTTP {script.status}`"] if script.status is not None else []
    what += ["what it keeps for later requests stands under [Captures]"] if script.kept else []
    what += ["what it logs is left out"] if script.has_log else []
    note = f"a script is written in nbmicro's words: {', '.join(what)}."
    return Rewritten([*before, *(Numbered(number, text) for text in written), *rest], note)


def _prompted(lines: Sequence[Numbered], index: int, asked: str) -> Rewritten:
    """A value that another tool asks for, as a file variable that reads a variable of the notebook."""
    name = re.sub(r"\W", "_", asked)
    note = f"`{asked}` is asked for in the file; in the notebook it is the variable `{name}`: give it a value."
    rest = [*lines[:index], *lines[index + 1 :]]
    if not any(re.match(rf"\s*@{name}\s*=", line.text) for line in lines):
        # A file variable stands above the request line.
        at = index
        for above in range(index - 1, -1, -1):
            if lines[above].text.startswith("###"):
                break
            if REQUEST.match(lines[above].text):
                at = above
                break
        rest.insert(at, Numbered(lines[index].number, f"@{name} = {name}"))
    return Rewritten(rest, note)


def _credentials(lines: Sequence[Numbered], index: int, section: str) -> Rewritten | None:
    """Hurl's sections for cookies and a password, as a header and an option."""
    stop = index + 1
    pairs: list[tuple[str, str]] = []
    while stop < len(lines):
        name, colon, value = lines[stop].text.partition(":")
        if not colon or not name.strip() or COMMENT.match(lines[stop].text) or section_name(lines[stop].text):
            break
        pairs.append((name.strip(), value.strip()))
        stop += 1
    if not pairs:
        return None
    head = lines[index].number
    rest = [*lines[:index], *lines[stop:]]
    if section == "BasicAuth":
        user, password = pairs[0]
        rest[index:index] = [Numbered(head, "[Options]"), Numbered(head, f"user: {user}:{password}")]
        return Rewritten(rest, "[BasicAuth] is written as `user` under [Options].")
    at = index
    while at > 0 and not REQUEST.match(lines[at].text):
        at -= 1
    rest.insert(at + 1, Numbered(head, "Cookie: " + "; ".join(f"{name}={value}" for name, value in pairs)))
    return Rewritten(rest, "[Cookies] is written as the header Cookie.")


_CHANGING = re.compile(r"\{\{\s*\$(?:guid|uuid|timestamp|datetime|localDatetime|randomInt)\b", re.IGNORECASE)


def behind_responses(lines: list[Numbered]) -> Iterator[tuple[int, str]]:
    """Move ``@token = {{login.response.body.$.token}}`` from above ``login`` to the request after it, with a note."""
    named = {
        found[2]: index
        for index, line in enumerate(lines)
        if (found := DIRECTIVE.match(line.text)) and found[1] == "name" and found[2]
    }
    waits: dict[str, int] = {}
    moved: dict[int, list[Numbered]] = {}
    for index, line in enumerate(lines):
        variable = VARIABLE.match(line.text)
        if variable is None:
            continue
        given = [(name, at) for name, at in (*named.items(), *waits.items()) if at > index and is_read(name, line.text)]
        if not given:
            continue
        name, at = max(given, key=lambda pair: pair[1])
        behind = next((place for place in range(at + 1, len(lines)) if SEPARATOR.match(lines[place].text)), None)
        if behind is None:
            continue
        waits[variable[1]] = at
        moved.setdefault(behind, []).append(line)
        lines[index] = Numbered(line.number, "")
        yield line.number, f"`@{variable[1]}` stands behind `{name}`, which it reads."
    for behind in sorted(moved, reverse=True):
        lines[behind + 1 : behind + 1] = [Numbered(lines[behind].number, line.text) for line in moved[behind]]


def changing_names(lines: list[Numbered]) -> frozenset[str]:
    """The file variables that have another value in each run: ``@id = {{$guid}}``, and those that read one."""
    changing: set[str] = set()
    for line in lines:
        variable = VARIABLE.match(line.text)
        if variable and reads_changing(line.text, frozenset(changing)):
            changing.add(variable[1])
    return frozenset(changing)


def reads_changing(text: str, names: frozenset[str]) -> bool:
    """Whether a text has placeholders whose values are others in each run; ``names`` are variables of that kind."""
    return _CHANGING.search(text) is not None or any(is_read(name, text) for name in names)
