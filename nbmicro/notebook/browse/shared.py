"""Files that pages load from other sites and that an installed package has too: those of Swagger UI and ReDoc."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

#: The files, with their media types.
SHARED = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-standalone-preset.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "redoc.standalone.js": "text/javascript",
}
#: Packages that bring them along; first those whose Swagger UI reads OpenAPI 3.1, which FastAPI writes.
PACKAGES = ("fastapi_offline", "drf_spectacular_sidecar", "swagger_ui_bundle", "flask_restx", "flasgger")


@cache
def shared_file(name: str) -> bytes | None:
    """The file of that name of the first package that is installed and has it; None where none has."""
    if name not in SHARED:
        return None
    for package in PACKAGES:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            found = sorted(Path(folder).rglob(name))
            if found:
                return found[-1].read_bytes()  # the newest of several versions
    return None
