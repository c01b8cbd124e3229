"""From recorded events to planned executions, on both databases."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from rescuebot import by_hand, intake, remediation
from rescuebot.audit import service as audit
from rescuebot.database import Database
from rescuebot.errors import Invalid, NotFound
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.guard.model import Decision
from rescuebot.runbooks.model import RunbookMode
from rescuebot.settings import IntakeSettings, Settings
from tests import factories
from tests.conftest import open_database
from tests.factories import MINION, NOW, SERVER, message

SETTINGS = Settings()
REACTOR = {"mysql": "rescue.mysql", "*": "rescue.service"}


def an_event(database: Database, **alarm: Any) -> int:
    receipt = intake.receive(
        [message(**alarm)], database=database, settings=IntakeSettings(), now=lambda: NOW
    )
    return receipt.recorded[0].event_id


def handle(database: Database, *event_ids: object, state: Any = None) -> dict[str, int]:
    return remediation.handle(
        event_ids,
        state=state,
        owner="reactor@test:1",
        database=database,
        settings=SETTINGS,
        now=lambda: NOW,
    )


def the_event(database: Database) -> CloudWatchEvent:
    with database.reading() as session:
        return session.scalars(select(CloudWatchEvent)).one()


def executions(database: Database) -> list[Execution]:
    with database.reading() as session:
        return list(session.scalars(select(Execution).order_by(Execution.id)))


def words(database: Database) -> str:
    with database.reading() as session:
        return "\n".join(session.scalars(select(Decision.words).order_by(Decision.id)))


def test_a_runbook_of_the_database_is_planned_with_the_services_check(database: Database) -> None:
    factories.a_server(database)
    check = factories.a_command(database)
    runbook = factories.a_runbook(database)
    assert handle(database, an_event(database), state=REACTOR) == {"planned": 1}
    (execution,) = executions(database)
    pinned = json.loads(execution.pinned)
    assert (execution.state, execution.minion_id) == (ExecutionState.PLANNED, MINION)
    assert (execution.runbook_id, execution.cloudwatch_event_id) == (
        runbook,
        the_event(database).id,
    )
    assert pinned["steps"] == ["check", "fix", "verify"]
    assert pinned["check"] == {"command_id": check, "script": "pgrep -x mariadbd"}
    assert pinned["fix"]["solution"] == "rescue.mysql"
    event = the_event(database)
    assert (event.status, event.claimed_by) == (EventStatus.PROCESSING, "reactor@test:1")
    assert f"Runbook {runbook} 'Start MySQL' fits" in words(database)


def test_the_state_that_the_reactor_names_comes_after_the_runbooks(database: Database) -> None:
    factories.a_server(database)
    factories.a_runbook(database, error_pattern="disk full")
    handle(database, an_event(database), state=REACTOR)
    (execution,) = executions(database)
    assert json.loads(execution.pinned)["fix"]["solution"] == "rescue.mysql"
    assert execution.runbook_id is None
    assert "The one runbook for service mysql" in words(database)
    assert "The reactor names state rescue.mysql" in words(database)


@pytest.mark.parametrize(
    ("state", "service", "expected"),
    [
        (REACTOR, "nginx", "rescue.service"),
        ("rescue.web", "nginx", "rescue.web"),
        ({"mysql": "rescue.mysql"}, "nginx", None),
        (None, "nginx", None),
        ("rescue.web; rm -rf /", "nginx", None),
        ({"*": ["rescue.web"]}, "nginx", None),
        (REACTOR, "", None),
    ],
)
def test_what_a_reactor_may_name(state: Any, service: str, expected: str | None) -> None:
    assert remediation.named_state(state, service) == expected


def test_without_a_runbook_a_person_is_asked_to_look(database: Database) -> None:
    factories.a_server(database)
    assert handle(database, an_event(database)) == {"no_runbook": 1}
    event = the_event(database)
    assert (event.status, event.outcome) == (EventStatus.FAILED, Outcome.NO_RUNBOOK)
    assert event.resolved_at == NOW
    assert executions(database) == []


def test_an_unknown_server_ends_visibly_as_no_minion(database: Database) -> None:
    factories.a_runbook(database)
    assert handle(database, an_event(database, server_id="i-unknown")) == {"no_minion": 1}
    event = the_event(database)
    assert (event.status, event.outcome) == (EventStatus.FAILED, Outcome.NO_MINION)
    assert "i-unknown has no minion" in words(database)


def test_a_runbook_in_mode_ask_waits_for_a_person(database: Database) -> None:
    factories.a_server(database)
    factories.a_runbook(database, mode=RunbookMode.ASK)
    assert handle(database, an_event(database)) == {"held": 1}
    (execution,) = executions(database)
    assert execution.state is ExecutionState.HELD
    event = the_event(database)
    assert (event.status, event.outcome) == (EventStatus.PROCESSING, Outcome.HELD)


def test_a_shadow_takes_the_place_of_no_other_remedy(database: Database) -> None:
    factories.a_server(database)
    factories.a_runbook(database, title="Bold", mode=RunbookMode.SHADOW, priority=900)
    acting = factories.a_runbook(database)
    assert handle(database, an_event(database)) == {"planned": 1}
    (execution,) = executions(database)
    assert execution.runbook_id == acting
    assert "'Bold' is in mode shadow: it would have run, nothing was done by it" in words(database)


def test_a_shadow_does_not_keep_the_state_of_the_reactor_away(database: Database) -> None:
    factories.a_server(database)
    factories.a_runbook(database, mode=RunbookMode.SHADOW)
    assert handle(database, an_event(database), state=REACTOR) == {"planned": 1}
    assert executions(database)[0].runbook_id is None


def test_a_runbook_in_mode_shadow_decides_and_does_nothing(database: Database) -> None:
    factories.a_server(database)
    factories.a_runbook(database, mode=RunbookMode.SHADOW)
    assert handle(database, an_event(database)) == {"suppressed": 1}
    assert executions(database) == []
    assert "it would have run, nothing was done" in words(database)
    event = the_event(database)
    assert (event.status, event.outcome) == (
        EventStatus.FAILED,
        Outcome.SUPPRESSED,
    ), "nobody has repaired it"


def test_an_event_is_handled_once_however_many_ask(database: Database) -> None:
    factories.a_server(database)
    factories.a_runbook(database)
    event_id = an_event(database)
    url = database.url.render_as_string(hide_password=False)

    def reactor(_: int) -> dict[str, int]:
        own = open_database(url)
        try:
            return handle(own, event_id, event_id)
        finally:
            own.dispose()

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(reactor, range(6)))
    assert sum(answer.get("planned", 0) for answer in told) == 1
    with database.reading() as session:
        noted = {entry.action for entry in audit.list_(session=session)}
    assert "forged_hint" not in noted, "an old hint is none"
    assert len(executions(database)) == 1


@pytest.mark.parametrize(
    "hint",
    [
        [999_999],
        [0],
        [-1],
        ["1"],
        [None],
        [True],
        [1.5],
        [10**30],
        [{"a": 1}],
        [[1]],
        None,
        "1",
        {"a": 1},
        [999_999] * 5000,
    ],
)
def test_a_forged_hint_changes_nothing_and_leaves_one_audit_row(
    database: Database, hint: Any
) -> None:
    event_id = an_event(database)
    for _ in range(3):
        told = remediation.handle(
            hint, state=REACTOR, owner="r", database=database, settings=SETTINGS, now=lambda: NOW
        )
        assert set(told) <= {"unknown"}
    with database.reading() as session:
        (entry,) = audit.list_(session=session)
    assert (entry.action, entry.times) == ("forged_hint", 3)
    assert len(entry.detail) < 1000
    with database.reading() as session:
        event = session.get(CloudWatchEvent, event_id)
        assert event is not None and event.status is EventStatus.NEW


def test_a_crash_before_the_commit_leaves_the_event_as_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.a_server(database)
    factories.a_runbook(database)
    event_id = an_event(database)

    def crash(**_: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(remediation.executions, "plan", crash)
        with pytest.raises(RuntimeError):
            handle(database, event_id)
    assert the_event(database).status is EventStatus.NEW
    assert words(database) == ""
    assert handle(database, event_id) == {"planned": 1}


def run_command(database: Database, name: str, server: str = SERVER) -> dict[str, Any]:
    by_hand.run_command(
        command_name=name,
        server_id=server,
        requested_by="kim",
        database=database,
        settings=SETTINGS,
        now=lambda: NOW,
    )
    execution = executions(database)[-1]
    assert execution.requested_by == "kim" and execution.cloudwatch_event_id is None
    pinned: dict[str, Any] = json.loads(execution.pinned)
    return pinned


def test_a_restart_that_a_person_asks_for_is_verified(database: Database) -> None:
    factories.a_server(database)
    factories.a_command(database)
    factories.a_command(
        database, command_name="mysql_restart", command_type="restart", command_script="restart it"
    )
    pinned = run_command(database, "mysql_restart")
    assert pinned["steps"] == ["fix", "verify"]
    assert pinned["fix"]["solution"] == "restart it"
    assert run_command(database, "mysql_status")["steps"] == ["check"]


def test_a_command_for_an_unknown_server_or_of_an_unknown_name_is_refused(
    database: Database,
) -> None:
    factories.a_command(database)
    with pytest.raises(Invalid, match="server: is not the id of a server with a minion"):
        run_command(database, "mysql_status", "i-unknown")
    with pytest.raises(NotFound, match="There is no command party"):
        run_command(database, "party")
    assert executions(database) == []
