"""Checks of an answer: the status line, headers and body expected of it, Python expressions, captures."""

from __future__ import annotations

import ast
import json
import operator
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nbmicro.errors import CheckFailed, RequestError
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.records import CheckResult
from nbmicro.exchange.secrets import redacted
from nbmicro.http.media_types import is_json
from nbmicro.language.hurl import check_in_python
from nbmicro.language.syntax import BodySource, Capture, Check, ExpectedStatus, Pair
from nbmicro.language.template import names_in
from nbmicro.printable import near_words
from nbmicro.runner.fill import Scope, fill_json, short, user_names

ValueOf = Callable[[ast.expr], Any]
"""Evaluates a part of an expression."""
Verdict = tuple[bool, str | None, str | None]
"""Whether it is true; if not, what was expected and what came."""

_OPERATORS: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], object]]] = {
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.Is: ("is", operator.is_),
    ast.IsNot: ("is not", operator.is_not),
    ast.In: ("in", lambda left, right: left in right),
    ast.NotIn: ("not in", lambda left, right: left not in right),
}
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")


def without_addresses(text: str) -> str:
    """A text without memory addresses, which differ from run to run."""
    return _ADDRESS.sub("", text)


def shown(value: object) -> str:
    """A value as a message shows it: its repr, cut, without memory addresses."""
    try:
        text = repr(value)
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return short(without_addresses(text))


def judge(node: ast.expr, value_of: ValueOf) -> Verdict:
    """Whether an expression is true, and what was expected and came of the part that decided it."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        verdict: Verdict = (True, None, None)
        for part in node.values:
            verdict = judge(part, value_of)
            if not verdict[0]:
                break
        return verdict
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        value = value_of(node.operand)
        return (True, None, None) if not value else (False, "something false", shown(value))
    if isinstance(node, ast.Compare):
        return _compare(node, value_of)
    value = value_of(node)
    return (True, None, None) if value else (False, "something true", shown(value))


def _compare(node: ast.Compare, value_of: ValueOf) -> Verdict:
    left_node, left = node.left, value_of(node.left)
    for kind, right_node in zip(node.ops, node.comparators, strict=True):
        right = value_of(right_node)
        sign, compare = _OPERATORS[type(kind)]
        ok = bool(compare(left, right))
        if not ok:
            return False, *_sides(sign, left_node, left, right_node, right)
        left_node, left = right_node, right
    return True, None, None


def _sides(sign: str, left_node: ast.expr, left: object, right_node: ast.expr, right: object) -> tuple[str, str]:
    """What was expected and what came: the side that is written out is the expected one."""
    if sign in {"in", "not in"}:
        if _is_written_out(right_node):
            one_of = "one of" if sign == "in" else "none of"
            return f"{one_of} {shown(right)}", shown(left)
        return f"{shown(left)} {sign} it", shown(right)
    if _is_written_out(left_node) and not _is_written_out(right_node):
        left, right = right, left
        sign = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(sign, sign)
    return (shown(right) if sign in {"==", "is"} else f"{sign} {shown(right)}"), shown(left)


def _is_written_out(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


_GETTERS: dict[str, Callable[[Exchange], object]] = {
    "response": lambda exchange: exchange,
    "status": lambda exchange: exchange.status,
    "headers": lambda exchange: exchange.headers,
    "json": lambda exchange: exchange.json,
    "text": lambda exchange: exchange.text,
    "cookies": lambda exchange: exchange.cookies,
}
ANSWER_NAMES = tuple(_GETTERS)
"""The names that stand for the answer in checks and captures, and win over all others there."""


class _Answer:
    """Evaluates Python over an answer and the notebook's names."""

    def __init__(self, expression: str, exchange: Exchange, scope: Scope, more: Mapping[str, object]) -> None:
        self.expression = expression
        self.exchange = exchange
        answer = {name: _GETTERS[name](exchange) for name in names_in(expression) if name in _GETTERS}
        self.names = scope.names({**more, **answer})

    def tree(self) -> ast.expr:
        return ast.parse(self.expression, mode="eval").body

    def value(self, node: ast.expr) -> Any:
        expression = ast.Expression(node)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            code = compile(expression, f"<{self.expression}>", "eval", dont_inherit=True)
        return eval(code, self.names)


def _fault(error: Exception, exchange: Exchange, expression: str, names: Iterable[str]) -> str:
    """What is said of an expression that raised; ``names`` are those it may read besides the answer's."""
    if isinstance(error, RequestError):
        return error.message
    if isinstance(error, NameError) and error.name in names_in(expression):
        near = near_words(error.name, [*ANSWER_NAMES, *names], most=3)
        meant = f" Did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
        python = check_in_python(expression)
        if python and expression.startswith(error.name):
            # Hurl's name for it.
            meant = f" Write  {python}  "
        answer = " ".join(sorted(ANSWER_NAMES))
        return f"NameError: there is no `{error.name}`.{meant} The response's names are: {answer}"
    if "json" in names_in(expression) and isinstance(error, TypeError) and exchange.response.media_type != "":
        media_type = exchange.response.media_type
        if not is_json(media_type):
            return f"{media_type}, which is not JSON"
    return f"{type(error).__name__}: {short(without_addresses(str(error)))}"


def check_status(expected: int, exchange: Exchange, *, text: str, line: int | None) -> CheckResult:
    """Whether the answer has this status."""
    ok = exchange.status == expected
    return CheckResult(text, ok, line, str(expected), str(exchange.status))


def check_status_line(expected: ExpectedStatus, exchange: Exchange) -> CheckResult | None:
    """Whether the line ``HTTP 201`` holds; None for ``HTTP *``, which says nothing."""
    if expected.code is None:
        return None
    return check_status(expected.code, exchange, text=f"HTTP {expected.code}", line=expected.line)


def check_header(expected: Pair, exchange: Exchange, scope: Scope, more: Mapping[str, object]) -> CheckResult:
    """Whether some header of the name has the value; a Content-Type without parameters fits one with them."""
    name = expected.name.source
    found = exchange.headers.getlist(name)
    try:
        value = scope.text(expected.value, more)
    except RequestError as error:
        return CheckResult(name, False, expected.line, None, error.message)
    ok = value in found or any(_means_same(name.lower(), value, one) for one in found)
    actual = ", ".join(shown(one) for one in found) if found else "no such header"
    return CheckResult(name, ok, expected.line, shown(value), actual)


def _means_same(name: str, expected: str, actual: str) -> bool:
    if name == "content-type":
        plain = actual if ";" in expected else actual.partition(";")[0]
        return re.sub(r"\s*;\s*", ";", plain).strip().lower() == re.sub(r"\s*;\s*", ";", expected).lower()
    if name == "location" and expected.startswith("/"):
        return actual == f"http://localhost{expected}"
    return False


def check_body(expected: BodySource, exchange: Exchange, scope: Scope, more: Mapping[str, object]) -> CheckResult:
    """Whether the answer's body is the expected one: equal as JSON where that was written, else as text."""
    if expected.kind == "json":
        return _check_json_body(expected, exchange, scope, more)
    try:
        value = scope.text(expected.content, more)
    except RequestError as error:
        return CheckResult("body", False, expected.line, None, error.message)
    actual = exchange.text.replace("\r\n", "\n")
    ok = actual == value or actual == value + "\n"
    return CheckResult("body", ok, expected.line, shown(value), shown(actual))


def _check_json_body(expected: BodySource, exchange: Exchange, scope: Scope, more: Mapping[str, object]) -> CheckResult:
    try:
        wanted = json.loads(fill_json(expected.content, scope, more))
    except RequestError as error:
        return CheckResult("body", False, expected.line, None, error.message)
    except (ValueError, RecursionError) as error:
        return CheckResult("body", False, expected.line, None, f"an expected body that is not JSON: {error}")
    try:
        actual = json.loads(exchange.text)
    except (ValueError, RecursionError):
        return CheckResult("body", False, expected.line, shown(wanted), shown(exchange.text))
    return CheckResult("body", wanted == actual, expected.line, shown(wanted), shown(actual))


def capture(wanted: Capture, exchange: Exchange, scope: Scope, more: Mapping[str, object]) -> Any:
    """The value of a capture, or the failed :class:`CheckResult` of one that could not be taken."""
    try:
        answer = _Answer(wanted.expression, exchange, scope, more)
        return answer.value(answer.tree())
    except Exception as error:
        text = f"{wanted.name}: {wanted.expression}"
        return CheckResult(
            text,
            False,
            wanted.line,
            None,
            _fault(error, exchange, wanted.expression, [*more, *user_names(scope.namespace)]),
        )


def check_expression(check: Check, exchange: Exchange, scope: Scope, more: Mapping[str, object]) -> CheckResult:
    """Whether an expression of ``[Asserts]`` is true; each side of a comparison is evaluated once."""
    try:
        answer = _Answer(check.expression, exchange, scope, more)
        ok, expected, actual = judge(answer.tree(), answer.value)
    except Exception as error:
        ok, expected, actual = (
            False,
            None,
            _fault(error, exchange, check.expression, [*more, *user_names(scope.namespace)]),
        )
    return CheckResult(check.expression, ok, check.line, expected, actual, check.message)


def failure_text(exchange: Exchange) -> str | None:
    """The lines that say which checks of an exchange failed; None if none did."""
    if all(check.ok for check in exchange.checks):
        return None
    exchange = redacted(exchange)
    failed = [check for check in exchange.checks if not check.ok]
    label = f"{exchange.request.method} {exchange.request.target}"
    if exchange.name:
        label = f"{exchange.name}, {label}"
    count = len(exchange.checks)
    lines = [f"{label}: {len(failed)} of {count} check{'s' if count != 1 else ''} failed"]
    width = max(len(check.text) for check in failed if "\n" not in check.text) if _any_short(failed) else 0
    for check in failed:
        place = f"line {check.line}   " if check.line is not None else ""
        text = " ".join(check.text.split("\n"))
        came = f"got {check.actual}" + (f", expected {check.expected}" if check.expected is not None else "")
        note = f"     # {check.note}" if check.note else ""
        lines.append(f"    {place}{text:<{width}}     {came}{note}")
    return "\n".join(lines)


def _any_short(checks: Sequence[CheckResult]) -> bool:
    return any("\n" not in check.text for check in checks)


def raise_for_checks(exchanges: Exchange | Sequence[Exchange], *, unsent: int = 0, where: str | None = None) -> None:
    """Raise if a check of an exchange failed.

    Parameters
    ----------
    exchanges:
        What a run returned, after it was shown.
    unsent:
        How many requests were not sent because of it.
    where:
        The file whose lines are named, if the requests stand in one.

    Raises
    ------
    CheckFailed
        Says of each exchange which checks failed, their lines, what came and what was expected.
    """
    several = [exchanges] if isinstance(exchanges, Exchange) else exchanges
    texts = [text for exchange in several if (text := failure_text(exchange)) is not None]
    if not texts:
        return
    if unsent:
        texts.append(
            f"{unsent} request{'s' if unsent > 1 else ''} behind it {'were' if unsent > 1 else 'was'} not sent."
        )
    raise CheckFailed("\n".join(texts), where=where)
