"""A line among the headers of a request, or among those expected of its response."""

from __future__ import annotations

import re

from nbmicro.errors import RequestError
from nbmicro.language.address import ITEM
from nbmicro.language.bodies import IS_CHECK, no_graphql, no_status_line
from nbmicro.language.lines import HEADER, STATUS_LIKE, VARIABLE, Line, is_comparison
from nbmicro.language.syntax import Pair

# REST Client computes these from a name and a password, or from keys.
_SCHEME = re.compile(r"(?:Digest\s+[^\s=]+\s+[^\s=]+|AWS\s+\S+\s+\S+.*|COGNITO\s+\S+\s+\S+.*)\Z", re.I)


def read_header(line: Line, *, expected: bool) -> Pair:
    """A line as a header, of a request or ``expected`` of its response; RequestError where it is none."""
    found = HEADER.match(line.text)
    if found and not VARIABLE.match(line.text):
        if not expected:
            _check_foreign_header(line, found[1], found[2])
        return Pair(line.group(found, 1), line.group(found, 2), line.line)
    text = line.text.strip()
    if STATUS_LIKE.match(text):
        raise no_status_line(line, in_body=False)
    if VARIABLE.match(text):
        message, hint = f"`{text}` stands in a request.", "File variables stand before the request line."
    elif is_comparison(text):
        message, hint = f"`{text}` is no header.", IS_CHECK
    elif ITEM.match(text):
        message = f"`{text}` is an item, not a header."
        hint = f"Items stand on the magic's own line:  %%http POST /users {text}  or, as a form, under a line  [Form]"
    else:
        message, hint = f"`{text}` is no header.", "Write  Name: value  and leave a line empty before the body."
    raise RequestError.at(line, message, hint)


def _check_foreign_header(line: Line, name: str, value: str) -> None:
    """Reject headers by which REST Client is told to do something, and which it does not send as they stand."""
    if name.lower() == "x-request-type" and value.lower() == "graphql":
        raise no_graphql(line)
    if name.lower() == "authorization" and _SCHEME.match(value):
        message = f"{value.partition(' ')[0]} authentication is not computed here."
        hint = "Basic is, with  -a USER:PASS ; a token is a header:  Authorization: Bearer {{ token }}"
        raise RequestError.at(line, message, hint)
