"""The guard over a stretch of the past: what it would have said at each event, in their order.

Pure: who replays history tells what stood when, and this keeps what would have been going on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush

from rescuebot.guard import rules
from rescuebot.guard.rules import Flapping, Record, Request, Snapshot, Stop, Verdict, Window
from rescuebot.settings import GuardSettings

_MOST_CHANGES = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Stood:
    """A halt or a window and when it stood; `until` is empty while it still does."""

    what: Stop | Window
    since: datetime
    until: datetime | None

    def stands(self, at: datetime) -> bool:
        """Whether it stood at that time."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True, order=True)
class _Run:
    until: datetime
    number: int
    request: Request = field(compare=False)
    helped: bool = field(compare=False)


@dataclass(kw_only=True, slots=True)
class Timeline:
    """Events are given to `judge` in the order of time; what it allows is going on afterwards."""

    settings: GuardSettings
    fleets: Mapping[str, frozenset[str]]
    stood: Sequence[Stood] = ()
    # What is going on, the first to end at the front, and what has come of the rest.
    _out: list[_Run] = field(default_factory=list)
    _last_fix: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _repaired: dict[str, dict[str, datetime]] = field(default_factory=dict)
    _failures: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    _changes: dict[object, deque[datetime]] = field(default_factory=dict)
    _number: int = 0

    def change(self, alarm: object, at: datetime) -> None:
        """An alarm changed its state."""
        self._changes.setdefault(alarm, deque(maxlen=_MOST_CHANGES)).append(at)

    def judge(
        self, request: Request, *, alarm: object, at: datetime, lasts: timedelta, helps: bool
    ) -> Verdict:
        """What the guard says; a run that is allowed lasts so long and helps or does not."""
        self._end_until(at)
        verdict = rules.judge(request, self._snapshot(request, alarm, at), self.settings)
        if verdict.allowed:
            self._number += 1
            heappush(self._out, _Run(at + lasts, self._number, request, helps))
        return verdict

    def _end_until(self, at: datetime) -> None:
        while self._out and self._out[0].until <= at:
            run = heappop(self._out)
            request = run.request
            self._last_fix[request.remedy, request.server_id] = run.until
            self._repaired.setdefault(request.service_type, {})[request.server_id] = run.until
            if run.helped:
                self._failures.pop(request.remedy, None)
            else:
                count, _ = self._failures.get(request.remedy, (0, run.until))
                self._failures[request.remedy] = (count + 1, run.until)

    def _snapshot(self, request: Request, alarm: object, at: datetime) -> Snapshot:
        standing = [one.what for one in self.stood if one.stands(at)]
        key = (request.remedy, request.server_id)
        last = self._last_fix.get(key)
        return Snapshot(
            now=at,
            stops=tuple(what for what in standing if isinstance(what, Stop)),
            windows=tuple(what for what in standing if isinstance(what, Window)),
            busy={run.request.server_id: None for run in self._out},
            servers=self.fleets,
            repairing={request.service_type: self._in_repair(request.service_type, at)},
            last_fix={} if last is None else {key: last},
            records={request.remedy: self._record(request.remedy)},
            flapping=self._flapping(request, alarm, at),
        )

    def _in_repair(self, service: str, at: datetime) -> frozenset[str]:
        now_out = {
            run.request.server_id for run in self._out if run.request.service_type == service
        }
        seconds = rules.limit_of(self.settings, service, "blast_seconds")
        if seconds:
            still = at - timedelta(seconds=seconds)
            ended = self._repaired.get(service, {})
            now_out |= {server for server, until in ended.items() if until > still}
        return frozenset(now_out)

    def _record(self, remedy: str) -> Record:
        count, last = self._failures.get(remedy, (0, None))
        runs_on = {run.request.server_id for run in self._out if run.request.remedy == remedy}
        return Record(failures=count, last_failed_at=last, runs_on=frozenset(runs_on))

    def _flapping(self, request: Request, alarm: object, at: datetime) -> dict[int, Flapping]:
        since = at - timedelta(minutes=self.settings.flapping_minutes)
        lately = [moment for moment in self._changes.get(alarm, ()) if since <= moment <= at]
        if not lately or request.event_id is None:
            return {}
        return {request.event_id: Flapping(changes=len(lately), last_at=max(lately))}
