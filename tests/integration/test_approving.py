"""Approvals: bound to what was shown, answered once, spent once; tampering is refused."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from devstack import alarms
from rescuebot import approving, halting, inspecting, intake, previewing
from rescuebot.approvals import service as approvals
from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.audit import service as audit
from rescuebot.audit.model import AuditEntry
from rescuebot.database import Database
from rescuebot.errors import Conflict, Invalid
from rescuebot.events.model import EventStatus, Outcome
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.guard.model import Decision
from rescuebot.runbooks.model import RunbookMode, RunbookScript
from rescuebot.settings import GuardSettings, IntakeSettings, Settings
from rescuebot.tracking import Return
from tests import factories
from tests.conftest import open_database
from tests.factories import MINION, NO_GUARD, SERVER, message
from tests.integration.test_remediation import an_event, handle
from tests.integration.test_tracking import FakeFleet, Scene

GUARD = NO_GUARD


@pytest.fixture
def scene(database: Database) -> Scene:
    """An event whose runbook is in mode ask; `tests` has written it."""
    factories.a_server(database)
    factories.a_runbook(database, mode=RunbookMode.ASK)
    assert handle(database, an_event(database)) == {"held": 1}
    return Scene(database=database, fleet=FakeFleet(), settings=Settings(guard=GUARD))


def asked(scene: Scene) -> Approval:
    with scene.database.reading() as session:
        return session.scalars(select(Approval)).one()


def approve(scene: Scene, **changes: Any) -> int:
    values = {"actor": "kim", "settings": GUARD, "now": scene.now, **changes}
    return approving.approve(asked(scene).id, database=scene.database, **values)


def change(scene: Scene, table: Any, **values: Any) -> None:
    with scene.database.transaction() as session:
        session.execute(update(table).values(**values))


def audited(scene: Scene, action: str) -> list[AuditEntry]:
    with scene.database.reading() as session:
        return [row for row in audit.list_(session=session) if row.action == action]


def test_what_was_approved_runs_once(scene: Scene) -> None:
    for _ in range(3):
        assert scene.dispatch() == 0, "nobody has approved it"
    approve(scene, comment="go")
    assert scene.dispatch() == 1
    assert asked(scene).state is ApprovalState.SPENT
    assert scene.event().outcome is None
    assert scene.dispatch() == 0
    scene.bring(scene.result("fixed"))
    assert scene.event().outcome is Outcome.FIXED
    with scene.database.reading() as session:
        words = session.scalars(select(Decision.words).where(Decision.subject == "approval")).all()
    assert words == [f"kim has approved it (digest {asked(scene).digest[:12]}): go"]
    assert [row.actor for row in audited(scene, "approval_approved")] == ["kim"]


def test_an_approval_is_used_for_one_attempt(scene: Scene) -> None:
    approve(scene)
    scene.dispatch()
    scene.bring(scene.result("changed_not_fixed"))
    assert scene.event().status is EventStatus.FAILED
    scene.at += timedelta(hours=1)
    assert scene.dispatch() == 0
    assert len(scene.executions()) == 1


def test_what_did_nothing_may_start_again_by_the_same_approval(scene: Scene) -> None:
    approve(scene)
    scene.dispatch()
    scene.bring(scene.result("busy", steps=[]))
    scene.at += timedelta(seconds=11)
    assert scene.dispatch() == 1


def test_a_rejected_one_is_never_run(scene: Scene) -> None:
    approving.reject(
        asked(scene).id, actor="kim", comment="fail over", database=scene.database, now=scene.now
    )
    assert scene.dispatch() == 0
    event = scene.event()
    assert (event.status, event.outcome) == (EventStatus.FAILED, Outcome.REJECTED)
    assert scene.executions()[0].message == "kim has rejected it: fail over"
    with pytest.raises(Conflict, match="answered by kim already"):
        approve(scene)


def test_of_two_who_answer_at_once_one_is_heard(scene: Scene) -> None:
    url = scene.database.url.render_as_string(hide_password=False)
    approval_id = asked(scene).id

    def answer(number: int) -> str:
        own = open_database(url)
        try:
            what = approving.approve if number % 2 else approving.reject
            extra = {"settings": GUARD} if number % 2 else {}
            what(approval_id, actor=f"p{number}", database=own, now=scene.now, **extra)
        except Conflict:
            return "late"
        finally:
            own.dispose()
        return "heard"

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(answer, range(6)))
    assert sorted(told) == ["heard"] + ["late"] * 5
    approval, (execution,) = asked(scene), scene.executions()
    expected = {
        ApprovalState.APPROVED: ExecutionState.PLANNED,
        ApprovalState.REJECTED: ExecutionState.CANCELLED,
    }
    assert execution.state is expected[approval.state]
    actions = [row.action for row in audited(scene, f"approval_{approval.state}")]
    assert len(actions) == 1


def test_whoever_wrote_the_runbook_may_not_approve_it(scene: Scene) -> None:
    assert asked(scene).proposed_by == "tests"
    for actor in ("tests", "salt-run:tests", "salt-run:Tests", "salt-run:tests (import)"):
        with pytest.raises(Conflict, match="has proposed this and may not approve it"):
            approve(scene, actor=actor)
    approve(scene, actor="tests", settings=GuardSettings(four_eyes=False))


def test_nobody_answers_in_time(scene: Scene) -> None:
    scene.at += timedelta(minutes=59)
    assert scene.sweep() == {}
    scene.at += timedelta(minutes=2)
    with pytest.raises(Conflict, match="is open no more"):
        approve(scene)
    assert scene.sweep() == {"expired": 1}
    assert scene.event().outcome is Outcome.REJECTED
    assert asked(scene).state is ApprovalState.EXPIRED
    assert scene.sweep() == {} and scene.dispatch() == 0


def test_an_approval_that_could_not_be_used_in_time_is_void(scene: Scene) -> None:
    halting.halt("*", reason="", actor="lee", database=scene.database, now=scene.now)
    approve(scene)
    assert scene.dispatch() == 0
    scene.at += timedelta(minutes=61)
    halting.resume("*", actor="lee", database=scene.database, now=scene.now)
    assert scene.dispatch() == 0, "also before the sweep has seen it"
    assert scene.sweep() == {"expired": 1}
    assert "could not start before that ran out" in (scene.executions()[0].message or "")


def test_an_alarm_that_recovers_withdraws_the_question(scene: Scene) -> None:
    body = alarms.process_down(SERVER, state="OK", time=scene.at + timedelta(minutes=1))
    intake.receive(
        [message(body)], database=scene.database, settings=IntakeSettings(), now=scene.now
    )
    assert asked(scene).state is ApprovalState.WITHDRAWN
    assert scene.event().outcome is Outcome.RECOVERED
    with pytest.raises(Conflict, match="is open no more"):
        approve(scene)


def test_the_digest_that_was_seen_can_be_named(scene: Scene) -> None:
    with pytest.raises(Invalid, match="digest: must be at least 8 letters"):
        approve(scene, digest="12")
    with pytest.raises(Conflict, match="is not about what you saw"):
        approve(scene, digest="0" * 12)
    approve(scene, digest=asked(scene).digest[:8])


# --- tampering between approval and execution ------------------------------------------------


def other_text(scene: Scene) -> str:
    return scene.executions()[0].pinned.replace("rescue.mysql", "rescue.evil")


def tamper_with_the_text(scene: Scene) -> None:
    change(scene, Execution, pinned=other_text(scene))


def tamper_with_text_and_hash(scene: Scene) -> None:
    import hashlib

    text = other_text(scene)
    change(
        scene,
        Execution,
        pinned=text,
        pinned_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def tamper_with_the_server(scene: Scene) -> None:
    change(scene, Execution, server_id="i-another")


def tamper_with_the_servers_of_the_approval(scene: Scene) -> None:
    change(scene, Approval, servers=json.dumps([SERVER, "i-another"]))


def tamper_with_the_digest(scene: Scene) -> None:
    change(scene, Approval, digest="0" * 64)


def edit_the_runbook(scene: Scene) -> None:
    change(scene, RunbookScript, solution_script="rescue.evil", updated_by="mallory", version=2)


def delete_the_runbook(scene: Scene) -> None:
    change(scene, RunbookScript, deleted_at=scene.at, live_title=None)


def put_the_runbook_into_shadow(scene: Scene) -> None:
    change(scene, RunbookScript, mode=RunbookMode.SHADOW)


@pytest.mark.parametrize(
    ("tamper", "why"),
    [
        (tamper_with_the_text, "has not the hash it was planned with"),
        (tamper_with_text_and_hash, "what would run is not what was approved"),
        (tamper_with_the_server, "what would run is not what was approved"),
        (tamper_with_the_servers_of_the_approval, "what would run is not what was approved"),
        (tamper_with_the_digest, "what would run is not what was approved"),
        (edit_the_runbook, "has been changed by mallory since; version 2"),
        (delete_the_runbook, "deleted, disabled or put into shadow mode since"),
        (put_the_runbook_into_shadow, "deleted, disabled or put into shadow mode since"),
    ],
)
def test_what_was_changed_after_the_approval_is_refused_and_audited(
    scene: Scene, tamper: Any, why: str
) -> None:
    approve(scene)
    tamper(scene)
    assert scene.dispatch() == 0
    assert scene.fleet.jobs == []
    (execution,) = scene.executions()
    assert (execution.state, execution.verdict) == (ExecutionState.CANCELLED, "tampered")
    assert why in (execution.message or "")
    assert asked(scene).state is ApprovalState.REFUSED
    assert scene.event().outcome is Outcome.REJECTED
    (entry,) = audited(scene, "tampered_execution")
    assert entry.actor == "unknown (approved by kim)" and why in entry.detail
    assert scene.dispatch() == 0


def test_without_a_row_of_an_approval_nothing_that_owes_one_starts(scene: Scene) -> None:
    with scene.database.transaction() as session:
        session.execute(Approval.__table__.delete())
        session.execute(update(Execution).values(state=ExecutionState.PLANNED, held_by=None))
    assert scene.dispatch() == 0
    assert scene.executions()[0].held_by == "approval"


def test_an_auto_run_whose_text_was_changed_is_refused_too(database: Database) -> None:
    scene = Scene(database=database, fleet=FakeFleet(), settings=Settings(guard=GUARD))
    scene.plan()
    tamper_with_the_text(scene)
    assert scene.dispatch() == 0
    assert scene.executions()[0].verdict == "tampered"


@pytest.mark.parametrize("reason", ["hash_mismatch", "rendered_mismatch"])
def test_what_the_minion_refuses_as_changed_is_audited(scene: Scene, reason: str) -> None:
    approve(scene)
    scene.dispatch()
    assert scene.bring(scene.result("refused", reason=reason, message="It is not it.", steps=[]))
    (entry,) = audited(scene, "tampered_execution")
    assert f"Minion {MINION} refused" in entry.detail
    assert scene.event().outcome is Outcome.REJECTED


# --- previews --------------------------------------------------------------------------------

RENDERED = "ab" * 32


def preview(scene: Scene, **changes: Any) -> bool:
    value = {
        "rescue": 1,
        "dispatch": asked(scene).preview_dispatch,
        "execution_id": 1,
        "verdict": "previewed",
        "reason": "",
        "message": "",
        "seconds": 1.0,
        "changes": {"states": 3, "would_change": 1},
        "output": "would start mysqld",
        "rendered_sha256": RENDERED,
        "service_up": False,
        **changes,
    }
    given = Return(jid=asked(scene).preview_jid or "", minion_id=MINION, value=value)
    return previewing.record(given, database=scene.database, now=scene.now)


def ask(scene: Scene) -> int:
    return previewing.ask_due(database=scene.database, fleet=scene.fleet, now=scene.now)


def test_the_minion_is_asked_what_the_fix_would_change(scene: Scene) -> None:
    assert ask(scene) == 1
    assert ask(scene) == 0, "not twice at once"
    (job,) = scene.fleet.jobs
    dispatch_id, sha256 = job["arguments"]
    assert (job["function"], job["minions"]) == ("rescue.preview", {MINION})
    assert (
        previewing.hand_out(dispatch_id=dispatch_id, minion_id="web-9", database=scene.database)
        is None
    )
    work = previewing.hand_out(dispatch_id=dispatch_id, minion_id=MINION, database=scene.database)
    assert work is not None and work["preview"] is True
    assert sha256 == scene.executions()[0].pinned_sha256
    assert preview(scene)
    with scene.database.reading() as session:
        shown = inspecting.shown(
            session=session, approval_id=asked(scene).id, actor="kim", settings=GUARD
        )
    assert "would start mysqld" in shown["preview"]
    assert shown["fix"]["solution"] == "rescue.mysql"


def test_a_preview_binds_the_content_of_the_state_to_the_approval(scene: Scene) -> None:
    before = asked(scene).digest
    ask(scene)
    preview(scene)
    assert asked(scene).digest != before
    assert json.loads(scene.executions()[0].pinned)["fix"]["rendered_sha256"] == RENDERED
    with pytest.raises(Conflict, match="is not about what you saw"):
        approve(scene, digest=before)
    approve(scene, digest=asked(scene).digest)
    assert scene.dispatch() == 1


def test_a_preview_that_comes_after_the_answer_changes_nothing(scene: Scene) -> None:
    ask(scene)
    approve(scene)
    before = scene.executions()[0].pinned
    assert not preview(scene)
    assert scene.executions()[0].pinned == before
    assert scene.dispatch() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "party"},
        {"rendered_sha256": "x"},
        {"dispatch": "0" * 32},
        {"output": 7},
        {"rescue": 2},
        {"verdict": "busy"},
    ],
)
def test_what_is_no_answer_of_ours_is_not_kept(scene: Scene, changes: dict[str, Any]) -> None:
    ask(scene)
    assert not preview(scene, **changes)
    assert asked(scene).previewed_at is None


def test_a_preview_of_another_minion_is_not_kept(scene: Scene) -> None:
    ask(scene)
    given = {"rescue": 1, "dispatch": asked(scene).preview_dispatch, "verdict": "previewed"}
    stranger = Return(jid="1", minion_id="web-9", value=given)
    assert not previewing.record(stranger, database=scene.database, now=scene.now)


def test_an_answer_that_the_bus_lost_is_taken_from_the_job_cache(scene: Scene) -> None:
    ask(scene)
    first = asked(scene)
    value = {"rescue": 1, "dispatch": first.preview_dispatch, "verdict": "previewed"}
    scene.fleet.cache[first.preview_jid or ""] = {MINION: {**value, "output": "from the cache"}}
    scene.at += timedelta(seconds=31)
    assert ask(scene) == 0
    with scene.database.reading() as session:
        found = approvals.get(session=session, approval_id=first.id)
    assert "from the cache" in (found.preview or "")


def test_a_minion_that_never_answers_is_asked_three_times(scene: Scene) -> None:
    times = 0
    for _ in range(6):
        times += ask(scene)
        scene.at += timedelta(seconds=31)
    assert times == 3
    approve(scene)
    assert scene.dispatch() == 1, "a person may approve without having seen it"


# --- shell from a severity on ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("from_", "expected"), [(None, "planned"), ("fatal", "planned"), ("warning", "held")]
)
def test_a_shell_solution_owes_an_approval_from_a_severity_on(
    database: Database, from_: Any, expected: str
) -> None:
    from rescuebot import remediation

    factories.a_server(database)
    factories.a_runbook(database, solution_kind="shell", solution_script="echo hello")
    event_id = an_event(database, tags={"rescue:severity": "critical"})
    told = remediation.handle(
        [event_id],
        state=None,
        owner="t",
        database=database,
        settings=Settings(guard=GuardSettings(shell_asks_from=from_)),
    )
    assert told == {expected: 1}
