"""The `%%route` line: its methods, rule, options and what stands after `--try`."""

from __future__ import annotations

import itertools
import keyword
import re
from dataclasses import dataclass, replace

from nbmicro.errors import CellError
from nbmicro.http.methods import COMMON_METHODS, ROUTE_METHODS
from nbmicro.printable import did_you_mean
from nbmicro.web.rules import (
    SAME_CONVERTER,
    corrected_rule,
    literal_text,
    parameters,
    replace_parameters,
    rule_endpoint,
    rule_text,
)

_METHOD_WORDS = re.compile(r"\s*([A-Za-z][A-Za-z-]*(?:\s*,\s*[A-Za-z][A-Za-z-]*)*)\s*,?(?=\s|$)")
_END_OF_ROUTE = re.compile(r"(?:^|(?<=\s))(?:(?P<attempt>--try)(?=\s|$)|#)")
_QUOTED = re.compile(r"(?<!\S)([\"'])(?P<text>.*?)\1(?=\s|$)")
_OPTIONS = ("--name", "--try")
_ANOTHER_NAME = {"--endpoint": "--name", "--as": "--name", "-n": "--name", "--test": "--try", "-t": "--try"}
_METHODS_ARGUMENT = re.compile(r"[\s,]*\bmethods?\s*=\s*(?P<list>\[[^\]]*\]?|\([^)]*\)?|\{[^}]*\}?|\S+)[\s,]*")
_METHOD_LIST = re.compile(r"[\[({\"']*([A-Za-z]+)(?:[\"'\s]*[,|/;+&]+[\"'\s]*[A-Za-z]+)*[\])}\"']*(?=\s+[\"'/])")
_DECORATOR = re.compile(
    rf"(?<!\S)(?:@\w+\.|\w+\.(?=\w+\s*\())(?P<verb>route|{'|'.join(COMMON_METHODS).lower()})\b"
    r"(?:\s*\(\s*[rf]?(?:[\"'](?P<rule>[^\"']*)[\"'])?(?P<rest>.*))?"
)
_METHODS_OPTIONS = frozenset({"--method", "--methods", "-X", "--request"})


@dataclass(frozen=True)
class RouteLine:
    """What a `%%route` line declares.

    Parameters
    ----------
    methods:
        Upper case, in the order they were written; ``("GET",)`` when none was.
    rule:
        In Werkzeug's syntax, without quotes.
    endpoint:
        What `--name` gave, else ``None``.
    attempt:
        The rest of the line after `--try`, untouched; ``None`` without `--try`.
    parameters:
        The rule's parameter names, in order.
    """

    methods: tuple[str, ...]
    rule: str
    endpoint: str | None
    attempt: str | None
    parameters: tuple[str, ...]

    @property
    def label(self) -> str:
        """The declaration as it is named everywhere: ``GET /boom``, ``GET,POST /login``."""
        return f"{','.join(self.methods)} {self.rule}"

    @property
    def default_endpoint(self) -> str:
        """The endpoint of a body without `--name`: from methods and rule alone, and always a Python name."""
        name = rule_endpoint(self.rule)
        if self.methods[0] != "GET":
            name = f"{name}_{re.sub(r'[^a-z]+', '_', self.methods[0].lower())}"
        if not name.isidentifier():
            name = f"route_{name}"
        if not name.isidentifier():
            name = re.sub(r"[^a-zA-Z0-9]+", "_", name).strip("_")
        return f"{name}_" if keyword.iskeyword(name) else name


def parse_route_line(line: str) -> RouteLine:
    """Read a `%%route` line.

    Parameters
    ----------
    line:
        What stands after ``%%route`` on the cell's first line.

    Raises
    ------
    CellError
        The line is not one; the hint shows it corrected, and the column is that of the words that are wrong.
    """
    flat = re.sub(r"[\r\n]+", " ", line)
    try:
        return _parsed(flat.strip())
    except CellError as error:
        if error.column is None:
            error.column = len("%%route ") + _position(error.words, flat) + 1
        raise


def _parsed(line: str) -> RouteLine:
    head, attempt = _without_attempt(line)
    tail = "" if attempt is None else f" --try {attempt}".rstrip()
    _reject_decorator(head, tail)
    _reject_methods_argument(head, tail)
    methods, start = _methods(head)
    rule, name, extra = _words(head, start, tail)
    typed = _TypedLine(methods or (), rule or "", name, tail)
    _reject_words(typed, rule, extra)
    _reject_rule(typed)
    _reject_name(typed)
    names = tuple(parameter.name for parameter in parameters(typed.rule))
    return RouteLine(tuple(dict.fromkeys(methods or ("GET",))), typed.rule, name, attempt, names)


def _without_attempt(line: str) -> tuple[str, str | None]:
    """Cut the line at `--try` or at an unquoted ` #`: a quoted rule and a parameter's arguments hide both."""
    masked = _QUOTED.sub(lambda found: "x" * len(found[0]), line)
    masked = replace_parameters(masked, lambda parameter: "x" * len(parameter.text))
    end = _END_OF_ROUTE.search(masked)
    if end is None:
        return line, None
    return line[: end.start()].rstrip(), line[end.end() :].strip() if end["attempt"] else None


def _methods(head: str) -> tuple[tuple[str, ...] | None, int]:
    """The methods before the rule, and where they end; a lone word that is no method is taken for a rule."""
    found = _METHOD_WORDS.match(head)
    if found is None:
        _reject_method_list(head)
        return None, 0
    words = tuple(word.strip().upper() for word in found[1].split(","))
    if len(words) == 1 and words[0] not in ROUTE_METHODS and not head[found.end() :].lstrip().startswith("/"):
        return None, 0
    _reject_methods(found[1], words, head[found.end() :].strip())
    return words, found.end()


def _words(head: str, start: int, tail: str) -> tuple[str | None, str | None, tuple[str, ...]]:
    """The words after the methods: the rule, the value of ``--name``, and what is too much."""
    rule, name = None, None
    extra: list[str] = []
    while True:
        word, quoted, start = _word(head, start)
        if word is None:
            return rule, name, tuple(extra)
        if word.startswith("-") and not quoted:
            option, equals, value = word.partition("=")
            _reject_option(head, option, tail)
            name = value
            if not equals:
                named, _, start = _word(head, start)
                name = named or ""
        elif rule is None:
            rule = word
        else:
            extra.append(word)


def _word(head: str, start: int) -> tuple[str | None, bool, int]:
    """The next word from `start`: it, whether it was quoted, and where it ends."""
    while start < len(head) and head[start].isspace():
        start += 1
    if start >= len(head):
        return None, False, start
    quoted = _QUOTED.match(head, start)
    if quoted is not None:
        return quoted["text"], True, quoted.end()
    word, end = rule_text(head, start)
    return word, False, end


# -- errors, each with the line as it should have been written --------------------------------------------------------


@dataclass(frozen=True)
class _TypedLine:
    """The parts of a line as they were typed, to show it again corrected."""

    methods: tuple[str, ...]
    rule: str
    name: str | None = None
    tail: str = ""

    def __str__(self) -> str:
        rule = f'"{self.rule}"' if re.search(r"\s", literal_text(self.rule)) else self.rule
        name = f"--name {self.name}" if self.name else ""
        return " ".join(part for part in (",".join(self.methods), rule, name, self.tail.strip()) if part)


def _named(words: str, rest: str, corrected: _TypedLine | str | None = None, *, more: str = "") -> CellError:
    """The error of words that are wrong, which the message names first."""
    return _error(words, f"`{words}`{rest}", corrected, more=more)


def _error(words: str | None, message: str, corrected: _TypedLine | str | None = None, *, more: str = "") -> CellError:
    """The error of a line; ``words`` are what is wrong of it, None where something is missing."""
    fix = f"%%route {corrected}" if corrected is not None else None
    hint = "\n".join(text for text in (f"Try:  {fix}" if fix is not None else "", more) if text)
    error = CellError(message, hint=hint or None, fix=fix, line=1)
    error.words = words
    return error


def _position(words: str | None, line: str) -> int:
    """Where the words that are wrong stand in a line; without any, the place for what is missing."""
    if words is None:
        attempt = re.search(r"(?<!\S)--try\b", line)
        return attempt.start() if attempt else len(line.rstrip())
    for wanted in (words, *words.split()[:1]):
        found = re.search(re.escape(wanted), line, re.IGNORECASE)
        if found is not None:
            return found.start()
    return len(line) - len(line.lstrip())


def _method_words(text: str) -> tuple[str, ...]:
    words: list[str] = re.findall(r"[A-Za-z][A-Za-z-]*", text)
    return tuple(dict.fromkeys(word.upper() for word in words))


def _reject_decorator(head: str, tail: str) -> None:
    """`@app.route("/x")`: the line above a function, which `%%route` stands for."""
    found = _DECORATOR.search(head)
    if found is None:
        return
    given = _METHODS_ARGUMENT.search(found["rest"] or "")
    verb = found["verb"].upper()
    methods = _method_words(given["list"] if given else head[: found.start()] or verb.removeprefix("ROUTE"))
    named = re.search(r"endpoint\s*=\s*[\"']([A-Za-z_]\w*)[\"']", found["rest"] or "")
    corrected = _TypedLine(
        () if methods == ("GET",) else methods,
        corrected_rule(found["rule"] or "/"),
        named[1] if named else None,
        tail,
    )
    raise _named(found[0].strip(), " is a decorator; %%route stands in its place.", corrected)


def _reject_methods_argument(head: str, tail: str) -> None:
    """`methods=["POST"]` is how a decorator says it."""
    found = _METHODS_ARGUMENT.search(replace_parameters(head, lambda parameter: "x" * len(parameter.text)))
    if found is None or "?" in head[: found.start()]:
        return
    rest = f"{head[: found.start()]} {head[found.end() :]}".strip()
    methods = _method_words(found["list"])
    corrected = _TypedLine(methods, corrected_rule(rest) if rest else "/", None, tail)
    raise _named(found[0].strip(" ,"), ": on a %%route line the methods stand before the rule.", corrected)


def _reject_method_list(head: str) -> None:
    """`[GET, POST]`, `GET|POST`, `"GET"`: the methods, but not as a line writes them."""
    found = _METHOD_LIST.match(head)
    methods = _method_words(found[0]) if found else ()
    if found and ROUTE_METHODS.issuperset(methods):
        corrected = f"{','.join(methods)} {head[found.end() :].strip()}"
        raise _named(found[0], ": methods are written as words, with commas between them.", corrected)


def _reject_methods(text: str, words: tuple[str, ...], rest: str) -> None:
    """A word before the rule that is no method, or methods without commas between them."""
    more = [word.upper() for word in re.split(r"[\s,]+", rest) if word]
    more = list(itertools.takewhile(ROUTE_METHODS.__contains__, more))
    if more and words[-1] in ROUTE_METHODS:
        after = re.sub(rf"^(?:[A-Za-z-]+[\s,]*){{{len(more)}}}", "", rest)
        corrected = f"{','.join(dict.fromkeys((*words, *more)))} {after or '/'}"
        raise _named(f"{text} {' '.join(more)}", ": methods are separated by commas.", corrected)
    for word in words:
        if word not in ROUTE_METHODS:
            raise _unknown_method(word, words, rest)


def _unknown_method(word: str, words: tuple[str, ...], rest: str) -> CellError:
    near = did_you_mean(word, ROUTE_METHODS, 0.5)
    if near:
        corrected = f"{','.join(near if each == word else each for each in words)} {rest or '/'}"
        return _named(word, f" is no HTTP method. Did you mean {near}?", corrected)
    known = [each for each in words if each in ROUTE_METHODS]
    corrected = f"{','.join(known)} {rest or '/'}".strip()
    methods = f'@app.route("{rest or "/"}", methods=["{word}"])'
    return _named(word, " is no HTTP method.", corrected, more=f"For a method of your own, in a plain cell:  {methods}")


def _reject_option(head: str, option: str, tail: str) -> None:
    """An option that `%%route` does not have; the line is shown with the nearest one, or without it."""
    if option == "--name":
        return
    around = re.search(rf"(?<!\S){re.escape(option)}(?P<value>=\S*|\s+[^\s/-]\S*)?(?!\S)", head)
    if around is None:
        raise _named(option, " is no option of %%route.")
    value = (around["value"] or "").lstrip("= \t")
    without = " ".join((head[: around.start()] + head[around.end() :]).split())
    if option in _METHODS_OPTIONS:
        corrected = f"{','.join(_method_words(value)) or 'POST'} {without}{tail}"
        raise _named(option, ": on a %%route line the methods stand before the rule, without an option.", corrected)
    known = _ANOTHER_NAME.get(option) or did_you_mean(option, _OPTIONS, 0.75)
    more = "It knows --name ENDPOINT, and --try last. For more, in a plain cell:  @app.route(…)"
    if known is None:
        raise _named(option, " is no option of %%route.", f"{without}{tail}", more=more)
    corrected = f"{without} {known} {value}".rstrip() + tail
    if option == known:
        raise _named(around[0], f": {known} comes last and takes the rest of the line as it is.", corrected)
    raise _named(option, f" is no option of %%route. Did you mean {known}?", corrected, more=more)


def _reject_words(typed: _TypedLine, rule: str | None, extra: tuple[str, ...]) -> None:
    """No rule, or more words than a rule."""
    if rule is None:
        message = "the line names no rule, which is the path of the page."
        if typed.tail:
            message += " --try takes the rest of the line, so it comes last."
            typed = replace(typed, tail=" --try")
        raise _error(None, message, replace(typed, rule="/"))
    if not extra:
        return
    methods = _method_words(" ".join(extra))
    corrected = replace(typed, rule=corrected_rule(rule))
    if methods and all(method in ROUTE_METHODS for method in methods) and not any("/" in word for word in extra):
        corrected = replace(corrected, methods=tuple(dict.fromkeys((*typed.methods, *methods))))
        raise _named(" ".join(extra), ": on a %%route line the methods stand before the rule.", corrected)
    if any(word.startswith("/") for word in extra):
        more = "A second rule for the same handler:  @app.route(…) twice above a function, in a plain cell"
        raise _named(" ".join(extra), ": a %%route line has one rule.", corrected, more=more)
    if len(extra) == 1 and extra[0].isidentifier() and typed.name is None:
        corrected = replace(corrected, name=extra[0])
    more = "A rule with spaces is written in quotes."
    message = ": nothing is known to follow the rule here but --name and --try."
    raise _named(" ".join(extra), message, corrected, more=more)


def _reject_name(typed: _TypedLine) -> None:
    """`--name` needs a Python name: it is the function's name in tracebacks, and in an exported module."""
    if typed.name is None:
        return
    if typed.name.isidentifier() and not keyword.iskeyword(typed.name):
        return
    if not typed.name:
        raise _error("--name", "--name is followed by the endpoint's name.", replace(typed, name="my_page"))
    better = re.sub(r"\W+", "_", typed.name).strip("_")
    better = f"{better}_" if keyword.iskeyword(better) else better
    better = better if better.isidentifier() else f"route_{better}"
    raise _error("--name", f"--name {typed.name}: an endpoint's name is a Python name.", replace(typed, name=better))


def _reject_rule(typed: _TypedLine) -> None:
    """A rule in another framework's syntax, or one that no request can meet."""
    rule = typed.rule
    message = _rule_problem(rule)
    if message is None:
        _reject_parameters(typed)
        return
    attached = re.match(r"([A-Z]+(?:,[A-Z]+)*)(/.*)", rule)
    if attached is not None and ROUTE_METHODS.issuperset(attached[1].split(",")) and not typed.methods:
        methods = tuple(attached[1].split(","))
        corrected = replace(typed, methods=methods, rule=attached[2])
        raise _named(rule, ": a space stands between the methods and the rule.", corrected)
    better = corrected_rule(rule)
    more = "" if _rule_problem(better) is None else "A parameter is written <name>, or <int:name> with a converter."
    raise _named(rule, f": {message}", None if more else replace(typed, rule=better), more=more)


def _rule_problem(rule: str) -> str | None:
    literal = literal_text(rule)
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", rule):
        return "a rule is a path, without the server's address."
    if re.search(r"\{\s*[a-zA-Z_]", literal):
        return "a parameter is written <name>."
    if re.search(r"/:[a-zA-Z_]", literal):
        return "a parameter is written <name>, not :name."
    if literal[:1] in tuple("\"'`\u201c\u2018"):
        return "the quote is not closed." if literal[:1] in tuple("\"'") else "these are no quotes that code knows."
    if not rule.startswith("/"):
        return "a rule begins with a slash."
    if "<" in literal or ">" in literal:
        return "this is no parameter: it is written <name>, or <int:name> with a converter."
    if "?" in literal:
        return "a rule ends before the `?`; the handler reads the query from request.args."
    if "#" in literal:
        return "what follows `#` stays in the browser, so no rule can have it."
    return _converter_problem(rule)


def _converter_problem(rule: str) -> str | None:
    """`<id:int>`: the converter stands first; `<number:id>`: it has another name."""
    if corrected_rule(rule) == rule:
        return None
    unknown = next((part.converter for part in parameters(rule) if part.converter in SAME_CONVERTER), None)
    if unknown == "number":
        return "there is no converter `number`: a whole number is int, one with a point float."
    return f"there is no converter `{unknown}`." if unknown else "the converter stands before the name."


def _reject_parameters(typed: _TypedLine) -> None:
    seen: set[str] = set()
    for part in parameters(typed.rule):
        name = part.name
        if keyword.iskeyword(name) or name == "__debug__":
            corrected = typed.rule.replace(part.text, part.text[: -len(name) - 1] + f"{name.strip('_')}_>")
            message = f": `{name}` is a word of Python's own, so no path value can have its name."
            raise _named(typed.rule, message, replace(typed, rule=corrected))
        if name in seen:
            every = {each.name for each in parameters(typed.rule)}
            other = next(f"{name}_{number}" for number in itertools.count(2) if f"{name}_{number}" not in every)
            start = typed.rule.rindex(part.text)
            rest = typed.rule[start + len(part.text) :]
            corrected = f"{typed.rule[:start]}{part.text[: -len(name) - 1]}{other}>{rest}"
            raise _named(typed.rule, f": the parameter `{name}` stands there twice.", replace(typed, rule=corrected))
        seen.add(name)
