"""Running again what failed: the same work, by the same rules, once, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from rescuebot import approving, by_hand, closing, halting, retrying
from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.audit.model import AuditEntry
from rescuebot.commands.model import SaltStackCommand
from rescuebot.database import Database
from rescuebot.errors import Conflict, Halted, Invalid
from rescuebot.events.model import EventStatus, Outcome
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.guard.model import Decision
from rescuebot.requests.each import Became
from rescuebot.runbooks.model import RunbookMode, RunbookScript
from rescuebot.servers.model import Server
from rescuebot.settings import ExecutionSettings, GuardSettings, Settings
from tests import factories
from tests.factories import MINION, NO_GUARD, NOW, SERVER
from tests.integration.test_advising import shop_of
from tests.integration.test_remediation import an_event, handle
from tests.integration.test_requests import once
from tests.integration.test_tracking import FakeFleet, Scene


@pytest.fixture
def scene(database: Database) -> Scene:
    """A server with a runbook that starts mysql."""
    factories.a_server(database)
    factories.a_runbook(database)
    return Scene(database=database, fleet=FakeFleet())


def fail(scene: Scene, verdict: str = "changed_not_fixed") -> int:
    """An event for which the runbook was run in vain; the execution's id."""
    scene.plan()
    assert scene.dispatch() == 1
    assert scene.bring(scene.result(verdict))
    return scene.executions()[-1].id


def retry(scene: Scene, *execution_ids: int, **how: Any) -> tuple[Became, ...]:
    values = {**scene.parts, "actor": "kim", **how}
    return retrying.retry(execution_ids, **values)


def change(scene: Scene, table: Any, **values: Any) -> None:
    with scene.database.transaction() as session:
        session.execute(update(table).values(**values))


def told(scene: Scene, execution_id: int) -> list[tuple[str, str]]:
    query = select(Decision.subject, Decision.verdict).where(Decision.execution_id == execution_id)
    with scene.database.reading() as session:
        return [(row[0], row[1]) for row in session.execute(query.order_by(Decision.id))]


def test_what_failed_is_run_again_and_its_end_ends_the_event_again(scene: Scene) -> None:
    first = fail(scene)
    assert scene.event().status is EventStatus.FAILED
    (found,) = retry(scene, first)
    before, after = scene.executions()
    assert found == Became(id=first, became="planned", made=after.id)
    assert (after.pinned, after.pinned_sha256) == (before.pinned, before.pinned_sha256)
    assert (after.attempt, after.attempts, after.retry_of) == (1, 1, first)
    assert (after.requested_by, after.minion_id) == ("kim", MINION)
    event = scene.event()
    assert (event.status, event.outcome, event.resolved_at) == (EventStatus.PROCESSING, None, None)
    assert event.claimed_by == "kim"
    assert scene.dispatch() == 1
    assert scene.bring(scene.result("fixed"))
    assert (scene.event().status, scene.event().outcome) == (EventStatus.RESOLVED, Outcome.FIXED)
    assert told(scene, after.id)[0] == ("retry", "by_hand")
    with scene.database.reading() as session:
        (entry,) = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "execution_retried")
        )
    assert (entry.actor, entry.subject) == ("kim", f"execution {first}")


def test_it_is_tried_once_and_may_be_retried_again_when_it_fails_again(scene: Scene) -> None:
    first = fail(scene)
    second = retry(scene, first)[0].made or 0
    scene.dispatch()
    scene.bring(scene.result("failed"))
    assert len(scene.executions()) == 2, "no attempt follows by itself"
    assert scene.event().status is EventStatus.FAILED
    (refused,) = retry(scene, first)
    assert refused.words == f"Execution {second} came after execution {first}."
    assert retry(scene, second)[0].became == "planned"


def test_twenty_that_retry_at_once_plan_one(scene: Scene) -> None:
    first = fail(scene)
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: retry(scene, first)[0].became, range(20)))
    assert sorted(found) == ["conflict"] * 19 + ["planned"]
    assert len(scene.executions()) == 2


def test_the_same_request_is_answered_the_same(scene: Scene) -> None:
    first = fail(scene)
    with ThreadPoolExecutor(20) as pool:
        found = set(pool.map(lambda _: retry(scene, first, once=once()), range(20)))
    assert len(found) == 1 and next(iter(found))[0].became == "planned"
    assert len(scene.executions()) == 2


@pytest.mark.parametrize("state", ["held", "planned", "dispatched", "running", "success"])
def test_only_what_failed_is_run_again(scene: Scene, state: str) -> None:
    first = fail(scene)
    change(scene, Execution, state=ExecutionState(state))
    (refused,) = retry(scene, first)
    assert refused.words == f"Execution {first} is {state}."
    with pytest.raises(Conflict):
        refused.insist()
    assert len(scene.executions()) == 1


def test_the_sweep_leaves_a_retried_event_alone(scene: Scene) -> None:
    first = fail(scene)
    retry(scene, first)
    scene.at += timedelta(seconds=scene.settings.sweep.claim_seconds + 1)
    assert "given_back" not in scene.sweep()
    assert scene.event().status is EventStatus.PROCESSING


def test_what_the_guard_holds_says_so(scene: Scene) -> None:
    guard = GuardSettings(cooldown_seconds=600, blast_percent=0, breaker_failures=0)
    scene.settings = Settings(guard=guard, execution=ExecutionSettings(attempts=1))
    first = fail(scene)
    made = retry(scene, first)[0].made or 0
    assert scene.dispatch() == 0
    assert scene.executions()[-1].held_by == "cooldown"
    assert scene.event().outcome is Outcome.HELD
    assert told(scene, made)[-1] == ("guard", "cooldown")
    scene.at += timedelta(seconds=601)
    assert scene.dispatch() == 1


def test_what_owed_an_approval_owes_one_again(scene: Scene) -> None:
    change(scene, RunbookScript, mode=RunbookMode.ASK)
    assert handle(scene.database, an_event(scene.database)) == {"held": 1}
    approve(scene)
    assert scene.dispatch() == 1
    scene.bring(scene.result("failed"))
    change(scene, RunbookScript, mode=RunbookMode.AUTO)
    (found,) = retry(scene, scene.executions()[-1].id)
    assert found.became == "held"
    assert scene.event().outcome is Outcome.HELD
    assert scene.dispatch() == 0
    assert approvals(scene)[-1].state is ApprovalState.PENDING
    assert approvals(scene)[-1].digest == approvals(scene)[0].digest, "it is the same"
    approve(scene)
    assert scene.dispatch() == 1


def test_a_runbook_that_asks_now_asks_also_for_a_retry(scene: Scene) -> None:
    first = fail(scene)
    change(scene, RunbookScript, mode=RunbookMode.ASK)
    assert retry(scene, first)[0].became == "held"
    assert "is in mode ask now" in approvals(scene)[0].why
    assert approvals(scene)[0].proposed_by == "tests"


def approvals(scene: Scene) -> list[Approval]:
    with scene.database.reading() as session:
        return list(session.scalars(select(Approval).order_by(Approval.id)))


def approve(scene: Scene) -> None:
    approving.approve(
        approvals(scene)[-1].id,
        actor="lee",
        database=scene.database,
        settings=NO_GUARD,
        now=scene.now,
    )


def delete_the_runbook(scene: Scene) -> None:
    change(scene, RunbookScript, deleted_at=NOW)


def disable_the_runbook(scene: Scene) -> None:
    change(scene, RunbookScript, enabled=False)


def edit_the_runbook(scene: Scene) -> None:
    change(scene, RunbookScript, solution_script="rescue.other", version=7, updated_by="lee")


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (delete_the_runbook, "(version 1) has been deleted"),
        (disable_the_runbook, "disabled or put into shadow mode since"),
        (edit_the_runbook, "changed by lee since; version 7 is another solution"),
    ],
)
def test_a_runbook_that_is_not_what_it_was_is_not_run_again(
    scene: Scene, tamper: Callable[[Scene], None], words: str
) -> None:
    first = fail(scene)
    tamper(scene)
    (refused,) = retry(scene, first)
    assert (refused.became, words in refused.words) == ("conflict", True), refused.words
    assert "Open its event again" in refused.remedy
    assert scene.event().status is EventStatus.FAILED
    assert len(scene.executions()) == 1


def test_a_halt_refuses_only_what_it_covers(scene: Scene) -> None:
    first = fail(scene)
    halting.halt("server:" + SERVER, reason="x", actor="lee", database=scene.database)
    (refused,) = retry(scene, first)
    assert refused.became == "halted"
    with pytest.raises(Halted, match="lee has halted"):
        refused.insist()
    assert scene.event().status is EventStatus.FAILED


def test_a_server_without_a_minion_is_not_tried(scene: Scene) -> None:
    first = fail(scene)
    change(scene, Server, minion_id=None)
    assert retry(scene, first)[0].words == f"Server {SERVER} has no minion any more."


def test_an_event_that_is_well_again_needs_no_retry(scene: Scene) -> None:
    first = fail(scene)
    closing.close(
        [scene.event().id],
        status=EventStatus.RESOLVED,
        reason="x",
        actor="lee",
        database=scene.database,
        now=scene.now,
    )
    (refused,) = retry(scene, first)
    assert refused.words == (
        f"Event {scene.event().id} is resolved; only for one that failed a run is tried again."
    )


def run_by_hand(scene: Scene) -> int:
    factories.a_command(scene.database)
    execution_id = by_hand.run_command(
        command_name="mysql_status", server_id=SERVER, requested_by="lee", **scene.parts
    )
    approving.cancel(execution_id, actor="lee", database=scene.database, now=scene.now)
    return execution_id


def test_what_a_person_asked_for_is_planned_anew_once(scene: Scene) -> None:
    first = run_by_hand(scene)
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda _: retry(scene, first)[0].became, range(10)))
    assert sorted(found) == ["conflict"] * 9 + ["planned"]
    assert [row.requested_by for row in scene.executions()] == ["lee", "kim"]
    assert scene.dispatch() == 1


def test_a_restart_whose_command_was_changed_is_not_run_again(scene: Scene) -> None:
    factories.a_command(
        scene.database,
        command_name="mysql_restart",
        command_type="restart",
        command_script="restart it",
    )
    first = by_hand.run_command(
        command_name="mysql_restart", server_id=SERVER, requested_by="lee", **scene.parts
    )
    approving.cancel(first, actor="lee", database=scene.database, now=scene.now)
    change(scene, SaltStackCommand, command_script="restart it harder", version=2)
    assert "version 2 is another script" in retry(scene, first)[0].words
    change(scene, SaltStackCommand, deleted_at=NOW)
    assert "has been deleted since" in retry(scene, first)[0].words
    change(scene, SaltStackCommand, deleted_at=None, command_script="restart it")
    assert retry(scene, first)[0].became == "planned"


def test_a_draft_that_was_turned_down_is_not_run_again(database: Database) -> None:
    shop = shop_of(database)
    shop.alarm()
    shop.advise()
    approving.reject(approvals(shop)[0].id, actor="kim", database=shop.database, now=shop.now)
    (execution,) = shop.rows(Execution)
    assert "a draft of the model" in retry(shop, execution.id)[0].words


def test_some_are_retried_although_others_cannot_be(scene: Scene) -> None:
    first = fail(scene)
    second = run_by_hand(scene)
    change_to_success = update(Execution).where(Execution.id == second)
    with scene.database.transaction() as session:
        session.execute(change_to_success.values(state=ExecutionState.SUCCESS))
    found = retry(scene, second, first, 4711)
    assert [item.became for item in found] == ["planned", "conflict", "not_found"]


@pytest.mark.parametrize("ids", [(), tuple(range(1, 102)), (-1,)])
def test_only_so_many_are_taken(scene: Scene, ids: tuple[int, ...]) -> None:
    with pytest.raises(Invalid, match="execution_ids: must be"):
        retry(scene, *ids)
