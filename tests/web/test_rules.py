"""A rule's text is read in one place, as Werkzeug reads it."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import Map, Rule
from werkzeug.routing.rules import parse_converter_args

from nbmicro.web import rules
from nbmicro.web.rules import Parameter, rule_parts
from start import ROOT

LITERALS = ("users", "a.b", "v1-2", "é", "a b", "%20", "{x}", ":x", "")
PARAMETERS = (
    "<name>",
    "<_x1>",
    "<int:id>",
    "<string(length=2):code>",
    "<string(minlength=1, maxlength=3):word>",
    "<int(min=1, max=9):n>",
    "<float(signed=True):f>",
    "<uuid:key>",
    "<any(a, b, 'c d'):which>",
    "<any('a/b', x):which>",
    "<path:rest>",
)
MALFORMED = ("<", "<>", "<int:>", "<:x>", "<1x>", "<int(:x>", "<a b>", "<é>", "<int:é>", "<x", "<<x>>")


def werkzeug_parts(rule: str) -> list[str | tuple[str, str, tuple[tuple[object, ...], dict[str, object]]]]:
    """Werkzeug's own reading of a rule: literal texts, and name, converter and arguments of each parameter."""
    read: list[tuple[str, str, tuple[tuple[object, ...], dict[str, object]]]] = []

    class Noting(Rule):
        def get_converter(self, variable_name, converter_name, args, kwargs):  # type: ignore[no-untyped-def]
            read.append((variable_name, converter_name, (args, kwargs)))
            return super().get_converter(variable_name, converter_name, args, kwargs)

    bound = Noting(rule, endpoint="x")
    Map([bound], merge_slashes=False)
    names = iter(read)
    # The trace begins with the host and its bar, and has slashes apart.
    trace = list(itertools.dropwhile(lambda one: one != (False, "|"), bound._trace))[1:]
    return [next(names) if dynamic else text for dynamic, text in trace]


def our_parts(rule: str) -> list[str | tuple[str, str, tuple[tuple[object, ...], dict[str, object]]]]:
    found = []
    for part in rule_parts(rule):
        if isinstance(part, Parameter):
            arguments = parse_converter_args(part.arguments) if part.arguments else ((), {})
            found.append((part.name, part.converter, arguments))
        else:
            found += [piece for piece in re.split(r"(/)", part) if piece]
    return found


RULES = [
    "/",
    *(f"/{one}" for one in (*LITERALS, *PARAMETERS)),
    *(f"/{one}/{two}" for one, two in itertools.product(LITERALS, PARAMETERS)),
    *(f"/{one}/{two.replace('name', 'other')}/" for one, two in itertools.product(PARAMETERS[:3], LITERALS)),
    *(f"/x{one}-y{two}z" for one, two in itertools.permutations(PARAMETERS[:8], 2)),
    "/a//<int:id>",
]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_read_as_werkzeug_reads_it(rule: str) -> None:
    assert our_parts(rule) == werkzeug_parts(rule)


@given(st.lists(st.sampled_from([*LITERALS, "/", "x"]), max_size=6), st.permutations(PARAMETERS))
def test_rules_of_any_parts_are_read_as_werkzeug_reads_them(
    literals: list[str], parameters: tuple[str, ...] | list[str]
) -> None:
    mixed = "/" + "".join(f"{one}/{two}" for one, two in zip(literals, parameters, strict=False))
    names = [one.name for one in rules.parameters(mixed)]
    if len(set(names)) == len(names):
        assert our_parts(mixed) == werkzeug_parts(mixed)


@pytest.mark.parametrize("text", MALFORMED)
def test_what_werkzeug_takes_for_malformed_is_malformed(text: str) -> None:
    with pytest.raises(ValueError, match="<"):
        werkzeug_parts(f"/a/{text}")
    with pytest.raises(ValueError, match="<"):
        rule_parts(f"/a/{text}")


@pytest.mark.parametrize("rule", RULES)
def test_every_reading_of_a_rule_is_one_reading(rule: str) -> None:
    """Names, literal text, segments and replaced text agree with the parts."""
    parts = rule_parts(rule)
    found = [part for part in parts if isinstance(part, Parameter)]
    assert list(rules.parameters(rule)) == found
    assert all(rules.as_parameter(one.text) == one for one in found)
    assert rules.literal_text(rule) == "".join(part for part in parts if isinstance(part, str))
    assert rules.replace_parameters(rule, lambda one: one.text) == rule
    assert rule.startswith(rules.literal_start(rule))
    assert (rules.literal_start(rule) == rule) == (not found)
    assert "/".join(rules.rule_segments(rule)) == rule
    assert [one for text in rules.rule_segments(rule) for one in rules.parameters(text)] == found


@pytest.mark.parametrize(
    ("rule", "paths"),
    [
        ("/users/<int:id>", {"/users/1": ("1",), "/users/x": None, "/users/": None}),
        ("/a.b/<name>", {"/a.b/x": ("x",), "/aXb/x": None}),
        ("/<a>-<b>", {"/x-y": ("x", "y"), "/x": None}),
    ],
)
def test_the_pattern_of_the_paths_of_a_rule(rule: str, paths: dict[str, tuple[str, ...] | None]) -> None:
    pattern = re.compile(rules.path_pattern(rule, lambda one: r"\d+" if one.converter == "int" else "[^/]+"))
    for path, values in paths.items():
        match = pattern.fullmatch(path)
        assert (match and match.groups()) == values, path


def test_a_rule_below_a_prefix() -> None:
    assert rules.joined_rule(None, "/x") == "/x"
    assert rules.joined_rule("/api", "/x") == "/api/x"
    assert rules.joined_rule("/api/", "x/") == "/api/x/"
    assert rules.joined_rule("/api", "") == "/api"


def literals_of(file: Path) -> list[str]:
    """The texts that a module gives to functions of ``re``."""
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and re.fullmatch(r"re\.(?!escape)\w+", ast.unparse(node.func)):
            found += [
                one.value for one in node.args[:1] if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
    return found


def takes_apart(pattern: str) -> bool:
    """Whether a regular expression for angle brackets finds a parameter and gives its name or its converter."""
    if "<" not in re.sub(r"\(\?P?<", "(", pattern):
        return False
    match = re.compile(pattern, re.VERBOSE if "\n" in pattern else 0).search("/x/<int:id>")
    return match is not None and bool({"id", "int"} & set(match.groups()))


def test_nobody_else_takes_a_parameter_apart() -> None:
    """Of all regular expressions those of one module read `<int:id>`, and one that reads Bottle's own syntax."""
    readers = {
        file.relative_to(ROOT).as_posix()
        for file in sorted((ROOT / "nbmicro").rglob("*.py"))
        for pattern in literals_of(file)
        if takes_apart(pattern)
    }
    assert readers == {"nbmicro/web/rules.py", "nbmicro/foreign/bottle.py"}
