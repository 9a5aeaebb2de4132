"""``%bench``: one request sent many times, its progress shown, its latencies beside those of its last run."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from nbmicro.errors import OptionError, RequestError
from nbmicro.exchange.secrets import redacted_errors, redacted_request
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import Names, magic
from nbmicro.web.owners import current_run

if TYPE_CHECKING:
    from nbmicro.client.bench import Latencies

COUNT = 1000
#: Requests whose last measurement is kept.
KEPT = 50

_COUNT = re.compile(r"(?:^|\s)(?:-n|--count)(?:[\s=]+|(?=\d))(\S+)|(?:^|\s)(?:-n|--count)\s*$")

_last: WeakKeyDictionary[Session, OrderedDict[Any, Latencies]] = WeakKeyDictionary()


@magic("bench", names=True)
def bench(session: Session, line: str, *, names: Names) -> Latencies:
    """Send a request many times and show how long the app takes.

    %bench [METHOD] URL [ITEM…] [-n N]

    -n N      how many times; 1000 without it

    It takes what %http takes, and returns the latencies (seconds, sorted): result.percentile(99). They are the
    app's own, without a network and without the client; the first few requests are not counted. A second run of the
    same request is shown beside the first. Interrupt it, and what was measured until then is shown. The history
    and the cookies stay as they are.

        %bench /hello/Ada
        %bench POST /users name=Ada -n 200

    In plain Python:  from nbmicro import measure
    """
    from nbmicro.client.bench import measure
    from nbmicro.language.items import parse_line
    from nbmicro.render.bench import latency_bundle, progress_bundle
    from nbmicro.runner.build import assemble_request
    from nbmicro.runner.fill import Scope

    count, line = _count_in(line)
    if not line.strip():
        raise OptionError("%bench measures a request, and none is named.", hint="Try:  %bench /")
    script = parse_line(line, magic="%bench")
    if not script.requests:
        raise RequestError("the URL is missing.", fix="%bench /", line=script.options.line)
    hidden = session.client.secret_names
    with redacted_errors(hidden):
        request = assemble_request(script.requests[0], script.options, Scope(names, folder=Path()))
    label = f"{request.method} {redacted_request(request, hidden).target}"
    host = session.host
    place = f"nbmicro-bench-{id(session)}-{host.shell.execution_count}"
    shown = False

    def progress(done: int) -> None:
        nonlocal shown
        if host.is_looked_at:
            bundle = progress_bundle(label, done, count)
            host.display_again(bundle, place, first=not shown)
            shown = True

    timeout = script.options.timeout
    latencies = measure(
        session.client, request, count, timeout=30.0 if timeout is None else timeout, on_progress=progress
    )
    kept = _last.setdefault(session, OrderedDict())
    key = (request.method, request.target, tuple(request.headers), bytes(request.body))
    bundle = latency_bundle(latencies, kept.pop(key, None))
    kept[key] = latencies
    while len(kept) > KEPT:
        kept.popitem(last=False)
    if shown:
        host.display_again(bundle, place, first=False)
    else:
        host.display(bundle)
    _show_elsewhere(latencies, lambda: host.display(bundle))
    return latencies


def _show_elsewhere(latencies: Latencies, show: Callable[[], None]) -> None:
    """Let the cell that runs, which has shown the latencies, not show them again as its value."""
    run = current_run()

    def display() -> None:
        if run is not current_run():
            show()

    latencies.__dict__["_ipython_display_"] = display


def _count_in(line: str) -> tuple[int, str]:
    """The count of ``-n``, and the line without it. Raises nbmicro.errors.OptionError for a count that is none."""
    match = _COUNT.search(line)
    if match is None:
        return COUNT, line
    text = (match[1] or "").replace("_", "").replace(",", "")
    rest = f"{line[: match.start()]} {line[match.end() :]}".strip()
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise OptionError(
            f"%bench -n takes a number from 1 to 1,000,000; `{match[1] or ''}` is none.",
            hint=f"Try:  %bench {rest or '/'} -n 500",
        )
    return int(text), rest
