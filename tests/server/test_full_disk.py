"""A temporary folder that is full is an error at once: no client waits, and small requests are answered as ever."""

from __future__ import annotations

import errno
import http.client
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nbmicro
from nbmicro.server.server import BackgroundServer
from tests.support.asking import ask

LARGE = b"x" * 3_000_000
FORM = (
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + b"x" * 900_000 + b"\r\n--b--\r\n",
    {"Content-Type": "multipart/form-data; boundary=b"},
)

CHUNKED = (b"%x\r\n%s\r\n0\r\n\r\n" % (len(LARGE), LARGE), {"Transfer-Encoding": "chunked"})


class Full:
    """A temporary file on a full disk: it can be made, and not be written."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def __del__(self) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.fixture(params=["no file can be made", "no file can be written"])
def full_folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tempfile.TemporaryFile

    def make(*args: Any, **options: Any) -> Any:
        if request.param == "no file can be made":
            raise OSError(errno.ENOSPC, "No space left on device")
        return Full(real())

    monkeypatch.setattr(tempfile, "TemporaryFile", make)


@pytest.fixture
def server(serve: Callable[..., BackgroundServer], full_folder: None) -> Iterator[BackgroundServer]:
    app = nbmicro.App("full")

    @app.get("/large")
    def large() -> bytes:
        return LARGE

    @app.post("/upload")
    def upload() -> str:
        return str(len(nbmicro.request.get_data()))

    server = serve(app)
    yield server
    status, _, body = ask(server.port, "/upload", method="POST", body=b"small")
    assert (status, body) == (200, b"5")


def test_a_large_response_that_no_one_reads_yet_is_cut_off(server: BackgroundServer) -> None:
    begin = time.monotonic()
    try:
        # A client that is quick enough has it all.
        status, _, body = ask(server.port, "/large")
        assert (status, body) == (200, LARGE)
    except (http.client.IncompleteRead, ConnectionError):
        pass
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize(("body", "headers"), [(LARGE, {}), FORM, CHUNKED], ids=["plain", "form", "chunked"])
def test_a_large_request_is_answered_with_507(server: BackgroundServer, body: bytes, headers: dict[str, str]) -> None:
    status, _, answer = ask(server.port, "/upload", method="POST", body=body, headers=headers)
    assert status == 507
    assert b"No space left on device" in answer
