"""Handlers that plot at once, beside threads that plot too: each picture is the one that is drawn alone."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from nbmicro import App, Response
from nbmicro.client.client import Client

matplotlib = pytest.importorskip("matplotlib")

KINDS = ("line", "log", "text", "current", "saved")
#: Requests of each thread: on two cores the mixing of figures shows within the first dozens.
ROUNDS = 5


def picture(kind: str, number: int) -> Any:
    """A plot made as users make it: each time from pyplot's own state."""
    import matplotlib.pyplot as plt

    if kind == "current":
        plt.plot([number, 1, number])
        plt.title(f"number {number}")
        return plt.gcf()
    figure, axes = plt.subplots()
    axes.plot(range(1, 9), [number + step * (number % 3) for step in range(8)])
    if kind == "log":
        axes.set_yscale("log")
    if kind in ("text", "saved"):
        axes.set_title(rf"$\sum_{{i=1}}^{{{number}}} x_i^2 = \sqrt{{{number}}}$")
    plt.xlabel(f"{kind} {number}")
    return figure


def plotting_app() -> App:
    app = App("plots")

    @app.get("/<kind>/<int:number>")
    def plot(kind: str, number: int) -> Any:
        figure = picture(kind, number)
        if kind != "saved":
            return figure
        buffer = BytesIO()
        figure.savefig(buffer, format="png")
        return Response(buffer.getvalue(), mimetype="image/png")

    return app


def at_once(*works: Callable[[], None]) -> list[BaseException]:
    """Run all in threads of their own, begun together; what they raised."""
    errors: list[BaseException] = []
    ready = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        try:
            ready.wait(30)
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_plots_of_many_requests_at_once_are_those_drawn_alone() -> None:
    """Five ways to plot in ten threads, half of them visitors without a client of ours; no figure is left over."""
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    app = plotting_app()
    client = Client(app)
    paths = [f"/{kind}/{number}" for kind in KINDS for number in (2, 7)]
    alone = {path: client.get(path, timeout=None).body for path in paths}
    assert len(set(alone.values())) == len(paths)
    wrong: list[str] = []

    def visit(path: str, ask: Callable[[str], bytes]) -> Callable[[], None]:
        def visit() -> None:
            wrong.extend(path for _ in range(ROUNDS) if ask(path) != alone[path])

        return visit

    def by_client(path: str) -> bytes:
        return client.get(path, timeout=None).body

    def by_wsgi(path: str) -> bytes:
        return app.test_client().get(path).data

    works = [visit(path, (by_client, by_wsgi)[at % 2]) for at, path in enumerate(paths)]
    assert at_once(*works) == []
    assert wrong == []
    assert plt.get_fignums() == []


def test_a_figure_of_the_caller_stays_as_it_is_and_current() -> None:
    """A handler neither draws on it, nor counts it, nor closes it; nor does one that returns it."""
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    app = plotting_app()
    numbers: list[Any] = []
    mine = plt.figure("mine")

    @app.get("/numbers")
    def seen() -> str:
        numbers.append(plt.get_fignums())
        plt.figure()
        numbers.append(plt.get_fignums())
        plt.close("all")
        return "seen"

    @app.get("/mine")
    def shared() -> Any:
        return mine

    try:
        client = Client(app)
        for path in ("/numbers", "/line/3", "/current/3", "/mine"):
            assert client.get(path).status == 200
            assert plt.gcf() is mine
            assert mine.axes == []
        assert numbers == [[], [1]]
        with app.test_request_context("/"):
            assert plt.gcf() is mine  # a request that is made up in a cell is of that cell
    finally:
        plt.close(mine)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("first", ["", "import matplotlib.pyplot"])
def test_a_handler_may_be_the_first_to_import_pyplot(first: str) -> None:
    """Imported before nbmicro, or only in a handler: a figure that it leaves open is gone with its request."""
    program = f"""
        {first}
        import sys
        from nbmicro import App
        app = App("plots")

        @app.get("/")
        def leave():
            import matplotlib.pyplot as plt
            plt.figure()
            return str(plt.get_fignums())

        client = app.test_client()
        print([client.get("/").text for _ in range(3)])
        import matplotlib.pyplot as plt
        print(plt.get_fignums(), [finder for finder in sys.meta_path if "nbmicro" in repr(finder)])
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=120)
    assert ran.stdout.splitlines() == ["['[1]', '[1]', '[1]']", "[] []"], ran.stderr


def test_figures_are_kept_apart_again_after_nbmicro_was_unloaded() -> None:
    """The wait for matplotlib ends with the extension, and begins with the next app or the next loading."""
    code = """
        from nbmicro import App
        from nbmicro.web.figures import stop_waiting
        App("before"); stop_waiting()
        app = App("plots")
        import matplotlib; matplotlib.use("agg")
        import matplotlib.pyplot as plt
        mine = plt.figure()
        app.get("/")(lambda: str(plt.get_fignums()))
        print(app.test_client().get("/").text, plt.get_fignums())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout == "[] [1]\n"
