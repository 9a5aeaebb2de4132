"""Return what you would show: figures, tables and other objects with a picture of themselves, as replies."""

from __future__ import annotations

import base64
import importlib
import json
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from nbmicro import App, Response

PNG = b"\x89PNG\r\n\x1a\nfake"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def answer(value: Any, accept: str | None = None, path: str = "/") -> Any:
    """The response to a request for ``value``."""
    return answer_of(lambda: value, accept, path)


def answer_of(make: Callable[[], Any], accept: str | None = None, path: str = "/") -> Any:
    """The response to a request whose handler returns what ``make`` gives."""
    app = App("shop")
    app.testing = True
    app.add_url_rule("/", "index", make)
    app.add_url_rule("/tuple", "tuple", lambda: (make(), 201, {"X": "y"}))
    return app.test_client().get(path, headers={"Accept": accept} if accept else {})


class Card:
    """An object with several pictures of itself."""

    def _repr_html_(self) -> str:
        return "<b>ä</b>"

    def _repr_svg_(self) -> str:
        return "<svg/>"

    def _repr_png_(self) -> Any:
        return PNG, {"width": 1}

    def _repr_json_(self) -> Any:
        return {"a": float("nan")}, {"expanded": True}


@pytest.mark.parametrize(
    ("accept", "kind", "body"),
    [
        (None, "text/html", "<b>ä</b>".encode()),
        ("*/*", "text/html", "<b>ä</b>".encode()),
        (BROWSER, "text/html", "<b>ä</b>".encode()),
        ("image/png", "image/png", PNG),
        ("image/svg+xml, */*;q=0.1", "image/svg+xml", b"<svg/>"),
        ("application/json", "application/json", b'{"a":null}\n'),
        ("text/html;q=0.5, image/png;q=0.9", "image/png", PNG),
        ("application/x-unknown", "text/html", "<b>ä</b>".encode()),
    ],
)
def test_the_accept_header_chooses_among_the_pictures(accept: str | None, kind: str, body: bytes) -> None:
    """The one the client likes best; HTML without a preference, and for one that cannot be met."""
    response = answer(Card(), accept)
    assert (response.mimetype, response.data) == (kind, body)
    assert response.headers["Vary"] == "Accept"


def test_a_picture_may_be_part_of_a_tuple() -> None:
    """With status and headers."""
    response = answer(Card(), "image/png", "/tuple")
    assert (response.status_code, response.headers["X"], response.data) == (201, "y", PNG)


def test_what_an_object_does_not_offer_today_is_passed_over() -> None:
    """A display method may give None."""

    class Sometimes:
        def _repr_html_(self) -> None:
            return None

        def _repr_png_(self) -> str:
            return base64.encodebytes(PNG).decode()

    assert answer(Sometimes()).data == PNG

    class Never:
        def _repr_html_(self) -> None:
            return None

    with pytest.raises(TypeError, match="Never"):
        answer(Never())


def test_a_bundle_offers_any_media_type() -> None:
    """``_repr_mimebundle_``, with or without metadata; text/plain is the last choice."""

    class Chart:
        def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
            return {
                "text/plain": "Chart()",
                "application/vnd.chart.v1+json": {"mark": "bar"},
                "image/png": base64.b64encode(PNG).decode(),
            }, {"image/png": {"width": 2}}

    assert answer(Chart()).data == PNG
    spec = answer(Chart(), "application/vnd.chart.v1+json")
    assert (spec.mimetype, json.loads(spec.data)) == ("application/vnd.chart.v1+json", {"mark": "bar"})
    assert answer(Chart(), "text/plain").text == "Chart()"


def test_a_class_with_display_methods_is_no_reply() -> None:
    """Only its objects are."""
    with pytest.raises(TypeError):
        answer(Card)


def test_flasks_replies_come_first() -> None:
    """A dict that also has a picture stays JSON, a response a response."""

    class Shown(dict[str, int]):
        def _repr_html_(self) -> str:
            return "<b>"

    class Made(Response):
        def _repr_html_(self) -> str:
            return "<b>"

    assert answer(Shown(a=1)).json == {"a": 1}
    assert answer(Made("made")).data == b"made"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.array([[1, 2], [3, 4]]), "[[1,2],[3,4]]\n"),
        (np.array([1.5, np.nan]), "[1.5,null]\n"),
        (np.float64(2.5), "2.5\n"),
        (np.int64(7), "7\n"),
        (np.bool_(True), "true\n"),
    ],
)
def test_numpys_values_are_json(value: Any, text: str) -> None:
    """Arrays and scalars; NaN is null."""
    response = answer(value)
    assert (response.mimetype, response.text) == ("application/json", text)


@pytest.mark.parametrize("value", [7, True, {1}, 1.5, object()])
def test_other_objects_are_refused_as_before(value: Any) -> None:
    """A TypeError that names the handler."""
    with pytest.raises(TypeError, match="index"):
        answer(value)


class Drawn:
    """Whatever can draw itself into a file."""

    def __init__(self) -> None:
        self.formats: list[str] = []

    def savefig(self, target: Any, format: str) -> None:
        self.formats.append(format)
        target.write(f"{format} bytes".encode())


@pytest.mark.parametrize(
    ("accept", "kind", "body"),
    [
        (None, "image/png", b"png bytes"),
        (BROWSER, "image/png", b"png bytes"),
        ("image/svg+xml", "image/svg+xml", b"svg bytes"),
        ("application/pdf", "application/pdf", b"pdf bytes"),
        ("image/*", "image/png", b"png bytes"),
    ],
)
def test_what_can_save_a_figure_is_a_picture(accept: str | None, kind: str, body: bytes) -> None:
    """PNG unless SVG or PDF is asked for; drawn once."""
    drawn = Drawn()
    response = answer(drawn, accept)
    assert (response.mimetype, response.data, len(drawn.formats)) == (kind, body, 1)


def stand_in(name: str, **members: Any) -> ModuleType:
    """A module made on the spot."""
    module = ModuleType(name)
    module.__dict__.update(members)
    return module


@pytest.fixture
def figure(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A figure of a stand-in for matplotlib, which notes what it is asked."""
    asked: list[Any] = []

    settings = {"svg.hashsalt": None, "lines.linewidth": 1}

    class Figure:
        log: ClassVar[list[Any]] = asked
        rcParams: ClassVar[dict[str, Any]] = settings

        def savefig(self, target: Any, **options: Any) -> None:
            asked.extend((settings["svg.hashsalt"], options))
            settings["lines.linewidth"] = 2  # as a cell does in this moment
            target.write(b"drawn")

    Figure.__module__ = "matplotlib.figure"
    monkeypatch.setitem(sys.modules, "matplotlib", stand_in("matplotlib", rcParams=settings))
    pyplot = stand_in("matplotlib.pyplot", close=lambda one: asked.append(("closed", one)))
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", pyplot)
    return Figure()


def test_a_figure_is_drawn_the_same_each_time_and_closed(figure: Any) -> None:
    """No random ids and no date; closed once the reply is made, so that it does not show under a cell."""
    assert answer(figure, "image/svg+xml").data == b"drawn"
    assert figure.log == [
        "nbmicro",
        {"format": "svg", "bbox_inches": "tight", "metadata": {"Date": None}},
        ("closed", figure),
    ]
    # What it sets is set back, and nothing that a cell has set meanwhile.
    assert figure.rcParams == {"svg.hashsalt": None, "lines.linewidth": 2}


def test_a_plots_axes_are_their_figure(figure: Any) -> None:
    """As under a cell that ends with a plot."""

    class Axes:
        pass

    axes = Axes()
    axes.figure = figure  # type: ignore[attr-defined]
    assert answer(axes).data == b"drawn"
    assert ("closed", figure) in figure.log


def test_a_figure_that_cannot_be_drawn_is_closed_too(figure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the error is the handler's."""

    def fail(target: Any, **options: Any) -> None:
        raise ValueError("no room for the labels")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(ValueError, match="no room"):
        answer(figure)
    assert figure.log[-1] == ("closed", figure)


def library(name: str) -> Callable[..., Any]:
    """Skips a test where the library is not installed; its own behaviour is only seen with it."""
    return pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name} is not installed")


@library("pandas")
def test_a_table_answers_records_html_or_csv() -> None:
    """JSON records without a preference; an index that says something is kept."""
    import pandas as pd

    table = pd.DataFrame({"name": ["Ada", "<b>"], "n": [1.0, None]})
    assert answer(table).text == '[{"n":1.0,"name":"Ada"},{"n":null,"name":"<b>"}]\n'
    assert answer(table, "text/csv").text == "name,n\r\nAda,1.0\r\n<b>,\r\n"
    page = answer(table, BROWSER)
    assert page.mimetype == "text/html"
    assert "<table" in page.text
    assert "<td>&lt;b&gt;</td>" in page.text
    grouped = table.groupby("name").sum()
    assert answer(grouped).json == [{"name": "<b>", "n": 0.0}, {"name": "Ada", "n": 1.0}]
    assert answer(grouped, "text/csv").text == "name,n\r\n<b>,0.0\r\nAda,1.0\r\n"
    assert answer(table["n"]).json == [{"n": 1.0}, {"n": None}]
    assert answer(pd.Series([1, 2], index=["a", "b"])).json == [{"index": "a", "value": 1}, {"index": "b", "value": 2}]
    assert answer(pd.DataFrame({("a", "b"): [pd.Timestamp("2024-02-29")]})).json == [
        {"a.b": "Thu, 29 Feb 2024 00:00:00 GMT"}
    ]
    assert answer(pd.DataFrame()).json == []


@library("matplotlib")
def test_a_real_figure_is_drawn_the_same_each_time() -> None:
    """PNG, SVG and PDF; pyplot forgets it."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    def plot() -> Any:
        figure, axes = plt.subplots()
        axes.plot([1, 2, 3], label="growth")
        axes.legend()
        return axes if plots.append(1) else figure

    plots: list[int] = []
    for accept, begin in (("image/png", b"\x89PNG"), ("image/svg+xml", b"<?xml"), ("application/pdf", b"%PDF")):
        first, second = answer_of(plot, accept), answer_of(plot, accept)
        assert first.mimetype == accept
        assert first.data.startswith(begin)
        assert first.data == second.data
        assert plt.get_fignums() == []
    assert answer_of(lambda: plot().axes[0]).mimetype == "image/png"
    assert plt.get_fignums() == []
