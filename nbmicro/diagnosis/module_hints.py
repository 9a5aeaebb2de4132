"""Hints for imports that fail: the package to install, the module that was meant, Flask's names where Flask is not."""

from __future__ import annotations

import importlib.util
import pkgutil
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from nbmicro.diagnosis.raised import Raised, hint
from nbmicro.printable import did_you_mean

_IN_PLACE = "import nbmicro; nbmicro.install_as_flask()"
#: How an extension of Flask's gets to work with an app of nbmicro's.
FLASKS_PLACE = f"Restart the kernel, and let its first cell put nbmicro in Flask's place:  {_IN_PLACE}"
#: Modules whose package has another name on PyPI.
PACKAGES = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cairo": "pycairo",
    "corsheaders": "django-cors-headers",
    "crispy_forms": "django-crispy-forms",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "debug_toolbar": "django-debug-toolbar",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "environ": "django-environ",
    "fitz": "pymupdf",
    "git": "gitpython",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "multipart": "python-multipart",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "rest_framework": "djangorestframework",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "socketio": "python-socketio",
    "usb": "pyusb",
    "win32api": "pywin32",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
#: Modules of Python 2, and those that newer Pythons have no more, with what stands in their place.
_RENAMED = {
    "urllib2": "urllib.request",
    "urlparse": "urllib.parse",
    "ConfigParser": "configparser",
    "StringIO": "io",
    "cPickle": "pickle",
    "Queue": "queue",
    "Tkinter": "tkinter",
    "imp": "importlib",
}
#: What lessons import, for what is misspelt.
_WELL_KNOWN = frozenset(
    "aiohttp altair bokeh django duckdb faker fastapi flask httpx jinja2 keras lxml markdown matplotlib networkx nltk "  # noqa: SIM905
    "numpy openpyxl pandas peewee plotly polars pydantic pygments pymongo pytest redis requests scipy seaborn "
    "sqlalchemy statsmodels sympy tensorflow torch tqdm transformers werkzeug xgboost".split()
)
#: Names that have moved to another module.
_MOVED = {
    "Markup": "markupsafe",
    "escape": "markupsafe",
    "secure_filename": "werkzeug.utils",
    "generate_password_hash": "werkzeug.security",
    "check_password_hash": "werkzeug.security",
}


@hint("ModuleNotFoundError")
def _flask_not_installed(raised: Raised) -> str | None:
    """Flask's lessons begin with an import of Flask, and nbmicro has what they import."""
    name = str(raised.name or "")
    if name.partition(".")[0] != "flask":
        return None
    written = re.match(r"\s*(?:from\s+flask\s+import\s+\(?([\w\s,]+?)\)?|import\s+flask)\s*(?:#.*)?$", raised.line)
    if written is None:
        if re.match(r"\s*(?:from|import)\s+flask\b", raised.line):
            return f"nbmicro stands in Flask's place where a cell above has:  {_IN_PLACE}"
        return f"An extension of Flask's asks for Flask. {FLASKS_PLACE}"
    names = [part.split()[0] for part in (written[1] or "").split(",") if part.split()]
    keep = f"To keep the line, put one above it:  {_IN_PLACE}"
    if not all(hasattr(sys.modules["nbmicro"], name) for name in names):
        return keep
    line = f"from nbmicro import {written[1].strip(' ,')}" if written[1] else "import nbmicro as flask"
    return f"nbmicro has Flask's names:  {line}\n{keep}"


@hint("ModuleNotFoundError")
def _no_such_part(raised: Raised) -> str | None:
    """`import matplotlib.pyplt`: the package is there, and has no module of that name."""
    package, _, part = str(raised.name or "").rpartition(".")
    found = sys.modules.get(package)
    if found is None:
        return None
    if not hasattr(found, "__path__"):
        return f"`{package}` is one module, without others in it. What it has is imported with  from {package} import …"
    near = did_you_mean(part, [module.name for module in pkgutil.iter_modules(found.__path__)], 0.7)
    return f"`{package}` has no module `{part}`." + (f" Did you mean `{package}.{near}`?" if near else "")


@hint("ModuleNotFoundError")
def _not_installed(raised: Raised) -> str | None:
    name = str(raised.name or "").partition(".")[0]
    if not name:
        return None
    if name in _RENAMED:
        return f"In this Python it is another module:  import {_RENAMED[name]}"
    if name in PACKAGES or name in _WELL_KNOWN or name.startswith("flask_"):
        return _install(name)
    own = [path.stem for path in Path().glob("*.py")] + [path.parent.name for path in Path().glob("*/__init__.py")]
    public = [module for module in sys.stdlib_module_names if not module.startswith("_")]
    near = did_you_mean(name, own, 0.7) or did_you_mean(
        name, [*public, *PACKAGES, *_WELL_KNOWN, *packages_distributions()], 0.8
    )
    if near is None:
        return (
            f"There is no {name}.py beside the notebook, and no package of that name is installed for this kernel. "
            f"If PyPI has one:  %pip install {name}"
        )
    is_there = near in own or _is_found(near)
    return f"Did you mean `{near}`?" + ("" if is_there else f" {_install(near)}")


def _is_found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _install(name: str) -> str:
    package = PACKAGES.get(name)
    if package is not None:
        return f"On PyPI `{name}` is called {package}:  %pip install {package}"
    return f"It is not installed for this kernel:  %pip install {name.replace('_', '-')}"


@hint("ImportError")
def _no_such_name(raised: Raised) -> str | None:
    """`from nbmicro import jsonfy`."""
    asked = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", raised.message)
    if asked is None:
        return None
    name, module = asked[1], asked[2]
    if name in _MOVED:
        return f"It is in another module now:  from {_MOVED[name]} import {name}"
    found: Any = sys.modules.get(module)
    near = did_you_mean(name, [known for known in dir(found) if not known.startswith("_")], 0.7)
    return f"Did you mean  from {module} import {near}" if near else None
