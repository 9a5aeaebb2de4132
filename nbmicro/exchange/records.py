"""The frozen records an exchange is made of besides its two messages, and the plain data of the exchange itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord, ResponseRecord

if TYPE_CHECKING:
    from nbmicro.exchange.hurl import HurlQueries

Stream = Literal["stdout", "stderr", "display"]
#: The parts of an exchange that ``--show`` may name.
SHOW_PARTS = ("request", "curl", "headers", "body", "checks", "trace", "time", "all", "none")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What became of one check: its text, and what came and was expected when it failed; ``note`` is its comment."""

    text: str
    ok: bool
    line: int | None = None
    expected: str | None = None
    actual: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of the user's code: what declares it (``GET /boom``), line, function and the source of the line.

    ``more`` says how it goes on behind it, where frames were left out: ``18 more times``.
    """

    label: str
    line: int
    function: str
    source: str
    more: str = ""


class Shown:
    """A record that may be shown by itself: its repr masks the secrets of its exchange, which ``redaction`` knows."""

    __slots__ = ()

    def __repr__(self) -> str:
        redaction = getattr(self, "redaction", None)
        shown: Any = self if redaction is None else redaction(self)
        parts = (f"{part.name}={getattr(shown, part.name)!r}" for part in fields(shown) if part.repr)
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, slots=True, repr=False)
class ErrorRecord(Shown):
    """An exception as it is shown: type, message, the user's frames (outermost first), a hint, its cause, and of a
    group its parts."""

    type: str
    message: str
    frames: tuple[Frame, ...] = ()
    hint: str | None = None
    cause: ErrorRecord | None = None
    parts: tuple[ErrorRecord, ...] = ()
    redaction: Callable[[Any], Any] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class LogLine(Shown):
    """One log record: its level (``WARNING``), its logger's name and its message."""

    level: str
    logger: str
    message: str
    redaction: Callable[[Any], Any] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class OutputPart(Shown):
    """Something the handler printed or displayed: text of a stream, or a MIME bundle with its text.

    ``missing`` is how many lines of a long text were not kept: a line in their place says so.
    """

    stream: Stream
    text: str
    bundle: Mapping[str, Any] | None = None
    missing: int | None = None
    redaction: Callable[[Any], Any] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, eq=False, repr=False)
class ExchangeRecord:
    """The data of one exchange: a request, its response, and what happened between.

    Parameters
    ----------
    request, response:
        What was sent (cookies included) and what came.
    error:
        The exception that became the response, with the user's frames.
    exception:
        The exception itself, for ``%debug``; also one that became a 4xx (an ``abort``, a missing form key). The next
        request lets go of its frames, with all that they hold.
    refusal:
        That 4xx exception with the user's frames.
    output, logs:
        What the handler printed, displayed and logged.
    unkept_log_lines:
        Lines of very many log records that were not kept, of those in the middle.
    checks, captures, name:
        What a request script adds.
    trace:
        The steps of its trace, where it was asked for.
    history:
        The exchanges that led here by redirects, first one first.
    duration:
        Seconds from sending to the last byte.
    endpoint, rule:
        The route that answered.
    notes:
        Notes of the app's core and of the client, shown as ``Note: …`` (a key that is not kept, a stream that was cut).
    hint:
        The next step after a 404, 405 or 400.
    origin:
        Who sent it: ``cell``, ``client``, ``server``, ``widget``.
    secret_names:
        Names of headers, cookies and fields whose values no rendering shows (lower case).
    page:
        The HTML of the body with the app's own style sheets and images put in place; None where that was not done.
    """

    request: RequestRecord
    response: ResponseRecord
    error: ErrorRecord | None = None
    exception: BaseException | None = None
    refusal: ErrorRecord | None = None
    output: tuple[OutputPart, ...] = ()
    logs: tuple[LogLine, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    captures: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    trace: tuple[TraceStep, ...] = ()
    history: tuple[Any, ...] = ()
    duration: float = 0.0
    endpoint: str | None = None
    rule: str | None = None
    notes: tuple[str, ...] = ()
    hint: str | None = None
    origin: str = "cell"
    secret_names: Set[str] = frozenset()
    page: str | None = None
    unkept_log_lines: int = 0
    sender: Callable[[RequestRecord], Any] | None = None
    fetch: Callable[[str], ResponseRecord | None] | None = None

    @property
    def status(self) -> int:
        """The response's status code."""
        return self.response.status

    @property
    def status_code(self) -> int:
        """The response's status code, by the name other clients give it."""
        return self.response.status

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.response.status < 400

    @property
    def headers(self) -> HeaderFields:
        """The response's headers, looked up by name in any case."""
        return self.response.headers

    @property
    def json(self) -> Any:
        """The response's body read as JSON; None when its media type is another."""
        return self.response.json

    @property
    def text(self) -> str:
        """The response's body as text."""
        return self.response.text

    @property
    def body(self) -> bytes:
        """The response's content as bytes, decoded where it was compressed (``content`` in requests and httpx);
        bounded, see ``response.body.truncated``. As it was sent it is ``response.body.raw``."""
        return self.response.body.bytes

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies the response sets, name to value."""
        return self.response.cookies

    @property
    def hurl(self) -> HurlQueries:
        """Hurl's queries of the response, whose values compare as Hurl's do."""
        from nbmicro.exchange.hurl import HurlQueries

        return HurlQueries(self.response)

    @property
    def route(self) -> str:
        """The route that answered, as it is announced: ``/hello/<name> → hello_name``; empty when none is known."""
        return f"{self.rule} → {self.endpoint}" if self.rule is not None else ""

    @property
    def printed(self) -> str:
        """What the handler printed and displayed, as one text."""
        return "".join(part.text for part in self.output)


@dataclass(frozen=True, slots=True)
class LineRun:
    """One line of a function: its number in its file or cell, its text, how often it ran and for how many seconds.

    ``failed`` is the class of the exception that left the function from this line.
    """

    number: int
    text: str
    count: int = 0
    duration: float = 0.0
    failed: str = ""


@dataclass(frozen=True, slots=True)
class TriedRule:
    """A rule beside the path of a request: its methods, the rule, and why it answers, or why not."""

    methods: str
    rule: str
    verdict: str
    answers: bool = False


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step of a request's trace.

    Parameters
    ----------
    kind:
        ``match context session before handler template after reply teardown`` …; ``hook`` for a function of the user's
        of which no more is known.
    label:
        The function, template or rule.
    start, duration:
        Seconds from the begin of the request, and length in seconds.
    place:
        Where the function stands: ``a cell, line 3``.
    note:
        What came of it, in a few words.
    failed:
        The class of the exception that left it; empty when none did.
    lines:
        The lines of the function, if it is the user's.
    tried:
        Of the match: the rules, nearest first.
    """

    kind: str
    label: str
    start: float = 0.0
    duration: float = 0.0
    place: str = ""
    note: str = ""
    failed: str = ""
    lines: tuple[LineRun, ...] = ()
    tried: tuple[TriedRule, ...] = ()
