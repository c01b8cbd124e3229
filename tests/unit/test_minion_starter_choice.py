"""Which runbook of the starter an alarm leads to, from the queue message to the choice, and whether
every runbook and command is one that can be stored and run.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
import yaml

from rescuebot import starter
from rescuebot.runbooks import patterns
from rescuebot.runbooks.index import Index
from rescuebot.runbooks.match import Candidate
from rescuebot.runbooks.model import RunbookMode
from tests.reading import load, read
from tests.unit.test_minion_stand import REPOSITORY

STATES = REPOSITORY / "salt" / "states" / "rescue"
COMMANDS = starter.all_commands()
RUNBOOKS = starter.all_runbooks()
SCRIPTS = {
    **{f"{path.name}": path.read_text() for path in (STATES / "scripts").glob("*.sh")},
    **{item["command_name"]: item["command_script"] for item in COMMANDS},
    **{
        item["title"]: item["solution_script"]
        for item in RUNBOOKS
        if item["solution_kind"] == "shell"
    },
}
CANDIDATES = [
    Candidate(
        id=number,
        title=item["title"],
        service_type=item["service_type"],
        error_pattern=item["error_pattern"],
        priority=item["priority"],
        mode=RunbookMode(item["mode"]),
    )
    for number, item in enumerate(RUNBOOKS, 1)
]
PIDS = ("CWAgent", "procstat_lookup_pid_count")
DISK = ("CWAgent", "disk_used_percent")
MEMORY = ("CWAgent", "mem_used_percent")
OWN = ("Fleet", "Errors")
ELB = ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count")

# title: of alarms that must lead to it (name, description, metric, dimensions or rescue:service).
ALARMS: dict[str, list[tuple[str, str, tuple[str, str], dict[str, str] | str]]] = {
    "Start MySQL": [
        ("rescue-prod-mysql-down", "mysqld has no process", PIDS, {"exe": "mysqld"}),
        ("db-1 [CRITICAL]", "no mariadbd on the primary", PIDS, {"exe": "mariadbd"}),
        ("mysql-connection-refused", "", OWN, {}),
    ],
    "Restart a MySQL that hangs": [
        ("mysql-health", "MySQL does not answer within 5 s", OWN, {}),
        ("prod-mysql-timeout", "", OWN, {}),
    ],
    "End idle MySQL connections": [
        ("mysql-connections-high", "Threads_connected over 90 % of max_connections", OWN, {}),
        ("prod-mysql", "ERROR 1040 (HY000): Too many connections", OWN, {}),
    ],
    "Raise MySQL's limit of open files": [
        ("mysql-errors", "Can't open file: 'orders.ibd' (errno: 24 - Too many open files)", OWN, {})
    ],
    "Start a stopped MySQL replica": [
        ("mysql-replication-stopped", "Slave_SQL_Running is No", OWN, {}),
        ("mysql-replica-lag", "Seconds_Behind_Master over 600", OWN, {}),
    ],
    "Start Apache": [
        ("prod-httpd-down", "", PIDS, {"exe": "httpd"}),
        ("web-1 apache2 is down", "no process", PIDS, {"exe": "apache2"}),
    ],
    "Tell what is wrong with Apache's configuration": [
        ("apache-configtest", "apachectl configtest fails: AH00526: Syntax error", OWN, {}),
        ("apache-cert", "SSLCertificateFile: certificate cannot be read", OWN, {}),
    ],
    "Free the workers of Apache": [
        ("apache-workers", "AH00484: server reached MaxRequestWorkers setting", OWN, {}),
        ("apache-busy-workers", "BusyWorkers at the limit", OWN, {}),
    ],
    "Start nginx": [
        ("rescue-prod-nginx-down", "nginx has no process", PIDS, {"exe": "nginx"}),
        ("nginx-unhealthy", "no listener on port 80", OWN, {}),
    ],
    "Tell what is wrong with nginx's configuration": [
        ("nginx-config-test", "nginx -t: configuration file test failed", OWN, {}),
        ("nginx-reload", '[emerg] cannot load certificate "/etc/nginx/tls/site.pem"', OWN, {}),
    ],
    "Start what nginx passes requests to": [
        ("prod-nginx-5xx", "upstream answers 502 Bad Gateway", ELB, {}),
        ("nginx-errors", "connect() failed (111: refused) while connecting to upstream", OWN, {}),
    ],
    "Raise nginx's limit of open files": [
        ("nginx-errors", "accept4() failed (24: Too many open files)", OWN, {}),
        ("nginx-down", "open() failed (24: Too many open files), upstream", OWN, {}),
    ],
    "Load a renewed certificate": [
        ("site-certificate-expiring", "DaysToExpiry below 7", ("AWS/X", "DaysToExpiry"), "tls")
    ],
    "Start the web service": [("web is DOWN", "no process", PIDS, "web")],
    "Start Redis": [
        ("prod-redis-down", "redis-server has no process", PIDS, {"exe": "redis-server"}),
        ("redis-connection-refused", "", OWN, {}),
    ],
    "Have Redis save again": [
        ("redis-misconf", "MISCONF Redis is configured to save RDB snapshots", OWN, {}),
        ("redis-persistence", "rdb_last_bgsave_status is err", OWN, {}),
    ],
    "Give Redis more memory": [
        ("redis-memory-high", "used_memory over 95 % of maxmemory", OWN, {}),
        ("redis-errors", "OOM command not allowed when used memory > 'maxmemory'", OWN, {}),
    ],
    "Mend the append-only file of Redis": [
        (
            "redis-down",
            "Bad file format reading the append only file",
            PIDS,
            {"exe": "redis-server"},
        )
    ],
    "Start the Docker daemon": [
        ("dockerd-down", "no dockerd", PIDS, {"exe": "dockerd"}),
        ("docker is down", "Cannot connect to the Docker daemon", OWN, {}),
    ],
    "Start the containers that must run": [
        ("docker-container-web-exited", "container web is not running", OWN, {}),
        ("docker-running-containers", "fewer than 3", OWN, {}),
    ],
    "Remove what Docker no longer uses": [
        ("docker-errors", "write /var/lib/docker: no space left on device", OWN, {})
    ],
    "Start the SSH server": [
        ("bastion-sshd-down", "sshd has no process", PIDS, {"exe": "sshd"}),
        ("sshd-connection-refused", "", OWN, {}),
    ],
    "Tell what is wrong with the SSH server's configuration": [
        ("sshd-config", "sshd -t: Bad configuration option: PermitRootLogon", OWN, {}),
        ("sshd-down", "sshd: no hostkeys available -- exiting; host key missing", OWN, {}),
    ],
    "Start chrony": [("chronyd-down", "no chronyd", PIDS, {"exe": "chronyd"})],
    "Step the clock": [
        ("chrony-offset", "clock offset over 1 s", OWN, {}),
        ("chronyd-unsynchronised", "the system clock is not synchronised", OWN, {}),
    ],
    "Make room on the disk": [
        ("rescue-prod-root-volume [FATAL]", "Root disk over 95 %", DISK, {"path": "/"}),
        ("disk-full", "", DISK, {"path": "/"}),
    ],
    "Purge the binary logs of MySQL": [
        ("mysql-binlog-disk", "/var/lib/mysql over 90 %", DISK, {"path": "/var/lib/mysql"}),
        ("db-disk-full", "binary logs fill the disk", DISK, {"path": "/"}),
    ],
    "Remove what Docker no longer uses from a full disk": [
        ("docker-disk-full", "/var/lib/docker over 90 %", DISK, {"path": "/var/lib/docker"})
    ],
    "Free deleted files that are held open": [
        ("disk-full", "df and du differ: deleted files still held open", DISK, {"path": "/"})
    ],
    "Remove small old files where inodes run out": [
        ("inodes-low", "disk has few inodes", ("CWAgent", "disk_inodes_free"), {"path": "/"}),
        ("docker-inodes", "no inode left on the disk", ("CWAgent", "disk_inodes_used"), {}),
    ],
    "Restart services that have grown": [
        ("rescue-prod-memory-high", "over 90 %", MEMORY, {}),
        ("app-1 mem_used_percent", "", MEMORY, {}),
    ],
    "Start again what ran out of memory": [
        ("memory-oom-kill", "Out of memory: Killed process 812 (mysqld)", MEMORY, "memory")
    ],
    "Empty the swap": [("swap-used", "swap over 80 %", ("CWAgent", "swap_used_percent"), {})],
    "Tell who uses the memory": [("host-7 [WARN]", "pages to and fro", MEMORY, {})],
    "Tell who uses the processors": [
        ("rescue-prod-cpu", "over 90 %", ("AWS/EC2", "CPUUtilization"), {})
    ],
    "Tell whose dead children pile up": [
        ("zombies", "processes_zombies over 50", ("CWAgent", "processes_zombies"), "processes")
    ],
    "Start failed units": [("systemd-failed-units", "myapp.service has failed", OWN, "systemd")],
    "Start PHP-FPM": [("php-fpm-down", "no php-fpm", PIDS, {"exe": "php-fpm"})],
    "Free the workers of PHP-FPM": [
        ("php-fpm-pool", "server reached pm.max_children setting (50)", OWN, {})
    ],
    "Start PostgreSQL": [("postgresql-down", "no postgres", PIDS, {"exe": "postgres"})],
    "Start memcached": [("memcached-down", "no memcached", PIDS, {"exe": "memcached"})],
    "Start RabbitMQ": [("rabbitmq-down", "no beam.smp", PIDS, "rabbitmq")],
    "Start HAProxy": [("haproxy-down", "no haproxy", PIDS, {"exe": "haproxy"})],
    "Start cron": [("crond-down", "no crond", PIDS, {"exe": "crond"})],
    "Start rsyslog": [("rsyslogd-down", "no rsyslogd", PIDS, {"exe": "rsyslogd"})],
    "Start the CloudWatch agent": [
        ("agent-down", "not running", PIDS, {"exe": "amazon-cloudwatch-agent"})
    ],
    "Start the SSM agent": [("ssm-down", "not running", PIDS, {"exe": "amazon-ssm-agent"})],
}


def message(
    name: str, description: str, metric: tuple[str, str], where: dict[str, str] | str
) -> dict[str, Any]:
    """The alarm as EventBridge hands it on."""
    event = load("alarm_metric")
    detail = event["detail"]
    detail["alarmName"], detail["configuration"]["description"] = name, description
    watched = detail["configuration"]["metrics"][0]["metricStat"]["metric"]
    watched["namespace"], watched["name"] = metric
    watched["dimensions"] = {"InstanceId": "i-0123456789abcdef0"}
    if isinstance(where, str):
        detail["alarmTags"] = {"rescue:service": where}
    else:
        watched["dimensions"] |= where
    return json.loads(json.dumps(event))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("title", "alarm"), [(title, alarm) for title, alarms in ALARMS.items() for alarm in alarms]
)
def test_an_alarm_leads_to_the_runbook_of_its_trouble(title: str, alarm: Any) -> None:
    event = read(message(*alarm))
    found = Index(CANDIDATES).look_up(event.service_type, event.event_message)
    # One in mode shadow would come first, too, if it were trusted.
    first = found.matched[0].candidate.title if found.matched else None
    assert first == title, (event.service_type, found.words)


def test_every_runbook_has_an_alarm_that_leads_to_it() -> None:
    assert set(ALARMS) == {item["title"] for item in RUNBOOKS}


def test_an_alarm_about_a_trouble_of_another_kind_leads_nowhere() -> None:
    for service, words in (
        ("mysql", "mysql-backup-late: the dump is two days old. Threshold Crossed"),
        ("nginx", "requests-low: fewer requests than usual"),
        ("redis", "redis-hit-rate: below 80 %"),
        ("docker", "docker-image-old: base image of last year"),
    ):
        winner = Index(CANDIDATES).look_up(service, words).winner
        # The word of the service alone may lead to what only starts what is down.
        assert winner is None or winner.title.startswith("Start ")


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda item: item["title"])
def test_a_runbook_is_complete_and_names_a_state_that_exists(runbook: dict[str, Any]) -> None:
    assert runbook["description"].strip()
    assert not runbook["error_pattern"] or patterns.problems_of(runbook["error_pattern"]) is None
    if runbook["solution_kind"] == "state":
        state = runbook["solution_script"].strip().removeprefix("rescue.")
        assert (STATES / f"{state}.sls").is_file()
    services = {item["target_service"] for item in COMMANDS if item["command_type"] == "status"}
    assert runbook["service_type"] in services


# These start what is down, read, or free what the pillar gives free. Of those that restart what
# hangs only web servers are among them: one that serves nobody has no session to lose.
STARTERS = {"mysql", "apache", "nginx", "start", "sshd", "needs", "containers", "units"}
HARMLESS = STARTERS | {"configuration", "disk_full"}
DEEDS = r"\b(prune|swapoff|makestep|kill|systemctl|delete|stop|restart|config set|PURGE)\s"


@pytest.mark.parametrize(
    "runbook",
    [item for item in RUNBOOKS if item["mode"] == "auto" and item["service_type"] != "web"],
    ids=lambda item: item["title"],
)
def test_what_runs_by_itself_only_starts_reads_or_frees_what_is_given_free(
    runbook: dict[str, Any],
) -> None:
    solution = runbook["solution_script"]
    if runbook["solution_kind"] == "state":
        assert solution.strip().removeprefix("rescue.") in HARMLESS
    elif runbook["solution_kind"] == "sls":
        assert {key for state in yaml.safe_load(solution).values() for key in state} <= {
            "service.running",
            "cmd.run",
        }
    else:
        told = re.sub(r"#.*|echo .*|stop-writes\S*", "", solution)
        assert not re.search(DEEDS, told)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_posix_sh_and_knows_nothing_of_the_alarm(name: str) -> None:
    script = SCRIPTS[name]
    for shell in ("sh", "bash"):
        done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
    assert "RESCUE_ARG" not in script and "[[" not in script
    # A text that a state imports is rendered with it.
    assert not name.endswith(".sh") or not re.search(r"\{[{%#]", script)
    assert not re.search(r"\brm\b|\beval\b|\bkill -(9|KILL)\b", script)


def test_every_service_can_be_checked_and_restarted_and_tells_its_logs() -> None:
    kinds: dict[str, set[str]] = {}
    for item in COMMANDS:
        kinds.setdefault(item["target_service"], set()).add(item["command_type"])
    machine = {"disk", "memory", "cpu", "processes", "systemd", "tls"}
    for service in {item["service_type"] for item in RUNBOOKS}:
        wanted = {"status", "log_check"} | (set() if service in machine else {"restart"})
        assert wanted <= kinds[service] or service == "web", service


def test_the_page_about_the_starter_names_every_runbook_with_its_mode() -> None:
    page = (REPOSITORY / "docs" / "starter.md").read_text()
    for item in RUNBOOKS:
        rows = [line for line in page.splitlines() if f"| {item['title']} |" in line]
        assert len(rows) == 1, item["title"]
        assert f"| {item['service_type']} |" in rows[0] and f"| {item['mode']} |" in rows[0]
