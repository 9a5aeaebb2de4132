"""Makes the pictures of the README: cells of a notebook as JupyterLab shows them, light and dark."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from start import find_browser  # noqa: E402  after the path is made
from tests.browser.lab import Lab  # noqa: E402
from tests.browser.server import LabServer  # noqa: E402

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

LOAD = ("%load_ext nbmicro",)
SHOP = (
    "products = [{'id': 1, 'name': 'Kettle', 'price': 40}, {'id': 2, 'name': 'Cup', 'price': 8}]\n"
    "app.secret_key = 'shop'",
    "%%static shop.css\n"
    "body { font: 16px system-ui, sans-serif; margin: 1.5em; color: #1c2b36 }\n"
    "h1 { color: #2d8659 } li { margin: .3em 0 } a { color: #3f6fb0 }\n"
    "input, button { font: inherit; padding: .2em .6em }",
    "%%template shop.html\n"
    "<!doctype html><title>A small shop</title>\n"
    "<link rel=stylesheet href={{ url_for('static', filename='shop.css') }}>\n"
    "<h1>A small shop</h1>\n"
    "<ul>{% for p in products %}<li><a href=/products/{{ p.id }}>{{ p.name }}</a>: {{ p.price }} €{% endfor %}</ul>\n"
    "<form method=post action=/basket><input name=product value=Kettle> <button>Buy</button></form>\n"
    "{% for m in get_flashed_messages() %}<p><b>{{ m }}</b></p>{% endfor %}",
    "@app.before_request\ndef count_visits():\n    session['visits'] = session.get('visits', 0) + 1",
    "%%route /\ndef shop():\n    return render_template('shop.html', products=products)",
    "%%route /products/<int:number>\n"
    "def product(number):\n"
    "    found = [one for one in products if one['id'] == number]\n"
    "    if not found:\n"
    "        abort(404)\n"
    "    return {**found[0], 'stock': {'shop': 3, 'store': [12, 7]}}",
    "%%route POST /basket\n"
    "def buy():\n"
    "    flash(f\"{request.form['product']} is in your basket.\")\n"
    "    return redirect('/')",
    "%%route /price/<int:number>/per/<int:people>\n"
    "def share(number, people):\n"
    "    price = products[number - 1]['price']\n"
    "    print(f'{price} € for {people}')\n"
    "    return {'each': price // people}",
)

#: Each picture: the cells that are run before it, and the cells that it shows.
PICTURES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "first-route": (
        LOAD,
        (
            "%%route /hello/<name>\ndef hello(name):\n    return {'greeting': f'Hello, {name}!', 'letters': len(name)}",
            "%http /hello/Ada",
        ),
    ),
    "error": (LOAD + SHOP, ("%http /price/1/per/0",)),
    "trace": (LOAD + SHOP, ("%trace /",)),
    "bench": (LOAD + SHOP, ("%bench / -n 2000",)),
    "routes": (LOAD + SHOP, ("%routes",)),
    "browse": (LOAD + SHOP, ("%browse /",)),
    "explore": (LOAD + SHOP, ("%explore",)),
}


def notebook(cells: tuple[str, ...]) -> str:
    """The text of a notebook with these cells."""
    made = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": text,
        }
        for number, text in enumerate(cells)
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return json.dumps({"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


def send_a_form(lab: Lab) -> None:
    """In the panel of ``%explore``: choose a route, fill its form, send it."""
    area = lab.output_area(len(lab) - 1)
    routes = area.locator(".nbmicro-explore-list select")
    routes.select_option(label=routes.locator("option", has_text="/products/").text_content() or "")
    area.get_by_label("number", exact=True).fill("1")
    area.get_by_role("button", name="Send").click()
    area.locator(".nbmicro-explore .jp-OutputArea").get_by_text("200 OK").wait_for()


#: What is done in a picture before it is taken.
ACTS: dict[str, Callable[[Lab], None]] = {"explore": send_a_form}


def take(lab: Lab, name: str, shown: int) -> None:
    """Take the picture of the last ``shown`` cells, in both themes."""
    lab.open(f"{name}.ipynb")
    lab.run_all()
    if name in ACTS:
        ACTS[name](lab)
    for theme in THEMES:
        lab.picture_of(len(lab) - shown, len(lab) - 1, HERE / f"{name}-{theme}.png", theme=theme)
        print(f"made {name}-{theme}.png")


def main(names: list[str]) -> None:
    """Make the named pictures, or all."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        notebooks, runtime = Path(folder, "notebooks"), Path(folder, "runtime")
        notebooks.mkdir()
        runtime.mkdir()
        chosen = {name: cells for name, cells in PICTURES.items() if not names or name in names}
        for name, (before, shown) in chosen.items():
            (notebooks / f"{name}.ipynb").write_text(notebook((*before, *shown)), "utf-8")
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        with LabServer(notebooks, runtime) as server:
            for name, (_, shown) in chosen.items():
                lab = Lab(browser, server)
                try:
                    take(lab, name, len(shown))
                finally:
                    lab.close()


if __name__ == "__main__":
    main(sys.argv[1:])
