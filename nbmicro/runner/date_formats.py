"""Formats of ``{{$datetime "…"}}``: day.js's, as REST Client and httpYac write them, and .NET's, as Visual Studio does.

Nothing in a file says whose format it is. One that both tools read alike, or that one of them alone reads, is filled;
any other is an error, since another text than was meant would be sent. Months and days have their English names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

# What Visual Studio writes for {{$datetime}} alone: DateTimeOffset.ToString() of .NET's invariant culture.
DEFAULT = "MM/dd/yyyy HH:mm:ss zzz"

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_HINT = 'Write one such as  "YYYY-MM-DD HH:mm"  or  "yyyy-MM-dd HH:mm"; words stand in brackets: "HH:mm [UTC]"'

#: A piece of a format that has been read: the text itself, or what makes it of a moment.
_Piece = str | Callable[[datetime], str]


class FormatError(ValueError):
    """A format that is not read, or not by everyone alike: why, and what would do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = _HINT


class _UnknownToken(Exception):
    """A letter or sign that means nothing in a dialect, or only what depends on a user's own settings."""


def format_moment(moment: datetime, text: str) -> str:
    """A moment with its offset in a format of day.js or of .NET.

    Raises
    ------
    FormatError
        It is a format of neither, or each of them would give another text.
    """
    readings: dict[str, list[tuple[str, _Piece]]] = {}
    unknown: dict[str, str] = {}
    for tool, read in (("REST Client", _read_day_js), ("Visual Studio", _read_dot_net)):
        try:
            readings[tool] = read(text)
        except _UnknownToken as error:
            unknown[tool] = str(error)
    if not readings:
        raise FormatError(
            f'"{text}" is no format: '
            + ", and ".join(f"{tool} has no `{token}`" for tool, token in unknown.items())
            + "."
        )
    first, *others = readings.values()
    for other in others:
        for (token, piece), (_, second) in zip(first, other, strict=False):
            if piece != second:
                raise FormatError(f'`{token}` in "{text}" is one thing in REST Client and another in Visual Studio.')
    return "".join(piece if isinstance(piece, str) else piece(moment) for _, piece in first)


def _number(of: Callable[[datetime], int], width: int = 1) -> _Piece:
    return lambda moment: f"{of(moment):0{width}}"


def _offset(colon: str) -> _Piece:
    return lambda moment: f"{moment:%z}"[:3] + colon + f"{moment:%z}"[3:5]


def _hours_of_offset(width: int) -> _Piece:
    return lambda moment: f"{moment:%z}"[0] + f"{int(f'{moment:%z}'[1:3]):0{width}}"


def _fraction(digits: int) -> _Piece:
    return lambda moment: f"{moment.microsecond:06}0"[:digits]


def _fraction_without_zeros(digits: int, point: str) -> _Piece:
    def piece(moment: datetime) -> str:
        found = f"{moment.microsecond:06}0"[:digits].rstrip("0")
        return found and point + found

    return piece


def _ordinal(moment: datetime) -> str:
    last = 0 if moment.day in (11, 12, 13) else moment.day % 10
    return f"{moment.day}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


def _half_of_day(moment: datetime) -> str:
    return "AM" if moment.hour < 12 else "PM"


# What both tools write with the same letters.
_BOTH: dict[str, _Piece] = {
    "MM": _number(lambda moment: moment.month, 2),
    "HH": _number(lambda moment: moment.hour, 2),
    "hh": _number(lambda moment: moment.hour % 12 or 12, 2),
    "mm": _number(lambda moment: moment.minute, 2),
    "ss": _number(lambda moment: moment.second, 2),
    "M": _number(lambda moment: moment.month),
    "H": _number(lambda moment: moment.hour),
    "h": _number(lambda moment: moment.hour % 12 or 12),
    "m": _number(lambda moment: moment.minute),
    "s": _number(lambda moment: moment.second),
    "MMM": lambda moment: _MONTHS[moment.month - 1][:3],
    "MMMM": lambda moment: _MONTHS[moment.month - 1],
    "ddd": lambda moment: _DAYS[moment.weekday()][:3],
    "dddd": lambda moment: _DAYS[moment.weekday()],
}
_YEAR, _YEAR_OF_CENTURY = _number(lambda moment: moment.year, 4), _number(lambda moment: moment.year % 100, 2)
_DAY, _DAY_OF_TWO = _number(lambda moment: moment.day), _number(lambda moment: moment.day, 2)

# https://day.js.org/docs/en/display/format and its plugin AdvancedFormat, but what depends on a locale.
_DAY_JS: Mapping[str, _Piece] = _BOTH | {
    "T": "T",
    "YYYY": _YEAR,
    "YY": _YEAR_OF_CENTURY,
    "DD": _DAY_OF_TWO,
    "D": _DAY,
    "Do": _ordinal,
    "d": _number(lambda moment: moment.isoweekday() % 7),
    "dd": lambda moment: _DAYS[moment.weekday()][:2],
    "SSS": _fraction(3),
    "A": _half_of_day,
    "a": lambda moment: _half_of_day(moment).lower(),
    "Z": _offset(":"),
    "ZZ": _offset(""),
    "Q": _number(lambda moment: (moment.month + 2) // 3),
    "k": _number(lambda moment: moment.hour or 24),
    "kk": _number(lambda moment: moment.hour or 24, 2),
    "X": _number(lambda moment: int(moment.timestamp())),
    "x": _number(lambda moment: int(moment.timestamp()) * 1000 + moment.microsecond // 1000),
    "W": _number(lambda moment: moment.isocalendar().week),
    "WW": _number(lambda moment: moment.isocalendar().week, 2),
    "GGGG": _number(lambda moment: moment.isocalendar().year, 4),
}
_DAY_JS_TOKEN = re.compile(r"\[[^\]]*\]|Do|([A-Za-z])\1*|.", re.S)


def _read_day_js(text: str) -> list[tuple[str, _Piece]]:
    return [(found[0], _day_js_piece(found[0])) for found in _DAY_JS_TOKEN.finditer(text)]


def _day_js_piece(token: str) -> _Piece:
    if len(token) > 1 and token[0] == "[":
        return token[1:-1]
    if token in _DAY_JS:
        return _DAY_JS[token]
    # Signs that are .NET's own: nobody who means day.js writes them for themselves.
    if token[0].isascii() and (token[0].isalpha() or token[0] in "'\"\\%[]"):
        raise _UnknownToken(token)
    return token


# https://learn.microsoft.com/dotnet/standard/base-types/custom-date-and-time-format-strings, of the invariant culture.
_DOT_NET: Mapping[str, _Piece] = _BOTH | {
    "T": "T",
    "Z": "Z",
    "y": _number(lambda moment: moment.year % 100),
    "yy": _YEAR_OF_CENTURY,
    "yyy": _number(lambda moment: moment.year, 3),
    "yyyy": _YEAR,
    "yyyyy": _number(lambda moment: moment.year, 5),
    "d": _DAY,
    "dd": _DAY_OF_TWO,
    "t": lambda moment: _half_of_day(moment)[0],
    "tt": _half_of_day,
    "K": _offset(":"),
    "z": _hours_of_offset(1),
    "zz": _hours_of_offset(2),
    "zzz": _offset(":"),
    "g": "A.D.",
    **{"f" * digits: _fraction(digits) for digits in range(1, 8)},
    **{"F" * digits: _fraction_without_zeros(digits, "") for digits in range(1, 8)},
    **{"." + "F" * digits: _fraction_without_zeros(digits, ".") for digits in range(1, 8)},
}
_DOT_NET_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|\\.|%(?=[A-Za-z])|\.F+|([A-Za-z])\1*|.", re.S)
# More of a letter than there are forms of it change nothing.
_MOST = {"d": 4, "M": 4, "h": 2, "H": 2, "m": 2, "s": 2, "t": 2, "z": 3, "g": 1}
# A format of one letter is one of .NET's standard formats, of which these do not depend on a culture.
_STANDARD: Mapping[str, _Piece] = {
    **dict.fromkeys(
        "oO", lambda moment: moment.isoformat(timespec="microseconds")[:-6] + "0" + moment.isoformat()[-6:]
    ),
    **dict.fromkeys("rR", lambda moment: format_datetime(moment.astimezone(UTC), usegmt=True)),
    "s": lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}",
    "u": lambda moment: f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}",
}
_OF_A_CULTURE = "dDfFgGmMtTUyY"


def _read_dot_net(text: str) -> list[tuple[str, _Piece]]:
    if len(text) == 1 and text.isalpha():
        piece = _STANDARD.get(text)
        if piece is None and text in _OF_A_CULTURE and text in _DAY_JS:
            piece = f"a format of .NET that depends on the culture: {text}"  # It equals no piece of day.js's.
        if piece is None:
            raise _UnknownToken(text)
        return [(text, piece)]
    return [(found[0], _dot_net_piece(found[0])) for found in _DOT_NET_TOKEN.finditer(text) if found[0] != "%"]


def _dot_net_piece(token: str) -> _Piece:
    if len(token) > 1 and token[0] in "'\"":
        return token[1:-1]
    if len(token) == 2 and token[0] == "\\":
        return token[1]
    token = token[: _MOST.get(token[0], len(token))]
    if token in _DOT_NET:
        return _DOT_NET[token]
    if token.isascii() and (token.isalpha() or token in "'\"\\%[]"):
        raise _UnknownToken(token)
    return token
