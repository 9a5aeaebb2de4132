"""The exchange that users hold: the data of one request and response, and the ways out of it.

What draws it is imported when it is first drawn, so that loading the notebook extension does not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbmicro.errors import RequestError
from nbmicro.exchange.records import CheckResult, ExchangeRecord

if TYPE_CHECKING:
    from nbmicro.exchange.records import TraceStep
    from nbmicro.render.options import RenderOptions


class Exchange(ExchangeRecord):
    """One request with its response, and what happened between: prints, log records, exception, checks.

    It is frozen; the methods that add to it return another. Shown in a notebook, it draws itself.
    """

    def with_checks(
        self,
        checks: Sequence[CheckResult],
        *,
        captures: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Exchange:
        """The same exchange with the results of its checks, what was captured, and its name.

        Of a check that failed the exchange's secrets are not kept: its words also become an error message.
        """
        if any(not check.ok for check in checks):
            from nbmicro.exchange.secrets import scrubbed_checks

            checks = scrubbed_checks(self, checks)
        return replace(
            self,
            checks=tuple(checks),
            captures=self.captures if captures is None else dict(captures),
            name=self.name if name is None else name,
        )

    def with_notes(self, *notes: str) -> Exchange:
        """The same exchange with more remarks."""
        return replace(self, notes=(*self.notes, *notes))

    def with_trace(self, steps: Sequence[TraceStep]) -> Exchange:
        """The same exchange with the steps of its life."""
        return replace(self, trace=tuple(steps))

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
        from nbmicro.render.as_curl import BASE_URL, as_curl

        return as_curl(self, secrets=secrets, base_url=base_url or BASE_URL)

    def as_http(self, secrets: bool = False) -> str:
        """The request as the text of a ``%%http`` cell; secret values are masked unless ``secrets``."""
        from nbmicro.render.as_curl import as_http

        return as_http(self, secrets=secrets)

    def mime_bundle(self, options: RenderOptions | None = None) -> dict[str, str]:
        """What a notebook shows of it: ``text/plain`` and ``text/html``; empty when ``options`` show nothing."""
        from nbmicro.render.html import mime_bundle
        from nbmicro.render.options import RenderOptions

        return mime_bundle(self, options or RenderOptions())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.mime_bundle()

    def __repr__(self) -> str:
        from nbmicro.exchange.secrets import masked_target
        from nbmicro.printable import one_line

        target = one_line(masked_target(self), 200)
        return f"<{self.request.method} {target} → {f'{self.status} {one_line(self.response.reason, 100)}'.rstrip()}>"
