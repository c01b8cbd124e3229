"""May this run start now? Pure functions over a snapshot of the fleet.

Invariant: `judge` reads nothing but its arguments, so the same snapshot gives the same verdict in
the tracker, in a simulation and in a replay of the past.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rescuebot.clock import isoformat
from rescuebot.guard.targets import Target
from rescuebot.settings import GuardSettings

# Alarms that say that the server serves no more; after any other it may still serve.
DOWN = frozenset(
    {"process_down", "connection_failed", "instance_unreachable", "instance_stopped", "db_failure"}
)
_SOON = timedelta(seconds=1)
_RARELY = timedelta(seconds=30)


class Rule(StrEnum):
    """The rules in the order in which they are asked; the first that objects decides."""

    APPROVAL = "approval"
    HALT = "halt"
    WINDOW = "maintenance_window"
    ONE_AT_A_TIME = "one_at_a_time"
    FLAPPING = "flapping"
    COOLDOWN = "cooldown"
    BREAKER = "breaker"
    LAST_HEALTHY = "last_healthy"
    BLAST_RADIUS = "blast_radius"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A run that wants to start. `remedy` tells equal fixes: ``runbook:3``, ``State rescue.mysql``.

    `by_hand` says that a person asked for it there and then, not an event.
    """

    server_id: str
    minion_id: str
    service_type: str
    remedy: str
    remedy_name: str
    event_type: str = ""
    event_id: int | None = None
    execution_id: int | None = None
    attempt: int = 1
    by_hand: bool = False
    # Whether an approval is owed, and has been given and still holds.
    approval_owed: bool = False
    approved: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """A halt that stands."""

    target: Target
    reason: str
    called_by: str
    called_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A maintenance window that stands."""

    target: Target
    ends_at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """How a remedy did lately: events in a row that it failed for, the last, and any run now."""

    failures: int = 0
    last_failed_at: datetime | None = None
    runs_on: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Flapping:
    """How often an alarm changed its state lately, and when last."""

    changes: int
    last_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """All that the rules need to know of the fleet at one instant."""

    now: datetime
    stops: tuple[Stop, ...] = ()
    windows: tuple[Window, ...] = ()
    # server -> id of the execution that is out there now
    busy: Mapping[str, int | None] = field(default_factory=dict)
    # service -> its servers; those in repair now or within blast_seconds; those that are down
    servers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    repairing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    down: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # (remedy, server) -> when it last ended there after having changed something
    last_fix: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    records: Mapping[str, Record] = field(default_factory=dict)
    # event -> what its alarm did lately
    flapping: Mapping[int, Flapping] = field(default_factory=dict)
    # services whose queue does not move on now, because older work of theirs is held
    closed: frozenset[str] = frozenset()

    def with_(self, request: Request) -> Snapshot:
        """The same fleet after the request has been let through."""
        service, server = request.service_type, request.server_id
        record = self.records.get(request.remedy, Record())
        return replace(
            self,
            busy={**self.busy, server: request.execution_id},
            repairing={**self.repairing, service: self._of(self.repairing, service) | {server}},
            records={
                **self.records,
                request.remedy: replace(record, runs_on=record.runs_on | {server}),
            },
        )

    def closing(self, service: str) -> Snapshot:
        """The same fleet after a run of the service had to wait for its turn."""
        return replace(self, closed=self.closed | {service})

    def fleet(self, request: Request) -> frozenset[str]:
        """All servers of the request's service; an unknown fleet is its own server alone."""
        return self._of(self.servers, request.service_type) | {request.server_id}

    def in_repair(self, request: Request) -> frozenset[str]:
        """The other servers of the service that are in repair."""
        return self._of(self.repairing, request.service_type) - {request.server_id}

    def not_serving(self, request: Request) -> frozenset[str]:
        """The other servers of the service that do not serve: in repair, or down.

        One that is merely slow or full still serves; else two such would wait for each other.
        """
        down = self._of(self.down, request.service_type) - {request.server_id}
        return self.in_repair(request) | down

    @staticmethod
    def _of(by_service: Mapping[str, frozenset[str]], service: str) -> frozenset[str]:
        return by_service.get(service, frozenset())


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the guard says. `rule` objects and is empty when the run may start.

    `again_at` is when it is worth asking again; None leaves that to whoever ends the reason.
    """

    words: str
    rule: Rule | None = None
    again_at: datetime | None = None

    @property
    def allowed(self) -> bool:
        """Whether the run may start."""
        return self.rule is None


def judge(request: Request, snapshot: Snapshot, settings: GuardSettings) -> Verdict:
    """The first objection in the order of `Rule`, else leave to start.

    What a person asks for by hand is only stopped by a halt and by work that is out there.
    """
    for rule, object_to in _RULES.items():
        if request.by_hand and rule not in _ALSO_BY_HAND:
            continue
        verdict = object_to(request, snapshot, settings)
        if verdict is not None:
            return verdict
    return Verdict(words=_leave(request, snapshot, settings))


def most_at_once(request: Request, snapshot: Snapshot, settings: GuardSettings) -> int:
    """How many servers of the request's service may be in repair at once.

    One always may; all of them at once never, unless there is only one or the rule is off.
    """
    total = len(snapshot.fleet(request))
    percent = limit_of(settings, request.service_type, "blast_percent")
    count = limit_of(settings, request.service_type, "blast_servers")
    if not percent and count is None:
        return total
    most = math.floor(total * (percent or 100) / 100)
    if count is not None:
        most = min(most, count)
    return max(1, min(most, total - 1))


def limit_of(settings: GuardSettings, service: str, name: str) -> int | None:
    """A limit for a service: its own, else the general one."""
    own = settings.services.get(service)
    value = None if own is None else getattr(own, name)
    found: int | None = getattr(settings, name) if value is None else value
    return found


def _leave(request: Request, snapshot: Snapshot, settings: GuardSettings) -> str:
    if request.by_hand:
        return f"{request.remedy_name} may start on {request.server_id}: a person asked for it."
    most = most_at_once(request, snapshot, settings)
    others = len(snapshot.in_repair(request))
    return (
        f"{request.remedy_name} may start on {request.server_id}: nothing is halted or being "
        f"maintained there, and with it {others + 1} of {len(snapshot.fleet(request))} servers of "
        f"{request.service_type or 'no service'} are in repair (at most {most})."
    )


def _approval(request: Request, snapshot: Snapshot, settings: GuardSettings) -> Verdict | None:
    if not request.approval_owed or request.approved:
        return None
    words = f"{request.remedy_name} waits until a person approves it: salt-run rescue.approvals."
    return Verdict(rule=Rule.APPROVAL, words=words)


def _halt(request: Request, snapshot: Snapshot, settings: GuardSettings) -> Verdict | None:
    for stop in snapshot.stops:
        if _covers(stop.target, request):
            reason = f" ({stop.reason})" if stop.reason else ""
            words = (
                f"{stop.called_by} has halted {stop.target} at {isoformat(stop.called_at)}{reason};"
                f" it waits for: salt-run rescue.resume '{stop.target}'."
            )
            return Verdict(rule=Rule.HALT, words=words, again_at=snapshot.now + _RARELY)
    return None


def _window(request: Request, snapshot: Snapshot, settings: GuardSettings) -> Verdict | None:
    for window in snapshot.windows:
        if _covers(window.target, request):
            words = (
                f"Maintenance of {window.target} until {isoformat(window.ends_at)} "
                f"({window.reason}): it is looked at again then, unless the alarm recovers before."
            )
            return Verdict(rule=Rule.WINDOW, words=words, again_at=window.ends_at)
    return None


def _one_at_a_time(request: Request, snapshot: Snapshot, settings: GuardSettings) -> Verdict | None:
    if request.server_id not in snapshot.busy:
        return None
    other = snapshot.busy[request.server_id]
    what = "another execution" if other is None else f"execution {other}"
    words = f"On {request.server_id} {what} is out; one at a time."
    return Verdict(rule=Rule.ONE_AT_A_TIME, words=words)


def _flapping(request: Request, snapshot: Snapshot, settings: GuardSettings) -> Verdict | None:
    found = None if request.event_id is None else snapshot.flapping.get(request.event_id)
    if not settings.flapping_changes or found is None:
        return None
    calm_at = found.last_at + timedelta(minutes=settings.flapping_minutes)
    if found.changes <= settings.flapping_changes or calm_at <= snapshot.now:
        return None
    words = (
        f"The alarm is flapping: it changed its state {found.changes} times within "
        f"{settings.flapping_minutes} min (at most {settings.flapping_changes}). It is left alone "
        f"until it has been calm for as long, {isoformat(calm_at)} at the earliest."
    )
    return Verdict(rule=Rule.FLAPPING, words=words, again_at=calm_at)


def _cooldown(request: Request, snapshot: Snapshot, settings: GuardSettings) -> Verdict | None:
    seconds = limit_of(settings, request.service_type, "cooldown_seconds")
    last = snapshot.last_fix.get((request.remedy, request.server_id))
    if not seconds or last is None or request.attempt > 1:
        return None
    over_at = last + timedelta(seconds=seconds)
    if over_at <= snapshot.now:
        return None
    words = (
        f"{request.remedy_name} ran on {request.server_id} at {isoformat(last)}; it does so at most"
        f" once in {seconds} s, so it waits until {isoformat(over_at)}."
    )
    return Verdict(rule=Rule.COOLDOWN, words=words, again_at=over_at)


def _breaker(request: Request, snapshot: Snapshot, settings: GuardSettings) -> Verdict | None:
    record = snapshot.records.get(request.remedy, Record())
    failed_at = record.last_failed_at
    if not settings.breaker_failures or failed_at is None:
        return None
    if record.failures < settings.breaker_failures:
        return None
    tried_at = failed_at + timedelta(seconds=settings.breaker_seconds)
    told = f"{request.remedy_name} failed for the last {record.failures} events, so it is stopped"
    if snapshot.now < tried_at:
        words = f"{told}; at {isoformat(tried_at)} it is tried again, on one server."
        return Verdict(rule=Rule.BREAKER, words=words, again_at=tried_at)
    if record.runs_on - {request.server_id}:
        server = min(record.runs_on - {request.server_id})
        words = f"{told}; it is being tried on {server}, and what comes of that is waited for."
        return Verdict(rule=Rule.BREAKER, words=words, again_at=snapshot.now + _SOON)
    return None


def _last_healthy(request: Request, snapshot: Snapshot, settings: GuardSettings) -> Verdict | None:
    fleet = snapshot.fleet(request)
    if request.event_type in DOWN or len(fleet) == 1:
        return None
    if fleet - {request.server_id} - snapshot.not_serving(request):
        return None
    words = (
        f"{request.server_id} may be the last server of {request.service_type} that still serves: "
        f"the other {len(fleet) - 1} are down or in repair. It waits until one of them is well."
    )
    return Verdict(rule=Rule.LAST_HEALTHY, words=words, again_at=snapshot.now + _SOON)


def _blast_radius(request: Request, snapshot: Snapshot, settings: GuardSettings) -> Verdict | None:
    most, others = most_at_once(request, snapshot, settings), len(snapshot.in_repair(request))
    if request.service_type not in snapshot.closed and others < most:
        return None
    words = (
        f"{others} of the {len(snapshot.fleet(request))} servers of "
        f"{request.service_type or 'no service'} are in repair, at most {most} may be: "
        f"{request.server_id} waits for its turn."
    )
    return Verdict(rule=Rule.BLAST_RADIUS, words=words)


def wave_is_due(request: Request, snapshot: Snapshot, settings: GuardSettings) -> bool:
    """Whether those that wait for the blast radius are let on: when half of the room is free.

    So they go in waves of one publication each, and a wave that fails is seen before the next.
    """
    most, others = most_at_once(request, snapshot, settings), len(snapshot.in_repair(request))
    return most - others >= math.ceil(most / 2)


def _covers(target: Target, request: Request) -> bool:
    return target.covers(
        service_type=request.service_type,
        server_id=request.server_id,
        minion_id=request.minion_id,
    )


_Objection = Callable[[Request, Snapshot, GuardSettings], Verdict | None]
_RULES: Mapping[Rule, _Objection] = {
    Rule.APPROVAL: _approval,
    Rule.HALT: _halt,
    Rule.WINDOW: _window,
    Rule.ONE_AT_A_TIME: _one_at_a_time,
    Rule.FLAPPING: _flapping,
    Rule.COOLDOWN: _cooldown,
    Rule.BREAKER: _breaker,
    Rule.LAST_HEALTHY: _last_healthy,
    Rule.BLAST_RADIUS: _blast_radius,
}
_ALSO_BY_HAND = frozenset({Rule.HALT, Rule.ONE_AT_A_TIME})
