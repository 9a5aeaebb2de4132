"""A notebook on another module's app becomes tests of that app, which plain pytest runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from nbmicro.cli import main

Notebook = Callable[..., Path]
LOAD = "%load_ext nbmicro"
FLASK = """
from flask import Flask, request, session

def create_app(currency):
    app = Flask(__name__)
    app.secret_key = "k"

    @app.get("/price/<int:n>")
    def price(n):
        return {"price": n, "in": currency, "by": request.headers.get("X-By")}

    @app.post("/basket")
    def basket():
        session["items"] = session.get("items", 0) + 1
        return {"items": session["items"]}, 201

    return app
"""
FASTAPI = """
from fastapi import Body, FastAPI, Header

app = FastAPI()
items = []

@app.get("/price/{n}")
def price(n: int, x_by: str | None = Header(None)):
    return {"price": n, "in": "GBP", "by": x_by}

@app.post("/basket", status_code=201)
def basket():
    items.append(1)
    return {"items": len(items)}
"""
DJANGO = """
import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import JsonResponse
from django.urls import path

items = []

def price(request, n):
    return JsonResponse({"price": n, "in": "GBP", "by": request.headers.get("X-By")})

def basket(request):
    items.append(1)
    return JsonResponse({"items": len(items)}, status=201)

urlpatterns = [path("price/<int:n>", price), path("basket", basket)]
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="k", ALLOWED_HOSTS=["*"])
django.setup()
application = WSGIHandler()
"""
APPS = {"create_app('GBP')": FLASK, "app": FASTAPI, "application": DJANGO}
CELLS = (
    "number = 7\n\ndef doubled(n):\n    return 2 * n",
    "%http /price/{{number}} --expect 200",
    "%http /price/2",
    '%%http\nGET /price/{{doubled(number)}}\n\nHTTP 200\n[Captures]\ncost: json["price"]\n'
    '[Asserts]\njson["price"] == 14\njson["by"] == "Ada"',
    "%%http\nPOST /basket\n\nHTTP 201\n###\nPOST /basket\n\n[Asserts]\njson['items'] == 2",
    "%http /price/{{cost}} --expect 200",
)


def outcome(folder: Path, file: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("name", APPS, ids=["Flask", "FastAPI", "Django"])
@pytest.mark.parametrize("out", ["test_shop.py", "shop_api.py"])
def test_its_requests_are_tests_of_the_app(notebook: Notebook, name: str, out: str) -> None:
    """With the headers of -H, the values of its cells, and cookies; a wrong answer fails them."""
    path = notebook(LOAD, f"%app shop:{name} -H 'X-By: Ada'", *CELLS)
    folder = path.parent
    (folder / "shop.py").write_text(APPS[name])
    result = CliRunner().invoke(main, ["export", str(path), "-o", str(folder / out), "--tests"])
    assert result.exit_code == 0, result.output
    file = folder / f"test_{out.removeprefix('test_')}"
    assert sorted(one.name for one in folder.glob("*.py")) == sorted([file.name, "shop.py"])
    text = file.read_text()
    assert f'app = load("shop:{name}")' in text
    lint = ["ruff", "check", "--isolated", "--select", "E,F,W,I,B,UP,C4,PT", "--line-length", "120", file.name]
    done = subprocess.run([sys.executable, "-m", *lint], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + text
    done = outcome(folder, file.name)
    assert done.returncode == 0, done.stdout + text
    assert f"{text.count('def test_')} passed" in done.stdout
    (folder / "shop.py").write_text(APPS[name].replace('"price": n', '"price": n + 1'))
    assert outcome(folder, file.name).returncode == 1


def test_requests_to_an_app_before_it_are_left_out_and_said(notebook: Notebook) -> None:
    path = notebook(LOAD, "%%route /\n'here'", "%http /", "%app shop:app", "%http /price/2")
    (path.parent / "shop.py").write_text(FASTAPI)
    result = CliRunner().invoke(main, ["export", str(path), "-o", str(path.with_name("test_shop.py")), "--tests"])
    assert "Requests to app are not among the tests." in result.output
    assert path.with_name("test_shop.py").read_text().count("def test_") == 1


def test_without_tests_there_is_nothing_to_export(notebook: Notebook) -> None:
    """As before; the error names what can be had."""
    path = notebook(LOAD, "%app shop:app", "%http /")
    result = CliRunner().invoke(main, ["export", str(path), "-o", str(path.with_name("out.py"))])
    assert result.exit_code != 0
    assert "--tests" in result.output
