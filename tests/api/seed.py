"""A ledger with something of everything in it, for tests of the API; made by plain calls.

Invariant: times are of now, as the API's own clock is not moved by tests.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta

import argon2
from sqlalchemy import select

from rescuebot import clock, closing, correcting, gathering, halting, intake, remediation, starter
from rescuebot.approvals.model import Approval
from rescuebot.archive.model import Archive, ArchiveState
from rescuebot.database import Database
from rescuebot.events.model import DeadLetter, EventStatus
from rescuebot.executions.model import ExecutionState
from rescuebot.findings import service as findings
from rescuebot.heartbeats import service as heartbeats
from rescuebot.people import keys
from rescuebot.people import service as people
from rescuebot.people.roles import Role
from rescuebot.settings import ChannelSettings, IntakeSettings, NoticeSettings, Settings
from tests import factories, old
from tests.factories import NO_GUARD

PASSWORD = "correct horse battery staple"
# What every piece of foreign text here is marked with: it must come back as it is, as data.
FOREIGN = "<script>alert(1)</script>\"'\\ \x1b[31m한국어 🔥"
BIG_BYTES = 10 * 1024 * 1024
SERVICE = "billing"
PINNED = '{"check":null,"fix":{"kind":"state","solution":"rescue.mysql"},"service":"billing"}'
_DRAFT = {
    "title": "Start it anew",
    "service_type": SERVICE,
    "error_pattern": "no process",
    "solution_kind": "state",
    "solution": "rescue.mysql",
    "risk_words": "<b>little</b>",
    "verification": "look",
    "rollback": "stop it",
}
_QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
_TOLD = NoticeSettings(channels={"ops": ChannelSettings(ways=("log",))})
_SETTINGS = Settings(guard=NO_GUARD, notices=_TOLD)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seed:
    """What there is: people by name, keys by name, and ids by what they are of."""

    people: dict[str, int]
    keys: dict[str, str]
    ids: dict[str, int] = field(default_factory=dict)


def fill(database: Database, *, big: bool = True) -> Seed:
    """Put something of everything into an empty ledger; `big` is a result of 10 MB."""
    seed = Seed(people=add_people(database), keys=add_keys(database))
    with database.transaction() as session:
        starter.load(session=session, created_by="starter", now=clock.now())
    gathering.register(database=database, settings=_SETTINGS.notices)
    factories.a_server(database)
    seed.ids["command"] = factories.a_command(
        database, command_name="billing_status", target_service=SERVICE
    )
    seed.ids["runbook"] = factories.a_runbook(
        database, service_type=SERVICE, title="Start billing", mode="ask"
    )
    seed.ids.update(add_events(database))
    seed.ids.update(add_executions(database, seed.ids["event_failed"], big=big))
    seed.ids.update(add_approvals(database))
    seed.ids.update(add_advice(database, seed.ids["event_failed"], seed.ids["execution_success"]))
    seed.ids.update(add_the_rest(database))
    return seed


def hash_of(password: str) -> str:
    """A hash as the library makes them, with less work."""
    return _QUICK.hash(password)


def add_people(database: Database) -> dict[str, int]:
    """One of each role, `owing` who owes a new password, `gone` who is disabled."""
    roles = {role.value: role for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN)}
    wanted = {**roles, "owing": Role.ADMIN, "gone": Role.ADMIN, "spare": Role.VIEWER}
    found = {}
    with database.transaction() as session:
        for name, role in wanted.items():
            user = people.create(
                session=session,
                username=name,
                role=role,
                actor="tests",
                now=clock.now(),
                password_hash=hash_of(PASSWORD),
                must_change_password=name == "owing",
            )
            found[name] = user.id
        people.disable(
            session=session, which="gone", expected_version=1, actor="tests", now=clock.now()
        )
    return found


def add_keys(database: Database) -> dict[str, str]:
    """A key for each role, one that is revoked and one that is over."""
    found = {}
    long_ago = clock.now() - timedelta(days=2)
    with database.transaction() as session:
        for role in Role:
            _, found[role.value] = keys.create(
                session=session, name=f"a-{role.value}", role=role, actor="tests", now=clock.now()
            )
        row, found["revoked"] = keys.create(
            session=session, name="revoked", role=Role.ADMIN, actor="tests", now=clock.now()
        )
        keys.revoke(session=session, which=row.id, actor="tests", now=clock.now())
        _, found["expired"] = keys.create(
            session=session,
            name="expired",
            role=Role.ADMIN,
            actor="tests",
            now=long_ago,
            expires_at=long_ago + timedelta(hours=1),
        )
    return found


def add_events(database: Database) -> dict[str, int]:
    """One in each status, one of them deleted, and one that came in by the front door."""
    found = {}
    ends = {EventStatus.RESOLVED: "fixed", EventStatus.FAILED: "no_runbook"}
    for status in EventStatus:
        found[f"event_{status.value}"] = old.an_event(
            database,
            at=clock.now() - timedelta(minutes=5),
            status=status,
            outcome=ends.get(status),
            resolved_at=clock.now() if status in ends else None,
            service_type=SERVICE,
            event_message=f"no process {FOREIGN}",
            raw=f'{{"message": "{FOREIGN}"}}',
        )
    found["event_deleted"] = old.an_event(database, at=clock.now(), service_type=SERVICE)
    closing.take_back(
        [found["event_deleted"]], reason="a test", actor="web:admin", database=database
    )
    found["dead_letter"] = _a_dead_letter(database)
    return found


def _a_dead_letter(database: Database) -> int:
    intake.receive([factories.message(FOREIGN)], database=database, settings=IntakeSettings())
    with database.reading() as session:
        return session.scalars(select(DeadLetter.id)).one()


def add_executions(database: Database, event_id: int, *, big: bool) -> dict[str, int]:
    """One in each state, each with a log; the log of the one that ended well is `log_big`."""
    found = {}
    for state in ExecutionState:
        held = {"held_by": "maintenance", "held_at": clock.now()}
        run = old.a_run(
            database,
            event_id,
            at=clock.now(),
            state=state,
            service_type=SERVICE,
            message=FOREIGN,
            pinned=PINNED,
            pinned_sha256=hashlib.sha256(PINNED.encode()).hexdigest(),
            finished_at=None,
            **(held if state is ExecutionState.HELD else {}),
        )
        found[f"execution_{state.value}"] = run
        found[f"log_{state.value}"] = old.a_log(database, run, event_id, FOREIGN)
    found["log_corrected"] = old.a_log(database, run, event_id, FOREIGN)
    correcting.correct(
        found["log_corrected"],
        execution_result=FOREIGN * 2,
        reason=FOREIGN,
        actor="web:operator",
        database=database,
    )
    if big:
        found["log_big"] = old.a_log(
            database, found["execution_success"], event_id, big_result().decode()
        )
    return found


def big_result() -> bytes:
    """10 MB of UTF-8 in which each place looks different from its neighbours."""
    line = "".join(f"{number:07d} 한 " for number in range(80_000)).encode()
    whole = (line * (BIG_BYTES // len(line) + 1))[:BIG_BYTES]
    return whole.decode(errors="ignore").encode()


def add_approvals(database: Database) -> dict[str, int]:
    """Four that wait, by the real way; the operator has proposed the last one."""
    found = {}
    for name in ("approval", "approval_2", "approval_3", "approval_own"):
        event = old.an_event(
            database,
            at=clock.now(),
            status=EventStatus.NEW,
            outcome=None,
            resolved_at=None,
            service_type=SERVICE,
            event_message="no process",
            alarm_name=name,
        )
        done = remediation.handle(
            [event], state=None, owner="tests", database=database, settings=_SETTINGS
        )
        assert done == {"held": 1}, done
        with database.transaction() as session:
            row = session.scalars(
                select(Approval).where(Approval.cloudwatch_event_id == event)
            ).one()
            found[name] = row.id
            if name == "approval_own":
                row.proposed_by = "web:operator"
    return found


def add_advice(database: Database, event_id: int, execution_id: int) -> dict[str, int]:
    """Advice that was answered, with a draft of it."""
    advice = old.an_advice(
        database, event_id, answer=f'{{"cause": "{FOREIGN}"}}', question='{"q": 1}'
    )
    draft = old.put(
        database,
        "draft",
        advice_id=advice,
        cloudwatch_event_id=event_id,
        execution_id=execution_id,
        service_type=SERVICE,
        title=FOREIGN,
        solution_hash="0" * 64,
        content=json.dumps(_DRAFT),
        risk="low",
        state="verified",
        made_at=clock.now(),
    )
    return {"advice": advice, "draft": draft}


def add_the_rest(database: Database) -> dict[str, int]:
    """A window, a halt, a file of the archive, and engines that live for as long as tests run."""
    now = clock.now()
    with database.transaction() as session:
        findings.keep(
            session=session,
            master="salt-1",
            owner="rescue_tracker@salt-1:1",
            checks=[{"name": "queue", "ok": False, "detail": FOREIGN, "remedy": "Look at it."}],
            looked_at=now,
            due_at=now + timedelta(hours=1),
            request_id=0,
        )
        for engine in ("rescue_sqs", "rescue_tracker"):
            heartbeats.beat(
                session=session,
                owner=engine,
                engine=engine,
                now=now + timedelta(hours=1),
                state="running",
            )
    window = halting.open_window(
        "service:redis",
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        reason=FOREIGN,
        actor="web:operator",
        database=database,
    )
    halt = halting.halt("service:nginx", reason=FOREIGN, actor="web:operator", database=database)
    with database.transaction() as session:
        archive = Archive(
            state=ArchiveState.DONE, place="/nowhere", begun_by="tests", first_at=now, last_at=now
        )
        session.add(archive)
    return {"window": window.id, "halt": halt.id, "archive": archive.id}
