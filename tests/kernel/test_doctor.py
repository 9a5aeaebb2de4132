"""%nbmicro doctor: what the notebook runs on, each thing that is amiss with its cure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmicro.notebook.magics.nbmicro import front_end, report, widget_state
from nbmicro.testing.kernel import RealKernel


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKernel]:
    folder = tmp_path_factory.mktemp("work")
    (folder / "templates").mkdir()
    (folder / "templates" / "base.html").write_text("x")
    clean = dict.fromkeys(("VSCODE_PID", "VSCODE_CWD", "NBMICRO_BROWSER_URL", "JUPYTERHUB_SERVICE_PREFIX"), "")
    with RealKernel(cwd=folder, env=clean) as real:
        real.check("%load_ext nbmicro", cell_id="load")
        yield real


def lines(kernel: RealKernel) -> dict[str, str]:
    text = kernel.check("%nbmicro doctor", cell_id="doctor").stdout
    return {line.split("  ")[0]: line for line in text.splitlines() if line and not line.startswith(" ")}


@pytest.mark.kernel
def test_a_healthy_notebook_is_told_what_it_has(kernel: RealKernel) -> None:
    found = lines(kernel)
    assert found["front end"].endswith("JupyterLab or Notebook; cells have ids")
    assert "http://127.0.0.1:5000/" in found["%serve"]
    assert found["magics"].endswith("all nbmicro's")
    assert "0 routes" in found["app"]
    assert found["root path"].endswith(str(kernel.cwd))
    assert found["templates"].endswith("none from cells, 1 on disk in templates/")
    assert "app.secret_key" in found["secret key"]
    assert (
        kernel.check("%nbmicro doctor", cell_id="doctor").stdout == kernel.check("%nbmicro doctor", cell_id="b").stdout
    )


@pytest.mark.kernel
def test_what_others_took_is_named_with_its_cure(kernel: RealKernel) -> None:
    kernel.check(
        "session = 4\nfrom IPython.core.magic import register_line_magic\n@register_line_magic\ndef serve(line): pass"
    )
    said = kernel.check("%nbmicro doctor", cell_id="doctor").stdout
    assert "`session` (builtins.int)" in said
    assert "→ To have them in handlers:  from nbmicro import session" in said
    assert "%serve (__main__) taken over by others" in said
    assert "→ %reload_ext nbmicro takes them back." in said
    kernel.check("%reload_ext nbmicro\nfrom nbmicro import session")
    again = lines(kernel)
    assert again["magics"].endswith("in place of %serve (__main__), until %unload_ext nbmicro")
    assert "are nbmicro's" in again["names"]
    kernel.check("app = 4")
    assert "Make one:  from nbmicro import App" in kernel.check("%nbmicro doctor").stdout
    kernel.check("from nbmicro import App\napp = App(__name__)\napp.secret_key = 'x'")
    assert lines(kernel)["secret key"].endswith("set")


@pytest.mark.kernel
def test_a_client_of_the_notebooks_own_is_told_with_the_way_back(kernel: RealKernel) -> None:
    kernel.check("client = None")
    error = kernel.run("client.get('/')", cell_id="ask").error
    assert error is not None
    assert "`client` is the notebook's own here (None)." in error.traceback
    assert (
        "→ To have nbmicro's client:  del client   and   %reload_ext nbmicro" in kernel.check("%nbmicro doctor").stdout
    )
    kernel.check("del client")
    assert "→ To have nbmicro's client:  %reload_ext nbmicro" in kernel.check("%nbmicro doctor").stdout
    kernel.check("%reload_ext nbmicro")
    assert kernel.check("client.get('/nowhere').status").text.endswith("404")
    other = kernel.run("[].get", cell_id="other").error
    assert other is not None
    assert "client" not in other.traceback


@pytest.mark.parametrize(
    ("environ", "sent", "has_kernel", "name"),
    [
        ({}, {"cellId": "a", "deletedCells": []}, True, "JupyterLab or Notebook; cells have ids"),
        ({"BINDER_SERVICE_HOST": "x"}, {"cellId": "a"}, True, "JupyterLab or Notebook on Binder; cells have ids"),
        ({"VSCODE_PID": "1"}, {"cellId": "a"}, True, "VS Code; cells have ids"),
        ({}, {}, True, "a program that sends no cell ids (nbval, nbclient, papermill …)"),
        ({}, {}, False, "a terminal; cells have no ids there"),
    ],
)
def test_the_front_end_is_named_as_far_as_it_can_be_known(
    environ: dict[str, str], sent: dict[str, object], has_kernel: bool, name: str
) -> None:
    assert front_end(environ, sent, has_kernel=has_kernel) == name


def test_widgets_that_came_after_jupyter_was_started_say_restart_it(tmp_path: Path) -> None:
    nothing = widget_state([tmp_path], None)
    assert "not here" in nothing.state
    for name in ("anywidget", "@jupyter-widgets/jupyterlab-manager"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "package.json").write_text("{}")
    installed = os.stat(tmp_path / "anywidget" / "package.json").st_ctime
    assert widget_state([tmp_path, tmp_path / "other"], installed + 10).hint == ""
    late = widget_state([tmp_path], installed - 10)
    assert late.hint.startswith("Restart Jupyter itself (not only the kernel)")
    assert report([late]).endswith("One thing to mend: see its arrow.")


@pytest.mark.kernel
def test_flask_itself_is_amiss_beside_an_app_of_ours_alone(kernel: RealKernel) -> None:
    kernel.check("import sys\nbefore = set(sys.modules)\nimport flask, flask_login")
    said = kernel.check("%nbmicro doctor").stdout
    kernel.check("theirs = flask.Flask('theirs')\n%app theirs")
    spoken = kernel.check("%nbmicro doctor").stdout
    kernel.check("%app app\nfor name in set(sys.modules) - before: del sys.modules[name]")
    assert "imported (and flask_login for it): two Flasks in one kernel, that one and nbmicro" in said
    assert "import nbmicro; nbmicro.install_as_flask()" in said
    assert "two Flasks in one kernel" in spoken
    assert "install_as_flask" not in spoken
    assert "Flask" not in lines(kernel)
