"""Facts as they are in a real rescue, to look at cards without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rescuebot.notices.cards import Figures
from rescuebot.notices.facts import (
    Approval,
    Digest,
    Facts,
    Halt,
    Line,
    StepDone,
    Storm,
    Trouble,
)

AT = datetime(2026, 11, 22, 4, 4, 40, tzinfo=UTC)
CONSOLE = "https://rescue.example.com"
_SERVER = "i-0d41c9a2b7e85f316"

OPENED = Facts(
    kind="event",
    state="opened",
    severity="critical",
    event_id=123,
    service="mysql",
    server_id=_SERVER,
    minion_id="db-1",
    what="prod-mysqld-down",
    message="Threshold Crossed: 2 out of the last 2 datapoints [0.0, 0.0] were less than 1.0",
    received_at=AT,
    status="processing",
    url=f"{CONSOLE}/events/123",
)
RESCUED = replace(
    OPENED,
    state="rescued",
    status="resolved",
    outcome="fixed",
    resolved_at=AT + timedelta(seconds=4.2),
    remedy="mysql: start it again",
    remedy_kind="state",
    steps=(
        StepDone(step="check", ok=False, seconds=0.2),
        StepDone(step="fix", ok=True, seconds=2.9),
        StepDone(step="verify", ok=True, seconds=0.4),
    ),
    helped=True,
    seconds=4.2,
)
ASKED = replace(
    OPENED,
    event_id=124,
    state="approval_asked",
    service="orders",
    what="prod-orders-refused",
    message="orders refuses: deploy.lock is there since 03:58",
    why="No runbook fits; the model has drafted one, and a draft needs a person's approval.",
    remedy="orders: remove the lock of a deploy that broke off",
    remedy_kind="sls",
    url=f"{CONSOLE}/events/124",
    approval=Approval(
        id=31,
        digest="9f2c41d07ab3" + "0" * 52,
        expires_at=AT + timedelta(minutes=60),
        proposed_by="advice:57",
        servers=(_SERVER,),
        what="remove_stale_lock:\n  file.absent:\n    - name: /srv/orders/deploy.lock\n",
        preview="file.absent: /srv/orders/deploy.lock would be removed",
    ),
)
FAILED = replace(
    OPENED,
    event_id=125,
    state="failed",
    severity="fatal",
    status="failed",
    outcome="changed_not_fixed",
    service="redis",
    what="prod-redis-memory",
    message="OOM command not allowed when used memory > 'maxmemory'.",
    remedy="redis: restart",
    remedy_kind="shell",
    steps=(
        StepDone(step="check", ok=False, seconds=0.1),
        StepDone(step="fix", ok=True, seconds=1.7),
        StepDone(step="verify", ok=False, seconds=30.0),
    ),
    helped=False,
    seconds=96.0,
    why="The service was down again 30 s after it had been restarted; 3 attempts of 3.",
    url=f"{CONSOLE}/events/125",
)
STORM = Facts(
    kind="storm",
    state="opened",
    severity="critical",
    service="mysql",
    storm=Storm(
        service="mysql",
        servers=tuple(f"i-{number:017x}" for number in range(0xD41C9A2, 0xD41C9A2 + 200)),
        count=200,
        fixed=118,
        failed=3,
        open=79,
        since=AT,
    ),
    url=f"{CONSOLE}/events?service=mysql",
)
HALTED = Facts(
    kind="halt",
    state="called",
    severity="warning",
    halt=Halt(target="mysql", reason="Maintenance of the storage", called_by="kim", at=AT),
    url=f"{CONSOLE}/halts",
)
DIGEST = Facts(
    kind="digest",
    state="summary",
    severity="info",
    digest=Digest(
        since=AT - timedelta(days=1),
        until=AT,
        count=37,
        fixed=33,
        failed=2,
        open=2,
        lines=(
            Line(
                event_id=125,
                severity="fatal",
                service="redis",
                server_id="i-0aa1",
                status="failed",
                outcome="changed_not_fixed",
                at=AT - timedelta(hours=2),
            ),
            Line(
                event_id=124,
                severity="critical",
                service="orders",
                server_id="i-0d41",
                status="processing",
                outcome="held",
                at=AT - timedelta(hours=1),
            ),
        ),
    ),
    url=CONSOLE,
)
ESCALATED = replace(FAILED, state="escalated", level=1)
TROUBLE = Facts(
    kind="trouble",
    state="failed",
    severity="critical",
    what="The engine rescue_tracker has not been heard of for 5 minutes.",
    why="Nothing is dispatched until it runs again.",
    url=CONSOLE,
)
REFUSED = Facts(
    kind="trouble",
    state="opened",
    severity="critical",
    trouble=Trouble(way="slack", reason="token_revoked"),
    url=f"{CONSOLE}/notices",
)
FIGURES = Figures(
    hours=24,
    events=412,
    fixed=371,
    failed=9,
    open=4,
    by_hour=(3, 5, 2, 1, 0, 0, 1, 4, 9, 14, 11, 8, 7, 12, 31, 88, 120, 41, 18, 12, 9, 7, 5, 4),
    median_seconds=3.8,
    top_services=(("mysql", 201), ("nginx", 96), ("redis", 44), ("orders", 12)),
    approvals_waiting=2,
    stops=1,
    url=CONSOLE,
)
ALL = (OPENED, RESCUED, ASKED, FAILED, STORM, HALTED, DIGEST, ESCALATED, TROUBLE, REFUSED)
# What fits on a phone: a rescue, a question, a failure, a storm.
SHOWN = (RESCUED, ASKED, FAILED, STORM)
