"""What Tab offers in the cells of nbmicro: paths, methods, endpoints, templates, headers, options, names.

What lives here: pure functions of a cell's text, the cursor and what the notebook knows. What must not: IPython; the
host turns what is offered into the answer of its completer.
"""

from __future__ import annotations

from nbmicro.notebook.completion.cells import complete as complete
from nbmicro.notebook.completion.known import Completed as Completed
from nbmicro.notebook.completion.known import Known as Known
from nbmicro.notebook.completion.known import Offer as Offer
