"""Modules that declare routes, and change: imported again, reloaded by hand or by %autoreload, with cell ids and
without."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module", params=[True, False], ids=["cell ids", "no cell ids"])
def kernel(request: pytest.FixtureRequest) -> Iterator[RealKernel]:
    with RealKernel(cell_ids=request.param) as real:
        real.check("%load_ext autoreload", cell_id="autoreload")
        real.check("%load_ext nbmicro", cell_id="load")
        real.check("import sys, importlib; sys.path.insert(0, '.')", cell_id="path")
        yield real


_times = iter(range(1, 1000))


def write(kernel: RealKernel, name: str, text: str) -> None:
    """Write a module, each time with a later time of change: Python compares whole seconds."""
    file = Path(kernel.cwd, f"{name}.py")
    file.write_text(text)
    later = 1_700_000_000 + next(_times) * 10
    os.utime(file, (later, later))


def view(rule: str, answer: str) -> str:
    name = rule.strip("/")
    return f"from nbmicro import current_app\n@current_app.get('{rule}')\ndef {name}(): return '{answer}'\n"


def status(kernel: RealKernel, path: str) -> str:
    return kernel.check(f"client.get('{path}').status", cell_id="ask").outputs[-1].text


def test_an_import_that_runs_again_changes_nothing(kernel: RealKernel) -> None:
    write(kernel, "seen", view("/seen", "one"))
    assert kernel.check("import seen", cell_id="import").stdout == "GET /seen → seen\n"
    assert kernel.check("import seen", cell_id="import").stdout == ""
    assert status(kernel, "/seen") == "200"


def test_autoreload_takes_what_the_module_declares_now(kernel: RealKernel) -> None:
    kernel.check("%autoreload 2", cell_id="on")
    write(kernel, "auto", view("/one", "one"))
    kernel.check("import auto", cell_id="import-auto")
    write(kernel, "auto", view("/two", "two"))
    assert "two" in kernel.check("%http /two", cell_id="ask").text
    assert status(kernel, "/one") == "404"
    write(kernel, "auto", "def broken(:")
    kernel.run("1", cell_id="other")
    assert status(kernel, "/two") == "200"
    write(kernel, "auto", view("/three", "three"))
    failed = kernel.run("1/0", cell_id="fails")
    assert (failed.stdout, failed.stderr) == ("GET /three → three\n", "")
    assert status(kernel, "/three") == "200"
    kernel.check("%autoreload 0", cell_id="off")


def test_a_blueprint_of_a_reloaded_module_is_the_one_that_was_registered(kernel: RealKernel) -> None:
    text = "from nbmicro import Blueprint\nbp = Blueprint('shop', __name__, url_prefix='/shop')\n"
    write(kernel, "shop", f"{text}@bp.get('/old')\ndef old(): return 'old'\n")
    for _ in range(2):
        kernel.check("import shop; app.register_blueprint(shop.bp)", cell_id="register")
        assert status(kernel, "/shop/old") == "200"
    write(kernel, "shop", f"{text}@bp.get('/new')\ndef new(): return 'new'\n")
    kernel.check("_ = importlib.reload(shop); _ = importlib.reload(shop)", cell_id="reload")
    assert (status(kernel, "/shop/old"), status(kernel, "/shop/new")) == ("404", "200")


def test_an_app_of_a_reloaded_module_is_the_one_that_the_notebook_holds(kernel: RealKernel) -> None:
    text = "from nbmicro import App\nsite = App(__name__)\n"
    write(kernel, "site_module", f"{text}@site.get('/old')\ndef old(): return 'old'\n")
    kernel.check("from site_module import site; import site_module", cell_id="site")
    kernel.check("@site.get('/of-the-notebook')\ndef own(): return 'own'", cell_id="own")
    write(kernel, "site_module", f"{text}@site.get('/new')\ndef new(): return 'new'\n")
    kernel.check("_ = importlib.reload(site_module)", cell_id="reload")
    cell = "[site.test_client().get(path).status_code for path in ('/old', '/new', '/of-the-notebook')]"
    assert kernel.check(cell, cell_id="ask").text == "[404, 200, 200]"


def test_a_module_whose_import_fails_declares_nothing(kernel: RealKernel) -> None:
    write(kernel, "half", view("/half", "half") + "1/0\n")
    reply = kernel.run("import half", cell_id="half")
    assert reply.stderr == "not declared: GET /half\n"
    assert status(kernel, "/half") == "404"
