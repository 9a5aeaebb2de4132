"""What a cell leaves in the notebook file: small whatever the answer is, and all of what was shown under %%capture."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel, Reply

pytestmark = pytest.mark.kernel

#: Characters of JSON that one exchange may leave in the notebook file.
MOST = 128 * 1024


@pytest.fixture(scope="module")
def kernel() -> Iterator[RealKernel]:
    with RealKernel() as real:
        real.check("%load_ext nbmicro", cell_id="load")
        yield real


def size(reply: Reply) -> int:
    return sum(len(json.dumps(dict(output.data))) for output in reply.outputs) + len(reply.stdout + reply.stderr)


@pytest.mark.parametrize(
    "handler",
    [
        "{'a': list(range(20000))}",
        "'<html><body>' + '<p>hello</p>' * 100_000 + '</body></html>'",
        "Response('line\\n' * 300_000, mimetype='text/plain')",
        "Response(b'\\x89PNG\\r\\n\\x1a\\n' + bytes(3_000_000), mimetype='image/png')",
        "Response(bytes(3_000_000), mimetype='application/octet-stream')",
        "for _ in range(100_000): print('x' * 100)\n'x'",
        "import logging\nfor _ in range(20_000): logging.warning('y' * 100)\n'x'",
        "from IPython.display import HTML, display\nfor _ in range(300): display(HTML('<b>x</b>' * 2000))\n'x'",
        "response = make_response('x')\nfor n in range(500): response.headers[f'X-H{n}'] = 'z' * 200\nresponse",
        "def deeper(n): return deeper(n + 1)\ndeeper(0)",
    ],
    ids=["json", "html", "text", "image", "bytes", "prints", "logs", "displays", "headers", "recursion"],
)
def test_an_exchange_of_any_size_leaves_little(kernel: RealKernel, handler: str) -> None:
    kernel.check(f"%%route /large\n{handler}", cell_id="route")
    reply = kernel.check("%http /large", cell_id="ask")
    assert 0 < size(reply) < MOST


def test_a_cell_of_very_many_routes_tells_of_the_first_ones(kernel: RealKernel) -> None:
    cell = "for n in range(2000):\n    app.add_url_rule(f'/r{n}', f'r{n}', lambda: '')"
    lines = kernel.check(cell, cell_id="many").stdout.splitlines()
    assert lines[0] == "GET /r0 → r0"
    assert lines[-1] == "… and 1960 more: %routes"
    assert len(lines) == 41
    failed = kernel.run(f"{cell}\n1/0", cell_id="many")
    assert len(failed.stderr) < 2000
    kernel.check("1", cell_id="many")


def test_capture_keeps_what_is_shown_and_nothing_else(kernel: RealKernel) -> None:
    kernel.check("%%route /said\nprint('printed')\n'answered'", cell_id="said")
    reply = kernel.check("%%capture out\n%http /said", cell_id="capture")
    assert reply.shown == ""
    assert kernel.check("len(out.outputs), out.stdout", cell_id="look").text == "(1, '')"
    shown = kernel.check("out.show()", cell_id="show")
    assert "answered" in shown.text
    assert "printed" in shown.text
    assert shown.html == kernel.check("%http /said", cell_id="ask").html
    kernel.check("%%capture out\n%http /said\nprint('beside')\n41 + 1", cell_id="capture")
    assert kernel.check("len(out.outputs), out.stdout", cell_id="look").text == "(2, 'beside\\n')"
