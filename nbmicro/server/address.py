"""The URL under which the user's own browser reaches a port of this machine, and the note that goes with it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from urllib.parse import quote, urlsplit

_OVERRIDE = "NBMICRO_BROWSER_URL"
# What a server is bound to that listens on all addresses of the machine.
_ALL = ("", "0.0.0.0", "::")


@dataclass(frozen=True)
class Address:
    """Where a browser finds the server.

    Parameters
    ----------
    url:
        What to open: absolute, or beginning with ``/`` where only the browser knows the host (a hub).
    route:
        How the request gets there: ``override``, ``colab``, ``codespaces``, ``vscode-proxy``, ``hub``, ``jupyter`` or
        ``direct``.
    note:
        What the user must know to open or share it; empty when there is nothing to know.
    """

    url: str
    route: str
    note: str = ""


def browser_url(
    port: int,
    path: str = "/",
    *,
    environ: Mapping[str, str],
    host: str = "127.0.0.1",
    servers: Sequence[Mapping[str, object]] = (),
    has_server_proxy: bool = False,
    colab: bool = False,
) -> Address:
    """Say where the user's browser finds what listens on ``port``; the first rule that applies wins.

    Parameters
    ----------
    port:
        The TCP port.
    path:
        The path in the app, beginning with ``/``; a query may follow.
    environ:
        The environment of the kernel (``os.environ``). ``NBMICRO_BROWSER_URL`` overrides everything; ``{port}`` or
        ``{{port}}`` in it stands for the port.
    host:
        The address the server is bound to.
    servers:
        The running Jupyter servers of this machine (:func:`jupyter_servers`); the one that started this kernel is the
        one whose ``pid`` is ``JPY_PARENT_PID``.
    has_server_proxy:
        Whether jupyter-server-proxy is installed beside that Jupyter server.
    colab:
        Whether the kernel is one of Google Colab's.
    """
    path = path if path.startswith("/") else f"/{path}"
    if override := environ.get(_OVERRIDE):
        return Address(_join(_with_port(override, port), path), "override")
    if colab:
        return Address(
            f"http://127.0.0.1:{port}{path}",
            "colab",
            "In Colab this address works only through Colab itself: "
            f"google.colab.output.serve_kernel_port_as_iframe({port}, path={path!r})",
        )
    name, domain = environ.get("CODESPACE_NAME"), environ.get("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN")
    if name and domain:
        return Address(
            f"https://{name}-{port}.{domain}{path}",
            "codespaces",
            "Only you can open it, signed in at GitHub; the Ports tab of the codespace can make it public.",
        )
    if "{{port}}" in (template := environ.get("VSCODE_PROXY_URI", "")):
        # Where the host has the port in it, the pages have an origin of their own.
        note = "" if "{{port}}" in urlsplit(template).netloc else _shared_origin("the editor")
        return Address(_join(_with_port(template, port), path), "vscode-proxy", note)
    if prefix := environ.get("JUPYTERHUB_SERVICE_PREFIX"):
        note = f"{_shared_origin('Jupyter')} {_hub_note(environ)}"
        return Address(f"/{prefix.strip('/')}/proxy/{port}{path}".replace("//", "/"), "hub", note)
    parent = environ.get("JPY_PARENT_PID", "")
    server = next((one for one in servers if parent and str(one.get("pid")) == parent), None)
    # A browser on this machine needs no proxy, which would put the app's pages into Jupyter's origin.
    if server is not None and has_server_proxy and not is_loopback(_hostname(server)):
        base = str(server.get("base_url") or "/").rstrip("/")
        note = f"{_shared_origin('Jupyter')} Whoever opens it needs this Jupyter's password or token."
        return Address(f"{_origin(server)}{base}/proxy/{port}{path}", "jupyter", note)
    return Address(f"http://{host_in_url(host)}:{port}{path}", "direct", _direct_note(server, port, environ))


def is_proxied(environ: Mapping[str, str]) -> bool:
    """Whether the port can only be reached through someone's proxy that brings its own Host header.

    In a hub, a codespace or a VS Code server the user's browser runs on another machine, so that no page in it can be
    rebound to this loopback address. A Jupyter server on the user's own machine does not count: there the check stays.
    """
    return any(
        environ.get(name)
        for name in ("JUPYTERHUB_SERVICE_PREFIX", "CODESPACE_NAME", "VSCODE_PROXY_URI", "COLAB_RELEASE_TAG")
    )


def jupyter_servers(runtime: Path | str) -> list[dict[str, object]]:
    """The Jupyter servers that have left a ``jpserver-*.json`` in a runtime folder; unreadable ones are left out."""
    records = []
    with suppress(OSError):
        for file in sorted(Path(runtime).glob("jpserver-*.json")):
            with suppress(OSError, ValueError):
                record = json.loads(file.read_text(encoding="utf-8"))
                if isinstance(record, dict):
                    records.append(record)
    return records


def server_names(servers: Iterable[Mapping[str, object]]) -> set[str]:
    """The host names in the URLs of Jupyter servers: what their proxy passes on as Host."""
    return {name for server in servers if (name := urlsplit(str(server.get("url") or "")).hostname)}


def ip_address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a text is; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


@lru_cache(maxsize=128)
def is_loopback(host: str) -> bool:
    """Whether an address, or the name ``localhost``, is of this machine alone."""
    address = ip_address_of(host)
    if address is None:
        return host == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _hostname(server: Mapping[str, object]) -> str:
    """The name that a Jupyter server is bound to."""
    return str(server.get("hostname") or "localhost")


def _with_port(template: str, port: int) -> str:
    return template.replace("{{port}}", str(port)).replace("{port}", str(port))


def _join(base: str, path: str) -> str:
    return base.rstrip("/") + path


def _origin(server: Mapping[str, object]) -> str:
    """``http://localhost:8888`` of a Jupyter server; empty, so that the link is relative, where it does not say one.

    Its ``url`` may carry user, path and query; none of them belongs into a link that is shown and shared. One bound to
    all addresses does not say under which of them the browser has it.
    """
    parts = urlsplit(str(server.get("url") or ""))
    if not parts.hostname or parts.hostname in _ALL:
        return ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host_in_url(parts.hostname)}{port}"


def host_in_url(host: str) -> str:
    """The host that an address is reached under, as a URL has it; of one that means all addresses, loopback."""
    if host in _ALL:
        return "[::1]" if host == "::" else "127.0.0.1"
    return f"[{host}]" if ":" in host else quote(host, safe=".-")


def network_host(host: str) -> str:
    """The address, or else the name, under which other machines reach what is bound to ``host``."""
    if host not in _ALL:
        return host
    family, other = (socket.AF_INET6, "2001:db8::1") if host == "::" else (socket.AF_INET, "192.0.2.1")
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        # Sends nothing: the system only says from which address it would (RFC 5737 and 3849 name such peers).
        probe.connect((other, 9))
        address = str(probe.getsockname()[0])
        if not is_loopback(address):
            return address
    return socket.gethostname()


def _hub_note(environ: Mapping[str, str]) -> str:
    where = "In the notebook the path above is a link; elsewhere put this site's address in front of it. "
    if environ.get("BINDER_SERVICE_HOST") or environ.get("BINDER_LAUNCH_HOST"):
        return where + (
            "Anyone with this session's link and token can open it, as long as the session lives. "
            "A 404 there means that jupyter-server-proxy is missing: add it to binder/requirements.txt."
        )
    return where + (
        "Only you can open it, signed in at this hub; its administrators can share it with others. "
        "A 404 there means that jupyter-server-proxy is missing where Jupyter runs: "
        "pip install jupyter-server-proxy there, then restart your server (Hub Control Panel)."
    )


def _shared_origin(owner: str) -> str:
    """What follows from a proxy below the address of ``owner``: to a browser the app's pages are its pages."""
    return (
        f"Pages opened there share their origin with {owner}, so their scripts can do in it what you can, your files "
        "included: open only an app that you trust (%browse keeps pages apart)."
    )


def _direct_note(server: Mapping[str, object] | None, port: int, environ: Mapping[str, str]) -> str:
    elsewhere = server is not None and not is_loopback(_hostname(server))
    # Of what sshd sets (the client, its port, this machine, its port) the third is where one can ssh to.
    login = environ.get("SSH_CONNECTION", "").split()[2:3]
    if server is None or not (elsewhere or login):
        return ""
    proxy = "pip install jupyter-server-proxy where Jupyter runs and restart it, or " if elsewhere else ""
    return (
        f"If your browser runs on another machine than this kernel: {proxy}forward the port:  "
        f"ssh -L {port}:127.0.0.1:{port} {login[0] if login else network_host(_hostname(server))}"
    )
