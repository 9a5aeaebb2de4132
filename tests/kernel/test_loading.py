"""%load_ext, %reload_ext and %unload_ext: what they give, and that they leave nothing behind."""

from __future__ import annotations

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel

STATE = """
import sys, threading
shell = get_ipython()
print(sorted(set(globals()) & {'app', 'client', 'request', 'session', 'g', 'url_for', 'render_template'}))
print(sorted(name for kind in shell.magics_manager.magics.values() for name in kind if name in
             ('route', 'http', 'template', 'static', 'routes', 'exchanges', 'serve', 'nbmicro')))
print([hook for hooks in shell.events.callbacks.values() for hook in hooks if 'nbmicro' in str(hook)])
print([one for one in shell.input_transformers_cleanup if 'nbmicro' in str(one)])
print([thread.name for thread in threading.enumerate() if 'nbmicro' in thread.name or 'waitress' in thread.name])
print('publish' in vars(shell.display_pub), 'nbmicro' in type(sys.stdout).__module__)
"""


def test_loading_says_one_line(kernel: RealKernel) -> None:
    said = kernel.check("%reload_ext nbmicro").shown
    assert said == "nbmicro is ready: %%route adds a page, %http asks for it, %nbmicro helps.\n"


def test_names_that_the_notebook_has_stay_its_own() -> None:
    with RealKernel() as kernel:
        kernel.check("session = 'mine'")
        kernel.check("%load_ext nbmicro")
        assert kernel.check("session, request is not None").text == "('mine', True)"
        kernel.check("%unload_ext nbmicro")
        assert kernel.check("session").text == "'mine'"


def test_unloading_leaves_nothing_behind() -> None:
    with RealKernel() as kernel:
        before = kernel.check(STATE).stdout
        kernel.check("%load_ext nbmicro")
        kernel.check("%%route /x --try\n'x'")
        kernel.check("%serve")
        kernel.check("%reload_ext nbmicro")
        kernel.check("%unload_ext nbmicro")
        assert kernel.check(STATE).stdout == before


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
