"""What is kept of a return beside its output: its size, the time of each step, what states made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from rescuebot import correcting
from rescuebot.database import Database
from rescuebot.executions import facts
from rescuebot.executions import service as executions
from rescuebot.executions.model import Execution, ExecutionState
from tests import factories
from tests.integration.test_tracking import FakeFleet, Scene
from tests.unit.test_summary import STATES


@pytest.fixture
def scene(database: Database) -> Scene:
    scene = Scene(database=database, fleet=FakeFleet())
    scene.plan()
    scene.dispatch()
    return scene


def fixed(scene: Scene, output: str, verdict: str = "fixed") -> dict[str, Any]:
    result = scene.result(verdict)
    result["steps"][1]["output"], result["steps"][1]["seconds"] = output, 4.2516
    return result


def counts(scene: Scene) -> tuple[int | None, int | None, int | None]:
    run = scene.executions()[-1]
    return run.states_succeeded, run.states_changed, run.states_failed


def test_what_the_states_came_to_is_kept_with_the_execution(scene: Scene) -> None:
    assert scene.bring(fixed(scene, STATES, "changed_not_fixed"))
    assert counts(scene) == (3, 1, 2)


def test_a_fix_that_says_nothing_of_states_leaves_no_numbers(scene: Scene) -> None:
    assert scene.bring(fixed(scene, "done"))
    assert counts(scene) == (None, None, None)


def test_a_script_cannot_claim_states(scene: Scene) -> None:
    with scene.database.transaction() as session:
        session.execute(update(Execution).values(solution_kind="shell"))
    assert scene.bring(fixed(scene, STATES))
    assert counts(scene) == (None, None, None)


def test_each_step_tells_its_own_time_and_the_bytes_of_its_result(scene: Scene) -> None:
    assert scene.bring(fixed(scene, "다시 시작 🔥"))
    assert [log.took_ms for log in scene.logs()] == [1000, 4252, 1000]
    assert [log.result_bytes for log in scene.logs()] == [
        len(log.execution_result.encode()) for log in scene.logs()
    ]


def test_the_bytes_are_those_that_were_kept_of_a_result_that_was_cut(scene: Scene) -> None:
    assert scene.bring(fixed(scene, "é" * (6 * 1024 * 1024)))
    log = scene.logs()[1]
    assert log.result_bytes == len(log.execution_result.encode())
    assert 10 * 1024 * 1024 - 300 < log.result_bytes <= 10 * 1024 * 1024


def test_a_correction_changes_the_bytes_and_not_the_time(scene: Scene) -> None:
    assert scene.bring(fixed(scene, "password=hunter2"))
    log = scene.logs()[1]
    corrected = correcting.correct(
        log.id, execution_result="…", reason="x", actor="kim", database=scene.database
    )
    assert (corrected.result_bytes, corrected.took_ms) == (3, 4252)


def test_what_cannot_be_read_has_a_size_and_no_time(scene: Scene) -> None:
    assert scene.bring("Traceback …")
    (log,) = scene.logs()
    assert (log.result_bytes, log.took_ms) == (len("Traceback …".encode()), None)


def before(scene: Scene, execution: Execution) -> int | None:
    with scene.database.reading() as session:
        current = executions.get(session=session, execution_id=execution.id)
        found = facts.before(session=session, execution=current)
        return found and found.id


def another_run(scene: Scene, **fields: Any) -> Execution:
    """The same remedy once more, a minute later, that has ended well."""
    scene.at += timedelta(minutes=1)
    with scene.database.transaction() as session:
        kept = session.get_one(Execution, scene.executions()[0].id)
        copied = {
            name: getattr(kept, name)
            for name in kept.__mapper__.columns.keys()
            if name not in ("id", "dispatch", "jid", "retry_of", "cloudwatch_event_id")
        }
        values = {**copied, "state": ExecutionState.SUCCESS, "planned_at": scene.at, **fields}
        run = Execution(**values)
        session.add(run)
        session.flush()
        return run


def test_a_run_is_compared_with_the_one_of_the_same_remedy_on_the_same_server(
    scene: Scene,
) -> None:
    scene.bring(fixed(scene, STATES))
    first = scene.executions()[0]
    assert before(scene, first) is None
    another_run(scene, server_id="i-other")
    another_run(scene, solution_name="rescue.nginx")
    another_run(scene, state=ExecutionState.CANCELLED)
    another_run(scene, state=ExecutionState.LOST)
    second = another_run(scene)
    assert before(scene, second) == first.id
    assert before(scene, another_run(scene)) == second.id


def test_a_remedy_is_its_runbook_whatever_it_is_called(scene: Scene) -> None:
    scene.bring(fixed(scene, STATES))
    number = factories.a_runbook(scene.database, title="Another")
    first = another_run(scene, runbook_id=number, solution_name="Start MySQL")
    again = another_run(scene, runbook_id=number, solution_name="Start MySQL now")
    assert before(scene, again) == first.id
    assert before(scene, first) is None
