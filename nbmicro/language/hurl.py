"""What other tools write in their files and nbmicro does not do, and the Python to write in its place."""

from __future__ import annotations

import re

_QUERY = re.compile(
    r"(?P<query>(?:jsonpath|header|cookie|xpath|variable|regex)\s+(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|/(?:[^/\\]|\\.)*/)"
    r"|status|body|bytes|duration|url|version|sha256|md5)(?P<rest>(?:\s.*)?)\Z",
    re.S,
)
_PREDICATE = re.compile(
    r"(?:(?P<not>not)\s+)?(?P<name>==|!=|>=|<=|>|<|equals|notEquals|startsWith|endsWith|contains|includes|matches|exists"
    r"|isEmpty|isInteger|isFloat|isNumber|isBoolean|isString|isCollection|isList|isObject)(?:\s+(?P<value>.*))?\Z",
    re.S,
)
_FILTER = re.compile(r"(count|nth\s+(\d+)|toInt|toFloat|toString)\b\s*")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+|-\d+)\]|\[(?:'([^']*)'|\"([^\"]*)\")\]")
_IS = {
    "isInteger": "isinstance({0}, int)",
    "isFloat": "isinstance({0}, float)",
    "isNumber": "isinstance({0}, (int, float))",
    "isBoolean": "isinstance({0}, bool)",
    "isString": "isinstance({0}, str)",
    "isCollection": "isinstance({0}, (list, dict))",
    "isList": "isinstance({0}, list)",
    "isObject": "isinstance({0}, dict)",
    "isEmpty": "len({0}) == 0",
}


def json_path(path: str) -> list[str | int] | None:
    """The steps of a simple JSONPath (RFC 9535: names and indexes only): ``$.a[0]`` is ``["a", 0]``; else None."""
    if not path.startswith("$"):
        return None
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        found = _STEP.match(path, position)
        if not found:
            return None
        name, index, single, double = found.groups()
        steps.append(int(index) if index else next(text for text in (name, single, double) if text is not None))
        position = found.end()
    return steps


def capture_in_python(text: str) -> str | None:
    """The Python of a Hurl query such as ``jsonpath "$.id"``; None if the text is none."""
    found = _QUERY.match(text.strip())
    if not found:
        return None
    value = _query(found["query"])
    rest = found["rest"].strip()
    if not rest:
        # `status` alone is Python as it stands.
        return None if value == text.strip() else value
    value, rest = _filters(value, rest)
    return value if not rest else None


def check_in_python(text: str) -> str | None:
    """The Python of a Hurl assert such as ``jsonpath "$.id" == 1``; None if the text is none."""
    found = _QUERY.match(text.strip())
    if not found or not found["rest"].strip():
        return None
    query = found["query"]
    value, rest = _filters(_query(query), found["rest"].strip())
    predicate = _PREDICATE.match(rest)
    if not predicate:
        return None
    if query.startswith("xpath"):
        # There is no XPath in Python alone: whether the page says it is the nearest.
        return f"{_literal((predicate['value'] or '').strip()) or chr(34) * 2} in text"
    if value == query and predicate["name"] in {"==", "!=", ">", "<", ">=", "<="} and query == "status":
        return None
    if predicate["name"] == "exists":
        result = _exists(query, value)
    else:
        result = _compared(value, predicate["name"], _literal((predicate["value"] or "").strip()))
    return f"not {result}" if predicate["not"] else result


def _query(query: str) -> str:
    kind, _, argument = query.partition(" ")
    name = argument.strip()[1:-1]
    if kind == "jsonpath":
        steps = json_path(name)
        return "json" + "".join(f"[{_quoted(step)}]" for step in steps) if steps is not None else 'json["…"]'
    if kind in {"header", "cookie"}:
        return f"{kind}s[{_quoted(name)}]"
    return {
        "body": "text",
        "bytes": "response.body",
        "duration": "response.duration * 1000",
        "variable": name,
        "regex": f"re.search({_quoted(name)}, text)[1]",
        "xpath": "text",
        "version": "1.1",
        "url": "response.request.target",
        "sha256": "hashlib.sha256(response.body).digest()",
        "md5": "hashlib.md5(response.body).digest()",
    }.get(kind, kind)


def _filters(value: str, rest: str) -> tuple[str, str]:
    while found := _FILTER.match(rest):
        if found[1] == "count":
            value = f"len({value})"
        elif found[2]:
            value = f"{value}[{found[2]}]"
        else:
            value = f"{ {'toInt': 'int', 'toFloat': 'float', 'toString': 'str'}[found[1]] }({value})"
        rest = rest[found.end() :]
    return value, rest


def _exists(query: str, value: str) -> str:
    kind, _, argument = query.partition(" ")
    if kind in {"header", "cookie"}:
        return f"{_quoted(argument.strip()[1:-1])} in {kind}s"
    steps = json_path(argument.strip()[1:-1]) if kind == "jsonpath" else None
    if steps:
        return f"{_quoted(steps[-1])} in " + "json" + "".join(f"[{_quoted(step)}]" for step in steps[:-1])
    return f"{value} is not None"


def _compared(value: str, name: str, literal: str) -> str:
    if name in _IS:
        return _IS[name].format(value)
    if name in {"startsWith", "endsWith"}:
        return f"{value}.{name.lower()}({literal})"
    if name in {"contains", "includes"}:
        return f"{literal} in {value}"
    if name == "matches":
        return f"re.search({literal}, {value})"
    return f"{value} { {'equals': '==', 'notEquals': '!='}.get(name, name) } {literal}"


def _literal(text: str) -> str:
    words = {"true": "True", "false": "False", "null": "None"}
    if text in words:
        return words[text]
    placeholder = re.fullmatch(r"[\"']?\{\{\s*(.*?)\s*\}\}[\"']?", text)
    if placeholder:
        return placeholder[1]
    pattern = re.fullmatch(r"/(.*)/", text)
    return f"r{_quoted(pattern[1])}" if pattern else text


def _quoted(step: str | int) -> str:
    if isinstance(step, int):
        return str(step)
    return '"' + step.replace('"', '\\"') + '"'
