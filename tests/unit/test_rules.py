"""What an alarm is about: tags, the operator's rules, the built-in ones, in this order."""

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rescuebot.events.reported import Severity
from rescuebot.events.rules import DEFAULT_RULES, METRICS, SERVICES, Facts, classify
from rescuebot.settings import RuleSettings


def told(*rules, **facts):
    return classify(Facts(**facts), rules=rules)


def test_tags_win_over_rules_and_rules_over_defaults():
    facts = {
        "alarm": "prod-mysql-critical",
        "metric": "procstat_lookup_pid_count",
        "dimensions": {"exe": "mysqld"},
        "tags": {"rescue:service": "tagged"},
    }
    rule = RuleSettings(alarm="prod", service="ruled", type="ruled_type")

    answer = told(rule, **facts)

    assert answer.service == "tagged"  # by the tag, not by the rule
    assert answer.type == "ruled_type"  # by the rule, not by the metric
    assert answer.severity is Severity.CRITICAL  # by the name


def test_the_first_rule_that_says_a_field_wins_for_that_field_alone():
    answer = told(
        RuleSettings(service="first"),
        RuleSettings(service="second", type="second_type"),
        RuleSettings(type="third_type", severity="fatal"),
    )

    assert (answer.service, answer.type, answer.severity) == ("first", "second_type", "fatal")


def test_every_clause_of_a_rule_must_hold():
    rule = RuleSettings(
        source="EC2",
        namespace="^Shop$",
        dimensions={"Tier": "web"},
        tags={"team": "shop"},
        type="x",
    )
    facts = {
        "source": "EC2",
        "namespace": "Shop",
        "dimensions": {"Tier": "web"},
        "tags": {"team": "shop"},
    }

    assert told(rule, **facts).type == "x"
    for name in facts:
        other = facts | {name: {} if isinstance(facts[name], dict) else "other"}
        assert told(rule, **other).type == "alarm", name


def test_patterns_ignore_case_and_search_anywhere():
    rule = RuleSettings(message="OUT of memory", type="oom")

    assert told(rule, message="kernel: Out Of Memory: killed 4711").type == "oom"


def test_a_dimension_that_is_missing_does_not_match_even_an_empty_pattern():
    rule = RuleSettings(dimensions={"Tier": ".*"}, type="x")

    assert told(rule).type == "alarm"
    assert told(rule, dimensions={"Tier": ""}).type == "x"


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("service", "a b"),
        ("service", "../x"),
        ("service", ""),
        ("service", "x" * 51),
        ("type", "a-b"),
        ("type", "_x"),
        ("severity", "urgent"),
        ("severity", ""),
    ],
)
def test_a_bad_tag_is_told_and_does_not_count(tag, value):
    answer = told(tags={f"rescue:{tag}": value})

    assert (answer.service, answer.type, answer.severity) == ("", "alarm", "warning")
    assert answer.notes == (f"The tag rescue:{tag} has a value that is not valid; ignored.",)


def test_a_tag_may_be_written_in_capitals_and_with_spaces_around():
    answer = told(tags={"rescue:service": " MySQL ", "rescue:severity": "Fatal"})

    assert (answer.service, answer.severity) == ("mysql", "fatal")
    assert answer.notes == ()


@pytest.mark.parametrize(
    ("process", "service"),
    [
        ("mysqld", "mysql"),
        ("^mysqld$", "mysql"),
        ("mysqld_safe", "mysql"),
        ("/usr/sbin/mariadbd", "mysql"),
        ("mysqld|mariadbd", "mysql"),
        ("/run/mysqld/mysqld.pid", "mysql"),
        ("httpd", "apache"),
        ("apache2", "apache"),
        ("nginx", "nginx"),
        ("redis-server", "redis"),
        ("dockerd", "docker"),
        ("sshd", "sshd"),
        ("chronyd", "chrony"),
        ("php-fpm8.2", "php-fpm"),
    ],
)
def test_a_process_tells_its_service(process, service):
    for dimension in ("exe", "process_name", "pattern", "pid_file", "pidfile"):
        assert told(dimensions={dimension: process}).service == service


@pytest.mark.parametrize(
    ("process", "service"),
    [
        ("mysqld_exporter", "mysqld_exporter"),
        ("nginx-prometheus-exporter", "nginx-prometheus-exporter"),
        ("^/opt/shop/bin/orders$", "orders"),
        ("java", "java"),
        ("$(reboot)", ""),
        ("a b", ""),
        ("", ""),
        ("x" * 60, ""),
    ],
)
def test_a_process_that_no_rule_knows_is_its_own_service_if_it_is_a_word(process, service):
    assert told(dimensions={"exe": process}).service == service


@pytest.mark.parametrize(
    ("metric", "namespace", "type_"),
    [
        ("procstat_lookup_pid_count", "CWAgent", "process_down"),
        ("StatusCheckFailed", "AWS/EC2", "instance_unreachable"),
        ("StatusCheckFailed_System", "AWS/EC2", "instance_unreachable"),
        ("StatusCheckFailed", "Shop", "alarm"),
        ("CPUUtilization", "AWS/EC2", "cpu_high"),
        ("cpu_usage_idle", "CWAgent", "cpu_high"),
        ("mem_used_percent", "CWAgent", "memory_high"),
        ("disk_used_percent", "CWAgent", "disk_full"),
        ("disk_inodes_free", "CWAgent", "disk_full"),
        ("diskio_reads", "CWAgent", "alarm"),
        ("FreeStorageSpace", "AWS/RDS", "db_low_storage"),
        ("HealthyHostCount", "AWS/ApplicationELB", "service_unhealthy"),
        ("HTTPCode_Target_5XX_Count", "AWS/ApplicationELB", "service_unhealthy"),
        ("TargetConnectionErrorCount", "AWS/ApplicationELB", "connection_failed"),
        ("DatabaseConnections", "AWS/RDS", "alarm"),
    ],
)
def test_a_metric_tells_the_type(metric, namespace, type_):
    assert told(metric=metric, namespace=namespace).type == type_


@pytest.mark.parametrize(
    ("alarm", "type_", "service"),
    [
        ("prod-mysql-down", "process_down", "mysql"),
        ("MariaDB is down", "process_down", "mysql"),
        ("prod_nginx_process_missing", "process_down", "nginx"),
        ("redis-connections-refused", "connection_failed", "redis"),
        ("prod-host-unhealthy", "service_unhealthy", ""),
        ("scale-down-web", "alarm", ""),
        ("nginxy-thing", "alarm", ""),
    ],
)
def test_the_name_of_an_alarm_tells_what_its_metric_does_not(alarm, type_, service):
    answer = told(alarm=alarm)

    assert (answer.type, answer.service) == (type_, service)


def test_a_metric_is_believed_before_a_name():
    answer = told(alarm="mysql-disk-full", metric="CPUUtilization", namespace="AWS/EC2")

    assert (answer.type, answer.service) == ("cpu_high", "cpu")


@pytest.mark.parametrize("facts", [{"source": "RDS"}, {"namespace": "AWS/RDS"}])
def test_a_database_of_aws_is_never_taken_for_a_mysql_on_a_server(facts):
    assert told(alarm="prod-mysql-down", **facts).service == "rds"


def test_the_alarms_of_auto_scaling_are_information():
    answer = told(
        alarm="TargetTracking-web-AlarmLow-0a1b", metric="CPUUtilization", namespace="AWS/EC2"
    )

    assert (answer.type, answer.severity) == ("alarm", "info")


@pytest.mark.parametrize(
    ("alarm", "severity"),
    [
        ("web [FATAL]", "fatal"),
        ("web-critical", "critical"),
        ("Critical: web", "critical"),
        ("web_warn", "warning"),
        ("web-warning-cpu", "warning"),
        ("web-info", "info"),
        ("[info] web", "info"),
        ("customer-info-api", "critical"),
        ("noncritical-web", "critical"),
        ("information", "critical"),
    ],
)
def test_a_severity_in_the_name_counts_as_a_word_only(alarm, severity):
    # process_down alone is critical, so "critical" also stands for "the name says nothing".
    assert told(alarm=alarm, metric="procstat_lookup_pid_count").severity == severity


@pytest.mark.parametrize(
    ("type_", "severity"),
    [
        ("process_down", "critical"),
        ("connection_failed", "critical"),
        ("disk_full", "critical"),
        ("db_shutdown", "critical"),
        ("db_failover", "critical"),
        ("db_failure", "critical"),
        ("db_low_storage", "critical"),
        ("db_notice", "info"),
        ("instance_terminated", "fatal"),
        ("instance_stopped", "warning"),
        ("cpu_high", "warning"),
        ("alarm", "warning"),
        ("something_of_the_operator", "warning"),
    ],
)
def test_a_type_has_a_severity_where_nothing_else_says_one(type_, severity):
    assert told(presumed_type=type_).severity == severity


def test_what_a_message_suggests_gives_way_to_a_rule():
    suggested = {"presumed_type": "db_notice", "presumed_severity": Severity.INFO}
    rule = RuleSettings(source="RDS", type="mine", severity="critical")

    assert told(source="RDS", **suggested).severity == "info"
    answer = told(rule, source="RDS", **suggested)
    assert (answer.type, answer.severity) == ("mine", "critical")


def test_the_built_in_tables_are_all_in_use():
    assert {rule.service for rule in DEFAULT_RULES if rule.service} >= set(SERVICES)
    assert {rule.type for rule in DEFAULT_RULES if rule.type} >= {row[2] for row in METRICS}


def test_a_pattern_that_would_ruin_a_backtracking_matcher_is_answered():
    rule = RuleSettings(message=r"(a*)*(b|a+)*c", type="x")

    assert told(rule, message="a" * 60_000).type == "alarm"


def test_a_pattern_too_large_without_case_is_told_and_skipped():
    pattern = r"\pL{500}"
    with pytest.raises(re2.error):
        options = re2.Options()
        options.log_errors = False
        re2.compile(pattern, options)
    rule = RuleSettings.model_construct(message=pattern, dimensions={}, tags={}, type="x")

    answer = told(rule, RuleSettings(service="kept"))

    assert (answer.type, answer.service) == ("alarm", "kept")
    assert any(pattern in note for note in answer.notes)


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.text(max_size=60))
def test_any_pattern_that_the_settings_take_can_be_matched_with_any_text(pattern, text):
    try:
        rule = RuleSettings(message=pattern, dimensions={"d": pattern}, service="x")
    except ValidationError:
        return

    assert told(rule, message=text, dimensions={"d": text}).service in ("", "x")
