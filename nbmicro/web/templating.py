"""Templates: what a handler renders, with the names that every template has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nbmicro.web.contexts import current_request_context, has_app_context, has_request_context, table_here
from nbmicro.web.environ import RECORDED
from nbmicro.web.proxies import app_ctx, current_app, g, request, session
from nbmicro.web.signals import before_render_template, template_rendered

if TYPE_CHECKING:
    from jinja2 import Template

    from nbmicro.web.app import App


def autoescapes(name: str | None) -> bool:
    """Whether a template escapes what it shows: by its name's ending, and always when it is a string."""
    return name is None or name.endswith((".html", ".htm", ".xml", ".xhtml", ".svg"))


def update_context(app: App, context: dict[str, Any]) -> None:
    """Add what processors (app, then outer to inner blueprint) give; what the caller gave wins."""
    names: tuple[str | None, ...] = (None,)
    here = current_request_context()
    passed = context.copy()
    if here is not None:
        names = (None, *reversed(here.request.blueprints if here.as_flask else here.blueprints))
    table = table_here(app)
    for name in names:
        for function in (_default_template_ctx_processor, *table.chain("context_processor", (name,))):
            context.update(app.ensure_sync(function)())
    context.update(passed)


def _default_template_ctx_processor() -> dict[str, Any]:
    """The names that every template has, of the app and of each blueprint, as proxies: a template that looks at neither
    costs no request object and no session."""
    names = {"g": g} if has_app_context() else {}
    return {**names, "request": request, "session": session} if has_request_context() else names


def _render(app: App, template: Template, context: dict[str, Any]) -> str:
    given = tuple(context)
    app.update_template_context(context)
    if before_render_template.receivers:
        before_render_template.send(app, _async_wrapper=app.ensure_sync, template=template, context=context)
    text = template.render(context)
    if (here := current_request_context()) is not None and here.environ.get(RECORDED):
        from nbmicro.web.silence import note_page

        note_page(here.environ, app, template, text, given)
    if template_rendered.receivers:
        template_rendered.send(app, _async_wrapper=app.ensure_sync, template=template, context=context)
    return text


def _stream(app: App, template: Template, context: dict[str, Any]) -> Iterator[str]:
    from nbmicro.web.streaming import stream_with_context

    app.update_template_context(context)
    wrapper = app.ensure_sync
    before_render_template.send(app, _async_wrapper=wrapper, template=template, context=context)

    def pieces() -> Iterator[str]:
        yield from template.generate(context)
        template_rendered.send(app, _async_wrapper=wrapper, template=template, context=context)

    if has_request_context():
        streamed: Iterator[str] = stream_with_context(pieces())
        return streamed
    return pieces()


def _from_source(app: App, source: str) -> Template:
    """The template of a source, from whatever environment the app has."""
    environment = app.jinja_env
    template: Template = getattr(environment, "from_source", environment.from_string)(source)
    return template


def _current() -> App:
    return app_ctx.app


def render_template(template_name_or_list: Any, **context: Any) -> str:
    """Render a template by its name; of several names the first that exists.

    Raises jinja2.TemplateNotFound when there is none.
    """
    app = _current()
    return _render(app, app.jinja_env.get_or_select_template(template_name_or_list), context)


def render_template_string(source: str, **context: Any) -> str:
    """Render a template from its source."""
    app = _current()
    return _render(app, _from_source(app, source), context)


def stream_template(template_name_or_list: Any, **context: Any) -> Iterator[str]:
    """Render a template piece by piece, for a streamed response."""
    app = _current()
    return _stream(app, app.jinja_env.get_or_select_template(template_name_or_list), context)


def stream_template_string(source: str, **context: Any) -> Iterator[str]:
    """Render a template from its source piece by piece."""
    app = _current()
    return _stream(app, _from_source(app, source), context)


def get_template_attribute(template_name: str, attribute: str) -> Any:
    """A macro or variable that a template exports."""
    return getattr(current_app.jinja_env.get_template(template_name).module, attribute)
