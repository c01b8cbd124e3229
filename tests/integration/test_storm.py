"""Two hundred servers of one service alarm at once: the guard lets them through in waves."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select

from devstack.storm import Storm
from rescuebot.database import Database
from rescuebot.events.model import CloudWatchEvent, Outcome
from rescuebot.executions.model import Execution
from rescuebot.guard.model import Decision
from rescuebot.settings import GuardSettings, Settings

SERVERS, PERCENT = 200, 10
LIMIT = SERVERS * PERCENT // 100


@pytest.fixture
def storm(database: Database) -> Storm:
    found = Storm(
        database=database,
        settings=Settings(guard=GuardSettings(blast_percent=PERCENT)),
        servers=SERVERS,
    )
    found.run()
    return found


def test_a_storm_is_rescued_in_order_and_never_more_than_the_limit_at_once(storm: Storm) -> None:
    assert max(sample.repairing for sample in storm.samples) == LIMIT
    assert storm.samples[-1].ended == SERVERS

    begun = [minion for _, minion in storm.fleet.begun]
    assert Counter(begun) == {name: 1 for name in storm.fleet.accepted()}, "no server twice"
    order = [f"db-{name[-4:]}" for name in storm.names]
    waves = [set(minions) for _, _, minions in storm.fleet.jobs]
    assert [name for wave in waves for name in sorted(wave)] == order, "in the order of the alarms"

    moments = [at for at, _, _ in storm.fleet.jobs]
    assert len(set(moments)) == len(moments), "one publication a wave"
    held_waves = [wave for wave in waves if len(wave) < LIMIT // 2]
    assert len(waves) <= 2 * SERVERS // LIMIT and len(held_waves) <= 2

    with storm.database.reading() as session:
        outcomes = set(session.scalars(select(CloudWatchEvent.outcome)))
        attempts = session.scalar(select(func.max(Execution.attempt)))
        verdicts = dict(
            session.execute(
                select(Decision.verdict, func.count())
                .where(Decision.subject == "guard")
                .group_by(Decision.verdict)
            ).all()
        )
    assert outcomes == {Outcome.FIXED} and attempts == 1
    assert verdicts["allowed"] == SERVERS
    assert verdicts["blast_radius"] == SERVERS - LIMIT, "all others were told once why they wait"
