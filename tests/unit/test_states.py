"""The runbook states, rendered by Salt: with systemd and without, with pillar and without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rescuebot import starter

REPOSITORY = Path(__file__).parents[2]
STATES = ["mysql", "apache", "nginx", "service", "start", "disk_full", "log_check"]
NASTY = "x: 'y' \"z\" # $(id) {{ 7 }} \\ %"

Render = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def minion(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A minion without a master that has our states and our module."""
    # Not at the top: Salt adds an importer that pytest cannot collect the next file with.
    import salt.client
    import salt.config

    root = tmp_path_factory.mktemp("minion")
    opts = salt.config.DEFAULT_MINION_OPTS.copy()
    opts |= {
        "id": "web-1",
        "root_dir": str(root),
        "file_client": "local",
        "file_roots": {"base": [str(REPOSITORY / "salt" / "states")]},
        "pillar_roots": {"base": [str(root / "pillar")]},
        "module_dirs": [str(REPOSITORY / "salt")],
        "conf_file": str(root / "minion"),
    }
    for folder in ("cachedir", "pki_dir", "sock_dir", "extension_modules"):
        opts[folder] = str(root / folder)
    return salt.client.Caller(mopts=opts)


@pytest.fixture
def render(minion: Any) -> Render:
    """Render a state to {id: {function, arguments}}."""

    def show(
        name: str, *, systemd: bool = False, run: Any = None, rescue: Any = None
    ) -> dict[str, Any]:
        minion.sminion.opts["grains"]["init"] = "systemd" if systemd else "unknown"
        pillar = {"rescue": rescue, "rescue_run": run}
        low = minion.cmd("state.show_low_sls", f"rescue.{name}", pillar=pillar)
        assert all(isinstance(chunk, dict) for chunk in low), low
        return {
            chunk["__id__"]: chunk | {"call": f"{chunk['state']}.{chunk['fun']}"} for chunk in low
        }

    return show


def service(name: str = "svc", **config: Any) -> dict[str, Any]:
    return {"services": {name: config}}


def calls(states: dict[str, Any]) -> dict[str, str]:
    return {name: chunk["call"] for name, chunk in states.items()}


@pytest.mark.parametrize("systemd", [True, False])
@pytest.mark.parametrize("name", [name for name in STATES if name != "disk_full"])
@pytest.mark.parametrize("rescue", [None, {"services": {"svc": None}}])
@pytest.mark.parametrize("run", [None, {"service": "svc", "arguments": {}}])
def test_without_pillar_one_failing_state_says_which_key_to_set(
    render: Render, name: str, systemd: bool, rescue: Any, run: Any
) -> None:
    [state] = render(name, systemd=systemd, rescue=rescue, run=run).values()
    assert state["call"] == "test.fail_without_changes"
    alone = {"service": "", "start": "", "log_check": "<service>"}
    named = "svc" if run else alone.get(name, name)
    assert (f"rescue:services:{named}" if named else "rescue_run:service") in state["comment"]


def test_a_service_is_started_by_its_unit_where_systemd_runs(render: Render) -> None:
    rescue = service(unit=NASTY, start="never", wait_seconds=7, settle_seconds=2)
    states = render("service", systemd=True, rescue=rescue, run={"service": "svc"})
    assert calls(states) == {
        "rescue_failures_are_forgotten": "cmd.run",
        "rescue_service_does_not_hang": "cmd.run",
        "rescue_service_is_started": "service.running",
        "rescue_service_answers": "module.run",
    }
    assert states["rescue_service_is_started"]["name"] == NASTY
    hangs = states["rescue_service_does_not_hang"]
    assert hangs["env"] == [{"RESCUE_UNIT": NASTY}] and NASTY not in hangs["name"]
    assert hangs["onlyif"] == [{"fun": "rescue.hangs", "service": "svc", "seconds": 2}]
    waits = states["rescue_service_answers"]["rescue.wait_until_up"]
    assert waits == [{"service": "svc"}, {"seconds": 7}]


@pytest.mark.parametrize("systemd", [True, False])
def test_a_service_without_a_unit_is_started_by_its_command(render: Render, systemd: bool) -> None:
    rescue = service(start=NASTY, port=1)
    states = render("service", systemd=systemd, rescue=rescue, run={"service": "svc"})
    start = states["rescue_service_is_started"]
    assert start["call"] == "cmd.run" and NASTY not in start["name"]
    assert {"RESCUE_START": NASTY} in start["env"]
    assert start["unless"] == [{"fun": "rescue.status", "service": "svc"}]


def test_a_unit_is_of_no_use_without_systemd(render: Render) -> None:
    [state] = render("service", rescue=service(unit="u"), run={"service": "svc"}).values()
    assert "rescue:services:svc:start" in state["comment"]


def test_what_cannot_be_checked_is_not_started(render: Render) -> None:
    [state] = render("service", rescue=service(start="s"), run={"service": "svc"}).values()
    assert state["call"] == "test.fail_without_changes"
    assert "pid_file" in state["comment"] and "rescue:services:svc" in state["comment"]


def test_what_hangs_is_ended_only_by_what_the_pillar_says(render: Render) -> None:
    run = {"service": "svc"}
    states = render("service", rescue=service(start="a", port=1), run=run)
    assert states["rescue_service_does_not_hang"]["call"] == "test.fail_without_changes"
    assert "rescue:services:svc:stop" in states["rescue_service_does_not_hang"]["comment"]
    states = render("service", rescue=service(start="a", port=1, stop=NASTY), run=run)
    assert states["rescue_service_does_not_hang"]["name"] == NASTY


@pytest.mark.parametrize("systemd", [True, False])
@pytest.mark.parametrize(
    ("name", "command"), [("apache", "apachectl configtest"), ("nginx", "nginx -t")]
)
def test_nothing_is_touched_while_the_configuration_is_broken(
    render: Render, name: str, command: str, systemd: bool
) -> None:
    states = render(name, systemd=systemd, rescue=service(name, unit="u", start="s", port=1))
    test = states["rescue_configuration_is_valid"]
    assert test["name"] == command and test["onlyif"] == f"command -v {command.split()[0]}"
    requires = {name: chunk.get("require", []) for name, chunk in states.items()}
    assert "rescue_configuration_is_valid" in requires["rescue_service_does_not_hang"]
    assert "rescue_service_does_not_hang" in requires["rescue_service_is_started"]
    assert "rescue_service_is_started" in requires["rescue_service_answers"]


def test_the_pillar_may_test_a_configuration_in_its_own_way(render: Render) -> None:
    run = {"service": "svc"}
    states = render("service", rescue=service(start="s", port=1, config_test="my-test -x"), run=run)
    assert states["rescue_configuration_is_valid"]["name"] == "my-test -x"
    assert "rescue_configuration_is_valid" not in render(
        "service", rescue=service(start="s", port=1), run=run
    )


@pytest.mark.parametrize("name", ["mysql", "start", "service"])
def test_what_a_crash_left_behind_goes_only_while_no_namesake_runs(
    render: Render, name: str
) -> None:
    config = {
        "start": "s",
        "port": 1,
        "process": "mysqld",
        "pid_file": "/a/x.pid",
        "socket": "/a/x.sock",
    }
    run = {"service": "mysql"}
    states = render(name, rescue=service("mysql", **config), run=run)
    removed = states["rescue_service_left_nothing_behind"]
    assert removed["call"] == "file.absent" and removed["name"] in ("/a/x.pid", "/a/x.sock")
    [condition] = removed["unless"]
    assert condition == {"fun": "rescue.processes", "service": "mysql", "namesakes": True}
    required = states["rescue_service_does_not_hang"]["require"]
    assert required == ["rescue_service_left_nothing_behind"]
    for missing in ({"process": None}, {"pid_file": None, "socket": None}):
        states = render(name, rescue=service("mysql", **config | missing), run=run)
        assert "rescue_service_left_nothing_behind" not in states


@pytest.mark.parametrize("systemd", [True, False])
@pytest.mark.parametrize("name", ["mysql", "start", "sshd", "configuration"])
def test_what_runs_is_never_ended_by_what_only_starts(
    render: Render, name: str, systemd: bool
) -> None:
    config = {"unit": "u", "start": "s", "stop": "STOP", "port": 1, "config_test": "true"}
    rescue = service(**config)
    states = render(name, systemd=systemd, rescue=rescue, run={"service": "svc"})
    hangs = states["rescue_service_does_not_hang"]
    assert hangs["call"] == "test.fail_without_changes"
    assert hangs["onlyif"] == [{"fun": "rescue.hangs", "service": "svc", "seconds": 5}]
    done = [str(state["name"]) for state in states.values() if state["call"] == "cmd.run"]
    assert not [line for line in done if "STOP" in line or "systemctl restart" in line]
    assert "rescue_configuration_is_valid" in hangs["require"]


@pytest.mark.parametrize("systemd", [True, False])
def test_what_is_needed_is_started_one_by_one(render: Render, systemd: bool) -> None:
    config = {"unit": "u", "start": "s", "port": 1}
    rescue = {"services": {"svc": {"needs": ["a", "b"]}, "a": config, "b": config}}
    states = render("needs", systemd=systemd, rescue=rescue, run={"service": "svc"})
    for number, name in ((1, "a"), (2, "b")):
        told = states[f"rescue_service_answers_{number}"]["rescue.wait_until_up"]
        assert told[0] == {"service": name}
        hangs = states[f"rescue_service_does_not_hang_{number}"]
        assert hangs["call"] == "test.fail_without_changes"


# Without its key in the pillar a state changes nothing and says which one to set.
KEYS = {
    "needs": "rescue:services:svc:needs",
    "configuration": "rescue:services:svc:config_test",
    "redis_aof": "rescue:services:svc:aof",
    "containers": "rescue:services:docker:containers",
    "units": "rescue:services:systemd:units",
    "mysql_binlogs": "rescue:services:mysql:binlog_keep_hours",
    "memory": "rescue:memory:restart",
    "disk_deleted": "rescue:disk_full:restart",
    "disk_inodes": "rescue:inodes:clean",
}


@pytest.mark.parametrize(("name", "key"), KEYS.items())
def test_what_the_pillar_does_not_allow_is_not_done(render: Render, name: str, key: str) -> None:
    states = render(name, run={"service": "svc"})
    [last] = [chunk for chunk in states.values() if chunk["call"] == "test.fail_without_changes"]
    assert key in last["comment"]
    others = [chunk for chunk in states.values() if chunk is not last]
    # What is left only reads.
    assert all(chunk["__id__"].endswith("_told") for chunk in others)


def test_a_reload_needs_a_way_and_a_test(render: Render) -> None:
    run = {"service": "svc"}
    [state] = render("reload", run=run).values()
    assert "rescue:services:svc:reload" in state["comment"]
    [state] = render("reload", run=run, rescue=service(reload="r")).values()
    assert "rescue:services:svc:config_test" in state["comment"]
    states = render("reload", run=run, rescue=service(reload="r", config_test="t"))
    required = states["rescue_service_is_reloaded"]["require"]
    assert required == ["rescue_configuration_is_valid", "rescue_certificates_are_valid"]


@pytest.mark.parametrize(
    ("name", "rescue"),
    [
        ("containers", {"services": {"docker": {"containers": [NASTY]}}}),
        ("units", {"services": {"systemd": {"units": [NASTY]}}}),
        ("mysql_connections", {"services": {"mysql": {"keep_users": [NASTY]}}}),
        ("redis_aof", service("redis", aof=NASTY, process=NASTY, start="s")),
        ("redis_memory", service("redis", port=NASTY)),
        ("disk_deleted", {"disk_full": {"path": NASTY, "restart": ["svc"]}}),
        ("disk_inodes", {"inodes": {"path": NASTY}}),
        (
            "configuration",
            service(certificates=[NASTY], config=[NASTY], config_test="t", start="s"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_words_of_the_pillar_reach_a_script_by_the_environment_only(
    render: Render, name: str, rescue: Any
) -> None:
    run = {"service": "svc"} if name == "configuration" else None
    states = render(name, rescue=rescue, run=run)
    scripts = [chunk for chunk in states.values() if chunk["call"] == "cmd.run"]
    values = [
        str(value) for chunk in scripts for item in chunk.get("env", []) for value in item.values()
    ]
    assert any(NASTY in value for value in values)
    assert not [chunk for chunk in scripts if NASTY in chunk["name"]]


@pytest.mark.parametrize(
    "rule",
    [
        {"folder": "/", "name": "*"},
        {"folder": "/var", "name": "*"},
        {"folder": "/var/lib/../../etc", "name": "*"},
        {"folder": "var/lib/x", "name": "*"},
        {"folder": "/var/lib/x/", "name": "*"},
        {"folder": "/var/lib/x\n/etc/y", "name": "*"},
        {"folder": "/var/lib/x", "name": "a/b"},
        {"folder": "/var/lib/x", "name": ""},
        {},
    ],
)
def test_rules_for_inodes_that_reach_too_far_stop_everything(render: Render, rule: Any) -> None:
    good = {"folder": "/var/lib/php/sessions", "name": "sess_*"}
    assert "rescue_inodes_are_free" in render("disk_inodes", rescue={"inodes": {"clean": [good]}})
    states = render("disk_inodes", rescue={"inodes": {"clean": [good, rule]}})
    assert list(states) == ["rescue_inode_rules_are_safe"]


def test_a_run_may_bring_up_another_service_than_the_states_own(render: Render) -> None:
    rescue = {
        "services": {"mysql": {"start": "not me", "port": 1}, "db-2": {"start": "me", "port": 2}}
    }
    states = render("mysql", rescue=rescue, run={"service": "db-2"})
    assert {"RESCUE_START": "me"} in states["rescue_service_is_started"]["env"]


def test_evidence_is_the_journal_and_the_logs(render: Render) -> None:
    rescue = service(unit="u", logs=[NASTY, "/var/log/x"])
    run = {"service": "svc", "arguments": {"lines": "12"}}
    states = render("log_check", systemd=True, rescue=rescue, run=run)
    assert calls(states) == {
        "rescue_journal": "cmd.run",
        "rescue_log_1": "cmd.run",
        "rescue_log_2": "cmd.run",
    }
    assert "--lines=12 " in states["rescue_journal"]["name"]
    assert states["rescue_log_1"]["env"] == [{"RESCUE_LOG": NASTY}]
    assert list(render("log_check", rescue=rescue, run=run)) == ["rescue_log_1", "rescue_log_2"]


def test_room_is_made_step_by_step_and_only_while_it_is_needed(render: Render) -> None:
    states = render("disk_full")
    assert list(states) == [
        "rescue_disk_apt_cache",
        "rescue_disk_dnf_cache",
        "rescue_disk_yum_cache",
        "rescue_disk_journal",
        "rescue_disk_old_files",
        "rescue_disk_has_room",
    ]
    for state in states.values():
        assert "$RESCUE_THRESHOLD" in str(state["onlyif"])
        assert {"RESCUE_THRESHOLD": "90"} in state["env"]
        assert {"RESCUE_PATH": "/"} in state["env"]


def test_no_more_is_removed_than_the_pillar_allows(render: Render) -> None:
    allowed = {"package_cache": False, "journal_vacuum": "", "clean": ["/srv/a/*.gz"]}
    states = render("disk_full", rescue={"disk_full": allowed})
    assert list(states) == ["rescue_disk_old_files", "rescue_disk_has_room"]
    assert {"RESCUE_CLEAN": "/srv/a/*.gz"} in states["rescue_disk_old_files"]["env"]


@pytest.mark.parametrize(
    "pattern",
    ["/*", "/var", "/var/", "/v*/log/x", "/[v]ar/log", "var/log/*", "/var/../etc/*", "~/x/*", ""],
)
def test_patterns_that_reach_too_far_stop_everything(render: Render, pattern: str) -> None:
    states = render("disk_full", rescue={"disk_full": {"clean": ["/var/log/*.gz", pattern]}})
    assert list(states) == ["rescue_disk_patterns_are_safe"]
    assert "rescue:disk_full:clean" in states["rescue_disk_patterns_are_safe"]["comment"]


SYSTEMS = [
    {"os": "Debian", "os_family": "Debian"},
    {"os": "Ubuntu", "os_family": "Debian"},
    {"os": "Amazon", "os_family": "RedHat"},
    {"os": "Rocky", "os_family": "RedHat"},
]


@pytest.mark.parametrize("grains", SYSTEMS, ids=lambda grains: grains["os"])
@pytest.mark.parametrize("systemd", [True, False])
def test_the_pillar_fits_the_states_on_every_system(
    minion: Any, render: Render, grains: dict[str, str], systemd: bool
) -> None:
    rescue = compiled_pillar(minion, grains)
    services = set(rescue["services"])
    known = {item["service_type"] for item in starter.all_runbooks()}
    # The machine itself, and what an operator names, need no key to be checked.
    assert services == known - {"web", "tls", "memory", "cpu", "processes", "systemd"}
    for name in services - {"disk"}:
        states = render("service", systemd=systemd, rescue=rescue, run={"service": name})
        assert "rescue_service_answers" in states
    assert "rescue_disk_old_files" in render("disk_full", rescue=rescue)


@pytest.mark.parametrize(("environment", "days"), [("dev", 2), ("prod", 14), (None, 14)])
def test_the_grain_of_the_environment_chooses_the_policy(
    minion: Any, environment: str | None, days: int
) -> None:
    rescue = compiled_pillar(minion, {**SYSTEMS[0], "rescue": {"environment": environment}})
    assert rescue["disk_full"]["older_than_days"] == days
    assert "health" in rescue["services"]["disk"] and "unit" in rescue["services"]["mysql"]


def compiled_pillar(minion: Any, grains: dict[str, Any]) -> dict[str, Any]:
    """pillar/ as a minion with these grains gets it."""
    import salt.pillar

    opts = dict(minion.sminion.opts)
    opts["pillar_roots"] = {"base": [str(REPOSITORY / "pillar")]}
    pillar = salt.pillar.Pillar(opts, {**opts["grains"], **grains}, "web-1", "base")
    compiled = pillar.compile_pillar()
    assert "_errors" not in compiled
    rescue: dict[str, Any] = yaml.safe_load(yaml.safe_dump(_plain(compiled["rescue"])))
    return rescue


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def test_mysql_and_mariadb_have_their_own_names(minion: Any) -> None:
    units = [compiled_pillar(minion, grains)["services"]["mysql"]["unit"] for grains in SYSTEMS]
    assert units == ["mariadb", "mysql", "mariadb", "mysqld"]
    chosen = compiled_pillar(minion, {**SYSTEMS[0], "rescue": {"mysql": "mysql"}})
    assert chosen["services"]["mysql"]["process"] == "mysqld"
