"""A real kernel for tests, spoken to as JupyterLab speaks to it: cell ids, deleted cells, interrupts; its replies."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

from nbmicro.errors import DeadlineExceeded

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def _plain(text: str) -> str:
    """The text without colours."""
    return _ANSI.sub("", text)


@dataclass(frozen=True)
class KernelError:
    """The error that ended a cell: its name, its value and the traceback as shown, without colours."""

    name: str
    value: str
    traceback: str


@dataclass(frozen=True)
class Output:
    """One thing that a cell displayed, or its value: ``data`` is the MIME bundle."""

    kind: Literal["display", "result"]
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The ``text/plain`` of the bundle; empty when it has none."""
        return str(self.data.get("text/plain", ""))

    @property
    def html(self) -> str:
        """The ``text/html`` of the bundle; empty when it has none."""
        return str(self.data.get("text/html", ""))


@dataclass(frozen=True)
class Reply:
    """What one run of a cell gave.

    Parameters
    ----------
    status:
        ``ok``, ``error`` or ``aborted``, as Jupyter's message specification names them.
    execution_count:
        The number of the run; None when the kernel gave none.
    stdout, stderr:
        All that the cell printed.
    outputs:
        What it displayed, and its value, in the order shown.
    error:
        The error that ended it, or None.
    """

    status: str
    execution_count: int | None
    stdout: str
    stderr: str
    outputs: tuple[Output, ...]
    error: KernelError | None

    @property
    def text(self) -> str:
        """The ``text/plain`` of all outputs, one below the other."""
        return "\n".join(output.text for output in self.outputs)

    @property
    def html(self) -> str:
        """The ``text/html`` of all outputs, one below the other."""
        return "\n".join(output.html for output in self.outputs)

    @property
    def shown(self) -> str:
        """All that a reader sees as plain text: prints, outputs, warnings and the traceback."""
        parts = [self.stdout, self.text, self.stderr, self.error.traceback if self.error else ""]
        return "\n".join(part for part in parts if part)


@dataclass(frozen=True)
class Completion:
    """What Tab offers, and from where to where (in characters) each offer replaces the code."""

    matches: tuple[str, ...]
    start: int
    end: int


@dataclass
class _Collected:
    """The messages of one run, as they come in."""

    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    #: For each output the name under which it can be replaced.
    named: list[str | None] = field(default_factory=list)
    error: KernelError | None = None
    idle: bool = False
    reply: Mapping[str, Any] | None = None

    @property
    def complete(self) -> bool:
        return self.idle and self.reply is not None

    def take(self, kind: str, content: Mapping[str, Any]) -> None:
        """Add one message of the kernel's output channel."""
        if kind == "stream":
            (self.stdout if content["name"] == "stdout" else self.stderr).append(content["text"])
        elif kind in ("display_data", "execute_result"):
            shown: Literal["display", "result"] = "display" if kind == "display_data" else "result"
            self.outputs.append(Output(shown, content["data"], content["metadata"]))
            self.named.append(content.get("transient", {}).get("display_id"))
        elif kind == "update_display_data":
            name = content.get("transient", {}).get("display_id")
            for index, known in enumerate(self.named):
                if known is not None and known == name:
                    self.outputs[index] = Output(self.outputs[index].kind, content["data"], content["metadata"])
        elif kind == "error":
            trace = _plain("\n".join(content["traceback"]))
            self.error = KernelError(content["ename"], content["evalue"], trace)
        elif kind == "status" and content["execution_state"] == "idle":
            self.idle = True

    def as_reply(self) -> Reply:
        """The frozen record of the run."""
        content = self.reply or {}
        return Reply(
            status=content.get("status", "error"),
            execution_count=content.get("execution_count"),
            stdout="".join(self.stdout),
            stderr="".join(self.stderr),
            outputs=tuple(self.outputs),
            error=self.error,
        )


class _ThisPython(KernelSpecManager):
    """Knows one kernel: ipykernel under the interpreter that runs the test, whatever else is installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python", name=kernel_name)


class Pending:
    """A run that has been sent and may not have ended; :meth:`result` waits for it."""

    def __init__(self, kernel: RealKernel, message_id: str, code: str) -> None:
        self._kernel = kernel
        self._id = message_id
        self._code = code

    def wait_for_output(self, text: str, timeout: float = 30.0) -> None:
        """Wait until the run has printed or displayed `text`: then it is surely under way.

        Raises
        ------
        DeadlineExceeded
            It has not within `timeout` seconds.
        """
        self._kernel._collect_until(
            lambda: text in self._kernel._collected[self._id].as_reply().shown,
            timeout,
            f"{text!r} in the output of:\n{self._code}",
        )

    def result(self, timeout: float = 30.0) -> Reply:
        """The reply, once the run has ended.

        Raises
        ------
        DeadlineExceeded
            It has not ended within `timeout` seconds.
        """
        collected = self._kernel._collected[self._id]
        self._kernel._collect_until(lambda: collected.complete, timeout, f"the end of:\n{self._code}")
        return collected.as_reply()


def _transport(place: Path) -> dict[str, str]:
    """Sockets in files where the system has them: a port that was free may be another's when the kernel takes it."""
    longest = 90  # of some 104 characters that a socket's path may have
    if sys.platform == "win32" or len(str(place)) > longest:
        return {}
    return {"transport": "ipc", "ip": str(place)}


class RealKernel:
    """A kernel in a process of its own, as a front end runs it.

    Parameters
    ----------
    cwd:
        The kernel's working directory: the notebook's folder. A new, empty one by default.
    env:
        Environment variables to add to those of the test.
    cell_ids:
        True as JupyterLab does, which sends with each run the cell's id and the ids of cells deleted since the
        run before. False as nbclient, nbval and a terminal do, which send neither.
    startup_timeout:
        Seconds that the kernel may take to answer for the first time.

    The messages follow Jupyter's messaging specification 5.4; the metadata is JupyterLab's. The user's own IPython
    profile is not read. Use it as a context manager::

        with RealKernel() as kernel:
            kernel.run("%load_ext nbmicro")
            reply = kernel.run("%%route /\\n'hello'", cell_id="c1")
            kernel.run("1", cell_id="c2", deleted=["c1"])
    """

    def __init__(
        self,
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        cell_ids: bool = True,
        startup_timeout: float = 60.0,
    ) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="nbmicro-kernel-")
        scratch = Path(self._scratch.name)
        for name in ("ipython", "runtime", "work"):
            (scratch / name).mkdir()
        self.cwd = Path(cwd) if cwd is not None else scratch / "work"
        self.cell_ids = cell_ids
        self._env = {
            **os.environ,
            "IPYTHONDIR": str(scratch / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
            **(env or {}),
        }
        self._startup_timeout = startup_timeout
        self._collected: dict[str, _Collected] = {}
        self._typed: list[str] = []
        self._manager = KernelManager(
            kernel_name="python3",
            kernel_spec_manager=_ThisPython(),
            connection_file=str(scratch / "runtime" / "kernel.json"),
            **_transport(scratch / "runtime" / "ipc"),
        )
        self._client: BlockingKernelClient | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    @property
    def alive(self) -> bool:
        """Whether the kernel's process runs."""
        return bool(self._manager.is_alive())

    def start(self) -> None:
        """Start the kernel and wait until it answers."""
        try:
            self._manager.start_kernel(cwd=str(self.cwd), env=self._env)
            self._client = self._manager.client()
            self._client.start_channels()
            self._client.wait_for_ready(timeout=self._startup_timeout)
        except BaseException:
            self.shutdown()
            raise

    def send(
        self,
        code: str,
        *,
        cell_id: str | None = None,
        deleted: Sequence[str] = (),
        typed: Sequence[str] = (),
        subshell: str | None = None,
    ) -> Pending:
        """Send a cell to the kernel and do not wait; the parameters are those of :meth:`run`, and the subshell in which
        it runs beside other cells."""
        client = self._connected()
        metadata: dict[str, object] = {}
        if self.cell_ids:
            metadata = {"deletedCells": list(deleted), "recordTiming": False}
            if cell_id is not None:
                metadata["cellId"] = cell_id
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": bool(typed),
            # One cell runs at a time: an older kernel would let the next one fall when it comes soon behind an error.
            "stop_on_error": False,
        }
        message = client.session.msg("execute_request", content, metadata=metadata)
        message_id = str(message["header"]["msg_id"])
        self._collected[message_id] = _Collected()
        self._typed = list(typed)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        client.shell_channel.send(message)
        return Pending(self, message_id, code)

    def run(
        self,
        code: str,
        *,
        cell_id: str | None = None,
        deleted: Sequence[str] = (),
        typed: Sequence[str] = (),
        timeout: float = 30.0,
    ) -> Reply:
        """Run a cell and wait for its end.

        Parameters
        ----------
        code:
            The cell's text, magics and all.
        cell_id:
            The cell's identity, as JupyterLab sends it.
        deleted:
            The ids of the cells that the user has deleted since the run before.
        typed:
            What is typed at the prompts that the cell opens, one after the other. Without any it may open none, as
            where no user sits.
        timeout:
            Seconds it may take.

        Raises
        ------
        DeadlineExceeded
            The cell has not ended in time. An error of the cell is not raised: it is in the reply.
        """
        return self.send(code, cell_id=cell_id, deleted=deleted, typed=typed).result(timeout)

    def check(self, code: str, *, cell_id: str | None = None, timeout: float = 30.0) -> Reply:
        """Run a cell that must succeed.

        Raises
        ------
        AssertionError
            It did not; the message is the traceback.
        """
        reply = self.run(code, cell_id=cell_id, timeout=timeout)
        if reply.status != "ok":
            shown = reply.error.traceback if reply.error else reply.status
            raise AssertionError(f"This cell should have succeeded:\n{code}\n\n{shown}")
        return reply

    def complete(self, code: str, cursor: int | None = None, timeout: float = 30.0) -> Completion:
        """What the Tab key offers at ``cursor`` (in characters; the end of the code without one).

        Raises
        ------
        DeadlineExceeded
            The kernel has not answered within `timeout` seconds.
        """
        at = len(code) if cursor is None else cursor
        content = self._ask("complete_request", {"code": code, "cursor_pos": at}, timeout)
        return Completion(tuple(content["matches"]), content["cursor_start"], content["cursor_end"])

    def ask_about(self, name: str, timeout: float = 30.0) -> str:
        """The plain text that a cell ``name?`` opens in the pager, without colours; empty where it opens none.

        Raises
        ------
        DeadlineExceeded
            The cell has not ended within `timeout` seconds.
        """
        pending = self.send(f"{name}?")
        pending.result(timeout)
        payload = (self._collected[pending._id].reply or {}).get("payload", ())
        return "\n".join(_plain(page["data"]["text/plain"]) for page in payload if page.get("source") == "page")

    def new_subshell(self, timeout: float = 30.0) -> str | None:
        """Make a subshell, as JupyterLab does for widgets, and give its id; None where the kernel has none.

        Raises
        ------
        queue.Empty
            The kernel has not answered within `timeout` seconds.
        """
        client = self._connected()
        client.control_channel.send(client.session.msg("kernel_info_request", {}))
        about = client.control_channel.get_msg(timeout=timeout)["content"]
        if "kernel subshells" not in about.get("supported_features", ()):
            return None  # ipykernel before 7 does not answer to what it does not know
        client.control_channel.send(client.session.msg("create_subshell_request", {}))
        content = client.control_channel.get_msg(timeout=timeout)["content"]
        return content.get("subshell_id") if content.get("status") == "ok" else None

    def _ask(self, kind: str, content: Mapping[str, Any], timeout: float) -> Mapping[str, Any]:
        client = self._connected()
        message = client.session.msg(kind, dict(content))
        collected = self._collected[str(message["header"]["msg_id"])] = _Collected()
        client.shell_channel.send(message)
        self._collect_until(lambda: collected.reply is not None, timeout, f"the reply to a {kind}")
        return collected.reply or {}

    def interrupt(self) -> None:
        """Interrupt what runs, as the front end's stop button does."""
        self._manager.interrupt_kernel()

    def shutdown(self, *, now: bool = False) -> None:
        """End the kernel and remove its files; again is harmless. `now` kills it, as a crash would."""
        if self._client is not None:
            self._client.stop_channels()
            self._client = None
        if self._manager.has_kernel:
            self._manager.shutdown_kernel(now=now)
        self._manager.cleanup_resources()
        self._scratch.cleanup()

    def _connected(self) -> BlockingKernelClient:
        if self._client is None:
            raise RuntimeError("The kernel is not running: use `with RealKernel() as kernel:` or kernel.start().")
        return self._client

    def _collect_until(self, done: Any, timeout: float, what: str) -> None:
        """Take in messages until `done()`; in slices, so that a kernel that died is noticed."""
        client = self._connected()
        deadline = time.monotonic() + timeout
        poller = zmq.Poller()
        for channel in (client.shell_channel, client.iopub_channel):
            poller.register(channel.socket, zmq.POLLIN)
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                raise DeadlineExceeded(f"The kernel was given {timeout:g} s for {what}")
            if not poller.poll(round(min(left, 0.05) * 1000)) and not self.alive:
                raise DeadlineExceeded(f"The kernel has died; it was to give {what}")
            self._take_replies(client)
            while self._typed and client.stdin_channel.msg_ready():
                client.get_stdin_msg(timeout=1)
                client.input(self._typed.pop(0))
            while client.iopub_channel.msg_ready():
                message = client.get_iopub_msg(timeout=1)
                collected = self._collected.get(message["parent_header"].get("msg_id", ""))
                if collected is not None:
                    collected.take(message["msg_type"], message["content"])

    def _take_replies(self, client: BlockingKernelClient) -> None:
        while client.shell_channel.msg_ready():
            message = client.get_shell_msg(timeout=1)
            collected = self._collected.get(message["parent_header"].get("msg_id", ""))
            if collected is not None:
                collected.reply = message["content"]
