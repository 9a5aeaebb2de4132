"""``%%static``: a cell becomes a static file."""

from __future__ import annotations

from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import magic


@magic("static")
def static(session: Session, line: str, cell: str) -> None:
    """Make this cell a static file.

    %%static PATH

    PATH      style.css; it is served as /static/style.css, before a file of that path in static/

        %%static style.css
        h1 { font-family: sans-serif }

    A template has its address with url_for("static", filename="style.css").

    In plain Python:  app.add_static_file("style.css", b"…", "text/css")
    """
    from nbmicro.cells.resource_cell import parse_static_cell

    parsed = parse_static_cell(line, cell)
    session.app.add_static_file(parsed.path, parsed.content, parsed.mimetype)
    print(f"static {session.app.static_url_path or ''}/{parsed.path} · {parsed.mimetype}")
