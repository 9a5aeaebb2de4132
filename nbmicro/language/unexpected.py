"""Lines of a body that are meant as something else: a mistyped status line, a check, words behind JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nbmicro.errors import RequestError
from nbmicro.language.expressions import is_check
from nbmicro.language.lines import STATUS, STATUS_LIKE, STATUS_MISTYPED, Line

#: The end of the hints for what would be text in fences.
AS_TEXT = "\nIf it is text to be sent, put the body into ``` fences."


def refuse_stray(lines: Sequence[Line], *, can_be_text: bool) -> None:
    """Refuse what would be sent, or expected, as text and is meant otherwise.

    Parameters
    ----------
    lines:
        The lines of the text.
    can_be_text:
        Whether the request is one that has a body; where it is none, a first line of a status' looks is none either.

    Raises
    ------
    RequestError
        With the line, what to write, and how such a text is sent.
    """
    said = [line for line in lines if not line.is_blank and not line.is_comment]
    for line in said:
        lone = not can_be_text and line is said[0] and STATUS_LIKE.match(line.text.strip())
        if STATUS_MISTYPED.match(line.text) or lone:
            raise _refused(line, f"`{line.text.strip()}` is no status line.", status_cure(line.text))
    if said and all(is_check(line.text) for line in said):
        raise _refused(
            said[0], f"`{said[0].text.strip()}` stands where the body should.", "A check stands under a line  [Asserts]"
        )


def behind_json(line: Line) -> RequestError:
    """The error of a line behind a JSON body that begins no further part of the request."""
    text = line.text.strip()
    if STATUS_LIKE.match(text):
        return _refused(line, f"`{text}` is no status line.", status_cure(text))
    hint = "Behind it come  HTTP 200, a section such as [Asserts], or ###"
    if is_check(text):
        hint = "A check stands under a line  [Asserts]"
    return _refused(line, f"`{text}` stands behind the JSON body.", hint)


def status_cure(text: str) -> str:
    """The status line that a mistyped one is meant to be."""
    found = STATUS_LIKE.match(text.strip())
    code = found[1] if found else "".join(re.findall(r"\d{3}", text)[-1:])
    if re.fullmatch(r"[1-5][xX*]{1,2}", code):
        return f"Write  HTTP *  and below it, under a line  [Asserts]  the check  {code[0]}00 <= status <= {code[0]}99"
    if STATUS.match(f"HTTP {code}"):
        return f"It stands alone on its line:  HTTP {code}"
    return "It stands alone on its line:  HTTP 200  or  HTTP *"


def _refused(line: Line, message: str, hint: str) -> RequestError:
    return RequestError(message, hint=f"{hint}{AS_TEXT}", line=line.number, column=1)
