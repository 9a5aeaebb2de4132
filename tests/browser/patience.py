"""What a page should show, asked again where the frame that was looked into has just been replaced."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator
from playwright.sync_api import expect as once

__all__ = ["expect"]

SECONDS = 30.0


class _Patient:
    """Playwright's assertions of a locator. A frame that goes while Playwright looks into it ends its wait at once."""

    def __init__(self, locator: Locator) -> None:
        self._locator = locator

    def __getattr__(self, name: str) -> Callable[..., None]:
        def ask(*arguments: Any, **options: Any) -> None:
            deadline = time.monotonic() + SECONDS
            while True:
                try:
                    getattr(once(self._locator), name)(*arguments, **options)
                    return
                except AssertionError as error:
                    if "has been closed" not in str(error) or time.monotonic() > deadline:
                        raise
                    # Lets Playwright take in what has happened meanwhile.
                    self._locator.page.wait_for_timeout(50)

        return ask


def expect(locator: Locator) -> Any:
    """As Playwright's function of this name."""
    return _Patient(locator)
