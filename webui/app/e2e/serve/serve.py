"""The real API over a seeded ledger, with the console before it: gunicorn on loopback.

Run by gunicorn:  gunicorn -b 127.0.0.1:PORT -k gthread --threads 48 serve:application
The middleware is the contract for Flask: every page that is no file is index.html with the word
__CSP_NONCE__ replaced by the nonce that the Content-Security-Policy of the same answer names.
"""

import json
import mimetypes
import os
import random
import secrets
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

sys.path[:0] = ["/work/main"]

import argon2
from sqlalchemy import select

from rescuebot import closing, clock, halting, intake, migrations, remediation, settings, starter
from rescuebot.approvals.model import Approval
from rescuebot.database import Database
from rescuebot.executions.model import ExecutionState
from rescuebot.heartbeats import service as heartbeats
from rescuebot.people import passwords
from rescuebot.people import service as people
from rescuebot.people.roles import Role
from rescuebot.settings import IntakeSettings, Settings
from tests import factories, old
from tests.factories import NO_GUARD
from webui.api import create_app

PASSWORD = "correct horse battery"
DIST = Path(os.environ.get("RESCUE_DIST", "/tmp/w/ui/app/dist"))
passwords._HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PIN = json.dumps({"check": {"command_id": 1, "script": "pgrep -x mariadbd"}, "fix": {"kind": "shell", "solution": "#!/bin/sh\nset -eu\n# start the service and wait until it answers\nsystemctl restart mariadb\nfor n in 1 2 3 4 5; do\n  mysqladmin ping && exit 0\n  sleep 2\ndone\nexit 1\n", "arguments": {}, "command_id": None}, "service": "mysql"}, sort_keys=True, separators=(",", ":"))
HIGHSTATE = """local:
----------
          ID: mariadb_is_running
    Function: service.running
        Name: mariadb
      Result: True
     Comment: Service mariadb is already enabled, and is running
     Started: 10:04:41.221830
    Duration: 412.118 ms
     Changes:
              ----------
              mariadb:
                  True

Summary for local
------------
Succeeded: 1 (changed=1)
Failed:    0
------------
Total states run:     1
Total run time: 412.118 ms
"""
SERVICES = {"mysql": ["web-db-1", "web-db-2"], "nginx": ["web-1", "web-2", "web-3"], "redis": ["cache-1"]}
MESSAGES = {
    "mysql": "mysqld: no process on {s}: procstat_lookup_pid_count was 0 for 2 datapoints",
    "nginx": "nginx on {s} answers 502: upstream timed out (110: Connection timed out)",
    "redis": "redis-server on {s}: MISCONF Redis is configured to save RDB snapshots",
}


def fill(db):
    rng = random.Random(7)
    now = clock.now()
    with db.transaction() as session:
        for name, role in (("kim", Role.ADMIN), ("sato", Role.OPERATOR), ("lee", Role.VIEWER), ("new", Role.OPERATOR)):
            people.create(session=session, username=name, role=role, actor="setup", now=now, password_hash=passwords.hash_of(PASSWORD), must_change_password=name == "new")
        starter.load(session=session, created_by="starter", now=now)
        for engine in ("rescue_sqs", "rescue_tracker"):
            heartbeats.beat(session=session, owner=engine.replace("rescue_", "master-1."), engine=engine, now=now + timedelta(minutes=30), state="running")
    for names in SERVICES.values():
        for name in names:
            factories.a_server(db, server_id=f"i-{name}", minion_id=f"{name}.example")
    factories.a_server(db, server_id="i-idle", minion_id="idle.example")
    for number in range(260):
        service = rng.choice(["mysql", "nginx", "nginx", "redis"])
        server = rng.choice(SERVICES[service])
        at = now - timedelta(minutes=rng.expovariate(1 / 700))
        severity = rng.choices(["fatal", "critical", "warning", "info"], [1, 3, 5, 2])[0]
        outcome = rng.choices(["fixed", "nothing_to_fix", "no_runbook", "changed_not_fixed", "recovered"], [12, 3, 2, 2, 2])[0]
        status = "failed" if outcome in ("no_runbook", "changed_not_fixed") else "resolved"
        message = MESSAGES[service].format(s=server)
        if number == 3:
            message += " <img src=x onerror=alert(1)> \x1b[31mred\x1b[0m {{ 7*7 }} 한국어 日本語 " + "long " * 30
        event = old.an_event(db, at=at, severity=severity, server_id=f"i-{server}", service_type=service, event_message=message, alarm_name=f"{service}-{server}", status=status, outcome=outcome, resolved_at=at + timedelta(seconds=rng.expovariate(1 / 25)))
        if outcome not in ("fixed", "changed_not_fixed", "nothing_to_fix"):
            continue
        old.a_decision(db, cloudwatch_event_id=event, subject="intake", verdict="recorded", words="A new event; nothing like it was open.", decided_at=at)
        old.a_decision(db, cloudwatch_event_id=event, subject="match", verdict="matched", words="Runbook 'Start MySQL' fits: its pattern is found in the message, priority 0.", decided_at=at + timedelta(milliseconds=20))
        bad = outcome == "changed_not_fixed"
        run = old.a_run(db, event, at=at + timedelta(milliseconds=40), server_id=f"i-{server}", minion_id=f"{server}.example", service_type=service, solution_kind="shell", solution_name=f"Start {service}", pinned=PIN, state="failed" if bad else "success", verdict=outcome, message="The fix ran, but the service is still down." if bad else "The service is up again.", started_at=at + timedelta(seconds=1), finished_at=at + timedelta(seconds=9), runbook_id=1, requested_by="rescue")
        old.a_decision(db, cloudwatch_event_id=event, execution_id=run, subject="guard", verdict="allowed", words="No halt, no window, no cooldown; 1 of 3 servers of the service.", decided_at=at + timedelta(milliseconds=60))
        for step, text, ok in (("check", "mariadbd is not running\n", False), ("fix", HIGHSTATE, True), ("verify", "mysqld is alive\n" if not bad else "connection refused\n", not bad)):
            old.put(db, "saltstack_event_log", execution_id=run, cloudwatch_event_id=event, execution_result=text, execution_status="success" if ok else "failed", executed_at=at + timedelta(seconds={"check": 2, "fix": 5, "verify": 8}[step]), response_time=8, minion_id=f"{server}.example", step=step, retcode=0 if ok else 1)
    big = old.a_run(db, None, at=now, server_id="i-web-1", minion_id="web-1.example", service_type="nginx", solution_name="nginx_log_check", state="success", pinned=PIN, verdict="done", started_at=now, finished_at=now + timedelta(seconds=3), requested_by="web:sato")
    lines = "".join(f"2026-11-22T10:{n % 60:02d}:00Z [error] {n} 한국어 upstream timed out \x1b[31mred\x1b[0m\n" for n in range(150_000))
    old.put(db, "saltstack_event_log", execution_id=big, execution_result=lines[: 9 * 1024 * 1024], execution_status="success", executed_at=now, response_time=3, minion_id="web-1.example", step="fix", retcode=0)
    factories.a_runbook(db, title="Restart nginx behind the balancer", service_type="billing", error_pattern="answers 502", mode="ask", solution_kind="shell", solution_script=json.loads(PIN)["fix"]["solution"].replace("mariadb", "nginx"), priority=50)
    stings = Settings(guard=NO_GUARD)
    for server in ("web-1", "web-2", "web-3"):
        event = old.an_event(db, at=now - timedelta(minutes=4), status="new", outcome=None, resolved_at=None, severity="fatal", server_id=f"i-{server}", service_type="billing", event_message=MESSAGES["nginx"].format(s=server), alarm_name=f"billing-{server}")
        print(remediation.handle([event], state=None, owner="serve", database=db, settings=stings), flush=True)
    preview = json.dumps({"verdict": "previewed", "reason": "would_change", "message": "The fix would make the changes that the output shows.", "changes": {"would_change": 1, "would_not_change": 2}, "output": HIGHSTATE.replace("is already enabled, and is running", "is set to start"), "service_up": False})
    with db.transaction() as session:
        first = session.scalars(select(Approval).order_by(Approval.id)).first()
        first.preview, first.previewed_at = preview, clock.now()
    old.an_event(db, at=now - timedelta(minutes=2), status="new", outcome=None, resolved_at=None, severity="critical", server_id="", service_type="", event_message="An alarm that names no server", alarm_name="budget")
    intake.receive([factories.message("{not json"), factories.message(json.dumps({"hello": "world"}))], database=db, settings=IntakeSettings())
    deleted = old.an_event(db, at=now, event_message="a test")
    closing.take_back([deleted], reason="a test", actor="web:kim", database=db)
    halting.open_window("service:redis", starts_at=now, ends_at=now + timedelta(hours=1), reason="Upgrade to 7.4", actor="web:sato", database=db)
    halting.halt("service:redis", reason="Snapshots fail everywhere: looking into it", actor="web:sato", database=db)
    advice = old.an_advice(db, event, answer='{"cause":"disk full"}', question="{}")
    old.put(db, "draft", advice_id=advice, cloudwatch_event_id=event, execution_id=run, service_type="redis", title="Free the disk of redis", solution_hash="0" * 64, content=json.dumps({"title": "Free the disk of redis", "solution_kind": "shell", "solution": "journalctl --vacuum-size=1G"}), risk="low", state="verified", made_at=now)


def build():
    folder = tempfile.mkdtemp(dir="/tmp/w/ui")
    st = settings.check({"database": {"url": f"sqlite:///{folder}/rescue.db"}, "web": {"jwt_key": "x" * 40, "secure_cookies": False, "requests_per_minute": 100000, "sign_ins_per_minute": 1000}})
    db = Database(st.database)
    migrations.upgrade(db)
    fill(db)
    return create_app(st, db)


CSP = "default-src 'none'; script-src 'self' 'nonce-{n}'; style-src 'self' 'nonce-{n}'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"


class Console:
    def __init__(self, api):
        self.api = api

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if path.startswith(("/api/", "/health", "/metrics")) and path != "/health-check":
            return self.api(environ, start_response)
        file = (DIST / path.lstrip("/")).resolve()
        if path != "/" and file.is_file() and file.is_relative_to(DIST):
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            start_response("200 OK", [("Content-Type", kind), ("Cache-Control", "public, max-age=31536000, immutable")])
            return [file.read_bytes()]
        nonce = secrets.token_urlsafe(16)
        page = (DIST / "index.html").read_text().replace("__CSP_NONCE__", nonce)
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"), ("Content-Security-Policy", CSP.format(n=nonce))])
        return [page.encode()]


application = Console(build())
