"""The signals an app sends while it works, in blinker's form."""

from __future__ import annotations

from nbmicro.web.receivers import Namespace

__all__ = [
    "Namespace",
    "appcontext_popped",
    "appcontext_pushed",
    "appcontext_tearing_down",
    "before_render_template",
    "got_request_exception",
    "message_flashed",
    "request_finished",
    "request_started",
    "request_tearing_down",
    "template_rendered",
]

_ours = Namespace()

#: A template is about to be rendered; comes with ``template`` and ``context``.
before_render_template = _ours.signal("before-render-template")
#: A template was rendered; comes with ``template`` and ``context``.
template_rendered = _ours.signal("template-rendered")
#: A request begins: its context is there, no hook has run.
request_started = _ours.signal("request-started")
#: A response is ready to be sent; comes with ``response``.
request_finished = _ours.signal("request-finished")
#: A request's context goes away; comes with ``exc``.
request_tearing_down = _ours.signal("request-tearing-down")
#: An exception became a 500, or is about to be raised again; comes with ``exception``.
got_request_exception = _ours.signal("got-request-exception")
#: An app context goes away; comes with ``exc``.
appcontext_tearing_down = _ours.signal("appcontext-tearing-down")
#: An app context came into effect.
appcontext_pushed = _ours.signal("appcontext-pushed")
#: An app context is no longer in effect.
appcontext_popped = _ours.signal("appcontext-popped")
#: A message was flashed; comes with ``message`` and ``category``.
message_flashed = _ours.signal("message-flashed")
