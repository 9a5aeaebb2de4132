"""The front end of `%browse` in a page of its own, with a kernel's end in this process: quick, without JupyterLab."""

from __future__ import annotations

import base64
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from nbmicro import App
from nbmicro.client.browser_session import BrowserSession
from nbmicro.client.client import Client
from nbmicro.notebook.browse.browser import _injected_script, _Widget
from nbmicro.notebook.browse.transport import BrowserRequests

_PAGE = """<!doctype html><title>notebook</title><style>body {{ margin: 20px; {colours} }}</style>
<link rel=stylesheet href=/front.css><div id=el></div><script type=module>
import front from '/front.js';
const listeners = new Set();
const values = {{ path: '{path}', auto: true, page_script: {script} }};
let sending = Promise.resolve();
const model = {{
  get: name => values[name], set: (name, value) => {{ values[name] = value; }}, save_changes() {{}},
  on: (_, listener) => listeners.add(listener), off: (_, listener) => listeners.delete(listener),
  send(message, _, buffers = []) {{
    const body = new Blob(buffers.length ? [buffers[0]] : []);
    const headers = {{ 'X-Message': encodeURIComponent(JSON.stringify(message)) }};
    sending = sending.then(() => fetch('/send', {{ method: 'POST', headers, body }}));
  }},
}};
const bytes = text => Uint8Array.from(atob(text), one => one.charCodeAt(0));
(async () => {{
  for (;;) for (const [message, buffers] of await (await fetch('/poll')).json()) {{
    for (const listener of [...listeners]) listener(message, buffers.map(one => new DataView(bytes(one).buffer)));
  }}
}})();
front.render({{ model, el: document.getElementById('el') }});
</script>"""


class Front:
    """A page with a browser in it. ``url`` shows a path of the app; ``asked`` is what else its origin was asked for."""

    def __init__(self, app: App) -> None:
        self.news: queue.Queue[tuple[dict[str, Any], list[str]]] = queue.Queue()
        self.asked: list[str] = []
        self.requests = BrowserRequests(BrowserSession(Client(app)), self._tell)
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self, kind: str, text: str) -> None:
                data = text.encode()
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                if path == "/":
                    # What was meant for the page before is not for this one.
                    front.news = queue.Queue()
                    dark = "color-scheme:dark;background:#111" if query.startswith("dark") else "color-scheme:light"
                    shown = query.partition("=")[2] or "/"
                    script = json.dumps(_injected_script()).replace("</", "<\\/").replace("<!--", "\\u003c!--")
                    self._answer("text/html", _PAGE.format(path=shown, script=script, colours=dark))
                elif path == "/front.js":
                    self._answer("text/javascript", str(_Widget._esm))
                elif path == "/front.css":
                    self._answer("text/css", str(_Widget._css))
                elif path == "/poll":
                    with suppress(ConnectionError):  # the page may have gone
                        self._answer("application/json", json.dumps(front.wait()))
                else:
                    front.asked.append(self.path)
                    self._answer("text/plain", "")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                message = json.loads(unquote(self.headers["X-Message"]))
                front.requests.take(message, [body] if body else [])
                self._answer("text/plain", "")

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def _tell(self, message: dict[str, Any], pieces: list[bytes]) -> None:
        self.news.put((message, [base64.b64encode(one).decode() for one in pieces]))

    def wait(self) -> list[tuple[dict[str, Any], list[str]]]:
        """What has come for the front end, as soon as something has."""
        try:
            news = self.news
            found = [news.get(timeout=0.5)]
        except queue.Empty:
            return []
        while not news.empty():
            found.append(news.get())
        return found


@contextmanager
def fronted(app: App) -> Iterator[Front]:
    """The front end, served as long as the block lasts."""
    front = Front(app)
    thread = threading.Thread(target=front.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield front
    finally:
        front.requests.close()
        front.server.shutdown()
        thread.join(10)
        front.server.server_close()
