"""Hurl's queries of a response, for the checks that plain Python says otherwise: ``response.hurl.header("Vary")``."""

from __future__ import annotations

import base64
import binascii
import html
import ipaddress
import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote

from nbmicro.exchange.json_path import json_path
from nbmicro.http.messages import ResponseRecord

_UUID = re.compile(r"(?:urn:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.I)
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)(\d\d)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.A)
#: No value: the header is not there, the path leads nowhere. (Null is a value.)
_NOTHING = object()


def same_json(one: object, other: object) -> bool:
    """Whether two JSON values are the same: ``true`` is not 1, ``1`` is ``1.0``."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(value, other[name]) for name, value in one.items())
    return isinstance(one, bool) is isinstance(other, bool) and one == other


class HurlValue:
    """What a query found, which may be nothing; it compares as a value of Hurl.

    Every predicate is false of nothing, so that ``not`` in front of it holds; every filter of nothing raises
    LookupError. Of a value of a kind that it does not take, a predicate or filter raises TypeError: such a check fails,
    also behind ``not``.
    """

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: object = _NOTHING) -> None:
        self._value = value

    @property
    def value(self) -> Any:
        """The value in Python; LookupError where there is none."""
        if self._value is _NOTHING:
            raise LookupError("the query finds nothing")
        return self._value

    def __repr__(self) -> str:
        return "nothing" if self._value is _NOTHING else repr(self._value)

    def _as(self, *kinds: type, what: str) -> Any:
        value = self.value
        if type(value) not in kinds:
            raise TypeError(f"{what} was asked of {self!r}")
        return value

    # -- predicates ----------------------------------------------------------------------------------------------

    def exists(self) -> bool:
        """Whether there is a value; null is one."""
        return self._value is not _NOTHING

    def __eq__(self, other: object) -> bool:
        return self.exists() and same_json(self._value, other)

    def __ne__(self, other: object) -> bool:
        return self.exists() and not same_json(self._value, other)

    def __lt__(self, other: object) -> bool:
        return self.exists() and bool(self._ordered(other) < other)

    def __le__(self, other: object) -> bool:
        return self.exists() and bool(self._ordered(other) <= other)

    def __gt__(self, other: object) -> bool:
        return self.exists() and bool(self._ordered(other) > other)

    def __ge__(self, other: object) -> bool:
        return self.exists() and bool(self._ordered(other) >= other)

    def _ordered(self, other: object) -> Any:
        return self._as(*((str,) if isinstance(other, str) else (int, float)), what=f"an order beside {other!r}")

    def starts_with(self, start: str | bytes) -> bool:
        """Whether a text, or bytes, begin so."""
        return self.exists() and bool(self._as(type(start), what="how it begins").startswith(start))

    def ends_with(self, end: str | bytes) -> bool:
        """Whether a text, or bytes, end so."""
        return self.exists() and bool(self._as(type(end), what="how it ends").endswith(end))

    def contains(self, part: object) -> bool:
        """Whether a text or bytes have the part, or a list the element."""
        if type(self._value) is list or not self.exists():
            return self.includes(part)
        return part in self._as(type(part) if isinstance(part, (str, bytes)) else list, what="a part")

    def includes(self, element: object) -> bool:
        """Whether a list has the element."""
        return self.exists() and any(same_json(one, element) for one in self._as(list, what="an element"))

    def matches(self, pattern: str) -> bool:
        """Whether a regular expression of Python matches somewhere in a text."""
        return self.exists() and re.search(pattern, self._as(str, what="a pattern")) is not None

    def is_empty(self) -> bool:
        """Whether a list, an object, a text or bytes are empty."""
        return self.exists() and not self._as(list, dict, str, bytes, what="whether it is empty")

    def is_integer(self) -> bool:
        """Whether it is a number without a point; true and false are none."""
        return type(self._value) is int

    def is_float(self) -> bool:
        """Whether it is a number with a point."""
        return type(self._value) is float

    def is_number(self) -> bool:
        """Whether it is a number; true and false are none."""
        return type(self._value) in {int, float}

    def is_boolean(self) -> bool:
        """Whether it is true or false."""
        return type(self._value) is bool

    def is_string(self) -> bool:
        """Whether it is a text."""
        return type(self._value) is str

    def is_list(self) -> bool:
        """Whether it is a list, or bytes."""
        return type(self._value) in {list, bytes}

    def is_object(self) -> bool:
        """Whether it is an object."""
        return type(self._value) is dict

    def is_collection(self) -> bool:
        """Whether it is a list, an object, or bytes."""
        return type(self._value) in {list, dict, bytes}

    def is_date(self) -> bool:
        """Whether it is a date, as a cookie's ``Expires`` is; a text is none."""
        return type(self._value) is datetime

    def is_iso_date(self) -> bool:
        """Whether a text is a date and time of RFC 3339."""
        if not self.exists():
            return False
        found = _RFC3339.fullmatch(self._as(str, what="whether it is a date"))
        try:
            # A leap second is a time of RFC 3339, and none of Python's.
            return found is not None and bool(
                datetime.fromisoformat(f"{found[1]}T{found[2]}{'59' if found[3] == '60' else found[3]}")
            )
        except ValueError:
            return False

    def is_uuid(self) -> bool:
        """Whether a text is a UUID (RFC 9562)."""
        if not self.exists():
            return False
        text: str = self._as(str, what="whether it is a UUID")
        return _UUID.fullmatch(text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text) is not None

    def is_ipv4(self) -> bool:
        """Whether a text is an IPv4 address."""
        return self.exists() and _is_address(ipaddress.IPv4Address, self._as(str, what="whether it is an address"))

    def is_ipv6(self) -> bool:
        """Whether a text is an IPv6 address, without a zone."""
        return self.exists() and _is_address(ipaddress.IPv6Address, self._as(str, what="whether it is an address"))

    # -- filters -------------------------------------------------------------------------------------------------

    def count(self) -> HurlValue:
        """How many elements a list has, or how many bytes there are."""
        return HurlValue(len(self._as(list, bytes, what="how many they are")))

    def nth(self, index: int) -> HurlValue:
        """The element of a list, from its end where the index is below 0."""
        return HurlValue(self._as(list, what="an element")[index])

    def first(self) -> HurlValue:
        """The first element of a list."""
        return self.nth(0)

    def last(self) -> HurlValue:
        """The last element of a list."""
        return self.nth(-1)

    def split(self, separator: str) -> HurlValue:
        """The parts of a text."""
        return HurlValue(self._as(str, what="its parts").split(separator))

    def replace(self, old: str, new: str) -> HurlValue:
        """A text with another in place of each ``old``."""
        return HurlValue(self._as(str, what="a replacement").replace(old, new))

    def regex(self, pattern: str) -> HurlValue:
        """The first group of a regular expression of Python in a text; nothing where it does not match."""
        found = re.search(pattern, self._as(str, what="a pattern"))
        return HurlValue() if found is None or not found.re.groups or found[1] is None else HurlValue(found[1])

    def jsonpath(self, path: str) -> HurlValue:
        """What stands at a path of names and indexes, ``$.a[0]``, of a text that is JSON.

        Raises ValueError for a text that is none, and for a path of more than names and indexes.
        """
        value = json.loads(self._as(str, what="a JSONPath"), parse_constant=_no_number)
        steps = json_path(path)
        if steps is None:
            raise ValueError(f"{path} is more JSONPath than is read here")
        for step in steps:
            is_there = isinstance(value, dict) and step in value
            if isinstance(value, list) and isinstance(step, int):
                is_there = -len(value) <= step < len(value)
            if not is_there:
                return HurlValue()
            value = value[step]
        return HurlValue(value)

    def to_int(self) -> HurlValue:
        """A number, or a text that is one, as an integer."""
        value = self._as(int, float, str, what="an integer")
        if isinstance(value, str) and not re.fullmatch(r"[+-]?[0-9]+", value):
            raise TypeError(f"an integer was asked of {self!r}")
        return HurlValue(self._small(int(value)))

    def to_float(self) -> HurlValue:
        """A number, or a text that is one, as a float."""
        value = self._as(int, float, str, what="a float")
        if isinstance(value, str) and not re.fullmatch(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", value):
            raise TypeError(f"a float was asked of {self!r}")
        return HurlValue(float(self._small(value)))

    def _small(self, value: Any) -> Any:
        """A number that has room in 64 bits, if it is an integer."""
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise TypeError(f"{self!r} is too large to be another kind of number")
        return value

    def to_string(self) -> HurlValue:
        """A text, a number, true, false or null as a text."""
        value = self._as(str, int, float, bool, type(None), what="a text")
        return HurlValue(value if isinstance(value, str) else json.dumps(value))

    def to_hex(self) -> HurlValue:
        """Bytes in hexadecimal."""
        return HurlValue(self._as(bytes, what="hexadecimal").hex())

    def base64_encode(self) -> HurlValue:
        """Bytes in base64."""
        return HurlValue(base64.b64encode(self._as(bytes, what="base64")).decode())

    def base64_decode(self) -> HurlValue:
        """The bytes of a text in base64; ValueError where it is not."""
        return HurlValue(binascii.a2b_base64(self._as(str, what="base64"), strict_mode=True))

    def url_encode(self) -> HurlValue:
        """A text, percent-encoded, slashes apart."""
        return HurlValue(quote(self._as(str, what="percent-encoding"), safe="/"))

    def url_decode(self) -> HurlValue:
        """A text without percent-encoding."""
        return HurlValue(unquote(self._as(str, what="percent-encoding")))

    def html_escape(self) -> HurlValue:
        """A text with HTML's references for what HTML would read."""
        return HurlValue(html.escape(self._as(str, what="HTML")).replace("&#x27;", "'"))

    def html_unescape(self) -> HurlValue:
        """A text without HTML's references."""
        return HurlValue(html.unescape(self._as(str, what="HTML")))


class HurlQueries:
    """Hurl's queries of a response; each gives a :class:`HurlValue`.

    Parameters
    ----------
    response:
        The response that is asked.
    """

    __slots__ = ("_response",)

    def __init__(self, response: ResponseRecord) -> None:
        self._response = response

    def status(self) -> HurlValue:
        """The status code."""
        return HurlValue(self._response.status)

    def header(self, name: str) -> HurlValue:
        """The value of a header; a list where it comes more than once."""
        values = self._response.headers.getlist(name)
        return HurlValue(values if len(values) > 1 else values[0]) if values else HurlValue()

    def cookie(self, name: str) -> HurlValue:
        """The value of a cookie that the response sets; ``"sid[Path]"`` is an attribute of it.

        ``Secure`` and ``HttpOnly`` have no value: they are there or not. ``Max-Age`` is a number, ``Expires`` a date.
        """
        found = re.fullmatch(r"(.*?)(?:\[([A-Za-z-]+)\])?", name, re.S)
        wanted, attribute = found.groups() if found else (name, None)
        for line in self._response.headers.getlist("Set-Cookie"):
            pair, *rest = line.split(";")
            written, equals, value = pair.partition("=")
            if equals and written.strip() == wanted:
                attributes = {key.strip().lower(): text for key, _, text in (part.partition("=") for part in rest)}
                return HurlValue(value.strip()) if attribute in (None, "Value") else _attribute(attributes, attribute)
        return HurlValue()

    def body(self) -> HurlValue:
        """The body as text."""
        return HurlValue(self._response.text)

    def bytes(self) -> HurlValue:
        """The body as bytes."""
        return HurlValue(self._response.body.bytes)

    def jsonpath(self, path: str) -> HurlValue:
        """What stands at a path of names and indexes, ``$.a[0]``, of a body that is JSON, whatever its media type.

        Raises ValueError for a body that is none.
        """
        return self.body().jsonpath(path)

    def regex(self, pattern: str) -> HurlValue:
        """The first group of a regular expression of Python in the body; nothing where it does not match."""
        return self.body().regex(pattern)


class _Flag:
    """The value of an attribute that has none."""

    def __repr__(self) -> str:
        return "there, without a value"


def _attribute(attributes: dict[str, str], name: str) -> HurlValue:
    text = attributes.get(name.lower())
    if text is None:
        return HurlValue()
    if name in {"Secure", "HttpOnly"}:
        return HurlValue(_Flag())
    if name == "Max-Age":
        return HurlValue(int(text)) if re.fullmatch(r"[+-]?[0-9]+", text) else HurlValue()
    return HurlValue(parsedate_to_datetime(text.replace("-", " ")) if name == "Expires" else text)


def _is_address(kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return "%" not in text


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")
