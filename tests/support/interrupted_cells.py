"""Runs one cell again and again, each time stopped at another bytecode of nbmicro's, and looks what is left.

``python interrupted_cells.py SITUATION MOST SEED`` prints, as JSON, how many places there are, how many were tried,
and what was amiss after each. Each try is a forked process, so that none has to mend what another one broke.
"""

from __future__ import annotations

import contextvars
import io
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from IPython.core.interactiveshell import InteractiveShell

from tests.support.interrupting import Interrupter, Place, thinned

APP = """
from nbmicro import Blueprint
pages = Blueprint("pages", "pages")
@pages.route("/page")
def page():
    return "VERSION"
@app.route("/start")
def start():
    return "VERSION"
@app.after_request
def mark(response):
    response.headers["Mark"] = "VERSION"
    return response
app.register_blueprint(pages)
"""
OTHER = "from nbmicro import App\nother = App('other')\n@other.route('/start')\ndef other_start(): return 'other'"
EDGES = ("notebook/kernel", "web/ledger", "web/owners", "threads")


class Situation(NamedTuple):
    """A cell to interrupt, the packages in which, and the cell that runs before."""

    cell: str
    packages: tuple[str, ...] = (*EDGES, "notebook/magics")
    before: str = ""


SITUATIONS = {
    "a declaration": Situation(APP.replace("VERSION", "new"), EDGES),
    "a declaration that fails": Situation(APP.replace("VERSION", "new") + "1/0", EDGES),
    "%%route": Situation("%%route /mine\n'new'", (*EDGES, "notebook/magics", "web/setup", "web/table")),
    "%%template": Situation("%%template t.html\nnew"),
    "%%static": Situation("%%static s.css\nnew"),
    "%http": Situation("%http /start", (*EDGES, "client", "runner/run", "notebook/magics")),
    "%trace": Situation("%trace /start", (*EDGES, "client")),
    "%serve": Situation("%serve", (*EDGES, "server", "notebook/magics/serve")),
    "%serve again": Situation("%serve", (*EDGES, "server", "notebook/magics/serve"), "%serve"),
    "%serve --stop": Situation("%serve --stop", (*EDGES, "server", "notebook/magics/serve"), "%serve"),
    "%app": Situation("%app other", (*EDGES, "notebook/magics")),
    "%load_ext": Situation("%load_ext nbmicro", ("notebook", "threads", "web/ledger"), "%unload_ext nbmicro"),
    "%unload_ext": Situation("%unload_ext nbmicro", ("notebook", "threads", "web/ledger", "server"), "%serve"),
    "%browse": Situation("%browse /start", (*EDGES, "notebook/browse", "notebook/magics", "client")),
    "%explore": Situation("%explore", (*EDGES, "notebook/explore", "notebook/magics")),
}

#: What handles interrupts: nothing does in a process that a shell runs in the background.
SIGINT = signal.getsignal(signal.SIGINT)
shell = InteractiveShell.instance()
raised: list[BaseException | None] = []
shell.showtraceback = lambda exc_tuple=None, *_, **__: raised.append((exc_tuple or sys.exc_info())[1])


def run(text: str, cell_id: str) -> bool:
    """Run a cell, and say whether it came to its end."""
    raised.clear()
    try:
        return bool(shell.run_cell(text, store_history=False, cell_id=cell_id).success) and not raised
    except KeyboardInterrupt:
        return False


def visitor(path: str) -> str:
    """What somebody else than the notebook gets."""
    from werkzeug.test import Client

    answers: list[str] = []

    def ask() -> None:
        response = contextvars.Context().run(Client(shell.user_ns["app"]).get, path)
        answers.append(f"{response.status_code} {response.get_data(as_text=True)}"[:20])

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(10)
    return answers[0] if answers else "no answer"


def http(path: str) -> str:
    """What the notebook gets."""
    if not run(f"_asked = %http -q {path}", "ask"):
        return f"%http fails: {raised!r}"
    asked = shell.user_ns["_asked"]
    return f"{asked.status} {asked.text}"[:20]


def prepare() -> None:
    if "app" not in shell.user_ns:
        run("%load_ext nbmicro", "load")
    for text, cell_id in ((APP.replace("VERSION", "old"), "app"), (OTHER, "other"), ("%%template t.html\nold", "page")):
        assert run(text, cell_id), raised


def listening() -> int:
    """How many sockets of this process listen."""
    tables = [Path(name).read_text().splitlines()[1:] for name in ("/proc/net/tcp", "/proc/net/tcp6")]
    listed = {f"socket:[{line.split()[9]}]" for lines in tables for line in lines if line.split()[3] == "0A"}
    links = []
    for name in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:  # the listing's own
            continue
    return len(listed.intersection(links))


def threads() -> list[str]:
    """The threads of nbmicro's that do not end by themselves."""
    deadline = time.monotonic() + 5
    while alive := [thread.name for thread in threading.enumerate() if thread.name.startswith("nbmicro-")]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return alive


def hooks() -> list[int]:
    events = shell.events.callbacks
    return [len(events["pre_run_cell"]), len(events["post_run_cell"]), len(shell.input_transformers_cleanup)]


def amiss(stdout: Any, before: list[int], *, loaded: bool) -> list[str]:
    """What is not as if the cell had failed, or had come to its end."""
    from nbmicro.web.ledger import Ledger
    from nbmicro.web.owners import current_run

    found: list[str] = []

    def expect(holds: bool, otherwise: object) -> None:
        if not holds:
            found.append(str(otherwise))

    expect(current_run() is None, "a run is open")
    expect(sys.stdout is stdout, "what is printed is still captured")
    if not shell.find_line_magic("routes"):
        # Unloaded: then it is loaded again as ever.
        expect(run("%load_ext nbmicro", "load"), f"loading again: {raised!r}")
        expect(run(APP.replace("VERSION", "old"), "app"), f"declaring again: {raised!r}")
    elif visitor("/start").startswith("404"):
        # Loaded anew: its routes have gone with the session before.
        expect(not loaded and run(APP.replace("VERSION", "old"), "app"), f"declaring again: {raised!r}")
    if http("/start").endswith("other"):
        expect(run("%app app", "back"), f"%app app: {raised!r}")
    answers = [ask(path) for ask in (http, visitor) for path in ("/start", "/page")]
    expect(len(set(answers)) == 1 and answers[0] in ("200 old", "200 new"), f"%http, then visitors: {answers}")
    expect(run("@app.route('/later')\ndef later(): return 'later'", "later"), f"a later cell: {raised!r}")
    expect(visitor("/later") == "200 later", f"a later cell's route: {visitor('/later')}")
    expect(run(APP.replace("VERSION", "last"), "app"), f"the cell again: {raised!r}")
    answers = [ask(path) for ask in (http, visitor) for path in ("/start", "/page")]
    expect(set(answers) == {"200 last"}, f"the cell again: {answers}")
    expect(run("%serve --stop", "stop"), f"%serve --stop: {raised!r}")
    expect(not listening(), f"{listening()} sockets listen after %serve --stop")
    expect(not threads(), threads())
    expect(hooks() == before, f"hooks: {hooks()}")
    expect(not signal.getitimer(signal.ITIMER_REAL)[0], "an alarm is set")
    expect(signal.getsignal(signal.SIGINT) == SIGINT, "another handler of interrupts")
    expect(sys.getprofile() is None, "a profile function is set")
    expect(not any(ledger._pending for ledger in list(Ledger.every)), "declarations are pending")
    return found


def in_fork(work: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What ``work`` gives in a process of its own."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        try:
            answer = json.dumps(work())
        except BaseException as error:
            answer = json.dumps([f"{error!r}"])
        with os.fdopen(writes, "w") as pipe:
            pipe.write(answer)
        os._exit(0)
    os.close(writes)
    data = b""
    while select.select([reads], [], [], seconds)[0] and (piece := os.read(reads, 65536)):
        data += piece
    os.close(reads)
    if not data:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(data) if data else ["it hangs"]


def main(name: str, most: int, seed: int) -> dict[str, Any]:
    situation = SITUATIONS[name]
    interrupter = Interrupter(*situation.packages)
    cell_id = "app" if situation.cell.startswith("\n") else "cell"
    stdout, sys.stdout, sys.stderr = sys.stdout, io.StringIO(), io.StringIO()
    prepare()
    before = hooks()
    # What is imported on first use is imported.
    for text in ("%http /start", "%trace /start", "%serve", "%serve --stop", "%app other", "%app app"):
        run(text, "first")
    if situation.cell.startswith(("%browse", "%explore")):
        run(situation.cell, "first")

    def act() -> None:
        run(situation.cell, cell_id)

    def collect() -> list[Place]:
        run(situation.before, "before")
        return interrupter.places(act)

    def attempt(place: Place | None) -> list[str]:
        run(situation.before, "before")
        if place is None:
            act()
        elif not interrupter.interrupt(place, act):
            return []
        return amiss(sys.stdout, before, loaded=not situation.before.startswith("%unload_ext"))

    places: list[Place] = list(map(tuple, in_fork(collect)))
    tried = list(thinned(places, most, seed))
    failures = {"without an interrupt": in_fork(lambda: attempt(None))}
    for place in tried:
        failures[" ".join(map(str, place[1:]))] = in_fork(lambda place=place: attempt(place))
    sys.stdout = stdout
    return {
        "places": len(places),
        "tried": len(tried),
        "failures": {place: found for place, found in failures.items() if found},
    }


if __name__ == "__main__":
    errors = sys.stderr
    try:
        result = main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    finally:
        sys.stderr = errors
    print(json.dumps(result))
