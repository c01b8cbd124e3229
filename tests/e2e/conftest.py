"""What the tests in a browser share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e import browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for the people of a file. It ends with the file: its event loop is in the way."""
    with sync_playwright() as playwright:
        found = browser.launch(playwright)
        yield found
        found.close()
