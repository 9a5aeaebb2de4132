"""Notebooks exported for Flask alone: their modules answer on Flask itself, where nbmicro cannot be imported."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import flask
import pytest
from click.testing import CliRunner

import nbmicro
from nbmicro.cli import main
from nbmicro.errors import LoadError
from nbmicro.export.for_flask import FLASKS, MODULES, ONLY_HERE
from nbmicro.export.notebook_export import export_notebook
from tests.lives.test_lessons_when_served import LESSONS, loaded, requests_of, send
from tests.support.notebook_files import write_notebook
from tests.support.random_notebooks import ASKED, Maker

Notebook = Callable[..., Path]
LOAD = "%load_ext nbmicro"
ROOT = Path(__file__).parents[2]
EVERY = sorted((ROOT / "notebooks").glob("*.ipynb"))
# What is asked of an app, by a process that has Flask, or by one that loads the notebook.
ASK = """
import base64, json, logging, sys
kind, target = sys.argv[1:]
if kind == "flask":
    sys.modules["nbmicro"] = None
    sys.path.insert(0, ".")
    app = __import__(target).app
    assert type(app).__module__ == "flask.app"
else:
    import nbmicro
    app = nbmicro.load(target)
logging.disable()
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Response
client = Client(app, Response, use_cookies=False)
found = []
for method, target, headers, body in json.load(sys.stdin):
    with client.open(target, method=method, headers=headers, data=base64.b64decode(body)) as response:
        body = base64.b64encode(response.get_data()).decode()
        found.append([response.status, response.headers.to_wsgi_list(), body])
print("\\n" + json.dumps(found))
"""
# A file on disk has a time; one in a cell has none. The order of a set is nobody's.
OF_A_FILE = {"ETag", "Last-Modified"}


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """A handler that fails on purpose logs its traceback."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def answers(kind: str, target: str, requests: Sequence[Any], cwd: Path) -> list[Any]:
    """The answers of a fresh process to requests, one after the other."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK, kind, target],
        cwd=cwd,
        input=json.dumps(requests),
        env={**os.environ, "CLUB_KEY": "one key for both"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    return [
        (asked[0], asked[1], *comparable(status, headers, base64.b64decode(body)))
        for asked, (status, headers, body) in zip(requests, found, strict=True)
    ]


def comparable(status: str, headers: Sequence[Sequence[str]], body: bytes) -> tuple[object, ...]:
    """All of a response but its Date, and what is random or a file's: made the same."""
    kept = sorted((name, _steady(name, value)) for name, value in headers if name not in {"Date", *OF_A_FILE})
    if b'name="csrf_token"' in body:
        body = re.sub(rb'value="[\w.-]{40,}"', b'value="token"', body)
        kept = [one for one in kept if one[0] != "Set-Cookie"]
    return status, kept, body


def _steady(name: str, value: str) -> str:
    """A header without the order of its set, or the second in which a session was signed."""
    if name == "Allow":
        return ", ".join(sorted(value.split(", ")))
    return re.sub(r"(?<=^session=)([\w.-]+)\.[\w-]+\.[\w-]+(?=;)", r"\1", value) if name == "Set-Cookie" else value


def written(path: Path, folder: Path, name: str = "shop", *, package: bool = False) -> Path:
    """The folder with the module, or with the package of that name."""
    place = "{}/__init__.py" if package else "{}.py"
    exported = export_notebook(
        path, folder / place.format(name).removesuffix("/__init__.py"), flask=True, package=package
    )
    files = {f"{name}/{file}" if package else file: content for file, content in exported.files.items()}
    for file, content in {place.format(name): exported.module.encode(), **files}.items():
        assert not file.endswith(".py") or b"nbmicro" not in content
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    return folder


def plain(target: str, method: str = "GET") -> tuple[str, str, list[object], str]:
    return method, target, [], ""


def rejected(*cells: str, path: Path) -> LoadError:
    with pytest.raises(LoadError) as caught:
        export_notebook(write_notebook(path / "app.ipynb", *cells), path / "shop.py", flask=True)
    return caught.value


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_answers_on_flask_as_in_the_notebook(
    lesson: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request that it sends, with its headers and its body, one after the other; of one that only sends them
    among other statements, each page."""
    folder = tmp_path / "lessons"
    shutil.copytree(lesson.parent, folder, ignore=shutil.ignore_patterns("instance", ".ipynb_checkpoints"))
    monkeypatch.chdir(folder)
    before = set(sys.modules)
    client, names = loaded(folder / lesson.name)
    exchanges = [one for source, _ in requests_of(lesson) for one in send(source, client, names)]
    for added in set(sys.modules) - before:
        if str(getattr(sys.modules[added], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[added]
    requests: list[Any] = [
        (
            one.request.method,
            one.request.target,
            [list(pair) for pair in one.request.headers],
            base64.b64encode(bytes(one.request.body)).decode(),
        )
        for one in exchanges
    ]
    folder = written(lesson, tmp_path / "out")
    rules = re.findall(r'^@app\.get\("(.*?)"', (folder / "shop.py").read_text(), re.MULTILINE)
    requests = requests or [plain(re.sub("<.*?>", "1", rule)) for rule in rules]
    here = answers("notebook", lesson.name, requests, fresh(lesson, tmp_path / "again"))
    assert answers("flask", "shop", requests, folder) == here
    assert requests


def fresh(lesson: Path, folder: Path) -> Path:
    """A folder with a copy of the lesson and what lies beside it, without what it stored there."""
    shutil.copytree(lesson.parent, folder, ignore=shutil.ignore_patterns("instance", ".ipynb_checkpoints"))
    return folder


@pytest.mark.parametrize("lesson", [path for path in EVERY if path not in LESSONS], ids=lambda path: path.stem)
def test_a_lesson_with_extensions_answers_on_flask_as_in_the_notebook(lesson: Path, tmp_path: Path) -> None:
    """Each page that it declares, by the extension's own Flask; what asks the apps of other modules is rejected."""
    requests = [plain(target) for target in ("/", "/join", "/sign-in", "/notes", "/notes/new", "/sign-out", "/none")]
    requests.append(plain("/join", "POST"))
    try:
        folder = written(lesson, tmp_path / "out")
    except LoadError as error:
        rejected_one: LoadError | None = error
    else:
        rejected_one = None
    if rejected_one is not None:
        assert rejected_one.hint
        assert "10-" not in lesson.name
        return
    here = answers("notebook", lesson.name, requests, fresh(lesson, tmp_path / "again"))
    assert answers("flask", "shop", requests, folder) == here


def test_random_notebooks_answer_on_flask_as_they_do(tmp_path: Path) -> None:
    """Modules and packages of twenty, each in its own process; the others are rejected with a line and a way out."""
    compared = 0
    without: list[LoadError] = []
    for seed in range(60):
        folder = tmp_path / str(seed)
        folder.mkdir()
        path = write_notebook(folder / "app.ipynb", *Maker(seed, in_order=True).cells())
        try:
            out = written(path, folder / "out", "store", package=seed % 2 == 0)
        except LoadError as error:
            without.append(error)
            continue
        requests = [plain(*one) for one in ASKED]
        try:
            here = answers("notebook", "app.ipynb", requests, folder)
        except AssertionError as error:
            if "LoadError" in str(error):
                continue
            raise
        assert answers("flask", "store", requests, out) == here, seed
        compared += 1
        if compared == 20:
            break
    assert compared == 20
    assert all(error.where and error.line and error.hint for error in without)


@pytest.mark.parametrize(
    ("cells", "line", "says"),
    [
        (["import pandas as pd\ntable = pd.DataFrame()", "%%route /\ntable"], 2, "is returned as what a notebook"),
        (["class Card:\n    def _repr_html_(self):\n        return ''", "%%route /\nCard()"], 2, "is returned as what"),
        (["import matplotlib.pyplot as plt", "%%route /\nfig, ax = plt.subplots()\nfig"], 3, "is returned as what"),
        (["%%route /\nasync def home():\n    return 'x'"], 2, "async handler"),
        (["app.add_template('a.html', 'x')"], 1, "app.add_template"),
        (["print(app.routes)\napp.x = 1"], 1, "app.routes"),
        (["from nbmicro import Client\n@app.get('/')\ndef home():\n    return str(Client)"], 1, "nbmicro.Client"),
        (["import nbmicro\n@app.get('/')\ndef home():\n    return nbmicro.request.path"], 4, "nbmicro.request"),
        (["start = url_for('static', filename='x')", "%%route /\nstart"], 1, "SERVER_NAME"),
        (
            ["shop = Blueprint('shop', __name__)\napp.register_blueprint(shop)", "@shop.get('/')\ndef a(): return ''"],
            1,
            "closes a blueprint",
        ),
    ],
)
def test_what_flask_cannot_do_is_rejected_with_its_line(
    tmp_path: Path, cells: Sequence[str], line: int, says: str
) -> None:
    """Rich return values, async handlers, set-up that comes late, nbmicro's own names: each with the way out."""
    error = rejected(LOAD, *cells, path=tmp_path)
    assert says in str(error)
    assert error.line == line
    assert error.hint


def test_what_flask_can_do_is_written_in_its_words(tmp_path: Path) -> None:
    """The names come from Flask; what only put nbmicro into its place is gone."""
    cells = [
        LOAD,
        "import nbmicro\nnbmicro.install_as_flask()",
        "from nbmicro import App, Markup\nfrom flask import request as asked\napp = App(__name__)",
        'import pandas as pd\n@app.get("/table")\ndef table():\n    return pd.DataFrame().to_html()',
        "%%route /\nreturn Markup('<b>') + asked.path",
    ]
    path = write_notebook(tmp_path / "app.ipynb", *cells)
    assert export_notebook(path, tmp_path / "shop.py", flask=True).module.split('"""\n', 2)[-1] == (
        "\nimport pandas as pd\n"
        "from flask import Flask as App\nfrom flask import request as asked\nfrom markupsafe import Markup\n\n"
        "app = App(__name__)\n\n\n"
        '@app.get("/table")\ndef table():\n    return pd.DataFrame().to_html()\n\n\n'
        "@app.get(\"/\")\ndef index():\n    return Markup('<b>') + asked.path\n"
    )


def test_the_tables_of_names_are_true_of_flask_itself() -> None:
    """What is said to be Flask's is; what is said to be nbmicro's alone Flask has not, and nothing else."""
    assert all(hasattr(flask, name) for name in FLASKS)
    for module in MODULES.values():
        __import__(module)
    for ours, theirs in (
        (nbmicro.App("a"), flask.Flask("a")),
        (nbmicro.Blueprint("b", "b"), flask.Blueprint("b", "b")),
    ):
        more = {name for name in set(dir(ours)) - set(dir(theirs)) if not name.startswith("_")}
        assert more <= ONLY_HERE
        assert not ONLY_HERE & set(dir(theirs))


def test_the_command_needs_a_file(notebook: Notebook, tmp_path: Path) -> None:
    """Flask's templates lie in folders, so a printed module will not do."""
    path = notebook(LOAD, "%%route /\n'x'")
    result = CliRunner().invoke(main, ["export", str(path), "--flask"])
    assert result.exit_code != 0
    assert "-o app.py" in result.output
    out = tmp_path / "new.py"
    assert CliRunner().invoke(main, ["export", str(path), "--flask", "-o", str(out)]).exit_code == 0
    assert "from flask import Flask" in out.read_text()


def test_a_package_has_a_module_for_each_blueprint_that_stands_by_itself(notebook: Notebook, tmp_path: Path) -> None:
    """It answers as the notebook, on Flask alone; templates lie in it, tests beside it; who shares a value is told."""
    path = notebook(
        LOAD,
        "import math\nlimit = 3\nshop = Blueprint('shop', __name__)",
        "@shop.get('/root/<int:n>')\ndef root(n):\n    return str(math.sqrt(n))",
        "club = Blueprint('club', __name__)\n\n@club.get('/limit')\ndef show_limit():\n    return str(limit)",
        "@shop.before_request\ndef check():\n    if request.args.get('no'):\n        abort(403)",
        "app.register_blueprint(shop, url_prefix='/shop')\napp.register_blueprint(club, url_prefix='/club')",
        "%%template page.html\n<h1>{{ url_for('shop.root', n=4) }}</h1>",
        "%%route /\nrender_template('page.html')",
        "%http /shop/root/9 --expect 200",
    )
    out = tmp_path / "made" / "store"
    out.parent.mkdir()
    result = CliRunner().invoke(main, ["export", str(path), "--flask", "--tests", "-o", f"{out}/"])
    assert result.exit_code == 0, result.output
    assert "`club` stays in __init__.py, with which it shares `limit`." in result.output
    files = sorted(str(file.relative_to(out.parent)) for file in out.parent.rglob("*") if file.is_file())
    assert files == ["store/__init__.py", "store/shop.py", "store/templates/page.html", "test_store.py"]
    text = (out / "__init__.py").read_text()
    assert "from .shop import shop\n" in text
    assert "def root" not in text
    assert "import math\n" in (out / "shop.py").read_text()
    asked = [plain(one) for one in ("/", "/shop/root/9", "/shop/root/9?no=1", "/club/limit", "/none")]
    here = answers("notebook", path.name, asked, path.parent)
    assert answers("flask", "store", asked, out.parent) == here
