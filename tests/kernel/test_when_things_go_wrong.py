"""What a person sees when a handler fails, a cell is malformed, a port is taken or a request must be stopped."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from nbmicro.testing.kernel import RealKernel
from tests.support.asking import free_port

pytestmark = pytest.mark.kernel


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for what another process does, no longer than ``seconds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def exchanges_once(kernel: RealKernel, count: int) -> str:
    """What %exchanges says once there are ``count``: a visitor has the answer a moment before it is noted."""
    wait_until(lambda: kernel.check("len(client.history)", cell_id="count").text == str(count))
    return kernel.check("%exchanges", cell_id="look").text


def test_a_handler_that_raises_shows_only_the_cells_lines_with_their_numbers(kernel: RealKernel) -> None:
    kernel.check("def half(n):\n    return n / 0", cell_id="helper")
    kernel.check("%%route /boom\n# why\nx = 1\nhalf(x)", cell_id="route")
    reply = kernel.check("%http /boom", cell_id="ask")
    assert reply.text.splitlines()[0] == "GET /boom → 500 INTERNAL SERVER ERROR · text/html"
    assert "GET /boom, line 4" in reply.text
    assert "    4 │ half(x)" in reply.text
    assert 'cell "def half(n):", line 2' in reply.text
    assert reply.text.rstrip().endswith("ZeroDivisionError: division by zero")
    assert "werkzeug" not in reply.text
    assert "nbmicro/web" not in reply.text


def test_a_decorated_handler_is_named_by_what_it_declares(kernel: RealKernel) -> None:
    kernel.check("@app.get('/boom')\ndef boom():\n    raise ValueError('no')", cell_id="route")
    text = kernel.check("%http /boom", cell_id="ask").text
    assert "GET /boom, line 3, in boom" in text
    assert "ValueError: no" in text


def test_a_failing_handler_does_not_fail_the_cell_unless_a_check_says_so(kernel: RealKernel) -> None:
    kernel.check("%%route /boom\n1/0", cell_id="route")
    assert kernel.run("%http /boom", cell_id="ask").error is None
    error = kernel.run("%http /boom --expect 200", cell_id="ask").error
    assert error is not None
    assert error.name == "CheckFailed"
    assert "got 500, expected 200" in error.value


def test_tb_and_debug_open_the_handlers_own_frame(kernel: RealKernel) -> None:
    kernel.check("%%route /boom\nsecret = 41\n1/0", cell_id="route")
    kernel.check("%http /boom", cell_id="ask")
    cell = "import sys\ntrace = sys.last_traceback\nwhile trace.tb_next: trace = trace.tb_next\ntrace.tb_frame.f_locals"
    assert kernel.check(cell, cell_id="look").text == "{'secret': 41}"


def test_an_assignment_to_a_name_of_the_notebook_shows_the_cure(kernel: RealKernel) -> None:
    kernel.check("count = 0", cell_id="count")
    kernel.check("%%route POST /count\ncount = count + 1\nstr(count)", cell_id="route")
    text = kernel.check("%http POST /count", cell_id="ask").text
    assert "begin the cell with `global count`" in text
    kernel.check("%%route POST /count\nglobal count\ncount = count + 1\nstr(count)", cell_id="route")
    assert kernel.check("%http POST /count", cell_id="ask").text.endswith("1")
    assert kernel.check("count", cell_id="look").text == "1"


def test_a_handler_that_answers_none_names_its_last_line(kernel: RealKernel) -> None:
    kernel.check("@app.get('/n')\ndef n():\n    greeting = 'hi'", cell_id="route")
    text = kernel.check("%http /n", cell_id="ask").text
    assert "3 │ greeting = 'hi'" in text
    assert "return greeting" in text


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("%%route /hello/{name}\n'x'", "%%route /hello/<name>"),
        ("%%route /hello/:name\n'x'", "%%route /hello/<name>"),
        ("%%route hello\n'x'", "%%route /hello"),
        ("import os\n%%route /x\n'x'", "line 2"),
        ("%%route /a\n'x'\n%%route /b\n'y'", "line 3"),
        ("%%route /x\nls = !ls\n'x'", "line 2"),
        ("%%route /x\nx = 1", "Add the line `x`"),
        ("%%route /x\ndef a(): pass\ndef b(): pass", "def"),
        ("%%http\nGET /hello/{{ nobody }}", "nobody"),
        ("%http https://api.example.com/users", "%http /users"),
        ("%%template x.html\n{% for a in b %}", "line 2"),
        ("%http /x --expectt 200", "--expect"),
    ],
)
def test_a_beginners_mistake_shows_its_cure_in_one_screen(kernel: RealKernel, cell: str, told: str) -> None:
    error = kernel.run(cell, cell_id="wrong").error
    assert error is not None
    assert told in error.traceback
    assert len(error.traceback.splitlines()) <= 12
    assert "Traceback" not in error.traceback
    assert "/site-packages/" not in error.traceback


def test_comments_blank_lines_and_markers_above_a_route_do_no_harm(kernel: RealKernel) -> None:
    reply = kernel.check("# NBVAL_SKIP\n\n# the first page\n  %%route / --try\n'home'", cell_id="route")
    assert reply.stdout == "GET / → index\n"
    assert reply.text.endswith("home")


def test_a_question_mark_at_the_end_of_a_url_is_not_a_question(kernel: RealKernel) -> None:
    kernel.check("%%route /q\n'asked'", cell_id="route")
    assert "asked" in kernel.check("%http /q?", cell_id="ask").text


def test_a_taken_port_is_told_with_who_has_it_and_what_would_do(kernel: RealKernel) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        error = kernel.run(f"%serve --port {port}", cell_id="serve").error
    assert error is not None
    assert f"Port {port} is taken by" in error.value
    assert "%serve --port" in error.value
    assert kernel.check("1 + 1", cell_id="alive").text == "2"


def test_a_taken_port_leaves_the_server_that_runs(kernel: RealKernel) -> None:
    port = free_port()
    kernel.check("%%route /\n'still here'", cell_id="route")
    kernel.check(f"%serve --port {port}", cell_id="serve")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert kernel.run(f"%serve --port {other.getsockname()[1]}", cell_id="serve2").error is not None
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        assert answer.read() == b"still here"


def test_serve_again_replaces_the_server_on_its_port(kernel: RealKernel) -> None:
    port = free_port()
    kernel.check("%%route /\n'one'", cell_id="route")
    lines = {kernel.check(f"%serve --port {port}", cell_id="serve").text for _ in range(3)}
    assert len(lines) == 1
    assert lines.pop().startswith(f"Serving app at http://127.0.0.1:{port}/  Stop: %serve --stop")


def test_a_kernel_that_shuts_down_frees_its_port() -> None:
    port = free_port()
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro")
        kernel.check(f"%serve --port {port}")
    with socket.socket() as again:
        again.bind(("127.0.0.1", port))
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)


def test_interrupting_the_kernel_stops_a_request(kernel: RealKernel, tmp_path: Path) -> None:
    began = tmp_path / "began"
    handler = f"import pathlib, time\npathlib.Path({str(began)!r}).touch()\ntime.sleep(60)\n'done'"
    kernel.check(f"%%route /slow\n{handler}", cell_id="route")
    pending = kernel.send("client.get('/slow')", cell_id="ask")
    wait_until(began.exists)
    kernel.interrupt()
    reply = pending.result()
    assert reply.error is not None
    assert reply.error.name == "KeyboardInterrupt"
    assert kernel.check("%http /none", cell_id="again").text.startswith("GET /none → 404")


def test_a_request_past_its_deadline_says_so_and_the_kernel_goes_on(kernel: RealKernel) -> None:
    kernel.check("%%route /slow\nimport time\ntime.sleep(60)\n'done'", cell_id="route")
    text = kernel.check("%http /slow --timeout 0.3", cell_id="ask").text
    assert "500" in text.splitlines()[0]
    assert "0.3 s" in text
    assert "--timeout" in text


def test_an_async_handler_answers_while_the_kernels_loop_runs(kernel: RealKernel) -> None:
    kernel.check("%%route /later\nimport asyncio\nawait asyncio.sleep(0)\n'later'", cell_id="route")
    assert kernel.check("%http /later", cell_id="ask").text.endswith("later")


def test_what_a_handler_prints_logs_and_displays_belongs_to_its_exchange(kernel: RealKernel) -> None:
    cell = (
        "%%route /say\nfrom IPython.display import display\nimport logging\nprint('printed')\ndisplay('shown')\n"
        "logging.getLogger('shop').warning('logged')\n'said'"
    )
    kernel.check(cell, cell_id="route")
    reply = kernel.check("r = %http /say", cell_id="ask")
    assert reply.stdout == reply.stderr == ""
    assert len(reply.outputs) == 1
    for word in ("printed", "shown", "logged", "said"):
        assert word in reply.text


def test_a_session_works_without_a_key_and_says_so_once_it_is_written(kernel: RealKernel) -> None:
    kernel.check("%%route /in\nsession['who'] = 'Ada'\n'in'", cell_id="in")
    kernel.check("%%route /who\nsession.get('who', 'nobody')", cell_id="who")
    text = kernel.check("%http /in", cell_id="ask").text
    assert "SECRET_KEY" in text or "secret_key" in text
    assert kernel.check("%http /who", cell_id="ask").text.endswith("Ada")


def test_app_run_in_a_cell_returns_and_serves_in_the_background(kernel: RealKernel) -> None:
    port = free_port()
    kernel.check("%%route /\n'home'", cell_id="route")
    assert "Serving app at" in kernel.check(f"app.run(port={port})", cell_id="run").text
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        assert answer.read() == b"home"


def test_what_visitors_of_the_server_met_is_among_the_exchanges(kernel: RealKernel) -> None:
    port = free_port()
    kernel.check("%%route /\nprint('seen')\n'home'", cell_id="route")
    kernel.check("%http /none", cell_id="ask")
    kernel.check(f"%serve --port {port}", cell_id="serve")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        answer.read()
    listed = exchanges_once(kernel, 2).splitlines()
    assert [line.split() for line in listed] == [["1", "GET", "/none", "404"], ["2", "GET", "/", "200", "server"]]
    assert kernel.check("client.history[-1].output[0].text", cell_id="look2").text == "'seen\\n'"


def test_an_interrupted_request_shows_where_the_handler_was_and_no_more(kernel: RealKernel, tmp_path: Path) -> None:
    began = tmp_path / "began"
    handler = f"import time\nbegan = {str(began)!r}\nwhile True: open(began, 'w').close(); time.sleep(0.1)\n'done'"
    kernel.check(f"%%route /slow\n{handler}", cell_id="route")
    pending = kernel.send("%http /slow", cell_id="ask")
    wait_until(began.exists)
    kernel.interrupt()
    error = pending.result().error
    assert error is not None
    assert error.traceback.splitlines() == [
        "KeyboardInterrupt: the request was stopped. It was here:",
        "GET /slow, line 4, in slow",
        "    4 │ while True: open(began, 'w').close(); time.sleep(0.1)",
    ]


def test_an_unknown_converter_is_told_with_those_there_are(kernel: RealKernel) -> None:
    error = kernel.run("%%route /h/<foo:name>\nname", cell_id="route").error
    assert error is not None
    assert error.name == "CellError"
    assert "'foo'" in error.value
    assert "int path string uuid" in error.value


def test_serving_what_is_no_app_is_told_at_once(kernel: RealKernel) -> None:
    error = kernel.run("app = 4\nget_ipython().run_line_magic('serve', '')", cell_id="serve").error
    assert error is not None
    assert "`app`" in error.value


def test_what_failed_for_a_visitor_is_named_among_the_exchanges(kernel: RealKernel) -> None:
    port = free_port()
    kernel.check("%%route /err\n1/0", cell_id="route")
    kernel.check(f"%serve --port {port}", cell_id="serve")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/err", timeout=30)
    refused.value.close()
    listed = exchanges_once(kernel, 1)
    assert listed == "1  GET  /err  500  server  ZeroDivisionError: division by zero (GET /err, line 2)"


def test_cells_that_follow_a_remade_app_still_say_their_line(kernel: RealKernel) -> None:
    for _ in range(2):
        kernel.check("from nbmicro import App\napp = App(__name__)", cell_id="app")
        assert kernel.check("%%route /x\n'x'", cell_id="route").stdout == "GET /x → x\n"


def test_an_error_on_a_name_that_the_notebook_took_says_so(kernel: RealKernel) -> None:
    kernel.check("%%route /x\nrequest.args.get('a', 'none')", cell_id="route")
    kernel.check("request = 5", cell_id="taken")
    text = kernel.check("%http /x", cell_id="ask").text
    assert "`request` is the notebook's own here (of type int)" in text
    assert "from nbmicro import request" in text
    kernel.check("from nbmicro import request", cell_id="back")
    assert kernel.check("%http /x", cell_id="again").text.endswith("none")
