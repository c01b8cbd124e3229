"""What each kind of message means: alarms and their recoveries, EC2, RDS, composites, queries."""

import pytest

from rescuebot.events.reported import Severity
from rescuebot.settings import IntakeSettings, RuleSettings
from tests.reading import alarm, load, read

# -- states and kinds -------------------------------------------------------------------------


def test_an_operators_rule_cannot_part_an_alarm_from_its_recovery():
    rules = [RuleSettings(message="were less than", service="other", type="other_type")]
    settings = IntakeSettings(rules=rules)

    before = read(load("alarm_metric"), settings=settings)
    after = read(load("alarm_metric_ok"), settings=settings)

    assert (before.event_type, before.service_type) == (after.event_type, after.service_type)


def test_a_recovery_and_a_lack_of_data_are_never_severe():
    tags = {"rescue:severity": "fatal"}
    for shape in ("alarm_metric_ok", "alarm_metric_insufficient"):
        event = load(shape)
        event["detail"]["alarmTags"] = tags
        assert read(event).severity is Severity.INFO
    assert read(alarm(alarmTags=tags)).severity is Severity.FATAL


@pytest.mark.parametrize(
    ("state", "type_", "recovery"),
    [
        ("pending", "instance_stopped", True),
        ("running", "instance_stopped", True),
        ("stopping", "instance_stopped", False),
        ("stopped", "instance_stopped", False),
        ("shutting-down", "instance_stopped", False),
        ("terminated", "instance_terminated", False),
    ],
)
def test_each_state_of_an_instance_is_known(state, type_, recovery):
    event = load("ec2_state_change")
    event["detail"]["state"] = state

    told = read(event)

    assert (told.event_type, told.recovery) == (type_, recovery)
    assert told.event_message == f"EC2 instance i-0123456789abcdef0 is {state}."


@pytest.mark.parametrize(
    ("number", "categories", "message", "type_", "recovery"),
    [
        ("RDS-EVENT-0004", ["availability"], "DB instance shutdown", "db_shutdown", False),
        ("RDS-EVENT-0088", ["notification"], "DB instance started", "db_shutdown", True),
        ("RDS-EVENT-0049", ["failover"], "Failover completed", "db_failover", True),
        ("RDS-EVENT-0013", ["failover"], "Failover started", "db_failover", False),
        ("RDS-EVENT-0031", ["failure"], "Put into state failed", "db_failure", False),
        ("RDS-EVENT-0221", ["availability"], "Storage full", "db_low_storage", False),
        ("RDS-EVENT-0219", ["failure"], "Will retry later", "db_notice", False),
        (None, ["availability"], "DB instance shutdown", "db_shutdown", False),
        (None, ["availability"], "DB instance restarted", "db_shutdown", True),
        (None, ["failover"], "A Multi-AZ failover has completed.", "db_failover", True),
        (7, "failover", "who knows", "db_notice", False),
    ],
)
def test_an_event_of_a_database_is_told_by_its_number_else_by_its_category(
    number, categories, message, type_, recovery
):
    event = load("rds_instance_event")
    event["detail"] |= {"EventID": number, "EventCategories": categories, "Message": message}

    told = read(event)

    assert (told.event_type, told.recovery) == (type_, recovery)


def test_the_whole_text_of_a_database_event_is_kept():
    event = load("rds_instance_event")
    event["detail"]["Message"] = "Free storage is low. " * 50

    assert read(event).event_message.count("Free storage is low.") == 50


def test_an_event_of_an_unknown_kind_keeps_its_detail_as_it_was():
    event = load("ec2_spot_interruption")
    event["detail"] = {"account": 123456789012, "종류": "경고"}

    told = read(event)

    assert '{"account": 123456789012, "종류": "경고"}' in told.event_message
    assert told.severity is Severity.INFO


def test_a_rule_of_the_operator_can_make_an_unknown_event_matter():
    rules = [RuleSettings(message="Spot Instance Interruption", type="spot_end", severity="fatal")]

    told = read(load("ec2_spot_interruption"), settings=IntakeSettings(rules=rules))

    assert (told.event_type, told.severity) == ("spot_end", Severity.FATAL)


@pytest.mark.parametrize("source", ["rescue/../x", "a b\n*", "", None, 7, "x" * 500, "ソース"])
def test_a_foreign_source_is_fit_to_be_a_part_of_a_tag(source):
    event = load("ec2_spot_interruption") | {"source": source}

    told = read(event).event_source

    assert told and len(told) <= 100
    assert told.replace("-", "").replace(".", "").isalnum() and told.isascii()


# -- composite alarms -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "children"),
    [
        ("ALARM(a) OR ALARM(b)", ("a", "b")),
        ('ALARM("with space") AND ALARM ( b )', ("with space", "b")),
        ("ALARM(arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:a)", ("a",)),
        ("ALARM(a) AND NOT ALARM(b)", ("a",)),
        ("ALARM(a) AND NOT (ALARM(b))", ("a",)),
        ("OK(a) OR INSUFFICIENT_DATA(b)", ()),
        ("ALARM(a) OR ALARM(a)", ("a",)),
        ("TRUE", ()),
        ("ALARM(", ()),
    ],
)
def test_a_composite_that_tells_no_children_is_read_by_its_rule(rule, children):
    event = load("alarm_composite_rule_only")
    event["detail"]["configuration"]["alarmRule"] = rule

    assert read(event).children == children


@pytest.mark.parametrize("data", ["", "{", "[]", '{"triggeringAlarms": 7}', 7, None])
def test_a_bad_reason_data_does_not_hide_the_alarm(data):
    event = load("alarm_composite")
    event["detail"]["state"]["reasonData"] = data

    told = read(event)

    assert told.children == ("rescue-prod-mysql-down", "rescue-prod-memory-high")
    assert told.alarm_name == "rescue-prod-host-unhealthy"


# -- metrics insights -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        'SELECT MIN(procstat_lookup_pid_count) FROM SCHEMA("CWAgent", InstanceId, exe) '
        "WHERE exe = 'mysqld' GROUP BY InstanceId",
        "SELECT MIN(procstat_lookup_pid_count) FROM CWAgent WHERE exe='mysqld' GROUP BY InstanceId",
        'SELECT MIN("procstat_lookup_pid_count") FROM "CWAgent" WHERE "exe" = \'mysqld\' '
        "AND AutoScalingGroupName = 'web' GROUP BY InstanceId ORDER BY MIN() ASC",
    ],
)
def test_a_query_over_the_fleet_tells_metric_and_process(query):
    event = load("alarm_contributor")
    event["detail"]["alarmName"] = "fleet"
    event["detail"]["configuration"]["metrics"][0]["expression"] = query

    told = read(event)

    assert (told.event_source, told.event_type, told.service_type) == (
        "EC2",
        "process_down",
        "mysql",
    )


def test_a_query_over_two_processes_tells_neither():
    event = load("alarm_contributor")
    event["detail"]["alarmName"] = "fleet"
    event["detail"]["configuration"]["metrics"][0]["expression"] = (
        "SELECT MIN(procstat_lookup_pid_count) FROM CWAgent "
        "WHERE exe = 'mysqld' OR exe = 'nginx' GROUP BY InstanceId"
    )

    told = read(event)

    assert (told.event_type, told.service_type) == ("process_down", "")
