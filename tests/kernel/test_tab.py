"""The Tab key in a real kernel: exactly what fits, from the right character on, and nothing after `%unload_ext`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def kernel() -> Iterator[RealKernel]:
    with RealKernel() as real:
        real.check("%load_ext nbmicro")
        real.check("%%route /users/<int:id>\n{'id': id}")
        real.check("%%route POST /users\n{'id': 1}")
        real.check("%%template hello.html\n<h1>{{ name }}</h1>")
        real.check("user_name = 'Ada'")
        yield real


@pytest.mark.parametrize(
    ("cell", "replaced", "offered"),
    [
        ("%http /us▮", "us", ("users/1", "users")),
        ("%%http\n# ünï \N{SNAKE}\nPOST /▮\n\nx", "", ("users",)),
        (
            "%%http\nPOST /users\nX-Snake: \N{SNAKE}\nContent-Type: application/j▮",
            "application/j",
            ("application/json",),
        ),
        ("x = '\N{SNAKE}\N{SNAKE}ä'; url_for('users_p▮", "users_p", ("users_post'",)),
        ("%%route /x\nrender_template('▮", "", ("hello.html'",)),
        ("%http /users/{{ user▮ }}", "user", ("user_name",)),
    ],
)
def test_tab_gives_what_fits_and_nothing_else(
    kernel: RealKernel, cell: str, replaced: str, offered: tuple[str, ...]
) -> None:
    code = cell.replace("▮", "")
    found = kernel.complete(code, cell.index("▮"))
    assert (code[found.start : found.end], found.matches) == (replaced, offered)


def test_python_is_completed_as_ever(kernel: RealKernel) -> None:
    assert "user_name" in kernel.complete("user_na").matches
    assert "args" in kernel.complete("%%route /x\nrequest.ar").matches
    assert "%%http" in kernel.complete("%%htt").matches


def test_an_unloaded_nbmicro_offers_nothing(kernel: RealKernel) -> None:
    kernel.check("%unload_ext nbmicro")
    assert "users" not in kernel.complete("%http /us").matches
    assert kernel.check("get_ipython().Completer.custom_matchers").text == "[]"
    kernel.check("%load_ext nbmicro")
