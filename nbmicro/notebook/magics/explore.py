"""``%explore``: the routes, a form for each, and what the app answers."""

from __future__ import annotations

from nbmicro.errors import RequestError
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import magic

_TEXT = (
    "An explorer of {}: run this cell to use it. Where only this line comes: pip install ipywidgets anywidget, then "
    "restart Jupyter."
)


@magic("explore", options={})
def explore(session: Session) -> None:
    """Choose a route, fill its form, send it and see the answer, in a panel below this cell.

    %explore

    The form comes from the route's rule and from what its handler reads; of a FastAPI app, from its OpenAPI
    document. Enter sends. JSON is checked before. "As cell" writes the %%http cell of a request, "As curl" its
    command. What is sent is in %exchanges, as `widget`, and has the cookies of %http. The panel follows the app:
    run a cell that declares a route, and it is in the list.

    In plain Python:  nbmicro.explore()
    """
    from nbmicro.notebook.route_table import table_bundle

    app = session.target.app()
    try:
        from nbmicro.notebook.explore.explorer import Explorer
    except ImportError as error:
        raise RequestError(
            f"%explore needs ipywidgets and anywidget, and they cannot be imported here: {error}.",
            hint="Install them where the kernel runs (pip install ipywidgets anywidget); then restart Jupyter itself.",
        ) from None
    text = _TEXT.format(session.target.description())
    session.widgets.show("explore", Explorer(session), text, table_bundle(app, session.label_of_file))
