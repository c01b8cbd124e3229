"""Runbooks from their first version to their last, and their titles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rescuebot.audit import service as audit
from rescuebot.database import Database
from rescuebot.errors import Conflict, Invalid, NotFound
from rescuebot.runbooks import service as runbooks
from rescuebot.runbooks.model import RunbookMode, RunbookScript
from tests import factories
from tests.integration.test_commands import at_once

LATER = factories.NOW + timedelta(hours=1)


def change(database: Database, which: int | str, expected: int = 1, **changes: Any) -> int:
    """Change the runbook as alice; the version that it has then."""
    with database.transaction() as session:
        return runbooks.update(
            session=session,
            which=which,
            changes=changes,
            expected_version=expected,
            actor="alice",
            now=LATER,
        ).version


def delete(database: Database, which: int | str, expected: int = 1) -> None:
    with database.transaction() as session:
        runbooks.delete(
            session=session, which=which, expected_version=expected, actor="bob", now=LATER
        )


def restore(database: Database, which: int | str) -> int:
    with database.transaction() as session:
        return runbooks.restore(session=session, which=which, actor="carol", now=LATER).id


def test_a_runbook_is_created_with_who_and_with_its_defaults(database: Database) -> None:
    runbook_id = factories.a_runbook(database, mode="ask", created_by="ops", actor="alice")
    with database.reading() as session:
        runbook = runbooks.get(session=session, which=runbook_id)
        assert (runbook.created_by, runbook.updated_by, runbook.version) == ("ops", "alice", 1)
        assert (runbook.mode, runbook.enabled, runbook.attempts) == (RunbookMode.ASK, True, None)
        (version,) = runbooks.versions(session=session, which=runbook_id)
        assert version.changed_by == "alice"
        assert audit.list_(session=session)[0].action == "runbook_created"


def test_who_created_it_is_who_acted_unless_said(database: Database) -> None:
    runbook_id = factories.a_runbook(database, created_by="o" * 120)
    with database.reading() as session:
        runbook = runbooks.get(session=session, which=runbook_id)
        assert (runbook.created_by, runbook.updated_by) == ("o" * 50, "o" * 100)


@pytest.mark.parametrize("title", ["Start MySQL", "START mysql", "Stárt MySQL"])
def test_a_title_is_used_once_at_a_time_whatever_its_case(database: Database, title: str) -> None:
    first = factories.a_runbook(database)
    with pytest.raises(Conflict, match=f"taken by runbook {first} 'Start MySQL'"):
        factories.a_runbook(database, title=title)
    other = factories.a_runbook(database, title="Stop MySQL")
    with pytest.raises(Conflict, match="The title is taken"):
        change(database, other, title=title)
    delete(database, first)
    assert change(database, other, title=title) == 2
    with pytest.raises(Conflict, match=f"taken by runbook {other}"):
        restore(database, first)
    delete(database, other, expected=2)
    # The one that had it last is meant.
    assert restore(database, title) == other


def test_a_title_can_be_written_anew_in_another_case(database: Database) -> None:
    runbook_id = factories.a_runbook(database)
    assert change(database, "start mysql", title="start MySQL") == 2
    with database.reading() as session:
        found = runbooks.get_by_title(session=session, title="START MYSQL")
        assert found is not None and (found.id, found.live_title) == (runbook_id, "start MySQL")


def test_a_deleted_runbook_is_not_chosen_and_comes_back(database: Database) -> None:
    runbook_id = factories.a_runbook(database)
    delete(database, "Start MySQL")
    with database.reading() as session:
        assert not runbooks.for_service(session=session, service_type="mysql")
        assert runbooks.get_by_title(session=session, title="Start MySQL") is None
        assert runbooks.get(session=session, which="Start MySQL").deleted_at == LATER
    with pytest.raises(Conflict, match="was deleted by bob"):
        delete(database, runbook_id, expected=2)
    assert restore(database, "Start MySQL") == runbook_id
    with database.reading() as session:
        assert len(runbooks.for_service(session=session, service_type="mysql")) == 1
        assert [v.change.value for v in runbooks.versions(session=session, which=runbook_id)] == [
            "restored",
            "deleted",
            "created",
        ]


def test_a_title_that_looks_like_an_id_is_a_title_first(database: Database) -> None:
    first = factories.a_runbook(database)
    second = factories.a_runbook(database, title=str(first))
    with database.reading() as session:
        assert runbooks.get(session=session, which=str(first)).id == second
        assert runbooks.get(session=session, which=first).id == first
        assert runbooks.get(session=session, which=str(second)).id == second
        with pytest.raises(NotFound, match="There is no runbook"):
            runbooks.get(session=session, which="{0} %s")


@pytest.mark.parametrize(
    "changes",
    [
        {"created_by": "me"},
        {"live_title": "x"},
        {"deleted_at": None},
        {"solution_kind": "sls"},
        {"mode": "on"},
        {"priority": True},
    ],
)
def test_a_change_is_validated_together_with_what_stays(
    database: Database, changes: dict[str, Any]
) -> None:
    factories.a_runbook(database)
    with pytest.raises(Invalid):
        change(database, "Start MySQL", **changes)


def test_a_change_for_an_old_version_is_a_conflict_and_changes_nothing(database: Database) -> None:
    runbook_id = factories.a_runbook(database)
    assert change(database, runbook_id, mode="shadow", attempts=3) == 2
    with pytest.raises(Conflict, match="has version 2 now: alice changed it"):
        change(database, runbook_id, mode="auto")
    with pytest.raises(Conflict, match="has version 2 now"):
        delete(database, runbook_id)
    with database.reading() as session:
        runbook = runbooks.get(session=session, which=runbook_id)
        assert (runbook.mode, runbook.attempts) == (RunbookMode.SHADOW, 3)
        assert audit.list_(session=session)[0].detail == (
            "version 2: mode 'auto' -> 'shadow'; attempts None -> 3"
        )


def test_runbooks_are_listed_by_what_is_asked(database: Database) -> None:
    factories.a_runbook(database)
    factories.a_runbook(database, title="Make room", service_type="disk", error_pattern="100%|full")
    factories.a_runbook(
        database,
        title="Ask first",
        description="Ends SLEEPING sessions",
        mode="ask",
        enabled=False,
        solution_kind="shell",
        solution_script="exit 0",
    )

    def titles(**asked: Any) -> list[str]:
        with database.reading() as session:
            return [runbook.title for runbook in runbooks.list_(session=session, **asked)]

    assert titles() == ["Make room", "Ask first", "Start MySQL"]
    assert titles(service="mysql") == ["Ask first", "Start MySQL"]
    assert titles(mode="ask") == titles(kind="shell") == titles(enabled=False) == ["Ask first"]
    assert titles(text="sleeping") == ["Ask first"]
    assert titles(text="0%|") == ["Make room"]
    assert titles(text="_") == []
    assert titles(service="mysql", enabled=True) == ["Start MySQL"]
    assert titles(deleted=True) == []
    assert titles(limit=2) == ["Make room", "Ask first"]
    with pytest.raises(Invalid, match="mode: must be shadow, ask or auto"):
        titles(mode="maybe")


def test_of_two_changes_at_once_one_is_made(database: Database) -> None:
    runbook_id = factories.a_runbook(database)
    works = [lambda n=n: change(database, runbook_id, priority=n) for n in range(1, 5)]
    codes = sorted(getattr(error, "code", "made") for error in at_once(*works))
    assert codes == ["made"] + ["outdated"] * 3


def test_of_two_of_a_title_at_once_one_is_created(database: Database) -> None:
    titles = ("Start MySQL", "start mysql", "START MYSQL", "Stärt MySQL")
    works = [lambda title=title: factories.a_runbook(database, title=title) for title in titles]
    codes = sorted(getattr(error, "code", "made") for error in at_once(*works))
    assert codes == ["conflict"] * 3 + ["made"]
    with database.reading() as session:
        assert len(runbooks.list_(session=session)) == 1


def test_of_two_that_take_a_title_at_once_one_gets_it(database: Database) -> None:
    ids = [factories.a_runbook(database, title=f"Runbook {n}") for n in range(4)]
    works = [lambda i=i: change(database, i, title="The one") for i in ids]
    codes = sorted(getattr(error, "code", "made") for error in at_once(*works))
    assert codes == ["conflict"] * 3 + ["made"]


def test_a_runbook_that_is_older_than_versions_keeps_its_first_state(database: Database) -> None:
    with database.transaction() as session:
        runbook = RunbookScript(
            title="Old",
            live_title="Old",
            service_type="mysql",
            error_pattern="",
            solution_kind="state",
            solution_script="rescue.mysql",
            description="",
            created_by="founder",
            version=3,
            updated_at=factories.NOW,
        )
        session.add(runbook)
    assert change(database, "Old", expected=3, priority=7) == 4
    with database.reading() as session:
        told = [
            (version.number, version.changed_by, version.changed_at)
            for version in runbooks.versions(session=session, which="Old")
        ]
        assert told == [(4, "alice", LATER), (3, "founder", factories.NOW)]
        assert "-priority: 0\n+priority: 7" in runbooks.diff(session=session, which="Old")
