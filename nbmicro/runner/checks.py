"""Checks of a response: the status line, headers and body expected of it, Python expressions, captures."""

from __future__ import annotations

import ast
import json
import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nbmicro.errors import CheckFailed, RequestError
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.hurl import HurlValue, same_json
from nbmicro.exchange.records import CheckResult
from nbmicro.exchange.secrets import redacted
from nbmicro.http.media_types import is_json
from nbmicro.language.hurl import NAMES, check_in_python
from nbmicro.language.lines import RESPONSE_NAMES
from nbmicro.language.options import Options
from nbmicro.language.syntax import BodySource, Capture, Check, Pair, Request
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
    is_negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    inner = node.operand if isinstance(node, ast.UnaryOp) and is_negated else node
    if (asked := _asked_of_hurl(inner, value_of)) is not None:
        ok, value = asked
        return (True, None, None) if ok is not is_negated else (False, None, shown(value))
    if is_negated:
        value = value_of(inner)
        return (True, None, None) if not value else (False, "something false", shown(value))
    if isinstance(node, ast.Compare):
        return _compare(node, value_of)
    value = value_of(node)
    return (True, None, None) if value else (False, "something true", shown(value))


def _asked_of_hurl(node: ast.expr, value_of: ValueOf) -> tuple[bool, object] | None:
    """What a predicate of ``response.hurl`` says, and of which value; None for another expression."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)) or node.keywords:
        return None
    if any(isinstance(argument, ast.Starred) for argument in node.args):
        return None
    asked = ast.unparse(node.func.value)
    if not asked.startswith("response.hurl.") or not hasattr(HurlValue, node.func.attr):
        return None
    value = value_of(node.func.value)
    answer = getattr(value, node.func.attr)(*map(value_of, node.args))
    return (answer, value) if isinstance(answer, bool) else None


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


class Checker:
    """Checks a response, and captures values of it.

    Parameters
    ----------
    exchange:
        The request and its response.
    scope:
        The names that expressions and placeholders may use; the response's own win over them.
    """

    def __init__(self, exchange: Exchange, scope: Scope) -> None:
        self.exchange = exchange
        self.scope = scope
        self.captured: dict[str, object] = {}
        self.more: dict[str, object] = {}

    def results(self, request: Request, options: Options) -> list[CheckResult]:
        """What became of everything that is expected of the response; what was captured is in ``captured``."""
        failed = [self.capture(wanted) for wanted in request.captures]
        self.more = {**self.captured, **({request.name: self.exchange} if request.name else {})}
        results: list[CheckResult | None] = []
        if options.expect is not None:
            results.append(self.status(options.expect, f"--expect {options.expect}", options.line))
        if request.status is not None and request.status.code is not None:
            results.append(self.status(request.status.code, f"HTTP {request.status.code}", request.status.line))
        results += [self.header(pair) for pair in request.expected_headers]
        if request.expected_body is not None:
            results.append(self.body(request.expected_body))
        results += [self.expression(check) for check in request.checks]
        return [result for result in (*results, *failed) if result is not None]

    def status(self, expected: int, text: str, line: int | None) -> CheckResult:
        """Whether the response has this status."""
        status = self.exchange.status
        return CheckResult(text, status == expected, line, str(expected), str(status))

    def header(self, expected: Pair) -> CheckResult:
        """Whether some header of the name has the value; a Content-Type without parameters fits one with them."""
        name = expected.name.source
        values = self.exchange.headers.getlist(name)
        try:
            value = self.scope.text(expected.value, self.more)
        except RequestError as error:
            return CheckResult(name, False, expected.line, None, error.message)
        ok = value in values or any(_means_same(name.lower(), value, actual) for actual in values)
        actual = ", ".join(map(shown, values)) if values else "no such header"
        return CheckResult(name, ok, expected.line, shown(value), actual)

    def body(self, expected: BodySource) -> CheckResult:
        """Whether the response's body is the expected one: equal as JSON where that was written, else as text."""
        try:
            if expected.kind != "json":
                value = self.scope.text(expected.content, self.more)
                text = self.exchange.text.replace("\r\n", "\n")
                ok = text in (value, value + "\n")
                return CheckResult("body", ok, expected.line, shown(value), shown(text))
            wanted = json.loads(fill_json(expected.content, self.scope, self.more))
        except RequestError as error:
            return CheckResult("body", False, expected.line, None, error.message)
        except (ValueError, RecursionError) as error:
            return CheckResult("body", False, expected.line, None, f"an expected body that is not JSON: {error}")
        try:
            actual = json.loads(self.exchange.text)
        except (ValueError, RecursionError):
            return CheckResult("body", False, expected.line, shown(wanted), shown(self.exchange.text))
        return CheckResult("body", same_json(wanted, actual), expected.line, shown(wanted), shown(actual))

    def capture(self, wanted: Capture) -> CheckResult | None:
        """Capture a value; the failed result where that cannot be."""
        try:
            self.captured[wanted.name] = self._evaluator(wanted.expression, self.captured)(_tree(wanted.expression))
        except Exception as error:
            message = self._failure(error, wanted.expression, self.captured)
            return CheckResult(f"{wanted.name}: {wanted.expression}", False, wanted.line, None, message)
        return None

    def expression(self, check: Check) -> CheckResult:
        """Whether an expression of ``[Asserts]`` is true; each side of a comparison is evaluated once."""
        try:
            verdict = judge(_tree(check.expression), self._evaluator(check.expression, self.more))
        except Exception as error:
            verdict = False, None, self._failure(error, check.expression, self.more)
        ok, expected, actual = verdict
        return CheckResult(check.expression, ok, check.line, expected, actual, check.message)

    def _evaluator(self, text: str, more: Mapping[str, object]) -> ValueOf:
        """What evaluates the parts of an expression over the response and the notebook's names."""
        own = names_in(text).intersection(RESPONSE_NAMES)
        values = {name: self.exchange if name == "response" else getattr(self.exchange, name) for name in own}
        names = self.scope.names({**more, **values})

        def value_of(node: ast.expr) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                code = compile(ast.Expression(node), f"<{text}>", "eval", dont_inherit=True)
            return eval(code, names)

        return value_of

    def _failure(self, error: Exception, expression: str, more: Mapping[str, object]) -> str:
        """What came of an expression that raised."""
        if isinstance(error, RequestError):
            return error.message
        names = names_in(expression)
        if isinstance(error, NameError) and error.name in names:
            known = [*RESPONSE_NAMES, *more, *user_names(self.scope.namespace)]
            near = near_words(error.name, known, most=3)
            meant = f" Did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else ""
            hurls = check_in_python(expression)
            if hurls is not None and expression.startswith(error.name):
                meant = f" {hurls.hint}  "
            elif error.name in NAMES and expression.startswith(error.name):
                # Hurl's name for it.
                meant = f" Write  {NAMES[error.name]}{expression.removeprefix(error.name)}  "
            own = " ".join(sorted(RESPONSE_NAMES))
            return f"NameError: there is no `{error.name}`.{meant} The response's names are: {own}"
        media_type = self.exchange.response.media_type
        asks_json = "json" in names or "response.json" in expression
        is_none = isinstance(error, TypeError) or getattr(error, "obj", False) is None
        if asks_json and is_none and media_type and not is_json(media_type):
            return f"{media_type}, which is not JSON"
        meant = self._meant(error, expression) if asks_json else ""
        return f"{type(error).__name__}: {short(without_addresses(str(error)))}{meant}"

    def _meant(self, error: Exception, expression: str) -> str:
        """How a value of JSON is read, where an expression asks for an attribute, or for a key that is not there."""
        if isinstance(error, AttributeError) and isinstance(error.obj, dict | list):
            return f". Write  {ast.unparse(_Brackets().visit(_tree(expression)))}"
        if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
            near = near_words(error.args[0], _keys(self.exchange.json))
            return f". Did you mean {near[0]!r}?" if near else ""
        return ""


class _Brackets(ast.NodeTransformer):
    """`json.user.name` as `json["user"]["name"]`."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if not ast.unparse(node.value).startswith(("json", "response.json")) or hasattr(dict, node.attr):
            return node
        if node.attr == "length":
            return ast.Call(ast.Name("len", ast.Load()), [node.value], [])
        return ast.Subscript(node.value, ast.Constant(node.attr), ast.Load())


def _keys(value: object) -> list[str]:
    """The keys of a value of JSON and of those in it, the outer ones first."""
    if isinstance(value, list):
        return [key for item in value[:20] for key in _keys(item)]
    if not isinstance(value, dict):
        return []
    return [*value, *(key for item in value.values() for key in _keys(item))]


def _tree(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def _means_same(name: str, expected: str, actual: str) -> bool:
    if name == "content-type":
        plain = actual if ";" in expected else actual.partition(";")[0]
        return re.sub(r"\s*;\s*", ";", plain).strip().lower() == re.sub(r"\s*;\s*", ";", expected).lower()
    if name == "location" and expected.startswith("/"):
        return actual == f"http://localhost{expected}"
    return False


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
    width = max((len(check.text) for check in failed if "\n" not in check.text), default=0)
    for check in failed:
        place = f"line {check.line}   " if check.line is not None else ""
        text = " ".join(check.text.split("\n"))
        came = f"got {check.actual}" + (f", expected {check.expected}" if check.expected is not None else "")
        note = f"     # {check.note}" if check.note else ""
        lines.append(f"    {place}{text:<{width}}     {came}{note}")
    return "\n".join(lines)


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
