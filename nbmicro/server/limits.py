"""What one client of a server, and all of them together, may ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one client, and all of them together, may ask for.

    Parameters
    ----------
    headers:
        Bytes of request line and headers together; more is answered 431.
    body:
        Bytes of a request's body; more is answered 413 before it is read. Bodies over half a megabyte wait on disk.
    connections:
        Open connections; more wait unaccepted, and slow and idle ones are then closed after ``idle_when_full``.
    head_seconds:
        Time from the first byte of a request to the end of its headers; later is answered 408.
    rate:
        Bytes per second that a body must arrive with, averaged after its first ``head_seconds`` (slower is answered
        408), and that a client must read of an answer, averaged over ``idle`` (slower is cut off).
    idle:
        Seconds a connection is kept open on which nothing moves.
    idle_when_full:
        Used for ``idle`` and ``head_seconds`` when the connections are used up, and for clients that do not read when
        they hold a thread that others wait for.
    threads:
        Requests that are handled at the same time; one whose client does not read its answer does not count.
    """

    headers: int = 64 * 1024
    body: int = 64 * 1024 * 1024
    connections: int = 256
    head_seconds: float = 20.0
    rate: int = 1024
    idle: float = 60.0
    idle_when_full: float = 2.0
    threads: int = 8
