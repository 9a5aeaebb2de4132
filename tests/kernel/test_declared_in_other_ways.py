"""Declarations that are not the cell's own lines: nested cells, tasks, threads, and what a failing part leaves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module", params=[True, False], ids=["cell ids", "no cell ids"])
def kernel(request: pytest.FixtureRequest) -> Iterator[RealKernel]:
    with RealKernel(cell_ids=request.param) as real:
        real.check("%load_ext nbmicro", cell_id="load")
        real.check("import asyncio, threading", cell_id="import")
        yield real


def statuses(kernel: RealKernel, *paths: str) -> str:
    return kernel.check(f"print([client.get(path).status for path in {paths}])", cell_id="ask").stdout.strip()


def test_what_a_task_declares_after_its_cell_has_no_owner(kernel: RealKernel) -> None:
    cell = (
        "async def later():\n    await ended.wait()\n    @app.get('/late')\n    def late(): return 'late'\n"
        "ended = asyncio.Event()\ntask = asyncio.create_task(later())"
    )
    assert kernel.check(cell, cell_id="task").stdout == ""
    assert statuses(kernel, "/late") == "[404]"
    kernel.check("ended.set()\nawait task", cell_id="end")
    assert statuses(kernel, "/late") == "[200]"
    kernel.check("1", cell_id="task")
    kernel.check("1", cell_id="end")
    assert statuses(kernel, "/late") == "[200]", "no cell takes along what it did not declare"
    kernel.check("%routes --drop /late", cell_id="drop")
    assert statuses(kernel, "/late") == "[404]"


def test_what_a_task_declares_while_its_cell_runs_is_the_cells(kernel: RealKernel) -> None:
    cell = "async def now():\n    @app.get('/now')\n    def now_(): return 'now'\nawait asyncio.create_task(now())"
    assert kernel.check(cell, cell_id="now").stdout == "GET /now → now_\n"
    failed = kernel.run(cell.replace("'now'", "'other'") + "\n1/0", cell_id="now")
    assert failed.stderr == "not declared: GET /now\n"
    assert kernel.check("client.get('/now').text", cell_id="ask").outputs[-1].text == "'now'"


def test_what_a_thread_declares_has_no_owner(kernel: RealKernel) -> None:
    cell = "thread = threading.Thread(target=lambda: app.add_url_rule('/thread', 'thread', lambda: 't'))\n"
    kernel.check(f"{cell}thread.start()\nthread.join()", cell_id="thread")
    kernel.check("1", cell_id="thread")
    assert statuses(kernel, "/thread") == "[200]"
    kernel.check("%routes --drop /thread", cell_id="drop")


def test_a_nested_cell_that_fails_does_not_fail_the_outer_one(kernel: RealKernel) -> None:
    nested = "get_ipython().run_cell('@app.get(\"/in\")\\ndef inner(): return 1\\n1/0')"
    reply = kernel.run(f"@app.get('/out')\ndef outer(): return 'out'\n_ = {nested}", cell_id="outer")
    assert "GET /out → outer" in reply.stdout
    assert statuses(kernel, "/out") == "[200]"
    cell = "@app.get('/later-in-it')\ndef later_in_it(): return 'x'"
    assert kernel.check(f"_ = {nested}\n{cell}", cell_id="outer2").stdout.endswith("GET /later-in-it → later_in_it\n")


def test_a_cell_of_blanks_and_a_silent_one_do_no_harm(kernel: RealKernel) -> None:
    kernel.check("@app.get('/stays')\ndef stays(): return 'x'", cell_id="stays")
    kernel.check("   \n", cell_id="blank")
    kernel.check("# only a comment", cell_id="comment")
    assert statuses(kernel, "/stays") == "[200]"
    assert kernel.check("@app.get('/after')\ndef after(): return 'x'", cell_id="after").stdout == "GET /after → after\n"
