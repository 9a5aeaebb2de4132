"""Two cells run at once, through subshells: drafts and prints are kept apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel, Reply

pytestmark = pytest.mark.kernel

WAIT = """
import pathlib, time
def wait_for_the_other():
    go = pathlib.Path("go")
    for _ in range(1000):
        if go.exists():
            return go.unlink()
        time.sleep(0.02)
    raise TimeoutError("the other cell has not ended")
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[RealKernel]:
    with RealKernel() as real:
        real.check("%load_ext nbmicro", cell_id="load")
        real.check(WAIT, cell_id="wait")
        yield real


@pytest.fixture(scope="module")
def other(kernel: RealKernel) -> str:
    subshell = kernel.new_subshell()
    if subshell is None:
        pytest.skip("this kernel runs one cell at a time")
    return subshell


def beside(kernel: RealKernel, first: str, second: str, other: str) -> tuple[Reply, Reply]:
    """Run `first`; once it has said that it began, run `second` in a subshell, and tell the first when it has ended."""
    running = kernel.send(f"print('begun', flush=True)\n{first}", cell_id="first")
    running.wait_for_output("begun")
    there = kernel.send(second, cell_id="second", subshell=other).result()
    kernel.send("pathlib.Path('go').touch()", cell_id="go", subshell=other).result()
    return running.result(), there


def test_each_cell_sees_its_own_draft_and_what_is_committed(kernel: RealKernel, other: str) -> None:
    look = "print([app.test_client().get(path).status_code for path in ('/a', '/b')])"
    here, there = beside(
        kernel,
        f"@app.get('/a')\ndef a(): return 'a'\nwait_for_the_other()\n{look}",
        f"@app.get('/b')\ndef b(): return 'b'\n{look}",
        other,
    )
    assert there.stdout == "[404, 200]\nGET /b → b\n"
    assert here.stdout == "begun\n[200, 200]\nGET /a → a\n"


def test_a_cell_that_fails_beside_another_drops_its_own_draft_only(kernel: RealKernel, other: str) -> None:
    here, there = beside(
        kernel,
        "@app.get('/kept')\ndef kept(): return 'kept'\nwait_for_the_other()",
        "@app.get('/dropped')\ndef dropped(): return 'dropped'\n1/0",
        other,
    )
    assert there.stderr == "not declared: GET /dropped\n"
    assert (here.stdout, here.stderr) == ("begun\nGET /kept → kept\n", "")
    statuses = kernel.check("[client.get(path).status for path in ('/kept', '/dropped')]", cell_id="ask")
    assert statuses.outputs[-1].text == "[200, 404]"


def test_a_commit_beside_a_cell_does_not_undo_what_the_cell_declares(kernel: RealKernel, other: str) -> None:
    kernel.check("@app.get('/same')\ndef same(): return 'old'", cell_id="first")
    here, there = beside(
        kernel,
        "@app.get('/same')\ndef same(): return 'new'\nwait_for_the_other()",
        "print(app.test_client().get('/same').text)\n@app.get('/beside')\ndef beside_it(): return 'x'",
        other,
    )
    assert there.stdout.startswith("old\n")
    assert "GET /same → same" in here.stdout
    texts = kernel.check("[client.get(path).text for path in ('/same', '/beside')]", cell_id="ask")
    assert texts.outputs[-1].text == "['new', 'x']"


SAY = """%%route /say/<who>
import logging, warnings
for number in range(4):
    print(who, number)
    logging.getLogger("shop").warning("%s %s", who, number)
    time.sleep(0.05)
warnings.warn(who)
who
"""
TOLD = """
for one in answers:
    printed = {line.split()[0] for line in one.output[0].text.splitlines()}
    logged = {line.message.split()[0] for line in one.logs}
    warned = one.output[-1].text.rstrip().endswith(f"UserWarning: {one.text}")
    print(one.text, sorted(printed | logged), len(one.logs), warned)
"""


def test_what_two_handlers_say_at_once_is_told_of_each(kernel: RealKernel, other: str) -> None:
    kernel.check(SAY, cell_id="say")
    here, there = beside(kernel, "one = client.get('/say/one')", "two = client.get('/say/two')", other)
    assert "two" not in here.shown
    assert "one" not in there.shown
    told = kernel.check(f"answers = [one, two]\n{TOLD}", cell_id="look").stdout
    assert told == "one ['one'] 4 True\ntwo ['two'] 4 True\n"


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_what_many_handlers_say_at_once_is_told_of_each(kernel: RealKernel, kind: str) -> None:
    kernel.check(
        SAY.replace("time.sleep", "await asyncio.sleep").replace("logging,", "asyncio, logging,"), cell_id="say"
    )
    send = {
        "threads": "import concurrent.futures\nwith concurrent.futures.ThreadPoolExecutor(6) as pool:\n"
        "    answers = list(pool.map(lambda who: client.get(f'/say/{who}'), 'abcdef'))",
        "tasks": "import asyncio\n"
        "answers = await asyncio.gather(*(asyncio.to_thread(client.get, f'/say/{who}') for who in 'abcdef'))",
    }[kind]
    reply = kernel.check(send, cell_id="send")
    assert reply.stdout == reply.stderr == ""
    told = kernel.check(TOLD, cell_id="look").stdout
    assert told == "".join(f"{who} ['{who}'] 4 True\n" for who in "abcdef")


def test_what_handlers_of_the_server_say_is_told_of_each(kernel: RealKernel) -> None:
    kernel.check(SAY, cell_id="say")
    kernel.check("%serve", cell_id="serve")
    cell = (
        "import concurrent.futures, urllib.request\nfrom nbmicro.notebook.extension import session as notebook\n"
        "base, before = notebook().server.url, len(client.history)\n"
        "with concurrent.futures.ThreadPoolExecutor(4) as pool:\n"
        "    urls = [f'{base}say/{who}' for who in 'abcd']\n"
        "    bodies = list(pool.map(lambda url: urllib.request.urlopen(url, timeout=20).read(), urls))\n"
        "for _ in range(500):\n"
        "    if len(client.history) == before + 4: break\n"
        "    time.sleep(0.02)\n"
        "answers = sorted(client.history[before:], key=lambda one: one.text)"
    )
    reply = kernel.check(cell, cell_id="visit")
    assert reply.stdout == reply.stderr == ""
    told = kernel.check(TOLD, cell_id="look").stdout
    assert told == "".join(f"{who} ['{who}'] 4 True\n" for who in "abcd")
    kernel.check("%serve --stop", cell_id="stop")


def test_a_request_in_a_subshell_has_its_deadline(kernel: RealKernel, other: str) -> None:
    kernel.check("%%route /slow\nwhile True: time.sleep(0.01)\n'x'", cell_id="slow")
    shown = kernel.send("%http /slow --timeout 0.3", cell_id="late", subshell=other).result().shown
    assert "did not answer within 0.3 s" in shown
