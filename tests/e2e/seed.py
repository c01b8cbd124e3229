"""What the console shows in tests and pictures: people, a day of a shop, and what is open now."""

from __future__ import annotations

from datetime import timedelta

import argon2
from sqlalchemy import select

from rescuebot import approving, closing, clock, gathering, halting, notifying, starter
from rescuebot.approvals.model import Approval
from rescuebot.archive.model import Archive, ArchiveState
from rescuebot.database import Database
from rescuebot.errors import DeliveryRefused
from rescuebot.heartbeats import service as heartbeats
from rescuebot.people import keys
from rescuebot.people import service as people
from rescuebot.people.roles import Role
from rescuebot.runbooks import service as runbooks
from rescuebot.settings.notices import NoticeSettings
from tests import factories, old
from tests.e2e.day import FLEET, SETTINGS, Day
from tests.notified import Taker

PASSWORD = "correct horse battery"
PEOPLE = {
    "kim": (Role.ADMIN, "김서연"),
    "sato": (Role.OPERATOR, "佐藤 健"),
    "lee": (Role.VIEWER, "Lee"),
    # Has got a password for once.
    "new": (Role.OPERATOR, ""),
    # Somebody whom nobody misses when their account is locked.
    "oh": (Role.VIEWER, ""),
}
PASSWORDS = {name: PASSWORD for name in PEOPLE}
# Foreign text: it must be seen as it is, and do nothing.
FOREIGN = "<img src=x onerror=alert(1)> \x1b[31mred\x1b[0m {{ 7*7 }} 한국어 日本語 \"'\\"
BIG_LINES = 100_000

NOTICES = NoticeSettings.model_validate(
    {
        "channels": {
            "ops": {
                "slack_channel": "C0OPERATE",
                "ways": ["slack", "email"],
                "email": ["ops@shop.example"],
            }
        },
        "sender": "rescue@shop.example",
    }
)

_QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
_RELOAD = """\
#!/bin/sh
set -eu
# Only a configuration that nginx itself takes is put in use.
nginx -t
systemctl reload nginx
for try in 1 2 3 4 5; do
  curl --fail --silent --max-time 2 http://127.0.0.1/health && exit 0
  sleep 2
done
echo "nginx does not answer after the reload" >&2
exit 1
"""
_WOULD = """\
local:
----------
          ID: nginx_is_reloaded
    Function: cmd.run
        Name: /bin/sh -s
      Result: None
     Comment: The script would have been run
     Started: 21:04:41.221830
    Duration: 0.9 ms
     Changes:

Summary for local
------------
Succeeded: 1 (unchanged=1)
Failed:    0
------------
Total states run:     1
"""
_DRAFT = {
    "diagnosis": "A deploy was killed and has left its lock, so orders refuses all orders. "
    "Its daemon runs; to restart it would not help.",
    "confidence": "high",
    "evidence": [{"id": "event", "quote": "accepts no orders"}],
    "action": {
        "kind": "draft_runbook",
        "title": "Remove the lock of a deploy that broke off",
        "service_type": "orders",
        "error_pattern": "accepts no orders",
        "solution_kind": "sls",
        "solution": "orders_takes_orders_again:\n"
        "  file.absent:\n    - name: /run/lock/orders/deploy.lock\n",
        "verification": "The health check of orders passes again.",
        "risk": "low",
        "risk_words": "A deploy that still ran would be disturbed; the evidence shows none.",
        "rollback": "touch /run/lock/orders/deploy.lock",
    },
}


def fill(database: Database) -> None:
    """Everything into an empty ledger."""
    add_people(database)
    with database.transaction() as session:
        starter.load(session=session, created_by="starter", now=clock.now() - timedelta(days=2))
    factories.a_command(
        database,
        command_name="orders-log-check",
        command_script="journalctl --unit orders --lines 20 --no-pager",
        target_service="orders",
        command_type="log_check",
    )
    day = Day(database)
    day.open_shop()
    the_night(day)
    the_morning(day)
    gathering.register(database=database, settings=NOTICES)
    the_present(day)
    tell_people(database)
    add_the_rest(day)


def add_people(database: Database) -> None:
    """One of each role, one who owes a password, and one to lock out."""
    with database.transaction() as session:
        for name, (role, shown) in PEOPLE.items():
            people.create(
                session=session,
                username=name,
                role=role,
                actor="setup",
                now=clock.now() - timedelta(days=40),
                password_hash=_QUICK.hash(PASSWORD),
                must_change_password=name == "new",
                display_name=shown,
            )


def the_night(day: Day) -> None:
    """Rescues one after the other, most of which help."""
    for number in range(58):
        minion, service = day.chance.choice(
            [(name, known[0]) for name, (_, known) in FLEET.items() if known[0] != "orders"]
        )
        verdict = day.chance.choices(["fixed", "nothing_to_fix", "changed_not_fixed"], [24, 3, 1])[
            0
        ]
        grade = "FATAL" if number % 9 == 4 else ""
        day.rescue(minion, service, verdict=verdict, grade=grade)
        day.wait(day.chance.expovariate(1 / 1150))
    day.take({"message": "an application wrote this into the wrong queue"})
    day.take("{not even JSON")


def the_morning(day: Day) -> None:
    """What no runbook knew: the model drafted, a person approved, it helped."""
    day.wait_until(timedelta(hours=3))
    words = "orders accepts no orders"
    day.alarm("shop-1", "orders", alarm_name=words)
    day.work(verdict="done", seconds=1)
    day.advise(_DRAFT)
    day.preview(_WOULD.replace("nginx_is_reloaded", "orders_takes_orders_again"), up=False)
    _approve(day, "web:sato", "no deploy runs")
    day.work()
    day.alarm("i-0fffffffffffffff0", "nginx", alarm_name="nginx-down-unknown")


def the_present(day: Day) -> None:
    """What is open now: a halt, a window, three approvals, and an alarm that nobody has taken."""
    day.wait_until(timedelta(minutes=14))
    parts = {"database": day.database, "now": day.now}
    halting.open_window(
        "service:mysql",
        starts_at=day.at,
        ends_at=clock.now() + timedelta(hours=1),
        reason="Upgrade to 11.4",
        actor="web:sato",
        **parts,
    )
    day.alarm("db-2", "mysql", grade="FATAL")
    factories.a_runbook(
        day.database,
        title="Reload nginx when its configuration is good",
        service_type="nginx",
        error_pattern="nginx",
        mode="ask",
        solution_kind="shell",
        solution_script=_RELOAD,
        priority=900,
        created_by="web:sato",
        now=day.at,
    )
    for minion in ("web-1", "web-2", "web-3"):
        day.alarm(minion, "nginx", grade="FATAL" if minion == "web-1" else "")
        day.wait(40)
    day.preview(_WOULD)
    line = "2026-11-22T10:00:00Z [error] upstream timed out (110) 한국어 \x1b[31mred\x1b[0m {}\n"
    lines = "".join(line.format(number) for number in range(BIG_LINES))
    day.look("web-4", "nginx-log-check", actor="web:sato", says=lines)
    halting.halt(
        "service:redis",
        reason="Snapshots fail everywhere: looking into it",
        actor="web:sato",
        **parts,
    )
    day.alarm("cache-1", "redis")
    day.work()
    # Each has given a sign of life a moment ago.
    day.at = clock.now()
    day.open_shop()


def tell_people(database: Database) -> None:
    """Slack takes all but one, which goes by e-mail."""
    slack, mail = Taker(), Taker()
    refused = DeliveryRefused("Slack refuses the notice.", reason="msg_too_long")
    slack.troubles.append(refused)
    teller = notifying.Notifier(
        channel="ops",
        database=database,
        settings=NOTICES,
        ways={"slack": slack, "email": mail},
        owner="rescue_tracker@master-1",
    )
    while teller.run():
        pass


def add_the_rest(day: Day) -> None:
    """What a day alone does not leave behind."""
    database, now = day.database, clock.now()
    old.an_event(
        database,
        at=now - timedelta(minutes=2),
        status="new",
        outcome=None,
        resolved_at=None,
        severity="warning",
        server_id="",
        service_type="",
        alarm_name="budget",
        event_message=f"An alarm that names no server {FOREIGN}",
    )
    deleted = old.an_event(database, at=now, event_message="a test of the alarm")
    closing.take_back([deleted], reason="a test", actor="web:kim", database=database)
    with database.transaction() as session:
        runbooks.update(
            session=session,
            which=1,
            changes={"priority": 120},
            expected_version=1,
            actor="web:sato",
            now=now - timedelta(hours=5),
        )
        keys.create(
            session=session,
            name="cloudwatch-alarms",
            role=Role.INGEST,
            actor="web:kim",
            now=now - timedelta(days=80),
            expires_at=now + timedelta(days=10),
        )
        keys.create(session=session, name="reports", role=Role.VIEWER, actor="web:kim", now=now)
        for engine in ("rescue_sqs", "rescue_tracker"):
            heartbeats.beat(
                session=session,
                owner=f"{engine}@master-1",
                engine=engine,
                now=now + timedelta(minutes=10),
                state="running",
            )
        session.add(
            Archive(
                state=ArchiveState.DONE,
                place="s3://shop-rescue-archive/prod",
                name="rescue-2026-08",
                begun_by="web:kim",
                begun_at=now - timedelta(days=1),
                first_at=now - timedelta(days=121),
                last_at=now - timedelta(days=91),
                events=41_208,
                row_count=273_915,
                size=18_874_368,
            )
        )


def _approve(day: Day, actor: str, comment: str) -> None:
    with day.database.reading() as session:
        waiting = list(session.scalars(select(Approval).where(Approval.state == "pending")))
    for approval in waiting:
        approving.approve(
            approval.id,
            actor=actor,
            comment=comment,
            database=day.database,
            settings=SETTINGS.guard,
            now=day.now,
        )
