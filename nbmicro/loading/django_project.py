"""A Django project by its ``manage.py``: the WSGI app that Django itself would serve."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from nbmicro.errors import LoadError
from nbmicro.loading.python_target import failed, import_target

_SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']""")


def load_project(manage: Path) -> Any:
    """The WSGI app of the project of a ``manage.py``.

    ``DJANGO_SETTINGS_MODULE`` of the environment comes first, as for Django; else what the file says.

    Raises nbmicro.errors.LoadError where there is no such file, no settings in it, or no Django.
    """
    if not manage.is_file():
        raise LoadError(f"there is no file {manage}.")
    found = _SETTINGS.search(manage.read_text("utf-8"))
    settings = os.environ.get("DJANGO_SETTINGS_MODULE") or (found[1] if found else None)
    if settings is None:
        raise LoadError(
            f"{manage.name} names no settings.",
            hint="It should say  os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')",
        )
    folder = str(manage.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    get_application = import_target("django.core.wsgi", manage.name).get_wsgi_application
    try:
        return get_application()
    except (Exception, SystemExit) as error:
        raise failed(error, manage.name) from error
