"""A JupyterLab server of the tests' own: its own folders, port and token; nothing of the user's is read or written."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

__all__ = ["LabServer"]

# No news, no update check, no virtual scrolling: what is on the page then depends on the notebook alone.
_SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "checkForUpdates": False,
        "doNotDisturbMode": True,
        "fetchNews": "false",
    },
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/codemirror-extension/plugin": {"defaultConfig": {"autoClosingBrackets": False}},
}


class LabServer:
    """A running JupyterLab on `folder`; `scratch` holds its configuration, its signatures and its log.

    A server with another `scratch` trusts no notebook that this one has signed. With a `prefix` (``/user/ada/``) it
    is one that JupyterHub or Binder has started for a user, as far as it and its kernels can tell.
    """

    def __init__(self, folder: Path, scratch: Path, *, prefix: str = "/", startup_timeout: float = 180.0) -> None:
        self.folder = folder
        self.log = scratch / "lab.log"
        self._scratch = scratch
        self._timeout = startup_timeout
        self.token = secrets.token_hex(16)
        self.port = _free_port()
        self.prefix = prefix
        self.url = f"http://127.0.0.1:{self.port}{prefix.rstrip('/')}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it answers; its log is in the error when it does not."""
        variables = {**os.environ, "JUPYTER_PLATFORM_DIRS": "0"}
        for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
            variables[f"JUPYTER_{name}"] = str(self._folder(name.lower()))
        for name in ("SETTINGS_DIR", "WORKSPACES_DIR"):
            variables[f"JUPYTERLAB_{name}"] = str(self._folder(name.lower()))
        variables["IPYTHONDIR"] = str(self._folder("ipython"))
        if self.prefix != "/":
            variables["JUPYTERHUB_SERVICE_PREFIX"] = self.prefix
        for plugin, settings in _SETTINGS.items():
            file = self._scratch / "settings_dir" / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(settings), "utf-8")
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
            f"--port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.folder}",
            f"--ServerApp.base_url={self.prefix}",
            f"--IdentityProvider.token={self.token}",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.news_url=None",
        ]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=variables, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and the kernels it started."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._process = None

    def get(self, path: str, *, timeout: float = 30.0) -> bytes:
        """The body of a page of the server, asked for with its token."""
        request = urllib.request.Request(f"{self.url}{path}", headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            body: bytes = answer.read()
        return body

    def _folder(self, name: str) -> Path:
        folder = self._scratch / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                self.get("/api/status")
                return
            except (urllib.error.URLError, OSError) as error:
                ended = self._process is None or self._process.poll() is not None
                if ended or time.monotonic() > deadline:
                    tail = self.log.read_text("utf-8", "replace")[-3000:]
                    raise AssertionError(f"JupyterLab did not start ({error}). Its log ends:\n{tail}") from error
            time.sleep(0.1)  # between two questions to a server that is not up yet


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
