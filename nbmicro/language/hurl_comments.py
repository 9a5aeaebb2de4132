"""Comments behind the values of Hurl's files, which other tools' files have not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nbmicro.language.lines import COMMENT, REQUEST_BEHIND_RESPONSE, section_name

_COMMENT = re.compile(r"\s+#.*")
_PAIR = re.compile(r"[^\s:{\[`<\"'][^:]*:")


def without_value_comments(texts: Iterable[str]) -> Iterator[str]:
    """Lines without comments behind URLs and values, and without the backslash of ``\\#``; bodies and checks stay."""
    in_pairs = False
    for text in texts:
        begins = REQUEST_BEHIND_RESPONSE.match(text) or text.startswith("HTTP")
        section = section_name(text)
        is_comment = COMMENT.match(text)
        if begins or section is not None:
            in_pairs = section not in {"Asserts", "Captures"}
        elif text.strip() and not is_comment:
            in_pairs = in_pairs and _PAIR.match(text) is not None
        yield _COMMENT.sub("", text).replace("\\#", "#") if in_pairs and not is_comment else text
