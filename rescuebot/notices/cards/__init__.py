"""Cards: facts in, Block Kit and a letter out, in the language of whoever is told.

Invariant: whatever the facts hold, a card is valid and within the limits of Slack, all that is
foreign in it is shown as text, and colour never stands without a word.
"""

from __future__ import annotations

from rescuebot.notices.cards import asking, event, many
from rescuebot.notices.cards.asking import APPROVE, REJECT, value_of
from rescuebot.notices.cards.page import Card
from rescuebot.notices.cards.stats import Figures, figures_of, render_stats
from rescuebot.notices.cards.words import LANGUAGES, Words
from rescuebot.notices.facts import Facts

__all__ = [
    "APPROVE",
    "LANGUAGES",
    "REJECT",
    "Card",
    "Figures",
    "figures_of",
    "render",
    "render_stats",
    "value_of",
]


def render(facts: Facts, *, language: str, url: str = "") -> Card:
    """The card of these facts. `url` is where it links to, unless the facts tell a page."""
    words = Words(language)
    page = facts.url or url
    if facts.storm is not None:
        return many.of_storm(facts, words, url=page, storm=facts.storm)
    if facts.digest is not None:
        return many.of_digest(facts, words, url=page, digest=facts.digest)
    if facts.halt is not None:
        return many.of_halt(facts, words, url=page, halt=facts.halt)
    if facts.kind == "event":
        return event.of_event(facts, words, url=page)
    if facts.approval is not None:
        return asking.of_approval(facts, words, url=page, approval=facts.approval)
    return many.of_trouble(facts, words, url=page)
