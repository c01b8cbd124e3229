"""People before the console: each with a browser of their own, whose complaints are all heard.

Invariant: whatever the page, its policy or its console reports as wrong fails the test that caused
it, unless the test has said before which refusal it provokes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Playwright,
    Route,
    expect,
)

from devstack.place import REPOSITORY

CONSOLE = REPOSITORY / "webui/app"
AXE = CONSOLE / "node_modules/axe-core/axe.min.js"
CHROMIUM = "/usr/bin/chromium"
SIZE = {"width": 1440, "height": 900}
ZONE = "Asia/Seoul"
# A rescue takes seconds, and more on a machine that does something else besides.
PATIENCE = 150_000
_SECONDS = 20_000

# A report of the policy becomes an error of the console, where all the others are heard.
_LISTEN = """
addEventListener('securitypolicyviolation', (one) => {
  console.error(`policy: ${one.violatedDirective} ${one.blockedURI} ${one.sourceFile}`);
});
"""
_AXE = """
async () => {
  const found = await axe.run(document, { resultTypes: ['violations'] });
  return found.violations.map((one) => {
    const where = one.nodes.slice(0, 3).map((node) => `${node.target} ${node.html.slice(0, 160)}`);
    return `axe ${one.id} x${one.nodes.length}: ${where.join(' | ')}`;
  });
}
"""


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium. Its sandbox is only left out where it cannot be had: as root."""
    arguments = ["--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    expect.set_options(timeout=_SECONDS)
    return playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)


class Person:
    """Somebody before the console. What they see is asked of `page`."""

    def __init__(self, browser: Browser, url: str, **look: Any) -> None:
        """`look` is kept as what they prefer: language, theme, zone."""
        kept = {"language": "en", "languageChosen": True, "theme": "light", **look}
        self.context = browser.new_context(
            viewport=SIZE, timezone_id=ZONE, locale=kept["language"], reduced_motion="reduce"
        )
        self.context.set_default_timeout(_SECONDS)
        self.context.add_init_script(_LISTEN)
        # Only once: what is chosen later in the page must hold.
        self.context.add_init_script(
            f"localStorage.getItem('rescue.preferences') ?? "
            f"localStorage.setItem('rescue.preferences', {json.dumps(json.dumps(kept))});"
        )
        self.url = url
        self.complaints: list[str] = []
        self.about = ""
        self.page = self.tab()

    def tab(self) -> Page:
        """One more page in the same browser."""
        page = self.context.new_page()
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self._note(f"page: {error.message}"))
        return page

    def go(self, path: str) -> Self:
        """Open an address and wait until its page is there."""
        self.page.goto(self.url + path)
        return self

    def sign_in(self, name: str, password: str) -> Self:
        """By the form that stands in the place of the page."""
        self.page.locator('input[autocomplete="username"]').fill(name)
        self.page.locator('input[autocomplete="current-password"]').fill(password)
        self.page.keyboard.press("Enter")
        return self

    def is_in(self) -> Self:
        """Wait until the frame is there, which only those see who have signed in."""
        self.page.locator("#top").wait_for()
        return self

    def sees(self, words: str | re.Pattern[str], *, seconds: float = 20) -> Locator:
        """Wait for a text to be seen."""
        found = self.page.get_by_text(words).filter(visible=True).first
        expect(found).to_be_visible(timeout=seconds * 1000)
        return found

    def heading(self, name: str | re.Pattern[str], level: int = 1) -> Locator:
        """The heading of a page or a part of it, once it is there."""
        found = self.page.get_by_role("heading", name=name, level=level).first
        expect(found).to_be_visible()
        return found

    def button(self, name: str | re.Pattern[str], within: Locator | None = None) -> Locator:
        """A button by its whole name."""
        place: Any = self.page if within is None else within
        found: Locator = place.get_by_role("button", name=name, exact=True)
        return found.filter(visible=True)

    def field(self, name: str | re.Pattern[str], within: Locator | None = None) -> Locator:
        """A field for text by its label."""
        place: Any = self.page if within is None else within
        found: Locator = place.get_by_role("textbox", name=name).filter(visible=True)
        return found

    @property
    def dialog(self) -> Locator:
        """What asks something before all else."""
        return self.page.locator('[role="dialog"]').filter(visible=True)

    def answer(self, button: str, **fields: str) -> None:
        """Fill the dialog's only text, if there is one, and press its button."""
        for text in fields.values():
            self.dialog.get_by_role("textbox").last.fill(text)
        self.button(button, self.dialog).click()
        expect(self.dialog).to_have_count(0)

    def choose(self, menu: str | re.Pattern[str], item: str) -> None:
        """Something from a menu of the top bar or of the page."""
        self.page.get_by_role("button", name=menu).filter(visible=True).first.click()
        self.page.get_by_role("menuitem", name=item, exact=True).filter(visible=True).click()

    def axe(self) -> list[str]:
        """What is wrong for who cannot see, hear or point."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text("utf-8"))
        found: list[str] = self.page.evaluate(_AXE)
        return found

    @contextmanager
    def provoking(self, *statuses: int, surely: bool = True) -> Iterator[None]:
        """The API refuses in here, as is meant, or may where it is not `surely`; a browser notes
        each refusal in its console.
        """
        before = len(self.complaints)
        yield
        kinds = tuple(f"status of {status}" for status in statuses)
        new = self.complaints[before:]
        self.complaints[before:] = [one for one in new if not any(kind in one for kind in kinds)]
        refused = len(self.complaints) < before + len(new)
        assert refused or not surely, f"nothing was refused with {statuses}"

    @contextmanager
    def held(self, address: str | re.Pattern[str]) -> Iterator[None]:
        """The API answers these questions when the block ends."""
        waiting: list[Route] = []
        is_over = False

        def gate(route: Route) -> None:
            if is_over:
                route.continue_()
            else:
                waiting.append(route)

        self.page.route(address, gate)
        yield
        is_over = True
        for route in waiting:
            route.continue_()

    def look_back(self, folder: Path, name: str) -> None:
        """Keep what was seen last, for whoever asks why a test has failed."""
        for number, page in enumerate(self.context.pages):
            try:
                page.screenshot(path=folder / f"{name}-{number}.png", timeout=5_000)
            except Error:
                continue

    def _note(self, complaint: str) -> None:
        self.complaints.append(f"{self.about} {complaint}".strip())

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = str(message.location.get("url", ""))
            self._note(f"console: {message.text} {place}")


class People:
    """Whoever takes part in a test. All of them leave at its end, and none may have complained."""

    def __init__(
        self, browser: Browser, url: str, passwords: Mapping[str, str], folder: Path
    ) -> None:
        self._browser, self._url = browser, url
        self.passwords, self._folder = passwords, folder
        self._present: list[Person] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        complaints = []
        for number, person in enumerate(self._present):
            person.look_back(self._folder, f"person-{number}")
            complaints += person.complaints
            person.context.close()
        assert not complaints, "\n".join(complaints)

    def stranger(self, path: str = "/", **look: Any) -> Person:
        """Somebody who has not signed in."""
        person = Person(self._browser, self._url, **look)
        self._present.append(person)
        return person.go(path)

    def somebody(self, name: str, path: str = "/", **look: Any) -> Person:
        """One of the people, signed in at an address."""
        return self.stranger(path, **look).sign_in(name, self.passwords[name]).is_in()
