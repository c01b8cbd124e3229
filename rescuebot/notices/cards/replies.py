"""What is answered in Slack to whoever asked: a list, a word that it is done, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rescuebot.errors import Invalid, RescueError
from rescuebot.notices.cards.page import Card, Page, foreign, own, phrase, said, spoken_line
from rescuebot.notices.cards.text import spoken
from rescuebot.notices.cards.words import Words
from rescuebot.notices.facts import Line

_LONGEST = 300
_SIGNS = {"acknowledged": "🙋", "approved": "✅", "rejected": "⛔", "halted": "🛑", "resumed": "▶️"}
DONE = frozenset(_SIGNS)


def of_help(words: Words, *, url: str) -> Card:
    """All that can be said."""
    page = Page(words, url=url)
    page.title("🛟", words("reply.help"))
    for row in words("reply.help_lines").split("\n"):
        page.line(own(row))
    page.footer()
    return page.card(text=spoken_line(words("reply.help")))


def of_lines(lines: Sequence[Line], words: Words, *, url: str) -> Card:
    """Events, the latest first."""
    page = Page(words, url=url)
    title = words("reply.events", n=f"{len(lines):,}")
    page.title("🗒️", title)
    if not lines:
        page.line(own(words("reply.no_events")))
    for one in lines:
        state = words.named("outcome", one.outcome or "open")
        severity = words.named("severity", one.severity)
        page.line(
            own(f"#{one.event_id} {severity} · {state} · "),
            foreign(one.service),
            own(" "),
            foreign(one.server_id),
        )
    page.footer()
    return page.card(text=spoken_line(f"🗒️ {title}"))


def of_done(kind: str, words: Words, *, what: str, by: str, url: str) -> Card:
    """That it is done, to what, and by whom."""
    page = Page(words, url=url)
    sign, key = _SIGNS[kind], f"reply.{kind}"
    page.line(own(f"{sign} "), *phrase(words.template(key), what=foreign(what), by=foreign(by)))
    told = words(key, what=spoken(what, 80), by=spoken(by, 80))
    return page.card(text=spoken_line(f"{sign} {told}"))


def of_refusal(error: RescueError, words: Words, *, url: str) -> Card:
    """Why it was not done, in the words of the refusal, and what to do instead."""
    page = Page(words, url=url)
    page.line(own(f"⚠️ {words('reply.refused')}", bold=True))
    for sentence in _sentences(error):
        page.line(said(sentence, _LONGEST))
    return page.card(text=spoken_line(f"⚠️ {words('reply.refused')}"))


def of_stranger(slack_id: str, words: Words, *, url: str) -> Card:
    """That nobody is known by this id, and how that is changed."""
    page = Page(words, url=url)
    for key in ("reply.stranger", "reply.stranger_remedy"):
        page.line(*phrase(words.template(key), what=foreign(slack_id)))
    return page.card(text=spoken_line(words("reply.stranger", what=spoken(slack_id, 40))))


def _sentences(error: RescueError) -> list[str]:
    if isinstance(error, Invalid):
        fields = [f"{problem.field}: {problem.message}" for problem in error.problems]
        return [*fields, *_given(error.remedy)]
    return [error.message, *_given(error.remedy)]


def _given(words: Any) -> list[str]:
    return [words] if words else []
