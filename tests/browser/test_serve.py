"""`%serve` says an address that works from the user's own browser, at home and behind a hub's proxy."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Error, Page

from tests.browser.conftest import OpenLab
from tests.support.notebook_files import write_notebook

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"><circle cx="3" cy="3" r="3"/></svg>'
HOME = """%%template home.html
<title>{{ title }}</title><h1>{{ title }}</h1>
{% for message in get_flashed_messages() %}<p class="flash">{{ message }}</p>{% endfor %}
<img src="{{ url_for('static', filename='dot.svg') }}">
<a href="{{ url_for('second') }}">Second page</a> <a href="{{ url_for('away', deep='a/b') }}">Redirect</a>
<form method="post" action="{{ url_for('sign_post') }}"><input name="name"><button>Sign</button></form>"""
SIGN = """%%route POST /sign
session["name"] = request.form["name"]
flash("Signed as " + session["name"] + ".")
redirect(url_for("index"))"""
EVENTS = """%%route /events
import threading
release = threading.Event()
app.config["RELEASE"] = release
def events():
    yield "data: first\\n\\n"
    yield f"data: {'second' if release.wait(20) else 'late'}\\n\\n"
Response(events(), mimetype="text/event-stream")"""
LISTEN = """%%route /listen
'''<ol></ol><script>
const source = new EventSource("events");
source.onmessage = event => {
  document.querySelector("ol").insertAdjacentHTML("beforeend", "<li>" + event.data + "</li>");
  if (event.data === "first") fetch("release"); else source.close();
};
</script>'''"""
READS_JUPYTER = """async jupyter => {
  try { return (await fetch(jupyter + "/api/contents", {credentials: "include"})).status; }
  catch { return "refused"; }
}"""
PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELLS = (
    "%load_ext nbmicro",
    f"%%static dot.svg\n{PICTURE}",
    HOME,
    "%%route /\nrender_template('home.html', title='Hello, ' + session.get('name', 'guest'))",
    "%%route /second\n'<h1>Second</h1><a href=\"' + url_for('index') + '\">Back</a>'",
    "%%route /away/<path:deep> --name away\nredirect(url_for('second'))",
    SIGN,
    EVENTS,
    LISTEN,
    "%%route /release\napp.config['RELEASE'].set()\n'released'",
    "%%route /seen\n{key: value for key, value in request.environ.items() if isinstance(value, str)}",
    "%serve",
)


@pytest.mark.parametrize("prefix", ["/", "/user/ann/"], ids=["at home", "on a hub or Binder"])
def test_the_link_that_serve_shows_opens_the_app_and_all_of_it_works(
    open_lab: OpenLab, tmp_path: Path, prefix: str
) -> None:
    """A click opens the page; links, redirects, images, a form with session and flash, and events stay in the app."""
    write_notebook(tmp_path / "site.ipynb", *CELLS, metadata=PYTHON)
    lab = open_lab(tmp_path, prefix=prefix)
    lab.open("site.ipynb")
    lab.run_all()
    index = len(lab) - 1
    shown = lab.output(index)
    assert shown.error is None
    address = shown.text.split(" at ")[1].split()[0]
    at_home = prefix == "/"
    assert address.startswith("http://127.0.0.1:" if at_home else f"{prefix}proxy/")
    assert ("share their origin with Jupyter" in shown.text) != at_home
    assert ("Only you can open it" in shown.text) == (prefix != "/")
    with lab.page.expect_popup() as opened:
        lab.output_area(index).get_by_role("link", name=address).click()
    page = opened.value
    if at_home:
        assert page.url == address
        assert page.evaluate(READS_JUPYTER, lab.server.url) == "refused"
    else:
        assert page.url.endswith(address)
    assert page.evaluate("window.opener") is None
    home = page.url

    assert heading(page) == "Hello, guest"
    assert page.locator("img").evaluate("image => image.complete && image.naturalWidth") == 7
    page.get_by_role("link", name="Second page").click()
    assert (page.url, heading(page)) == (f"{home}second", "Second")
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Redirect").click()
    assert (page.url, heading(page)) == (f"{home}second", "Second")

    page.goto(home)
    page.locator("input").fill("Ada")
    page.get_by_role("button", name="Sign").click()
    page.wait_for_url(home)
    assert (heading(page), page.locator(".flash").inner_text()) == ("Hello, Ada", "Signed as Ada.")
    page.reload()
    assert (heading(page), page.locator(".flash").count()) == ("Hello, Ada", 0)

    page.goto(f"{home}listen")
    page.locator("li").nth(1).wait_for()
    assert page.locator("li").all_inner_texts() == ["first", "second"]

    # The browser holds Jupyter's login, and sends it along; by the other ways Jupyter takes a token, too.
    login = {cookie["name"] for cookie in page.context.cookies() if cookie["name"] != "session"}
    assert any(name.startswith("username-") for name in login)
    token = lab.server.token
    for query, headers in (("", {}), (f"?token={token}&x=1", {}), ("", {"Authorization": f"token {token}"})):
        answer = page.request.get(f"{home}seen{query}", headers=headers)
        seen = answer.text()
        assert answer.status == 200
        assert '"HTTP_COOKIE"' in seen  # the app's own session
        assert token not in seen
        assert not [name for name in login if name in seen]
        assert "HTTP_AUTHORIZATION" not in seen

    lab.page.bring_to_front()
    assert lab.run(lab.append("%serve --stop")).error is None
    if at_home:
        with pytest.raises(Error, match="ECONNREFUSED"):
            page.request.get(home)
    else:
        assert page.request.get(home).status >= 500


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()
