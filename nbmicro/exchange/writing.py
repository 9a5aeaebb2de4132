"""Values written for the place they stand in: a URL, JSON, a form, a header, plain text.

What lives here: percent-encoding, JSON and form-encoding of filled templates. What must not: what a value is
(``interpolate.py``), and which place it is (``assembly.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

from nbmicro.errors import RequestError
from nbmicro.exchange.address import check_origin, loopback_url
from nbmicro.exchange.interpolate import APP_NAMES, Scope
from nbmicro.exchange.json_text import inside_quotes
from nbmicro.exchange.template import Blank, Template
from nbmicro.exchange.values import json_text, plain_text

__all__ = ["fill_form_text", "fill_json", "fill_url"]

_ORIGIN_OPEN = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#]*\Z")


def fill_json(template: Template, scope: Scope, more: Mapping[str, object] | None = None) -> str:
    """A JSON text with values as JSON, and inside quotes as the content of a string; ``more`` names win."""
    filled: list[str] = []
    quoted = False
    for part in template.parts:
        if isinstance(part, str):
            quoted = inside_quotes(part, quoted)
            filled.append(part)
            continue
        value = scope.value(part, more)
        try:
            filled.append(json.dumps(plain_text(value), ensure_ascii=False)[1:-1] if quoted else json_text(value))
        except (TypeError, ValueError, RecursionError) as error:
            raise RequestError(f"{part}: {error}. {scope.consequence}", line=part.line, column=part.column) from None
    return "".join(filled)


def fill_form_text(template: Template, scope: Scope) -> str:
    """A text in ``application/x-www-form-urlencoded`` with values encoded so."""
    return "".join(
        part if isinstance(part, str) else quote_plus(plain_text(scope.value(part))) for part in template.parts
    )


def fill_url(template: Template, scope: Scope) -> str:
    """A URL with values percent-encoded (RFC 3986), a slash in a value too; at its beginning a value stands as it is.

    Raises
    ------
    RequestError
        An origin that is not the app, or a value that has no place in a URL.
    """
    url = ""
    for part in template.parts:
        if isinstance(part, str):
            url += part
            continue
        if "#" in url or not _ORIGIN_OPEN.match(url):
            url += quote(_url_value(part, scope), safe="")
        else:
            url += _origin_value(part, scope)
    url = loopback_url(url)
    check_origin(url, template.line, template.column)
    if not url.startswith(("/", "?", "http:", "https:")):
        raise RequestError(
            f"`{url}` is not a path: a path begins with a slash. {scope.consequence}",
            hint=f"Send it to  /{url}",
            line=template.line,
            column=template.column,
        )
    return url


def _origin_value(blank: Blank, scope: Scope) -> str:
    name = blank.expression
    if name in APP_NAMES and name not in scope.namespace and name not in scope.pending:
        return APP_NAMES[name]
    return _url_value(blank, scope)


def _url_value(blank: Blank, scope: Scope) -> str:
    value = scope.value(blank)
    if value is None:
        raise RequestError(
            f"{blank} is None, which has no place in a URL. {scope.consequence}", line=blank.line, column=blank.column
        )
    return plain_text(value)
