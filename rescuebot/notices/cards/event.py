"""The card of an event: what broke, where, what was done, did it help, how long, where to look."""

from __future__ import annotations

from rescuebot.notices.cards import asking
from rescuebot.notices.cards.page import (
    Card,
    Page,
    Piece,
    at,
    foreign,
    own,
    phrase,
    said,
    spoken_line,
)
from rescuebot.notices.cards.text import one_line, spoken
from rescuebot.notices.cards.words import Words
from rescuebot.notices.facts import Facts, StepDone

# A sign beside the words, never instead of them.
SIGNS = {
    "opened": "🚨",
    "held": "⏸️",
    "approval_asked": "✋",
    "approval_answered": "🗳️",
    "running": "🔧",
    "retrying": "🔁",
    "rescued": "✅",
    "nothing_to_fix": "🟢",
    "failed": "❌",
    "recovered": "🟢",
    "closed": "☑️",
    "reopened": "🚨",
    "acknowledged": "🙋",
    "escalated": "📣",
    "called": "🛑",
    "lifted": "▶️",
}
OTHER_SIGN = "🔔"
SEVERITY_SIGNS = {"info": "🔵", "warning": "🟡", "critical": "🟠", "fatal": "🔴"}
_GOOD = frozenset(("fixed", "nothing_to_fix", "recovered", "by_hand"))
_STEPS = 12
# With these, the reason is what people ask for first.
_REASON = frozenset(("held", "failed", "retrying", "approval_asked", "escalated", "summary"))
_SERVER, _SERVICE, _REMEDY = 60, 50, 140


def sign_of(facts: Facts) -> str:
    """The sign of a state; a summary has that of how it ended."""
    if facts.state == "summary":
        return "✅" if facts.outcome in _GOOD else "❌"
    return SIGNS.get(facts.state, OTHER_SIGN)


def severity(words: Words, name: str) -> str:
    """How bad, as a sign and as a word."""
    return f"{SEVERITY_SIGNS.get(name, '⚪')} {words.named('severity', name)}"


def of_event(facts: Facts, words: Words, *, url: str) -> Card:
    """An event as it is now."""
    page = Page(words, url=url)
    state = words.named("state", facts.state)
    place = " · ".join(_places(facts))
    page.title(sign_of(facts), f"{state}: {place}" if place else state)
    _what_broke(page, facts)
    _state_words(page, facts)
    _what_was_done(page, facts)
    if facts.approval is not None:
        asking.write(page, facts.approval)
    number = [] if facts.event_id is None else [own(words("event", n=facts.event_id))]
    moment = [own("  ·  "), at(facts.received_at)] if facts.received_at and number else []
    page.footer(*number, *moment)
    if facts.approval is not None:
        asking.offer(page, facts.approval)
    return page.card(text=_text(facts, words), reply=_reply(facts, words, url=url))


def _reply(facts: Facts, words: Words, *, url: str) -> Page:
    """The news alone, for a thread whose first message tells the rest."""
    page = Page(words, url=url)
    page.line(own(f"{sign_of(facts)} "), own(words.named("state", facts.state), bold=True))
    _state_words(page, facts)
    _what_was_done(page, facts)
    if facts.approval is not None:
        asking.write(page, facts.approval)
        asking.offer(page, facts.approval)
    return page


def where(words: Words, facts: Facts) -> list[Piece]:
    """Service, server and minion, as far as they are known."""
    named = {"service": foreign(facts.service), "server": foreign(facts.server_id)}
    if facts.service and facts.server_id:
        found = phrase(words.template("where.on"), **named)
    elif facts.server_id:
        found = phrase(words.template("where.server"), **named)
    elif facts.service:
        found = phrase(words.template("where.service"), **named)
    else:
        found = [own(words("where.unknown"))]
    if facts.minion_id and facts.minion_id != facts.server_id:
        found += phrase(words.template("where.minion"), minion=foreign(facts.minion_id))
    return found


def _places(facts: Facts) -> list[str]:
    # People know a server by its minion's name; the id is long, and stands below.
    server = facts.minion_id or facts.server_id
    parts = one_line(facts.service, _SERVICE), one_line(server, _SERVER)
    return [part for part in parts if part]


def _what_broke(page: Page, facts: Facts) -> None:
    words = page.words
    named = [own("  "), foreign(facts.what)] if facts.what else []
    page.labelled("broke", own(severity(words, facts.severity)), *named)
    page.labelled("where", *where(words, facts))
    # The message begins with the name that stands above it.
    page.quote(facts.message.removeprefix(f"{facts.what}: "))
    if facts.occurrences > 1:
        page.labelled("repeats", own(words("repeats", n=f"{facts.occurrences:,}")))


def _state_words(page: Page, facts: Facts) -> None:
    words = page.words
    if facts.state == "escalated":
        page.line(own(words("escalated.words", n=facts.level)))
    if facts.acknowledged_by:
        page.labelled("acknowledged", foreign(facts.acknowledged_by))
    if facts.why and (facts.state in _REASON or facts.status == "failed"):
        page.labelled("why", said(facts.why))


def _what_was_done(page: Page, facts: Facts) -> None:
    words = page.words
    if facts.remedy or facts.steps:
        kind = own(f" ({words.named('kind', facts.remedy_kind)})")
        title = [foreign(facts.remedy, _REMEDY), kind] if facts.remedy else []
        # What waits for an approval has not been done.
        done = bool(facts.steps) or facts.outcome not in (None, "held")
        page.labelled("done" if done else "remedy", *title)
    if facts.steps:
        page.line(own(_steps(words, facts.steps)))
    # That it was fixed is what "did it help" says; while it is held, nothing has come of it.
    said_already = (None, "held", "fixed") if facts.helped else (None, "held")
    if facts.outcome not in said_already:
        page.labelled("outcome", own(words.named("outcome", facts.outcome, otherwise="open")))
    ended = facts.resolved_at is not None or facts.status in ("resolved", "failed")
    # Where nothing was wrong, nothing was to help.
    if facts.helped is not None or (facts.steps and not ended):
        known = {True: "yes", False: "no", None: "open"}[facts.helped]
        page.labelled("helped", own(words(f"helped.{known}")))
    # How long it has been going on says nothing: the card is older than that when it is read.
    if facts.seconds is not None and ended:
        page.labelled("took", own(words.span(facts.seconds)))


def _steps(words: Words, steps: tuple[StepDone, ...]) -> str:
    return " → ".join(_step(words, one) for one in steps[-_STEPS:])


def _step(words: Words, one: StepDone) -> str:
    told = words("step.good" if one.ok else "step.bad", step=words.named("step", one.step))
    return told if one.seconds is None else f"{told} {words.span(one.seconds)}"


def _text(facts: Facts, words: Words) -> str:
    head = f"{sign_of(facts)} {words.named('state', facts.state)}"
    return spoken_line(
        head,
        words.named("severity", facts.severity),
        spoken(facts.service, _SERVICE),
        spoken(facts.server_id, _SERVER),
        spoken(facts.what, 80),
    )
