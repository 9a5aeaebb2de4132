"""Where an app's files are, and files as responses: those of a folder, and static files declared in memory."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha1
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Any

import werkzeug.utils
from werkzeug.exceptions import NotFound

from nbmicro.web.contexts import environ_here, need_app_context, need_request_context, table_here

if TYPE_CHECKING:
    from nbmicro.web.app import App
    from nbmicro.web.wrappers import Response


def find_root_path(import_name: str) -> str:
    """The folder that a module or package is in: the app's ``root_path``.

    An interactive ``__main__`` has no file: there it is the current folder. So it is where an app made at an
    interactive prompt is named after an installed library (``App("pandas")``): that is a name, not a location.

    Raises
    ------
    RuntimeError
        The module is of a kind that has no folder of its own (a namespace package over several locations).
    """
    folder = _folder_of(import_name)
    if folder is None:
        return os.getcwd()
    if import_name != "__main__" and _is_installed(folder) and _asked_at_a_prompt():
        return os.getcwd()
    return folder


def _folder_of(import_name: str) -> str | None:
    module = sys.modules.get(import_name)
    file: str | None = getattr(module, "__file__", None)
    if file is not None:
        return os.path.dirname(os.path.abspath(file))
    try:
        spec = importlib.util.find_spec(import_name)
    except (ImportError, ValueError):  # __main__ at a prompt; a parent that is no package
        return None
    if spec is None:
        return None
    if spec.origin in {None, "built-in", "frozen"} or spec.loader is None:
        locations = list(spec.submodule_search_locations or ())
        if len(locations) == 1:
            return os.path.abspath(locations[0])
        raise RuntimeError(
            f"No folder can be found for {import_name!r}: it is in several folders, or none. "
            "Say which one is meant: root_path=…"
        )
    return os.path.dirname(os.path.abspath(str(spec.origin)))


def _is_installed(folder: str) -> bool:
    locations = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return any(Path(folder).is_relative_to(location) for location in locations if location)


def _asked_at_a_prompt() -> bool:
    """Whether the code that makes the app, the first outside this package, was typed at a prompt or into a cell."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if not name.startswith("nbmicro.web."):
            return name == "__main__" and "__file__" not in frame.f_globals
        frame = frame.f_back
    return False


def find_package(import_name: str) -> tuple[str | None, str]:
    """Where the package of ``import_name`` is installed.

    Returns
    -------
    tuple
        The prefix of the installation (None if it is not installed), and the folder that the topmost package, or the
        module, is in.
    """
    folder = _folder_of(import_name)
    if folder is None:
        return None, os.getcwd()
    package = sys.modules.get(import_name.rpartition(".")[0])
    if package is not None and folder not in getattr(package, "__path__", ()) and not _is_package(import_name):
        return None, folder  # a package that is no folder, as a served notebook's
    # Up from the module itself, not down from the topmost name: a namespace package has no one location.
    for _ in range(import_name.count(".") + _is_package(import_name)):
        folder = os.path.dirname(folder)
    if Path(folder).is_relative_to(sys.prefix):
        return sys.prefix, folder
    head, tail = os.path.split(folder)
    if tail.lower() == "site-packages":
        above, name = os.path.split(head)
        if name.lower() == "lib":  # as on Windows: <prefix>/Lib/site-packages
            return above, folder
        if os.path.basename(above).lower() == "lib":  # <prefix>/lib/pythonX.Y/site-packages
            return os.path.dirname(above), folder
        return head, folder
    return None, folder


def _is_package(name: str) -> bool:
    module = sys.modules.get(name)
    if module is not None:
        return hasattr(module, "__path__")
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.submodule_search_locations is not None


def find_instance_path(import_name: str, name: str, root_path: str) -> str:
    """The folder for what belongs to one installation of an app and not to its source. Where the app has no module,
    it is in ``root_path``."""
    if import_name == "__main__" and getattr(sys.modules.get("__main__"), "__file__", None) is None:
        return os.path.join(root_path, "instance")
    prefix, folder = find_package(import_name)
    return os.path.join(folder, "instance") if prefix is None else os.path.join(prefix, "var", f"{name}-instance")


def open_file(folder: str, resource: str, mode: str = "rb", encoding: str | None = "utf-8") -> IO[Any]:
    """Open a file below ``folder``."""
    path = os.path.join(folder, resource)
    return open(path, mode) if "b" in mode else open(path, mode, encoding=encoding)


def default_max_age() -> int | None:
    """``SEND_FILE_MAX_AGE_DEFAULT`` of the current app in seconds: how long a browser may keep a file unasked.

    None asks the browser to check each time.
    """
    value: int | timedelta | None = need_app_context().app.config["SEND_FILE_MAX_AGE_DEFAULT"]
    return int(value.total_seconds()) if isinstance(value, timedelta) else value


def send_file(
    path_or_file: os.PathLike[str] | str | IO[bytes],
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | int | float | None = None,
    max_age: int | Callable[[str | None], int | None] | None = None,
) -> Response:
    """A response with the content of a file. Never give it a path that a client chose: see `send_from_directory`.

    Parameters
    ----------
    path_or_file:
        The file's path, relative to the app's ``root_path``, or an open binary file.
    mimetype:
        Its media type; by default guessed from its name.
    as_attachment:
        Whether the browser shall save it rather than show it.
    download_name:
        The name it is saved under; by default its own.
    conditional:
        Whether ``Range`` and conditional requests (RFC 9110) are answered.
    etag:
        The ETag, or whether to compute one.
    last_modified:
        When the file changed, as a datetime or in seconds since 1970; by default asked of the file.
    max_age:
        How many seconds the browser may keep it unasked, or a function of its path that says so; by default the app's
        ``get_send_file_max_age``.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    return werkzeug.utils.send_file(  # type: ignore[return-value]
        path_or_file,
        mimetype=mimetype,
        as_attachment=as_attachment,
        download_name=download_name,
        conditional=conditional,
        etag=etag,
        last_modified=last_modified,
        **send_file_settings(max_age),
    )


def send_from_directory(directory: os.PathLike[str] | str, path: os.PathLike[str] | str, **kwargs: Any) -> Response:
    """A response with a file of a folder; a path that leads out of the folder, or to no file, is a 404.

    Parameters
    ----------
    directory:
        The folder, relative to the app's ``root_path``. It must not come from a client.
    path:
        The file in it; this may come from a client.
    kwargs:
        As of :func:`send_file`.
    """
    max_age = kwargs.pop("max_age", None)
    return werkzeug.utils.send_from_directory(  # type: ignore[return-value]
        directory, path, **kwargs, **send_file_settings(max_age)
    )


def send_file_settings(max_age: Any) -> dict[str, Any]:
    """What Werkzeug is to know of the request and the app."""
    app = need_app_context().app
    return {
        "environ": need_request_context().environ,
        "max_age": app.get_send_file_max_age if max_age is None else max_age,
        "use_x_sendfile": app.config["USE_X_SENDFILE"],
        "response_class": app.response_class,
        "_root_path": app.root_path,
    }


def send_app_static(app: App, filename: str) -> Any:
    """The response with a static file.

    A declared file is answered as one on disk would be: with an ETag of its content, and 304 or a range where asked
    for. Raises werkzeug.exceptions.NotFound when there is none.
    """
    declared = table_here(app).static_files.get(filename)
    max_age = app.get_send_file_max_age(filename)
    if declared is None:
        if app.static_folder is None:
            raise NotFound
        return send_from_directory(app.static_folder, filename, max_age=max_age)
    response = app.response_class(declared.content, mimetype=declared.mimetype)
    # As send_file names a file; a name that is not ASCII is rare enough to go without.
    if filename.isascii():
        name = filename.rpartition("/")[2]
        response.headers.set("Content-Disposition", "inline", filename=name)
    response.set_etag(sha1(declared.content, usedforsecurity=False).hexdigest())
    if max_age is None:
        response.cache_control.no_cache = True
    else:
        response.cache_control.public = True
        response.cache_control.max_age = max_age
    return response.make_conditional(environ_here(), accept_ranges=True, complete_length=len(declared.content))
