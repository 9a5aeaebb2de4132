"""Hurl's checks and captures, and the Python to write in their place.

Plain Python where it means exactly the same; else ``response.hurl``, whose values compare as Hurl's do. What neither
can say is rejected with its reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from nbmicro.exchange.json_path import json_path
from nbmicro.language.hurl_values import PATTERN, STRING, Unwritable, Value, quoted, read_value

_QUERY = re.compile(
    rf"(?:(?P<kind>header|cookie|jsonpath|xpath|regex|variable|certificate)\s+(?P<argument>{STRING}|{PATTERN})"
    r"|(?P<bare>status|version|url|ip|body|bytes|rawbytes|duration|sha256|md5|redirects))(?=[\s=!<>]|\Z)"
)
_OPERATORS = {
    **{sign: sign for sign in ("==", "!=", ">=", "<=", ">", "<")},
    **{"equals": "==", "notEquals": "!=", "greaterThan": ">", "greaterThanOrEquals": ">="},
    **{"lessThan": "<", "lessThanOrEquals": "<="},
}
_WITH_VALUE = ("startsWith", "endsWith", "contains", "includes", "matches")
_ALONE = (
    *("exists", "isEmpty", "isInteger", "isFloat", "isNumber", "isBoolean", "isString", "isCollection", "isList"),
    *("isObject", "isDate", "isIsoDate", "isUuid", "isIpv4", "isIpv6"),
)
_PREDICATE = re.compile(
    rf"(?P<not>not\s+)?(?:(?P<sign>{'|'.join(sorted(_OPERATORS, key=len, reverse=True))})"
    rf"|(?P<name>{'|'.join(_WITH_VALUE)})(?=\s)|(?P<alone>{'|'.join(_ALONE)})\b)\s*"
)
#: Filters, and what each takes.
_FILTERS = {
    "nth": ("number",),
    "split": ("text",),
    "replace": ("text", "text"),
    "regex": ("pattern",),
    "jsonpath": ("path",),
    **dict.fromkeys(("count", "first", "last", "toInt", "toFloat", "toString", "toHex", "base64Decode"), ()),
    **dict.fromkeys(("base64Encode", "urlEncode", "urlDecode", "htmlEscape", "htmlUnescape"), ()),
}
_FILTERS_ELSEWHERE = frozenset({
    *("decode", "charsetDecode", "utf8Decode", "utf8Encode", "base64UrlSafeDecode", "base64UrlSafeEncode", "location"),
    *("toDate", "format", "dateFormat", "daysAfterNow", "daysBeforeNow", "replaceRegex", "urlQueryParam", "xpath"),
})  # fmt: skip
_WORD = re.compile(r"([a-z][A-Za-z0-9]*)\b\s*")
# RFC 9110: of these a response has one at most.
_SINGLE_HEADERS = frozenset({
    *("content-type", "content-length", "content-range", "content-location", "location", "etag", "last-modified"),
    *("date", "expires", "age", "retry-after"),
})  # fmt: skip
_TYPES = {
    "isInteger": "type({0}) is int",
    "isFloat": "type({0}) is float",
    "isNumber": "type({0}) in {{int, float}}",
    "isBoolean": "isinstance({0}, bool)",
    "isString": "isinstance({0}, str)",
    "isCollection": "isinstance({0}, (list, dict))",
    "isList": "isinstance({0}, list)",
    "isObject": "isinstance({0}, dict)",
    "isEmpty": "len({0}) == 0",
}
_ATTRIBUTES = ("Value", "Expires", "Max-Age", "Domain", "Path", "Secure", "HttpOnly", "SameSite")
#: Names of queries that a response has by another name.
NAMES = {"body": "text", "bytes": "response.body"}
_NO_NETWORK = "No network is crossed between the notebook and its app: leave it out."
#: Queries that have no value here, and why.
_ELSEWHERE = {
    "version": _NO_NETWORK,
    "ip": _NO_NETWORK,
    "certificate": _NO_NETWORK,
    "url": "The request goes to the notebook's app, whatever its host.",
    "redirects": "The exchanges that led here by redirects are kept.",
    "rawbytes": "The bytes that were sent are kept, and those that they hold.",
    "xpath": "XPath is not read here.",
    "variable": "A variable is a name of Python's.",
}

#: Python that asks for such a thing, where nothing nearer is known.
_CHECKS_NEAR = {
    "xpath": '"<h1>" in text',
    "url": 'response.request.target == "/"',
    "redirects": "len(response.history) == 1",
    "rawbytes": 'response.response.body.raw == b""',
}
_CAPTURES_NEAR = {
    "xpath": 're.search(r"<h1>(.*?)</h1>", text)[1]',
    "url": "response.request.target",
    "redirects": "response.history",
    "rawbytes": "response.response.body.raw",
}


class Translation(NamedTuple):
    """A check or capture of Hurl's: the Python that means the same, or the reason why there is none.

    ``nearest`` is Python that asks something like it; ``comment`` stood behind it.
    """

    python: str | None
    reason: str = ""
    nearest: str | None = None
    comment: str = ""

    @property
    def hint(self) -> str:
        """What to write."""
        if self.python is not None:
            return f"Write  {self.python}"
        return f"{self.reason} Write  {self.nearest}" if self.nearest else self.reason


@dataclass(frozen=True, slots=True)
class _Query:
    kind: str
    argument: str
    filters: tuple[str, ...]

    @property
    def helper(self) -> str:
        """The query and its filters as ``response.hurl`` has them."""
        return f"response.hurl.{self.kind}({self.argument})" + "".join(self.filters)


def check_in_python(text: str) -> Translation | None:
    """The Python of a Hurl assert such as ``jsonpath "$.id" == 1``; None if it is none, or Python as it stands."""
    return _translated(text, _check)


def capture_in_python(text: str) -> Translation | None:
    """The Python of a Hurl query such as ``jsonpath "$.id"``; None if it is none, or Python as it stands."""
    return _translated(text, _capture)


def body_in_python(text: str) -> str | None:
    """The check of a body that Hurl expects as bytes or in one line, ``hex,00ff;``; None of any other."""
    if not re.match(r"hex,|base64,|`", text.strip()):
        return None
    try:
        value, rest = read_value(text.strip())
        _end(rest)
    except Unwritable:
        return None
    return f"{'text' if value.kind == 'text' else 'response.body'} == {value.python}"


def _translated(text: str, write: Callable[[re.Match[str], str], tuple[str, str]]) -> Translation | None:
    found = _QUERY.match(text.strip())
    if found is None:
        return None
    kind = found["kind"] or found["bare"]
    rest = text.strip()[found.end() :].strip()
    if found["bare"] and not _is_hurls(rest, may_end=write is _capture):
        return None
    try:
        python, comment = write(found, rest)
    except Unwritable as error:
        nearest = _nearest(kind, found["argument"] or "", rest) if kind in _ELSEWHERE else None
        nearest = nearest or (_CAPTURES_NEAR if write is _capture else _CHECKS_NEAR).get(kind)
        return Translation(None, str(error), nearest)
    as_it_stands = text.strip().removesuffix(comment).rstrip()
    return None if python == as_it_stands else Translation(python, comment=comment)


def _is_hurls(rest: str, *, may_end: bool) -> bool:
    """Whether what stands behind a bare word is Hurl's: the word alone, or beside another value, is Python."""
    if not rest or rest.startswith("#"):
        return may_end
    word = _WORD.match(rest)
    if word and (word[1] in _FILTERS or word[1] in _FILTERS_ELSEWHERE or word[1] == "redact"):
        return True
    predicate = _PREDICATE.match(rest)
    if predicate is None or not predicate["sign"] or predicate["not"]:
        return predicate is not None
    try:
        _end(read_value(rest[predicate.end() :])[1])
    except Unwritable:
        return False
    return True


def _check(found: re.Match[str], rest: str) -> tuple[str, str]:
    query, rest = _query(found, rest)
    predicate = _PREDICATE.match(rest)
    if predicate is None:
        word = rest.partition(" ")[0]
        raise Unwritable(f"`{word}` is no filter or predicate of Hurl's." if word else "A predicate is missing.")
    name = _OPERATORS.get(predicate["sign"] or "") or predicate["name"] or predicate["alone"]
    rest = rest[predicate.end() :]
    value = None
    if not predicate["alone"]:
        value, rest = read_value(rest, is_pattern=name == "matches")
        _check_kind(name, value)
    comment = _end(rest)
    is_not = predicate["not"] is not None
    python = _plain(query, name, value, is_not)
    if python is None:
        if found["bare"] in {"duration", "sha256", "md5"}:
            raise Unwritable(f"Of {found['bare']} only a value is compared here.")
        python = _asked(query.helper, name, value)
        python = f"not {python}" if is_not else python
    return python, comment


def _capture(found: re.Match[str], rest: str) -> tuple[str, str]:
    query, rest = _query(found, rest)
    if re.match(r"redact\b", rest):
        raise Unwritable("A value is masked by its name here, as  token  and  password  are: leave `redact` out.")
    comment = _end(rest)
    subject, _ = _subject(query)
    return subject or f"{query.helper}.value", comment


def _query(found: re.Match[str], rest: str) -> tuple[_Query, str]:
    kind = found["kind"] or found["bare"]
    if kind in _ELSEWHERE:
        raise Unwritable(_ELSEWHERE[kind])
    argument = ""
    if found["argument"]:
        if kind == "regex":
            argument = read_value(found["argument"], is_pattern=True)[0].python
        else:
            argument = _path(found["argument"]) if kind == "jsonpath" else _name(found["argument"])
        if kind == "cookie" and (attribute := re.search(r"\[(.*)\]\"\Z", argument)):
            known = next((one for one in _ATTRIBUTES if one.lower() == attribute[1].strip().lower()), None)
            if known is None:
                raise Unwritable(f"A cookie has no attribute `{attribute[1]}`.")
            argument = f'{argument[: attribute.start()]}[{known}]"'
    filters: list[str] = []
    while (word := _WORD.match(rest)) and word[1] != "not" and not _PREDICATE.match(rest) and word[1] != "redact":
        if word[1] in _FILTERS_ELSEWHERE:
            raise Unwritable(f"The filter `{word[1]}` is not read here.")
        if word[1] not in _FILTERS:
            raise Unwritable(f"`{word[1]}` is no filter or predicate of Hurl's.")
        if kind in {"duration", "sha256", "md5"}:
            raise Unwritable(f"Filters of {kind} are not read here.")
        rest = rest[word.end() :]
        arguments: list[str] = []
        for takes in _FILTERS[word[1]]:
            if takes == "path":
                string = re.match(STRING, rest)
                if string is None:
                    raise Unwritable("`jsonpath` takes a path in double quotes.")
                arguments.append(_path(string[0]))
                rest = rest[string.end() :].strip()
                continue
            value, rest = read_value(rest, is_pattern=takes == "pattern")
            if value.kind not in (takes, "name") or (
                takes == "number" and not re.fullmatch(r"-?\d+|\w+", value.python)
            ):
                raise Unwritable(f"`{word[1]}` takes another value than {value.python}.")
            arguments.append(value.python)
        filters.append(f".{_snake(word[1])}({', '.join(arguments)})")
    return _Query(kind, argument, tuple(filters)), rest


def _name(argument: str) -> str:
    """The name of a header or cookie."""
    value, rest = read_value(argument)
    if value.kind != "text" or value.python.startswith("f") or rest:
        raise Unwritable("A placeholder in the name or path of a query is not read here.")
    return value.python


def _path(argument: str) -> str:
    """A JSONPath of names and indexes, as Python's text."""
    python = _name(argument)
    path = json.loads(python)
    if json_path(path) is None:
        raise Unwritable(f"`{path}` is more JSONPath than names and indexes: write it in Python, over  json")
    return python


def _end(rest: str) -> str:
    """The comment behind a check."""
    if rest and not rest.startswith("#"):
        raise Unwritable(f"`{rest}` behind it is not read here.")
    return rest


def _check_kind(name: str, value: Value) -> None:
    """Reject a value that Hurl does not take behind a predicate."""
    takes: tuple[str, ...] = ("null", "bool", "number", "text", "bytes", "name")
    if name in {">", ">=", "<", "<="}:
        takes = ("number", "text", "name")
    elif name in {"startsWith", "endsWith"}:
        takes = ("text", "bytes", "name")
    elif name == "matches":
        takes = ("pattern",)
    if value.kind not in takes:
        raise Unwritable(f"`{name}` does not take {value.python}.")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found[1].lower(), name)


# -- Python ---------------------------------------------------------------------------------------------------------


def _subject(query: _Query) -> tuple[str | None, bool]:
    """The plain Python of a query, and whether there is always a value of one kind; None if there is none."""
    if query.filters:
        return None, False
    if query.kind in {"status", "body", "bytes"}:
        return NAMES.get(query.kind, query.kind), True
    if query.kind == "duration":
        # In whole milliseconds.
        return "int(response.duration * 1000)", True
    if query.kind in {"sha256", "md5"}:
        return f"hashlib.{query.kind}(response.body).digest()", True
    if query.kind == "header" and query.argument[1:-1].lower() in _SINGLE_HEADERS:
        return f"headers[{query.argument}]", False
    if query.kind == "jsonpath":
        steps = json_path(json.loads(query.argument))
        # An index also picks a letter of a text, which is no value to Hurl; `json` alone is None for what is no JSON.
        if steps and isinstance(steps[-1], str):
            return "json" + "".join(f"[{quoted(step)}]" for step in steps), False
    return None, False


def _plain(query: _Query, name: str, value: Value | None, is_not: bool) -> str | None:
    """A check in plain Python; None where that would mean something else, be it of another value than expected."""
    if name == "exists" and not query.filters and query.kind in {"header", "cookie"} and "[" not in query.argument:
        return f"{query.argument} {'not in' if is_not else 'in'} {query.kind}s"
    subject, is_there = _subject(query)
    if subject is None and query.kind == "jsonpath" and not query.filters and name in {"==", "!="} and not is_not:
        subject = _indexed(query, value)
    if subject is None or (is_not and not is_there):
        return None
    if query.kind in {"duration", "sha256", "md5"}:
        kinds = {"number", "name"} if query.kind == "duration" else {"bytes"}
        names = set(_OPERATORS.values()) if query.kind == "duration" else {"==", "!="}
        if value is None or value.kind not in kinds or name not in names:
            return None
        if name in {"<", ">="} and re.fullmatch(r"-?\d+", value.python):
            subject = "response.duration * 1000"
        return f"{'not ' if is_not else ''}{subject} {name} {value.python}"
    if value is None:
        return _plain_alone(query, subject, name, is_not)
    if name in {"==", "!="}:
        return _plain_equal(query, subject, name, value, is_not)
    if name in _OPERATORS.values():
        return f"{'not ' if is_not else ''}{subject} {name} {value.python}" if query.kind == "status" else None
    if value.kind != ("bytes" if query.kind == "bytes" else "pattern" if name == "matches" else "text"):
        return None
    if query.kind == "status" or name == "includes" or (name == "contains" and query.kind == "jsonpath"):
        return None
    if name == "contains":
        return f"{value.python} {'not in' if is_not else 'in'} {subject}"
    python = (
        f"re.search({value.python}, {subject})" if name == "matches" else f"{subject}.{name.lower()}({value.python})"
    )
    return f"not {python}" if is_not else python


def _indexed(query: _Query, value: Value | None) -> str | None:
    """A path that ends in an index, beside a value that is no letter of a text."""
    steps = json_path(json.loads(query.argument))
    if not steps or value is None or not (value.kind in {"null", "bool", "number"} or len(value.text) > 1):
        return None
    return "json" + "".join(f"[{quoted(step)}]" for step in steps)


def _plain_equal(query: _Query, subject: str, name: str, value: Value, is_not: bool) -> str | None:
    if query.kind == "jsonpath":
        if value.kind in {"null", "bool"}:
            return f"{subject} {'is' if name == '==' else 'is not'} {value.python}"
        # True is 1 to Python, and a name may hold it.
        if value.kind not in {"text", "number"} or (value.kind == "number" and float(value.python) in {0, 1}):
            return None
    elif value.kind in {"null", "bool"}:
        return None
    return f"{'not ' if is_not else ''}{subject} {name} {value.python}"


def _plain_alone(query: _Query, subject: str, name: str, is_not: bool) -> str | None:
    if name == "isEmpty" and query.kind in {"body", "bytes"}:
        return f'{subject} {"!=" if is_not else "=="} {"b" if query.kind == "bytes" else ""}""'
    return _TYPES[name].format(subject) if name in _TYPES and query.kind == "jsonpath" else None


def _asked(subject: str, name: str, value: Value | None) -> str:
    """A check that ``response.hurl`` answers."""
    if value is None:
        return f"{subject}.{_snake(name)}()"
    if name in _OPERATORS.values():
        return f"{subject} {name} {value.python}"
    return f"{subject}.{_snake(name)}({value.python})"


def _nearest(kind: str, argument: str, rest: str) -> str | None:
    """Python that asks something like a query that is not read here."""
    predicate = _PREDICATE.match(rest)
    try:
        if predicate is None or predicate["not"] or predicate["alone"] or predicate["name"] == "matches":
            return None
        value, _ = read_value(rest[predicate.end() :])
        name = _OPERATORS.get(predicate["sign"] or "") or predicate["name"]
        if kind == "xpath" and value.kind == "text" and name in {"==", "contains"}:
            return f"{value.python} in text"
        if kind == "url" and value.text and name == "==":
            parts = urlsplit(value.text)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            return f"response.request.target == {quoted(target)}"
        if kind == "variable" and name in _OPERATORS.values() and argument[1:-1].isidentifier():
            return f"{argument[1:-1]} {name} {value.python}"
    except (Unwritable, ValueError):
        pass
    return None
