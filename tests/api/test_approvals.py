"""What an approver sees over HTTP, and edit-and-approve between people of different roles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update
from werkzeug.test import TestResponse

from rescuebot import clock
from rescuebot.approvals.model import Approval
from tests import factories, old
from tests.api.house import House, Json
from tests.api.seed import SERVICE
from tests.factories import SERVER

V1 = "/api/v1/approvals"
STATE = "rescue.mysql"


def whole(house: House, name: str, who: str | None = "admin") -> Json:
    found: Json = house.call("GET", f"{V1}/{house.seed.ids[name]}", who).json
    return found


def amend(house: House, name: str, who: str, **changes: Any) -> TestResponse:
    body = {
        "digest": whole(house, name)["approval"]["digest"],
        "solution": STATE,
        "arguments": {"lines": 200},
        **changes,
    }
    return house.call("POST", f"{V1}/{house.seed.ids[name]}/amend", who, json=body)


def answer(house: House, name: str, who: str, digest: str) -> TestResponse:
    path = f"{V1}/{house.seed.ids[name]}/approve"
    return house.call("POST", path, who, json={"digest": digest})


def change(house: House, name: str, **values: Any) -> None:
    with house.database.transaction() as session:
        session.execute(
            update(Approval).where(Approval.id == house.seed.ids[name]).values(**values)
        )


def test_an_approver_sees_the_event_and_the_server_as_they_are_now(fresh_house: House) -> None:
    house = fresh_house
    at = clock.now()
    command = factories.a_command(
        house.database,
        command_name="billing_logs",
        command_type="log_check",
        target_service=SERVICE,
    )
    looked = old.a_run(
        house.database,
        None,
        at=at,
        server_id=SERVER,
        service_type=SERVICE,
        command_id=command,
        solution_name="Command billing_logs",
    )
    for step, status in (("check", "success"), ("fix", "success"), ("verify", "failed")):
        old.put(
            house.database,
            "saltstack_event_log",
            execution_id=looked,
            execution_result="out of files",
            execution_status=status,
            executed_at=at + timedelta(days=1, seconds={"check": 1, "fix": 2, "verify": 3}[step]),
            response_time=1,
            minion_id="m",
            step=step,
        )
    found = whole(house, "approval", "viewer")
    event = found["event"]
    assert (event["event_message"], event["server_id"]) == ("no process", SERVER)
    assert set(event) == {
        *("id", "severity", "event_message", "event_time", "service_type", "server_id", "status")
    }
    server = found["server"]
    assert server["minion_id"] and server["seen_at"]
    assert event["id"] in {one["id"] for one in server["open_events"]}
    assert (server["last_check"]["step"], server["last_check"]["up"]) == ("verify", False)
    (evidence,) = found["evidence"]
    assert (evidence["execution_id"], evidence["name"]) == (looked, "Command billing_logs")
    text = house.call("GET", f"/api/v1/logs/{evidence['log_id']}/result", "viewer")
    assert text.data == b"out of files"
    assert found["amended"] is None


def test_whether_one_may_approve_is_told_with_the_reason(fresh_house: House) -> None:
    house = fresh_house
    allowed = {"allowed": True, "reason": None, "words": "", "remedy": ""}
    assert whole(house, "approval_own", "admin")["may_approve"] == allowed
    own = whole(house, "approval_own", "operator")["may_approve"]
    assert (own["allowed"], own["reason"]) == (False, "own_proposal")
    assert "guard.four_eyes" in own["remedy"]
    change(house, "approval", expires_at=clock.now() - timedelta(seconds=1))
    assert whole(house, "approval")["may_approve"]["reason"] == "ran_out"
    digest = whole(house, "approval_2")["approval"]["digest"]
    assert answer(house, "approval_2", "admin", digest).status_code == 200
    assert whole(house, "approval_2")["may_approve"]["reason"] == "answered"
    edited = amend(house, "approval_3", "operator").json
    assert edited["may_approve"]["reason"] == "own_edit"
    assert whole(house, "approval_3")["may_approve"]["reason"] == "preview_owed"
    change(house, "approval_3", previewed_at=clock.now(), preview="{}")
    assert whole(house, "approval_3")["may_approve"] == allowed


def test_what_may_approve_says_is_what_approving_does(fresh_house: House) -> None:
    house = fresh_house
    amend(house, "approval", "operator")
    change(house, "approval", previewed_at=clock.now(), preview="{}")
    for name in ("approval", "approval_2", "approval_3", "approval_own"):
        for who in ("operator", "admin"):
            found = whole(house, name, who)
            if found["approval"]["state"] != "pending":
                continue
            told = answer(house, name, who, found["approval"]["digest"])
            assert (told.status_code == 200) == found["may_approve"]["allowed"], (name, who)
            if told.status_code == 409:
                assert told.json["detail"] == found["may_approve"]["words"]


def test_one_edits_and_another_approves(fresh_house: House) -> None:
    house = fresh_house
    before = whole(house, "approval")["approval"]["digest"]
    told = amend(house, "approval", "operator", comment="more lines")
    assert told.status_code == 200
    after = told.json["approval"]["digest"]
    assert after != before and told.json["fix"]["arguments"] == {"lines": 200}
    assert told.json["amended"]["original"]["solution"] == STATE
    assert told.json["amended"]["original"]["arguments"] == {}
    (row,) = told.json["amended"]["changes"]
    assert (row["amended_by"], row["comment"]) == ("web:operator", "more lines")
    assert (row["old_digest"], row["new_digest"]) == (before, after)
    change(house, "approval", previewed_at=clock.now(), preview="{}")
    assert answer(house, "approval", "operator", after).status_code == 409
    assert answer(house, "approval", "admin", before).status_code == 409
    assert answer(house, "approval", "admin", after).status_code == 200
    late = amend(house, "approval", "operator", arguments={"lines": 3})
    assert (late.status_code, late.json["code"]) == (409, "conflict")


def test_who_saw_something_else_changes_nothing(fresh_house: House) -> None:
    told = amend(fresh_house, "approval", "operator", digest="0" * 64)
    assert (told.status_code, told.json["code"]) == (409, "conflict")
    assert whole(fresh_house, "approval")["amended"] is None


def test_what_is_wrong_with_a_change_is_told_by_field(fresh_house: House) -> None:
    house = fresh_house
    told = amend(house, "approval", "operator", solution="rescue.other")
    assert (told.status_code, told.json["code"]) == (422, "invalid")
    assert [one["pointer"] for one in told.json["errors"]] == ["#/solution"]
    path = f"{V1}/{house.seed.ids['approval']}/check"
    for arguments, fields in (
        ({"lines": 9}, []),
        ({"Not A Name": 1}, ["arguments"]),
        ({"lines": {"a": 1}}, ["arguments"]),
        (None, ["solution"]),
    ):
        body = {"solution": STATE, "arguments": arguments}
        found = house.call("POST", path, "operator", json=body).json
        assert [one["field"] for one in found["problems"]] == fields, arguments
        assert found["ok"] is (not fields)
    assert whole(house, "approval")["amended"] is None


def test_only_people_who_may_approve_may_edit(fresh_house: House) -> None:
    house = fresh_house
    assert amend(house, "approval", "viewer").status_code == 403
    path = f"{V1}/{house.seed.ids['approval']}/amend"
    key = {"Authorization": f"Bearer {house.seed.keys['admin']}"}
    body = {"digest": whole(house, "approval")["approval"]["digest"], "solution": STATE}
    assert house.call("POST", path, None, json=body, headers=key).status_code == 403
    assert house.call("POST", path, None, json=body).status_code == 401
