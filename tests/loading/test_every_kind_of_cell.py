"""One notebook with every kind of cell: what runs, what is skipped and why, and each error in its whole text."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nbmicro.errors import LoadError
from nbmicro.export.notebook_export import export_notebook
from nbmicro.loading.loader import load, load_target
from tests.support.notebook_files import ask_app

Notebook = Callable[..., Path]
LOAD = "%load_ext nbmicro"

RUNS = "runs"
NOTED = "it only prepares the notebook"
LOOKS = "it only looks"
SHOWS = "it only shows or checks"
MARKED = "it is marked to be skipped"

# Each cell with what becomes of it; those without a word are no cells to a served notebook.
CELLS: list[tuple[str | tuple[str, list[str]], str]] = [
    (LOAD, RUNS),
    (
        "from __future__ import annotations\nimport pickle\nfrom dataclasses import dataclass\n"
        "from typing import ClassVar\n\n\n"
        "@dataclass\nclass User:\n    name: str\n    kind: ClassVar[str] = 'user'\n\n\n"
        "copy = pickle.loads(pickle.dumps(User('Ada')))",
        RUNS,
    ),
    ("from pathlib import Path\n\ntext = Path('data.txt').read_text()\nhere = Path(__file__).name", RUNS),
    ("async def answer():\n    return 42\n\n\nasync def count():\n    yield 1\n    yield 2", RUNS),
    ("value = await answer()\nvalues = [await answer() for _ in range(2)]\nnumbers = [n async for n in count()]", RUNS),
    ("%%time\nslow = 1", RUNS),
    ("%time quick = 2\ntimed = %time slow + quick", RUNS),
    ("%%capture out\nprint('x')\nheld = 3", RUNS),
    ("%matplotlib inline\n%config InlineBackend.figure_format = 'svg'", NOTED),
    ("%pip install pandas", NOTED),
    ("display(copy)", SHOWS),
    ("r = %http /x", LOOKS),
    ("body = r.json", "it reads `r`, which comes only from cell 12 (r = %http /x)"),
    ("ident = body['id']\nother = 1", "it reads `body`, which comes only from cell 13 (body = r.json)"),
    ("assert ident == 7", SHOWS),
    ("double = 2 * ident", "it reads `ident`, which comes only from cell 14 (ident = body['id'])"),
    ("%%http\n# @name create\nGET /x\n\nHTTP 200\n[Captures]\nuid: json['id']", "%%http only looks"),
    ("kept = create.status, uid", "it reads `create`, which comes only from cell 17 (%%http)"),
    ("out.show()", "it reads `out`, which comes only from cell 8 (%%capture out)"),
    ("last = _", "it reads `_`, which comes only from IPython's history"),
    ("third = Out[3], In[1]", "it reads `In`, which comes only from IPython's history"),
    ("client.get('/x')", "it reads `client`, which comes only from the notebook itself"),
    ("# nbmicro: skip\n!rm -rf nothing", MARKED),
    (("this is !! no Python", ["nbmicro-skip"]), MARKED),
    ("%routes\n%serve\n%exchanges 3\n%trace /x\n%bench /x\n%browse\n%explore\n%nbmicro doctor", LOOKS),
    ("app?", LOOKS),
    ("limit = 5\nr2 = %http /x\nseen = r2.text\nassert seen == 'x'", RUNS),
    ("   \n", ""),
    ("# only a remark", SHOWS),
    ("%%html\n<b>x</b>", "%%html only looks"),
    ("%load_ext autoreload\n%autoreload 2", NOTED),
    ("from nbmicro import App\n\nshop = App('shop')", RUNS),
    ("%app shop", RUNS),
    ("%app app", RUNS),
    ("%%template t.txt\n{{ x }}", RUNS),
    ("%%static s.css\nb {}", RUNS),
    ("%%route /x --try\n{'id': 7}", RUNS),
    (
        "%%route /all\ntold = [copy, text, here, value, values, numbers, slow + quick + timed + held, limit]\n"
        "render_template('t.txt', x=told)",
        RUNS,
    ),
    ("for n in range(2):\n    %http /x?n={{ n }}", LOOKS),
    ("try:\n    %http /nothing --expect 200\nexcept AssertionError as wrong:\n    print(wrong)", LOOKS),
    ("def show():\n    print(r.text)", RUNS),
]


@pytest.fixture
def every_kind(notebook: Notebook) -> Path:
    """The notebook, with Markdown and raw cells between, and a file that one cell opens."""
    path = notebook(*(cell for cell, _ in CELLS))
    (path.parent / "data.txt").write_text("from the file")
    content = json.loads(path.read_text())
    others = [{"cell_type": kind, "metadata": {}, "source": ["%not a cell"]} for kind in ("markdown", "raw")]
    content["cells"][2:2] = others
    path.write_text(json.dumps(content))
    return path


def test_what_runs_runs_and_the_rest_is_skipped_with_its_reason(every_kind: Path) -> None:
    """Each cell has its fate; together they answer."""
    report = load_target(every_kind).report
    assert report is not None
    fates = [fate for _, fate in CELLS if fate]
    skipped = {one.cell.number: one.why for one in report.skipped}
    assert skipped == {number: fate for number, fate in enumerate(fates, 1) if fate != RUNS}
    assert sorted(report.seconds) == [number for number, fate in enumerate(fates, 1) if fate == RUNS]
    assert report.notes == (
        "cell 9: %matplotlib inline skipped; where the app is served there is no screen",
        "cell 9: %config InlineBackend.figure_format = 'svg' skipped; where the app is served there is no screen",
        "cell 10: %pip install pandas skipped; what the app needs is installed before it is served",
        "cell 30: %load_ext autoreload skipped; other extensions belong to the notebook",
        "cell 30: %autoreload 2 skipped; other extensions belong to the notebook",
    )
    assert re.fullmatch(
        r"app\.ipynb: 17 cells ran in \d+ m?s( \(slowest: cell \d+, .* s\))?, 23 that only look skipped",
        str(report),
    )
    told = "[User(name='Ada'), 'from the file', 'app.ipynb', 42, [42, 42], [1, 2], 9, 5]"
    assert ask_app(load(every_kind), "/all") == (200, told)
    assert ask_app(load(every_kind), "/x") == (200, '{"id":7}\n')


def test_the_same_notebook_is_exported(every_kind: Path) -> None:
    """The export takes the same cells, and the module answers alike, but for the name of its file."""
    exported = export_notebook(every_kind, every_kind.with_name("shop.py"))
    files = {"shop.py": exported.module.encode(), **exported.files}
    for name, content in files.items():
        (every_kind.parent / name).parent.mkdir(exist_ok=True)
        (every_kind.parent / name).write_bytes(content)
    code = "import shop; print(shop.app.test_client().get('/all').text)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=every_kind.parent, capture_output=True, text=True, timeout=240, check=False
    )
    told = ask_app(load(every_kind), "/all")[1].replace("app.ipynb", "shop.py")
    # What %%capture held back in the notebook is printed.
    assert done.stdout.splitlines() == ["x", told], done.stderr
    assert not re.search(r"http|json|r2|seen|%|display|skip|IPython", exported.module)


MAGIC = "is a magic that only a notebook has; where the app is served there is no notebook."
COMMAND = "is a command of the shell; where the app is served there is no notebook."
RUN = "Run a command from Python:  subprocess.run([…], check=True)"
SKIP = "If the app does not need it, begin the cell with `# nbmicro: skip`, or tag it nbmicro-skip."
SENDS_NONE = "A served notebook sends no requests of its own."
PASSED = "which is skipped when the notebook is served."

REFUSED: dict[str, tuple[list[str], str]] = {
    "a command": (["!ls -l"], f"cell 2 (!ls -l), line 1: `!ls -l` {COMMAND}\n{RUN}\n{SKIP}"),
    "its output": (["x = 1\nfiles = !ls"], f"cell 2 (x = 1), line 2: `files = !ls` {COMMAND}\n{RUN}\n{SKIP}"),
    "a command in a block": (["if 1:\n    !ls"], f"cell 2 (if 1:), line 2: `!ls` {COMMAND}\n{RUN}\n{SKIP}"),
    "%%bash": (["%%bash\nls"], f"cell 2 (%%bash), line 1: `%%bash` {MAGIC}\n{RUN}\n{SKIP}"),
    "%%bash that is timed": (["%%time\n%%bash\nls"], f"cell 2 (%%time), line 2: `%%bash` {MAGIC}\n{RUN}\n{SKIP}"),
    "%cd": (
        ["%cd /tmp"],
        f"cell 2 (%cd /tmp), line 1: `%cd /tmp` {MAGIC}\n"
        f"Paths are taken from the notebook's folder:  Path('data') / 'x.csv'\n{SKIP}",
    ),
    "%env": (
        ["%env KEY=1"],
        f"cell 2 (%env KEY=1), line 1: `%env KEY=1` {MAGIC}\nSet it in Python:  os.environ['NAME'] = 'value'\n{SKIP}",
    ),
    "%run": (
        ["%run other.py"],
        f"cell 2 (%run other.py), line 1: `%run other.py` {MAGIC}\n"
        f"Import what the file defines:  from file import name\n{SKIP}",
    ),
    "a magic of others": (
        ["\n%%sql\nselect"],
        f"cell 2 (%%sql), line 2: `%%sql` {MAGIC}\nDo it in plain Python.\n{SKIP}",
    ),
    "get_ipython": (
        ["x = 1\nshell = get_ipython()"],
        "cell 2 (x = 1), line 2: get_ipython() asks for the notebook, and where the app is served there is none.\n"
        "    2 │ shell = get_ipython()\nPut this into a cell of its own, tagged nbmicro-skip.",
    ),
    "a handler that reads what was looked at": (
        ["r = %http /x", "%%route /y\nseen = 1\nr.text"],
        "cell 3 (%%route /y), line 3: the handler of GET /y reads `r`, and that name comes only from cell 2 "
        f"(r = %http /x), {PASSED}\n{SENDS_NONE} Bind `r` in a cell that sends none.",
    ),
    "a handler that reads it through a function": (
        ["r = %http /x", "def told():\n    return r.text", "@app.get('/y')\ndef y():\n    return told()"],
        "cell 4 (@app.get('/y')), line 3: `y` reads `r`, through `told`, and that name comes only from cell 2 "
        f"(r = %http /x), {PASSED}\n{SENDS_NONE} Bind `r` in a cell that sends none.",
    ),
    "a handler that reads a capture": (
        ["%%http\nGET /x\n\n[Captures]\nuid: json", "%%route /y\nstr(uid)"],
        "cell 3 (%%route /y), line 2: the handler of GET /y reads `uid`, and that name comes only from cell 2 "
        f"(%%http), {PASSED}\n{SENDS_NONE} Bind `uid` in a cell that sends none.",
    ),
    "a handler that reads what is marked": (
        ["# nbmicro: skip\nkey = 1", "%%route /y\nstr(key)"],
        "cell 3 (%%route /y), line 2: the handler of GET /y reads `key`, and that name comes only from cell 2 "
        f"(# nbmicro: skip), {PASSED}\nTake the mark off that cell, or bind `key` in another.",
    ),
    "a handler that asks": (
        ["%%route /y\nclient.get('/x').text"],
        "cell 2 (%%route /y), line 2: the handler of GET /y reads `client`, which only a notebook has.\n"
        "A handler sends its own app no request: let it call the function that answers there.",
    ),
    "a handler that reads the history": (
        ["%%route /y\nOut[3]"],
        "cell 2 (%%route /y), line 2: the handler of GET /y reads `Out`, which only a notebook has.\n"
        "Give the value a name in the cell that makes it:  answer = …",
    ),
    "a declaration that reads what was looked at": (
        ["r = %http /x", "token = r.text", "app.config['TOKEN'] = token"],
        "cell 4 (app.config['TOKEN'] = token), line 1: this declares something, yet it would be skipped when the "
        "notebook is served: it reads `token`, which comes only from cell 3 (token = r.text).\n"
        f"    1 │ app.config['TOKEN'] = token\n{SENDS_NONE} Declare in one cell, and look in another.",
    ),
    "a magic in a handler": (
        ["%%route /y\n!ls\n'x'"],
        "cell 2 (%%route /y), line 2: `!ls` is IPython's way to run a command, and a handler is plain Python: it also "
        "answers where there is no notebook.\n    2 │ !ls\n"
        "Run it in a cell of its own; in a handler, use subprocess.run(…).",
    ),
    "%app of nobody": (
        ["%app nobody"],
        "cell 2 (%app nobody), line 1: %app nobody: there is no `nobody` above this line.\n"
        "Make it in a cell above, or name an app of a module:  %app shop:app",
    ),
    "an exception": (["%%time\nx = 1\n1 / 0"], "cell 2 (%%time), line 3: ZeroDivisionError: division by zero"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_served_is_rejected_in_these_words(notebook: Notebook, kind: str) -> None:
    """File, cell, line, what it is, and the way out."""
    cells, text = REFUSED[kind]
    with pytest.raises(LoadError) as caught:
        load(notebook(LOAD, *cells))
    assert str(caught.value) == f"app.ipynb, {text}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '{"nbformat": 3, "worksheets": []}',
            "the notebook is of format 3; format 4 can be read.\n"
            "Open it in JupyterLab and save it, or:  jupyter nbconvert --to notebook --inplace app.ipynb",
        ),
        (
            '{"cells": [',
            "the file is not JSON: Expecting value: line 1 column 12 (char 11)\n"
            "Open it in JupyterLab and save it again; a notebook is JSON.",
        ),
    ],
)
def test_a_file_that_is_no_notebook_of_format_4_is_rejected(tmp_path: Path, text: str, says: str) -> None:
    """An old format and broken JSON."""
    (tmp_path / "app.ipynb").write_text(text)
    with pytest.raises(LoadError) as caught:
        load(tmp_path / "app.ipynb")
    assert str(caught.value) == f"app.ipynb: {says}"
