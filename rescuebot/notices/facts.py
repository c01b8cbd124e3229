"""What a card tells: plain values, read from the ledger at the instant of sending.

Invariant: nothing here is rendered, cut or escaped; texts that came from outside are as they came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class StepDone:
    """A step of the latest run: check, fix or verify."""

    step: str
    ok: bool
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """What people are, or were, asked to allow. `what` is the solution itself: foreign text.

    `state` is pending, approved, rejected, expired, withdrawn, refused or spent.
    """

    id: int
    digest: str
    expires_at: datetime
    proposed_by: str
    servers: tuple[str, ...]
    what: str
    preview: str
    state: str = "pending"
    decided_by: str | None = None
    comment: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Storm:
    """Many events of one service at once. `until` is None while it goes on.

    `waiting` counts what people are asked and have not answered.
    """

    service: str
    servers: tuple[str, ...]
    count: int
    fixed: int
    failed: int
    open: int
    since: datetime
    until: datetime | None = None
    waiting: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One event in a digest."""

    event_id: int
    severity: str
    service: str
    server_id: str
    status: str
    outcome: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """What there was in a span: all counted, the worst of it in lines."""

    since: datetime
    until: datetime
    count: int
    fixed: int
    failed: int
    open: int
    lines: tuple[Line, ...] = ()
    # Whether it stands for single notices that quiet hours kept back.
    quiet: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Halt:
    """A stop that a person called, or has lifted."""

    target: str
    reason: str
    called_by: str
    at: datetime
    lifted_by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """A way to people that takes nothing until somebody mends it, and its own word for why."""

    way: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All that a card may tell of.

    `kind` is event, approval (one of no event), storm, halt, digest or trouble; `state` is that of
    the notice: opened, held, approval_asked, approval_answered, running, retrying, rescued,
    nothing_to_fix, failed, recovered, closed, reopened, acknowledged, escalated, summary, called,
    lifted. `status` and `outcome` are the event's as they are now, which may be further than
    `state`. `what` is the alarm's name or the event's type, `why` the words of the latest decision.
    """

    kind: str
    state: str
    severity: str
    event_id: int | None = None
    service: str = ""
    server_id: str = ""
    minion_id: str = ""
    what: str = ""
    message: str = ""
    event_time: datetime | None = None
    received_at: datetime | None = None
    resolved_at: datetime | None = None
    status: str = ""
    outcome: str | None = None
    remedy: str = ""
    remedy_kind: str = ""
    steps: tuple[StepDone, ...] = ()
    # Whether the service is up again by what was done; None while that is not known.
    helped: bool | None = None
    # From the event's arrival to its end, or until now.
    seconds: float | None = None
    why: str = ""
    occurrences: int = 1
    acknowledged_by: str | None = None
    # Which level of the escalation, from 1.
    level: int = 0
    approval: Approval | None = None
    storm: Storm | None = None
    halt: Halt | None = None
    digest: Digest | None = None
    trouble: Trouble | None = None
    # The page of the console, "" when no address is configured.
    url: str = ""
