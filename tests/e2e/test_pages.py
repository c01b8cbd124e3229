"""Every page in three languages, light and dark: nothing is wrong, no word is raw or cut."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from devstack.web import Web
from tests.e2e import house, seed
from tests.e2e.browser import People, Person
from tests.e2e.looks import LOOKS, WORDS, look, open_tab, settle
from tests.e2e.pages import PAGES, Sight, routes

pytestmark = [pytest.mark.salt, pytest.mark.timeout(300)]

# What has words of its own that are longer than it is wide. Cells of tables may be: their columns
# can be drawn wider, and what is foreign is as long as it likes.
_CUT = """
() => [...document.querySelectorAll('body *')].filter((one) => {
  const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || one.scrollWidth <= one.clientWidth + 1 || !one.clientWidth) return false;
  if (one.closest('td, .cm-editor, .visually-hidden, [aria-hidden="true"]')) return false;
  const style = getComputedStyle(one);
  return style.overflowX !== 'visible' && style.clip === 'auto' && one.checkVisibility();
}).map((one) => `cut: ${one.tagName} ${one.textContent.trim().slice(0, 60)}`)
"""
# The text of the page without what came from outside or was written by somebody.
_SAID = """
() => {
  const foreign = '.foreign, .mono, .cm-editor, td, pre, code, input, textarea';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const said = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent && !parent.closest(foreign + ', script, style')) said.push(walker.currentNode.data);
  }
  return said.join('\\n');
}
"""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with house.opened(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.fixture(scope="module")
def kim(chromium: Browser, web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """An admin, who is offered everything; signed in once for all pages."""
    folder = tmp_path_factory.mktemp("seen")
    with People(chromium, web.url, seed.PASSWORDS, folder) as people:
        yield people.somebody("kim", "/me", language="ko")


def test_every_page_of_the_router_is_looked_at() -> None:
    seen = {sight.route for sight in PAGES} - {"/nowhere"}
    assert routes() == seen, "tests/e2e/pages.py lists all pages"


@pytest.mark.parametrize("sight", PAGES, ids=lambda sight: sight.name)
def test_a_page_is_good_in_every_language_and_light(kim: Person, sight: Sight) -> None:
    kim.go(sight.path)
    wrong: list[str] = []
    titles = set()
    for language, theme in LOOKS:
        kim.about = f"{sight.name} {language} {theme}:"
        look(kim, language, theme)
        if sight.tab:
            open_tab(kim, sight.tab, language)
        settle(kim)
        found = [*kim.axe(), *kim.page.evaluate(_CUT), *raw_keys(kim, language)]
        found += foreign_words(kim, language)
        wrong += [f"{kim.about} {one}" for one in found]
        titles.add(kim.page.title())
        expect(kim.page.locator("h1").filter(visible=True)).to_have_count(1)
    assert all(title.endswith("Rescue Bot") and " · " in title for title in titles), titles
    wrong += kim.complaints
    kim.complaints.clear()
    assert not wrong, "\n".join(wrong)


def test_the_entrance_is_good_in_every_language_and_light(
    chromium: Browser, web: Web, tmp_path: Path
) -> None:
    wrong: list[str] = []
    with People(chromium, web.url, seed.PASSWORDS, tmp_path) as people:
        for language, theme in LOOKS:
            person = people.stranger(language=language, theme=theme)
            settle(person)
            found = [*person.axe(), *person.page.evaluate(_CUT), *raw_keys(person, language)]
            wrong += [f"{language} {theme} {one}" for one in found]
            person.sees(WORDS[language]["signin"]["password"])
    assert not wrong, "\n".join(wrong)


def raw_keys(person: Person, language: str) -> list[str]:
    """Keys of the catalogue that stand where their words belong."""
    said = person.page.evaluate(_SAID)
    sections = "|".join(WORDS[language])
    seen = set(re.findall(rf"\b(?:{sections})\.[a-z][a-z0-9_]*(?:\.[a-z_]+)?\b", said))
    # Some words tell the name of a setting.
    named = {key for key in seen if key in json.dumps(WORDS[language])}
    return [f"a key without its word: {key}" for key in sorted(seen - named)]


def foreign_words(person: Person, language: str) -> list[str]:
    """What is still said in a language that was spoken here before."""
    said = {line.strip() for line in person.page.evaluate(_SAID).splitlines()}
    own = set(phrases(WORDS[language]))
    others = {one for name, words in WORDS.items() if name != language for one in phrases(words)}
    return [f"not {language}: {one}" for one in sorted(said & (others - own - set(seed.PASSWORDS)))]


def phrases(words: object) -> Iterator[str]:
    """All that a catalogue says."""
    if isinstance(words, dict):
        for one in words.values():
            yield from phrases(one)
    else:
        yield str(words).strip()
