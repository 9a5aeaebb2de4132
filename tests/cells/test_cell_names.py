"""The names that cells bind and read, by which the loader knows what it may pass over."""

from __future__ import annotations

import pytest

from nbmicro.cells.cell_python import cell_names
from nbmicro.cells.notebook_cell import split_cell
from nbmicro.cells.route_cell import parse_route_cell
from nbmicro.errors import CellError
from nbmicro.scopes import Names


def names(text: str) -> Names:
    return cell_names(split_cell(text))


@pytest.mark.parametrize(
    ("text", "binds", "reads"),
    [
        ("r = %http /x\nassert r.status == 200", "r", ""),
        ("assert r.status == 200", "", "r"),
        ("x = r", "x", "r"),
        ("r = r.json", "r", "r"),
        ("x = 1\nx", "x", ""),
        ("x += 1", "x", "x"),
        ("x.y = 1\nd[k] = 2", "", "x d k"),
        ("del x", "", "x"),
        ("x = 1\ndel x\nx", "x", "x"),
        ("_ + Out[1]", "", "_ Out"),
        ("import a.b, c as d\nfrom e import f as g, h", "a d g h", ""),
        ("a, (b, *c) = x", "a b c", "x"),
        ("x: t = 1\ny: t", "x", "t"),
        ("with o() as (a, b):\n    a", "a b", "o"),
        ("for i in r:\n    i\ni", "i", "r i"),
        ("while c:\n    x = 1\nelse:\n    y = x", "x y", "c x"),
        ("if a:\n    b = 1\nb", "b", "a b"),
        ("if a:\n    b = 1\nelse:\n    b = 2\nb", "b", "a"),
        ("b = 1 if a else c", "b", "a c"),
        ("a and (b := 1)\nb", "b", "a b"),
        ("try:\n    import j\nexcept E as e:\n    j = None\n    e\nj", "j", "E"),
        ("try:\n    x = 1\nfinally:\n    y = 1\nx, y", "x y", ""),
        ("match p:\n    case {'a': q, **rest}:\n        q\n    case [*s] if s:\n        t = 1", "q rest s t", "p"),
        ("x = [y for y in z if (w := y)]\nw", "x w", "z"),
        ("{k: v + o for k, v in m.items() for _ in k}", "", "m o"),
        ("y = [y for y in y]", "y", "y"),
        ("def f(a=b, *c: d) -> e:\n    return g", "f", "b d e"),
        ("@deco\nclass A(B, k=c):\n    x = y\n    z = x\n    def m(self):\n        return r", "A", "deco B c y"),
        ("f = lambda a=b: c", "f", "b"),
        ("x = await f()", "x", "f"),
        ("async with a as b:\n    pass", "b", "a"),
        ("%time x = f(r)", "x", "f r"),
        ("%timeit -n 10 f(r)", "", "f r"),
        ("%matplotlib inline\n!ls {x}\nx = !ls", "x", ""),
        ("%%capture out --no-stderr\nx = r", "out x", "r"),
        ("%%time\nx = r", "x", "r"),
        ("%%time\n%%capture out\nx = r", "out x", "r"),
        ("%%html\n<p>{x}", "", ""),
        ("%%http GET /{{ x }}", "", ""),
        ("", "", ""),
    ],
)
def test_what_running_a_cell_binds_and_reads(text: str, binds: str, reads: str) -> None:
    found = names(text)
    assert found.binds == set(binds.split())
    assert found.reads == set(reads.split())
    assert not found.stars


def test_star_imports_bind_names_that_cannot_be_known() -> None:
    assert names("from m import *").stars == {"m"}


def test_functions_read_and_rebind_later() -> None:
    found = names("def f(a):\n    global q\n    q = d\n    def g():\n        return [e for _ in h(a)]\n    return g, a")
    assert (found.binds, found.reads) == ({"f"}, frozenset())
    assert found.later == {"d", "e", "h"}
    assert found.rebinds == {"q"}


def test_what_a_class_and_a_comprehension_read_they_read_at_once() -> None:
    found = names("class A:\n    x = y\nz = [w for _ in 'a']\nf = [lambda: late for _ in 'a']")
    assert found.reads == {"y", "w"}
    assert found.later == {"late"}


def test_a_cell_that_is_no_python_is_rejected_with_its_line() -> None:
    with pytest.raises(CellError) as caught:
        names("x = 1\ny = = 2")
    assert (caught.value.line, caught.value.column) == (2, 5)


def test_a_long_sum_is_walked_and_deep_nesting_rejected() -> None:
    assert names(" + ".join(["a"] * 900 + ["b"])).reads == {"a", "b"}
    with pytest.raises(CellError, match="nested too deeply"):
        names(
            "".join(f"{' ' * depth}if a{depth}:\n" for depth in range(90)) + f"{' ' * 90}" + "a if b else " * 300 + "c"
        )


def test_a_body_binds_nothing_and_reads_when_it_answers() -> None:
    cell = parse_route_cell("/<x>", "global n\nn = n + x + m\nimport os\ny = lambda: deep\nreturn y, os")
    assert cell.names == Names(later=frozenset({"n", "m", "deep"}), rebinds=frozenset({"n"}))


def test_a_function_cell_binds_its_names_and_reads_its_decorators() -> None:
    cell = parse_route_cell("/<x>", "import os\n@deco\ndef f(x, y=z):\n    return os.sep + m")
    assert cell.names == Names(
        binds=frozenset({"os", "f"}),
        imports=frozenset({"os"}),
        reads=frozenset({"deco", "z"}),
        later=frozenset({"os", "m"}),
    )
