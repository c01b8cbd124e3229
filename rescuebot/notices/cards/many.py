"""Cards of more than one event: a storm, a digest, a stop, a trouble of Rescue Bot itself."""

from __future__ import annotations

from rescuebot.notices.cards import chart
from rescuebot.notices.cards.event import SIGNS, sign_of, severity, where
from rescuebot.notices.cards.page import (
    Card,
    Page,
    at,
    bar,
    foreign,
    names,
    own,
    said,
    spoken_line,
)
from rescuebot.notices.cards.text import one_line, spoken
from rescuebot.notices.cards.words import Words
from rescuebot.notices.facts import Digest, Facts, Halt, Line, Storm, Trouble

_SERVERS = 5
_LINES = 15
_SERVICE = 50


def of_storm(facts: Facts, words: Words, *, url: str, storm: Storm) -> Card:
    """Many events of one service: how many, how far, where."""
    page = Page(words, url=url)
    service = one_line(storm.service, _SERVICE)
    going_on = storm.until is None
    key = ("storm.on" if going_on else "storm.over") + ("" if service else "_any")
    sign = "🌩️" if going_on else "🌤️"
    count = f"{storm.count:,}"
    page.title(sign, words(key, service=service, n=count))
    page.labelled("broke", own(severity(words, facts.severity)))
    page.labelled("service", foreign(storm.service))
    _progress(page, fixed=storm.fixed, failed=storm.failed, open_=storm.open)
    if storm.waiting:
        page.labelled("waiting", own(f"✋ {storm.waiting:,}"))
    total = own(words("servers", n=f"{len(storm.servers):,}") + ": ")
    page.labelled("servers", total, *names(words, storm.servers, most=_SERVERS))
    page.labelled("since", at(storm.since))
    if storm.until is not None:
        page.labelled("until", at(storm.until))
        page.labelled("took", own(words.span((storm.until - storm.since).total_seconds())))
    else:
        page.line(own(words("storm.words")))
    page.footer()
    told = words(key, service=spoken(storm.service, _SERVICE), n=count)
    asked = f"✋ {words('label.waiting')}: {storm.waiting:,}" if storm.waiting else ""
    text = spoken_line(f"{sign} {told}", asked, _counts(words, storm))
    # What is news while it goes on is that people are asked; at its end all of it is.
    reply = _question(words, storm, url=url) if storm.waiting and going_on else None
    return page.card(text=text, reply=reply)


def _question(words: Words, storm: Storm, *, url: str) -> Page:
    """That people are asked, and where they answer."""
    page = Page(words, url=url)
    page.labelled("waiting", own(f"✋ {storm.waiting:,}"))
    page.footer()
    return page


def of_digest(facts: Facts, words: Words, *, url: str, digest: Digest) -> Card:
    """What there was in a span, the worst of it in lines."""
    page = Page(words, url=url)
    title = words("digest.quiet" if digest.quiet else "digest.day", n=f"{digest.count:,}")
    page.title("🗒️", title)
    page.labelled("since", at(digest.since))
    page.labelled("until", at(digest.until))
    if not digest.count:
        page.line(own(words("digest.none")))
    else:
        _progress(page, fixed=digest.fixed, failed=digest.failed, open_=digest.open)
        for one in digest.lines[:_LINES]:
            _write_line(page, one)
        left = digest.count - min(len(digest.lines), _LINES)
        if digest.lines and left > 0:
            page.line(own(f"… +{left:,}"))
    page.footer()
    return page.card(text=spoken_line(f"🗒️ {title}", _counts(words, digest)))


def of_halt(facts: Facts, words: Words, *, url: str, halt: Halt) -> Card:
    """A stop that a person called, or has lifted."""
    page = Page(words, url=url)
    lifted = facts.state == "lifted"
    state = words.named("state", "lifted" if lifted else "called")
    sign = SIGNS["lifted" if lifted else "called"]
    target = one_line(halt.target, 80) or words("halt.all")
    page.title(sign, f"{state}: {target}")
    page.labelled("target", foreign(target))
    page.labelled("reason", said(halt.reason))
    page.labelled("called_by", foreign(halt.called_by), own("  ·  "), at(halt.at))
    if lifted and halt.lifted_by:
        page.labelled("lifted_by", foreign(halt.lifted_by))
    page.line(own(words("halt.lifted_words" if lifted else "halt.words")))
    page.footer()
    text = spoken_line(f"{sign} {state}", spoken(target, 80), spoken(halt.reason, 120))
    return page.card(text=text)


def of_trouble(facts: Facts, words: Words, *, url: str) -> Card:
    """Something that Rescue Bot cannot mend itself; also whatever there is no card for."""
    page = Page(words, url=url)
    trouble = facts.kind == "trouble"
    title = words("trouble.title") if trouble else words.named("state", facts.state)
    sign = "⚠️" if trouble else sign_of(facts)
    page.title(sign, title)
    what = _of_way(words, facts.trouble) if facts.trouble else facts.what
    page.labelled("broke", own(severity(words, facts.severity)), own("  "), said(what))
    if facts.trouble:
        page.line(own(words("trouble.way_words")))
    if facts.service or facts.server_id:
        page.labelled("where", *where(words, facts))
    page.quote(facts.message)
    if facts.why:
        page.labelled("why", said(facts.why))
    page.footer()
    return page.card(text=spoken_line(f"{sign} {title}", spoken(what, 120)))


def _of_way(words: Words, trouble: Trouble) -> str:
    way = words.named("way", trouble.way)
    return words("trouble.way", way=way, reason=one_line(trouble.reason, 60) or "-")


def _progress(page: Page, *, fixed: int, failed: int, open_: int) -> None:
    drawn = chart.progress(done=fixed, failed=failed, open_=open_)
    page.labelled("progress", bar(drawn))
    counted = {"fixed": f"{fixed:,}", "failed": f"{failed:,}", "open": f"{open_:,}"}
    page.line(own(page.words("legend", **counted)))


def _counts(words: Words, of: Storm | Digest) -> str:
    return words("counts", fixed=f"{of.fixed:,}", failed=f"{of.failed:,}", open=f"{of.open:,}")


def _write_line(page: Page, one: Line) -> None:
    words = page.words
    outcome = words.named("outcome", one.outcome, otherwise="open")
    places = [name for name in (one.service, one.server_id) if name]
    page.line(
        own(f"{severity(words, one.severity)}  #{one.event_id}  "),
        *names(words, places, most=2),
        own(f"  {outcome}  "),
        at(one.at),
    )
