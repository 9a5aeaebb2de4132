"""Static files: declared ones from memory, then those of the static folder."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import NotFound

from nbmicro.web.contexts import current_context, table_here
from nbmicro.web.request_context import RequestContext

if TYPE_CHECKING:
    from nbmicro.web.app import App

__all__ = ["send_app_static"]


def send_app_static(app: App, filename: str) -> Any:
    """The response with a static file.

    A declared file is answered as one on disk would be: with an ETag of its content, and 304 or a range where asked
    for. Raises werkzeug.exceptions.NotFound when there is none.
    """
    from nbmicro.web.files import send_from_directory

    context = current_context()
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
    environ = context.environ if isinstance(context, RequestContext) else {}
    return response.make_conditional(environ, accept_ranges=True, complete_length=len(declared.content))
