"""How a page is made to look otherwise where it is, and when it stands still."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.e2e.browser import CONSOLE, Person
from tests.thorough import THOROUGH

NAMES = {"ko": "한국어", "en": "English", "ja": "日本語"}
# From each look to the next it is one click or two.
ALL_LOOKS = (
    ("ko", "light"),
    ("ko", "dark"),
    ("en", "dark"),
    ("en", "light"),
    ("ja", "light"),
    ("ja", "dark"),
)
# The ordinary run sees each page in each language and in both lights, not in each pair of the two.
LOOKS = ALL_LOOKS if THOROUGH else ALL_LOOKS[::2]
WORDS = {
    language: json.loads((CONSOLE / f"src/i18n/{language}.json").read_text("utf-8"))
    for language in NAMES
}


def look(person: Person, language: str, theme: str) -> None:
    """By the switches of the page itself; what is chosen holds at once."""
    # Before the frame is there, `lang` is what the file says.
    page = person.is_in().page
    html = page.locator("html")
    if html.get_attribute("lang") != language:
        page.get_by_role("button", name=re.compile(": (한국어|English|日本語)$")).click()
        page.get_by_role("menuitem", name=NAMES[language]).click()
        expect(html).to_have_attribute("lang", language)
    top = WORDS[language]["top"]
    if is_dark(person) != (theme == "dark"):
        page.get_by_role("button", name=re.compile(top["look"].partition("{")[0])).click()
        page.get_by_role("menuitem", name=top[f"theme_{theme}"], exact=True).click()
        expect(page.locator("body.awsui-dark-mode")).to_have_count(int(theme == "dark"))


def is_dark(person: Person) -> bool:
    """Whether the page is dark now."""
    return person.page.locator("body.awsui-dark-mode").count() > 0


def open_tab(person: Person, tab: str, language: str) -> None:
    """One of the tabs of a runbook or command."""
    name = str(WORDS[language]["kept"][f"tab_{tab}"])
    # It may tell a number besides.
    person.page.get_by_role("tab", name=name.partition("{")[0].strip(" (")).click()


def settle(person: Person) -> None:
    """What is loaded later is there, and what moves stands still."""
    page = person.page
    page.locator("h1").filter(visible=True).first.wait_for()
    expect(page.locator(".skeleton, [role=progressbar]").filter(visible=True)).to_have_count(0)
    for words in WORDS.values():
        expect(page.get_by_text(words["common"]["loading"], exact=True)).to_have_count(0)
    page.evaluate("document.fonts.ready")
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)))")
