"""What people are asked to allow: all that would run, where, until when; and two buttons.

Invariant: a button carries the number of the approval and the digest of what was shown, nothing
else; and Approve is offered only where all that would run can be read.
"""

from __future__ import annotations

import re

from slack_sdk.models.blocks import ButtonElement, ConfirmObject, PlainTextObject

from rescuebot.notices.cards.page import (
    Card,
    Page,
    at,
    foreign,
    names,
    own,
    said,
    spoken_line,
)
from rescuebot.notices.cards.text import cut, escaped, lines, one_line, spoken
from rescuebot.notices.cards.words import Words
from rescuebot.notices.facts import Approval, Facts

APPROVE, REJECT = "rescue_approve", "rescue_reject"
_WHAT, _WHAT_LINES = 2500, 60
_PREVIEW, _PREVIEW_LINES = 500, 8
_SERVERS = 8
_CONFIRM = 300
# How much of a digest people compare.
_DIGEST = 12
_SAFE_DIGEST = re.compile(r"[0-9a-zA-Z:_-]{1,128}")


def of_approval(facts: Facts, words: Words, *, url: str, approval: Approval) -> Card:
    """A question that belongs to no event, such as a command that a person wants to run."""
    page = Page(words, url=url)
    state = words.named("state", facts.state)
    place = one_line(facts.service, 50)
    sign = "✋" if approval.state == "pending" else "🗳️"
    page.title(sign, f"{state}: {place}" if place else state)
    write(page, approval)
    page.footer(own(words("approval_number", n=approval.id)))
    offer(page, approval)
    head = f"{sign} {state}"
    return page.card(text=spoken_line(head, spoken(place, 50), spoken(approval.proposed_by, 50)))


def value_of(approval: Approval) -> str:
    """What a button carries: ``<number>:<digest>``."""
    return f"{approval.id}:{approval.digest}"


def write(page: Page, approval: Approval) -> None:
    """What would run, as part of a card."""
    words = page.words
    page.labelled("run")
    shown = page.code(approval.what, _WHAT, most_lines=_WHAT_LINES, telling=True)
    if shown.hidden:
        page.line(own(f"⚠️ {words('hidden')}"))
    servers = own(words("servers", n=f"{len(approval.servers):,}") + ": ")
    page.labelled("servers", servers, *names(words, approval.servers, most=_SERVERS))
    if approval.preview:
        page.labelled("preview")
        page.code(approval.preview, _PREVIEW, most_lines=_PREVIEW_LINES)
    page.labelled("proposed", foreign(approval.proposed_by))
    page.labelled("digest", foreign(approval.digest[:_DIGEST]))
    _answer(page, approval)


def offer(page: Page, approval: Approval) -> None:
    """The buttons, while there is something to answer."""
    if approval.state != "pending" or not _SAFE_DIGEST.fullmatch(approval.digest):
        return
    words = page.words
    yes, no = _approve(words, approval), _reject(words, approval)
    if _is_whole(approval):
        page.buttons([yes, no])
    else:
        page.line(own(words("cannot_approve")))
        page.buttons([no])


def _is_whole(approval: Approval) -> bool:
    shown = lines(approval.what, _WHAT, most_lines=_WHAT_LINES, telling=True)
    return bool(shown.text) and not shown.left_out


def _answer(page: Page, approval: Approval) -> None:
    words = page.words
    if approval.state == "pending":
        page.labelled("expires", at(approval.expires_at))
        return
    by = [own("  "), foreign(approval.decided_by)] if approval.decided_by else []
    page.labelled("answer", own(words.named("approval", approval.state)), *by)
    if approval.comment:
        page.labelled("comment", said(approval.comment))


def _approve(words: Words, approval: Approval) -> ButtonElement:
    servers = ", ".join(one_line(name, 40) or "-" for name in approval.servers[:3])
    if len(approval.servers) > 3:
        servers += " " + words("more", n=f"{len(approval.servers) - 3:,}")
    asked = _plain(words("confirm.approve_words", servers=servers), _CONFIRM)
    return ButtonElement(
        text=_plain(words("button.approve"), 75),
        action_id=APPROVE,
        value=value_of(approval),
        style="primary",
        confirm=ConfirmObject(
            title=_plain(words("confirm.approve", id=approval.id), 100),
            text=asked,
            confirm=_plain(words("confirm.yes"), 30),
            deny=_plain(words("confirm.cancel"), 30),
        ),
    )


def _reject(words: Words, approval: Approval) -> ButtonElement:
    return ButtonElement(
        text=_plain(words("button.reject"), 75),
        action_id=REJECT,
        value=value_of(approval),
        style="danger",
        confirm=ConfirmObject(
            title=_plain(words("confirm.reject", id=approval.id), 100),
            text=_plain(words("confirm.reject_words"), _CONFIRM),
            confirm=_plain(words("confirm.no_run"), 30),
            deny=_plain(words("confirm.cancel"), 30),
            style="danger",
        ),
    )


def _plain(text: str, most: int) -> PlainTextObject:
    fits = cut(text, most)
    while len(escaped(fits)) > most:
        fits = cut(fits, len(fits) - 1)
    return PlainTextObject(text=escaped(fits), emoji=False)
