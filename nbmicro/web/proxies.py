"""The names that stand for what is current: ``current_app``, ``g``, ``request``, ``session`` and the contexts behind
them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import werkzeug.local

from nbmicro.web.contexts import (
    AppContext,
    Namespace,
    RequestContext,
    need_app_context,
    need_request_context,
    request_here,
)

if TYPE_CHECKING:
    from nbmicro.web.app import App
    from nbmicro.web.sessions import SessionMixin
    from nbmicro.web.wrappers import Request


offered: dict[str, type] = {"AppContext": AppContext, "RequestContext": RequestContext, "g": Namespace}
"""What each proxy stands for, by name; the modules that define the classes enter them."""


class LocalProxy(werkzeug.local.LocalProxy[Any]):
    """Werkzeug's proxy, which while it stands for nothing still lists what its object will offer.

    Parameters
    ----------
    find:
        Gives the current object, or raises RuntimeError.
    kind:
        The class whose attributes ``dir()`` lists meanwhile, by its name in :data:`offered`.
    """

    __slots__ = ("_kind",)

    def __init__(self, find: Callable[[], Any], kind: str) -> None:
        super().__init__(find)
        object.__setattr__(self, "_get_current_object", find)
        object.__setattr__(self, "_kind", kind)

    def __dir__(self) -> list[str]:
        try:
            return dir(self._get_current_object())
        except RuntimeError:
            return dir(offered.get(object.__getattribute__(self, "_kind"), object))


app_ctx: AppContext = LocalProxy(lambda: need_app_context().app_part, "AppContext")  # type: ignore[assignment]
request_ctx: RequestContext = LocalProxy(need_request_context, "RequestContext")  # type: ignore[assignment]
current_app: App = LocalProxy(lambda: need_app_context().app, "App")  # type: ignore[assignment]
g: Any = LocalProxy(lambda: need_app_context().g, "g")
request: Request = LocalProxy(request_here, "Request")  # type: ignore[assignment]
session: SessionMixin = LocalProxy(lambda: need_request_context().used_session, "Session")  # type: ignore[assignment]
