"""A request of the notebook as the call of a client, and what is expected of its answer as assertions."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from nbmicro.errors import RequestError
from nbmicro.export.cell_text import Unwritable, read_in, renamed
from nbmicro.export.literals import Code, call, json_value, literal, quoted, text_value, url_value
from nbmicro.http.body import NotTextError, text_of_file
from nbmicro.http.media_types import FORM, JSON, MULTIPART_FORM, is_json, is_multipart, media_type_of
from nbmicro.http.methods import CLIENT_METHODS
from nbmicro.language.address import is_loopback_url
from nbmicro.language.items import JSON_KINDS
from nbmicro.language.lines import RESPONSE_NAMES
from nbmicro.language.nested_keys import NestedKeyError, Step, nested_key, put
from nbmicro.language.options import LINE_OPTIONS, Options
from nbmicro.language.sections import SECTIONS, Pairs, sections_sent
from nbmicro.language.syntax import BodySource, Capture, Check, FilePart, Item, Pair, Request
from nbmicro.language.template import Placeholder, Template, parse_template, place_at, reference_in
from nbmicro.runner.fill import APP_NAMES

_ORIGIN = re.compile(r"https?://[^/?#]+(?=/|\Z)")
_DYNAMIC = {"$guid": "uuid.uuid4()", "$uuid": "uuid.uuid4()", "$timestamp": "int(time.time())"}

FOLDER = "test_files"
#: Columns of a text that stands in the test, and bytes of a file that goes along.
_INLINE = 60
_MOST = 1_000_000


class RequestText:
    """Requests as Python text.

    Parameters
    ----------
    app:
        The expression of the app.
    names:
        Gives, for the names a text reads, how each is written in the test; Unwritable for one that is unknown.
    files:
        Writes the files that are sent.
    """

    def __init__(self, app: str, names: Callable[[Iterable[str]], Mapping[str, str]], files: SentFiles) -> None:
        self._app = app
        self._names = names
        self._files = files

    # -- the request ---------------------------------------------------------------------------------------------

    def call(self, request: Request, line: Options, taken: int = 0) -> str:
        """The call of a request, whose magic has the options ``line``."""
        options = request.options.over(line)
        if request.keeps_method and options.follow:
            raise Unwritable(f"its redirects keep the method {request.method}, as curl's do behind -X")
        bodies = {section.body for section, _ in sections_sent(request)}
        parts: dict[str, Any] = {}
        if request.headers:
            parts["headers"] = [
                (self._text(pair.name), self._header_text(pair.value, request)) for pair in request.headers
            ]
        self._sections(parts, request, bodies=False)
        self._items(parts, request.items, is_form=options.form or "form" in bodies)
        self._sections(parts, request, bodies=True)
        if request.body is not None:
            self._body(parts, request.body, is_exact=request.is_curl)
        for option in LINE_OPTIONS:
            value = getattr(options, option.field or "", None)
            if option.argument is not None and value not in (None, False):
                parts[option.argument] = text_value(value, self.expression) if isinstance(value, Template) else value
        client = "client" if options.cookies is not False else f"Client({self._app})"
        return self._call(request.method, request.url, parts, taken, client)

    def _header_text(self, value: Template, request: Request) -> Code:
        if request.is_curl and value.is_literal and not value.literal.isascii():
            # In bytes it is UTF-8, which a WSGI app sees as Latin-1 (PEP 3333).
            return Code(quoted(value.literal.encode("utf-8", "surrogateescape").decode("latin-1")))
        return self._text(value)

    def _call(self, method: str, url: Template, parts: dict[str, Any], taken: int, client: str = "client") -> str:
        arguments: list[tuple[str, Any]] = [("", url_value(_without_origin(url), self.expression))]
        if method not in CLIENT_METHODS:
            arguments.insert(0, ("", method))
        function = f"{client}.{method.lower() if method in CLIENT_METHODS else 'open'}"
        first = ("query", "headers", "json", "data", "files")
        for name in (*first, *(name for name in parts if name not in first)):
            if name in parts:
                arguments.append((name, _as_dict(parts[name]) if name != "json" else parts[name]))
        return call(function, arguments, taken)

    def _sections(self, parts: dict[str, Any], request: Request, *, bodies: bool) -> None:
        """Add the pairs of sections: of those that are bodies, or of the others."""
        for section, pairs in sections_sent(request):
            if (section.body is not None) != bodies:
                continue
            if section.body == "multipart":
                self._multipart(parts, pairs)
                continue
            for pair in pairs:
                parts.setdefault(section.argument, []).append((self._text(pair.name), self._text(pair.value)))

    def _multipart(self, parts: dict[str, Any], pairs: Pairs) -> None:
        """The parts of a form in their order: plain fields are data where they come first, and else files without a
        name, as the client has them."""
        headers = parts.get("headers", [])
        for header in [header for header in headers if _is_content_type(header)]:
            if not header[1].strip("\"'").lower().startswith(MULTIPART_FORM):
                raise Unwritable(f"its form is sent as {header[1]}")
            # The client writes the type, with the boundary.
            headers.remove(header)
        if not headers:
            parts.pop("headers", None)
        has_file = any(isinstance(pair, FilePart) and not pair.is_text for pair in pairs)
        for pair in pairs:
            name = self._text(pair.name)
            if type(pair) is Pair and has_file and "files" not in parts:
                parts.setdefault("data", []).append((name, self._text(pair.value)))
            else:
                parts.setdefault("files", []).append((name, self._part(pair)))

    def _part(self, pair: Pair | FilePart) -> Any:
        """A part of a form as the value of ``files=``."""
        if isinstance(pair, FilePart) and not pair.is_text and pair.filename is None:
            return self._files.upload(pair.value, None, pair.content_type)
        filename = getattr(pair, "filename", None)
        shown: str | None = None if filename is None else self._text(filename)
        if isinstance(pair, FilePart):
            content = self._files.content(pair.value, as_path=True)
            default = None if pair.is_text else "application/octet-stream"
            shown = shown or (None if pair.is_text else self._files.read(pair.value)[0].name)
        else:
            content, default = text_value(pair.value, self.expression), None
        media_type = getattr(pair, "content_type", None) or default
        if shown is not None and media_type is None:
            raise Unwritable(f"its part {pair.name.source} has a file's name and no type")
        return (shown, content, media_type) if media_type else (shown, content)

    def _items(self, parts: dict[str, Any], items: tuple[Item, ...], *, is_form: bool) -> None:
        is_form = is_form or any(item.kind == "upload" for item in items)
        data: list[tuple[Any, Any]] = []
        json: Any = None
        for item in items:
            if item.kind in JSON_KINDS and not is_form:
                json = self._with_json(json, item)
                continue
            name = self._text(item.name)
            if item.kind in ("header", "empty_header"):
                parts.setdefault("headers", []).append((name, self._text(item.value)))
            elif item.kind == "query":
                parts.setdefault("query", []).append((name, self._text(item.value)))
            elif item.kind in ("header_file", "query_file"):
                argument = "headers" if item.kind == "header_file" else "query"
                parts.setdefault(argument, []).append((name, self._files.text(item.value, ends=False)))
            elif item.kind == "upload":
                parts.setdefault("files", []).append((name, self._upload(item.value)))
            elif "files" in parts:
                # Behind a file it stands among the files, so that the order stays.
                parts["files"].append((name, (None, self._form_value(item, loose=False))))
            else:
                data.append((name, self._form_value(item)))
        if data:
            parts["data"] = data
        if json is not None:
            parts["json"] = json

    def _with_json(self, root: Any, item: Item) -> Any:
        """The JSON of the items before it, with the value of an item where its name says."""
        try:
            steps = nested_key(item.name)
            if any(step.kind == "filled" for step in steps):
                raise Unwritable(f"whether {item.name.source} is an index or a name is known only when it runs")
            places = [self._place(step) for step in steps]
            return put(root, places, self._value(item))
        except NestedKeyError as error:
            raise Unwritable(f"`{item.name.source}` names no place in its JSON: {error}") from error

    def _place(self, step: Step) -> str | int | None:
        if step.kind != "key":
            return int(step.name.literal) if step.kind == "index" else None
        return step.name.literal if step.name.is_literal else text_value(step.name, self.expression)

    def _value(self, item: Item, *, loose: bool = False) -> Any:
        if item.kind == "text":
            return text_value(item.value, self.expression, loose=loose)
        return self._files.text(item.value) if item.kind == "text_file" else self._json_item(item)

    def _form_value(self, item: Item, *, loose: bool = True) -> Any:
        value = self._value(item, loose=loose)
        return value if isinstance(value, str) else json.dumps(value)

    def _json_item(self, item: Item) -> Any:
        source = item.value
        if item.kind == "json_file":
            source = Template("", (self._files.read_text(source),))
        return self._json(source, f"`{item.value.source}` is not JSON")

    def _upload(self, value: Template) -> Any:
        """A file with its parameters: ``a.png;type=image/png;filename=b.png``."""
        if not value.is_literal:
            raise Unwritable(f"the name of its file, {value.source}, is known only when it runs")
        path, *parameters = re.split(r";(?=(?:type|filename)=)", value.literal)
        given = dict(parameter.split("=", 1) for parameter in parameters)
        return self._files.upload(path, given.get("filename"), given.get("type"))

    def _exact(self, body: BodySource, parts: dict[str, Any]) -> Any:
        """What curl sends to the byte."""
        content = body.content
        if body.kind == "file":
            return self._files.content(content)
        if body.kind == "data_file":
            return self._files.content(content, without_breaks=True)
        if content.is_literal:
            return _text_or_bytes(content.literal.encode("utf-8", "surrogateescape"))
        given = next((header[1] for header in parts.get("headers", []) if _is_content_type(header)), "")
        media_type = media_type_of(given.strip("\"'"))
        if media_type == FORM or is_json(media_type):
            raise Unwritable(f"its body is {media_type} with placeholders")
        return text_value(content, self.expression)

    def _body(self, parts: dict[str, Any], body: BodySource, *, is_exact: bool = False) -> None:
        if body.kind in ("exact", "data_file") or (body.kind == "file" and is_exact):
            parts["data"] = self._exact(body, parts)
            return
        headers = parts.get("headers", [])
        given = next((str(value) for name, value in headers if name.strip("\"'").lower() == "content-type"), None)
        if body.kind in ("file", "template_file"):
            guessed = mimetypes.guess_type(body.content.source)[0]
            if given is None and guessed is not None:
                headers = parts.setdefault("headers", [])
                headers.append((Code('"Content-Type"'), Code(quoted(guessed))))
                given = quoted(guessed)
            if body.kind == "file" and not is_json(media_type_of((guessed or given or "").strip("\"'"))):
                parts["data"] = self._files.content(body.content)
                return
            text = self._files.read_text(body.content)
            body = BodySource("text", self._content(text, body.kind == "template_file"))
        plain_type = media_type_of((given or "").strip("\"'"))
        as_json = is_json(plain_type) if given else body.kind == "json" or body.info == "json"
        if as_json:
            try:
                parts["json"] = json_value(body.content, self.expression)
            except ValueError:
                pass
            else:
                if plain_type == JSON:
                    parts["headers"] = [one for one in headers if one[0].strip("\"'").lower() != "content-type"]
                    if not parts["headers"]:
                        del parts["headers"]
                return
        if is_multipart(plain_type):
            raise Unwritable("it sends multipart/form-data")
        if not body.content.is_literal and plain_type == FORM:
            raise Unwritable("its body is a form with placeholders")
        if given is None:
            parts.setdefault("headers", []).append((Code('"Content-Type"'), Code('"text/plain; charset=utf-8"')))
        parts["data"] = text_value(body.content, self.expression)

    def _content(self, text: str, has_placeholders: bool) -> Template:
        """The text of a file as a template."""
        try:
            return parse_template(text, place_at(text, 1, 1)) if has_placeholders else Template(text, (text,))
        except RequestError as error:
            raise Unwritable(f"its file cannot be read: {error.message}") from error

    def _json(self, content: Template, otherwise: str) -> Any:
        try:
            return json_value(content, self.expression)
        except ValueError as error:
            raise Unwritable(otherwise) from error

    # -- expressions ---------------------------------------------------------------------------------------------

    def _text(self, template: Template) -> Code:
        return text_value(template, self.expression, loose=True)

    def expression(self, placeholder: Placeholder) -> str:
        """The Python of a placeholder, with the names of the test."""
        text = placeholder.expression.strip()
        if text.startswith("$"):
            bounds = re.fullmatch(r"\$randomInt (\d+) (\d+)", text)
            if bounds:
                return f"random.randrange({bounds[1]}, {bounds[2]})"
            if text in _DYNAMIC:
                return _DYNAMIC[text]
            raise Unwritable(f"{placeholder} is a variable of another tool")
        reference = reference_in(text)
        if reference is None:
            return self.python(text)
        name = self._names([reference.name])[reference.name]
        side = f"{name}.request" if reference.of_request else name
        if reference.header is not None:
            return f"{side}.headers[{quoted(reference.header)}]"
        if reference.path == "*":
            return f"{side}.text"
        if reference.steps is None:
            raise Unwritable(f"{placeholder} is more JSONPath than nbmicro reads")
        steps = (quoted(one) if isinstance(one, str) else one for one in reference.steps)
        return f"{side}.json" + "".join(f"[{step}]" for step in steps)

    def python(self, text: str, answer: str | None = None) -> str:
        """A Python expression with the names of the test; with ``answer``, that response's names are its own."""
        own: dict[str, str] = {}
        if answer is not None:
            own = {name: answer if name == "response" else f"{answer}.{name}" for name in RESPONSE_NAMES}
        names = self._names(read_in(text) - own.keys())
        return renamed(text, {**names, **own})

    # -- the answer ----------------------------------------------------------------------------------------------

    def expectations(self, request: Request, answer: str) -> list[str]:
        """The assertions and captures of a request, in order."""
        lines: list[str] = []
        if request.status is not None and request.status.code is not None:
            lines.append(f"assert {answer}.status == {request.status.code}")
        lines += [self._header(pair.name.source, pair.value, answer) for pair in request.expected_headers]
        if request.expected_body is not None:
            lines.append(self._expected_body(request.expected_body, answer))
        for section in SECTIONS.values():
            if section.side == "response":
                lines += [self._expectation(entry, answer) for entry in getattr(request, section.field)]
        return lines

    def _expectation(self, entry: Capture | Check, answer: str) -> str:
        """What a line of ``[Captures]`` or ``[Asserts]`` is in Python."""
        text = self.python(entry.expression, answer)
        if isinstance(entry, Capture):
            return f"{entry.name} = {text}"
        comment = f"  # {entry.message}" if entry.message else ""
        return f"assert ({text}){comment}" if "\n" in text else f"assert {text}{comment}"

    def _header(self, name: str, value: Template, answer: str) -> str:
        expected = text_value(value, self.expression)
        came = f"{answer}.headers[{quoted(name)}]"
        if name.lower() == "content-type" and ";" not in value.source:
            came += '.partition(";")[0]'
        return f"assert {came} == {expected}"

    def _expected_body(self, body: BodySource, answer: str) -> str:
        if body.kind == "json":
            value = self._json(body.content, "the body it expects is not JSON")
            return f"assert {answer}.json == {literal(value, 4)}"
        return f'assert {answer}.text.removesuffix("\\n") == {text_value(body.content, self.expression)}'


def _without_origin(url: Template) -> Template:
    """A URL without the variable for the app's own origin that other tools put before it."""
    parts = list(url.parts)
    while parts and isinstance(parts[0], Placeholder) and parts[0].expression in APP_NAMES:
        parts = parts[2:] if parts[1:2] == [":"] else parts[1:]
    if parts and parts[0] in ("http://", "https://"):
        return _without_origin(Template(url.source, tuple(parts[1:])))
    origin = _ORIGIN.match(parts[0]) if parts and isinstance(parts[0], str) else None
    if origin is not None and is_loopback_url(origin[0]):
        parts[0] = str(parts[0])[origin.end() :] or "/"
    return Template(url.source, tuple(parts) or ("/",))


def _as_dict(pairs: Any) -> Any:
    """Pairs as a dict, where no name comes twice."""
    if not isinstance(pairs, list):
        return pairs
    names = [name for name, _ in pairs]
    return dict(pairs) if len(set(names)) == len(names) else pairs


# -- the files it sends ----------------------------------------------------------------------------------------------


class SentFiles:
    """The files of one suite of tests.

    Parameters
    ----------
    folder:
        Where the requests look for them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: Those that go along, by their path from the test's folder.
        self.copied: dict[str, bytes] = {}

    def read(self, path: Template | str) -> tuple[Path, bytes]:
        """The path of a file and its bytes; Unwritable where there is none, or too much of it."""
        if isinstance(path, Template):
            if not path.is_literal:
                raise Unwritable(f"the name of its file, {path.source}, is known only when it runs")
            path = path.literal
        place = self.folder / Path(path.strip()).expanduser()
        try:
            if place.stat().st_size > _MOST:
                raise Unwritable(f"it sends {place.name}, a file of more than 1 MB")
            return place, place.read_bytes()
        except (OSError, ValueError):
            raise Unwritable(f"it sends the file {path.strip()}, which is not there") from None

    def upload(self, path: Template | str, filename: str | None, media_type: str | None) -> Any:
        """A file as the value of ``files=``."""
        place, content = self.read(path)
        text = _short_text(content)
        name = filename or place.name
        if text is not None:
            return (name, text, media_type) if media_type else (name, text)
        beside = self._beside(place, content)
        if media_type:
            return (name, beside, media_type)
        return beside if name == place.name else (name, beside)

    def read_text(self, path: Template) -> str:
        """What a file says, as the client's own reading has it."""
        place, content = self.read(path)
        try:
            return text_of_file(content)
        except NotTextError as error:
            raise Unwritable(f"its file {place.name} {error}") from error

    def text(self, path: Template, *, ends: bool = True) -> Any:
        """What a file says as an expression; without ``ends`` the line breaks at its end are left out."""
        text = self.read_text(path) if ends else self.read_text(path).rstrip("\n")
        if len(quoted(text)) <= _INLINE:
            return text
        # As bytes, so that a line break stays what it is.
        place, _ = self.read(path)
        return Code(f"{self._beside(place, text.encode())}.read_bytes().decode()")

    def content(self, path: Template, *, as_path: bool = False, without_breaks: bool = False) -> Any:
        """The bytes of a file, or the text that they are; ``as_path`` where a path does for them."""
        place, content = self.read(path)
        if without_breaks:
            if b"\0" in content or re.search(rb"\r(?!\n|\Z)", content):
                raise Unwritable(f"curl cuts its file {place.name} at zero bytes and carriage returns")
            content = content.replace(b"\r\n", b"").replace(b"\n", b"").replace(b"\r", b"")
        text = _short_text(content)
        if text is not None:
            return text
        beside = self._beside(place, content)
        return beside if as_path else Code(f"{beside}.read_bytes()")

    def _beside(self, place: Path, content: bytes) -> Code:
        name, number = place.name, 1
        while self.copied.get(f"{FOLDER}/{name}", content) != content:
            number += 1
            name = f"{place.stem}_{number}{place.suffix}"
        self.copied[f"{FOLDER}/{name}"] = content
        return Code(f"Path(__file__).with_name({quoted(FOLDER)}).joinpath({quoted(name)})")


def _is_content_type(header: tuple[str, str]) -> bool:
    return header[0].strip("\"'").lower() == "content-type"


def _text_or_bytes(content: bytes) -> str | bytes:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


def _short_text(content: bytes) -> str | None:
    """The text that a file is, where it fits into a line of the test; None for any other."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return (
        text if len(quoted(text)) <= _INLINE and all(char.isprintable() or char in "\n\r\t" for char in text) else None
    )
