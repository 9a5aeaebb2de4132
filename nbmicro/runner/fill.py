"""Giving ``{{ … }}`` their values: Python over the notebook's names, file variables, and what is no Python."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import json
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

from nbmicro.errors import RequestError
from nbmicro.http.multipart import field_text
from nbmicro.language.address import check_origin, loopback_url
from nbmicro.language.syntax import Variable
from nbmicro.language.template import Blank, Template, compiled, inside_quotes
from nbmicro.printable import did_you_mean
from nbmicro.runner.variables import FileText, VariableFault, answer_part, dynamic_value, reference_in
from nbmicro.scopes import names_of


def plain_text(value: object) -> str:
    """A value as text: as JSON where it is a list or dict, true and false in lower case, else ``str``."""
    if isinstance(value, (dict, list)):
        try:
            return json_text(value)
        except (TypeError, ValueError):
            return str(value)
    return field_text(value)


def json_text(value: object) -> str:
    """A value as JSON (RFC 8259); TypeError or ValueError if it has none."""
    if isinstance(value, FileText):
        try:
            json.loads(value)
        except ValueError:
            return json.dumps(str(value), ensure_ascii=False)
        return str(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_jsonable)


def _jsonable(value: Any) -> object:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (UUID, Decimal, PurePath)):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "tolist"):
        # numpy's and pandas' values, scalars and arrays alike.
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} is not JSON")


# Names that stand for the app's own origin in the files of other tools, where the notebook has none of them.
APP_NAMES = {
    **dict.fromkeys(
        ("host", "hostname", "baseUrl", "base_url", "baseurl", "BASE_URL", "baseURL", "origin"), "localhost"
    ),
    "port": "5000",
}


# What f-strings, IPython's own magics and other tools write for a value: {n}, {user["id"]}, $n, ${n}.
_OTHER_BLANK = re.compile(
    r"\$?\{(?P<expression>(?P<name>[A-Za-z_]\w*)(?:[.\[][^{}]*)?)\}|(?<![?&])\$(?P<plain>[A-Za-z_]\w*)"
)


@lru_cache(maxsize=512)
def names_in(expression: str) -> frozenset[str]:
    """The names a Python expression reads from outside; of a request variable the request's name."""
    reference = reference_in(expression)
    if reference:
        return frozenset({reference["name"]})
    if compiled(expression) is None:
        return frozenset()
    names = names_of([ast.parse(expression.strip(), mode="eval").body])
    return names.reads | names.later


def own_names(namespace: Mapping[str, object]) -> list[str]:
    """The names that a person may mean: not Python's functions, which a kernel holds too, nor what it keeps itself."""
    return [
        name
        for name, value in namespace.items()
        if not name.startswith("_") and name not in {"In", "Out"} and not (hasattr(builtins, name) and callable(value))
    ]


class Scope:
    """The names that blanks of one run may use.

    Parameters
    ----------
    namespace:
        The notebook's names (and the caller's locals).
    folder:
        Where files and ``.env`` are looked for.
    known_captures:
        Names that some request of the notebook captures, and that request's name, for the error's next step.
    """

    def __init__(
        self, namespace: Mapping[str, object], *, folder: Path, known_captures: Mapping[str, str] | None = None
    ) -> None:
        self.namespace = namespace
        self.folder = folder
        self.known_captures = known_captures or {}
        self.pending: dict[str, Variable] = {}
        self.later: dict[str, int] = {}
        self.sent = False

    @property
    def consequence(self) -> str:
        """What an error before a request means for it."""
        return "This request was not sent." if self.sent else "Nothing was sent."

    def names(self, more: Mapping[str, object] | None = None) -> dict[str, object]:
        """All names as the globals of an expression; ``more`` win."""
        return {"__builtins__": builtins, **self.namespace, **(more or {})}

    def value(self, blank: Blank, more: Mapping[str, object] | None = None) -> object:
        """The value of a blank.

        Raises
        ------
        RequestError
            A name the notebook does not have, or an expression that fails; with the place of the blank.
        """
        expression = blank.expression
        try:
            if expression.startswith("$"):
                return dynamic_value(expression, self.namespace, self.folder)
            reference = reference_in(expression)
            if reference and not (reference["plain"] and self._is_other(reference["name"])):
                return self._answer(blank, reference["name"])
        except VariableFault as fault:
            raise RequestError(
                f"{blank}: {fault.message} {self.consequence}", hint=fault.hint, line=blank.line, column=blank.column
            ) from None
        for name in names_in(expression) & self.pending.keys():
            # The value of a file variable waited for an answer that has not come: its own error says what is missing.
            self.text(self.pending[name].value)
        code = compiled(expression)
        if code is None:
            raise RequestError(f"{blank} is not a Python expression.", line=blank.line, column=blank.column)
        try:
            return eval(code, self.names(more))
        except NameError as error:
            if error.name is not None and error.name in names_in(expression):
                raise self.unresolved(blank, error.name) from None
            raise self._failed(blank, error) from error
        except Exception as error:
            raise self._failed(blank, error) from error

    def _is_other(self, name: str) -> bool:
        """Whether a name is something else than a request's exchange, so that what is read of it is Python."""
        found = self.namespace.get(name)
        return found is not None and not (hasattr(found, "response") and hasattr(found, "history"))

    def _answer(self, blank: Blank, name: str) -> object:
        reference = reference_in(blank.expression)
        if name not in self.namespace:
            raise self.unresolved(blank, name)
        exchange = self.namespace[name]
        if reference is None or not (hasattr(exchange, "request") and hasattr(exchange, "response")):
            raise VariableFault(f"`{name}` is no request's exchange.", f"Name a request so:  # @name {name}")
        return answer_part(exchange, reference)

    def text(self, template: Template, more: Mapping[str, object] | None = None) -> str:
        """A template with the text of its values in place."""
        return "".join(part if isinstance(part, str) else plain_text(self.value(part, more)) for part in template.parts)

    def unresolved(self, blank: Blank, name: str) -> RequestError:
        """The error of a name that the notebook does not have."""
        message = f"{blank}: the notebook has no `{name}`. {self.consequence}"
        request = self.known_captures.get(name)
        if request == name:
            message += f" It is the request `{name}` itself: run that cell first."
        elif name in self.later:
            message += f" The request on line {self.later[name]} gives it, which comes later."
        elif request is not None:
            message += f" The request `{request}` captures it: run that cell first."
        else:
            near = did_you_mean(name, own_names(self.namespace), 0.75)
            if near:
                message += f" Did you mean `{near}`?"
        return RequestError(message, line=blank.line, column=blank.column)

    def _failed(self, blank: Blank, error: Exception) -> RequestError:
        return RequestError(
            f"{blank}: {type(error).__name__}: {short(str(error))}. {self.consequence}",
            line=blank.line,
            column=blank.column,
        )

    def check_names(self, templates: Iterable[Template], known: set[str]) -> None:
        """Refuse the first blank that reads a name neither the notebook nor ``known`` has, before anything is sent."""
        for template in templates:
            for blank in template.blanks:
                for name in sorted(names_in(blank.expression)):
                    if name not in known and name not in self.namespace and not hasattr(builtins, name):
                        raise self.unresolved(blank, name)

    def check_braces(self, url: Template, known: set[str]) -> None:
        """Refuse `{n}` and `$n` in a URL where `n` is a name there is: other magics fill them, and `{{ n }}` was meant.

        A `$` that begins a name of the query (`?$top=5`) is the query's own.
        """
        for part in url.parts:
            for found in _OTHER_BLANK.finditer(part) if isinstance(part, str) else ():
                name = found["name"] or found["plain"]
                expression = name if found["plain"] else found["expression"]
                if name not in known and name not in own_names(self.namespace):
                    continue
                written = url.source.replace(found[0], f"{{{{ {expression} }}}}")
                raise RequestError(
                    f"`{found[0]}` is no blank, and the notebook has a `{name}`. {self.consequence}",
                    hint=f"Write  {written}\nTo send it as it stands:  {{{{ {found[0]!r} }}}}",
                    line=url.line,
                    column=url.column,
                )

    def settle(
        self, variables: Iterable[Variable], coming: Collection[str] = (), templates: Iterable[Template] = ()
    ) -> dict[str, FileText]:
        """The values of file variables; one that waits for an answer is tried again before the next request.

        ``coming`` are the names that the requests give that are still to be sent, ``templates`` what the next of them
        reads: that cannot wait, as a token that is asked for with the one from before.

        Raises
        ------
        RequestError
            A value that waits for nothing cannot be had: ``@key = {{$dotenv KEY}}`` without such a line in ``.env``, or
            a part that the answer has not; with the variable's line.
        """
        for variable in variables:
            self.pending[variable.name] = variable
        settled: dict[str, FileText] = {}
        now = {name for template in templates for name in _names_of(template)}
        for name, variable in reversed(self.pending.items()):
            now |= _names_of(variable.value) if name in now else set()
        for name, variable in list(self.pending.items()):
            del self.pending[name]
            if self._waits(variable, settled, () if name in now else coming):
                self.pending[name] = variable
            else:
                settled[name] = FileText(self.text(variable.value, settled))
        return settled

    def _waits(self, variable: Variable, settled: Mapping[str, object], coming: Collection[str]) -> bool:
        """Whether a file variable reads a name that is not there yet, or whose value from an earlier run gets old."""
        return any(
            name in self.pending
            or name in coming
            or not (name in settled or name in self.namespace or hasattr(builtins, name))
            for name in _names_of(variable.value)
        )


def _names_of(template: Template) -> set[str]:
    return {name for blank in template.blanks for name in names_in(blank.expression)}


def short(text: str, limit: int = 200) -> str:
    """A text cut to ``limit`` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


_ORIGIN_OPEN = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#]*\Z")


def fill_json(template: Template, scope: Scope, more: Mapping[str, object] | None = None) -> str:
    """A JSON text with values as JSON, and inside quotes as the content of a string; ``more`` names win."""
    filled: list[str] = []
    quoted = False
    for part in template.parts:
        if isinstance(part, str):
            quoted = inside_quotes(part, quoted)
            filled.append(part)
            continue
        value = scope.value(part, more)
        try:
            filled.append(json.dumps(plain_text(value), ensure_ascii=False)[1:-1] if quoted else json_text(value))
        except (TypeError, ValueError, RecursionError) as error:
            raise RequestError(f"{part}: {error}. {scope.consequence}", line=part.line, column=part.column) from None
    return "".join(filled)


def fill_form_text(template: Template, scope: Scope) -> str:
    """A text in ``application/x-www-form-urlencoded`` with values encoded so."""
    return "".join(
        part if isinstance(part, str) else quote_plus(plain_text(scope.value(part))) for part in template.parts
    )


def fill_url(template: Template, scope: Scope) -> str:
    """A URL with values percent-encoded (RFC 3986), a slash in a value too; at its beginning a value stands as it is.

    Raises
    ------
    RequestError
        An origin that is not the app, or a value that has no place in a URL.
    """
    url = ""
    for part in template.parts:
        if isinstance(part, str):
            url += part
            continue
        if "#" in url or not _ORIGIN_OPEN.match(url):
            url += quote(_url_value(part, scope), safe="")
        else:
            url += _origin_value(part, scope)
    url = loopback_url(url)
    check_origin(url, template.line, template.column)
    if not url.startswith(("/", "?", "http:", "https:")):
        raise RequestError(
            f"`{url}` is not a path: a path begins with a slash. {scope.consequence}",
            hint=f"Send it to  /{url}",
            line=template.line,
            column=template.column,
        )
    return url


def _origin_value(blank: Blank, scope: Scope) -> str:
    name = blank.expression
    if name in APP_NAMES and name not in scope.namespace and name not in scope.pending:
        return APP_NAMES[name]
    return _url_value(blank, scope)


def _url_value(blank: Blank, scope: Scope) -> str:
    value = scope.value(blank)
    if value is None:
        raise RequestError(
            f"{blank} is None, which has no place in a URL. {scope.consequence}", line=blank.line, column=blank.column
        )
    return plain_text(value)
