"""What is relied on of waitress, beyond its documentation: a release may break inner classes that are subclassed."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module

import pytest

from nbmicro.server import listener, server

#: Each inner class, with the attributes and methods of it that the listener overrides, calls or reads.
RELIED_ON: dict[str, str] = {
    "channel.HTTPChannel": (
        "logger parser_class task_class error_task_class readable writable handle_read handle_write handle_close recv "
        "close_when_flushed will_close connected total_outbufs_len socket send received write_soon request requests "
        "requests_lock last_activity adj server _flush_exception _flush_some"
    ),
    "parser.HTTPRequestParser": ("parse_header chunked headers headers_finished body_bytes_received error completed"),
    "server.TcpWSGIServer": (
        "logger channel_class maintenance active_channels task_dispatcher add_task run "
        "trigger pull_trigger accepting del_channel socket"
    ),
    "task.ErrorTask": "logger channel execute",
    "task.ThreadedTaskDispatcher": "logger queue_logger queue set_thread_count start_new_thread shutdown add_task",
    "task.WSGITask": "logger",
    "utilities.BadRequest": "code reason",
}
IMPORTED_AS_THEY_ARE = {"adjustments.Adjustments", "channel.ClientDisconnected", "parser.ParsingError"}


def inner(name: str) -> type:
    module, _, attribute = name.partition(".")
    found: type = getattr(import_module(f"waitress.{module}"), attribute)
    return found


@pytest.mark.parametrize("name", RELIED_ON)
def test_waitress_has_what_is_relied_on(name: str) -> None:
    """A method or attribute of the class, or one that it gives its instances."""
    base = inner(name)
    sources = "".join(inspect.getsource(one) for one in base.__mro__ if one.__module__.startswith("waitress"))
    given = set(re.findall(r"self\.(\w+)(?:: [^=\n]+)? = ", sources))
    assert {word for word in RELIED_ON[name].split() if not hasattr(base, word)} <= given


@pytest.mark.parametrize(
    "ours",
    [each for each in vars(listener).values() if inspect.isclass(each) and each.__module__ == listener.__name__],
)
def test_an_overridden_method_takes_what_waitress_gives_it(ours: type) -> None:
    base = ours.__mro__[1]
    for name, method in vars(ours).items():
        if inspect.isfunction(method) and hasattr(base, name) and name != "__init__":
            assert list(inspect.signature(method).parameters) == list(
                inspect.signature(getattr(base, name)).parameters
            ), name


def test_nothing_else_of_waitress_is_used() -> None:
    """Each import of the listener, and each attribute that is read of its classes and not nbmicro's, stands above."""
    tree = ast.parse(inspect.getsource(listener))
    imported = {
        f"{node.module.removeprefix('waitress.')}.{name.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("waitress.")
        for name in node.names
    }
    assert imported == {*RELIED_ON, *IMPORTED_AS_THEY_ARE}
    known = {word for words in RELIED_ON.values() for word in words.split()}
    nbmicros = {
        name
        for each in vars(listener).values()
        if inspect.isclass(each) and each.__module__ == listener.__name__
        for name in (*vars(each), *each.__annotations__)
    } | {"running"}
    used = {
        node.attr
        for each in ast.walk(tree)
        if isinstance(each, ast.ClassDef)
        for node in ast.walk(each)
        if isinstance(node, ast.Attribute)
        and (
            (isinstance(node.value, ast.Name) and node.value.id in {"self", "channel", "request"})
            or (isinstance(node.value, ast.Call) and ast.unparse(node.value) == "super()")
        )
    }
    used |= {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(server)))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in {"listener", "workers", "channel"}
    }
    assert used - nbmicros - known == set()
    overriding = {name for name in nbmicros if any(hasattr(inner(base), name) for base in RELIED_ON)}
    assert {name for name in overriding if not name.startswith("__")} <= known
