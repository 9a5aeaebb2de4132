"""``%bench`` in a notebook: the line read, the progress shown, the result kept for the next run."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from nbmicro.client.bench import Latencies, measure
from nbmicro.errors import OptionError
from nbmicro.language.items import parse_line
from nbmicro.notebook.kernel.namespace import Names
from nbmicro.notebook.kernel.session import Session
from nbmicro.render.bench import latency_bundle, progress_bundle
from nbmicro.runner.build import assemble_line
from nbmicro.runner.fill import Scope
from nbmicro.web.owners import current_run

COUNT = 1000
#: Requests whose last measurement is kept.
KEPT = 50

_COUNT = re.compile(r"(?:^|\s)(?:-n|--count)(?:[\s=]+|(?=\d))(\S+)|(?:^|\s)(?:-n|--count)\s*$")


class _Shown(Latencies):
    """Latencies that were shown when they were measured: the cell that measured them does not show them again."""

    def __init__(self, latencies: Latencies, show: Callable[[], None]) -> None:
        super().__init__(**{field.name: getattr(latencies, field.name) for field in fields(latencies)})
        self.__dict__.update(_show=show, _run=current_run())

    def _ipython_display_(self) -> None:
        if self.__dict__["_run"] is not current_run():
            self.__dict__["_show"]()


_last: WeakKeyDictionary[Session, OrderedDict[Any, Latencies]] = WeakKeyDictionary()


def bench(session: Session, line: str, names: Names) -> Latencies:
    """Measure the request of ``line``, show the latencies beside those of its last run, and return them.

    Raises nbmicro.errors.OptionError for a count that is none, and nbmicro.errors.RequestError for a request that is
    none; nothing is then sent.
    """
    count, line = _count_in(line)
    if not line.strip():
        raise OptionError("%bench measures a request, and none is named.", hint="Try:  %bench /")
    parsed = parse_line(line, magic="%bench")
    record = assemble_line(parsed, Scope(names, folder=Path()))
    host = session.host
    place = f"nbmicro-bench-{id(session)}-{host.shell.execution_count}"
    shown = False

    def progress(done: int) -> None:
        nonlocal shown
        if host.is_looked_at:
            host.display_again(progress_bundle(f"{record.method} {record.target}", done, count), place, first=not shown)
            shown = True

    timeout = parsed.options.timeout
    latencies = measure(
        session.client, record, count, timeout=30.0 if timeout is None else timeout, on_progress=progress
    )
    kept = _last.setdefault(session, OrderedDict())
    key = (record.method, record.target, tuple(record.headers), bytes(record.body))
    before = kept.pop(key, None)
    kept[key] = latencies
    while len(kept) > KEPT:
        kept.popitem(last=False)
    bundle = latency_bundle(latencies, before)
    if shown:
        host.display_again(bundle, place, first=False)
    else:
        host.display(bundle)
    return _Shown(latencies, lambda: host.display(bundle))


def _count_in(line: str) -> tuple[int, str]:
    """The count of ``-n``, and the line without it."""
    found = _COUNT.search(line)
    if found is None:
        return COUNT, line
    text = (found[1] or "").replace("_", "").replace(",", "")
    rest = f"{line[: found.start()]} {line[found.end() :]}".strip()
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise OptionError(
            f"%bench -n takes a number from 1 to 1,000,000; `{found[1] or ''}` is none.",
            hint=f"Try:  %bench {rest or '/'} -n 500",
        )
    return int(text), rest
