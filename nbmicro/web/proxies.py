"""The names that stand for what is current: ``current_app``, ``g``, ``request``, ``session`` and the contexts behind
them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import werkzeug.local
from werkzeug.utils import import_string

from nbmicro.web.contexts import (
    AppContext,
    RequestContext,
    need_app_context,
    need_request_context,
    request_here,
)

if TYPE_CHECKING:
    from nbmicro.web.app import App
    from nbmicro.web.sessions import SessionMixin
    from nbmicro.web.wrappers import Request


class LocalProxy(werkzeug.local.LocalProxy[Any]):
    """Werkzeug's proxy, which while it stands for nothing still lists what its object will offer."""

    __slots__ = ("_kind",)

    def __init__(self, find: Callable[[], Any], kind: str) -> None:
        super().__init__(find)
        object.__setattr__(self, "_get_current_object", find)
        object.__setattr__(self, "_kind", kind)

    def __dir__(self) -> list[str]:
        try:
            return dir(self._get_current_object())
        except RuntimeError:
            return dir(import_string(f"nbmicro.web.{object.__getattribute__(self, '_kind')}"))


app_ctx: AppContext = LocalProxy(lambda: need_app_context().app_part, "contexts.AppContext")  # type: ignore[assignment]
request_ctx: RequestContext = LocalProxy(need_request_context, "contexts.RequestContext")  # type: ignore[assignment]
current_app: App = LocalProxy(lambda: need_app_context().app, "app.App")  # type: ignore[assignment]
g: Any = LocalProxy(lambda: need_app_context().g, "contexts.Namespace")
request: Request = LocalProxy(request_here, "wrappers.Request")  # type: ignore[assignment]
session: SessionMixin = LocalProxy(lambda: need_request_context().used_session, "sessions.SecureCookieSession")  # type: ignore[assignment]
