"""The values of ``{{ … }}`` that are no Python: ``{{$guid}}`` and its kind, ``{{login.response.body.$.token}}``."""

from __future__ import annotations

import calendar
import os
import random
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Protocol

from nbmicro.language.hurl import json_path
from nbmicro.web.commands.dotenv import parse_dotenv

DYNAMIC_NAMES = ("$guid", "$timestamp", "$datetime", "$localDatetime", "$randomInt", "$processEnv", "$dotenv")
_REFERENCE = re.compile(
    # A path may lack its `$.` behind `response.body`.
    r"(?P<name>[A-Za-z_]\w*)\.(?:(?P<side>request|response)\.)?"
    r"(?:body\.(?P<path>\*|\$.*|(?:(?<=request\.body\.)|(?<=response\.body\.))"
    r"(?P<plain>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\])*))"
    r"|headers\.(?P<header>[A-Za-z][\w-]*))\Z",
    re.S,
)
_OFFSET = re.compile(r"(-?\d{1,9})\s+(y|M|w|d|h|m|s|ms)\Z")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds"}
_FORMAT = {
    "YYYY": "%Y",
    "YY": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "DD": "%d",
    "dddd": "%A",
    "ddd": "%a",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "A": "%p",
    "Z": "%z",
}
_FORMAT_PIECE = re.compile(r"\[[^\]]*\]|" + "|".join(sorted(_FORMAT, key=len, reverse=True)) + r"|SSS|.", re.S)
# Visual Studio writes `$dotEnv` and `$timeStamp` as well.
_BY_LOWER_CASE = {name.lower(): name for name in DYNAMIC_NAMES}


class FileText(str):
    """The value of a file variable ``@age = 36``: text, which stands in JSON as it is where it is JSON itself."""

    __slots__ = ()


class VariableFault(Exception):
    """A variable that has no value; its message says why, and its second argument what would do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Answered(Protocol):
    """What a request variable reads of an exchange."""

    @property
    def request(self) -> Any: ...
    @property
    def response(self) -> Any: ...


def reference_in(expression: str) -> re.Match[str] | None:
    """The match of ``login.response.body.$.token`` (or ``.body.token``), or of ``login.headers.X-Token``; else None."""
    return _REFERENCE.match(expression.strip())


def path_steps(reference: re.Match[str]) -> list[str | int] | None:
    """The steps of a request variable's path into JSON; None where it is more JSONPath than is read."""
    return json_path(f"$.{reference['plain']}" if reference["plain"] else reference["path"])


def answer_part(exchange: Answered, reference: re.Match[str]) -> object:
    """What a request variable names in an exchange; VariableFault if it is not there."""
    side = exchange.request if reference["side"] == "request" else exchange.response
    whose = f"the {'request' if reference['side'] == 'request' else 'answer'} of `{reference['name']}`"
    if reference["header"]:
        value = side.headers.get(reference["header"])
        if value is None:
            raise VariableFault(f"{whose} has no header {reference['header']}.")
        return value
    if reference["path"] == "*":
        return side.text
    steps = path_steps(reference)
    if steps is None:
        raise VariableFault(
            f"`{reference['path']}` is more JSONPath than nbmicro reads.",
            f'Write it in Python:  {reference["name"]}.json["a"]["b"]',
        )
    value = side.json
    path = "$"
    for step in steps:
        path += f".{step}" if isinstance(step, str) else f"[{step}]"
        try:
            value = value[step]
        except (LookupError, TypeError):
            raise VariableFault(f"{whose} has nothing at {path}.") from None
    return value


def dynamic_value(expression: str, names: Mapping[str, object], folder: Path) -> object:
    """The value of ``$guid``, ``$randomInt 1 10`` …; ``folder`` is where ``.env`` is looked for.

    Raises
    ------
    VariableFault
        There is no such variable, its arguments are wrong, or it is not set.
    """
    name, *arguments = expression.strip().split(None, 1)
    rest = arguments[0] if arguments else ""
    name = _BY_LOWER_CASE.get(name.lower(), name)
    if name in {"$guid", "$uuid"}:
        return str(uuid.uuid4())
    if name == "$randomInt":
        return _random_int(rest)
    if name == "$timestamp":
        return int(_moment(rest, UTC, "$timestamp").timestamp())
    if name in {"$datetime", "$localDatetime"}:
        return _date_text(rest, UTC if name == "$datetime" else None, name)
    if name in {"$processEnv", "$dotenv"}:
        return _environment(name, rest, names, folder)
    raise VariableFault(f"there is no variable {name}.", f"There are: {' '.join(DYNAMIC_NAMES)}")


def _random_int(rest: str) -> int:
    bounds = rest.split()
    try:
        low, high = (int(bounds[0]), int(bounds[1])) if bounds else (0, 1000)
        if len(bounds) > 2 or low >= high:
            raise ValueError
    except (ValueError, IndexError):
        raise VariableFault(
            f"`{rest}` are no bounds.", "Write  {{$randomInt 1 10}}: from 1 up to, not including, 10"
        ) from None
    return random.randrange(low, high)


def _moment(offset: str, zone: timezone | None, name: str) -> datetime:
    now = datetime.now(UTC) if zone else datetime.now().astimezone()
    if not offset:
        return now
    found = _OFFSET.match(offset)
    if not found:
        raise VariableFault(f"`{offset}` is no offset.", f"Write  {{{{{name} -3 h}}}}; units: y M w d h m s ms")
    amount, unit = int(found[1]), found[2]
    try:
        if unit in _UNITS:
            return now + timedelta(**{_UNITS[unit]: amount})
        months = now.year * 12 + now.month - 1 + (amount * 12 if unit == "y" else amount)
        year, month = divmod(months, 12)
        return now.replace(year=year, month=month + 1, day=min(now.day, calendar.monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError, calendar.IllegalMonthError):
        raise VariableFault(f"`{offset}` leads out of the calendar.") from None


def _date_text(rest: str, zone: timezone | None, name: str) -> str:
    found = re.match(r"(iso8601|rfc1123|\"[^\"]*\"|'[^']*')(?:\s+(.*))?\Z", rest) if rest else None
    if not found:
        raise VariableFault(
            f"`{rest}` is no format.", f'Write  {{{{{name} iso8601}}}}, rfc1123, or one such as "YYYY-MM-DD"'
        )
    moment = _moment((found[2] or "").strip(), zone, f"{name} {found[1]}")
    if found[1] == "rfc1123":
        return format_datetime(moment, usegmt=zone is not None)
    if found[1] == "iso8601":
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return "".join(_date_piece(moment, piece[0]) for piece in _FORMAT_PIECE.finditer(found[1][1:-1]))


def _date_piece(moment: datetime, piece: str) -> str:
    if piece == "SSS":
        return f"{moment.microsecond // 1000:03}"
    if piece in _FORMAT:
        return moment.strftime(_FORMAT[piece])
    return piece[1:-1] if piece.startswith("[") and piece.endswith("]") else piece


def _environment(kind: str, rest: str, names: Mapping[str, object], folder: Path) -> str:
    name = rest.strip()
    if name.startswith("%"):
        # REST Client: `%name` is the variable that holds the name.
        name = str(names.get(name[1:], ""))
    if not name:
        raise VariableFault(f"{kind} needs the name of a variable.", f"Write  {{{{{kind} API_KEY}}}}")
    if kind == "$processEnv":
        if name not in os.environ:
            raise VariableFault(f"the environment has no {name}.", f"Set it:  %env {name}=…")
        return os.environ[name]
    place = folder.resolve()
    file = next((one for one in (above / ".env" for above in (place, *place.parents)) if one.is_file()), None)
    if file is None:
        raise VariableFault(f"there is no file .env in {place.name or place}, nor above it.")
    try:
        values = parse_dotenv(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise VariableFault(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if name not in values:
        raise VariableFault(f"the file .env has no {name}.", f"It stands in {file.parent.name or file.parent}.")
    return values[name]
