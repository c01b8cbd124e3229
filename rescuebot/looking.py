"""The doctor's rounds: a master looks at itself now and then, and when somebody asks for it.

What is found is kept for those who cannot ask a master, such as the console.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rescuebot import clock, doctor
from rescuebot.audit import service as audit
from rescuebot.database import Database, repeat_on_contention
from rescuebot.findings import service as findings
from rescuebot.findings.model import DoctorRequest
from rescuebot.settings import Settings

SELF_TEST = "rescue.self_test"
SELF_TEST_SECONDS = 10
# What somebody is mending is looked at sooner.
_UNWELL_AGAIN = timedelta(minutes=1)


def facts_of(
    opts: Mapping[str, Any],
    *,
    accepted: Sequence[str],
    ask: Callable[..., Mapping[str, Any]],
    trouble: type[Exception],
    at_once: int | None = None,
) -> doctor.MasterFacts:
    """The facts of a master whose configuration is `opts`.

    `ask` is Salt's ``LocalClient.cmd``, which raises `trouble` when the master does not answer.
    With `at_once` not more minions than that are asked together: each costs the master work.
    """
    probe = uuid.uuid4().hex
    tests: dict[str, Any] = {}
    answered = True
    try:
        for names in _parts(sorted(accepted), at_once or len(accepted)):
            answers = ask(
                names,
                SELF_TEST,
                [probe],
                timeout=SELF_TEST_SECONDS,
                tgt_type="list",
                full_return=True,
            )
            tests |= {name: _told(answers.get(name)) for name in names}
    except trouble:
        answered = False
    return doctor.MasterFacts(
        reactor=opts.get("reactor") or [],
        on_demand_pillars=opts.get("on_demand_ext_pillar") or [],
        engines=[name for entry in opts.get("engines") or [] for name in entry],
        probe=probe,
        self_tests=tests if answered else None,
    )


def look_if_due(
    *,
    master: str,
    owner: str,
    facts: Callable[[], doctor.MasterFacts],
    database: Database,
    settings: Settings,
    now: clock.Clock = clock.now,
) -> bool:
    """Examine this master and keep what is found, if it is time or somebody has asked for it."""
    looked_at = now()
    with database.reading() as session:
        request_id = findings.due(session=session, master=master, now=looked_at)
    if request_id is None:
        return False
    found = doctor.examine(database=database, settings=settings, facts=facts(), now=now)
    pause = timedelta(minutes=settings.tracker.doctor_minutes)
    due_at = now() + (pause if found["ok"] else min(pause, _UNWELL_AGAIN))

    @repeat_on_contention
    def _kept() -> bool:
        with database.transaction() as session:
            return findings.keep(
                session=session,
                master=master,
                owner=owner,
                checks=found["checks"],
                looked_at=looked_at,
                due_at=due_at,
                request_id=request_id,
            )

    return _kept()


@repeat_on_contention
def ask_anew(*, actor: str, database: Database, now: clock.Clock = clock.now) -> DoctorRequest:
    """Ask every master to look at itself again; their engines do, within seconds."""
    with database.transaction() as session:
        asked = findings.ask(session=session, actor=actor, now=now())
        audit.note(
            session=session,
            actor=actor,
            action="doctor_asked",
            subject="masters",
            detail="asked to look anew",
            now=now(),
        )
        return asked


def _parts(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), size or 1):
        yield names[start : start + size]


def _told(answer: Mapping[str, Any] | None) -> Any:
    """What a minion's function returned, None where it gave nothing.

    For a minion that is away Salt makes up an answer and marks it so.
    """
    return None if not answer or answer.get("out") == "no_return" else answer.get("ret")
