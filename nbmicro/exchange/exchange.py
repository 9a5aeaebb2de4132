"""The exchange that users hold: the data of one request and response, and the ways out of it; and the last of them.

What draws it is imported when it is first drawn, so that loading the notebook extension does not wait for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

from nbmicro.errors import RequestError
from nbmicro.exchange.records import CheckResult, ExchangeRecord
from nbmicro.exchange.secrets import Redaction, guard, redacted
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.printable import one_line

if TYPE_CHECKING:
    from nbmicro.exchange.records import TraceStep
    from nbmicro.render.summary import RenderOptions


@dataclass(frozen=True, eq=False, repr=False)
class Exchange(ExchangeRecord):
    """One request with its response, and what happened between: prints, log records, exception, checks.

    It is frozen; the methods that add to it return another. Shown in a notebook, it draws itself.
    """

    def __post_init__(self) -> None:
        guard(self)

    @classmethod
    def of(cls, request: RequestRecord, response: ResponseRecord, known: dict[str, Any]) -> Exchange:
        """The same as calling the class, at a tenth of the cost: what ``known`` lacks stays the class's default."""
        exchange = object.__new__(cls)
        known["request"], known["response"] = request, response
        known.setdefault("captures", {})
        object.__setattr__(exchange, "__dict__", known)
        guard(exchange)
        return exchange

    def with_checks(
        self,
        checks: Sequence[CheckResult],
        *,
        captures: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Exchange:
        """The same exchange with the results of its checks, what was captured, and its name.

        Of the checks the exchange's secrets are not kept: their words also become an error message.
        """
        exchange = replace(
            self,
            captures=self.captures if captures is None else dict(captures),
            name=self.name if name is None else name,
        )
        return replace(exchange, checks=Redaction.of(exchange)(tuple(checks))) if checks else exchange

    def with_notes(self, *notes: str) -> Exchange:
        """The same exchange with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    def with_trace(self, steps: Sequence[TraceStep]) -> Exchange:
        """The same exchange with the steps of its trace, without its secrets."""
        return replace(self, trace=Redaction.of(self)(tuple(steps)))

    def with_hint(self, hint: str | None) -> Exchange:
        """The same exchange with the next step after its refusal."""
        return replace(self, hint=hint) if hint else self

    def replay(self) -> Exchange:
        """Send the same request once more, to the app as it is now.

        Raises :class:`~nbmicro.errors.RequestError` for an exchange that no client sent.
        """
        if self.sender is None:
            raise RequestError("This exchange was not sent by a client, so nothing can send it again.")
        again: Exchange = self.sender(self.request)
        return again

    def as_curl(self, secrets: bool = False, base_url: str | None = None) -> str:
        """The request as a curl command; secret values are masked unless ``secrets``.

        ``base_url`` is where the app is served; by default where ``%serve`` and ``nbmicro run`` serve it.
        """
        from nbmicro.render.exchange import as_curl

        return as_curl((self if secrets else redacted(self)).request, base_url)

    def as_http(self, secrets: bool = False) -> str:
        """The request as the text of a ``%%http`` cell; secret values are masked unless ``secrets``."""
        from nbmicro.render.exchange import as_http

        return as_http((self if secrets else redacted(self)).request)

    def mime_bundle(self, options: RenderOptions | None = None) -> dict[str, Any]:
        """What a notebook shows of it, by media type; empty when ``options`` show nothing."""
        from nbmicro.render.exchange import mime_bundle

        return mime_bundle(self, options)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.mime_bundle()

    def __repr__(self) -> str:
        target = one_line(Redaction.of(self).request(self.request).target, 200)
        return f"<{self.request.method} {target} → {f'{self.status} {one_line(self.response.reason, 100)}'.rstrip()}>"


#: Exchanges that are kept.
HISTORY_LIMIT = 100


class History:
    """The last exchanges, from whoever sent them; safe to fill from several threads.

    Parameters
    ----------
    limit:
        How many are kept; an older one is dropped, and with it its spooled body.
    """

    def __init__(self, limit: int = HISTORY_LIMIT) -> None:
        self._kept: deque[Exchange] = deque(maxlen=limit)
        # A deque's append is atomic, so is a copy of it; no lock is needed.
        self.add = self._kept.append

    def clear(self) -> None:
        """Forget them all."""
        self._kept.clear()

    def replace(self, old: Exchange, new: Exchange) -> None:
        """Put ``new`` where ``old`` stands (the same exchange with its checks); nothing happens when it is gone."""
        for index, kept in enumerate(tuple(self._kept)):
            if kept is old:
                self._kept[index] = new
                return

    @overload
    def __getitem__(self, index: int) -> Exchange: ...
    @overload
    def __getitem__(self, index: slice) -> list[Exchange]: ...
    def __getitem__(self, index: int | slice) -> Exchange | list[Exchange]:
        return list(self._kept)[index]

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def __bool__(self) -> bool:
        return bool(self._kept)

    def __repr__(self) -> str:
        return f"<History of {len(self)} exchanges>"
