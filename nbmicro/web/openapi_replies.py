"""What the type hint of a handler says of its replies: ``-> Book | tuple[Problem, Literal[404]]``."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

__all__ = ["replies_of"]


def replies_of(hint: Any) -> Iterator[tuple[int | None, Any]]:
    """The types of the bodies that a hint names, each with its status; None where that is not said.

    ``tuple[Book, Literal[201]]`` is a Book with 201, ``tuple[Book, int]`` and a Book alone have any good status; beside
    a tuple a Book alone has 200. A handler that answers None fails, so None is no body.
    """
    members = _members(hint)
    some_are_tuples = any(_is_reply(one) for one in members) and len(members) > 1
    for member in members:
        if _is_reply(member):
            body, *rest = typing.get_args(member)
            statuses = [status for one in rest for status in _statuses(one)]
            for kind in _members(body):
                for status in statuses:
                    yield status, kind
                if not statuses:
                    yield None, kind
        elif member not in (Any, object) and not (isinstance(member, type) and issubclass(member, tuple)):
            yield (200 if some_are_tuples else None), member


def _members(hint: Any) -> list[Any]:
    """The types of a union, without None; of another type itself."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [one for member in typing.get_args(hint) for one in _members(member)]
    return [] if hint in (None, type(None)) else [hint]


def _is_reply(hint: Any) -> bool:
    """Whether a tuple is body, status and headers, and no tuple that is sent."""
    args = typing.get_args(hint)
    return typing.get_origin(hint) is tuple and 1 <= len(args) <= 3 and Ellipsis not in args


def _statuses(hint: Any) -> list[int]:
    if typing.get_origin(hint) is not typing.Literal:
        return []
    return [one for one in typing.get_args(hint) if isinstance(one, int) and 100 <= one < 600]
