"""A request is sent many times, and how long the app took is told."""

from __future__ import annotations

import time
from itertools import count

import pytest

import nbmicro
from nbmicro.client.bench import Latencies, measure
from nbmicro.client.client import Client
from nbmicro.http.messages import RequestRecord
from nbmicro.render.bench import latency_bundle

ROOT = RequestRecord("GET", "/")


def made(*milliseconds: float) -> Latencies:
    seconds = tuple(sorted(one / 1000 for one in milliseconds))
    return Latencies("GET /", seconds, {200: len(seconds)}, {}, len(seconds), sum(seconds))


def test_as_many_requests_as_were_asked_for_reach_the_app_and_leave_no_trace() -> None:
    app = nbmicro.App("shop")
    app.secret_key = "key"
    numbers = count()

    @app.get("/")
    def index() -> str:
        nbmicro.session["number"] = next(numbers)
        print("said")
        return "x"

    client = Client(app)
    latencies = measure(client, ROOT, 20)
    assert (latencies.count, latencies.statuses, latencies.failures) == (20, {200: 20}, {})
    assert next(numbers) == 23  # three to warm up
    assert (list(client.history), client.cookies.header("localhost", "/")) == ([], "")


def test_the_times_are_those_of_the_app() -> None:
    app = nbmicro.App("shop")

    @app.get("/")
    def index() -> str:
        time.sleep(0.002)
        return "x"

    latencies = measure(Client(app), ROOT, 5)
    assert 0.002 <= latencies.seconds[0] <= latencies.percentile(50) <= latencies.seconds[-1]
    assert latencies.rate < 500


def test_percentiles_are_of_the_nearest_rank() -> None:
    latencies = made(*range(1, 101))
    assert [round(latencies.percentile(share) * 1000) for share in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert round(made(7).percentile(99) * 1000) == 7
    with pytest.raises(ValueError, match="Nothing was sent"):
        Latencies("GET /", (), {}, {}, 1, 0.0).percentile(50)


def test_the_histogram_counts_every_request_and_an_outlier_in_its_last_step() -> None:
    bins = made(*([1.0] * 50), *([2.0] * 49), 5000.0).histogram(10)
    assert sum(number for _, _, number in bins) == 100
    assert bins[0][2] == 50
    assert bins[-1][1] < 0.01
    assert bins[-1][2] == 50


def test_failures_are_counted_by_what_they_were() -> None:
    app = nbmicro.App("shop")
    numbers = count()

    @app.get("/")
    def index() -> tuple[str, int]:
        number = next(numbers) - 3
        if number % 4 == 1:
            raise SystemExit(1)
        return "x", 503 if number % 4 == 2 else 200

    latencies = measure(Client(app), ROOT, 8)
    assert latencies.errors == 4
    assert latencies.count == 8
    text = latency_bundle(latencies)
    assert "4 × 200 OK" in text["text/plain"]
    assert "2 × 503 SERVICE UNAVAILABLE" in text["text/plain"]
    assert "4 failed" in text["text/html"]


def test_an_interrupt_keeps_what_was_measured() -> None:
    app = nbmicro.App("shop")
    numbers = count()

    @app.get("/")
    def index() -> str:
        if next(numbers) == 13:
            raise KeyboardInterrupt
        return "x"

    latencies = measure(Client(app), ROOT, 100)
    assert (latencies.count, latencies.stopped) == (10, True)
    assert "10 of 100 requests, then interrupted" in latency_bundle(latencies)["text/plain"]


def test_a_request_that_takes_too_long_is_stopped_and_counted() -> None:
    app = nbmicro.App("shop")
    slow = iter([False] * 5 + [True])

    @app.get("/")
    def index() -> str:
        while next(slow, False) or index.stuck:  # type: ignore[attr-defined]
            index.stuck = True  # type: ignore[attr-defined]
        return "x"

    index.stuck = False  # type: ignore[attr-defined]
    latencies = measure(Client(app), ROOT, 3, timeout=0.5)
    assert latencies.failures == {"DeadlineExceeded": 1}


def test_the_run_before_stands_beside() -> None:
    text = latency_bundle(made(2, 2, 2), made(4, 4, 4))["text/plain"]
    assert "p50         2.00 ms   before 4.00 ms" in text
    assert "before" not in latency_bundle(made(2))["text/plain"]
