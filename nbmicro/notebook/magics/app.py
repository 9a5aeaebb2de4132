"""``%app``: which app the magics speak to."""

from __future__ import annotations

from dataclasses import replace

from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import magic


@magic("app")
def app(session: Session, line: str) -> None:
    """Say which app the magics speak to: one of the notebook, or any WSGI or ASGI app that can be imported.

    %app [TARGET] [-H 'Name: value'] [--reload]

    TARGET    app                    a name of the notebook; `app` is the one without %app
              shop:app               an app in a module: Flask, Django, FastAPI, Starlette, Bottle, any other
              shop:create_app('test')  what a function of a module makes; its arguments are plain values
              mysite.wsgi:application  Django; manage.py does as well
    -H        a header for each request that does not bring it; {{ }} takes a value from the notebook
    --reload  before a request, import the target's own modules anew if a file of theirs has changed. What the old
              ones held in memory is gone then. Where that fails, the app from before answers, and it is said why.

    Without anything it says which app it is. Each app has its own cookies. %http, %routes, %exchanges and %serve
    work on all of them, %%route and its like on nbmicro's.

    In plain Python:  from shop import app   (without %app, the notebook's `app` is what the magics speak to)
    """
    from nbmicro.cells.app_line import AppLine, parse_app_line

    parsed = parse_app_line(line)
    changes = parsed != AppLine()
    if changes:
        session.change_target(parsed if parsed.target is not None else replace(parsed, target=session.target.name))
    now = "now " if changes else ""
    back = "" if session.target.name == "app" else " Back: %app app"
    print(f"The magics {now}speak to {session.target.description()}.{back}")
