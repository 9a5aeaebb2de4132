"""Flask-SQLAlchemy in a notebook: models whose cell is run again."""

from __future__ import annotations

from typing import Any

from nbmicro.errors import NbmicroError
from nbmicro.web.contexts import has_app_context


def forget(db: Any) -> None:
    """Forget all models and tables that were declared with ``db``, so that their cell can be run again.

    Call it first in the cell that declares the models::

        from nbmicro.flask_compat.sqlalchemy import forget

        forget(db)

        class User(db.Model): ...

    What is stored in the database stays; ``db.drop_all()`` before it, or a migration, is for tables that change. All
    model cells of a ``db`` are forgotten together: run each of them again. Objects of the forgotten classes are of no
    more use, so the session of the current app context is closed. Not for an app that is serving others meanwhile.

    Parameters
    ----------
    db:
        The ``flask_sqlalchemy.SQLAlchemy`` object.

    Raises
    ------
    NbmicroError
        ``db`` is something else.
    """
    registry = getattr(getattr(db, "Model", None), "registry", None)
    metadatas = getattr(db, "metadatas", None)
    if registry is None or metadatas is None:
        raise NbmicroError(
            f"forget() takes the SQLAlchemy object of Flask-SQLAlchemy, not {type(db).__name__!r}.",
            hint="db = SQLAlchemy(app), then forget(db).",
        )
    if has_app_context():
        db.session.remove()
    # To dispose of the mappers is not enough: by its table of names SQLAlchemy would still find two classes `User`.
    registry.dispose(cascade=True)
    registry._class_registry.clear()
    for metadata in metadatas.values():
        metadata.clear()
