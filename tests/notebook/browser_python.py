"""A notebook in a browser's Python (Pyodide, as JupyterLite runs it), as far as nbmicro can tell; run as a program.

No thread, socket or process can be started, and `sys.platform` says so; the shell is IPython's plain one with a kernel
that only names its cells; widgets speak over comms that are kept here. It prints as JSON what a list of cells did.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import sysconfig
import threading
import types
from collections.abc import Callable
from typing import Any, ClassVar

import comm
import ipywidgets
from comm.base_comm import BaseComm
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell

DEADLINE = 20.0


def refuse_threads(*_: Any, **__: Any) -> Any:
    raise RuntimeError("can't start new thread")


def refuse(*_: Any, **__: Any) -> Any:
    raise OSError("not in a browser")


def become_a_browsers_python(can_switch_stacks: bool = False) -> None:
    sysconfig.get_config_vars()  # read while it can be; it is kept
    sys.platform = "emscripten"
    for module in (threading, sys.modules["_thread"]):
        for name in ("_start_new_thread", "_start_joinable_thread", "start_new_thread", "start_joinable_thread"):
            if hasattr(module, name):
                setattr(module, name, refuse_threads)
    socket.socket.bind = refuse  # type: ignore[method-assign]
    socket.socket.connect = refuse  # type: ignore[method-assign]
    subprocess.Popen.__init__ = refuse  # type: ignore[method-assign]
    ffi = types.ModuleType("pyodide.ffi")
    ffi.can_run_sync = lambda: can_switch_stacks  # type: ignore[attr-defined]
    ffi.run_sync = refuse  # type: ignore[attr-defined]
    sys.modules["pyodide"], sys.modules["pyodide.ffi"] = types.ModuleType("pyodide"), ffi


class Comm(BaseComm):  # type: ignore[misc]
    """Keeps what the kernel says to the front end."""

    said: ClassVar[list[dict[str, Any]]] = []
    displays: ClassVar[list[str | None]] = []

    def publish_msg(self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_: Any) -> None:
        data = data or {}
        if data.get("method") == "custom":
            body = b"".join(bytes(one) for one in buffers or ())
            self.said.append({"to": self.comm_id, "body": body.decode("utf-8", "replace"), **data["content"]})
        elif "display" in data.get("state", {}):
            self.displays.append(data["state"]["display"])


class Publisher(DisplayPublisher):  # type: ignore[misc]
    shown: ClassVar[list[dict[str, Any]]] = []

    def publish(self, data: Any, metadata: Any = None, **_: Any) -> None:
        self.shown.append(dict(data))


class Stream:
    """Where a cell prints."""

    encoding = "utf-8"

    def write(self, text: str) -> None:
        Publisher.shown.append({"text/plain": text.rstrip("\n")})

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


class Hook(DisplayHook):  # type: ignore[misc]
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        if format_dict:
            Publisher.shown.append(dict(format_dict))


class History(HistoryManager):  # type: ignore[misc]
    def __init__(self, *args: Any, **options: Any) -> None:
        self.enabled = False
        super().__init__(*args, **options)


class Kernel:
    """What nbmicro asks a kernel for: the message that runs a cell."""

    cell = ""

    def get_parent(self) -> dict[str, Any]:
        return {"metadata": {"cellId": self.cell, "deletedCells": []}}


class Shell(InteractiveShell):  # type: ignore[misc]
    def init_history(self) -> None:
        self.history_manager = History(shell=self, parent=self)

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        Publisher.shown.append({"error": etype.__name__, "text/plain": str(evalue)})


async def until(happened: Callable[[], Any]) -> None:
    """Let the event loop go on until something has happened."""
    async with asyncio.timeout(DEADLINE):
        while not happened():
            await asyncio.sleep(0.001)


class Notebook:
    """Cells of the shell, and messages of the front end."""

    def __init__(self) -> None:
        self.shell = Shell.instance(display_pub_class=Publisher, displayhook_class=Hook)
        self.shell.kernel = Kernel()
        self.cells: dict[str, str] = {}

    async def run(self, name: str, source: str) -> str:
        """What a cell shows, as text."""
        self.shell.kernel.cell = name
        Publisher.shown.clear()
        code = self.shell.transform_cell(source)
        if self.shell.should_run_async(source, transformed_cell=code):
            # As JupyterLite's kernel does: nobody is told that the cell has ended.
            await self.shell.run_cell_async(source, transformed_cell=code, store_history=True)
        else:
            self.shell.run_cell(source, store_history=True)
        await asyncio.sleep(0)
        self.cells[name] = "\n".join(one["text/plain"] for one in Publisher.shown if one.get("text/plain"))
        return self.cells[name]

    def view(self) -> str:
        """The comm of the widget that the last cell shows."""
        kind = "application/vnd.jupyter.widget-view+json"
        return str(next(one[kind]["model_id"] for one in Publisher.shown if kind in one))

    def tell(self, model: str, data: dict[str, Any], buffers: tuple[bytes, ...] = ()) -> None:
        """A message of the front end to a widget."""
        message = {"content": {"comm_id": model, "data": data}, "buffers": [memoryview(one) for one in buffers]}
        comm.get_comm_manager().comm_msg(None, None, message)

    def ask(self, browser: str, name: str, target: str, **more: Any) -> None:
        """A request of a page in a browser in a cell."""
        request = {"kind": "request", "id": name, "method": "GET", "target": target, "headers": [], "page": "p"}
        self.tell(browser, {"method": "custom", "content": {**request, **more}})

    async def answer(self, name: str, *kinds: str) -> dict[str, Any]:
        """What a page is answered, once the last of these kinds of message has come (`end`)."""

        def mine() -> list[dict[str, Any]]:
            return [one for one in Comm.said if one.get("id") == name]

        await until(lambda: {*(kinds or ("end",))} <= {one["kind"] for one in mine()})
        head = next((one for one in mine() if one["kind"] == "head"), {})
        end = mine()[-1]
        told = {key: end.get(key) for key in ("failed", "error", "hint")}
        return {"status": head.get("status"), "body": "".join(one["body"] for one in mine()), **told}


CELLS = {
    "load": "%load_ext nbmicro",
    "route": "%%route /hello/<name>\ndef hello(name):\n    print('asked')\n    return f'Hello, {name}!'",
    "again": "%%route /hello/<name>\ndef hello(name):\n    print('asked')\n    return f'Good day, {name}!'",
    "request": "%http /hello/Ada",
    "post": "%%route POST /sum\n{'sum': sum(request.get_json())}",
    "checks": '%%http\nPOST /sum\nContent-Type: application/json\n\n[1, 2]\n\nHTTP 200\n[Asserts]\njson["sum"] == 3',
    "async": "%%route /later\nimport asyncio\nasync def later():\n    await asyncio.sleep(0)\n    return 'later'",
    "async request": "%http /later",
    "waits": "%%route /waits\nimport asyncio\nasync def waits():\n    await asyncio.sleep(60)",
    "waits request": "%http /waits",
    "async stream": "%%route /ticks\nasync def ticks():\n    for n in range(3):\n        yield str(n)",
    "async stream request": "%http /ticks",
    "await": "import asyncio\nawait asyncio.sleep(0)\n@app.route('/awaited')\ndef awaited():\n    return 'awaited'",
    "await request": "%http /awaited",
    "boom": "%%route /boom\n1 / 0",
    "boom request": "%http /boom",
    "helper": "def share(total, friends):\n    return total / len(friends)",
    "shares": "%%route /share\nstr(share(90, []))",
    "shares request": "%http /share",
    "expects": "try:\n    %http /share -q --expect 200\nexcept Exception as error:\n    print(error)",
    "trace": "%trace /hello/Ada",
    "bench": "%bench /hello/Ada -n 20",
    "routes": "%routes",
    "exchanges": "%exchanges 2",
    "serve": "%serve",
    "run": "app.run()",
    "card": "%nbmicro",
    "doctor": "%nbmicro doctor",
    "foreign": "def other(environ, start_response):\n    start_response('200 OK', [])\n    return [b'other']",
    "foreign app": "%app other",
    "foreign request": "%http /",
    "asgi": "async def news(scope, receive, send):\n    pass",
    "asgi app": "%app news",
    "asgi request": "%http /",
    "back": "%app app",
    "endless": "%%route /news\ndef news():\n    def each():\n        n = 0\n        while True:\n"
    "            n += 1\n            yield f'data: {n}\\n\\n'\n"
    "    return Response(each(), mimetype='text/event-stream')",
    "large": "%%route /large\n'x' * 3_000_000",
}


async def main() -> None:
    comm.create_comm = Comm
    become_a_browsers_python()
    notebook = Notebook()
    sys.stdout = sys.stderr = Stream()  # type: ignore[assignment]
    found: dict[str, Any] = {"cells": notebook.cells, "pages": {}}
    for name, source in CELLS.items():
        await notebook.run(name, source)
    pages = found["pages"]

    await notebook.run("browse", "%browse /hello/Ada")
    browser = notebook.view()
    notebook.ask(browser, "first", "/hello/Ada", navigation=True)
    pages["first"] = await notebook.answer("first")
    notebook.tell(browser, {"method": "custom", "content": {"kind": "part", "id": "post"}}, (b"[4, ", b"5]")[:1])
    notebook.tell(browser, {"method": "custom", "content": {"kind": "part", "id": "post"}}, (b"5]",))
    notebook.ask(browser, "post", "/sum", method="POST", headers=[["Content-Type", "application/json"]])
    pages["post"] = await notebook.answer("post")
    for name in ("boom", "later", "ticks", "waits"):
        notebook.ask(browser, name, f"/{name}")
        pages[name] = await notebook.answer(name)
    # A stream that never ends lets other requests through, stays bounded while nobody reads, and can be given up.
    notebook.ask(browser, "news", "/news")
    await notebook.answer("news", "head", "piece")
    notebook.ask(browser, "beside", "/hello/Bob")
    pages["beside"] = await notebook.answer("beside")
    for _ in range(200):
        await asyncio.sleep(0)
    found["unread"] = sum(one.get("id") == "news" and one["kind"] == "piece" for one in Comm.said)
    notebook.tell(browser, {"method": "custom", "content": {"kind": "cancel", "id": "news"}})
    pages["news"] = {**await notebook.answer("news"), "body": ""}
    notebook.ask(browser, "large", "/large")
    await notebook.answer("large", "head", "piece")

    def read_on() -> bool:
        notebook.tell(browser, {"method": "custom", "content": {"kind": "more", "id": "large"}})
        return any(one.get("id") == "large" and one["kind"] == "end" for one in Comm.said)

    await until(read_on)
    pages["large"] = await notebook.answer("large")
    pages["large"]["body"] = len(pages["large"]["body"])
    # A cell that changes what a page shows is told to the page.
    notebook.ask(browser, "again", "/hello/Ada", navigation=True)
    await notebook.answer("again")
    await notebook.run("again", CELLS["again"].replace("Good", "Fine"))
    found["told"] = [one["page"] for one in Comm.said if one["kind"] == "changed"]

    await notebook.run("explore", "%explore")
    Comm.displays.clear()
    routes, send, output = _widget("Select"), _widget("Button", "Send"), _widget("Output")
    at = next(number for number, option in enumerate(routes.options) if "/later" in option[0])
    notebook.tell(routes.model_id, {"method": "update", "state": {"index": at}})
    notebook.tell(send.model_id, {"method": "custom", "content": {"event": "click"}})
    await until(lambda: output.outputs)
    found["displays"] = Comm.displays
    found["explored"] = output.outputs[0]["data"]["text/plain"]
    before = len(routes.options)
    await notebook.run("one more", "%%route /one/more\n'more'")
    await until(lambda: len(routes.options) != before)
    found["new routes"] = len(routes.options) - before
    await notebook.run("unload", "%unload_ext nbmicro")
    print(json.dumps(found), file=sys.__stdout__)


def _widget(kind: str, description: str = "") -> Any:
    """The newest widget of a kind, with this description if one is given."""
    instances = ipywidgets.widgets.widget._instances.values()
    found = (one for one in reversed(list(instances)) if type(one).__name__ == kind)
    return next(one for one in found if not description or one.description == description)


if __name__ == "__main__":
    asyncio.run(main())
