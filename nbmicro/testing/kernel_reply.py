"""What a kernel answers, as frozen records: the reply to a run with all that the cell showed, and what Tab offers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def plain(text: str) -> str:
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
class Collected:
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
            trace = plain("\n".join(content["traceback"]))
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
