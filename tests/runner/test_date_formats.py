"""The formats of ``{{$datetime "…"}}``: as day.js and .NET write them, or an error that names the token."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from nbmicro.errors import RequestError
from nbmicro.language.parser import parse_script
from nbmicro.runner.date_formats import DEFAULT, FormatError, format_moment
from nbmicro.runner.run import run_script
from tests.support.echo_app import echo_client

NOON = datetime(2009, 6, 15, 13, 45, 30, 617_000, UTC)
SUNDAY = datetime(2021, 1, 3, 0, 5, 9, 4_000, UTC)
WEST = datetime(2009, 6, 15, 1, 45, 30, 617_500, timezone(-timedelta(hours=7)))

# What day.js 1.11 prints with its plugins utc, advancedFormat and isoWeek.
DAY_JS = [
    ("YYYY-MM-DD", "2009-06-15", "2021-01-03"),
    ("D/M/YY h:mm A", "15/6/09 1:45 PM", "3/1/21 12:05 AM"),
    ("MMMM Do", "June 15th", "January 3rd"),
    ("X", "1245073530", "1609632309"),
    ("x", "1245073530617", "1609632309004"),
    ("YYYY-MM-DDTHH:mm:ssZ", "2009-06-15T13:45:30+00:00", "2021-01-03T00:05:09+00:00"),
    ("YYYY-MM-DD[T]HH:mm:ss.SSSZZ", "2009-06-15T13:45:30.617+0000", "2021-01-03T00:05:09.004+0000"),
    ("ddd, DD MMM YYYY hh:mm a", "Mon, 15 Jun 2009 01:45 pm", "Sun, 03 Jan 2021 12:05 am"),
    ("[on] dddd d dd", "on Monday 1 Mo", "on Sunday 0 Su"),
    ("Q k kk H m s M", "2 13 13 13 45 30 6", "1 24 24 0 5 9 1"),
    ("GGGG W WW", "2009 25 25", "2020 53 53"),
    ("YYYY [year] [[]", "2009 year [", "2021 year ["),
    ("YYYYMMDDHHmmss", "20090615134530", "20210103000509"),
    ("Do MMM YY", "15th Jun 09", "3rd Jan 21"),
    ("HH:mm[Z]", "13:45Z", "00:05Z"),
]
# The examples of .NET's documentation of custom and standard formats, at the hours that it gives (invariant culture).
DOT_NET = [
    ("dd-MM-yyyy", NOON, "15-06-2009"),
    ("hh:mm tt", NOON, "01:45 PM"),
    ("yyyy-MM-ddTHH:mm:ss", NOON, "2009-06-15T13:45:30"),
    ("yyyy-MM-ddTHH:mm:ssZ", NOON, "2009-06-15T13:45:30Z"),
    ("yyyy-MM-ddTHH:mm:ss.fffK", NOON, "2009-06-15T13:45:30.617+00:00"),
    ("h:mm:ss.F t", NOON, "1:45:30.6 P"),
    ("yyyy.FFFFFFF", NOON.replace(microsecond=0), "2009"),
    ("HH:mm:ss.FFFF tt", NOON, "13:45:30.617 PM"),
    ("ffffff yy", WEST, "617500 09"),
    ("%d", NOON, "15"),
    ("%h", WEST, "1"),
    ("%y %z", WEST, "9 -7"),
    ("zz zzz", WEST, "-07 -07:00"),
    ("yyyyy yyy", NOON, "02009 2009"),
    ("dddd dd MMMM g", NOON, "Monday 15 June A.D."),
    ("d 'of' MMM, yyyy", NOON, "15 of Jun, 2009"),
    (r"h \h m \m tt", WEST, "1 h 45 m AM"),
    ("o", WEST, "2009-06-15T01:45:30.6175000-07:00"),
    ("R", WEST, "Mon, 15 Jun 2009 08:45:30 GMT"),
    ("u", WEST, "2009-06-15 08:45:30Z"),
    (DEFAULT, WEST, "06/15/2009 01:45:30 -07:00"),
]
BOTH = [
    ("HH:mm:ss", "13:45:30"),
    ("MM/HH", "06/13"),
    ("ddd MMM", "Mon Jun"),
    ("dddd, MMMM", "Monday, June"),
    ("H", "13"),
]
# The token that is named: what neither tool has, or what the two read differently.
REJECTED = [
    ("YYYY-MM-dd yyyy", "`yyyy`"),
    ("YYYY-MM-DDTHH:mm:ss.fff", "`fff`"),
    ("yyyy-MM-DD", "`DD`"),
    ("YYYY-MM-DD at HH:mm", "`t`"),
    ("dd-MM", "`dd`"),
    ("d.M. HH:mm", "`d`"),
    ("HH:mm:ssZ", "`Z`"),
    ("D", "`D`"),
    ("M", "`M`"),
    ("s", "`s`"),
    ("T", "`T`"),
    ("y", "`y`"),
    ("F", "`F`"),
    ("YYY", "`YYY`"),
    ("DDD", "`DDD`"),
    ("LL", "`LL`"),
    ("w gggg", "`w`"),
    ("YYYY 'o''clock'", "`'`"),
    ("%Y-%m-%d", "`%`"),
    ("HH:mm 'UTC", "`'`"),
    ("[HH", "`[`"),
]


@pytest.mark.parametrize(("text", "at_noon", "on_sunday"), DAY_JS)
def test_day_js_formats(text: str, at_noon: str, on_sunday: str) -> None:
    """What REST Client and httpYac write."""
    assert (format_moment(NOON, text), format_moment(SUNDAY, text)) == (at_noon, on_sunday)


@pytest.mark.parametrize(("text", "moment", "expected"), DOT_NET)
def test_dot_net_formats(text: str, moment: datetime, expected: str) -> None:
    """What Visual Studio writes."""
    assert format_moment(moment, text) == expected


@pytest.mark.parametrize(("text", "expected"), BOTH)
def test_a_format_that_both_read_alike_is_filled(text: str, expected: str) -> None:
    """Nothing has to say whose it is."""
    assert format_moment(NOON, text) == expected


@pytest.mark.parametrize(("text", "token"), REJECTED)
def test_any_other_format_is_an_error_that_names_the_token(text: str, token: str) -> None:
    """Nothing comes out half filled, and nothing in a way that only one of the tools means."""
    with pytest.raises(FormatError) as caught:
        format_moment(NOON, text)
    assert token in caught.value.message
    assert "YYYY-MM-DD" in caught.value.hint


def test_in_a_request_an_unread_format_is_an_error_with_its_place() -> None:
    """Nothing is sent, and line and column are those of the braces."""
    client = echo_client()
    script = parse_script("", 'GET /x\nX-Day: {{$datetime "YYYY-MM-dd tt"}}')
    with pytest.raises(RequestError, match="no `tt`") as caught:
        run_script(script, client, {})
    assert (caught.value.line, len(client.history)) == (3, 0)


@pytest.mark.parametrize(
    ("variable", "pattern"),
    [
        ("$datetime", r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d \+00:00"),
        ("$datetime -1 d", r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d \+00:00"),
        ("$localDatetime", r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d [+-]\d\d:\d\d"),
        ('$datetime "dd-MM-yyyy" +1 Q', r"\d\d-\d\d-\d{4}"),
        ("$localDatetime 'yyyy-MM-ddTHH:mm:ss'", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
        ('$localDatetime "ZZ"', r"[+-]\d{4}"),
    ],
)
def test_what_visual_studio_and_rest_client_write_is_filled(variable: str, pattern: str, tmp_path: Path) -> None:
    """Without a format it is Visual Studio's own: day and time with the offset."""
    script = parse_script("", f"POST /x\n\n{{{{{variable}}}}}")
    exchange = run_script(script, echo_client(), {}, folder=tmp_path)[0]
    assert re.fullmatch(pattern, exchange.json["body"])
