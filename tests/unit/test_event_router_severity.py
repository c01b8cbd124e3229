"""The router's severity of an event is the library's, for every shape and for any alarm."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from lambdas import severities
from lambdas.event_router import event, severity
from rescuebot.errors import Unreadable
from rescuebot.events.parse import parse
from rescuebot.events.reported import ReportedEvent
from rescuebot.settings import IntakeSettings

SHAPES = Path(__file__).parents[1] / "shapes"
SAMPLES = sorted(SHAPES.glob("*.json"))
ARRIVED = datetime(2026, 11, 22, 2, tzinfo=UTC)

# Pieces of names that rules look for, and what may stand between them and beside them.
WORDS = (
    "fatal crit critical warn warning info mysql mysqld mariadb nginx php-fpm redis cwagent down "
    "is process processes not_running dead missing unhealthy unreachable connection refused disk "
    "full space memory high oom cpu used TargetTracking- customer prod API"
).split()
BETWEEN = ["-", "_", " ", ".", "/", "", ":", "[", "]", ")", "\n", "정보", "é", "\u212a", "\u017f"]
METRICS = (
    "procstat_lookup_pid_count procstat_pid_count procstat_cpu_usage StatusCheckFailed_System "
    "CPUUtilization cpu_usage_idle mem_used_percent swap_free FreeableMemory disk_used_percent "
    "processes_zombies DaysToExpiry tls_certificate_expiry_days FreeStorageSpace HealthyHostCount "
    "HTTPCode_Target_5XX_Count TargetConnectionErrorCount OrdersAccepted"
).split()
LETTERS = 10_000
NAMESPACES = ["CWAgent", "AWS/EC2", "AWS/RDS", "AWS/ApplicationELB", "Shop", ""]
DIMENSIONS = ["InstanceId", "DBInstanceIdentifier", "host", "exe", "path"]

names = st.lists(st.sampled_from([*WORDS, *BETWEEN]), min_size=1, max_size=8).map("".join)
tags = st.dictionaries(
    st.sampled_from(["rescue:severity", "rescue:type", "rescue:service", "Name"]),
    st.sampled_from(["fatal", " Info ", "loud", "process_down", "disk_full", "Not A Type", ""]),
)


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any]:
    """An entry of an alarm's metrics: a series, a query over many, or metric math."""
    metric, namespace = draw(st.sampled_from(METRICS)), draw(st.sampled_from(NAMESPACES))
    dimension = draw(st.sampled_from(DIMENSIONS))
    kind = draw(st.sampled_from(["series", "query", "quoted", "math"]))
    if kind == "series":
        named = {"name": metric, "namespace": namespace, "dimensions": {dimension: "x-1"}}
        return {"metricStat": {"metric": named, "period": 60}}
    if kind == "math":
        return {"expression": "m1 / m2"}
    quote, space = ('"', " ") if kind == "quoted" else ("", "")
    return {
        "expression": f"select MIN({space}{quote}{metric}{quote}{space}) FROM "
        f"SCHEMA( \"{namespace}\", {dimension}) WHERE {dimension} = 'x-1' OR a.b='c'"
    }


@st.composite
def alarms(draw: st.DrawFn) -> dict[str, Any]:
    state = draw(st.sampled_from(["ALARM", "ALARM", "ALARM", "OK", "INSUFFICIENT_DATA"]))
    return {
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": draw(
            st.sampled_from(
                ["CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change"]
            )
        ),
        "source": "aws.cloudwatch",
        "time": "2026-11-22T01:04:40Z",
        "detail": {
            "alarmName": draw(names.filter(str.strip)),
            "alarmTags": draw(tags),
            "state": {"value": state, "timestamp": "2026-11-22T01:04:40.989+0000"},
            "configuration": {"metrics": draw(st.lists(queries(), max_size=3))},
        },
    }


def library(body: str) -> ReportedEvent:
    return parse(body=body, fallback_id="sqs-1", received_at=ARRIVED, settings=IntakeSettings())


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_shape_has_the_severity_the_server_and_the_id_that_the_library_reads(
    path: Path,
) -> None:
    body = path.read_text(encoding="utf-8")
    routed, read = event.read(json.loads(body)), library(body)
    assert routed.severity == read.severity
    assert routed.server == read.server_id
    if read.message_id != "sqs-1":
        assert routed.key == read.message_id


@given(alarms())
def test_any_alarm_has_the_severity_that_the_library_gives_it(alarm: dict[str, Any]) -> None:
    assert event.read(alarm).severity == library(json.dumps(alarm)).severity


@pytest.mark.parametrize(
    "said", [{}, {"severity": "fatal"}, {"type": "disk_full"}, {"type": "a b"}]
)
@pytest.mark.parametrize(
    "name",
    [
        "TargetTracking-table/rescue",
        "  TargetTracking-table/rescue ",
        "mysql-down-warning-fatal",
        "정보 info: mysql is down",
        "info: mysql is down",
        "customer-info-api-down",
    ],
)
def test_a_name_and_tags_that_disagree_are_weighed_as_the_library_weighs_them(
    name: str, said: dict[str, str]
) -> None:
    told = json.loads((SHAPES / "alarm_metric.json").read_text())
    told["detail"]["alarmName"] = name
    told["detail"]["alarmTags"] = {f"rescue:{key}": value for key, value in said.items()}
    for metric in ("OrdersAccepted", "procstat_lookup_pid_count"):
        series = told["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]
        series["name"] = metric
        assert event.read(told).severity == library(json.dumps(told)).severity


@given(
    st.sampled_from([*severities.aws_events.RDS_EVENTS, "RDS-EVENT-9999", ""]),
    st.lists(st.sampled_from(["failover", "failure", "low storage", "availability", "backup"])),
    st.sampled_from(["Failover complete", "DB instance shutdown", "restarted", "Nothing"]),
)
def test_any_event_of_a_database_has_the_severity_that_the_library_gives_it(
    number: str, categories: list[str], words: str
) -> None:
    told = json.loads((SHAPES / "rds_instance_event.json").read_text())
    told["detail"] |= {"EventID": number, "EventCategories": categories, "Message": words}
    assert event.read(told).severity == library(json.dumps(told)).severity


@pytest.mark.parametrize("state", [*severities.aws_events.INSTANCE_STATES, "hibernating"])
def test_any_state_of_an_instance_has_the_severity_that_the_library_gives_it(state: str) -> None:
    told = json.loads((SHAPES / "ec2_state_change.json").read_text())
    told["detail"]["state"] = state
    assert event.read(told).severity == library(json.dumps(told)).severity


def test_the_file_of_severities_says_what_the_library_says() -> None:
    assert severities.PAGE.read_text() == severities.written(), "run: python -m lambdas.severities"


def test_each_pattern_of_the_file_is_one_of_re2_too_and_means_the_same_to_python() -> None:
    options = re2.Options()
    options.case_sensitive = False
    for rule in severity.KNOWN["rules"]:
        for name in {"alarm", "metric", "namespace"} & rule.keys():
            theirs, ours = re2.compile(rule[name], options), dict(_clauses(rule))[name]
            for text in [*WORDS, *METRICS, *NAMESPACES, "[info]", "\u212a", "정보 info: x"]:
                assert bool(theirs.search(text)) == bool(ours.search(text)), (rule[name], text)


def _clauses(rule: dict[str, str]) -> Any:
    return next(clauses for clauses, known in severity._RULES if known is rule)


@pytest.mark.parametrize("path", sorted((SHAPES / "poison").iterdir()), ids=lambda path: path.name)
def test_what_the_library_cannot_read_has_a_severity_all_the_same(path: Path) -> None:
    body = path.read_bytes().decode("utf-8", "replace")
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return
    if not isinstance(given, dict):
        return
    routed = event.read(given)
    assert routed.severity in severity.KNOWN["severities"] and routed.title
    try:
        assert routed.severity == library(body).severity
    except Unreadable:
        assert routed.severity in (severity.OTHERWISE, severity.GOOD, "critical")


def test_a_query_that_is_made_to_be_slow_is_read_all_the_same() -> None:
    """Backtracking would take hours for some of them; that it ends is the test."""
    told = json.loads((SHAPES / "alarm_contributor.json").read_text())
    for bad in ("SELECT a(", "SELECT a(" + " ", "a", "a ", "FROM SCHEMA( ", "SELECT a(b "):
        query = ("SELECT MIN(x) " + bad * LETTERS)[:LETTERS]
        told["detail"]["configuration"]["metrics"] = [
            {"expression": query},
            {"expression": ("SELECT a(" + bad[-1] * LETTERS)[:LETTERS]},
        ]
        assert event.read(told).severity
