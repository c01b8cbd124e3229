"""Correcting what an execution has told, and reading 10 MB of it in parts, on both databases."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from rescuebot import correcting
from rescuebot.audit.model import AuditEntry
from rescuebot.clock import isoformat
from rescuebot.database import Database
from rescuebot.errors import Conflict, Invalid, NotFound
from rescuebot.executions import output, results
from rescuebot.executions.model import LogStatus, SaltStackEventLog
from rescuebot.guard.model import Decision
from tests import factories
from tests.factories import NOW
from tests.integration.test_tracking import FakeFleet, Scene

SECRET = "password=hunter2 서버 🔥"
# 10 MB of characters of one to four bytes, so that parts begin and end inside of them.
LONG = ("a€🔥é\n" * (10 * 1024 * 1024 // 11))[: 10 * 1024 * 1024]


@pytest.fixture
def scene(database: Database) -> Scene:
    """One execution that ended with three logs; the first says something it should not."""
    factories.a_server(database)
    scene = Scene(database=database, fleet=FakeFleet())
    scene.plan()
    scene.dispatch()
    result = scene.result("fixed")
    result["steps"][0]["output"] = SECRET
    assert scene.bring(result)
    return scene


def correct(scene: Scene, text: str | None = "password=***", **how: Any) -> SaltStackEventLog:
    values = {"reason": "a password", "actor": "kim", **how}
    return correcting.correct(
        first_log(scene), execution_result=text, database=scene.database, now=scene.now, **values
    )


def first_log(scene: Scene) -> int:
    with scene.database.reading() as session:
        return session.scalars(select(SaltStackEventLog.id).order_by(SaltStackEventLog.id)).all()[0]


def read(scene: Scene, *, original: bool = False, step: int = 1024 * 1024) -> bytes:
    """All of the first log, part by part."""
    log_id, found = first_log(scene), b""
    with scene.database.reading() as session:
        size = output.size(session=session, log_id=log_id, original=original)
        while len(found) < size:
            found += output.part(
                session=session,
                log_id=log_id,
                start=len(found),
                length=step,
                original=original,
            )
    return found


def test_the_first_original_is_kept_whole_however_often_it_is_corrected(scene: Scene) -> None:
    log = correct(scene, execution_status=LogStatus.SUCCESS)
    assert (log.corrected_at, log.corrected_by, log.correction) == (NOW, "kim", "a password")
    assert (log.execution_status, read(scene)) == (LogStatus.SUCCESS, b"password=***")
    scene.at += timedelta(minutes=1)
    log = correct(scene, "[taken out]", expected_corrected_at=NOW, reason="all of it")
    assert (log.corrected_at, log.correction) == (scene.at, "all of it")
    assert (log.execution_status, read(scene)) == (LogStatus.SUCCESS, b"[taken out]")
    with scene.database.reading() as session:
        kept = correcting.original(session=session, log_id=log.id)
    assert (kept.execution_status, kept.kept_at) == (LogStatus.FAILED, NOW)
    assert read(scene, original=True).decode() == SECRET
    assert [row.execution_result for row in scene.logs()][1:] == [
        "fix says success",
        "verify says success",
    ]


def test_the_audit_knows_what_it_was_and_does_not_tell_it(scene: Scene) -> None:
    correct(scene)
    with scene.database.reading() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "log_corrected"))
        (decision,) = session.scalars(select(Decision).where(Decision.verdict == "corrected"))
    before = SECRET.encode()
    assert f"{len(before)} bytes, sha256 {hashlib.sha256(before).hexdigest()}" in entry.detail
    assert f"12 bytes, sha256 {hashlib.sha256(b'password=***').hexdigest()}" in entry.detail
    assert "hunter2" not in entry.detail + decision.words
    assert (entry.actor, decision.execution_id) == ("kim", scene.executions()[0].id)


def test_only_the_status_may_be_put_right(scene: Scene) -> None:
    log = correct(scene, None, execution_status=LogStatus.TIMEOUT)
    assert (log.execution_status, read(scene).decode()) == (LogStatus.TIMEOUT, SECRET)
    with pytest.raises(Invalid, match="execution_result: must be given"):
        correct(scene, None)


def test_who_has_not_seen_the_last_correction_is_refused(scene: Scene) -> None:
    correct(scene)
    with pytest.raises(Conflict, match="it was corrected by kim"):
        correct(scene, "mine")
    with pytest.raises(Conflict):
        correct(scene, "mine", expected_corrected_at=NOW - timedelta(microseconds=1))
    assert read(scene) == b"password=***"
    with scene.database.reading() as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 1


def test_what_was_shown_to_the_millisecond_is_what_was_seen(scene: Scene) -> None:
    scene.at += timedelta(microseconds=123456)
    shown = isoformat(correct(scene).corrected_at or NOW)
    scene.at += timedelta(minutes=1)
    log = correct(scene, "again", expected_corrected_at=datetime.fromisoformat(shown))
    assert log.corrected_at == scene.at
    with pytest.raises(Conflict):
        correct(scene, "late", expected_corrected_at=datetime.fromisoformat(shown))


def test_of_ten_that_correct_at_once_one_is_heard(scene: Scene) -> None:
    def try_it(number: int) -> str | None:
        try:
            correct(scene, f"text {number}", actor=f"person {number}")
        except Conflict:
            return None
        return f"text {number}"

    with ThreadPoolExecutor(10) as pool:
        (heard,) = filter(None, pool.map(try_it, range(10)))
    assert read(scene).decode() == heard
    assert read(scene, original=True).decode() == SECRET


def test_ten_megabytes_are_kept_corrected_and_read_in_parts(scene: Scene) -> None:
    whole = results.cut(LONG).encode()
    assert 10 * 1024 * 1024 - 300 < len(whole) <= 10 * 1024 * 1024
    correct(scene, LONG)
    assert read(scene) == whole
    scene.at += timedelta(minutes=1)
    correct(scene, "short", expected_corrected_at=NOW)
    assert (read(scene), read(scene, original=True).decode()) == (b"short", SECRET)


@pytest.mark.parametrize("step", [1, 2, 3, 5])
def test_a_range_may_cut_a_character(scene: Scene, step: int) -> None:
    assert read(scene, step=step).decode() == SECRET


def test_beyond_the_end_there_is_nothing(scene: Scene) -> None:
    log_id, size = first_log(scene), len(SECRET.encode())
    with scene.database.reading() as session:
        assert output.size(session=session, log_id=log_id) == size
        assert output.part(session=session, log_id=log_id, start=size) == b""
        last = output.part(session=session, log_id=log_id, start=size - 2, length=100)
        assert last == SECRET.encode()[-2:]


@pytest.mark.parametrize(
    ("start", "length", "field"), [(-1, 1, "start"), (0, 0, "length"), (0, 10485761, "length")]
)
def test_a_range_is_within_bounds(scene: Scene, start: int, length: int, field: str) -> None:
    with scene.database.reading() as session, pytest.raises(Invalid) as refused:
        output.part(session=session, log_id=first_log(scene), start=start, length=length)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_what_is_not_there_is_not_found(scene: Scene) -> None:
    with scene.database.reading() as session:
        with pytest.raises(NotFound, match="There is no log 4711"):
            output.size(session=session, log_id=4711)
        with pytest.raises(NotFound, match="was never corrected"):
            correcting.original(session=session, log_id=first_log(scene))
    with pytest.raises(NotFound):
        correcting.correct(
            4711, execution_result="x", reason="x", actor="kim", database=scene.database
        )
