"""A Django project's static files are served as its own development server serves them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django")

_ASK = """
import sys
from nbmicro.client.client import Client
from nbmicro.foreign.app import ForeignApp
from nbmicro.loading.loader import load_target
target = load_target("mysite.wsgi:application")
from django.conf import settings
settings.DEBUG = sys.argv[1] == "debug"
settings.ALLOWED_HOSTS = ["*"]
client = Client(ForeignApp(target.app) if not isinstance(target.app, ForeignApp) else target.app)
for path in ("/admin/login/", "/static/admin/css/base.css", "/static/none.css"):
    response = client.get(path)
    print(response.status, response.response.media_type)
"""


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("debug", ["200 text/html", "200 text/css", "404 text/html"]),
        ("production", ["200 text/html", "404 text/html", "404 text/html"]),
    ],
)
def test_the_admin_of_a_new_project_has_its_styles_while_debug_is_on(
    tmp_path: Path, mode: str, said: list[str]
) -> None:
    """As it comes from ``django-admin startproject``; in production Django serves none."""
    run = subprocess.run
    run([sys.executable, "-m", "django", "startproject", "mysite", "."], cwd=tmp_path, check=True, timeout=120)
    asked = run(
        [sys.executable, "-c", _ASK, mode], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert asked.stdout.splitlines() == said, asked.stderr
