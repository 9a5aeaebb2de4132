"""Building URLs, and the short ways out of a handler: redirects and aborts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

import werkzeug.exceptions
import werkzeug.utils
from werkzeug.routing import BuildError, MapAdapter

from nbmicro.web.contexts import RequestContext, current_context, table_here

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

    from nbmicro.web.app import App


def build_url(
    app: App,
    endpoint: str,
    *,
    anchor: str | None,
    method: str | None,
    scheme: str | None,
    external: bool | None,
    values: dict[str, Any],
) -> str:
    """The URL of ``endpoint``.

    Inside a request it is relative to the host unless ``external`` or ``scheme`` asks for more. Outside one it is a
    full URL when SERVER_NAME is set, else a path: the notebook, the served app and the exported one agree on that.
    """
    context = current_context()
    adapter: MapAdapter | None = None
    if isinstance(context, RequestContext) and context.app is app.newest():
        adapter = context.url_adapter
        if endpoint[:1] == ".":
            blueprint = context.request.blueprint
            endpoint = f"{blueprint}{endpoint}" if blueprint is not None else endpoint[1:]
        if external is None:
            external = scheme is not None
    else:
        adapter = context.url_adapter if context is not None and context.app is app.newest() else None
        adapter = adapter if adapter is not None else app.create_url_adapter(None)
        if external is None:
            external = adapter is not None
        if adapter is None and external:
            raise RuntimeError(
                "A full URL outside a request needs to know the host: set app.config['SERVER_NAME'], and perhaps"
                " APPLICATION_ROOT and PREFERRED_URL_SCHEME."
            )
    if adapter is None:
        adapter = table_here(app).map.bind("localhost", script_name=app.config["APPLICATION_ROOT"])
    if scheme is not None and not external:
        raise ValueError("When specifying '_scheme', '_external' must be True.")
    app.inject_url_defaults(endpoint, values)
    try:
        url = adapter.build(endpoint, values, method=method, url_scheme=scheme, force_external=external)
    except BuildError as error:
        values.update(_anchor=anchor, _method=method, _scheme=scheme, _external=external)
        return app.handle_url_build_error(error, endpoint, values)
    return f"{url}#{quote(anchor, safe='%!#$&()*+,/:;=?@~')}" if anchor is not None else url


def inject_defaults(app: App, endpoint: str, values: dict[str, Any]) -> None:
    """Let ``url_defaults`` functions add to ``values``: the app's, then those of outer to inner blueprints."""
    names: list[str | None] = [None]
    parts = endpoint.split(".")[:-1]
    names += [".".join(parts[: depth + 1]) for depth in range(len(parts))]
    for function in table_here(app).chain("url_defaults", names):
        function(endpoint, values)


def handle_build_error(app: App, error: BuildError, endpoint: str, values: dict[str, Any]) -> str:
    """Ask ``app.url_build_error_handlers`` in turn; the first answer other than None is the URL."""
    for handler in app.url_build_error_handlers:
        try:
            url = handler(error, endpoint, values)
        except BuildError as again:
            error = again
        else:
            if url is not None:
                return url
    raise error


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
