"""What deleted cells had declared: one that was cut and pasted, or brought back, has its old id and is not told of."""

from __future__ import annotations

from collections.abc import Hashable

from nbmicro.exchange.exchange import Exchange
from nbmicro.web.app import App
from nbmicro.web.ledger import Ledger
from nbmicro.web.route_info import is_answered_by

#: Declarations that are remembered.
MOST = 500


class DeletedCells:
    """The rules, templates and static files of cells that were deleted, for a request that misses them."""

    def __init__(self) -> None:
        #: By rule, or by the name of a template or file, the first line of its cell.
        self._rules: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def drop(self, keys: set[Hashable]) -> None:
        """Forget what these owners declared, and remember by which cells it was."""
        before = [(app, app.tables.committed()) for app in {id(app.ledger): app for app in list(App.every)}.values()]
        for ledger in list(Ledger.every):
            ledger.drop_owners(set(keys))
        for app, table in before:
            after = app.tables.committed()
            rules = {route.rule for route in after.routes}
            self._rules |= {
                route.rule: route.owner.label
                for route in table.routes
                if route.rule not in rules and route.owner.key in keys
            }
            self._names |= {name: f"%%template {name}" for name in table.templates.keys() - after.templates.keys()}
            self._names |= {name: f"%%static {name}" for name in table.static_files.keys() - after.static_files.keys()}
        for names in (self._rules, self._names):
            for name in list(names)[: max(0, len(names) - MOST)]:
                del names[name]

    def notes(self, exchange: Exchange) -> list[str]:
        """The note on a request that misses what a deleted cell had declared."""
        path, label = exchange.request.path, None
        if exchange.status == 404 and exchange.rule is None:
            label = next((cell for rule, cell in self._rules.items() if is_answered_by(path, rule)), None)
        elif exchange.status == 404 and exchange.endpoint == "static":
            label = next((cell for name, cell in self._names.items() if path.endswith(f"/{name}")), None)
        elif type(exchange.exception).__name__ == "TemplateNotFound":
            label = self._names.get(str(getattr(exchange.exception, "name", "")))
        if label is None:
            return []
        return [f"The cell `{label}` declared it and was deleted. If it is in the notebook again, run it."]
