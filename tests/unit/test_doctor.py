"""The doctor sees each fault and says what to do about it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rescuebot import doctor, migrations
from rescuebot.database import Database
from rescuebot.heartbeats import service as heartbeats
from rescuebot.settings import AwsSettings, QueueSettings, Settings
from tests import factories
from tests.factories import MINION, NOW

TAG_FILE = str(Path(__file__))


def facts(**changes: Any) -> doctor.MasterFacts:
    values: dict[str, Any] = {
        "reactor": [{"rescue/event/*/process_down": [TAG_FILE]}],
        "on_demand_pillars": ["libvirt", "rescue"],
        "engines": ["rescue_sqs", "rescue_tracker"],
        "probe": "word",
        "self_tests": {MINION: {"rescue": 1, "module": "1", "pillar": "word", "services": []}},
        **changes,
    }
    return doctor.MasterFacts(**values)


def beat(database: Database, *engines: str, state: str = "running") -> None:
    with database.transaction() as session:
        for engine in engines:
            heartbeats.beat(
                session=session, owner=f"{engine}@h:1", engine=engine, now=NOW, state=state
            )


@pytest.fixture
def healthy(sqlite: Database) -> Database:
    factories.a_server(sqlite)
    beat(sqlite, "rescue_sqs", "rescue_tracker")
    return sqlite


def findings(database: Database, **changes: Any) -> dict[str, dict[str, Any]]:
    later = changes.pop("later", timedelta())
    report = doctor.examine(
        database=database,
        settings=Settings(
            queue=QueueSettings(url="http://127.0.0.1:1/1/q"),
            aws=AwsSettings(endpoint_url="http://127.0.0.1:1"),
        ),
        facts=facts(**changes),
        now=lambda: NOW + later,
    )
    return {check["name"]: check for check in report["checks"]}


def test_all_that_needs_no_queue_is_well(healthy: Database) -> None:
    found = findings(healthy)
    assert {name for name, check in found.items() if not check["ok"]} == {"queue"}
    assert all(bool(check["remedy"]) != check["ok"] for check in found.values())


@pytest.mark.parametrize(
    ("changes", "name", "detail", "remedy"),
    [
        ({"reactor": []}, "reactor", "takes up no tag", "salt/reactor/map.yaml"),
        ({"reactor": [{"salt/*": ["/x"]}]}, "reactor", "takes up no tag", "restart the master"),
        (
            {"reactor": [{"rescue/event/*": "/none/there.sls"}]},
            "reactor",
            "/none/there.sls",
            "Correct the paths",
        ),
        ({"engines": ["rescue_sqs"]}, "engines", "does not start rescue_tracker", "engines:"),
        ({"later": timedelta(minutes=1)}, "engines", "No heartbeat of rescue_sqs", "master's log"),
        ({"on_demand_pillars": []}, "pillar_on_demand", "does not allow", "on_demand_ext_pillar"),
        ({"self_tests": None}, "minions", "master does not answer", "Start the salt-master"),
        ({"self_tests": {}}, "minions", "accepted no minion", "salt-key"),
        ({"self_tests": {MINION: None}}, "minions", "does not answer", "minion runs"),
        ({"self_tests": {MINION: "'x' is not available."}}, "minions", "no module", "file_roots"),
        (
            {"self_tests": {MINION: {"pillar": None}}},
            "minions",
            "no answer from the rescue pillar",
            "module_dirs",
        ),
        (
            {"self_tests": {MINION: {"pillar": "word"}, "new": {"pillar": "word"}}},
            "servers",
            "No server is tied to new",
            "Restart these minions",
        ),
    ],
)
def test_a_fault_is_seen_and_its_remedy_said(
    healthy: Database, changes: dict[str, Any], name: str, detail: str, remedy: str
) -> None:
    check = findings(healthy, **changes)[name]
    assert not check["ok"]
    assert detail in check["detail"]
    assert remedy in check["remedy"]


def test_a_contested_server_is_seen(healthy: Database) -> None:
    factories.a_server(healthy, minion_id="intruder")
    check = findings(healthy)["servers"]
    assert "intruder claims it too" in check["detail"] and "salt-key -d" in check["remedy"]


def test_an_engine_that_has_stopped_does_not_count_as_alive(healthy: Database) -> None:
    beat(healthy, "rescue_sqs", state="stopped")
    assert "No heartbeat of rescue_sqs" in findings(healthy)["engines"]["detail"]


def test_a_queue_that_does_not_answer_is_seen(healthy: Database) -> None:
    check = findings(healthy)["queue"]
    assert "SQS did not ask" in check["detail"] and "rescue.queue.url" in check["remedy"]


def test_missing_tables_are_seen_by_all_that_need_them(sqlite: Database) -> None:
    migrations.downgrade(sqlite, "base")
    found = findings(sqlite)
    assert found["database"]["ok"]
    for name in ("migrations", "engines", "servers"):
        assert "rescue.migrate" in found[name]["remedy"], name


def test_a_database_that_does_not_answer_is_seen_and_no_password_told() -> None:
    from tests.conftest import open_database

    found = findings(open_database("mysql+pymysql://u:hunter2@127.0.0.1:1/none"))
    assert not found["database"]["ok"]
    assert "rescue.database" in found["database"]["remedy"]
    assert "hunter2" not in repr(found)
