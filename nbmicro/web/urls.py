"""Building URLs, and the short ways out of a handler: redirects and aborts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import werkzeug.exceptions
import werkzeug.utils

from nbmicro.web.contexts import current_context

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse


def url_for(
    endpoint: str,
    *,
    _anchor: str | None = None,
    _method: str | None = None,
    _scheme: str | None = None,
    _external: bool | None = None,
    **values: Any,
) -> str:
    """The URL of an endpoint of the current app; unknown values become its query (Flask, ``url_for``)."""
    from nbmicro.web.proxies import current_app

    return current_app.url_for(
        endpoint, _anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external, **values
    )


def redirect(location: str, code: int = 302, Response: type[BaseResponse] | None = None) -> BaseResponse:
    """A response that sends the browser to another URL.

    Parameters
    ----------
    location:
        The URL; it stays relative if it is.
    code:
        One of the redirecting statuses of RFC 9110: 301, 302, 303, 305, 307, 308.
    Response:
        The class of the response, where there is no app to ask.
    """
    context = current_context()
    if context is not None:
        response: BaseResponse = context.app.redirect(location, code=code)
        return response
    return werkzeug.utils.redirect(location, code=code, Response=Response)


def abort(code: int | BaseResponse, *args: Any, **kwargs: Any) -> NoReturn:
    """End the request with an HTTP error (RFC 9110).

    Parameters
    ----------
    code:
        The status, or a response to answer with.
    args, kwargs:
        Given to the error: usually a description.

    Raises
    ------
    werkzeug.exceptions.HTTPException
        Always; LookupError for a status that has no error.
    """
    context = current_context()
    if context is not None:
        context.app.aborter(code, *args, **kwargs)
    werkzeug.exceptions.abort(code, *args, **kwargs)
