"""The page on OpenAPI: its app gives its document."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

PAGE = Path(__file__).parents[2] / "docs" / "openapi.md"


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def test_the_app_of_the_page_gives_the_document_of_the_page(tmp_path: Path) -> None:
    """The command prints what the page shows, and it is valid OpenAPI 3.1."""
    (tmp_path / "shop.py").write_text(block("python"))
    words = block("sh").split()[1:]
    done = subprocess.run(
        [sys.executable, "-m", "nbmicro", *words],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == block("json")
    assert list(OpenAPIV31SpecValidator(json.loads(done.stdout)).iter_errors()) == []


def test_the_app_of_the_page_answers_as_it_is_described(tmp_path: Path) -> None:
    """The example is no drawing: its routes give what the document promises."""
    names: dict[str, object] = {"__name__": "shop"}
    exec(compile(block("python"), "shop.py", "exec"), names)
    client = names["app"].test_client()  # type: ignore[attr-defined]
    with client.get("/products/1") as one, client.get("/products/9") as none:
        assert (one.status_code, one.json["name"], none.status_code) == (200, "Tea", 404)
    with client.post("/products", data={"name": "Cake"}) as made:
        assert (made.status_code, made.json) == (201, {"id": 2})
