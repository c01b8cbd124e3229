"""Notices go out: claimed, told by the first way that takes them, the receipt kept.

Invariant: nothing is sent within a transaction; receipts, thread and status are one transaction
after the sending, and whoever takes over a notice whose claim ran out asks first whether it is
there. So a notice is told once where that can be asked, and at least once elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rescuebot import clock, faults, gathering, telling
from rescuebot.approvals import telling as questions
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import DatabaseUnavailable, DeliveryRefused, DeliveryUnavailable, RescueError
from rescuebot.logs import logger
from rescuebot.notices import cards, troubles
from rescuebot.notices import service as notices
from rescuebot.notices.model import Notice, NoticeReceipt, NoticeStatus, NoticeThread
from rescuebot.notices.service import Receipt
from rescuebot.notices.ways import Letter, Posted, Sent, Way, build
from rescuebot.settings import Settings
from rescuebot.settings.notices import NoticeSettings

log = logger(__name__)

_AT_ONCE = 50
_LONGEST_PAUSE = timedelta(minutes=10)
# A way that was silent so often in a row is passed by for so long, whatever is to be told.
_OUT_AFTER = 4
_OUT_FOR = timedelta(seconds=30)
# A mistake of ours is met again so often, after such a pause.
_BROKEN_AT_MOST = 3
_BROKEN_FOR = timedelta(minutes=1)
# The first message of a thread says how things are; a question is a reply to it, with the buttons.
_HEADS = {"approval_asked": "held", "previewed": "held", "amended": "held"}
_CARDS = {"previewed": "approval_asked", "amended": "approval_asked"}


@dataclass(kw_only=True)
class _Health:
    """How a way has done lately, as this process has seen it."""

    silent: int = 0
    not_before: datetime | None = None
    out_until: datetime | None = None
    # Why it refuses, if people have been told so.
    told: str = ""


@dataclass(kw_only=True)
class _Try:
    """One notice on its way: what was answered so far, and what comes of it."""

    notice: Notice
    hop: int
    tries: int
    receipts: list[Receipt] = field(default_factory=list)
    sent: Sent | None = None
    next_at: datetime | None = None
    only_logged: bool = False


def tellers(*, owner: str, database: Database, settings: Settings) -> dict[str, Notifier]:
    """A notifier for each channel; they share the ways."""
    found = build(settings)
    return {
        channel: Notifier(
            channel=channel,
            ways=found,
            owner=owner,
            database=database,
            settings=settings.notices,
        )
        for channel in settings.notices.channels
    }


class Notifier:
    """One channel as one tracker tells it. A channel has a thread of its own, so that one that is
    slow holds up no other.
    """

    def __init__(
        self,
        *,
        channel: str,
        database: Database,
        settings: NoticeSettings,
        ways: Mapping[str, Way],
        owner: str,
        now: clock.Clock = clock.now,
    ) -> None:
        self._channel = channel
        self._database = database
        self._settings = settings
        self._channel_settings = settings.channels[channel]
        self._ways = ways
        self._owner = f"{owner} {channel}"[:100]
        self._now = now
        self._lease = timedelta(seconds=settings.lease_seconds)
        self._names = [way for way in self._channel_settings.ways if way != "log"] + ["log"]
        self._health: dict[str, _Health] = {}
        self._single: set[int] = set()

    def run(self) -> dict[str, int]:
        """Tell all that is due; returns how many went which way."""
        with self._database.reading() as session:
            found = notices.due(
                session=session,
                channel=self._channel,
                now=self._now(),
                lease=self._lease,
                limit=_AT_ONCE,
            )
        self._single &= {notice.id for notice in found}
        done: dict[str, int] = {}
        for notice in found:
            what = self._one(notice)
            done[what] = done.get(what, 0) + 1
        return done

    def _one(self, notice: Notice) -> str:
        """One that cannot be told must not keep all others waiting."""
        try:
            return self._tell(notice)
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("notice_not_told", notice=notice.uuid)
            self._put_off(notice)
            return "broken"

    def _tell(self, notice: Notice) -> str:
        if self._is_gathered(notice):
            return "merged"
        self._single.add(notice.id)
        health = self._health.get(self._names[min(notice.hop, len(self._names) - 1)])
        if health and health.not_before and self._now() < health.not_before:
            return "waits"  # the way has said until when nobody is to come
        mine = self._claim(notice)
        if mine is None:
            return "passed_over"
        faults.point("notify.claimed")
        attempt = _Try(notice=mine, hop=mine.hop, tries=mine.tries)
        self._send(attempt, self._letter(mine))
        faults.point("notify.sent")
        return self._settle(attempt)

    @repeat_on_contention
    def _is_gathered(self, notice: Notice) -> bool:
        """Whether a storm or the digest of the quiet hours tells it instead."""
        if notice.attempts or notice.id in self._single:
            return False  # it may have been told already, or has been found to be single
        with self._database.transaction() as session:
            return gathering.absorb(
                session=session,
                notice=notice,
                settings=self._settings,
                lease=self._lease,
                now=self._now(),
            )

    @repeat_on_contention
    def _claim(self, notice: Notice) -> Notice | None:
        """Take it, and with it what would only say again what it will say."""
        now = self._now()
        with self._database.transaction() as session:
            mine = notices.claim(
                session=session, notice=notice, owner=self._owner, now=now, lease=self._lease
            )
            if mine is not None:
                also = notices.later_updates(session=session, notice=mine)
                notices.merge(session=session, ids=also, into=mine.id, now=now, lease=self._lease)
        return mine

    def _letter(self, notice: Notice) -> Letter:
        """What is true now, in the words of the channel."""
        with self._database.reading() as session:
            facts = telling.facts_of(
                session=session, notice=notice, url=self._settings.url, now=self._now()
            )
            thread = notices.thread_of(
                session=session, channel=notice.channel, thread_key=notice.thread_key
            )
            question = self._question(session, notice)
        language = self._settings.language_of(self._channel)
        head = replace(facts, state=_HEADS.get(facts.state, facts.state), approval=None)
        facts = replace(facts, state=_CARDS.get(facts.state, facts.state))
        return Letter(
            notice=notice.uuid,
            thread_key=notice.thread_key,
            state=notice.state,
            severity=notice.severity.value,
            language=language,
            channel=self._channel_settings,
            card=cards.render(facts, language=language, url=self._settings.url),
            head=cards.render(head, language=language, url=self._settings.url),
            thread=_posted(thread),
            question=_posted(question),
            quietly=gathering.is_quiet(notice),
            again=notice.attempts > 1,
            since=notice.created_at,
        )

    def _question(self, session: Session, notice: Notice) -> NoticeReceipt | None:
        if notice.state not in notices.QUESTIONS:
            return None
        number = questions.approval_of(state=notice.state, number=notice.number)
        return notices.message_of(
            session=session, notice=notice, state="approval_asked", number=number
        )

    # --- the ways ---------------------------------------------------------------------------

    def _send(self, attempt: _Try, letter: Letter) -> None:
        """Go from way to way until one takes it or says when to come again."""
        while attempt.sent is None and attempt.next_at is None:
            name = self._names[min(attempt.hop, len(self._names) - 1)]
            self._hop(attempt, letter, name)
            attempt.only_logged = name == "log" and len(self._names) > 1

    def _hop(self, attempt: _Try, letter: Letter, name: str) -> None:
        way, health = self._ways.get(name), self._health.setdefault(name, _Health())
        if way is None:
            return _next_way(attempt, name, "not_set_up")
        if health.out_until and self._now() < health.out_until:
            return _next_way(attempt, name, "out_of_order")
        begun = time.monotonic()
        try:
            sent = way(letter)
        except DeliveryRefused as error:
            log.warning("way_refused", way=name, notice=letter.notice, reason=error.reason)
            return _next_way(attempt, name, error.reason, _since(begun))
        except DeliveryUnavailable as error:
            return self._wait(attempt, name, error, _since(begun))
        health.silent, health.out_until = 0, None
        if sent.code in troubles.TAKEN:
            health.told = ""
        attempt.sent = sent
        attempt.receipts.append(
            Receipt(
                way=name,
                ok=True,
                code=sent.code,
                place=sent.posted.place,
                reference=sent.posted.reference,
                milliseconds=_since(begun),
            )
        )
        return None

    def _wait(
        self, attempt: _Try, name: str, error: DeliveryUnavailable, milliseconds: int
    ) -> None:
        """The way may take it later; after some tries the next one is asked."""
        log.warning("way_unavailable", way=name, notice=attempt.notice.uuid, reason=error.reason)
        health, now = self._health[name], self._now()
        if error.retry_after is not None:
            health.not_before = now + min(timedelta(seconds=error.retry_after), _LONGEST_PAUSE)
        else:
            health.silent += 1
            if health.silent >= _OUT_AFTER:
                health.silent, health.out_until = 0, now + _OUT_FOR
        attempt.tries += 1
        if attempt.tries >= self._settings.tries:
            return _next_way(attempt, name, error.reason, milliseconds)
        attempt.receipts.append(
            Receipt(way=name, ok=False, code=error.reason, milliseconds=milliseconds)
        )
        pause = timedelta(seconds=self._settings.pause_seconds * 2 ** (attempt.tries - 1))
        if error.retry_after is not None:
            pause = timedelta(seconds=error.retry_after)
        attempt.next_at = now + min(pause, _LONGEST_PAUSE)
        return None

    # --- what came of it --------------------------------------------------------------------

    @repeat_on_contention
    def _settle(self, attempt: _Try) -> str:
        """Receipts, thread and status together. Receipts are kept even if it was taken over."""
        notice, sent, now = attempt.notice, attempt.sent, self._now()
        with self._database.transaction() as session:
            notices.note(session=session, notice=notice, receipts=attempt.receipts, now=now)
            if sent is None:
                what = self._keep(session, attempt)
            else:
                what = self._end(session, attempt, sent, now)
            news = self._warn(session, attempt, now)
            faults.point("notify.noted")
        faults.point("notify.committed")
        for name, reason in news.items():
            self._health[name].told = reason
        return what

    def _warn(self, session: Session, attempt: _Try, now: datetime) -> dict[str, str]:
        """Let the ways behind one that fails for good tell so, if any of them reaches people."""
        news = {
            receipt.way: receipt.code
            for receipt in attempt.receipts
            if receipt.code in troubles.LASTING
            and receipt.way not in self._names[-2:]
            and self._health[receipt.way].told != receipt.code
        }
        for name, reason in news.items():
            troubles.put(session=session, channel=self._channel, way=name, reason=reason, now=now)
        return news

    def _keep(self, session: Session, attempt: _Try) -> str:
        assert attempt.next_at is not None, "a try ends sent or with a time"
        notices.let_go(
            session=session,
            notice=attempt.notice,
            hop=attempt.hop,
            tries=attempt.tries,
            next_at=attempt.next_at,
        )
        return "put_off"

    def _end(self, session: Session, attempt: _Try, sent: Sent, now: datetime) -> str:
        notice = attempt.notice
        if sent.begins_thread:
            notices.remember_thread(
                session=session,
                notice=notice,
                place=sent.posted.place,
                reference=sent.posted.reference,
                now=now,
            )
        status = NoticeStatus.SENT
        if sent.code == "not_needed":
            status = NoticeStatus.MERGED
        elif attempt.only_logged:
            status = NoticeStatus.GIVEN_UP
        notices.end(session=session, notice=notice, status=status, now=now)
        return status.value

    def _put_off(self, notice: Notice) -> None:
        """A mistake of ours: do not meet it again at once."""
        try:
            with self._database.transaction() as session:
                fresh = session.get(Notice, notice.id)
                if fresh is not None and fresh.claimed_by == self._owner:
                    self._leave(session, fresh)
        except RescueError as error:
            log.warning("notice_not_put_off", notice=notice.uuid, reason=error.message)

    def _leave(self, session: Session, notice: Notice) -> None:
        now = self._now()
        broken = Receipt(way="log", ok=False, code="broken")
        notices.note(session=session, notice=notice, receipts=[broken], now=now)
        if notice.attempts >= _BROKEN_AT_MOST:
            notices.end(session=session, notice=notice, status=NoticeStatus.GIVEN_UP, now=now)
            return
        notices.let_go(
            session=session,
            notice=notice,
            hop=notice.hop,
            tries=notice.tries,
            next_at=now + _BROKEN_FOR,
        )


def _next_way(attempt: _Try, way: str, code: str, milliseconds: int = 0) -> None:
    attempt.receipts.append(Receipt(way=way, ok=False, code=code, milliseconds=milliseconds))
    attempt.hop += 1
    attempt.tries = 0


def _posted(row: NoticeThread | NoticeReceipt | None) -> Posted | None:
    return None if row is None else Posted(row.place, row.reference)


def _since(begun: float) -> int:
    return int((time.monotonic() - begun) * 1000)
