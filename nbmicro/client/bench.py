"""One request sent many times, and how long the app took."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from nbmicro.client.client import Client
from nbmicro.exchange.secrets import redacted_request
from nbmicro.http.messages import RequestRecord
from nbmicro.http.redirects import late

#: Requests that are sent first and not counted: what is made once (a route's plan, a template) is no latency.
WARM_UP = 3
#: Seconds between two reports of the progress.
REPORT_EACH = 0.1


@dataclass(frozen=True)
class Latencies:
    """The result of sending one request many times.

    Parameters
    ----------
    request:
        Method and target, as a person knows the request.
    seconds:
        How long the app took for each, sorted.
    statuses:
        How many responses of each status there were.
    failures:
        How many requests ended in an exception of each class, or in no response in time (``DeadlineExceeded``).
    asked:
        How many requests were to be sent.
    whole:
        Seconds for all of them together.
    """

    request: str
    seconds: tuple[float, ...]
    statuses: Mapping[int, int]
    failures: Mapping[str, int]
    asked: int
    whole: float

    @property
    def count(self) -> int:
        """How many requests were sent."""
        return len(self.seconds)

    @property
    def errors(self) -> int:
        """How many of them failed: no response, or a status of 500 and above."""
        return sum(self.failures.values()) + sum(count for status, count in self.statuses.items() if status >= 500)

    @property
    def stopped(self) -> bool:
        """Whether it was interrupted."""
        return self.count < self.asked

    @property
    def rate(self) -> float:
        """Requests in a second, one after the other."""
        return self.count / sum(self.seconds) if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """The seconds that ``share`` per cent of the requests did not exceed (nearest rank).

        Raises ValueError where nothing was sent.
        """
        if not self.seconds:
            raise ValueError("Nothing was sent.")
        return self.seconds[max(math.ceil(share / 100 * self.count), 1) - 1]

    def histogram(self, bins: int = 24) -> tuple[tuple[float, float, int], ...]:
        """Begin, end and number of requests of ``bins`` steps of equal ratio, up to the 99th percentile.

        What is slower than that counts in the last step, so that one outlier does not flatten the picture.
        """
        if not self.seconds:
            return ()
        low = max(self.seconds[0], 1e-7)
        high = max(self.percentile(99), low * 1.5)
        ratio = (high / low) ** (1 / bins)
        edges = [low * ratio**index for index in range(bins + 1)]
        counts = Counter(
            min(bins - 1, max(0, int(math.log(max(second, low) / low) / math.log(ratio)))) for second in self.seconds
        )
        return tuple((edges[index], edges[index + 1], counts[index]) for index in range(bins))


def measure(
    client: Client,
    request: RequestRecord,
    count: int,
    *,
    timeout: float | None = 30.0,
    on_progress: Callable[[int], None] | None = None,
) -> Latencies:
    """Send ``request`` ``count`` times and measure the app alone, without client, capture and drawing.

    Parameters
    ----------
    client:
        Whose app and cookies are used; neither its history nor its cookies change.
    request:
        The request.
    count:
        How many times.
    timeout:
        Seconds that one may take.
    on_progress:
        Called now and then with the number of those that are done.

    A KeyboardInterrupt ends it early; what was measured until then is returned, if there is anything.
    """
    seconds: list[float] = []
    statuses: Counter[int] = Counter()
    failures: Counter[str] = Counter()
    prepared = client.prepared(request)
    begin = reported = perf_counter()
    try:
        for number in range(-WARM_UP, count):
            length, status, failure = _once(client, prepared, timeout)
            if number < 0:
                continue
            seconds.append(length)
            if failure:
                failures[failure] += 1
            else:
                statuses[status] += 1
            now = perf_counter()
            if on_progress is not None and now - reported > REPORT_EACH:
                reported = now
                on_progress(number + 1)
    except KeyboardInterrupt:
        if not seconds:
            raise
    whole = perf_counter() - begin
    shown = f"{request.method} {redacted_request(request, client.secret_names).target}"
    return Latencies(shown, tuple(sorted(seconds)), dict(sorted(statuses.items())), dict(failures), count, whole)


def _once(client: Client, request: RequestRecord, timeout: float | None) -> tuple[float, int, str]:
    """The seconds of one request, its status, and the class of what went wrong, if anything did."""
    call = client.call(request)
    call.read(timeout, partial(late, request, timeout))
    call.let_go()
    failure = "" if call.error is None else type(call.error).__name__
    return call.seconds, 0 if failure else call.response().status, failure
