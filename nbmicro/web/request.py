"""The request a handler sees: Werkzeug's, with what the app knows of it.

What lives here: the rule it matched, the blueprint it belongs to, the limits that the app's configuration sets. What
must not: parsing; that is Werkzeug's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Request as WerkzeugRequest

from nbmicro.web import json, proxies
from nbmicro.web.contexts import current_context

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.routing import Rule

__all__ = ["Request"]


def _setting(name: str) -> Any:
    """A limit: what was set on this request, else the current app's configuration, else Werkzeug's default."""
    own = f"_{name}"
    key = name.upper()
    default = getattr(WerkzeugRequest, name)

    def read(self: Request) -> int | None:
        value: int | None = self.__dict__.get(own)
        if value is not None:
            return value
        context = current_context()
        limit: int | None = default if context is None else context.app.config.get(key, default)
        return limit

    def write(self: Request, value: int | None) -> None:
        self.__dict__[own] = value

    return property(read, write, doc=f"The limit {key} for this request; may be set before the body is read.")


class Request(WerkzeugRequest):
    """One HTTP request (RFC 9110), as the handler sees it.

    Attributes
    ----------
    url_rule:
        The rule that matched; None if none did.
    view_args:
        The values in the path; None if no rule matched.
    routing_exception:
        Why no rule matched: an exception that becomes the response.
    max_content_length:
        The size of the body, in bytes, above which reading it is a 413; None for no limit.
    max_form_memory_size:
        The size of a field of a multipart form that is not a file, in bytes, above which reading it is a 413.
    max_form_parts:
        The number of form fields above which reading a multipart form is a 413.
    """

    json_module: Any = json

    def __init__(self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False) -> None:
        super().__init__(environ, populate_request, shallow)
        if not self.query_string.isascii():
            # Bytes that are no UTF-8 stay what they are in a URL, percent-encoded; reading them is not an error.
            self.query_string = self.query_string.decode(errors="werkzeug.url_quote").encode()

    url_rule: Rule | None = None
    view_args: dict[str, Any] | None = None
    routing_exception: HTTPException | None = None

    max_content_length = _setting("max_content_length")
    max_form_memory_size = _setting("max_form_memory_size")
    max_form_parts = _setting("max_form_parts")

    @property
    def is_json(self) -> bool:
        """Whether the body is said to be JSON."""
        if self.environ.get("CONTENT_TYPE") == "application/json":
            return True
        found: bool = super().is_json
        return found

    @property
    def endpoint(self) -> str | None:
        """The name of the route that matched, as ``url_for`` knows it; None if none did."""
        rule = self.url_rule
        return None if rule is None else rule.endpoint

    @property
    def blueprint(self) -> str | None:
        """The name of the blueprint that the route belongs to, its parents' before it; None if to none."""
        name, _, _ = (self.endpoint or "").rpartition(".")
        return name or None

    @property
    def blueprints(self) -> list[str]:
        """The names of the route's blueprint and of its parents, innermost first."""
        names = []
        name = self.blueprint
        while name:
            names.append(name)
            name, _, _ = name.rpartition(".")
        return names

    def _load_form_data(self) -> None:
        super()._load_form_data()
        if self.mimetype != "multipart/form-data" and not self.files:
            context = current_context()
            if context is not None and context.app.debug:
                from nbmicro.web.debughelp import explain_missing_files

                explain_missing_files(self)

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        """Called when the body is not JSON: 415 for another content type, else 400, with its reason in debug only."""
        try:
            return super().on_json_loading_failed(e)
        except BadRequest as error:
            context = current_context()
            if context is not None and context.app.debug:
                raise
            raise BadRequest from error


proxies.offered["Request"] = Request
