"""`%serve` says an address that works from the user's own browser, at home and behind a hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import OpenLab


@pytest.mark.parametrize("prefix", ["/", "/user/ada-x1/"], ids=["at home", "on a hub or Binder"])
def test_the_address_that_serve_shows_opens_the_app(open_lab: OpenLab, notebooks: Path, prefix: str) -> None:
    """It leads to the page, links and redirects within the app stay in it, and --stop ends it."""
    lab = open_lab(notebooks, prefix=prefix)
    lab.open("01-hello.ipynb")
    lab.run_all()
    lab.run(lab.append("%%route /\n\"<h1>Home</h1><a href='\" + url_for('hello') + \"'>Go</a>\""))
    lab.run(lab.append("%%route /away\nredirect(url_for('hello'))"))
    shown = lab.run(lab.append("%serve"))
    assert shown.error is None
    page = lab.visit(shown.text.split(" at ")[1].split()[0])
    assert page.locator("h1").inner_text() == "Home"
    page.get_by_role("link", name="Go").click()
    assert page.locator("body").inner_text() == "Hello, world!"
    page.goto(page.url.replace("/hello", "/away"))
    assert page.locator("body").inner_text() == "Hello, world!"

    lab.page.bring_to_front()
    assert lab.run(lab.append("%serve --stop")).error is None
    page.reload()
    assert "Hello, world!" not in page.locator("body").inner_text()
