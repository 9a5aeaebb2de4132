"""The module that stands for a served notebook answers Python's own tools as the module of a file does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.notebook_files import write_notebook

CELLS = [
    "from __future__ import annotations\nimport dataclasses, typing",
    "from flask import Flask\napp = Flask(__name__)",
    "@dataclasses.dataclass\nclass User:\n    name: str\n    friend: typing.Optional[User] = None\n\n"
    "class Color(str):\n    pass\n\ndef square(x):\n    return x * x",
]
ASKED = {
    "root": "lambda: [app.root_path, app.instance_path, app.import_name]",
    "template": "lambda: app.jinja_loader.searchpath",
    "hints": "lambda: repr(typing.get_type_hints(me.User))",
    "fields": "lambda: [field.name for field in dataclasses.fields(me.User)]",
    "pickle": "lambda: repr(pickle.loads(pickle.dumps([me.User('Ada'), me.square])[:]))[:30]",
    "pickled class": "lambda: pickle.loads(pickle.dumps(me.Color)) is me.Color",
    "source of a function": "lambda: inspect.getsource(me.square)",
    "source of the module": "lambda: 'class User:' in inspect.getsource(me)",
    "file": "lambda: inspect.getfile(me.User)",
    "module": "lambda: inspect.getmodule(me.User) is me",
    "spec": "lambda: [importlib.util.find_spec(me.__name__).origin, me.__spec__.has_location]",
    "import": "lambda: importlib.import_module(me.__name__) is me",
    "data": "lambda: pkgutil.get_data(me.__name__, 'data.txt').decode()",
    "loader's source": "lambda: 'def square' in me.__loader__.get_source(me.__name__)",
    "is a package": "lambda: me.__loader__.is_package(me.__name__)",
    "reader of resources": "lambda: resources(me).joinpath('data.txt').read_text()",
    "spawn": "lambda: in_process('spawn')",
    "reload": "lambda: importlib.reload(me) is me and me.square(3)",
}
if sys.version_info < (3, 13):
    # From 3.13 on Python looks at the line of a class in its module, and a cell's lines begin anew.
    ASKED["source of a class"] = "lambda: inspect.getsource(me.Color)"
PROGRAM = """
import concurrent.futures, dataclasses, importlib, importlib.util, inspect, json, multiprocessing, pickle, pkgutil, sys
import typing

def resources(module):
    return module.__loader__.get_resource_reader(module.__name__).files()

def in_process(method):
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        return pool.submit(me.square, 7).result(120)

if __name__ == "__main__":
    {load}
    app = me.app
    answers = {{}}
    for name, ask in [{asked}]:
        try:
            answers[name] = ask()
        except Exception as error:
            answers[name] = repr(error)
    print(json.dumps(answers))
"""
LOADED = "import nbmicro; nbmicro.load('shop.ipynb'); me = sys.modules['nbmicro_notebook.shop']"


def answers(folder: Path, program: str, load: str) -> dict[str, Any]:
    """What Python's tools say of a module, with its own names for it taken out."""
    asked = ", ".join(f"({name!r}, {ask})" for name, ask in ASKED.items())
    (folder / program).write_text(PROGRAM.format(load=load, asked=asked), "utf-8")
    done = subprocess.run(
        [sys.executable, program], cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    text = done.stdout.replace("nbmicro_notebook.shop", "MODULE").replace("shop_in_a_file", "MODULE")
    found: dict[str, Any] = json.loads(text.replace("MODULE.py", "FILE").replace("shop.ipynb", "FILE"))
    return found


@pytest.fixture(scope="module")
def of_a_notebook_and_of_a_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "data.txt").write_text("tea\n")
    write_notebook(folder / "shop.ipynb", *CELLS)
    (folder / "shop_in_a_file.py").write_text("\n\n".join(CELLS))
    notebook = answers(folder, "of_notebook.py", LOADED)
    return notebook, answers(folder, "of_file.py", "import shop_in_a_file as me")


@pytest.mark.parametrize("name", ASKED)
def test_a_notebooks_module_answers_as_that_of_a_file(
    of_a_notebook_and_of_a_file: tuple[dict[str, Any], dict[str, Any]], name: str
) -> None:
    """importlib, inspect, pkgutil, pickle, dataclasses, typing, spawned processes, and Flask itself."""
    notebook, file = of_a_notebook_and_of_a_file
    assert notebook[name] == file[name]
    assert "Error" not in str(file[name])
