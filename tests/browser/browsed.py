"""The notebook that `%browse` is tested with: a small shop, pages with scripts, and pages that try to get out."""

from __future__ import annotations

import nbformat

__all__ = ["CELLS", "HOSTILE", "notebook"]

_LAYOUT = """%%template layout.html
<!doctype html><html><head><title>{% block title %}Shop{% endblock %}</title>
<link rel=stylesheet href="/static/shop.css"></head><body>
<nav><a href="/">Home</a> <a href="account">Account</a> <a target=_blank href="/script">Script</a></nav>
{% for text in get_flashed_messages() %}<p class=flash>{{ text }}</p>{% endfor %}
{% block body %}{% endblock %}</body></html>"""

_HOME = """%%template home.html
{% extends "layout.html" %}{% block body %}<h1>Mountains</h1>
<img src="/static/peak.svg" width=160 alt="a peak"><p id=who>Welcome, {{ session.get('user', 'stranger') }}.</p>
<p id=far style="margin-top:2000px">far down</p>{% endblock %}"""

_SHOP_CSS = """%%static shop.css
@import url("more.css");
body { margin: 1em; background: url("peak.svg") no-repeat right top/60px } h1 { color: rgb(10, 120, 90) }"""

_LOGIN = """%%route GET,POST /login
if request.method == "POST":
    if request.form["csrf"] != session["csrf"]:
        abort(400)
    session["user"] = request.form["name"]
    flash("Hello, " + session["user"] + "!")
    return redirect(url_for("account"))
session["csrf"] = secrets.token_hex(8)
return render_template_string('''{% extends "layout.html" %}{% block title %}Sign in{% endblock %}{% block body %}
<form method=post><input type=hidden name=csrf value="{{ session.csrf }}"><label>Name <input name=name></label>
<button>Sign in</button></form>{% endblock %}''')"""

_ACCOUNT = """%%route /account
def account():
    if "user" not in session:
        return redirect("/login")
    return render_template_string('''{% extends "layout.html" %}{% block title %}Account{% endblock %}
{% block body %}<h1>{{ session.user }}</h1><p id=from>{{ request.headers.get("Referer") }}</p>{% endblock %}''')"""

_UPLOAD = """%%route GET,POST /upload
if request.method == "POST":
    photo = request.files["photo"]
    return f"<title>Got it</title><h1>{photo.filename}: {len(photo.read())} bytes, {request.form['note']}</h1>"
return '''<title>Upload</title><form method=post enctype=multipart/form-data>
<input type=file name=photo><input name=note value="a note"><button>Send</button></form>'''"""

_REST = """import secrets, threading
gate = threading.Event()
closed = threading.Event()
@app.route("/gate")
def open_gate():
    gate.set()
    return "<title>Open</title>open"
@app.route("/api/<int:n>")
def api(n):
    return {"double": 2 * n, "asked": request.headers.get("X-Asked")}
@app.route("/echo", methods=["POST"])
def echo():
    return {"got": request.get_json(), "theme": request.cookies.get("theme")}
@app.route("/events")
def events():
    def go():
        try:
            for number in range(3):
                yield f"id: {number}\\nevent: tick\\ndata: {number}\\n\\n"
            gate.wait(20)
            yield "data: after the gate\\n\\n"
            while True:
                closed.wait(0.05)
                yield ": still here\\n\\n"
        finally:
            closed.set()
    return Response(go(), mimetype="text/event-stream")
@app.route("/boom")
def boom():
    return 1 / 0
@app.route("/data")
def data():
    return {"b": [1, 2], "a": "<b>"}
@app.route("/file")
def file():
    return Response("a,b", headers={"Content-Disposition": 'attachment; filename="table.csv"'}, mimetype="text/csv")
@app.route("/later")
def later():
    return '<meta http-equiv=refresh content="0;url=/data">soon'
@app.route("/anchors")
def anchors():
    return '<title>Anchors</title><a href="#down">down</a><p id=down style="margin-top:3000px">here</p>'"""

_HEAVY = """import zlib
LARGE = bytes(range(251)) * 62_000
@app.route("/large")
def large():
    pieces = (LARGE[at:at + 1000] for at in range(0, len(LARGE), 1000))
    answer = Response(LARGE if "whole" in request.args else pieces, mimetype="application/octet-stream")
    if "file" in request.args:
        answer.headers["Content-Disposition"] = "attachment; filename=large.bin"
    return answer
@app.route("/sum", methods=["POST"])
def sum_of():
    data = request.get_data()
    return f"{len(data)} {zlib.crc32(data)}"
@app.route("/heavy")
def heavy():
    return '''<title>Heavy</title><ul id=out></ul><script>
    const table = Array.from({ length: 256 }, (_, n) => {
      for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
      return n;
    });
    const sum = data => {
      let c = -1;
      for (const one of data) c = table[(c ^ one) & 255] ^ (c >>> 8);
      return `${data.length} ${~c >>> 0}`;
    };
    const say = text => {
      const line = document.createElement('li');
      line.textContent = text;
      document.getElementById('out').append(line);
    };
    (async () => {
      const pieces = new Uint8Array(await (await fetch('/large')).arrayBuffer());
      say(`pieces ${sum(pieces)}`);
      const whole = new Uint8Array(await (await fetch('/large?whole')).arrayBuffer());
      say(`whole ${sum(whole)}`);
      const answer = await fetch('/sum', { method: 'POST', body: whole });
      say(`sent ${await answer.text()}`);
    })();</script>'''"""

_WAYS = """@app.route("/nothing")
def nothing():
    return "", 204
@app.route("/again", methods=["POST"])
def again():
    return redirect("/kept", 307)
@app.route("/kept", methods=["POST"])
def kept():
    return f"<title>Kept</title><p id=kept>{request.method} {request.form['word']}</p>"
@app.route("/ways")
def ways():
    return '''<title>Ways</title><a href=/nothing>nothing</a> <a target=_top href=/data>top</a>
    <a target=_blank href=/data>blank</a> <a href=/paper>paper</a>
    <form method=post action=/again><input name=word value=kept><button>Send</button></form>'''
@app.route("/paper")
def paper():
    return Response(b"%PDF-1.4 paper", mimetype="application/pdf")"""

_MANY = """@app.route("/ticks")
def ticks():
    def go():
        while not threading.Event().wait(0.05):
            yield "data: x\\n\\n"
    return Response(go(), mimetype="text/event-stream")
@app.route("/many/<int:n>")
def many(n):
    rows = "".join(f"<tr><td>{n}</td><td>{row}</td></tr>" for row in range(200))
    return f'''<link rel=stylesheet href=/static/shop.css><img src=/static/peak.svg><table>{rows}</table>
    <script>new EventSource('/ticks'); fetch('/api/{n}').then(() => {{ document.title = 'many {n}'; }})</script>'''"""

_SCRIPT = """%%route /script
'''<title>Script</title><body><ul id=out></ul><script src="/static/app.js"></script>
<script type=module>import { hello } from "/static/module.js"; say(hello)</script>
<button onclick="location.href = '/account'">go on</button>
<button onclick="if (confirm('Delete it?')) say('deleted')">Delete</button></body>'''"""

_APP_JS = """%%static app.js
const say = text => {
  const line = document.createElement('li');
  line.textContent = text;
  document.getElementById('out').append(line);
};
document.cookie = 'theme=dark; path=/';
(async () => {
  const answer = await fetch('/api/21', { headers: { 'X-Asked': 'yes' } });
  const { double, asked } = await answer.json();
  say(`fetch ${answer.status} ${double} ${asked} ${answer.url} ${location.pathname}`);
  const body = JSON.stringify({ a: [1, 2] });
  const posted = await fetch('echo', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  const { got, theme } = await posted.json();
  say(`post ${got.a} ${theme}`);
  const request = new XMLHttpRequest();
  request.open('GET', '/api/4');
  request.responseType = 'json';
  request.onload = () => say(`xhr ${request.status} ${request.response.double}`);
  request.send();
  const source = new EventSource('/events');
  source.addEventListener('tick', event => say(`tick ${event.data} ${event.lastEventId}`));
  source.onmessage = event => say(`message ${event.data}`);
  const picture = new Image();
  picture.onload = () => say(`picture ${picture.naturalWidth}`);
  picture.src = '/static/peak.svg';
  await fetch('https://example.com/').catch(error => say(`outside ${error.name}`));
  localStorage.setItem('a', '1');
  say(`stored ${localStorage.getItem('a')}`);
})();"""

# Each is a page. What they try has `leak` in its address; ORIGIN is the notebook server's.
HOSTILE = {
    "loads": """<link rel=prefetch href=ORIGIN/leak/prefetch><link rel=preload as=script href=ORIGIN/leak/preload>
<link rel=modulepreload href=ORIGIN/leak/modulepreload><link rel=manifest href=ORIGIN/leak/manifest>
<script type=speculationrules>{"prefetch": [{"source": "list", "urls": ["ORIGIN/leak/speculation"]}]}</script>
<iframe src=ORIGIN/leak/iframe></iframe><object data=ORIGIN/leak/object></object><embed src=ORIGIN/leak/embed>
<iframe srcdoc="<img src=ORIGIN/leak/inner><script>location = 'ORIGIN/leak/inner-location'</script>"></iframe>
<video src=ORIGIN/leak/video poster=ORIGIN/leak/poster></video><title>done</title>""",
    "asks": """<body><script>
// What a browser gives every window, once in the page itself and once in a frame of it, where nothing is replaced.
const tries = () => {
  const all = [
    () => fetch('ORIGIN/leak/fetch', { mode: 'no-cors', credentials: 'include' }),
    () => navigator.sendBeacon('ORIGIN/leak/beacon', 'x'),
    () => new EventSource('ORIGIN/leak/source'),
    () => new WebSocket('ORIGIN/leak/socket'.replace('http', 'ws')),
    () => { const x = new XMLHttpRequest(); x.open('GET', 'ORIGIN/leak/xhr'); x.send(); },
    () => new Worker('ORIGIN/leak/worker'),
    () => new Worker(URL.createObjectURL(new Blob(["fetch('ORIGIN/leak/work', { mode: 'no-cors' })"]))),
    () => navigator.serviceWorker.register('ORIGIN/leak/service'),
    () => import('ORIGIN/leak/module.js'),
    () => { const i = document.createElement('img'); i.src = 'ORIGIN/leak/img'; document.body.append(i); },
    () => open('ORIGIN/leak/open', 'other'),
    () => { top['loca' + 'tion'] = 'ORIGIN/leak/top'; },
    () => { parent.parent['loca' + 'tion'] = 'ORIGIN/leak/grandparent'; },
  ];
  return Promise.allSettled(all.map(async one => one()));
};
const frame = document.createElement('iframe');
frame.srcdoc = `<body><script>const tries = ${tries};
tries().then(() => { parent.postMessage('tried', '*'); window['loca' + 'tion'] = 'ORIGIN/leak/it'; });</` + 'script>';
document.body.append(frame);  // no frame comes of it
tries();</script>""",
    "links": """<a id=a target=_top href=ORIGIN/leak/a-top>x</a><a id=b download href=ORIGIN/leak/b>x</a>
<svg><a id=c href=ORIGIN/leak/c target=_parent><text y=20>x</text></a></svg>
<iframe srcdoc="<a id=d target=_top href=ORIGIN/leak/d>x</a><a id=e target=_blank href=ORIGIN/leak/e>x</a>
<script>d.click(); e.click()</script>"></iframe>
<script>for (const one of [a, b, c]) one.dispatchEvent(new MouseEvent('click', { bubbles: true, ctrlKey: true }));
document.title = 'done'</script>""",
    "reads": """<script>
const found = [];
const attempt = (name, act) => { try { found.push(`${name}: ${act()}`); } catch (error) { found.push(error.name); } };
attempt('cookie', () => top.document.cookie);
attempt('parent', () => parent.document.body.innerHTML);
attempt('storage', () => top.localStorage.length);
attempt('app', () => top.jupyterapp);
for (let i = 0; i < top.length; i++) {
  if (top[i] === parent || !top[i].length) continue;
  attempt('sibling', () => top[i].document.title);
  attempt('its page', () => top[i][0].document.title);
  attempt('its address', () => { top[i][0].location = 'ORIGIN/leak/sibling'; return 'sent'; });
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = event => found.push(`heard: ${JSON.stringify(event.data)}`);
  for (const window of [top[i], top[i][0], top]) {
    for (const word of ['hello', 'gone']) window.postMessage({ nbmicro: 'guess', [word]: true }, '*', []);
    window.postMessage({ nbmicro: 'guess' }, '*', []);
  }
  top[i][0].postMessage({ nbmicro: 'guess' }, '*', [port2]);
}
document.title = [...new Set(found)].join(', ') || 'nothing';</script>""",
    "location": "<script>window['loca' + 'tion'] = 'ORIGIN/leak/location'</script>",
    "form": """<form method=post action=ORIGIN/leak/form><input name=a value=1><button id=send>x</button></form>
<script>document.addEventListener('submit', event => event.stopImmediatePropagation(), true); send.click()</script>""",
    "flood": "<title>flood</title><script>for (;;) { for (let i = 0; i < 500; i++) window.alert(i); break; }"
    "setInterval(() => { for (let i = 0; i < 2000; i++) window.alert(i) }, 1)</script>",
    "loop": "<title>loop</title><script>location.reload()</script>",
}

_HOSTILE = f"""pages = {HOSTILE!r}
@app.route("/hostile/<name>")
def hostile(name):
    return pages[name].replace("ORIGIN", request.args["origin"])
@app.route("/leak/<path:rest>", methods=["GET", "POST"])
def stayed(rest):
    return "<title>stayed inside</title>"
"""

CELLS = {
    "load": "%load_ext nbmicro",
    "rest": _REST,
    "layout": _LAYOUT,
    "home": _HOME,
    "css": _SHOP_CSS,
    "more": "%%static more.css\n.flash { background: rgb(255, 240, 180) }",
    "peak": '%%static peak.svg\n<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80">'
    '<path d="M0 80 45 15l20 28 15-18 40 55z" fill="#47a"/></svg>',
    "index": '%%route /\nrender_template("home.html")',
    "login": _LOGIN,
    "account": _ACCOUNT,
    "upload": _UPLOAD,
    "script": _SCRIPT,
    "app": _APP_JS,
    "module": '%%static module.js\nimport { word } from "./deep.js";\nexport const hello = `module ${word}`;',
    "deep": '%%static deep.js\nexport const word = "deep";',
    "heavy": _HEAVY,
    "ways": _WAYS,
    "many": _MANY,
    "hostile": _HOSTILE,
    "first": "%browse",
    "second": "%browse /account",
}


def notebook() -> nbformat.NotebookNode:
    """The notebook of those cells."""
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in CELLS.items()]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel)
