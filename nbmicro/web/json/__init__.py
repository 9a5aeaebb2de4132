"""JSON as the current app writes and reads it.

The functions ask the current app's provider; where there is no app, the standard library with nbmicro's conversions.
What must not be here: how a provider works (``provider``), or the sessions' tags (``tag``).
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

from nbmicro.web.contexts import current_context, need_app_context
from nbmicro.web.json.provider import plain, write

if TYPE_CHECKING:
    from nbmicro.web.wrappers import Response


def dumps(obj: Any, **kwargs: Any) -> str:
    """Write ``obj`` as JSON text, by the current app's provider where there is an app.

    Keywords as of :func:`json.dumps`. Raises TypeError for a value without a JSON form.
    """
    context = current_context()
    if context is not None:
        return context.app.json.dumps(obj, **kwargs)
    return write(obj, {"default": plain, **kwargs})


def dump(obj: Any, fp: IO[str], **kwargs: Any) -> None:
    """Write ``obj`` as JSON text to the text file ``fp``, by the current app's provider where there is an app."""
    context = current_context()
    if context is not None:
        context.app.json.dump(obj, fp, **kwargs)
    else:
        fp.write(dumps(obj, **kwargs))


def loads(s: str | bytes, **kwargs: Any) -> Any:
    """Read JSON text, by the current app's provider where there is an app. Raises ValueError when it is not JSON."""
    context = current_context()
    return json.loads(s, **kwargs) if context is None else context.app.json.loads(s, **kwargs)


def load(fp: IO[Any], **kwargs: Any) -> Any:
    """Read JSON text from the file ``fp``, by the current app's provider where there is an app."""
    context = current_context()
    return json.load(fp, **kwargs) if context is None else context.app.json.load(fp, **kwargs)


def jsonify(*args: Any, **kwargs: Any) -> Response:
    """A response with the one argument, the list of the arguments, or the dict of the keywords, as JSON.

    Raises TypeError when there are both arguments and keywords, RuntimeError without a current app.
    """
    return need_app_context().app.json.response(*args, **kwargs)
