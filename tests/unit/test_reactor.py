"""The reactor's map and SLS, rendered and dispatched by Salt's own reactor."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from rescuebot.events.rules import DEFAULT_RULES

REACTOR = Path(__file__).parents[2] / "salt" / "reactor"
MAP: list[dict[str, list[str]]] = yaml.safe_load((REACTOR / "map.yaml").read_text("utf-8"))

SERVICE_STATES = {
    "mysql": "rescue.mysql",
    "apache": "rescue.apache",
    "nginx": "rescue.nginx",
    "*": "rescue.service",
}
STATES: dict[str, dict[str, str] | None] = {
    "process_down": SERVICE_STATES,
    "connection_failed": SERVICE_STATES,
    "service_unhealthy": SERVICE_STATES,
    "disk_full": {"*": "rescue.disk_full"},
    "memory_high": None,
    "cpu_high": None,
    "instance_stopped": None,
    "instance_terminated": None,
    "instance_unreachable": None,
    "db_shutdown": None,
    "db_failover": None,
    "db_failure": None,
    "db_low_storage": None,
    "db_notice": None,
    "alarm": None,
}
SOURCES = ("ec2", "rds", "cloudwatch", "my.app", "a/b")


def heard(tag: str) -> list[str]:
    """The SLS that the map names for a tag, each as often as it is named."""
    return [
        name
        for entry in MAP
        for glob, names in entry.items()
        for name in names
        if fnmatch(tag, glob)
    ]


@pytest.fixture(scope="module")
def opts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A master whose runner `rescue.handle` writes down what it is given."""
    # Not at the top: Salt adds an importer that pytest cannot collect the next file with.
    import salt.config

    root = tmp_path_factory.mktemp("master")
    (root / "modules" / "_runners").mkdir(parents=True)
    (root / "modules" / "_runners" / "rescue.py").write_text(
        "import json\n"
        "def handle(event_ids=None, state=None):\n"
        f"    with open({str(root / 'calls')!r}, 'a') as file:\n"
        "        file.write(json.dumps([event_ids, state]) + '\\n')\n"
        "    return {}\n"
    )
    config = {"root_dir": str(root), "module_dirs": [str(root / "modules")], "__role": "master"}
    defaults = salt.config.DEFAULT_MASTER_OPTS.copy()
    made: dict[str, Any] = salt.config.apply_master_config({**defaults, **config}, defaults)
    for folder in ("cachedir", "pki_dir", "sock_dir"):
        made[folder] = str(root / folder)
    made["reactor"] = [
        {glob: [str(REACTOR / name) for name in names]}
        for entry in MAP
        for glob, names in entry.items()
    ]
    return made


@pytest.fixture(scope="module")
def reactor(opts: dict[str, Any]) -> Iterator[Any]:
    import salt.utils.reactor

    made = salt.utils.reactor.Reactor(opts)
    yield made
    made.minion.destroy()


def react(reactor: Any, tag: str, data: Any) -> list[dict[str, Any]]:
    """The low data of an event, as the reactor's loop gets it."""
    reactors = reactor.list_reactors(tag)
    return reactor.reactions(tag, data, reactors) if reactors else []


def test_every_type_is_heard_by_one_sls() -> None:
    for type_ in STATES:
        for source in SOURCES:
            assert len(heard(f"rescue/event/{source}/{type_}")) == 1, type_


def test_types_that_intake_may_name_are_all_known() -> None:
    assert {rule.type for rule in DEFAULT_RULES if rule.type} <= set(STATES)


@pytest.mark.parametrize(
    "tag",
    ["rescue/event/ec2/recovered", "rescue/event/ec2/process_down/x", "salt/job/1/ret/a", "x"],
)
def test_other_tags_are_not_heard(tag: str) -> None:
    assert heard(tag) == []


def test_the_map_and_the_folder_agree() -> None:
    named = {name for entry in MAP for names in entry.values() for name in names}
    assert named == {path.name for path in REACTOR.glob("*.sls")}


@pytest.mark.parametrize("type_", STATES)
def test_an_event_becomes_one_call_with_its_ids(reactor: Any, type_: str) -> None:
    data = {"rescue": {"event_ids": [1, 22]}, "_stamp": "2026-11-22T01:04:40.989Z"}
    [low] = react(reactor, f"rescue/event/ec2/{type_}", data)
    assert (low["state"], low["fun"]) == ("runner", "rescue.handle")
    state = STATES[type_]
    assert low["args"] == [{"event_ids": [1, 22]}, *([{"state": state}] if state else [])]


@pytest.fixture
def calls(opts: dict[str, Any]) -> Iterator[Path]:
    path = Path(opts["root_dir"]) / "calls"
    yield path
    path.unlink(missing_ok=True)


def test_the_runner_gets_what_the_sls_says(reactor: Any, opts: dict[str, Any], calls: Path) -> None:
    import salt.runner
    import salt.utils.reactor

    wrap = salt.utils.reactor.ReactWrap(opts)
    wrap.pool.fire_async = lambda function, args: function(*args)
    # Without a master there is no bus to tell of the call, and nothing else is left out.
    runner = salt.runner.RunnerClient(opts)
    told: list[Any] = []
    wrap.client_cache["runner"] = runner
    runner.low = lambda fun, low: told.append(
        runner.functions[fun](*low.get("arg", ()), **low.get("kwarg", {}))
    )
    for type_ in ("process_down", "alarm"):
        reactor.wrap = wrap
        reactor.call_reactions(
            react(reactor, f"rescue/event/ec2/{type_}", {"rescue": {"event_ids": [7]}})
        )
    assert [json.loads(line) for line in calls.read_text().splitlines()] == [
        [[7], SERVICE_STATES],
        [[7], None],
    ]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"rescue": None},
        {"rescue": []},
        {"rescue": "event_ids"},
        {"rescue": {}},
        {"rescue": {"event_ids": None}},
        {"rescue": {"event_ids": []}},
        {"rescue": {"event_ids": 17}},
        {"rescue": {"event_ids": True}},
        {"rescue": {"event_ids": "17"}},
        {"rescue": {"event_ids": {"1": 2}}},
        {"rescue": {"event_ids": [1, "2"]}},
        {"rescue": {"event_ids": [1, [2]]}},
        {"rescue": {"event_ids": [True]}},
        {"rescue": {"event_ids": [1.5]}},
        {"rescue": {"event_ids": ["{{ 1 }}", "\n- x: y"]}},
        {"data": {"rescue": {"event_ids": [1]}}, "id": "web-1"},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("type_", ["process_down", "disk_full", "alarm"])
def test_malformed_hints_are_handed_on_as_no_ids_at_all(
    reactor: Any, caplog: pytest.LogCaptureFixture, data: Any, type_: str
) -> None:
    with caplog.at_level(logging.WARNING):
        [low] = react(reactor, f"rescue/event/ec2/{type_}", data)
    assert low["fun"] == "rescue.handle"
    assert low["args"][0] == {"event_ids": None}
    assert not [record for record in caplog.records if record.name.startswith("salt.utils.reactor")]


def test_nothing_of_an_event_but_its_ids_comes_through(reactor: Any) -> None:
    data = {
        "rescue": {"event_ids": [1], "state": "evil", "fun": "cmd.run"},
        "state": "evil",
        "name": "x\n  local.cmd.run: []",
    }
    [low] = react(reactor, "rescue/event/ec2/{{ 7 }}/process_down", data)
    assert "evil" not in json.dumps(low) and low["fun"] == "rescue.handle"
