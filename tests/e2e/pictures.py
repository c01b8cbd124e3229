"""The pictures of docs/console.md: ``python -m tests.e2e.pictures docs/pictures/console``.

They are taken of a ledger in which a day has been lived, by the browser that the tests use.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.e2e import browser, house, pages, seed
from tests.e2e.browser import People, Person
from tests.e2e.looks import look, open_tab, settle

# Every page as most see it, and some as others do.
_USUAL = ("ko", "light")
_BESIDES = {
    "dashboard": (("en", "light"), ("ja", "light"), ("ko", "dark")),
    "event": (("en", "light"), ("ja", "light"), ("ko", "dark")),
    "approvals": (("en", "light"), ("ja", "light"), ("ko", "dark")),
}
_LEFT_OUT = {"nowhere", "events-beside"}
_QUALITY = 82


def main(folder: Path) -> None:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, house.opened(Path(place)) as web:
        with sync_playwright() as playwright:
            found = browser.launch(playwright)
            take(found, web.url, folder)
            found.close()


def take(found: Browser, url: str, folder: Path) -> None:
    """Of the entrance, then of each page as an admin sees it."""
    with (
        tempfile.TemporaryDirectory() as seen,
        People(found, url, seed.PASSWORDS, Path(seen)) as people,
    ):
        stranger = people.stranger(language="ko")
        settle(stranger)
        keep(stranger, folder / "sign-in.webp")
        kim = people.somebody("kim", "/me", language="ko")
        for sight, (language, theme) in wanted():
            kim.go(sight.path)
            look(kim, language, theme)
            if sight.tab:
                open_tab(kim, sight.tab, language)
            settle(kim)
            # Not before what swings in has come to rest.
            kim.page.wait_for_timeout(600)
            kim.page.mouse.move(0, 0)
            usual = (language, theme) == _USUAL
            suffix = "" if usual else f"-{language}" + ("-dark" if theme == "dark" else "")
            keep(kim, folder / f"{sight.name}{suffix}.webp")


def wanted() -> Iterator[tuple[pages.Sight, tuple[str, str]]]:
    """Each page with each look that it is taken in."""
    shown = [sight for sight in pages.PAGES if sight.name not in _LEFT_OUT]
    # At first as usual: each switch of the language is a line in the audit.
    yield from ((sight, _USUAL) for sight in shown)
    yield from ((sight, how) for sight in shown for how in _BESIDES.get(sight.name, ()))


def keep(person: Person, path: Path) -> None:
    """WebP, which is a third of the size of PNG; asked of the browser, as Playwright has it not."""
    keys = person.context.new_cdp_session(person.page)
    shot = {"format": "webp", "quality": _QUALITY}
    path.write_bytes(base64.b64decode(keys.send("Page.captureScreenshot", shot)["data"]))
    keys.detach()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
