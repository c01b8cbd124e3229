"""What somebody asks for in Slack: to look, to answer, to stop; as the person whom Slack's id is.

Invariant: a request is obeyed at most once, however often it is sent. What it does is done as a
person of the ledger, in the role that they have now; nothing else that Slack tells is believed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rescuebot import approving, clock, closing, dashboard, halting, telling
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Forbidden, Invalid, Problem, RescueError, Unauthorized
from rescuebot.events import search as events
from rescuebot.events.model import EventStatus
from rescuebot.events.reported import Severity
from rescuebot.notices import cards
from rescuebot.notices.cards import APPROVE, REJECT, Card, replies
from rescuebot.notices.cards.words import Words
from rescuebot.people import service as people
from rescuebot.people.model import User
from rescuebot.people.roles import Role, at_least
from rescuebot.requests import service as requests
from rescuebot.requests.service import Once
from rescuebot.settings import Settings

_DOOR = "slack"
_LISTED = 10
_LONGEST = 2000
_OPEN = (EventStatus.NEW, EventStatus.PROCESSING)
_ID = re.compile(r"#?([1-9][0-9]{0,8})")
_VALUE = re.compile(r"([1-9][0-9]{0,8}):([0-9a-f]{64})")
# What Slack makes of a straight quote or of an asterisk in a word of a command.
_TYPED = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What is answered: `kind` says what `told` is.

    help: None; stats: `dashboard.overview`; events: lines; event, approval: facts; acknowledged,
    approved, rejected, halted, resumed: what it was done to, and by whom; refused: the
    RescueError; stranger: the id that nobody has. `language` is that of the person, "" where it is
    not known.
    """

    kind: str
    told: Any = None
    language: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A request of a person, and what it is answered from. `words` follow the command's name."""

    words: tuple[str, ...]
    actor: str
    database: Database
    settings: Settings
    now: clock.Clock


def obey(
    text: str,
    *,
    slack_id: str,
    database: Database,
    settings: Settings,
    now: clock.Clock = clock.now,
) -> Reply:
    """Do what ``/rescue <text>`` says, or tell why not."""
    words = tuple(text.translate(_TYPED)[:_LONGEST].split())
    name = words[0].casefold() if words else "help"
    asked = _Asked(words=words[1:], actor="", database=database, settings=settings, now=now)
    return _done(COMMANDS.get(name) or COMMANDS["help"], asked, slack_id)


def press(
    action: str,
    value: str,
    *,
    slack_id: str,
    database: Database,
    settings: Settings,
    now: clock.Clock = clock.now,
) -> Reply:
    """Do what a button says. Its value is an id and the digest of what was shown, and no more."""
    found = _VALUE.fullmatch(value)
    command = BUTTONS.get(action)
    if command is None or found is None:
        return Reply(kind="refused", told=Invalid([Problem("button", "is none of ours")]))
    words = (found[1], found[2])
    asked = _Asked(words=words, actor="", database=database, settings=settings, now=now)
    return _done(command, asked, slack_id)


def card_of(reply: Reply, *, settings: Settings) -> Card:
    """The answer as Slack shows it, in the language of who asked."""
    notices = settings.notices
    language, url = reply.language or notices.language, notices.url
    words = Words(language)
    if reply.kind in ("event", "approval"):
        return cards.render(reply.told, language=language, url=url)
    if reply.kind == "stats":
        figures = cards.figures_of(reply.told, url=url)
        return cards.render_stats(figures, language=language)
    if reply.kind in replies.DONE:
        return replies.of_done(reply.kind, words, **reply.told, url=url)
    write = {
        "help": lambda: replies.of_help(words, url=url),
        "events": lambda: replies.of_lines(reply.told, words, url=url and f"{url}/events"),
        "refused": lambda: replies.of_refusal(reply.told, words, url=url),
        "stranger": lambda: replies.of_stranger(reply.told, words, url=url),
    }
    return write[reply.kind]()


@repeat_on_contention
def require_first(
    signature: str, body: bytes, *, database: Database, now: clock.Clock = clock.now
) -> None:
    """Unauthorized when this very request was taken before: somebody has kept a copy of it.

    Slack never repeats a command or a press by itself; people do, with a new signature.
    """
    asked = requests.fingerprint(method="POST", path=_DOOR, body=body.hex())
    once = Once(actor=_DOOR, key=signature, fingerprint=asked)
    with database.transaction() as session:
        if requests.begin(session=session, once=once, now=now()) is not None:
            raise Unauthorized("This request was answered before.")
        requests.note(session=session, once=once, answer={}, now=now())


def _done(command: Command, asked: _Asked, slack_id: str) -> Reply:
    with asked.database.reading() as session:
        user = people.by_slack_id(session=session, slack_id=slack_id)
    if user is None and command.role is not None:
        return Reply(kind="stranger", told=slack_id)
    try:
        if user is not None:
            _require_role(user, command.role)
            asked = replace(asked, actor=f"{_DOOR}:{user.username}")
        reply = command.run(asked)
    except RescueError as error:
        reply = Reply(kind="refused", told=error)
    return replace(reply, language=user.locale if user else "")


def _require_role(user: User, least: Role | None) -> None:
    if least is None:
        return
    allowed = at_least(least)
    if user.role not in allowed:
        words = "It is for: " + ", ".join(sorted(allowed)) + "."
        raise Forbidden("Your role does not allow this.", remedy=words)
    if user.must_change_password:
        raise Forbidden(
            "You have been given a password for once.",
            remedy="Sign in to the console and choose your own first.",
        )


def _help(asked: _Asked) -> Reply:
    return Reply(kind="help")


def _stats(asked: _Asked) -> Reply:
    with asked.database.replica() as session:
        told = dashboard.overview(session=session, settings=asked.settings, now=asked.now())
    return Reply(kind="stats", told=told)


def _events(asked: _Asked) -> Reply:
    """Those that are open, or of a severity, a status or a service."""
    wanted = _wanted(asked.words[0].casefold() if asked.words else "open")
    with asked.database.replica() as session:
        page = events.search(session=session, wanted=wanted, limit=_LISTED)
        return Reply(kind="events", told=[telling.line_of(event) for event in page.rows])


def _wanted(word: str) -> events.Filter:
    if word == "open":
        return events.Filter(status=_OPEN)
    if word in list(EventStatus):
        return events.Filter(status=(EventStatus(word),))
    if word in list(Severity):
        return events.Filter(severity=(Severity(word),))
    return events.Filter(service_type=(word[:50],))


def _event(asked: _Asked) -> Reply:
    event_id = _id(asked, "event")
    with asked.database.reading() as session:
        told = telling.of_event(
            session=session, event_id=event_id, url=asked.settings.notices.url, now=asked.now()
        )
    return Reply(kind="event", told=told)


def _acknowledge(asked: _Asked) -> Reply:
    event_id = _id(asked, "event")
    (became,) = closing.acknowledge(
        [event_id],
        reason=" ".join(asked.words[1:]),
        actor=asked.actor,
        database=asked.database,
        now=asked.now,
    )
    became.insist()
    return Reply(kind="acknowledged", told={"what": str(event_id), "by": asked.actor})


def _approve(asked: _Asked) -> Reply:
    """Without the digest it only shows what would run: nobody approves what they have not seen."""
    approval_id = _id(asked, "approval")
    if len(asked.words) < 2:
        return _shown(asked, approval_id)
    approving.approve(
        approval_id,
        actor=asked.actor,
        digest=asked.words[1],
        comment=" ".join(asked.words[2:]),
        database=asked.database,
        settings=asked.settings.guard,
        now=asked.now,
    )
    return Reply(kind="approved", told={"what": str(approval_id), "by": asked.actor})


def _shown(asked: _Asked, approval_id: int) -> Reply:
    with asked.database.reading() as session:
        told = telling.of_approval(
            session=session,
            approval_id=approval_id,
            url=asked.settings.notices.url,
            now=asked.now(),
        )
    return Reply(kind="approval", told=told)


def _reject(asked: _Asked) -> Reply:
    return _rejected(asked, digest=None, comment=" ".join(asked.words[1:]))


def _press_reject(asked: _Asked) -> Reply:
    return _rejected(asked, digest=asked.words[1], comment="")


def _rejected(asked: _Asked, *, digest: str | None, comment: str) -> Reply:
    approval_id = _id(asked, "approval")
    approving.reject(
        approval_id,
        actor=asked.actor,
        digest=digest,
        comment=comment,
        database=asked.database,
        now=asked.now,
    )
    return Reply(kind="rejected", told={"what": str(approval_id), "by": asked.actor})


def _halt(asked: _Asked) -> Reply:
    if len(asked.words) < 2:
        words = "must be a target and a reason, such as: halt service:mysql a bad release"
        raise Invalid([Problem("halt", words)])
    halt = halting.halt(
        _target(asked),
        reason=" ".join(asked.words[1:]),
        actor=asked.actor,
        database=asked.database,
        now=asked.now,
    )
    return Reply(kind="halted", told={"what": halt.target, "by": asked.actor})


def _resume(asked: _Asked) -> Reply:
    if not asked.words:
        raise Invalid([Problem("resume", "must be a target, such as: resume service:mysql")])
    halt = halting.resume(_target(asked), actor=asked.actor, database=asked.database, now=asked.now)
    return Reply(kind="resumed", told={"what": halt.target, "by": asked.actor})


def _target(asked: _Asked) -> str:
    """``all`` is what people type; a lone asterisk is bold to Slack."""
    word = asked.words[0]
    return "*" if word.casefold() == "all" else word


def _id(asked: _Asked, what: str) -> int:
    found = _ID.fullmatch(asked.words[0]) if asked.words else None
    if found is None:
        raise Invalid([Problem(what, "must be its number, such as 12")])
    return int(found[1])


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What runs it, and the least role that may; None is for whoever is in the workspace."""

    run: Callable[[_Asked], Reply]
    role: Role | None


COMMANDS = {
    "help": Command(run=_help, role=None),
    "stats": Command(run=_stats, role=None),
    "events": Command(run=_events, role=Role.VIEWER),
    "event": Command(run=_event, role=Role.VIEWER),
    "ack": Command(run=_acknowledge, role=Role.OPERATOR),
    "approve": Command(run=_approve, role=Role.OPERATOR),
    "reject": Command(run=_reject, role=Role.OPERATOR),
    "halt": Command(run=_halt, role=Role.OPERATOR),
    "resume": Command(run=_resume, role=Role.OPERATOR),
}
BUTTONS = {
    APPROVE: Command(run=_approve, role=Role.OPERATOR),
    REJECT: Command(run=_press_reject, role=Role.OPERATOR),
}
