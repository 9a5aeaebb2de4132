"""``%explore``: a panel with the routes of the app, a form for each, and what the app answers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbmicro.errors import RequestError
from nbmicro.exchange.exchange import Exchange
from nbmicro.http.headers import MASK
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.notebook.explore.choices import RouteChoice, choices_of, form_for
from nbmicro.notebook.explore.form import RequestForm
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.kernel.showing import bundle_of
from nbmicro.notebook.route_table import table_bundle
from nbmicro.web.owners import current_run

if TYPE_CHECKING:
    from nbmicro.notebook.explore.widget import Explorer


#: Panels that live at once in a notebook; the oldest ends when one more is opened.
PANELS = 16

_TEXT = (
    "An explorer of {}: run this cell to use it. Where only this line comes: pip install ipywidgets anywidget, then "
    "restart Jupyter."
)
_MASKED = f"Secrets are not written here: put each in the place of its {MASK}."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a panel shows of an exchange: the same as a cell, and the time that it took."""

    target: str
    status: int
    bundle: dict[str, str]


class Explored:
    """The session, as a panel sees it. Any thread may call it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def choices(self) -> tuple[RouteChoice, ...]:
        """The routes of the app that the magics speak to now."""
        return choices_of(self._session.target(), self._session.label_of_file)

    def form(self, choice: RouteChoice) -> RequestForm:
        """The form of one of them."""
        return form_for(self._session.target(), choice)

    def send(self, request: RequestRecord) -> Answer:
        """Send a request as the notebook's client, with its cookies; the exchange has the origin ``widget``."""
        client = self._session.client
        exchange = client.send(request, origin="widget", announce=False)
        exchange = exchange.with_notes(*self._session.spoken.take_notes())
        return Answer(request.target, exchange.status, bundle_of(exchange, "body checks time"))

    def cell(self, request: RequestRecord) -> tuple[str, str]:
        """The ``%%http`` cell that sends a request, and what is to be said of it."""
        text = f"%%http\n{self._exchange(request).as_http()}\n"
        return text, _MASKED if MASK in text else ""

    def curl(self, request: RequestRecord) -> tuple[str, str]:
        """The curl command that sends a request to the server, and what is to be said of it."""
        server = self._session.server
        text = self._exchange(request).as_curl(base_url=server.url if server is not None else None)
        said = "" if server is not None else "The app must be served:  %serve"
        return text, _MASKED if MASK in text else said

    def _exchange(self, request: RequestRecord) -> Exchange:
        return Exchange(request, ResponseRecord(200, "OK"), secret_names=self._session.client.secret_names)


class _Panels:
    """The panels of one session, by the cell that opened them; each is told when a cell has ended."""

    def __init__(self) -> None:
        self._open: OrderedDict[Hashable, Explorer] = OrderedDict()

    def add(self, key: Hashable, panel: Explorer) -> None:
        before = self._open.pop(key, None)
        self._open[key] = panel
        if before is not None:
            before.close()
        while len(self._open) > PANELS:
            self._open.popitem(last=False)[1].close()

    def look_again(self) -> None:
        for panel in list(self._open.values()):
            panel.look_again()

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()


def explore(session: Session) -> None:
    """Show a panel of the routes, and below it the routes for readers who run nothing.

    Raises nbmicro.errors.RequestError where ipywidgets cannot be imported.
    """
    app = session.target()
    try:
        from nbmicro.notebook.explore.widget import Explorer
    except ImportError as error:
        raise RequestError(
            f"%explore needs ipywidgets and anywidget, and they cannot be imported here: {error}.",
            hint="Install them where the kernel runs (pip install ipywidgets anywidget); then restart Jupyter itself.",
        ) from None
    panel = Explorer(Explored(session))
    run = current_run()
    owner = run.owner.key if run is not None else None
    _panels_of(session).add(owner, panel)
    session.host.display(panel.bundle(_TEXT.format(session.spoken.description())))
    still = table_bundle(app, session.label_of_file)
    if "text/html" in still:
        still["text/html"] = f'<div class="nbmicro-explore-still">{still["text/html"]}</div>'
    session.host.display(still)


def _panels_of(session: Session) -> _Panels:
    found: _Panels | None = session.__dict__.get("panels")
    if found is None:
        found = session.__dict__["panels"] = _Panels()
        session.at_end.append(found.close)
        session.after_cells.append(found.look_again)
    return found
