"""What surrounds a handler: the hooks that come before and after it, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbmicro.web.app import App
    from nbmicro.web.request_context import RequestContext
    from nbmicro.web.table import Table

__all__ = ["Plan", "plan_of"]


class Plan:
    """What surrounds the handler of one endpoint in one table: looked up once, used by every request for it.

    Parameters
    ----------
    app:
        The app.
    table:
        The table.
    endpoint:
        The endpoint; None when no rule matched.
    """

    __slots__ = ("after", "before", "call", "guarded", "preprocessors", "teardown", "view")

    def __init__(self, app: App, table: Table, endpoint: str | None) -> None:
        parts = endpoint.split(".")[:-1] if endpoint else []
        outer = [".".join(parts[: depth + 1]) for depth in range(len(parts))]
        inner = [*reversed(outer), None]
        self.view = table.views.get(endpoint) if endpoint is not None else None
        self.call: Any = app.ensure_sync(self.view) if self.view is not None else None
        self.preprocessors = table.chain("url_value_preprocessor", [None, *outer])
        self.before = table.chain("before_request", [None, *outer])
        self.guarded = bool(self.preprocessors or self.before)
        self.after = [f for name in inner for f in reversed(table.chain("after_request", [name]))]
        self.teardown = [f for name in inner for f in reversed(table.chain("teardown_request", [name]))]


def plan_of(context: RequestContext) -> Plan:
    """The plan for the request of ``context``."""
    endpoint = context.endpoint
    plans = context.table.plans
    plan: Plan | None = plans.get(endpoint)
    if plan is None:
        plan = plans[endpoint] = Plan(context.app, context.table, endpoint)
    return plan
