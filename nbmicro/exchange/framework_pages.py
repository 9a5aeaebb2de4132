"""The pages that other frameworks make of an error by themselves: known when they come, and what they say taken out.

What lives here: their marks, as far as it takes to know them. What must not: a page that somebody wrote.
"""

from __future__ import annotations

import html
import re

from nbmicro.exchange.messages import ResponseRecord
from nbmicro.exchange.parts import ExchangeRecord

__all__ = ["framework_advice", "is_framework_page"]

#: Characters of a page that are looked at.
_LOOKED_AT = 6000
_MARKS = (
    # Django's pages while DEBUG is on, then those of its production.
    re.compile(r'<meta name="robots" content="NONE,NOARCHIVE">.*?<(?:header|div) id="summary">', re.DOTALL),
    re.compile(
        r"<title>(?:Not Found|Bad Request \(400\)|Server Error \(500\)|403 Forbidden)</title>\s*</head>\s*<body"
    ),
    # Bottle's, and the text of the debugger that Flask has in front of an app.
    re.compile(r"<title>Error: \d{3} [^<]*</title>.*?Sorry, the requested URL", re.DOTALL),
    re.compile(r"<title>[^<]*// Werkzeug Debugger</title>"),
)
_SAID = re.compile(r'<pre class="exception_value">(.*?)</pre>', re.DOTALL)


def is_framework_page(response: ResponseRecord) -> bool:
    """Whether a body is an error page that a framework made by itself."""
    if response.media_type == "text/plain":
        return response.status == 500 and response.body.size < 60 and response.text == "Internal Server Error"
    if response.media_type != "text/html" or response.status < 400:
        return False
    text = response.text[:_LOOKED_AT]
    return any(mark.search(text) for mark in _MARKS)


def framework_advice(exchange: ExchangeRecord) -> str | None:
    """What to do about a refusal that is a framework's own; None when there is nothing to say."""
    response = exchange.response
    if exchange.status == 403 and "CSRF verification failed" in response.text[:_LOOKED_AT]:
        return (
            'Django wants the token of its form. Get the page, capture token: cookies["csrftoken"], '
            "and send it as a header:  X-CSRFToken: {{ token }}"
        )
    if exchange.status == 400 and any("ALLOWED_HOSTS" in line.message for line in exchange.logs):
        return "Django's ALLOWED_HOSTS lacks this host. Name one that it has:  %app … -H 'Host: example.org'"
    if exchange.status == 404 and exchange.rule is not None and is_framework_page(response):
        said = _SAID.search(response.text)
        return html.unescape(said[1]).strip() if said is not None and said[1].strip() else None
    return None
