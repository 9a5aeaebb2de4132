"""nbmicro in Flask's place: ``import flask`` gives nbmicro, so that extensions written for Flask run on it.

What lives here: the two calls that put nbmicro there and take it away again. What must not: Flask itself, which is
never imported, or a changed extension.
"""

from __future__ import annotations

from nbmicro.flask_compat.stand_in import install_as_flask as install_as_flask
from nbmicro.flask_compat.stand_in import uninstall as uninstall
