"""What the tests of this folder share: the files that commands and requests name, and the real curl."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.differential.curl_corpus import VARIABLES, RealCurl, why_no_curl, write_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the files; the shell's variables of the corpus are set."""
    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        yield folder


@pytest.fixture(scope="module")
def curl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCurl]:
    """The real curl, in a folder of its own with the same files."""
    if why := why_no_curl():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("curl")
    write_files(folder)
    curl = RealCurl(folder, tmp_path_factory.mktemp("home"))
    yield curl
    curl.close()
