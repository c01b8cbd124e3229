"""What the API tells of the house: findings and settings; and versions that are brought back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rescuebot import clock, doctor, looking
from rescuebot.findings import service as findings
from rescuebot.settings import check
from tests.api import seed as seeds
from tests.api.house import JWT_KEY, SLACK_SECRET, House, settings
from webui.api import create_app

pytestmark = pytest.mark.mariadb

V1 = "/api/v1"
PASSWORD = "hunter2-of-the-ledger"


def test_findings_come_with_their_master_and_their_age(fresh_house: House) -> None:
    house = fresh_house
    then = clock.now() - timedelta(minutes=30)
    with house.database.transaction() as session:
        findings.keep(
            session=session,
            master="salt-2",
            owner="rescue_tracker@salt-2:1",
            checks=[{"name": "database", "ok": True, "detail": "x", "remedy": ""}],
            looked_at=then,
            due_at=then + timedelta(minutes=5),
            request_id=0,
        )
    answer = house.call("GET", f"{V1}/doctor", "operator").json
    unwell, well = answer["masters"]
    assert (unwell["master"], unwell["ok"], unwell["old"]) == ("salt-1", False, False)
    assert unwell["findings"][0]["detail"] == seeds.FOREIGN
    assert (well["master"], well["ok"], well["old"]) == ("salt-2", True, True)
    assert 1800 <= well["age_seconds"] < 1900
    assert answer["last_request"] is None


def test_who_asks_for_a_look_is_told_until_a_master_has_looked(fresh_house: House) -> None:
    house = fresh_house
    asked = house.call("POST", f"{V1}/doctor", "operator")
    assert (asked.status_code, asked.json["asked_by"]) == (202, "web:operator")
    assert house.call("GET", f"{V1}/doctor").json["masters"][0]["asked_again"]
    assert looking.look_if_due(
        master="salt-1",
        owner="rescue_tracker@salt-1:1",
        facts=doctor.MasterFacts,
        database=house.database,
        settings=settings(house.url),
    )
    answer = house.call("GET", f"{V1}/doctor").json
    (master,) = answer["masters"]
    assert not master["asked_again"] and len(master["findings"]) > 5
    assert answer["last_request"]["asked_by"] == "web:operator"


def test_settings_are_told_without_their_secrets(fresh_house: House) -> None:
    house = fresh_house
    found = house.call("GET", f"{V1}/settings")
    told = {one["name"]: one for section in found.json["sections"] for one in section["settings"]}
    assert told["web.requests_per_minute"]["value"] == 1_000_000
    key = told["web.jwt_key"]
    assert (key["secret"], key["is_set"], key["value"]) == (True, True, None)
    assert not told["web.jwt_key_before"]["is_set"]
    for secret in (JWT_KEY, SLACK_SECRET):
        assert secret not in found.text
    given = {
        "database": {"url": f"mysql+pymysql://rescue:{PASSWORD}@db/rescue", "password": PASSWORD},
        "web": {"jwt_key": JWT_KEY},
    }
    house.app = create_app(check(given), house.database)
    answer = house.call("GET", f"{V1}/settings").text
    assert "mysql+pymysql://db/rescue" in answer and PASSWORD not in answer


@pytest.mark.parametrize("noun", ["runbooks", "commands"])
def test_bringing_a_version_back_needs_the_version_that_was_seen(house: House, noun: str) -> None:
    path = f"{V1}/{noun}/{house.seed.ids[noun.removesuffix('s')]}"
    body = {"to": 1}
    missing = house.call("POST", f"{path}/revert", json=body)
    assert (missing.status_code, missing.json["code"]) == (428, "precondition_required")
    seen = {"If-Match": house.call("GET", path).headers["ETag"]}
    change = {"runbooks": {"priority": 42}, "commands": {"command_script": "echo 42"}}[noun]
    tag = house.call("PATCH", path, json=change, headers=seen).headers["ETag"]
    early = house.call("POST", f"{path}/revert", json=body, headers=seen)
    assert (early.status_code, early.json["code"]) == (412, "outdated")
    done = house.call("POST", f"{path}/revert", json=body, headers={"If-Match": tag})
    assert done.status_code == 200 and done.headers["ETag"] != tag
    assert house.call("GET", path).headers["ETag"] == done.headers["ETag"]
    late = house.call("POST", f"{path}/revert", json=body, headers={"If-Match": tag})
    assert (late.status_code, late.json["code"]) == (412, "outdated")
