"""The names that a handler wants, which a notebook has without importing them."""

from __future__ import annotations

from typing import Any

from nbmicro.web.app import App
from nbmicro.web.blueprints import Blueprint
from nbmicro.web.files import send_file, send_from_directory
from nbmicro.web.json import jsonify
from nbmicro.web.proxies import current_app, g, request, session
from nbmicro.web.return_values import make_response
from nbmicro.web.sessions import flash, get_flashed_messages
from nbmicro.web.streaming import after_this_request, stream_with_context
from nbmicro.web.templating import render_template, render_template_string
from nbmicro.web.urls import abort, redirect, url_for
from nbmicro.web.wrappers import Response

HANDLER_NAMES: dict[str, Any] = {
    "Blueprint": Blueprint,
    "Response": Response,
    "abort": abort,
    "after_this_request": after_this_request,
    "current_app": current_app,
    "flash": flash,
    "g": g,
    "get_flashed_messages": get_flashed_messages,
    "jsonify": jsonify,
    "make_response": make_response,
    "redirect": redirect,
    "render_template": render_template,
    "render_template_string": render_template_string,
    "request": request,
    "send_file": send_file,
    "send_from_directory": send_from_directory,
    "session": session,
    "stream_with_context": stream_with_context,
    "url_for": url_for,
}

RESERVED_NAMES = frozenset(HANDLER_NAMES) | {"app", "client"}
"""Names that a path value may not take in a ``%%route`` cell."""


def default_app(root_path: str) -> App:
    """The app that a notebook has without making one."""
    return App("notebook", root_path=root_path)
