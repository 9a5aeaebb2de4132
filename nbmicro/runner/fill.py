"""Values of placeholders: Python over the notebook's names, file variables, and what is no Python."""

from __future__ import annotations

import builtins
import calendar
import dataclasses
import json
import os
import random
import re
import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote, quote_plus

from nbmicro.errors import LoadError, Placed, RequestError
from nbmicro.http.build import field_text
from nbmicro.language.address import check_origin, loopback_url
from nbmicro.language.syntax import Variable
from nbmicro.language.template import (
    Placeholder,
    Reference,
    Template,
    compiled,
    inside_quotes,
    names_in,
    needed_names,
    reference_in,
)
from nbmicro.printable import did_you_mean
from nbmicro.runner import date_formats
from nbmicro.web.commands.dotenv import read_dotenv

# Names that stand for the app's own origin in the files of other tools, where the notebook has none of them.
APP_NAMES = {
    **dict.fromkeys(
        ("host", "hostname", "baseUrl", "base_url", "baseurl", "BASE_URL", "baseURL", "origin"), "localhost"
    ),
    "port": "5000",
}
# What f-strings, IPython's own magics and other tools write for a value: {n}, {user["id"]}, $n, ${n}.
_OTHER_PLACEHOLDER = re.compile(
    r"\$?\{(?P<expression>(?P<name>[A-Za-z_]\w*)(?:[.\[][^{}]*)?)\}|(?<![?&])\$(?P<plain>[A-Za-z_]\w*)"
)
_ORIGIN_OPEN = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#]*\Z")
DYNAMIC_NAMES = ("$guid", "$timestamp", "$datetime", "$localDatetime", "$randomInt", "$processEnv", "$dotenv")
_OFFSET = re.compile(r"([-+]?\d{1,9})\s+(y|Q|M|w|d|h|m|s|ms)\Z")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds"}
# Visual Studio writes `$dotEnv` and `$timeStamp` as well.
_BY_LOWER_CASE = {name.lower(): name for name in DYNAMIC_NAMES}


# What has a text of its own, although its class takes Python's way to write it.
_TEXTS = (str, bytes, int, float, complex, Decimal, uuid.UUID, date, time, timedelta, PurePath)


class FileText(str):
    """The value of a file variable ``@age = 36``: text, which stands in JSON as it is where it is JSON itself."""

    __slots__ = ()


class _NoValue(Exception):
    """A placeholder that has no value: why, and what would do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def plain_text(value: object) -> str:
    """A value as text: as JSON where it is a list, tuple or dict, true and false in lower case, else ``str``.

    Raises
    ------
    TypeError, ValueError
        It has no text that anybody means: None, a function, a class, an object that says only what it is.
    """
    if isinstance(value, (dict, list, tuple)):
        return json_text(value)
    if hasattr(value, "tolist") and not isinstance(value, type):
        return plain_text(value.tolist())
    if value is None or not (isinstance(value, _TEXTS) or type(value).__str__ is not object.__str__):
        kind = "None" if value is None else f"a {type(value).__name__}"
        raise TypeError(f"{kind} has no text to send")
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
    if isinstance(value, (uuid.UUID, Decimal, PurePath)):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "tolist"):
        # numpy's and pandas' values, scalars and arrays alike.
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} is not JSON")


def user_names(namespace: Mapping[str, object]) -> list[str]:
    """The names that a person may mean: not Python's functions, which a kernel holds too, nor what it keeps itself."""
    return [
        name
        for name, value in namespace.items()
        if not name.startswith("_") and name not in {"In", "Out"} and not (hasattr(builtins, name) and callable(value))
    ]


class Scope:
    """The names that placeholders of one run may use.

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

    def error(self, place: Placed, message: str, hint: str | None = None) -> RequestError:
        """The error of a request that is not sent because of something that stands at ``place``."""
        return RequestError.at(place, f"{message} {self.consequence}", hint)

    def names(self, more: Mapping[str, object] | None = None) -> dict[str, object]:
        """All names as the globals of an expression; ``more`` win."""
        return {"__builtins__": builtins, **self.namespace, **(more or {})}

    def value(self, placeholder: Placeholder, more: Mapping[str, object] | None = None) -> object:
        """The value of a placeholder.

        Raises
        ------
        RequestError
            A name the notebook does not have, or an expression that fails; with the place of the placeholder.
        """
        expression = placeholder.expression
        try:
            if expression.startswith("$"):
                return _dynamic_value(expression, self.namespace, self.folder)
            reference = reference_in(expression)
            if reference is not None and not (reference.is_python and self._is_other(reference.name)):
                return self._referred(placeholder, reference)
        except _NoValue as error:
            raise self.error(placeholder, f"{placeholder}: {error.message}", error.hint) from None
        for name in names_in(expression) & self.pending.keys():
            # The value of a file variable waited for a response that has not come: its error names what is missing.
            self.text(self.pending[name].value)
        code = compiled(expression)
        if code is None:
            raise RequestError.at(placeholder, f"{placeholder} is not a Python expression.")
        names = self.names(more)
        for name in needed_names(expression):
            if name not in names and hasattr(builtins, name):
                raise self.unresolved(placeholder, name)
        try:
            return eval(code, names)
        except NameError as error:
            if error.name is not None and error.name in names_in(expression):
                raise self.unresolved(placeholder, error.name) from None
            raise self._failed(placeholder, error) from error
        except Exception as error:
            raise self._failed(placeholder, error) from error

    def _is_other(self, name: str) -> bool:
        """Whether a name is something else than a request's exchange, so that what is read of it is Python."""
        found = self.namespace.get(name)
        return found is not None and not (hasattr(found, "response") and hasattr(found, "history"))

    def _referred(self, placeholder: Placeholder, reference: Reference) -> object:
        """What a request variable reads of the request's exchange."""
        name = reference.name
        if name not in self.namespace:
            raise self.unresolved(placeholder, name)
        exchange: Any = self.namespace[name]
        if not (hasattr(exchange, "request") and hasattr(exchange, "response")):
            raise _NoValue(f"`{name}` is no request's exchange.", f"Name a request so:  # @name {name}")
        message = exchange.request if reference.of_request else exchange.response
        whose = f"the {'request' if reference.of_request else 'answer'} of `{name}`"
        if reference.header is not None:
            value = message.headers.get(reference.header)
            if value is None:
                raise _NoValue(f"{whose} has no header {reference.header}.")
            return value
        if reference.path == "*":
            return message.text
        if reference.steps is None:
            hint = f'Write it in Python:  {name}.json["a"]["b"]'
            raise _NoValue(f"`{reference.path}` is more JSONPath than nbmicro reads.", hint)
        value, path = message.json, "$"
        for step in reference.steps:
            path += f".{step}" if isinstance(step, str) else f"[{step}]"
            try:
                value = value[step]
            except (LookupError, TypeError):
                raise _NoValue(f"{whose} has nothing at {path}.") from None
        return value

    def text(self, template: Template, more: Mapping[str, object] | None = None) -> str:
        """A template with the text of its values in place."""
        return "".join(part if isinstance(part, str) else self.plain(part, more) for part in template.parts)

    def plain(self, placeholder: Placeholder, more: Mapping[str, object] | None = None) -> str:
        """The text of a placeholder's value; RequestError where it has none."""
        value = self.value(placeholder, more)
        try:
            return plain_text(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise self.error(placeholder, f"{placeholder}: {error}.", _text_hint(placeholder, value)) from None

    def unresolved(self, placeholder: Placeholder, name: str) -> RequestError:
        """The error of a name that the notebook does not have."""
        message = f"{placeholder}: the notebook has no `{name}`. {self.consequence}"
        request = self.known_captures.get(name)
        if request == name:
            message += f" It is the request `{name}` itself: run that cell first."
        elif name in self.later:
            message += f" The request on line {self.later[name]} gives it, which comes later."
        elif request is not None:
            message += f" The request `{request}` captures it: run that cell first."
        else:
            near = did_you_mean(name, user_names(self.namespace), 0.75)
            if near:
                message += f" Did you mean `{near}`?"
        return RequestError.at(placeholder, message)

    def _failed(self, placeholder: Placeholder, error: Exception) -> RequestError:
        return self.error(placeholder, f"{placeholder}: {type(error).__name__}: {short(str(error))}.")

    def check_names(self, templates: Iterable[Template], known: set[str]) -> None:
        """Reject the first placeholder that reads a name neither the notebook nor ``known`` has."""
        for template in templates:
            for placeholder in template.placeholders:
                for name in sorted(needed_names(placeholder.expression)):
                    if name not in known and name not in self.namespace:
                        raise self.unresolved(placeholder, name)

    def check_braces(self, url: Template, known: set[str]) -> None:
        """Reject `{n}` and `$n` in a URL where `n` is a name there is: other magics fill them, and `{{ n }}` was meant.

        A `$` that begins a name of the query (`?$top=5`) is the query's own.
        """
        for part in url.parts:
            for found in _OTHER_PLACEHOLDER.finditer(part) if isinstance(part, str) else ():
                name = found["name"] or found["plain"]
                expression = name if found["plain"] else found["expression"]
                if name not in known and name not in user_names(self.namespace):
                    continue
                written = url.source.replace(found[0], f"{{{{ {expression} }}}}")
                hint = f"Write  {written}\nTo send it as it stands:  {{{{ {found[0]!r} }}}}"
                raise self.error(url, f"`{found[0]}` is no placeholder, and the notebook has a `{name}`.", hint)

    def settle(
        self, variables: Iterable[Variable], coming: Collection[str] = (), templates: Iterable[Template] = ()
    ) -> dict[str, FileText]:
        """The values of file variables; one that waits for a response is tried again before the next request.

        ``coming`` are the names that the requests give that are still to be sent, ``templates`` what the next of them
        reads: that cannot wait, as a token that is asked for with the one from before.

        Raises
        ------
        RequestError
            A value that waits for nothing cannot be had: ``@key = {{$dotenv KEY}}`` without such a line in ``.env``, or
            a part that the response has not; with the variable's line.
        """
        for variable in variables:
            self.pending[variable.name] = variable
        settled: dict[str, FileText] = {}
        now = {name for template in templates for name in template.names}
        for name, variable in reversed(self.pending.items()):
            now |= variable.value.names if name in now else set()
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
            name in self.pending or name in coming or not (name in settled or name in self.namespace)
            for name in variable.value.needed
        )


def _text_hint(placeholder: Placeholder, value: object) -> str | None:
    """What to write for a value that has no text."""
    expression = placeholder.expression
    if value is None:
        return f"Give it a value, or one in its place:  {{{{ {expression} or '' }}}}"
    if hasattr(value, "response") and hasattr(value, "history"):
        return f'An exchange: name the part of it, such as  {{{{ {expression}.json["id"] }}}}'
    if callable(value) and not isinstance(value, type):
        return f"A function: call it,  {{{{ {expression}() }}}}"
    return f"Write what of it is meant, such as  {{{{ {expression}.name }}}}, or its text,  {{{{ str({expression}) }}}}"


def short(text: str, limit: int = 200) -> str:
    """A text cut to ``limit`` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def fill_json(template: Template, scope: Scope, more: Mapping[str, object] | None = None) -> str:
    """A JSON text with values as JSON, and inside quotes as the content of a string; ``more`` names win."""
    filled: list[str] = []
    quoted = False
    for part in template.parts:
        if isinstance(part, str):
            quoted = inside_quotes(part, quoted)
            filled.append(part)
            continue
        if quoted:
            filled.append(json.dumps(scope.plain(part, more), ensure_ascii=False)[1:-1])
            continue
        value = scope.value(part, more)
        try:
            filled.append(json_text(value))
        except (TypeError, ValueError, RecursionError) as error:
            raise scope.error(part, f"{part}: {error}.") from None
    return "".join(filled)


def fill_form_text(template: Template, scope: Scope) -> str:
    """A text in ``application/x-www-form-urlencoded`` with values encoded so."""
    return "".join(part if isinstance(part, str) else quote_plus(scope.plain(part)) for part in template.parts)


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
        in_origin = "#" not in url and _ORIGIN_OPEN.match(url) is not None
        name = part.expression
        if in_origin and name in APP_NAMES and name not in scope.namespace and name not in scope.pending:
            url += APP_NAMES[name]
            continue
        text = scope.plain(part)
        url += text if in_origin else quote(text, safe="")
    url = loopback_url(url)
    check_origin(url, template)
    if not url.startswith(("/", "?", "http:", "https:")):
        raise scope.error(template, f"`{url}` is not a path: a path begins with a slash.", f"Send it to  /{url}")
    return url


def _dynamic_value(expression: str, names: Mapping[str, object], folder: Path) -> object:
    """The value of ``$guid``, ``$randomInt 1 10`` …; ``folder`` is where ``.env`` is looked for.

    Raises
    ------
    _NoValue
        There is no such variable, its arguments are wrong, or it is not set.
    """
    name, *arguments = expression.strip().split(None, 1)
    rest = arguments[0] if arguments else ""
    name = _BY_LOWER_CASE.get(name.lower(), name)
    if name in {"$guid", "$uuid"}:
        return str(uuid.uuid4())
    if name == "$randomInt":
        return _random_int(rest)
    if name == "$timestamp":
        return int(_moment(rest, UTC, "$timestamp").timestamp())
    if name in {"$datetime", "$localDatetime"}:
        return _date_text(rest, UTC if name == "$datetime" else None, name)
    if name in {"$processEnv", "$dotenv"}:
        return _environment(name, rest, names, folder)
    raise _NoValue(f"there is no variable {name}.", f"There are: {' '.join(DYNAMIC_NAMES)}")


def _random_int(rest: str) -> int:
    bounds = rest.split()
    try:
        low, high = (int(bounds[0]), int(bounds[1])) if bounds else (0, 1000)
        if len(bounds) > 2 or low >= high:
            raise ValueError
    except (ValueError, IndexError):
        raise _NoValue(
            f"`{rest}` are no bounds.", "Write  {{$randomInt 1 10}}: from 1 up to, not including, 10"
        ) from None
    return random.randrange(low, high)


def _moment(offset: str, zone: timezone | None, name: str) -> datetime:
    now = datetime.now(UTC) if zone else datetime.now().astimezone()
    if not offset:
        return now
    found = _OFFSET.match(offset)
    if not found:
        raise _NoValue(f"`{offset}` is no offset.", f"Write  {{{{{name} -3 h}}}}; units: y Q M w d h m s ms")
    amount, unit = int(found[1]), found[2]
    try:
        if unit in _UNITS:
            return now + timedelta(**{_UNITS[unit]: amount})
        months = now.year * 12 + now.month - 1 + amount * {"y": 12, "Q": 3, "M": 1}[unit]
        year, month = divmod(months, 12)
        return now.replace(year=year, month=month + 1, day=min(now.day, calendar.monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError, calendar.IllegalMonthError):
        raise _NoValue(f"`{offset}` leads out of the calendar.") from None


def _date_text(rest: str, zone: timezone | None, name: str) -> str:
    found = re.match(r"(iso8601|rfc1123|\"[^\"]*\"|'[^']*'|)(?:(?:\A|\s+)([-+]?\d.*))?\Z", rest)
    if not found:
        raise _NoValue(
            f"`{rest}` is no format.", f'Write  {{{{{name} iso8601}}}}, rfc1123, or one such as "YYYY-MM-DD"'
        )
    moment = _moment((found[2] or "").strip(), zone, " ".join(filter(None, (name, found[1]))))
    if found[1] == "rfc1123":
        return format_datetime(moment, usegmt=zone is not None)
    if found[1] == "iso8601":
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    try:
        return date_formats.format_moment(moment, found[1][1:-1] if found[1] else date_formats.DEFAULT)
    except date_formats.FormatError as error:
        raise _NoValue(error.message, error.hint) from None


def _environment(kind: str, rest: str, names: Mapping[str, object], folder: Path) -> str:
    name = rest.strip()
    if name.startswith("%"):
        # REST Client: `%name` is the variable that holds the name.
        name = str(names.get(name[1:], ""))
    if not name:
        raise _NoValue(f"{kind} needs the name of a variable.", f"Write  {{{{{kind} API_KEY}}}}")
    if kind == "$processEnv":
        if name not in os.environ:
            raise _NoValue(f"the environment has no {name}.", f"Set it:  %env {name}=…")
        return os.environ[name]
    place = folder.resolve()
    file = next((file for folder in (place, *place.parents) if (file := folder / ".env").is_file()), None)
    if file is None:
        raise _NoValue(f"there is no file .env in {place.name or place}, nor above it.")
    try:
        values = read_dotenv(file)
    except LoadError as error:
        raise _NoValue(error.message, error.hint) from None
    if name not in values:
        raise _NoValue(f"the file .env has no {name}.", f"It stands in {file.parent.name or file.parent}.")
    return values[name]
