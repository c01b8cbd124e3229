"""What is not told singly: storms, quiet hours, digests; and what nobody has seen to is told again.

Invariant: a notice that is told by another names it; each step is one transaction behind a guarded
UPDATE or a unique key, so any number of trackers may gather for one ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rescuebot import clock, telling
from rescuebot.approvals import service as approvals
from rescuebot.database import Database, repeat_on_contention
from rescuebot.events import gathered
from rescuebot.events.gathered import Standing
from rescuebot.events.model import CloudWatchEvent
from rescuebot.events.reported import Severity
from rescuebot.notices import hours, looking, storms
from rescuebot.notices import service as notices
from rescuebot.notices.model import Notice, NoticeStorm
from rescuebot.notices.service import Wants
from rescuebot.one_by_one import by_itself
from rescuebot.settings.notices import EscalateSettings, NoticeSettings

# A storm whose last event is so long ago is over, whatever is still open.
_LONGEST_CALM = timedelta(minutes=10)
# A digest that could not be asked for within this time of its hour is left out.
_DIGEST_WITHIN = timedelta(hours=1)
# What failed longer ago than this is not escalated any more.
_ESCALATED_WITHIN = timedelta(days=2)
# Transactions may commit so much later than the times that they write.
_OVERLAP = timedelta(minutes=2)
_PAGE = 200


@repeat_on_contention
def register(*, database: Database, settings: NoticeSettings) -> None:
    """Let the channels of the settings be told from now on, whoever changes a state."""
    channels = {
        name: Wants(severities=channel.severities, services=channel.services)
        for name, channel in settings.channels.items()
    }
    with database.transaction() as session:
        notices.set_channels(session=session, channels=channels)


def is_quiet(notice: Notice) -> bool:
    """Whether it only brings a message up to date."""
    return notice.state in notices.QUIETLY


def absorb(
    *,
    session: Session,
    notice: Notice,
    settings: NoticeSettings,
    lease: timedelta,
    now: datetime,
) -> bool:
    """Let a storm, or the digest of the quiet hours, tell a notice of an event; False when it is
    to be told singly.
    """
    if notice.event_id is None:
        return False
    into = _quiet_digest(session, notice, settings, now) or _storm(session, notice, settings, now)
    return into is not None and bool(
        notices.merge(session=session, ids=[notice.id], into=into, now=now, lease=lease)
    )


def _quiet_digest(
    session: Session, notice: Notice, settings: NoticeSettings, now: datetime
) -> int | None:
    quiet = settings.channels[notice.channel].quiet
    ends = hours.quiet_until(now, quiet)
    if quiet is None or ends is None or notice.severity.value in quiet.but:
        return None
    digest, _ = notices.put_once(
        session=session,
        channel=notice.channel,
        thread_key=f"{telling.QUIET}{clock.isoformat(ends)}",
        state="opened",
        severity=notice.severity,
        not_before=ends,
        now=now,
    )
    return digest.id


def _storm(session: Session, notice: Notice, settings: NoticeSettings, now: datetime) -> int | None:
    if notice.state not in storms.FIRST:
        teller = storms.holds(session=session, notice=notice)
        return None if teller is None else teller.id
    storm = storms.live(session=session, notice=notice)
    if storm is None:
        span = timedelta(seconds=settings.storm.seconds)
        count, since = storms.gathering(session=session, notice=notice, span=span)
        if count < settings.storm.events:
            return None
        storm = storms.begin(session=session, notice=notice, since=since, now=now)
    elif notice.created_at - storm.last_at > _calm(settings):
        return None
    storms.grow(session=session, storm=storm, at=notice.created_at)
    teller = _of_storm(session, storm, "opened", 0, now)
    return teller.id


def _of_storm(
    session: Session, storm: NoticeStorm, state: str, number: int, now: datetime
) -> Notice:
    notice, _ = notices.put_once(
        session=session,
        channel=storm.channel,
        thread_key=storms.thread_of(storm.id),
        state=state,
        number=number,
        severity=storms.worst(session=session, storm=storm),
        service_type=storm.service_type,
        now=now,
    )
    return notice


def _calm(settings: NoticeSettings) -> timedelta:
    return max(10 * timedelta(seconds=settings.storm.seconds), _LONGEST_CALM)


class Gatherer:
    """One look at all that is to be told together or once more. `run` returns what was done."""

    def __init__(
        self, *, database: Database, settings: NoticeSettings, now: clock.Clock = clock.now
    ) -> None:
        self._database = database
        self._settings = settings
        self._now = now
        # Up to when each level of the escalation was looked for; only saves reading.
        self._looked: dict[int, datetime] = {}
        self._asked: set[str] = set()

    def run(self) -> dict[str, int]:
        """Storms, escalations, digests, and what is too old."""
        parts: dict[str, Callable[[], int]] = {
            "storms": self.storms,
            "escalated": self.escalations,
            "digests": self.digests,
            "forgotten": self.forget_old,
        }
        done = {
            what: by_itself(part, trouble=f"{what}_not_gathered") for what, part in parts.items()
        }
        return {what: count for what, count in done.items() if count}

    # --- storms -----------------------------------------------------------------------------

    def storms(self) -> int:
        """Bring the messages of storms up to date, and sum up those that are over."""
        done = 0
        for channel in self._settings.channels:
            with self._database.reading() as session:
                found = [
                    (storm, *self._standing(session, storm))
                    for storm in storms.list_live(session=session, channel=channel)
                ]
            done += sum(self._step(storm, standing, asked) for storm, standing, asked in found)
        return done

    def _standing(self, session: Session, storm: NoticeStorm) -> tuple[Standing, int]:
        """How its events stand, and how many questions wait for an answer."""
        ids = storms.event_ids(session=session, storm=storm)
        asked = approvals.waiting(session=session, event_ids=ids)
        return gathered.of_ids(session=session, ids=ids), asked

    @repeat_on_contention
    def _step(self, storm: NoticeStorm, standing: Standing, asked: int) -> bool:
        now = self._now()
        words = f"{standing.count} {standing.fixed} {standing.failed} {standing.open} {asked}"
        is_news = words != storm.told
        pause = timedelta(seconds=self._settings.storm.update_seconds)
        with self._database.transaction() as session:
            if self._is_over(storm, standing, now):
                ended = storms.end(session=session, storm=storm, now=now)
                if ended:
                    _of_storm(session, storm, "summary", 0, now)
                return ended
            if not is_news or now - storm.told_at < pause:
                return False
            told = storms.told(session=session, storm=storm, words=words, now=now)
            if told:
                _of_storm(session, storm, "running", storm.updates + 1, now)
            if told and asked:
                # Once in a storm, because nobody hears of an update.
                _of_storm(session, storm, "held", 0, now)
            return told

    def _is_over(self, storm: NoticeStorm, standing: Standing, now: datetime) -> bool:
        calm = now - storm.last_at
        span = timedelta(seconds=self._settings.storm.seconds)
        return calm > _calm(self._settings) or (not standing.open and calm >= span)

    # --- escalation -------------------------------------------------------------------------

    def escalations(self) -> int:
        """Tell the next level of what failed and nobody has acknowledged; each level once."""
        return sum(
            self._escalate(number, level)
            for number, level in enumerate(self._settings.escalate, start=1)
        )

    def _escalate(self, number: int, level: EscalateSettings) -> int:
        now = self._now()
        until = now - timedelta(minutes=level.minutes)
        since = self._looked.get(number, now - _ESCALATED_WITHIN) - _OVERLAP
        done, after = 0, 0
        while True:
            found, written = self._escalate_page(number, level, since, until, after)
            done += written
            if len(found) < _PAGE:
                self._looked[number] = until
                return done
            after = found[-1].id

    @repeat_on_contention
    def _escalate_page(
        self, number: int, level: EscalateSettings, since: datetime, until: datetime, after: int
    ) -> tuple[list[CloudWatchEvent], int]:
        now, written = self._now(), 0
        with self._database.transaction() as session:
            found = gathered.unseen(
                session=session, since=since, until=until, after=after, limit=_PAGE
            )
            for event in found:
                _, is_new = notices.put_once(
                    session=session,
                    channel=level.channel,
                    thread_key=notices.event_thread(event_id=event.id),
                    state="escalated",
                    number=_number(event, number),
                    severity=event.severity,
                    service_type=event.service_type,
                    event_id=event.id,
                    now=now,
                )
                written += is_new
        return list(found), written

    # --- digests ----------------------------------------------------------------------------

    @repeat_on_contention
    def digests(self) -> int:
        """Sum up the day where its hour has come."""
        now, done = self._now(), 0
        for name, channel in self._settings.channels.items():
            if channel.digest is None:
                continue
            at, day = hours.last_digest(now, channel.digest)
            key = f"{name} {day.isoformat()}"
            if now - at > _DIGEST_WITHIN or key in self._asked:
                continue
            with self._database.transaction() as session:
                notices.put_once(
                    session=session,
                    channel=name,
                    thread_key=f"{telling.DAILY}{day.isoformat()}",
                    state="opened",
                    severity=Severity.INFO,
                    now=at,
                )
            self._asked = {*list(self._asked)[-50:], key}
            done += 1
        return done

    @repeat_on_contention
    def forget_old(self) -> int:
        """Forget some notices that were told long ago."""
        before = self._now() - timedelta(days=self._settings.keep_days)
        with self._database.transaction() as session:
            return looking.forget_old(session=session, before=before)


def _number(event: CloudWatchEvent, level: int) -> int:
    """Another for each time that the event fails, and for each level."""
    failed_at = event.resolved_at or event.received_at
    return int(failed_at.timestamp()) * telling.LEVELS + level
