"""The tree holds no address but one, and nothing of the machines it was written on."""

from __future__ import annotations

import re
import runpy
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from start import ROOT

LINK = runpy.run_path(str(ROOT / "binder" / "link.py"))


def text_files() -> Iterator[tuple[Path, str]]:
    """Every text file that git keeps, or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a clone: git does not know these files")
    for name in listed.stdout.decode().split("\0"):
        file = ROOT / name
        if name and file.is_file():
            content = file.read_bytes()
            if b"\0" not in content:
                yield file, content.decode("utf-8")


def test_only_pyproject_holds_the_repositorys_address() -> None:
    address = LINK["repository"]()
    if address is None:
        hosts = re.compile(r"https?://(?:www\.)?(?:github|gitlab)\.com/[\w.-]+/nbmicro\b")
        holders = [file.name for file, text in text_files() if hosts.search(text) and file.name != "test_repository.py"]
    else:
        plain = address.removesuffix(".git").split("://")[-1]
        made = LINK["badge"](address)
        holders = [file.name for file, text in text_files() if plain in text.replace(made, "")]
    assert set(holders) <= {"pyproject.toml"}


def test_the_badge_of_the_readme_is_the_one_that_is_made() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert LINK["with_badge"](text, LINK["repository"]()) == text, "python3 binder/link.py --write"


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("https://github.com/owner/nbmicro", "gh/owner/nbmicro"),
        ("https://github.com/owner/nbmicro.git", "gh/owner/nbmicro"),
        ("https://gitlab.com/group/sub/nbmicro", "gl/group%2Fsub%2Fnbmicro"),
        ("https://git.example/nbmicro", "git/https%3A%2F%2Fgit.example%2Fnbmicro"),
    ],
)
def test_binder_opens_the_first_notebook_wherever_the_repository_lives(address: str, provider: str) -> None:
    expected = f"https://mybinder.org/v2/{provider}/HEAD?labpath=notebooks%2F01-hello.ipynb"
    assert LINK["binder_link"](address) == expected


def test_no_path_of_a_machine_stands_in_the_tree() -> None:
    """Neither in the code nor in the outputs that notebooks keep. (Tests may make paths up.)"""
    machine = re.compile(r"(?<![\w./>-])/(?:home|Users|root|tmp|opt|work)/[\w.-]+")
    files = [(file, text) for file, text in text_files() if ROOT / "tests" not in file.parents]
    assert [(file.name, match.group()) for file, text in files for match in machine.finditer(text)] == []


def test_the_versions_of_ci_are_those_that_are_declared() -> None:
    """Each requirement of the tests has one version, within its bounds; nothing names where it comes from."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    wanted, declared = ["dependencies", "test"], [Requirement(one) for one in project["dependencies"]]
    for extra in wanted:
        for text in extras.get(extra, ()):
            requirement = Requirement(text)
            if requirement.name == "nbmicro":
                wanted.extend(requirement.extras - set(wanted))
            else:
                declared.append(requirement)
    check_locked("tests/constraints.txt", declared)


def test_the_versions_of_the_extensions_are_locked() -> None:
    """Those of nbmicro itself among them: nothing is chosen when the step's environment is made."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = (ROOT / "tests/extensions.in").read_text("ascii").splitlines()
    extensions = [Requirement(line) for line in lines if not line.startswith("#")]
    check_locked("tests/extensions.txt", [*extensions, *map(Requirement, project["dependencies"])])


def check_locked(file: str, declared: list[Requirement]) -> None:
    locked = [Requirement(line) for line in (ROOT / file).read_text("ascii").splitlines()]
    assert all(re.fullmatch(r"==[^=,]+", str(one.specifier)) and one.url is None for one in locked)
    for requirement in declared:
        versions = [
            str(one.specifier)[2:]
            for one in locked
            if canonicalize_name(one.name) == canonicalize_name(requirement.name)
        ]
        assert versions, f"python3 start.py lock: {requirement.name} has no version"
        assert all(requirement.specifier.contains(version) for version in versions), requirement
