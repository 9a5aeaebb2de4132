"""What a browser sees that opens an app without a route for ``/``: the app's routes, each with what it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from werkzeug.exceptions import NotFound

from nbmicro.notebook.route_table import shown_routes
from nbmicro.web.app import App

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PAGE = Markup("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{name}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 42rem; margin: 12vh auto; padding: 0 1.5rem }}
h1 {{ font-size: 1.6rem; font-weight: 600; margin: 0 }}
p {{ opacity: .75; margin: .3rem 0 1.5rem }}
ul {{ list-style: none; padding: 0 }}
li {{ display: flex; gap: 1rem; padding: .45rem 0; border-top: 1px solid #8884 }}
small {{ flex: none; width: 6rem; opacity: .75; overflow-wrap: anywhere }}
code {{ font: .95em ui-monospace, monospace; overflow-wrap: anywhere }}
</style>
<h1>{name}</h1>
<p>No route answers <code>/</code>. {rest}</p>
<ul>
{routes}
</ul>
</html>
""")


def with_first_page(app: Callable[[], Any], name: Callable[[], str]) -> WSGIApplication:
    """The app of ``app()``; where it has only its framework's bare "Not Found" for a browser at ``/``, its routes.

    A page of the app's own, whatever its status, stays as it is.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        served = app()
        is_page = environ["REQUEST_METHOD"] == "GET" and environ.get("PATH_INFO", "") in ("", "/")
        if not is_page or "text/html" not in environ.get("HTTP_ACCEPT", ""):
            iterable: Iterable[bytes] = served(environ, start_response)
            return iterable
        missed: list[Any] = []
        has_returned = False

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            if has_returned or not status.startswith("404"):
                return start_response(status, headers, *rest)
            missed[:] = status, headers, *rest
            return lambda data: None

        iterable = served(environ, start)
        has_returned = True
        if not missed:
            return iterable
        try:
            body = b"".join(iterable)
        finally:
            close = getattr(iterable, "close", None)
            if close is not None:
                close()
        if body not in (NotFound().get_response().get_data(), b'{"detail":"Not Found"}'):
            start_response(*missed)
            return [body]
        page = _page(served, name()).encode()
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page)))]
        start_response("404 NOT FOUND", headers)
        return [page]

    return answer


def _page(app: Any, name: str) -> Markup:
    try:
        routes = shown_routes(app)
    except Exception:  # an app that cannot list them is still answered for
        routes = ()
    lines = []
    for route in routes:
        rule = Markup("<code>{}</code>").format(getattr(route, "shown", route.rule))
        # Relative, so that it stays below a proxy's prefix; a rule with values has no page of its own.
        if "GET" in route.method_names.replace(",", " ").split() and not set(route.rule) & set("<{"):
            rule = Markup('<a href="./{}">{}</a>').format(route.rule.lstrip("/"), rule)
        lines.append(Markup("<li><small>{}</small>{}</li>").format(route.method_names, rule))
    none = "Declare one in a cell: %%route /" if isinstance(app, App) else ""
    rest = "The app has:" if lines else none
    return _PAGE.format(name=name, rest=rest, routes=Markup("\n").join(lines))
