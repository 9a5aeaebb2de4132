"""The test client where notebooks and pytest meet it: a cell that fails within its block, and a collected module."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from nbmicro import App, has_request_context, request
from nbmicro.web.owners import Owner, Run, enter_run
from nbmicro.web.testing import TestClient


def test_a_with_block_left_open_does_not_poison_the_client() -> None:
    """A cell that entered the client and failed before leaving it does not keep the next cell from entering it."""
    app = App("shop")
    app.add_url_rule("/", "index", lambda: "")
    torn: list[Any] = []
    app.teardown_request(lambda error: torn.append(error))
    client = app.test_client()

    def failing_cell() -> None:
        client.__enter__()
        client.get("/")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing_cell()
    with client:
        assert torn == [None]
        client.get("/")
        assert request.path == "/"
    assert not has_request_context()

    async def async_cell() -> None:
        client.__enter__()

    cell = async_cell()
    run = Run(Owner("cell-1"))
    enter_run(run)
    with pytest.raises(StopIteration):
        cell.send(None)
    run.finish(success=False)
    enter_run(None)
    with client:
        pass


def test_importing_it_warns_of_nothing() -> None:
    """TestClient is no test class to pytest."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert TestClient.__test__ is False
