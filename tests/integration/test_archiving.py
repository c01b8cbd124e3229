"""Old events go to files and come back, whatever ends the work in between, on both databases."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from devstack import ports
from devstack.emulator import Emulator
from devstack.place import REGION
from rescuebot import archiving, restoring
from rescuebot.adapters import places
from rescuebot.archive import desk, files, rows, service
from rescuebot.archive.model import Archive, ArchivedItem, ArchiveLease, ArchiveState
from rescuebot.audit import service as audit
from rescuebot.database import Database
from rescuebot.errors import (
    ArchiveRefused,
    ArchiveUnavailable,
    Conflict,
    Invalid,
    NotFound,
)
from rescuebot.events.model import CloudWatchEvent, EventStatus
from rescuebot.executions.model import ExecutionState, SaltStackEventLog
from rescuebot.settings import ArchiveSettings, AwsSettings, Settings
from tests.factories import NOW
from tests.old import (
    OLD,
    a_consultation,
    a_decision,
    a_draft,
    a_log,
    a_run,
    a_whole_event,
    an_advice,
    an_approval,
    an_event,
    put,
    the_newest,
)

BUCKET = "rescue-archive"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = Emulator(tmp_path_factory.mktemp("emulator"))
    started.start()
    started.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    yield started
    started.stop()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(archive=ArchiveSettings(place=str(tmp_path / "archive")))


@pytest.fixture
def on_s3(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    return Settings(
        aws=AwsSettings(endpoint_url=emulator.endpoint),
        archive=ArchiveSettings(place=f"s3://{BUCKET}/{uuid.uuid4().hex}/rescue"),
    )


def with_archive(settings: Settings, **fields: Any) -> Settings:
    archive = settings.archive.model_copy(update=fields)
    return settings.model_copy(update={"archive": archive})


def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables that are archived."""
    with database.reading() as session:
        return {
            name: [
                dict(row._mapping) for row in session.execute(select(table).order_by(table.c.id))
            ]
            for name, table in rows.KNOWN.items()
        }


def event_ids(database: Database) -> list[int]:
    return [row["id"] for row in everything(database)["cloudwatch_event"]]


def archive(database: Database, settings: Settings, **also: Any) -> archiving.Summary:
    also.setdefault("now", lambda: NOW)
    return archiving.archive(settings=settings, database=database, actor="kim", **also)


def restore(database: Database, settings: Settings, **wanted: Any) -> restoring.Restored:
    wanted.setdefault("now", lambda: NOW)
    return restoring.restore(settings=settings, database=database, actor="kim", **wanted)


def archives(database: Database) -> list[Archive]:
    with database.reading() as session:
        return list(reversed(service.list_(session=session)))


def lost(database: Database, settings: Settings) -> list[int]:
    return [kept.id for kept in archiving.lost(settings=settings, database=database, limit=10)]


def stored(settings: Settings) -> list[Path]:
    return sorted(Path(str(settings.archive.place)).rglob("*.gz"))


def test_an_old_event_goes_with_all_that_hangs_on_it_and_comes_back_the_same(
    database: Database, settings: Settings
) -> None:
    event_id, newest = a_whole_event(database), the_newest(database)
    before = everything(database)
    told = archive(database, settings)
    assert (told.events, told.rows, told.items_left) == (1, 12, 0)
    after = everything(database)
    assert [row["id"] for row in after["cloudwatch_event"]] == [newest]
    assert {name: len(some) for name, some in after.items()} == {
        name: len(some) // 2 for name, some in before.items()
    }
    back = restore(database, settings, archive_id=told.archives[0])
    assert (back.events, back.rows, back.existing) == (1, 12, 0)
    assert everything(database) == before
    again = restore(database, settings, event_id=event_id)
    assert (again.rows, again.existing) == (0, 12)


def test_s3_holds_the_same_as_a_folder_does(database: Database, on_s3: Settings) -> None:
    a_whole_event(database)
    the_newest(database)
    before = everything(database)
    told = archive(database, on_s3)
    place = places.opened(str(on_s3.archive.place), aws=on_s3.aws)
    (kept,) = archives(database)
    assert place.size(kept.name + files.LINES) == kept.size
    assert place.size("2026/08/nothing.jsonl.gz") is None
    restore(database, on_s3, archive_id=told.archives[0])
    assert everything(database) == before


def test_the_manifest_tells_what_the_file_holds(database: Database, settings: Settings) -> None:
    event_id = a_whole_event(database)
    the_newest(database)
    archive(database, settings)
    (kept,) = archives(database)
    described = Path(str(settings.archive.place), kept.name + files.MANIFEST)
    told = json.loads(described.read_bytes())
    assert told["rows"] == json.loads(kept.counts)
    assert (told["first_event_id"], told["last_event_id"]) == (event_id, event_id)
    assert told["first_at"] == "2026-08-14T01:05:00.000Z"
    assert (told["sha256"], told["plain_sha256"]) == (kept.sha256, kept.plain_sha256)
    assert kept.name.startswith(f"2026/08/{kept.id}-")


def _young(database: Database, event_id: int) -> None:
    set_event(database, event_id, resolved_at=NOW - timedelta(days=89))


def set_event(database: Database, event_id: int, **values: Any) -> None:
    with database.transaction() as session:
        session.execute(
            update(CloudWatchEvent).where(CloudWatchEvent.id == event_id).values(**values)
        )


def _late_report(database: Database, event_id: int) -> None:
    put(
        database,
        "event_occurrence",
        message_id="late",
        cloudwatch_event_id=event_id,
        event_time=OLD,
        received_at=NOW - timedelta(days=3),
    )


def _advice_of_another(database: Database, event_id: int) -> None:
    advice_id = an_advice(database, event_id)
    a_consultation(database, an_event(database, at=NOW), advice_id)


# Whatever of this an old event has keeps it.
REASONS: dict[str, Callable[[Database, int], object]] = {
    "resolved lately": _young,
    "still new": lambda db, event: set_event(db, event, status=EventStatus.NEW),
    "in processing": lambda db, event: set_event(db, event, status=EventStatus.PROCESSING),
    "never resolved": lambda db, event: set_event(db, event, resolved_at=None),
    "taken in lately": lambda db, event: set_event(db, event, received_at=NOW),
    "reported again lately": _late_report,
    "a run is held": lambda db, event: a_run(db, event, state=ExecutionState.HELD),
    "a run is under way": lambda db, event: a_run(db, event, state=ExecutionState.RUNNING),
    "tried again by hand lately": lambda db, event: a_run(db, event, at=NOW),
    "an approval is pending": lambda db, event: an_approval(db, event, a_run(db, event), "pending"),
    "it waits for advice": lambda db, event: a_consultation(
        db, event, an_advice(db, an_event(db, at=NOW)), "waiting"
    ),
    "its advice is being asked for": lambda db, event: an_advice(db, event, state="asking"),
    "its advice may be used": lambda db, event: an_advice(db, event, live_hash="x", expires_at=NOW),
    "its advice is another's": _advice_of_another,
    "its run is the evidence of another": lambda db, event: an_advice(
        db, an_event(db, at=NOW), evidence_execution_id=a_run(db, event)
    ),
    "its draft waits": lambda db, event: a_draft(
        db, event, an_advice(db, event), a_run(db, event), "proposed"
    ),
    "its draft became a runbook": lambda db, event: a_draft(
        db, event, an_advice(db, event), a_run(db, event), "promoted"
    ),
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_somebody_may_still_need_stays(
    database: Database, settings: Settings, reason: str
) -> None:
    kept, goes = an_event(database), an_event(database)
    REASONS[reason](database, kept)
    the_newest(database)
    assert archiving.preview(settings=settings, database=database, now=lambda: NOW)["events"] == 1
    archive(database, settings)
    assert kept in event_ids(database)
    assert goes not in event_ids(database)


def test_what_hangs_on_no_event_goes_too(database: Database, settings: Settings) -> None:
    run = a_run(database, None)
    a_log(database, run, None, "by hand")
    a_decision(database, execution_id=run)
    a_decision(database)
    still = a_run(database, None, state="planned", finished_at=None)
    the_newest(database)
    before = everything(database)
    told = archive(database, settings)
    assert (told.events, told.rows) == (0, 4)
    left = everything(database)
    assert [row["id"] for row in left["execution"]][0] == still
    restore(database, settings, archive_id=told.archives[0])
    assert everything(database) == before


def test_advice_goes_with_the_last_of_its_events_and_comes_back_with_the_first(
    database: Database, settings: Settings
) -> None:
    first, second = an_event(database), an_event(database)
    advice_id = an_advice(database, first)
    for event_id in (first, second):
        a_consultation(database, event_id, advice_id)
    the_newest(database)
    before = everything(database)
    told = archive(database, settings)
    assert (len(told.archives), told.events) == (2, 2), "the one that asked first goes last"
    back = restore(database, settings, event_id=second)
    assert (back.events, back.orphans.total()) == (2, 0)
    assert everything(database) == before


def test_the_highest_id_of_a_table_is_never_given_away(
    database: Database, settings: Settings
) -> None:
    with_run, last = an_event(database), an_event(database)
    a_run(database, with_run)
    assert archive(database, settings).events == 0
    assert event_ids(database) == [with_run, last]


class Killed(BaseException):
    """The end of the process, as far as one can have it in a test."""


@contextmanager
def killed_at(name: str) -> Iterator[None]:
    """End what is run in it at a point, and say so when it does not get there."""

    def reached(found: str) -> None:
        if found == name:
            raise Killed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        for story in (archiving, restoring):
            patch.setattr(story, "at", reached)
        # A killed process gives nothing back.
        patch.setattr(desk.Desk, "_give_back", lambda _: None)
        yield


def later() -> datetime:
    """When the lease of a killed process has ended."""
    return NOW + timedelta(minutes=11)


@pytest.mark.parametrize("point", archiving.POINTS)
def test_a_kill_anywhere_is_made_up_for_by_the_next_run(
    database: Database, settings: Settings, point: str
) -> None:
    for number in range(3):
        a_whole_event(database, result=f"result {number}")
    the_newest(database)
    before = everything(database)
    with killed_at(point):
        archive(database, settings)
    with pytest.raises(Conflict, match="kim is moving"):
        archive(database, settings)
    archive(database, settings, now=later)
    assert [kept.state for kept in archives(database)] == [ArchiveState.DONE]
    assert len(event_ids(database)) == 1
    restore(database, settings, archive_id=archives(database)[0].id, now=later)
    assert everything(database) == before


@pytest.mark.parametrize("point", restoring.POINTS)
def test_a_restoration_that_was_killed_is_simply_repeated(
    database: Database, settings: Settings, point: str
) -> None:
    a_whole_event(database)
    the_newest(database)
    before = everything(database)
    (archive_id,) = archive(database, settings).archives
    with killed_at(point):
        restore(database, settings, archive_id=archive_id)
    restore(database, settings, archive_id=archive_id, now=later)
    assert everything(database) == before


def test_what_changed_since_it_was_stored_is_left_and_told(
    database: Database, settings: Settings
) -> None:
    changed, same = a_whole_event(database), a_whole_event(database)
    newest = the_newest(database)
    with killed_at("archive.verified"):
        archive(database, settings)
    with database.transaction() as session:
        first_log = select(func.min(SaltStackEventLog.id)).scalar_subquery()
        session.execute(
            update(SaltStackEventLog)
            .where(SaltStackEventLog.id == first_log)
            .values(execution_result="put right by a person")
        )
    told = archive(database, settings, now=later, most_files=1)
    assert (told.events, told.items_left) == (1, 1)
    assert event_ids(database) == [changed, newest]
    assert archives(database)[0].items_left == 1
    # Its lines in the first file are those of nobody: the next run stores it as it is now.
    archive(database, settings, now=later)
    assert restore(database, settings, archive_id=told.archives[0], now=later).events == 1
    assert event_ids(database) == [same, newest]
    restore(database, settings, event_id=changed, now=later)
    assert everything(database)["saltstack_event_log"][0]["execution_result"].startswith("put")


def test_what_something_new_refers_to_is_left_alone(database: Database, settings: Settings) -> None:
    referred, other = an_event(database), an_event(database)
    advice_id = an_advice(database, referred)
    newest = the_newest(database)
    with killed_at("archive.verified"):
        archive(database, settings)
    a_consultation(database, an_event(database, at=NOW), advice_id)
    told = archive(database, settings, now=later)
    assert (told.events, told.items_left) == (1, 1)
    assert other not in event_ids(database)
    assert {referred, newest} < set(event_ids(database))


def test_what_was_restored_stays_as_long_as_if_it_were_of_today(
    database: Database, settings: Settings
) -> None:
    event_id = an_event(database)
    the_newest(database)
    archive(database, settings)
    restore(database, settings, event_id=event_id)
    assert archive(database, settings, now=lambda: NOW + timedelta(days=89)).events == 0
    assert archive(database, settings, now=lambda: NOW + timedelta(days=91)).events == 1
    # Two files have it now; the later one is asked.
    told = restore(database, settings, event_id=event_id)
    assert told.archives == [archives(database)[-1].id]


def test_a_time_brings_back_what_is_of_it(database: Database, settings: Settings) -> None:
    days = {ago: an_event(database, at=NOW - timedelta(days=ago)) for ago in (100, 110, 120)}
    the_newest(database)
    archive(database, with_archive(settings, events_per_file=2))
    assert len(archives(database)) == 2
    since, until = NOW - timedelta(days=115), NOW - timedelta(days=105)
    told = restore(database, settings, since=since, until=until)
    assert (told.events, event_ids(database)[:-1]) == (1, [days[110]])


def test_a_file_ends_when_it_is_full_and_no_event_is_split(
    database: Database, settings: Settings
) -> None:
    # The setting's floor is a megabyte; the story itself takes any number.
    small = with_archive(settings, bytes_per_file=200_000)
    ids = [a_whole_event(database, result="x" * 90_000) for _ in range(7)]
    the_newest(database)
    before = everything(database)
    told = archive(database, small)
    assert len(told.archives) == 3
    with database.reading() as session:
        counted = session.execute(
            select(ArchivedItem.archive_id, func.count()).group_by(ArchivedItem.archive_id)
        )
        assert [count for _, count in counted] == [3, 3, 1]
    for event_id in ids:
        restore(database, small, event_id=event_id)
    assert everything(database) == before


@pytest.mark.parametrize("ending", [files.LINES, files.MANIFEST])
def test_nothing_is_deleted_of_a_file_that_cannot_be_read_back(
    database: Database, settings: Settings, ending: str
) -> None:
    event_id = an_event(database)
    the_newest(database)
    with killed_at("archive.written"):
        archive(database, settings)
    damaged = Path(str(settings.archive.place), archives(database)[0].name + ending)
    damaged.write_bytes(damaged.read_bytes()[:-9] + b"otherwise")
    with pytest.raises(ArchiveUnavailable, match="Nothing was deleted"):
        archive(database, settings, now=later)
    assert event_id in event_ids(database)
    assert archive(database, settings, now=later).events == 1, "it is written anew"


def test_a_damaged_file_is_refused_before_anything_is_inserted(
    database: Database, settings: Settings
) -> None:
    a_whole_event(database)
    the_newest(database)
    (archive_id,) = archive(database, settings).archives
    (path,) = stored(settings)
    whole, before = path.read_bytes(), everything(database)
    for damaged in (whole[:-1], whole[:40] + b"?" + whole[41:]):
        path.write_bytes(damaged)
        with pytest.raises(ArchiveRefused):
            restore(database, settings, archive_id=archive_id)
    path.write_bytes(whole)
    assert lost(database, settings) == []
    path.write_bytes(whole + b"more")
    with pytest.raises(ArchiveUnavailable, match="larger"):
        restore(database, settings, archive_id=archive_id)
    assert lost(database, settings) == [archive_id]
    path.unlink()
    assert lost(database, settings) == [archive_id]
    with pytest.raises(ArchiveUnavailable, match="has no file"):
        restore(database, settings, archive_id=archive_id)
    assert everything(database) == before


def test_an_id_that_is_another_rows_by_now_is_left_to_it(
    database: Database, settings: Settings
) -> None:
    event_id = an_event(database)
    the_newest(database)
    (archive_id,) = archive(database, settings).archives
    an_event(database, at=NOW, id=event_id)
    before = everything(database)
    told = restore(database, settings, archive_id=archive_id)
    assert (told.events, [item.id for item in told.taken]) == (0, [event_id])
    assert everything(database) == before


def test_a_place_that_does_not_answer_deletes_nothing(database: Database, on_s3: Settings) -> None:
    nobody = AwsSettings(endpoint_url=f"http://127.0.0.1:{ports.free(1)[0]}")
    event_id = an_event(database)
    the_newest(database)
    with pytest.raises(ArchiveUnavailable, match="S3 did not take"):
        archive(database, on_s3.model_copy(update={"aws": nobody}))
    assert event_id in event_ids(database)
    assert archive(database, on_s3).events == 1, "the lease was given back"


def test_of_many_who_ask_one_archives_and_then_it_is_not_due(
    database: Database, settings: Settings
) -> None:
    for _ in range(3):
        an_event(database)
    the_newest(database)
    told: list[archiving.Summary | None] = []

    def ask(now: datetime = NOW) -> None:
        told.append(
            archiving.archive_if_due(
                settings=settings,
                database=database,
                actor="rescue_tracker@test:1",
                now=lambda: now,
                rest=lambda: None,
            )
        )

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.events for one in told if one is not None] == [3]
    ask(NOW + timedelta(hours=23))
    assert told[-1] is None
    ask(NOW + timedelta(hours=25))
    assert told[-1] is not None


def test_who_has_lost_the_lease_deletes_nothing(database: Database, settings: Settings) -> None:
    event_id = an_event(database)
    the_newest(database)

    def lose(name: str) -> None:
        if name == "archive.verified":
            with database.transaction() as session:
                session.execute(update(ArchiveLease).values(token="another"))

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Conflict, match="taken over"):
        patch.setattr(archiving, "at", lose)
        archive(database, settings)
    assert event_id in event_ids(database)


def test_every_run_is_in_the_audit(database: Database, settings: Settings) -> None:
    event_id = an_event(database)
    the_newest(database)
    archive(database, settings)
    restore(database, settings, event_id=event_id)
    with database.reading() as session:
        entries = audit.list_(session=session)
    assert {(entry.actor, entry.action) for entry in entries} == {
        ("kim", "archived"),
        ("kim", "archive_run"),
        ("kim", "archive_restored"),
    }


def test_what_cannot_be_done_is_refused_with_its_field(
    database: Database, settings: Settings
) -> None:
    with pytest.raises(Invalid, match="rescue.archive.place"):
        archive(database, Settings())
    for wanted in ({}, {"archive_id": 1, "event_id": 2}):
        with pytest.raises(Invalid, match="archive"):
            restore(database, settings, **wanted)
    for wanted in ({"archive_id": 7}, {"event_id": 7}):
        with pytest.raises(NotFound, match="7"):
            restore(database, settings, **wanted)
