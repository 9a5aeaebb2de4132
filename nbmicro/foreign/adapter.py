"""What can be known of a framework: the parts of an adapter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from nbmicro.web.route_info import RouteInfo, matches_in_table
from nbmicro.web.rules import CONVERTERS, parameter_text

if TYPE_CHECKING:
    from nbmicro.exchange.records import ExchangeRecord
    from nbmicro.http.messages import ResponseRecord

#: Functions whose call is a step of a trace: (module, qualified name) → (kind, label).
Marks: TypeAlias = Mapping[tuple[str, str], tuple[str, str]]

#: Mounts and includes of an app that are followed.
DEPTH = 10
#: Characters of a page that are looked at.
PAGE_LIMIT = 6000


class Adapter:
    """What is known of one framework. A part that an adapter does not override says that nothing is known of it.

    An adapter never imports its framework: it finds what has been imported in ``sys.modules``.
    """

    #: What people call the framework; empty for one that is not known.
    name: ClassVar[str] = ""
    #: The classes of its apps, the more special first: module, name, whether they speak ASGI.
    classes: ClassVar[tuple[tuple[str, str, bool], ...]] = ()
    #: Its top-level modules and those of libraries that come with it: their lines do not show where a handler failed.
    modules: ClassVar[frozenset[str]] = frozenset()
    #: How a page is declared, ``{name}`` being the app.
    declaration: ClassVar[str | None] = None
    #: Its functions whose call is a step of a trace.
    marks: ClassVar[Marks] = {}
    #: Of which error pages it makes by itself, in HTML.
    pages: ClassVar[tuple[re.Pattern[str], ...]] = ()
    #: Environment variables that let it start no server while an app is loaded.
    no_server: ClassVar[Mapping[str, str]] = {}
    #: The file by which a project of it is known, for :meth:`project`.
    project_file: ClassVar[str | None] = None

    # -- an app ----------------------------------------------------------------------------------------------------

    def has_shape(self, app: Any) -> bool:
        """Whether an object that is of none of the classes keeps its routes as this framework does."""
        return False

    def routes(self, app: Any) -> Iterable[RouteInfo] | None:
        """The routes of an app, in its order; None where they cannot be read."""
        return None

    def matches(self, app: Any, path: str, query: str) -> list[str] | None:
        """What answers a path, a line for each method; none where nothing does, None where that cannot be known."""
        routes = self.routes(app)
        return None if routes is None else matches_in_table(routes, path)

    def hooks(self, app: Any) -> Mapping[str, Any]:
        """What an app calls beside its handlers: by the name of such a hook, functions in mappings or lists."""
        return {}

    def developed(self, app: Any) -> Any:
        """The app as the framework's own development server serves it: with its static files, where that adds them."""
        return app

    def openapi(self, app: Any) -> Any:
        """The OpenAPI document that an app writes of itself."""
        return None

    # -- a request -------------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Begin to note in the environ of a request what the framework's signals say of it; again is nothing."""

    def unlisten(self) -> None:
        """Take that back."""

    def note_scope(self, scope: Mapping[str, Any], environ: MutableMapping[str, Any]) -> None:
        """Note in the environ what the framework left in the ASGI scope of a request that is over."""

    def look_back(self, environ: MutableMapping[str, Any]) -> None:
        """Note in the environ of a request that is over what the framework left there of its exception."""

    def answered_by(self, app: Any, environ: Mapping[str, Any]) -> tuple[str, str] | None:
        """Rule and endpoint of the route that answered, as far as the framework left a trace of it."""
        return None

    def is_page(self, response: ResponseRecord) -> bool:
        """Whether a body is an error page that the framework made by itself."""
        if response.media_type != "text/html" or response.status < 400:
            return False
        text = response.text[:PAGE_LIMIT]
        return any(page.search(text) for page in self.pages)

    def hint(self, exchange: ExchangeRecord) -> str | None:
        """What to do about a response that refuses and is the framework's own."""
        return None

    # -- loading ---------------------------------------------------------------------------------------------------

    def project(self, file: Path) -> tuple[str, str]:
        """Prepare to import the project of :attr:`project_file`; gives the module and the function that makes its app.

        Raises nbmicro.errors.LoadError for a file that names no project.
        """
        raise NotImplementedError

    def loading_hint(self, error: BaseException) -> str | None:
        """What to do about an app that failed while it was loaded."""
        return None

    def kept_modules(self) -> Mapping[str, str]:
        """The modules that cannot be imported twice in a process, with the reason."""
        return {}

    def reloaded(self) -> None:
        """Forget what was kept of modules that have just been imported anew."""


def as_parameter(name: str, converter: str | None) -> str:
    """A parameter in Werkzeug's syntax; a converter that means nothing there (Django's slug) is left out."""
    return parameter_text(name, converter if converter in CONVERTERS else None)
