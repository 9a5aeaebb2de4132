"""The Binder badge of the README, made from the one place that holds the repository's public address.

That place is ``[project.urls]`` in pyproject.toml. ``python3 binder/link.py`` prints the badge;
``python3 binder/link.py --write`` puts it into README.md, between the two comments that mark its place.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from urllib.parse import quote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = "notebooks/01-hello.ipynb"
BEGIN, END = "<!-- binder: made by binder/link.py -->\n", "<!-- /binder -->\n"


def repository() -> str | None:
    """The public address, or None as long as there is none."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    address: str | None = project.get("urls", {}).get("Repository")
    return address


def binder_link(address: str, *, ref: str = "HEAD", notebook: str = NOTEBOOK) -> str:
    """The address at which mybinder.org opens `notebook` of the repository in JupyterLab."""
    parts = urlsplit(address)
    path = parts.path.strip("/").removesuffix(".git")
    providers = {"github.com": f"gh/{path}", "gitlab.com": f"gl/{quote(path, safe='')}"}
    provider = providers.get(parts.hostname or "", f"git/{quote(address, safe='')}")
    return f"https://mybinder.org/v2/{provider}/{quote(ref, safe='')}?labpath={quote(notebook, safe='')}"


def badge(address: str | None) -> str:
    """The lines of the README between the marks: the badge, or nothing without an address."""
    if address is None:
        return ""
    return f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder_link(address)})\n"


def with_badge(text: str, address: str | None) -> str:
    """`text` with what stands between the marks made anew."""
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise SystemExit(f"README.md lacks the two lines that mark the badge's place:\n{BEGIN}{END}")
    return before + BEGIN + badge(address) + END + after


def main() -> None:
    """Print the badge, or with ``--write`` put it into the README."""
    address = repository()
    if "--write" in sys.argv[1:]:
        readme = ROOT / "README.md"
        readme.write_text(with_badge(readme.read_text("utf-8"), address), "utf-8")
    elif address is None:
        sys.exit("The repository has no public address yet: give it in pyproject.toml, [project.urls], Repository.")
    else:
        print(badge(address), end="")


if __name__ == "__main__":
    main()
