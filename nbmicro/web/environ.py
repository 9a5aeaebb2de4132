"""The keys of a request's WSGI environ (PEP 3333) that nbmicro reads and writes: nbmicro's and Werkzeug's.

By these the core, whoever records a request, and the adapters of other frameworks know what became of it.
"""

from __future__ import annotations

from typing import Any, Final

RECORDED: Final = "nbmicro.recorded"
"""True where the exchange is kept, set before the app is called. An exception is then not raised out of the app
but kept under :data:`ERROR`, for whoever records shows it beside the response that every client gets."""

ROUTE: Final = "nbmicro.route"
"""Rule and endpoint that answered, as a pair of texts, where no request object that knows them is kept."""

ERROR: Final = "nbmicro.error"
"""The exception behind a 500."""

HTTP_ERROR: Final = "nbmicro.http_error"
"""The HTTPException behind a 4xx."""

NOTES: Final = "nbmicro.notes"
"""A list of texts for whoever reads the exchange; see :func:`add_note`."""

MISSING_KEY: Final = "nbmicro.missing_key"
"""The latest exception for a key that a Flask app's form or query lacks; Flask sends no signal for a 400."""

HANDLER: Final = "nbmicro.handler"
"""The function that answered in an ASGI app, as its framework notes it in the scope."""

RESPONSE: Final = "nbmicro.response"
"""The response of an ASGI app while it comes, for the task that makes it."""

REQUEST: Final = "werkzeug.request"
"""The request object, as Werkzeug keeps it there; it is taken out again where nobody records."""

PRESERVE_CONTEXT: Final = "werkzeug.debug.preserve_context"
"""A function of Werkzeug's debugger or of Flask's test client that is given the request's context before it ends."""


def add_note(environ: dict[str, Any], text: str) -> None:
    """Leave a note for whoever records this request; nobody reads it elsewhere."""
    if environ.get(RECORDED):
        notes = environ.setdefault(NOTES, [])
        if text not in notes:
            notes.append(text)
