"""Files as responses: those of a folder, and static files declared in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha1
from typing import IO, TYPE_CHECKING, Any

import werkzeug.utils
from werkzeug.exceptions import NotFound

from nbmicro.web.contexts import environ_here, need_app_context, need_request_context, table_here

if TYPE_CHECKING:
    from nbmicro.web.app import App
    from nbmicro.web.wrappers import Response


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
        **_settings(max_age),
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
        directory, path, **kwargs, **_settings(max_age)
    )


def _settings(max_age: Any) -> dict[str, Any]:
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
