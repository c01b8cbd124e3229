"""Whatever changes something leaves its entry in the audit, and no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from typing import Any

from sqlalchemy import func, select

from rescuebot import clock
from rescuebot.audit.model import AuditEntry
from tests.api.house import House, operations
from tests.api.seed import PASSWORD, SERVICE
from tests.factories import SERVER

# They are POST for their body or for their cost, and leave the ledger as it is.
READING = {
    "answer_slack_action",
    "answer_slack_command",
    "check_amendment",
    "check_command",
    "check_runbook",
    "match_runbooks",
    "replay_runbooks",
    "simulate_event",
    "try_pattern",
}
REASON = {"reason": "a test"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A call that changes something: what it is sent, and the actions that the audit has of it."""

    path: str
    actions: tuple[str, ...]
    body: Any = None
    etag: bool = False
    # Whose ETag it is, where that is another path.
    seen: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def changes(house: House) -> dict[str, Change]:
    """One call of each operation that changes something, in an order that works."""
    ids, v1 = house.seed.ids, "/api/v1"
    people = house.seed.people
    soon = clock.isoformat(clock.now() + timedelta(hours=1))
    digest = house.call("GET", f"{v1}/approvals/{ids['approval']}").json["approval"]["digest"]
    other = house.call("GET", f"{v1}/approvals/{ids['approval_2']}").json["approval"]["digest"]
    third = house.call("GET", f"{v1}/approvals/{ids['approval_3']}").json["approval"]["digest"]
    command = {
        "command_name": "billing_log",
        "command_script": "true",
        "target_service": SERVICE,
        "command_type": "log_check",
    }
    runbook = {
        "title": "Another",
        "service_type": SERVICE,
        "error_pattern": "x",
        "solution_script": "rescue.mysql",
        "solution_kind": "state",
    }
    event = {
        "event_source": "tests",
        "event_type": "process_down",
        "severity": "fatal",
        "server_id": SERVER,
        "event_message": "gone",
    }
    alarm = {"detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2"}
    alarm_body = {
        **alarm,
        "id": "1",
        "time": clock.isoformat(clock.now()),
        "detail": {"instance-id": SERVER, "state": "stopped"},
    }
    runbook_path, command_path = (
        f"{v1}/runbooks/{ids['runbook']}",
        f"{v1}/commands/{ids['command']}",
    )
    spare = f"{v1}/users/{people['spare']}"
    made = house.call("POST", f"{v1}/api-keys", json={"name": token_hex(8)})
    spare_key = made.json["api_key"]["id"]
    return {
        "update_me": Change(
            path=f"{v1}/me", body={"display_name": "Ada"}, actions=("user_updated",)
        ),
        "create_event": Change(path=f"{v1}/events", body=event, actions=("event_handed_in",)),
        "ingest_event": Change(
            path=f"{v1}/events/ingest", body=alarm_body, actions=("event_handed_in",)
        ),
        "update_event": Change(
            path=f"{v1}/events/{ids['event_new']}",
            body={"status": "resolved", **REASON},
            actions=("event_closed",),
        ),
        "delete_event": Change(
            path=f"{v1}/events/{ids['event_resolved']}?reason=x", actions=("event_deleted",)
        ),
        "restore_event": Change(
            path=f"{v1}/events/{ids['event_resolved']}/restore", actions=("event_restored",)
        ),
        "reopen_event": Change(
            path=f"{v1}/events/{ids['event_failed']}/reopen",
            body=REASON,
            actions=("event_reopened",),
        ),
        "acknowledge_event": Change(
            path=f"{v1}/events/{ids['event_failed']}/acknowledge",
            body=REASON,
            actions=("event_acknowledged",),
        ),
        "act_on_events": Change(
            path=f"{v1}/events/actions",
            body={"action": "delete", "ids": [ids["event_resolved"]], **REASON},
            actions=("event_deleted",),
        ),
        "run_command": Change(
            path=f"{v1}/executions",
            body={"command_name": "billing_status", "server_ids": [SERVER]},
            actions=("command_run",),
        ),
        "retry_executions": Change(
            path=f"{v1}/executions/retry",
            body={"ids": [2**31 - 1]},
            actions=(),
        ),
        "cancel_execution": Change(
            path=f"{v1}/executions/{ids['execution_planned']}/cancel",
            actions=("execution_cancelled",),
        ),
        "correct_log": Change(
            path=f"{v1}/logs/{ids['log_success']}",
            body={"execution_result": "x", **REASON},
            actions=("log_corrected",),
        ),
        "approve": Change(
            path=f"{v1}/approvals/{ids['approval']}/approve",
            body={"digest": digest},
            actions=("approval_approved",),
        ),
        "reject": Change(
            path=f"{v1}/approvals/{ids['approval_2']}/reject",
            body={"digest": other},
            actions=("approval_rejected",),
        ),
        "amend": Change(
            path=f"{v1}/approvals/{ids['approval_3']}/amend",
            body={"digest": third, "solution": "rescue.mysql", "arguments": {"lines": 9}},
            actions=("approval_amended",),
        ),
        # A runbook is made of it, which is told by itself.
        "promote_draft": Change(
            path=f"{v1}/drafts/{ids['draft']}/promote",
            body={},
            actions=("draft_promoted", "runbook_created"),
        ),
        "create_runbook": Change(path=f"{v1}/runbooks", body=runbook, actions=("runbook_created",)),
        "update_runbook": Change(
            path=runbook_path, body={"priority": 3}, etag=True, actions=("runbook_updated",)
        ),
        "revert_runbook": Change(
            path=f"{runbook_path}/revert",
            body={"to": 1},
            etag=True,
            seen=runbook_path,
            actions=("runbook_reverted",),
        ),
        "delete_runbook": Change(path=runbook_path, etag=True, actions=("runbook_deleted",)),
        "restore_runbook": Change(path=f"{runbook_path}/restore", actions=("runbook_restored",)),
        "create_command": Change(path=f"{v1}/commands", body=command, actions=("command_created",)),
        "update_command": Change(
            path=command_path,
            body={"command_script": "false"},
            etag=True,
            actions=("command_updated",),
        ),
        "revert_command": Change(
            path=f"{command_path}/revert",
            body={"to": 1},
            etag=True,
            seen=command_path,
            actions=("command_reverted",),
        ),
        "delete_command": Change(path=command_path, etag=True, actions=("command_deleted",)),
        "restore_command": Change(path=f"{command_path}/restore", actions=("command_restored",)),
        "open_window": Change(
            path=f"{v1}/maintenance-windows",
            body={"target": "service:x", "ends_at": soon, **REASON},
            actions=("window_opened",),
        ),
        "close_window": Change(
            path=f"{v1}/maintenance-windows/{ids['window']}/close", actions=("window_closed",)
        ),
        "halt": Change(
            path=f"{v1}/halts", body={"target": "service:y", **REASON}, actions=("halted",)
        ),
        "ask_doctor": Change(path=f"{v1}/doctor", actions=("doctor_asked",)),
        "lift_halt": Change(path=f"{v1}/halts/{ids['halt']}/lift", actions=("resumed",)),
        "requeue_dead_letter": Change(
            path=f"{v1}/dead-letters/{ids['dead_letter']}/requeue", actions=()
        ),
        "discard_dead_letter": Change(
            path=f"{v1}/dead-letters/{ids['dead_letter']}/discard",
            actions=("dead_letter_discarded",),
        ),
        # Nothing is old enough: nothing is done, and nothing is noted.
        "archive_now": Change(path=f"{v1}/archives", actions=()),
        "restore_archive": Change(path=f"{v1}/archives/{2**31 - 1}/restore", actions=()),
        "create_user": Change(
            path=f"{v1}/users",
            body={"username": "ada", "role": "viewer"},
            actions=("user_created",),
        ),
        "update_user": Change(
            path=spare, body={"display_name": "x"}, etag=True, actions=("user_updated",)
        ),
        "reset_password": Change(path=f"{spare}/password", actions=("password_set",)),
        "create_api_key": Change(
            path=f"{v1}/api-keys", body={"name": "k"}, actions=("api_key_created",)
        ),
        "revoke_api_key": Change(path=f"{v1}/api-keys/{spare_key}", actions=("api_key_revoked",)),
        "sign_in": Change(
            path=f"{v1}/auth/sign-in",
            body={"username": "viewer", "password": PASSWORD},
            actions=("signed_in",),
        ),
        "refresh": Change(path=f"{v1}/auth/refresh", actions=()),
        "sign_out": Change(path=f"{v1}/auth/sign-out", actions=("signed_out",)),
        "sign_out_everywhere": Change(
            path=f"{v1}/me/sign-out-everywhere", actions=("signed_out_everywhere",)
        ),
        "change_password": Change(
            path=f"{v1}/me/password",
            body={"old_password": PASSWORD, "new_password": "another horse, other battery"},
            actions=("password_changed",),
        ),
    }


def audited(house: House) -> dict[str, int]:
    """How often each action was noted."""
    counted = select(AuditEntry.action, func.sum(AuditEntry.times)).group_by(AuditEntry.action)
    with house.database.reading() as session:
        return {action: int(times) for action, times in session.execute(counted)}


def test_every_operation_that_changes_something_is_tried_here(house: House) -> None:
    writing = {
        operation["operationId"]
        for method, _, operation in operations(house.spec)
        if method != "GET"
    }
    assert set(changes(house)) == writing - READING


def test_each_change_leaves_its_entry_and_no_other(fresh_house: House) -> None:
    house = fresh_house
    methods = {one["operationId"]: method for method, _, one in operations(house.spec)}
    client = house.client()
    wrong = []
    for name, change in changes(house).items():
        headers = house.headers("admin")
        if change.etag:
            seen = client.get(change.seen or change.path, headers=headers)
            headers["If-Match"] = seen.headers["ETag"]
        if csrf := client.get_cookie("rescue_csrf", path="/"):
            headers["X-CSRF-Token"] = csrf.value
        before = audited(house)
        body = {} if change.body is None else {"json": change.body}
        answer = client.open(change.path, method=methods[name], headers=headers, **body)
        after = audited(house)
        noted = {action: n - before.get(action, 0) for action, n in after.items()}
        found = {action: n for action, n in noted.items() if n}
        if found != dict.fromkeys(change.actions, 1) or (
            change.actions and answer.status_code > 299
        ):
            wrong.append((name, answer.status_code, found, change.actions, answer.data[:200]))
    assert not wrong


def test_what_is_refused_changes_nothing_and_is_not_noted(house: House) -> None:
    before = audited(house)
    for name in ("viewer", "owing"):
        for method, path, _ in operations(house.spec):
            if method != "GET" and "/me" not in path and "/auth" not in path:
                path = path.replace("{", "").replace("}", "")
                house.call(method, path, name, json={})
    assert audited(house) == before


def test_what_only_reads_leaves_no_entry(house: House) -> None:
    before = audited(house)
    reading: dict[str, Callable[[], Any]] = {
        "/runbooks/check": lambda: {"title": "x"},
        "/commands/check": lambda: {"command_name": "x"},
        "/runbooks/match": lambda: {"service_type": SERVICE, "message": "no process"},
        "/runbooks/try-pattern": lambda: {"service_type": SERVICE, "error_pattern": "x"},
        "/runbooks/replay": lambda: {"days": 1},
    }
    for path, body in reading.items():
        assert house.call("POST", f"/api/v1{path}", json=body()).status_code == 200, path
    simulated = f"/api/v1/events/{house.seed.ids['event_new']}/simulate"
    assert house.call("POST", simulated).status_code == 200
    assert audited(house) == before
