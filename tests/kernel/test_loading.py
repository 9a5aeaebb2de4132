"""%load_ext, %reload_ext and %unload_ext: what they give, and that they leave nothing behind."""

from __future__ import annotations

import json

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel

STATE = """
import json, linecache, logging, signal, sys, threading, warnings
shell = get_ipython()
manager = shell.magics_manager
print(json.dumps({
    "names": sorted(name for name in globals() if not name.startswith("_")),
    "magics": {kind: sorted(names) for kind, names in manager.magics.items()},
    "hooks": {event: [str(hook) for hook in hooks] for event, hooks in shell.events.callbacks.items()},
    "transformers": [str(one) for one in shell.input_transformers_cleanup + shell.input_transformers_post],
    "tree transformers": [str(one) for one in shell.ast_transformers],
    "matchers": [str(one) for one in shell.Completer.custom_matchers],
    "shell": sorted(set(vars(shell)) - {"_last_input_line", "_last_traceback"}),
    "publisher": sorted(vars(shell.display_pub)),
    "types": [str(kind) for one in shell.display_formatter.formatters.values() for kind in one.type_printers
              if "nbmicro" in str(kind)]
             + [str(kind) for kind in shell.display_formatter.ipython_display_formatter.type_printers
                if "nbmicro" in str(kind)],
    "deferred types": [str(kind) for kind in shell.display_formatter.ipython_display_formatter.deferred_printers],
    "custom errors": str(shell.custom_exceptions),
    "streams": [type(sys.stdout).__name__, type(sys.stderr).__name__, type(sys.displayhook).__name__],
    "log handlers": [str(one) for one in logging.root.handlers],
    "hooks of Python": [str(warnings.showwarning), str(sys.excepthook), str(threading.excepthook)],
    "finders": [str(one) for one in sys.meta_path],
    "sources": sorted(name for name in linecache.cache if name.startswith("<")),
    "threads": sorted(one.name for one in threading.enumerate()),
    "signals": [str(signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGALRM, signal.SIGTERM)],
    "alarm": signal.getitimer(signal.ITIMER_REAL),
}))
"""


def test_loading_says_one_line_and_one_more_where_routes_are_gone(kernel: RealKernel) -> None:
    said = kernel.check("%reload_ext nbmicro").shown
    assert said == "nbmicro is ready: %%route adds a page, %http asks for it, %nbmicro helps.\n"
    kernel.check("%%route /x\n'x'")
    gone = kernel.check("%reload_ext nbmicro").shown
    assert gone == f"{said}The routes of before are gone: run their cells again (Run > Run All Cells).\n"
    assert kernel.check("%reload_ext nbmicro").shown == said
    kernel.check("from nbmicro import App\napp = App(__name__)")
    kernel.check("%%route /kept\n'kept'")
    assert kernel.check("%reload_ext nbmicro").shown == said
    assert kernel.check("client.get('/kept', announce=False).text").text == "'kept'"


def test_an_exchange_is_shown_once_in_the_cell_that_loads_too() -> None:
    with RealKernel() as kernel:
        for load in ("%load_ext nbmicro", "%reload_ext nbmicro"):
            for ask in ("%http /none", "client.get('/none')"):
                assert kernel.check(f"{load}\n{ask}").shown.count("GET /none → 404") == 1
                assert kernel.check("%unload_ext nbmicro").shown == ""


def test_a_cell_that_loads_and_declares_may_run_again() -> None:
    with RealKernel() as kernel:
        for text in ("one", "two"):
            cell = f"%load_ext nbmicro\n@app.get('/x')\ndef x(): return '{text}'"
            said = kernel.check(cell, cell_id="first").stdout
            assert kernel.check("%http /x", cell_id="ask").text.endswith(text)
        assert said.endswith("\nGET /x → x\n")


def test_names_that_the_notebook_has_stay_its_own() -> None:
    with RealKernel() as kernel:
        kernel.check("session = 'mine'")
        kernel.check("%load_ext nbmicro")
        assert kernel.check("session, request is not None").text == "('mine', True)"
        kernel.check("%unload_ext nbmicro")
        assert kernel.check("session").text == "'mine'"


def test_unloading_leaves_nothing_behind() -> None:
    with RealKernel() as kernel:
        kernel.check(STATE)
        before = json.loads(kernel.check(STATE).stdout)
        kernel.check("%load_ext nbmicro")
        kernel.check("%%route /x --try\n'x'")
        kernel.check("%%route /boom\nimport asyncio\nawait asyncio.sleep(0)\n1/0")
        kernel.check("%http /boom")
        kernel.check("%%template hello.html --try name=Ada\n<h1>{{ name }}</h1>")
        kernel.check("%%http\nGET /x\n\nHTTP 200\n[Asserts]\nstatus == 200")
        kernel.run("%http /x --expect 201")
        kernel.run("%%route /none\nx = 1")
        kernel.check("await __import__('asyncio').sleep(0)\n_ = client.get('/x')")
        kernel.check("from nbmicro import request_started; _ = request_started.connect(lambda app: None)")
        kernel.complete("%http /")
        kernel.check("%nbmicro doctor")
        kernel.check("%serve")
        kernel.check("%reload_ext nbmicro")
        kernel.check("%http /x")
        kernel.check("%unload_ext nbmicro")
        kernel.check("del request_started")
        after = json.loads(kernel.check(STATE).stdout)
        left = {what: after[what] for what in before if after[what] != before[what]}
        assert left == {}, set(after["shell"]) - set(before["shell"])


HOOKS = """
import json
from nbmicro.web.hosting import Hosting, hosting
print(json.dumps({name: repr(value) for name, value in vars(hosting).items()
                  if value is not None and value != getattr(Hosting(), name, None)}))
"""


def test_unloading_and_loading_leave_no_hook_in_the_core() -> None:
    """What a session hangs into the core is gone with it, however often it begins and ends."""
    with RealKernel() as kernel:
        none = json.loads(kernel.check(HOOKS).stdout)
        kernel.check("%load_ext nbmicro")
        hung = json.loads(kernel.check(HOOKS).stdout)
        assert len(hung) > 5
        for _ in range(3):
            kernel.check("%unload_ext nbmicro")
            assert json.loads(kernel.check(HOOKS).stdout) == none
            kernel.check("%load_ext nbmicro")
            assert json.loads(kernel.check(HOOKS).stdout).keys() == hung.keys()
            kernel.check("%reload_ext nbmicro")
            assert json.loads(kernel.check(HOOKS).stdout).keys() == hung.keys()


def test_a_magic_of_another_extension_is_named_and_given_back() -> None:
    with RealKernel() as kernel:
        kernel.check(
            "from IPython.core.magic import register_line_magic\n@register_line_magic\ndef serve(line): return 'mine'"
        )
        assert "%serve was __main__'s until now" in kernel.check("%load_ext nbmicro").stdout
        kernel.check("%unload_ext nbmicro")
        assert kernel.check("%serve").text == "'mine'"


def test_every_magic_answers_help_and_a_question_mark(kernel: RealKernel) -> None:
    for magic in ("%routes", "%serve", "%http", "%exchanges", "%nbmicro"):
        assert kernel.check(f"{magic} --help").stdout.strip()
    for magic in ("%%route", "%%template", "%%static", "%%http"):
        assert magic in kernel.check(f"{magic} --help\n").stdout


def test_app_things_work_in_a_plain_cell(kernel: RealKernel) -> None:
    kernel.check("%%route /hello/<name>\n'hi'", cell_id="route")
    reply = kernel.check("g.x = 1; url_for('hello_name', name='Ada'), current_app.name, jsonify(a=1).json", cell_id="a")
    assert reply.text == "('/hello/Ada', 'notebook', {'a': 1})"
    assert kernel.check("g.x", cell_id="b").text == "1", "the context stands from cell to cell"


def test_a_request_never_shares_the_context_that_stands(kernel: RealKernel) -> None:
    kernel.check("g.n = 'of the cell'", cell_id="a")
    kernel.check("%%route /n\ng.setdefault('n', 0); g.n += 1; str(g.n)", cell_id="route")
    shown = [kernel.check("%http /n", cell_id="ask").text for _ in range(2)]
    assert [text.splitlines()[-1] for text in shown] == ["1", "1"]


def test_code_that_would_fail_when_served_fails_in_a_thread_too(kernel: RealKernel) -> None:
    cell = """
import threading
def work():
    try: print(current_app.name)
    except RuntimeError as error: print(str(error).splitlines()[0])
thread = threading.Thread(target=work); thread.start(); thread.join()
"""
    assert kernel.check(cell, cell_id="a").stdout == "Working outside of application context.\n"


def test_tab_completes_a_request_that_is_not_there(kernel: RealKernel) -> None:
    assert kernel.check("'form' in dir(request) and 'args' in dir(request)", cell_id="a").text == "True"


def test_loading_it_again_says_what_loading_it_said(kernel: RealKernel) -> None:
    """A notebook that is run twice from its first cell is saved as one that is run once, and its routes stay."""
    first = kernel.check("%load_ext nbmicro").stdout
    kernel.check("%%route /x\n'x'", cell_id="x")
    assert kernel.check("%load_ext nbmicro").stdout == first
    assert kernel.check("%http /x").text.endswith("x")
    assert "already loaded" in kernel.check("%load_ext autoreload\n%load_ext autoreload").stdout
    kernel.check("%unload_ext nbmicro")
    assert kernel.check("%load_ext nbmicro").stdout.startswith(first)
