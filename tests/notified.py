"""A ledger, a Slack double and a clock that we turn: what the tests of notices play with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from devstack.slack import Kept, SlackDouble
from rescuebot import faults, gathering, intake, notifying, remediation, tracking
from rescuebot.database import Database
from rescuebot.notices import ways
from rescuebot.notices.model import Notice, NoticeReceipt
from rescuebot.notices.ways import Letter, Posted, Sent
from rescuebot.settings import Settings
from tests import factories
from tests.factories import MINION, NO_GUARD, NOW, SERVER, message
from tests.integration.test_tracking import FakeFleet, Scene

ROOM = "C0OPERATE"
OPS = {"slack_channel": ROOM, "ways": ["slack"]}


class Killed(BaseException):
    """The process is gone: nothing after this line is done."""


@contextmanager
def killed_at(point: str) -> Iterator[None]:
    """End the work at a fault point, once."""

    def reached(name: str) -> None:
        if name == point:
            raise Killed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(faults, "point", reached)
        yield


@dataclass
class Board:
    """What is told of one ledger."""

    database: Database
    slack: SlackDouble
    notices: dict[str, Any] = field(default_factory=lambda: {"channels": {"ops": OPS}})
    at: datetime = NOW
    # How long Slack may take, in seconds: much, because a busy machine is no trouble of Slack's.
    patience: int = 10
    ways: dict[str, ways.Way] = field(default_factory=dict)
    _notifiers: dict[str, notifying.Notifier] = field(default_factory=dict)
    _gatherer: gathering.Gatherer | None = None

    def __post_init__(self) -> None:
        gathering.register(database=self.database, settings=self.settings.notices)

    def now(self) -> datetime:
        return self.at

    def later(self, **span: float) -> None:
        self.at += timedelta(**span)

    @property
    def settings(self) -> Settings:
        return Settings.model_validate(
            {
                "guard": NO_GUARD.model_dump(),
                "execution": {"attempts": 1},
                "slack": {
                    "bot_token": self.slack.token,
                    "api_url": self.slack.api_url,
                    "timeout_seconds": self.patience,
                },
                "notices": self.notices,
            }
        )

    @property
    def scene(self) -> Scene:
        """The same ledger, as the tests of the tracker play with it."""
        return Scene(database=self.database, fleet=FakeFleet(), at=self.at, settings=self.settings)

    # --- what happens -----------------------------------------------------------------------

    def event(self, **alarm: Any) -> int:
        receipt = intake.receive(
            [message(**{"time": self.at - timedelta(seconds=20), **alarm})],
            database=self.database,
            settings=self.settings.intake,
            now=self.now,
        )
        return receipt.recorded[0].event_id

    def fail(self, event_id: int) -> None:
        """No runbook fits and no state is named."""
        self.handle(event_id, state=None)

    def handle(self, event_id: int, state: Any = "rescue.mysql") -> dict[str, int]:
        return remediation.handle(
            [event_id],
            state=state,
            owner="t",
            database=self.database,
            settings=self.settings,
            now=self.now,
        )

    def rescue(self, verdict: str = "fixed") -> int:
        """An event that is brought to its end; returns its id."""
        factories.a_server(self.database, server_id=SERVER, minion_id=MINION)
        event_id = self.event()
        assert self.handle(event_id) == {"planned": 1}
        self.run_planned(verdict)
        return event_id

    def run_planned(self, verdict: str = "fixed") -> None:
        scene = self.scene
        assert scene.dispatch() == 1
        assert scene.fetch() is not None
        assert scene.bring(scene.result(verdict))

    # --- how it is told ---------------------------------------------------------------------

    def notifier(self, channel: str = "ops", owner: str = "t") -> notifying.Notifier:
        """The same one each time, for it remembers how its ways have done."""
        key = f"{owner} {channel}"
        if key not in self._notifiers:
            self._notifiers[key] = notifying.Notifier(
                channel=channel,
                database=self.database,
                settings=self.settings.notices,
                ways={**ways.build(self.settings), **self.ways},
                owner=owner,
                now=self.now,
            )
        return self._notifiers[key]

    def tell(self, channel: str = "ops", rounds: int = 8) -> dict[str, int]:
        """Tell until nothing is due; returns what became of the notices, all rounds together."""
        total: dict[str, int] = {}
        for _ in range(rounds):
            done = self.notifier(channel).run()
            for what, count in done.items():
                total[what] = total.get(what, 0) + count
            if not set(done) - {"waits", "passed_over"}:
                break
        return total

    def gather(self) -> dict[str, int]:
        if self._gatherer is None:
            self._gatherer = gathering.Gatherer(
                database=self.database, settings=self.settings.notices, now=self.now
            )
        return self._gatherer.run()

    def forget(self) -> None:
        """As after a restart: nothing is known but what the ledger holds."""
        self._notifiers.clear()
        self._gatherer = None

    # --- what came of it --------------------------------------------------------------------

    def rows(self, channel: str | None = None) -> list[Notice]:
        query = select(Notice).order_by(Notice.id)
        if channel is not None:
            query = query.where(Notice.channel == channel)
        with self.database.reading() as session:
            return list(session.scalars(query))

    def states(self, channel: str | None = None) -> list[tuple[str, str]]:
        return [(row.state, row.status.value) for row in self.rows(channel)]

    def receipts(self) -> list[tuple[str, bool, str]]:
        with self.database.reading() as session:
            rows = session.scalars(select(NoticeReceipt).order_by(NoticeReceipt.id))
            return [(row.way, row.ok, row.code) for row in rows]

    def messages(self, channel: str = ROOM) -> list[Kept]:
        return self.slack.messages(channel)

    def posted(self) -> list[str]:
        """The ids of the notices that were posted, as Slack has them."""
        return [(one.metadata or {})["event_payload"]["notice"] for one in self.messages()]

    def record_return(self, given: tracking.Return) -> bool:
        return tracking.record_return(
            given,
            fleet=FakeFleet(),
            database=self.database,
            settings=self.settings,
            now=self.now,
        )


@dataclass
class Taker:
    """A way that keeps its letters, and fails as it is told."""

    letters: list[Letter] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)

    def __call__(self, letter: Letter) -> Sent:
        if self.troubles:
            raise self.troubles.pop(0)
        self.letters.append(letter)
        code = "not_needed" if letter.quietly else "posted"
        return Sent(code=code, posted=Posted("somewhere", str(len(self.letters))))


def texts(messages: Sequence[Kept]) -> str:
    """All that people read in them."""
    return "\n".join(f"{one.text} {one.blocks}" for one in messages)
