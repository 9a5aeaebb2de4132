"""A text whose braces were meant as an f-string's: `"Hello {name}"` without its f."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import CodeType
from typing import Any

from nbmicro.printable import cut_line

#: Bytes of a body that are looked at.
LIMIT = 64 * 1024
#: A name in single braces, which is no key of JSON.
NAME_IN_BRACES = re.compile(rb"(?<!\{)\{ ?([A-Za-z_]\w*)[^{}\"':;\n]*\}(?!\})")


def unfilled(body: bytes, handler: Any) -> str | None:
    """The note on a name in braces that a response shows as text, where its handler has that very text and a value of
    that name. None where the braces may be meant.

    Parameters
    ----------
    body:
        The response's.
    handler:
        The function that answered.
    """
    function: Any = inspect.unwrap(handler) if callable(handler) else None
    code = getattr(function, "__code__", None)
    if code is None or any(name.startswith("render_template") for name in code.co_names):
        return None
    own = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
    for match in NAME_IN_BRACES.finditer(body):
        written, name = match[0].decode("utf-8", "replace"), match[1].decode()
        if name not in own and (name not in function.__globals__ or name.startswith("_")):
            continue
        text = next((text for text in _texts(code) if written in text), None)
        if text is None:
            continue
        if written == f"{{ {name} }}":
            shown = f"{{{name}}}"
            return f"`{written}` stands in the response as text: in an f-string one pair of braces is a value:  {shown}"
        shown = cut_line(repr(text), 60) if "\n" not in text else f'"""…{written}…"""'
        return f"`{written}` stands in the response as text. With an f before the quote it is the value:  f{shown}"
    return None


def _texts(code: CodeType) -> Iterator[str]:
    """The texts that are written in a function, and in those inside it."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _texts(constant)
        elif isinstance(constant, tuple):
            yield from (text for text in constant if isinstance(text, str))
        elif isinstance(constant, str):
            yield constant
