"""JSON that gives back the Python type it was given: the text in a session cookie, in Flask's format."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from markupsafe import Markup
from werkzeug.http import http_date, parse_date

from nbmicro.web.json import dumps, loads


class JSONTag:
    """One type with its tag; a subclass says which values are its own and how they are written and read.

    Attributes
    ----------
    key:
        The tag: the one key of the dict that the value is written as. Empty: the value is written without a tag.
    """

    __slots__ = ("serializer",)

    key: str = ""

    def __init__(self, serializer: TaggedJSONSerializer) -> None:
        self.serializer = serializer

    def check(self, value: Any) -> bool:
        """Whether ``value`` is of this type."""
        raise NotImplementedError

    def to_json(self, value: Any) -> Any:
        """A value that JSON can hold, without the tag."""
        raise NotImplementedError

    def to_python(self, value: Any) -> Any:
        """The value again, from what :meth:`to_json` made of it."""
        raise NotImplementedError

    def tag(self, value: Any) -> dict[str, Any]:
        """``value`` as it stands in the text, tag included."""
        return {self.key: self.to_json(value)}


class TagDict(JSONTag):
    """A dict of one item whose key is a tag: two underscores after the key keep them apart."""

    __slots__ = ()
    key = " di"

    def check(self, value: Any) -> bool:
        return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in self.serializer.tags

    def to_json(self, value: Any) -> Any:
        [(name, item)] = value.items()
        return {f"{name}__": self.serializer.tag(item)}

    def to_python(self, value: Any) -> Any:
        [(name, item)] = value.items()
        return {name[:-2]: item}


class PassDict(JSONTag):
    """Any other dict: no tag, but its values may have one."""

    __slots__ = ()

    def check(self, value: Any) -> bool:
        return isinstance(value, dict)

    def to_json(self, value: Any) -> Any:
        tag = self.serializer.tag
        return {name: tag(item) for name, item in value.items()}

    tag = to_json


class TagTuple(JSONTag):
    """A tuple."""

    __slots__ = ()
    key = " t"

    def check(self, value: Any) -> bool:
        return isinstance(value, tuple)

    def to_json(self, value: Any) -> Any:
        return [self.serializer.tag(item) for item in value]

    def to_python(self, value: Any) -> Any:
        return tuple(value)


class PassList(JSONTag):
    """A list: no tag, but its items may have one."""

    __slots__ = ()

    def check(self, value: Any) -> bool:
        return isinstance(value, list)

    def to_json(self, value: Any) -> Any:
        return [self.serializer.tag(item) for item in value]

    tag = to_json


class TagBytes(JSONTag):
    """Bytes, in base 64 (RFC 4648)."""

    __slots__ = ()
    key = " b"

    def check(self, value: Any) -> bool:
        return isinstance(value, bytes)

    def to_json(self, value: Any) -> Any:
        return b64encode(value).decode("ascii")

    def to_python(self, value: Any) -> Any:
        return b64decode(value)


class TagMarkup(JSONTag):
    """Text that is safe as HTML: whatever has ``__html__``. It is read as :class:`markupsafe.Markup`."""

    __slots__ = ()
    key = " m"

    def check(self, value: Any) -> bool:
        return callable(getattr(value, "__html__", None))

    def to_json(self, value: Any) -> Any:
        return str(value.__html__())

    def to_python(self, value: Any) -> Any:
        return Markup(value)


class TagUUID(JSONTag):
    """A UUID, in hexadecimal digits."""

    __slots__ = ()
    key = " u"

    def check(self, value: Any) -> bool:
        return isinstance(value, UUID)

    def to_json(self, value: Any) -> Any:
        return value.hex

    def to_python(self, value: Any) -> Any:
        return UUID(value)


class TagDateTime(JSONTag):
    """A datetime, as an HTTP date: to the second, in UTC."""

    __slots__ = ()
    key = " d"

    def check(self, value: Any) -> bool:
        return isinstance(value, datetime)

    def to_json(self, value: Any) -> Any:
        return http_date(value)

    def to_python(self, value: Any) -> Any:
        return parse_date(value)


_OWN = frozenset({TagDict, PassDict, TagTuple, PassList, TagBytes, TagMarkup, TagUUID, TagDateTime})
_PLAIN = frozenset({str, int, float, bool, type(None)})
"""The types that none of these tags is for."""


class TaggedJSONSerializer:
    """Writes and reads JSON, keeping tuples, bytes, Markup, UUIDs and datetimes what they are."""

    __slots__ = ("_plain", "order", "tags")

    default_tags: ClassVar[list[type[JSONTag]]] = [
        TagDict,
        PassDict,
        TagTuple,
        PassList,
        TagBytes,
        TagMarkup,
        TagUUID,
        TagDateTime,
    ]

    def __init__(self) -> None:
        self.tags: dict[str, JSONTag] = {}
        self.order: list[JSONTag] = []
        self._plain = _PLAIN
        for tag_class in self.default_tags:
            self.register(tag_class)

    def register(self, tag_class: type[JSONTag], force: bool = False, index: int | None = None) -> None:
        """Add a type of your own.

        Parameters
        ----------
        tag_class:
            Its tag.
        force:
            Whether it may take the place of a tag with the same key.
        index:
            Where it is asked, counted from the first; None asks it last.

        Raises
        ------
        KeyError
            The key is taken.
        """
        tag = tag_class(self)
        if tag_class not in _OWN:
            self._plain = frozenset()  # another tag may be for any type
        if tag.key:
            if not force and tag.key in self.tags:
                raise KeyError(f"Tag '{tag.key}' is already registered.")
            self.tags[tag.key] = tag
        if index is None:
            self.order.append(tag)
        else:
            self.order.insert(index, tag)

    def tag(self, value: Any) -> Any:
        """``value`` with tags where JSON alone would lose its type."""
        if type(value) in self._plain:
            return value
        for tag in self.order:
            if tag.check(value):
                return tag.tag(value)
        return value

    def untag(self, value: dict[str, Any]) -> Any:
        """The value that a dict stands for, if its one key is a tag; else the dict."""
        if len(value) == 1:
            [(key, item)] = value.items()
            tag = self.tags.get(key)
            if tag is not None:
                return tag.to_python(item)
        return value

    def dumps(self, value: Any) -> str:
        """Write ``value`` as compact JSON text."""
        return dumps(self.tag(value), separators=(",", ":"))

    def loads(self, value: str | bytes) -> Any:
        """Read what :meth:`dumps` wrote."""
        return self._restore(loads(value))

    def _restore(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.untag({name: self._restore(item) for name, item in value.items()})
        if isinstance(value, list):
            return [self._restore(item) for item in value]
        return value
