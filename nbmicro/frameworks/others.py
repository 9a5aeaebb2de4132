"""Frameworks of which little is known yet."""

from __future__ import annotations

from nbmicro.frameworks.adapter import Adapter


class Litestar(Adapter):
    name = "Litestar"
    classes = (("litestar", "Litestar", True),)
    modules = frozenset({"litestar"})


class Falcon(Adapter):
    name = "Falcon"
    classes = (("falcon.asgi", "App", True), ("falcon", "App", False))
    modules = frozenset({"falcon"})


class Pyramid(Adapter):
    name = "Pyramid"
    classes = (("pyramid.router", "Router", False),)
    modules = frozenset({"pyramid", "webob"})
