"""Django."""

from __future__ import annotations

import html
import importlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from nbmicro.errors import LoadError
from nbmicro.foreign.adapter import DEPTH, PAGE_LIMIT, Adapter, Marks, as_parameter
from nbmicro.http.methods import AUTOMATIC_METHODS
from nbmicro.web.environ import ERROR
from nbmicro.web.route_info import RouteInfo, match_line
from nbmicro.web.rules import replace_parameters

if TYPE_CHECKING:
    from nbmicro.exchange.records import ExchangeRecord

_GROUP = re.compile(r"\(\?P<(\w+)>")
_REASON = re.compile(r'<pre class="exception_value">(.*?)</pre>', re.DOTALL)
_SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']""")


class Django(Adapter):
    name = "Django"
    classes = (
        ("django.core.handlers.wsgi", "WSGIHandler", False),
        ("django.core.handlers.asgi", "ASGIHandler", True),
    )
    modules = frozenset({"asgiref", "django"})
    declaration = 'path("x/", view) in the urlpatterns of its urls'
    marks: ClassVar[Marks] = {
        ("django.core.handlers.base", "BaseHandler.resolve_request"): ("match", ""),
        ("django.template.base", "Template.render"): ("template", ""),
    }
    pages = (
        # While DEBUG is on, then those of its production.
        re.compile(r'<meta name="robots" content="NONE,NOARCHIVE">.*?<(?:header|div) id="summary">', re.DOTALL),
        re.compile(
            r"<title>(?:Not Found|Bad Request \(400\)|Server Error \(500\)|403 Forbidden)</title>\s*</head>\s*<body"
        ),
    )
    project_file = "manage.py"

    # -- an app ----------------------------------------------------------------------------------------------------

    def routes(self, app: Any) -> Iterator[RouteInfo]:
        resolver = sys.modules["django.urls"].get_resolver()
        yield from _routes(resolver.url_patterns, "/", "", 0)

    def matches(self, app: Any, path: str, query: str) -> list[str]:
        urls = sys.modules["django.urls"]
        try:
            match = urls.resolve(path)
        except urls.Resolver404:
            return []
        methods = ",".join(name for name in _methods(match.func) if name not in AUTOMATIC_METHODS) or "ANY"
        values = {**{str(index): value for index, value in enumerate(match.args)}, **match.kwargs}
        return [match_line(methods, path, f"/{match.route}", match.view_name, values)]

    def developed(self, app: Any) -> Any:
        """As ``runserver`` does it: with DEBUG on, and where the project has staticfiles among its apps."""
        registry = getattr(sys.modules.get("django.apps"), "apps", None)
        settings = getattr(sys.modules.get("django.conf"), "settings", None)
        if registry is None or settings is None or not registry.ready or not settings.DEBUG or not settings.STATIC_URL:
            return app
        if not registry.is_installed("django.contrib.staticfiles"):
            return app
        # The module belongs to an app that the project has loaded.
        return importlib.import_module("django.contrib.staticfiles.handlers").StaticFilesHandler(app)

    # -- a request -------------------------------------------------------------------------------------------------

    def listen(self) -> None:
        signals = sys.modules.get("django.core.signals")
        if signals is not None:
            signals.got_request_exception.connect(_failed, dispatch_uid="nbmicro")

    def unlisten(self) -> None:
        signals = sys.modules.get("django.core.signals")
        if signals is not None:
            signals.got_request_exception.disconnect(dispatch_uid="nbmicro")

    def answered_by(self, app: Any, environ: Mapping[str, Any]) -> tuple[str, str] | None:
        urls = sys.modules["django.urls"]
        try:
            match = urls.resolve(environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"))
        except urls.Resolver404:
            return None
        return f"/{match.route}", str(match.view_name)

    def hint(self, exchange: ExchangeRecord) -> str | None:
        response = exchange.response
        if exchange.status == 403 and "CSRF verification failed" in response.text[:PAGE_LIMIT]:
            return (
                'Django wants the token of its form. Get the page, capture token: cookies["csrftoken"], '
                "and send it as a header:  X-CSRFToken: {{ token }}"
            )
        if exchange.status == 400 and any("ALLOWED_HOSTS" in line.message for line in exchange.logs):
            return "Django's ALLOWED_HOSTS lacks this host. Name one that it has:  %app … -H 'Host: example.org'"
        if exchange.status == 404 and exchange.rule is not None and self.is_page(response):
            reason = _REASON.search(response.text)
            return html.unescape(reason[1]).strip() or None if reason is not None else None
        return None

    # -- loading ---------------------------------------------------------------------------------------------------

    def project(self, file: Path) -> tuple[str, str]:
        """``DJANGO_SETTINGS_MODULE`` of the environment comes first, as for Django; else what the file says."""
        written = _SETTINGS.search(file.read_text("utf-8"))
        settings = os.environ.get("DJANGO_SETTINGS_MODULE") or (written[1] if written else None)
        if settings is None:
            raise LoadError(
                f"{file.name} names no settings.",
                hint="It should say  os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')",
            )
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
        return "django.core.wsgi", "get_wsgi_application"

    def loading_hint(self, error: BaseException) -> str | None:
        if type(error).__name__ == "ImproperlyConfigured" and "DJANGO_SETTINGS_MODULE" in str(error):
            return "Name the project's WSGI app, or its manage.py:  mysite.wsgi:application   manage.py"
        return None

    def kept_modules(self) -> Mapping[str, str]:
        """Models, the apps' configurations, settings, and their packages."""
        registry = getattr(sys.modules.get("django.apps"), "apps", None)
        if registry is None or not registry.ready:
            return {}
        kept = {model.__module__ for model in registry.get_models(include_auto_created=True)}
        kept |= {type(config).__module__ for config in registry.get_app_configs()}
        kept |= {os.environ.get("DJANGO_SETTINGS_MODULE", "")}
        kept |= {name.rpartition(".")[0] for name in kept}
        return dict.fromkeys(kept, "Django takes models and settings once")

    def reloaded(self) -> None:
        clear = getattr(sys.modules.get("django.urls"), "clear_url_caches", None)
        if clear is not None:
            clear()


def _routes(patterns: Iterable[Any], before: str, namespace: str, depth: int) -> Iterator[RouteInfo]:
    for entry in patterns:
        written = before + _text(entry.pattern)
        if hasattr(entry, "url_patterns"):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            if depth < DEPTH:
                yield from _routes(entry.url_patterns, written, inner, depth + 1)
            continue
        name = f"{namespace}{entry.name}" if entry.name else str(entry.lookup_str)
        rule = replace_parameters(written, lambda parameter: as_parameter(parameter.name, parameter.converter))
        yield RouteInfo(rule, _methods(entry.callback), name, written, entry.callback)


def _text(pattern: Any) -> str:
    """A pattern as it stands in ``path()``; of ``re_path()`` with its named groups as parameters."""
    text = str(pattern)
    if not hasattr(pattern, "_regex"):
        return text
    text = text.removeprefix("^").removesuffix("$").removesuffix(r"\Z")
    while (group := _GROUP.search(text)) is not None:
        depth, end = 1, group.end()
        while end < len(text) and depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0) if text[end - 1] != "\\" else 0
            end += 1
        text = f"{text[: group.start()]}<{group[1]}>{text[end:]}"
    return text.replace("\\", "")


def _methods(view: Any) -> tuple[str, ...]:
    """The methods of a view that is a class, or that ``require_http_methods`` guards; of others nobody knows."""
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        spoken = (name for name in view_class.http_method_names if hasattr(view_class, name) and name != "options")
        return tuple(map(str.upper, spoken))
    names = getattr(getattr(view, "__code__", None), "co_freevars", ())
    if "request_method_list" in names:
        return tuple(view.__closure__[names.index("request_method_list")].cell_contents)
    return ()


def _failed(sender: Any, request: Any = None, **more: Any) -> None:
    error = sys.exc_info()[1]
    environ = getattr(request, "META", None)
    if error is not None and environ is not None:
        # An async handler of Django has no environ, only what it made of a scope that holds ours.
        environ = getattr(request, "scope", {}).get("wsgi_environ", environ)
        environ[ERROR] = error
