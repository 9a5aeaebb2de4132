"""A hostile app's answers in a trusted notebook in JupyterLab: nothing runs, leaves its box or asks the server.

A page's script that ran in the notebook's origin could run code in the kernel. So could one request to the notebook
server in the user's name. Each text of the cells below tries one of these; each address has ``leak`` in it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import nbformat
import pytest
from playwright.sync_api import Browser

from tests.browser.lab import Lab
from tests.browser.server import LabServer

TAKEN = "parent.taken=top.taken=window.taken=1;fetch('/leak/script')"
BREAK = (
    "--></style></title></textarea></pre></details></summary></td></table></div></iframe></svg>"
    f'<script>{TAKEN}</script><img src=x onerror="{TAKEN}"><img src=/leak/broke.png><b id=taken>taken</b>'
    "<style>*{display:none}</style><base href=/leak/>"
)
#: Bodies by their path: media type and text.
MATHEMATICS = r"$x^2$ $$y$$ \(z\) \[v\] $\smash{\rule{600px}{600px}}$ $\href{http://127.0.0.1/leak}{w}$ costs $3, or $5"
PAGES = {
    "script": ("text/html", f"<script>{TAKEN}</script><script src=/leak/src.js></script><p>x</p>"),
    "handlers": (
        "text/html",
        f'<body onload="{TAKEN}"><img src=data:x onerror="{TAKEN}"><details open ontoggle="{TAKEN}">x</details>'
        f'<input autofocus onfocus="{TAKEN}"><p onmouseover="{TAKEN}" onclick="{TAKEN}" class=k>x</p>',
    ),
    "refresh": ("text/html", '<meta http-equiv=refresh content="0;url=/leak/refresh"><p>x</p>'),
    "javascript": (
        "text/html",
        f'<a class=k href="javascript:{TAKEN}">x</a> <a class=k href="&#106;avascript:{TAKEN}" target=_top>x</a>'
        f'<iframe src="javascript:{TAKEN}"></iframe>'
        f'<form action="javascript:{TAKEN}"><button class=k>x</button></form>',
    ),
    "forms": (
        "text/html",
        "<form action=/leak/form method=post target=_top><input name=a><button class=k>x</button></form>"
        "<form><button class=k formaction=/leak/formaction formtarget=_parent>x</button></form><form id=f></form>"
        "<input class=k form=f type=submit formaction=/leak/far>"
        "<form action=/leak/image><input class=k type=image></form>",
    ),
    "links": (
        "text/html",
        "<a class=k href=/leak/plain>x</a> <a class=k href=/leak/top target=_top>x</a>"
        "<a class=k href=/leak/self target=_self ping=/leak/ping>x</a><a class=k href=/leak/file download>x</a>"
        "<map name=m><area class=k shape=rect coords=0,0,9,9 href=/leak/area></map><img usemap=#m width=20 height=20>",
    ),
    "broken": ("text/html", f"<p>{BREAK}</p></iframe>{BREAK}"),
    "srcdoc": (
        "text/html",
        f"\"' srcdoc='x' sandbox='allow-scripts allow-same-origin allow-top-navigation' x=\"><script>{TAKEN}</script>"
        f'<iframe srcdoc="&lt;script>{TAKEN}&lt;/script>&lt;img src=/leak/inner>"></iframe>',
    ),
    "base": ("text/html", '<base href="/leak/base/" target=_top><img src=x.png><a class=k href=y>x</a>'),
    "fetches": (
        "text/html",
        "<link rel=stylesheet href=/leak/css><link rel=prefetch href=/leak/prefetch><link rel=preconnect href=/leak/c>"
        "<link rel=preload as=image href=/leak/preload><link rel=icon href=/leak/icon><link rel=manifest href=/leak/m>"
        "<link rel=modulepreload href=/leak/module><img src=/leak/img><img srcset='/leak/srcset 1x'>"
        "<style>@import '/leak/import'; @font-face{font-family:f;src:url(/leak/font)} body{font-family:f;"
        "background:url(/leak/bg);cursor:url(/leak/cursor),auto}</style><object data=/leak/object></object>"
        "<embed src=/leak/embed><iframe src=/leak/iframe></iframe><frame src=/leak/frame><video src=/leak/video "
        "poster=/leak/poster></video><audio src=/leak/audio autoplay></audio><input type=image src=/leak/input>"
        "<body background=/leak/body><table background=/leak/table><td background=/leak/td>x</table>"
        '<script type=speculationrules>{"prefetch":[{"urls":["/leak/speculation"]}]}</script>',
    ),
    "outside": (
        "text/html",
        "<div style='position:fixed;top:-999px;left:-999px;width:99999px;height:99999px;z-index:99999;background:red'>"
        "x</div><style>html,body{width:99999px;height:99999px;margin:-9999px}</style><dialog open>x</dialog>",
    ),
    "drawing": (
        "image/svg+xml",
        f'<svg xmlns="http://www.w3.org/2000/svg" onload="{TAKEN}" width="40" height="40"><script>{TAKEN}</script>'
        '<image href="/leak/image"/><foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="/leak/foreign"/>'
        '</foreignObject><a href="/leak/svglink"><rect width="40" height="40"/></a>'
        '<style>@import "/leak/svgcss";</style>'
        "</svg>",
    ),
    "drawn": (
        "text/html",
        f'<svg onload="{TAKEN}" width=90 height=40><script>{TAKEN}</script><a class=k href=/leak/a><text y=20>x</text>'
        "</a><use href=/leak/use#a /><foreignObject width=50 height=50><img src=/leak/inner><iframe srcdoc='<script>1"
        "</script>'></iframe></foreignObject><a class=k><set attributeName=href to=/leak/set /><text y=30>x</text></a>"
        f'<animate onbegin="{TAKEN}" attributeName=x dur=1s /></svg><math><mtext class=k href=/leak/math>x</math>',
    ),
    "typeset": ("text/plain", MATHEMATICS),
    "typesetjson": ("application/json", json.dumps({MATHEMATICS: [MATHEMATICS, "$3", "$5"]})),
    "huge": ("text/html", f"<p>{BREAK}</p>" * 20_000),
    "malformed": ("text/html", "<" * 3000 + "<div " * 3000 + "\0\x1b\ufffe" + BREAK + "<!--"),
    "deep": ("application/json", '{"' + BREAK.replace('"', '\\"') + '": [' * 300 + "1" + "]}" * 300),
    "records": ("application/json", json.dumps([{BREAK: BREAK, "n": 1}, {BREAK: "\x1b[2J\u202e", "n": 2}])),
    "almost": ("application/json", '{"a": "' + BREAK),
    "csv": ("text/csv", f'{BREAK.replace(",", "")},b\n=cmd|"x",{BREAK.replace(",", "")}\n'),
    "csvrow": ("text/csv", 'a,b\n"' + BREAK.replace('"', '""') + '","=HYPERLINK(""/leak/cell"")"\n'),
    "events": ("text/event-stream", f"event: {BREAK}\ndata: {BREAK}\nid: 1\n\n"),
    "markdown": ("text/markdown", f"# x\n![x](/leak/md.png) [x](javascript:{TAKEN})\n{BREAK}"),
    "css": ("text/css", f"@import '/leak/sheet'; body{{background:url(/leak/x)}} /* {BREAK} */"),
    "xml": (
        "application/xml",
        f'<?xml-stylesheet href="/leak/xsl"?><x xmlns="http://www.w3.org/1999/xhtml">{BREAK}</x>',
    ),
    "bytes": ("application/octet-stream", BREAK),
    "picture": ("image/png", BREAK),
    "type": (f'text/html"><script>{TAKEN}</script>', BREAK),
}
LOAD = """%load_ext nbmicro
display({"text/html": "<p>$x^2$</p>", "text/plain": "x"}, raw=True)
import json, logging, sys, warnings
from pathlib import Path
from nbmicro import Response
pages, BREAK = json.loads(Path("pages.json").read_text("utf-8"))
CODES = "\\x1b]8;;http://127.0.0.1/leak\\x07x\\x1b]8;;\\x07 "
CODES += "\\x1b]0;t\\x07\\x1b[2J\\x1b[31m\\x9b1m \\u202e\\u2066 \\0\\b\\r "
for name, (kind, text) in pages.items():
    app.add_url_rule(f"/{name}", name, lambda kind=kind, text=text: Response(text, content_type=kind))
"""
ROUTES = """
class Markup_(Exception): pass
Markup_.__name__ = Markup_.__qualname__ = BREAK
Evil = type("Evil", (), dict.fromkeys(("_repr_html_", "__repr__", "_repr_svg_"), lambda self: BREAK))

def prints():
    print(BREAK, CODES); print(BREAK, file=sys.stderr); warnings.warn(BREAK + CODES)
    logging.getLogger(BREAK).error("%s", BREAK + CODES)
    display(Evil()); display({"text/html": BREAK, "text/plain": BREAK}, raw=True)
    return "x"
def raises():
    try: raise KeyError(BREAK + CODES)
    except KeyError as error: raise Markup_(BREAK + CODES) from error
def raw(environ, start_response):
    start_response("299 " + BREAK, [("Content-Type", "text/html"), ("X-" + BREAK, BREAK), ("Location", BREAK),
        ("Set-Cookie", BREAK.replace(";", "") + "=" + BREAK), ("Link", "</leak/link>; rel=preload; as=script"),
        ("Refresh", "0;url=/leak/header"), ("Content-Security-Policy", "default-src *")])
    return [b"<p>x</p>"]
def moved(environ, start_response):
    start_response("302 " + BREAK, [("Location", "/raw?" + BREAK.replace(" ", "+"))])
    return [BREAK.encode()]
app.add_url_rule("/prints", "prints", prints)
app.add_url_rule("/raises", "raises", raises)
app.add_url_rule("/moved", BREAK.replace(".", ""), lambda: Response.from_app(moved, request.environ))
app.add_url_rule("/raw", "raw", lambda: raw)
app.add_url_rule("/hint" + BREAK.replace("<", "{").replace(">", "}"), "hint", lambda: "x")
"""
ASKS = [
    "_ = [client.get(f'/{name}') for name in pages]",
    "_ = [client.get(path, follow=True) for path in ('/prints', '/raises', '/moved', '/raw', '/hin', '/hint<b>')]",
    "client.post('/raw?' + BREAK, data={BREAK: BREAK}, headers={'X-A': BREAK.replace(chr(10), '')}).mime_bundle()\n"
    "client.get('/script').with_notes(BREAK).with_hint(BREAK)",
    "%http /drawn --show all",
    "%%http\nGET /raw\n\nHTTP 200\nX-None: <img src=/leak/check onerror=taken=1>\n[Captures]\nfound: text + BREAK\n"
    "[Asserts]\ntext == BREAK  # <img src=/leak/note onerror=taken=1>",
    "%%template evil<b>.html --try x=1\n<h1>{{ x }}</h1><script>parent.taken=1</script><img src=/leak/template>",
    "%routes",
    "%exchanges 100",
    "%trace /prints",
    "%http /typeset?$filter=price&$top=3",
    "%bench /typeset?$filter=price&$top=3 -n 5",
]


@dataclass(frozen=True)
class Shown:
    """The notebook with every hostile answer below its cells; these cells; what the browser was answered, or not."""

    lab: Lab
    cells: list[int]
    answered: list[str]
    failed: list[tuple[str, str]]


@pytest.fixture(scope="module")
def shown(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """The notebook, run and so trusted."""
    answered: list[str] = []
    failed: list[tuple[str, str]] = []
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "pages.json").write_text(json.dumps([PAGES, BREAK]), "utf-8")
    cells = [nbformat.v4.new_code_cell(source) for source in (LOAD, ROUTES, *ASKS)]
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": python})
    nbformat.write(notebook, folder / "hostile.ipynb")
    with LabServer(folder, tmp_path_factory.mktemp("lab")) as server:
        lab = Lab(browser, server)
        lab.open("hostile.ipynb")
        for index in range(2):
            assert lab.run(index).error is None
        lab.page.on("response", lambda answer: answered.append(answer.url))
        lab.page.on("requestfailed", lambda request: failed.append((request.failure or "", request.url)))
        for index in range(2, len(lab)):
            lab.run(index)
        yield Shown(lab, list(range(2, len(lab))), answered, failed)
        lab.close()


def _asked(shown: Shown) -> list[str]:
    """What the browser and the server's log know of addresses that must not be asked for.

    A request that the policy of a frame stops is told by the browser as one that failed by it; it was not sent. And
    JupyterLab itself asks its server whether what looks like a path in an error's text is one (``resolvePath``).
    """
    sent = [*shown.answered, *(url for reason, url in shown.failed if reason != "csp")]
    sent = [url for url in sent if "/api/resolvePath?" not in url]
    log = shown.lab.server.log.read_text("utf-8", "replace").splitlines()
    return [one for one in sent if "leak" in one] + [
        line for line in log if "/leak" in line and "/api/resolvePath?" not in line
    ]


def _is_untouched(lab: Lab) -> bool:
    untouched = "() => window.taken === undefined && !document.getElementById('taken') && window.lab.panel() !== null"
    return bool(lab.page.evaluate(untouched)) and lab.page.url.startswith(lab.server.url + "/lab")


def test_every_answer_was_shown(shown: Shown) -> None:
    lab, cells = shown.lab, shown.cells
    assert lab.trusted()
    texts = [lab.output(index) for index in cells]
    for name in PAGES:
        assert f"/{name} →" in texts[0].text
    assert all(one.html for one in texts[:6])
    assert lab.output_area(cells[0]).locator("iframe").count() > 8


def test_nothing_ran_and_nothing_was_asked_for(shown: Shown) -> None:
    lab = shown.lab
    # Everything that is folded is opened: what is not drawn is not loaded either.
    lab.page.evaluate("() => document.querySelectorAll('.jp-OutputArea details').forEach(one => { one.open = true; })")
    for frame in lab.page.locator(".jp-OutputArea iframe").all():
        frame.scroll_into_view_if_needed()
    lab.page.wait_for_timeout(700)  # longer than a refresh of zero seconds, a prefetch or an image takes
    assert _is_untouched(lab)
    assert _asked(shown) == []


def test_every_frame_is_sealed_and_no_element_of_an_answer_is_in_the_notebook(shown: Shown) -> None:
    lab = shown.lab
    inside = ".jp-OutputArea-output.jp-RenderedHTMLCommon"
    frames = lab.page.locator(f"{inside} iframe").evaluate_all(
        "all => all.map(one => [one.getAttribute('sandbox'), one.getAttribute('src')])"
    )
    assert len(frames) > 10
    assert {tuple(frame) for frame in frames} == {("", None)}
    foreign = "script, style, link, base, form, input, object, embed, svg, math, video, audio, meta, [id], a"
    assert (
        lab.page.locator(f"{inside} :is({foreign}):not(mjx-container *)").evaluate_all(
            "all => all.map(one => one.outerHTML)"
        )
        == []
    )
    assert (
        lab.page.locator(f"{inside} img").evaluate_all(
            "all => all.filter(one => !one.src.startsWith('data:image/')).map(one => one.outerHTML)"
        )
        == []
    )


def test_nothing_leaves_its_box(shown: Shown) -> None:
    """Each output's elements stay within its cell, and what the pointer meets beside a frame is not the frame's."""
    lab, cells = shown.lab, shown.cells
    for index in cells:
        outside = lab.output_area(index).evaluate(
            """area => {
              const box = area.getBoundingClientRect();
              const clipped = one => { for (let up = one.parentElement; up && up !== area; up = up.parentElement)
                if (getComputedStyle(up).overflowX !== 'visible') return true; return false; };
              return [...area.querySelectorAll('.jp-OutputArea-output *')].filter(one => {
                const own = one.getBoundingClientRect();
                const style = getComputedStyle(one);
                if (['fixed', 'sticky'].includes(style.position)) return true;
                if (!own.width || !own.height || clipped(one)) return false;
                return own.left < box.left - 2 || own.right > box.right + 2 || own.top < box.top - 2
                  || own.bottom > box.bottom + 2;
              }).map(one => one.outerHTML.slice(0, 200));
            }"""
        )
        assert outside == [], lab.sources()[index]


def test_no_click_in_a_frame_leads_anywhere(shown: Shown) -> None:
    lab = shown.lab
    clicked = 0
    for handle in lab.output_area(shown.cells[0]).locator("iframe").element_handles():
        frame = handle.content_frame()
        targets = frame.locator(".k").element_handles() if frame is not None else []
        for target in targets:
            for held in (False, True):
                target.dispatch_event("click", {"bubbles": True, "ctrlKey": held})
            if target.is_visible():
                target.click(force=True, no_wait_after=True, timeout=5000)
                clicked += 1
    assert clicked > 8
    lab.page.wait_for_timeout(300)  # longer than a navigation takes to begin
    assert _is_untouched(lab)
    assert _asked(shown) == []
    assert len(lab.page.context.pages) == 1


def test_nothing_is_typeset(shown: Shown) -> None:
    """Dollars are no mathematics in an answer; only what is not ours becomes it."""
    lab, cells = shown.lab, shown.cells
    # JupyterLab has typeset the first cell's own output by now, which is another's.
    lab.output_area(0).locator("mjx-container").first.wait_for(timeout=60_000)
    typeset = {lab.sources()[index]: lab.output_area(index).locator("mjx-container").count() for index in cells}
    assert typeset == dict.fromkeys(typeset, 0)


def test_no_control_code_and_no_mark_of_direction_is_in_what_is_saved(shown: Shown) -> None:
    lab, cells = shown.lab, shown.cells
    for index in cells:
        output = lab.output(index)
        assert not set(output.text) & set("\x1b\x07\x9b\0\b\r\u202e\u2066"), lab.sources()[index]
        assert not set(output.html) & set("\x1b\x07\x9b\0\b"), lab.sources()[index]


def test_the_test_would_notice_a_leak(shown: Shown) -> None:
    """A frame without our seal asks the server, and the test knows of it."""
    assert _asked(shown) == []
    frame = '<iframe sandbox srcdoc="<img src=/leak/unsealed>"></iframe>'
    area = shown.lab.output_area(shown.cells[0])
    area.evaluate("(area, frame) => area.insertAdjacentHTML('beforeend', frame)", frame)
    deadline = time.monotonic() + 60
    while not _asked(shown) and time.monotonic() < deadline:
        shown.lab.page.wait_for_timeout(50)
    assert "/leak/unsealed" in " ".join(_asked(shown))
