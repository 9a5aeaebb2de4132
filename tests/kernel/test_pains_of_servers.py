"""What hurts with Flask's server in a notebook does not hurt here: ports, threads, keys, proxies. One test per pain."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmicro.testing.kernel import RealKernel
from tests.kernel.test_when_things_go_wrong import wait_until
from tests.support.asking import free_port, takes_connections

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def notebook() -> Iterator[RealKernel]:
    """One kernel for all; each test has URLs, a port and names of its own."""
    with RealKernel() as real:
        real.check("%load_ext nbmicro", cell_id="load")
        yield real


def fetch(port: int, path: str, **headers: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())


def takes(listener: socket.socket, port: int) -> bool:
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        return False
    return True


def test_pain_6_app_run_returns_and_cells_go_on(notebook: RealKernel) -> None:
    port = free_port()
    notebook.check("@app.get('/p6')\ndef p6():\n    return str(counted)", cell_id="p6")
    notebook.check(f"app.run(port={port})", cell_id="p6 run")
    notebook.check("counted = 1", cell_id="p6 count")
    assert fetch(port, "/p6") == "1"
    notebook.check("counted = 2", cell_id="p6 count")
    assert fetch(port, "/p6") == "2"
    slow = notebook.send("import time\nprint('begun')\ntime.sleep(60)", cell_id="p6 slow")
    slow.wait_for_output("begun")
    notebook.interrupt()
    error = slow.result().error
    assert error is not None
    assert error.name == "KeyboardInterrupt"
    assert fetch(port, "/p6") == "2"


def test_pain_7_debug_starts_no_second_kernel(notebook: RealKernel) -> None:
    port = free_port()
    before = notebook.check("import os\nos.getpid()", cell_id="p7 before").text
    notebook.check("@app.get('/p7')\ndef p7():\n    return str(os.getpid())", cell_id="p7")
    notebook.check(f"app.run(debug=True, port={port})", cell_id="p7 run")
    assert fetch(port, "/p7") == before
    assert notebook.check("import psutil\npsutil.Process().children()", cell_id="p7 look").text == "[]"


def test_pain_8_debug_in_a_thread_serves(notebook: RealKernel) -> None:
    port = free_port()
    notebook.check("@app.get('/p8')\ndef p8():\n    return 'eight'", cell_id="p8")
    started = f"import threading\nthreading.Thread(target=app.run, kwargs=dict(port={port}, debug=True)).start()"
    reply = notebook.check(started, cell_id="p8 run")
    wait_until(lambda: takes_connections(port))
    assert fetch(port, "/p8") == "eight"
    assert "Error" not in reply.stderr


def test_pain_9_serving_again_serves_the_new_app(notebook: RealKernel) -> None:
    port = free_port()
    cell = "from nbmicro import App\nother = App('other')\n@other.get('/p9')\ndef p9():\n    return 'first'"
    for word in ("first", "second"):
        notebook.check(f"{cell.replace('first', word)}\nother.run(port={port})", cell_id="p9")
        assert fetch(port, "/p9") == word


def test_pain_10_a_server_stops(notebook: RealKernel) -> None:
    port = free_port()
    notebook.check(f"%serve --port {port}", cell_id="p10 serve")
    assert takes_connections(port)
    assert notebook.check("%serve --stop", cell_id="p10 stop").stdout == f"Stopped; port {port} is free.\n"
    assert not takes_connections(port)
    with socket.socket() as again:
        again.bind(("127.0.0.1", port))


def test_pain_12_a_visitors_prints_do_not_land_in_the_cell_that_runs(notebook: RealKernel) -> None:
    port = free_port()
    notebook.check("import threading\nasked, leave = threading.Event(), threading.Event()", cell_id="p12 events")
    notebook.check("%%route /p12\nprint('from the visitor')\nasked.set()\n'done'", cell_id="p12")
    notebook.check(f"%serve --port {port}", cell_id="p12 serve")
    running = notebook.send("print('mine')\nasked.wait(20)\nasked.is_set()", cell_id="p12 running")
    running.wait_for_output("mine")
    assert fetch(port, "/p12") == "done"
    reply = running.result()
    assert (reply.stdout, reply.text) == ("mine\n", "True")
    wait_until(lambda: "visitor" in notebook.check("client.history[-1].printed", cell_id="p12 look").text)


def test_pain_16_sessions_work_in_the_kernel_and_are_refused_where_no_key_would_last(
    notebook: RealKernel, tmp_path: Path
) -> None:
    cell = "%%route /p16\nsession['n'] = session.get('n', 0) + 1\nstr(session['n'])"
    notebook.check(cell, cell_id="p16")
    assert "set app.secret_key" in notebook.check("%http /p16", cell_id="p16 ask").text
    assert notebook.check("client.get('/p16').text", cell_id="p16 ask").outputs[-1].text == "'2'"
    served = subprocess.run(
        [sys.executable, "-c", SERVED, str(_saved(tmp_path, "%load_ext nbmicro", cell))],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert served.stdout.strip() == "500 INTERNAL SERVER ERROR"
    assert "SECRET_KEY" in served.stderr or "secret_key" in served.stderr


SERVED = "import sys, nbmicro; print(nbmicro.load(sys.argv[1]).test_client().get('/p16').status)"


def _saved(folder: Path, *cells: str) -> Path:
    """A notebook file with these cells."""
    path = folder / "app.ipynb"
    written = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for n, source in enumerate(cells)
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": written}))
    return path


def test_pain_19_a_connection_of_another_thread_says_how_to_open_one(notebook: RealKernel) -> None:
    port = free_port()
    notebook.check("import sqlite3\nbooks = sqlite3.connect(':memory:')", cell_id="p19 db")
    notebook.check("%%route /p19\nstr(books.execute('select 1').fetchone()[0])", cell_id="p19")
    notebook.check(f"%serve --port {port}", cell_id="p19 serve")
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(port, "/p19")
    refused.value.close()
    wait_until(lambda: notebook.check("client.history[-1].error is not None", cell_id="p19 wait").text == "True")
    text = notebook.check("client.history[-1]", cell_id="p19 look").text
    assert "2 │ str(books.execute('select 1').fetchone()[0])" in text
    assert "g.db = sqlite3.connect(…)" in text
    assert "check_same_thread=False" in text
    cured = "%%route /p19\ng.db = sqlite3.connect(':memory:')\nstr(g.db.execute('select 1').fetchone()[0])"
    notebook.check(cured, cell_id="p19")
    assert fetch(port, "/p19") == "1"


def test_pain_19_input_in_a_handler_says_where_values_come_from(notebook: RealKernel) -> None:
    notebook.check("%%route /p19/input\nname = input('Who? ')\nf'Hello, {name}!'", cell_id="p19 input")
    text = notebook.check("%http /p19/input", cell_id="p19 ask").text
    assert "2 │ name = input('Who? ')" in text
    assert 'request.args["name"]' in text


def test_pain_20_a_notebook_is_served_by_one_command(tmp_path: Path) -> None:
    path, port = _saved(tmp_path, "%load_ext nbmicro", "%%route /p20\n'served'", "%http /p20"), free_port()
    command = [sys.executable, "-m", "nbmicro", "run", str(path), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: takes_connections(port))
            assert fetch(port, "/p20") == "served"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGTERM)


def test_pain_21_links_and_redirects_have_the_proxys_prefix(notebook: RealKernel) -> None:
    port = free_port()
    notebook.check("%%route /p21\nurl_for('p21')", cell_id="p21")
    notebook.check("%%route /p21/go\nredirect(url_for('p21'))", cell_id="p21 go")
    notebook.check(f"%serve --port {port}", cell_id="p21 serve")
    prefix = "/user/ada/proxy/5000"
    assert fetch(port, "/p21", **{"X-Forwarded-Prefix": prefix}) == f"{prefix}/p21"

    class Staying(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object) -> None:
            return None

    request = urllib.request.Request(f"http://127.0.0.1:{port}/p21/go", headers={"X-Forwarded-Prefix": prefix})
    with pytest.raises(urllib.error.HTTPError) as moved:
        urllib.request.build_opener(Staying).open(request, timeout=30)
    moved.value.close()
    assert moved.value.status == 302
    location = str(moved.value.headers["Location"])
    # Jupyter's proxy puts its prefix before a Location that begins with a slash; the browser must end at one of it.
    assert location.count(prefix) <= 1
    assert location.endswith("p21")


def test_pain_24_a_taken_port_5000_gives_way_to_the_next() -> None:
    with contextlib.ExitStack() as stack:
        airplay = stack.enter_context(socket.socket())
        airplay.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Another test's server may have it for a moment; where it stays taken, that is just what this is about.
        with contextlib.suppress(AssertionError):
            wait_until(lambda: takes(airplay, 5000))
        kernel = stack.enter_context(RealKernel())
        kernel.check("%load_ext nbmicro")
        kernel.check("%%route /p24\n'home'", cell_id="p24")
        said = kernel.check("%serve", cell_id="p24 serve").shown
        port = int(re.findall(r"127\.0\.0\.1:(\d+)/", said)[0])
        assert port != 5000
        assert fetch(port, "/p24") == "home"
