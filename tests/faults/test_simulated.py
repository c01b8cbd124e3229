"""Losses, repeats, breaks and jumps of the clock in simulated time, each order from its seed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rescuebot import migrations
from rescuebot.database import Database
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent, EventStatus
from tests.conftest import open_database
from tests.faults.simulation import Odds, Simulated
from tests.integration.test_remediation import an_event
from tests.thorough import THOROUGH

pytestmark = [pytest.mark.faults, pytest.mark.faults_short]

# In seconds of true time: limit, grace, asking again and three attempts fit several times over.
PATIENCE = 400
# A wrong clock is put right after so many moments.
PUT_RIGHT = 60
MINUTES = (-120, -1, 1, 20, 120)
ORDERS = 40 if THOROUGH else 15


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated ledger to copy."""
    path = tmp_path_factory.mktemp("simulated") / "empty.db"
    ledger = open_database(f"sqlite:///{path}")
    migrations.upgrade(ledger)
    ledger.dispose()
    return path


@pytest.fixture
def fresh(empty: Path, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """A ledger for each order that is tried."""
    opened: list[Database] = []

    def make() -> Database:
        path = tmp_path / f"{len(opened)}.db"
        shutil.copy(empty, path)
        opened.append(open_database(f"sqlite:///{path}"))
        return opened[-1]

    yield make
    for ledger in opened:
        ledger.dispose()


def followed(simulated: Simulated) -> CloudWatchEvent:
    """Let time pass until the event has ended, or patience has."""
    event_id = an_event(simulated.database)
    simulated.hint(event_id)
    while simulated.second < PATIENCE:
        simulated.step()
        with simulated.database.reading() as session:
            event = events.get(session=session, event_id=event_id)
        if event.status in (EventStatus.RESOLVED, EventStatus.FAILED):
            break
    return event


@pytest.mark.parametrize("minutes", MINUTES)
def test_a_clock_that_jumps_and_is_put_right_doubles_nothing_and_leaves_nothing_stuck(
    fresh: Callable[[], Database], minutes: int
) -> None:
    for at in range(1, 24):
        jump = timedelta(minutes=minutes)
        simulated = Simulated(fresh(), jumps={at: jump, at + PUT_RIGHT: -jump})
        event = followed(simulated)
        ended = (event.status, event.outcome, simulated.up, simulated.effects)
        assert ended == ("resolved", "fixed", True, 1), f"{minutes} minutes at moment {at}"


@pytest.mark.parametrize("seed", range(ORDERS))
def test_whatever_is_lost_or_repeated_the_fix_takes_effect_once(
    fresh: Callable[[], Database], seed: int
) -> None:
    odds = Odds(
        job_lost=0.3,
        job_doubled=0.3,
        return_unheard=0.5,
        return_lost=0.3,
        hint_lost=0.5,
        master_away=0.3,
    )
    simulated = Simulated(fresh(), seed=seed, odds=odds)
    event = followed(simulated)
    assert (event.status, event.outcome) == ("resolved", "fixed")
    assert simulated.effects == 1


@pytest.mark.parametrize("seed", range(ORDERS))
def test_runs_that_break_off_take_effect_once_and_end_visibly(
    fresh: Callable[[], Database], seed: int
) -> None:
    odds = Odds(broken_off=0.2, return_lost=0.3, return_unheard=0.5, hint_lost=0.3)
    simulated = Simulated(fresh(), seed=seed, odds=odds)
    event = followed(simulated)
    # Three attempts may break off before their fix; then a person is told.
    assert event.status in ("resolved", "failed")
    assert (event.status == "resolved") <= simulated.up
    assert simulated.effects == int(simulated.up)
