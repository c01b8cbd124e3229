"""Match, simulate, replay: what would be done is what is done then, and nothing stays of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from devstack import alarms
from rescuebot import as_code, halting, intake, rehearsal, remediation, replay, tables
from rescuebot.database import Database
from rescuebot.errors import Invalid, NotFound
from rescuebot.events.reported import Severity
from rescuebot.executions.model import Execution
from rescuebot.runbooks.model import RunbookMode
from rescuebot.settings import ExecutionSettings, GuardSettings, IntakeSettings, Settings
from tests import factories
from tests.factories import NOW, SERVER, message
from tests.integration.test_guarding import finish, out
from tests.integration.test_remediation import an_event
from tests.integration.test_tracking import FakeFleet, Scene

SETTINGS = Settings(execution=ExecutionSettings(attempts=1))


def counts(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in tables.metadata.sorted_tables
        }


def parts(database: Database, **settings: Any) -> dict[str, Any]:
    found = SETTINGS.model_copy(update=settings)
    return {"state": None, "database": database, "settings": found, "now": lambda: NOW}


# --- simulate --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "would", "really"),
    [
        (RunbookMode.AUTO, "run", "planned"),
        (RunbookMode.ASK, "held: approval", "held"),
        (RunbookMode.SHADOW, "suppressed", "suppressed"),
    ],
)
def test_what_is_simulated_is_what_is_done_then_and_leaves_no_trace(
    database: Database, mode: RunbookMode, would: str, really: str
) -> None:
    factories.a_server(database)
    factories.a_runbook(database, mode=mode)
    event_id = an_event(database)
    before = counts(database)
    simulated = rehearsal.simulate_event(event_id, **parts(database))
    assert simulated["would"] == would
    assert counts(database) == before
    told = remediation.handle(
        [event_id], state=None, owner="t", database=database, settings=SETTINGS, now=lambda: NOW
    )
    assert told == {really: 1}
    if simulated["execution"]:
        with database.reading() as session:
            (run,) = session.scalars(select(Execution)).all()
        assert simulated["execution"]["pinned_sha256"] == run.pinned_sha256


def test_a_simulation_tells_which_rule_would_hold_it(database: Database) -> None:
    factories.a_server(database)
    factories.a_runbook(database)
    halting.halt("service:mysql", reason="wait", actor="kim", database=database)
    simulated = rehearsal.simulate_event(an_event(database), **parts(database))
    assert simulated["would"] == "held: halt"
    assert "kim has halted service:mysql" in simulated["words"]


def test_something_that_has_not_happened_can_be_simulated(database: Database) -> None:
    factories.a_server(database)
    factories.a_runbook(database)
    before = counts(database)
    report = rehearsal.made_up(
        message="mysqld: no process",
        service_type="mysql",
        server_id=SERVER,
        event_type="process_down",
        severity=Severity.FATAL,
        now=lambda: NOW,
    )
    simulated = rehearsal.simulate_report(report, **parts(database))
    assert (simulated["would"], simulated["event_id"]) == ("run", None)
    assert simulated["execution"]["fix"]["solution"] == "rescue.mysql"
    assert counts(database) == before
    an_event(database)
    again = rehearsal.simulate_report(report, **parts(database))
    assert again["would"] == "repeat", "an open event of the same kind takes it"


def test_what_cannot_be_simulated_is_refused_by_name(database: Database) -> None:
    with pytest.raises(Invalid) as refused:
        rehearsal.made_up(
            message="x", service_type="My SQL", server_id="a b", event_type="X", severity=None
        )
    assert {item.field for item in refused.value.problems} == {"service", "server", "event_type"}
    with pytest.raises(NotFound, match="There is no event 77"):
        rehearsal.simulate_event(77, **parts(database))


def test_a_match_is_explained_also_when_there_is_a_winner(database: Database) -> None:
    factories.a_runbook(database)
    factories.a_runbook(database, title="Make room", error_pattern="disk full")
    with database.reading() as session:
        found = rehearsal.match(session=session, service_type="mysql", message="no process")
    assert [row["title"] for row in found["matched"]] == ["Start MySQL"]
    assert [(row["title"], row["failed"]) for row in found["near"]] == [("Make room", ["pattern"])]


# --- replay ----------------------------------------------------------------------------------

NEW = """\
runbooks:
  - title: Start MySQL
    service_type: mysql
    error_pattern: no process
    solution_kind: state
    solution_script: rescue.mysql
    description: as before
    priority: 0
    mode: auto
  - title: Restart web quickly
    service_type: web
    error_pattern: has no process
    solution_kind: shell
    solution_script: |
      echo restart
    description: new
    priority: 10
    mode: auto
"""


@pytest.fixture
def past(database: Database) -> Scene:
    """Four days: mysql died on three servers and was fixed; web died and nobody knew a remedy."""
    settings = SETTINGS.model_copy(
        update={"guard": GuardSettings(blast_percent=0, cooldown_seconds=0)}
    )
    scene = Scene(database=database, fleet=FakeFleet(), settings=settings)
    scene.at = NOW - timedelta(days=4)
    factories.a_runbook(database)
    for day in range(4):
        happen(scene, day, service=None)
        happen(scene, day, service="web", exe="^webd$")
        scene.at += timedelta(days=1)
    scene.at = NOW
    return scene


def happen(scene: Scene, number: int, **alarm: Any) -> None:
    server = f"i-{number:017x}"
    factories.a_server(scene.database, server_id=server, minion_id=f"web-{number}")
    alarm = {key: value for key, value in alarm.items() if value is not None}
    body = alarms.process_down(server, time=scene.at - timedelta(seconds=20), **alarm)
    receipt = intake.receive(
        [message(body)], database=scene.database, settings=IntakeSettings(), now=scene.now
    )
    event_id = receipt.recorded[0].event_id
    remediation.handle([event_id], state=None, owner="t", **scene.parts)
    scene.dispatch()
    for execution in out(scene):
        scene.at += timedelta(seconds=5)
        finish(scene, execution)


def documents(tmp_path: Path, text: str) -> as_code.Documents:
    path = tmp_path / "new.yaml"
    path.write_text(text)
    return as_code.read(path)


def again(scene: Scene, files: as_code.Documents | None = None, **guard: Any) -> dict[str, Any]:
    settings = scene.settings.model_copy(
        update={"guard": GuardSettings(**{"blast_percent": 0, "cooldown_seconds": 0, **guard})}
    )
    return replay.replay(
        since=timedelta(days=30),
        documents=files,
        database=scene.database,
        settings=settings,
        now=scene.now,
    )


def test_history_under_the_same_runbooks_is_what_it_was(past: Scene) -> None:
    before = counts(past.database)
    found = again(past)
    assert found["replay"] == {
        "events": 8,
        "changed": 0,
        "would": {"no_runbook": 4, "run": 4},
        "was": {"fixed": 4, "no_runbook": 4},
    }
    assert counts(past.database) == before


def test_new_runbooks_are_tried_on_all_of_history_and_not_kept(past: Scene, tmp_path: Path) -> None:
    before = counts(past.database)
    found = again(past, documents(tmp_path, NEW))
    assert found["replay"]["would"] == {"run": 8}
    assert found["imported"]["created"] == 1
    changed = [row for row in found["rows"] if row["changed"]]
    assert {(row["service_type"], row["was"], row["would"]) for row in changed} == {
        ("web", "no_runbook", "run")
    }
    assert "Restart web quickly" in changed[0]["runbook"]
    assert counts(past.database) == before, "nothing is imported"


@pytest.mark.parametrize(("mode", "would"), [("ask", "ask"), ("shadow", "shadow"), ("auto", "run")])
def test_the_mode_of_a_new_runbook_counts(
    past: Scene, tmp_path: Path, mode: str, would: str
) -> None:
    text = NEW.replace("priority: 10\n    mode: auto", f"priority: 10\n    mode: {mode}")
    found = again(past, documents(tmp_path, text))
    assert {row["would"] for row in found["rows"] if row["changed"]} == {would}


def test_limits_are_replayed_too(past: Scene, tmp_path: Path) -> None:
    happen(past, 0)
    past.at += timedelta(minutes=6)
    happen(past, 0)
    rows = again(past, cooldown_seconds=3600)["rows"]
    assert [row["would"] for row in rows if row["service_type"] == "mysql"][-2:] == [
        "run",
        "held: cooldown",
    ]
    assert "at most once in 3600 s" in rows[-1]["words"]


def test_halts_of_the_past_are_replayed(past: Scene) -> None:
    halting.halt("service:mysql", reason="x", actor="kim", database=past.database, now=past.now)
    past.at += timedelta(minutes=10)
    happen(past, 1)
    past.at += timedelta(minutes=1)
    halting.resume("service:mysql", actor="kim", database=past.database, now=past.now)
    past.at += timedelta(minutes=10)
    rows = again(past)["rows"]
    assert rows[-1]["would"] == "held: halt"
    assert {row["would"] for row in rows[:-1]} == {"run", "no_runbook"}


def test_a_file_that_is_not_valid_is_refused_and_nothing_is_replayed(
    past: Scene, tmp_path: Path
) -> None:
    with pytest.raises(Invalid, match="solution_kind"):
        again(past, documents(tmp_path, NEW.replace("kind: shell", "kind: magic")))
