"""Every shape that AWS sends is read as what it is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rescuebot.events.parse import parse
from rescuebot.events.reported import ReportedEvent
from rescuebot.settings import IntakeSettings

SHAPES = Path(__file__).parents[1] / "shapes"
ARRIVED = datetime(2026, 11, 22, 2, tzinfo=UTC)
HOST = "i-0123456789abcdef0"

# shape: (source, type, severity, server, service)
EXPECTED = {
    "alarm_composite": ("CloudWatch", "service_unhealthy", "warning", "", ""),
    "alarm_composite_ok": ("CloudWatch", "service_unhealthy", "info", "", ""),
    "alarm_composite_rule_only": ("CloudWatch", "service_unhealthy", "warning", "", ""),
    "alarm_configuration_change": ("EC2", "alarm", "info", HOST, "mysql"),
    "alarm_contributor": ("EC2", "process_down", "critical", HOST, "mysql"),
    "alarm_contributor_ok": ("EC2", "process_down", "info", HOST, "mysql"),
    "alarm_cpu": ("EC2", "cpu_high", "warning", HOST, "cpu"),
    "alarm_disk": ("EC2", "disk_full", "fatal", HOST, "disk"),
    "alarm_insights": ("CloudWatch", "process_down", "critical", "", "mysql"),
    "alarm_math": ("EC2", "alarm", "critical", HOST, ""),
    "alarm_math_two_servers": ("EC2", "alarm", "critical", HOST, ""),
    "alarm_memory": ("EC2", "memory_high", "warning", HOST, "memory"),
    "alarm_metric": ("EC2", "process_down", "critical", HOST, "mysql"),
    "alarm_metric_insufficient": ("EC2", "process_down", "info", HOST, "mysql"),
    "alarm_metric_ok": ("EC2", "process_down", "info", HOST, "mysql"),
    "alarm_on_premises": (
        "CloudWatch",
        "process_down",
        "critical",
        "ip-10-0-1-7.ap-northeast-1.compute.internal",
        "tomcat9",
    ),
    "alarm_rds_cpu": ("RDS", "cpu_high", "warning", "rescue-prod", "rds"),
    "alarm_rds_storage": ("RDS", "db_low_storage", "critical", "rescue-prod", "rds"),
    "alarm_status_check": ("EC2", "instance_unreachable", "critical", HOST, ""),
    "alarm_tags_bad": ("EC2", "process_down", "critical", HOST, "mysql"),
    "alarm_tags_list": ("EC2", "queue_stuck", "fatal", HOST, "orders-api"),
    "alarm_tags_map": ("EC2", "queue_stuck", "fatal", HOST, "orders-api"),
    "alarm_target_group": ("ApplicationELB", "service_unhealthy", "warning", "", ""),
    "alarm_target_tracking": ("EC2", "alarm", "info", "", "cpu"),
    "autoscaling_terminate": ("AutoScaling", "alarm", "info", HOST, ""),
    "custom_source": ("EC2", "process_down", "critical", HOST, "mysql"),
    "ec2_hibernating": ("EC2", "alarm", "info", HOST, ""),
    "ec2_running": ("EC2", "instance_stopped", "info", HOST, ""),
    "ec2_spot_interruption": ("EC2", "alarm", "info", HOST, ""),
    "ec2_state_change": ("EC2", "instance_stopped", "warning", HOST, ""),
    "ec2_terminated": ("EC2", "instance_terminated", "fatal", HOST, ""),
    "lambda_sns_event": ("EC2", "process_down", "critical", HOST, "mysql"),
    "lambda_sqs_event": ("EC2", "process_down", "critical", HOST, "mysql"),
    "lambda_sqs_raw_alarm": ("EC2", "process_down", "critical", HOST, "mysql"),
    "rds_backup": ("RDS", "db_notice", "info", "rescue-prod", "rds"),
    "rds_cluster_failover": ("RDS", "db_failover", "critical", "rescue-aurora", "rds"),
    "rds_instance_event": ("RDS", "db_shutdown", "critical", "rescue-prod", "rds"),
    "rds_low_storage_without_id": ("RDS", "db_low_storage", "critical", "rescue-prod", "rds"),
    "rds_restarted": ("RDS", "db_shutdown", "info", "rescue-prod", "rds"),
    "rds_snapshot": ("RDS", "db_notice", "info", "", "rds"),
    "sns_alarm_ok": ("EC2", "process_down", "info", HOST, "mysql"),
    "sns_composite": ("CloudWatch", "service_unhealthy", "warning", "", ""),
    "sns_event_bridge": ("EC2", "process_down", "critical", HOST, "mysql"),
    "sns_in_sns": ("EC2", "process_down", "critical", HOST, "mysql"),
    "sns_math": ("EC2", "alarm", "warning", HOST, ""),
    "sns_raw_alarm": ("EC2", "process_down", "critical", HOST, "mysql"),
    "sqs_body_sns_alarm": ("EC2", "process_down", "critical", HOST, "mysql"),
}
RECOVERIES = {
    "alarm_composite_ok",
    "alarm_contributor_ok",
    "alarm_metric_ok",
    "ec2_running",
    "rds_restarted",
    "sns_alarm_ok",
}


def read(shape: str) -> ReportedEvent:
    body = (SHAPES / f"{shape}.json").read_text(encoding="utf-8")
    return parse(body=body, fallback_id="sqs-1", received_at=ARRIVED, settings=IntakeSettings())


def test_every_shape_has_an_expectation():
    assert {path.stem for path in SHAPES.glob("*.json")} == set(EXPECTED)


FOR_INFORMATION = {"alarm_metric_insufficient", "alarm_configuration_change", "alarm_insights"}


@pytest.mark.parametrize("shape", EXPECTED)
def test_a_shape_is_read_as_what_it_is(shape):
    event = read(shape)

    said = (event.event_source, event.event_type, event.severity.value)
    assert (*said, event.server_id, event.service_type) == EXPECTED[shape]
    assert event.recovery == (shape in RECOVERIES)
    assert event.for_information == (shape in FOR_INFORMATION)


@pytest.mark.parametrize(
    ("recovered", "alarmed"),
    [
        ("alarm_metric_ok", "alarm_metric"),
        ("alarm_contributor_ok", "alarm_contributor"),
        ("alarm_composite_ok", "alarm_composite"),
        ("sns_alarm_ok", "sqs_body_sns_alarm"),
        ("ec2_running", "ec2_state_change"),
        ("rds_restarted", "rds_instance_event"),
    ],
)
def test_a_recovery_can_be_matched_with_what_it_recovers_from(recovered, alarmed):
    after, before = read(recovered), read(alarmed)

    assert after.recovery and not before.recovery
    for field in ("event_type", "server_id", "service_type", "alarm_name", "event_source"):
        assert getattr(after, field) == getattr(before, field)
    assert after.message_id != before.message_id


@pytest.mark.parametrize(
    ("shape", "children"),
    [
        ("alarm_composite", ("rescue-prod-mysql-down",)),
        ("alarm_composite_ok", ()),
        ("alarm_composite_rule_only", ("rescue-prod-mysql-down", "rescue-prod-memory-high")),
        ("sns_composite", ("rescue-prod-mysql-down",)),
        ("alarm_metric", ()),
    ],
)
def test_a_composite_alarm_names_the_children_that_are_in_alarm(shape, children):
    assert read(shape).children == children


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("alarm_composite", "suppressed the alarm's actions by 'WaitPeriod'"),
        ("alarm_composite", "muted by the rule 'maintenance'"),
        ("alarm_composite_rule_only", "its rule names these"),
        ("alarm_configuration_change", "no incident"),
        ("alarm_metric_insufficient", "lacks data"),
        ("alarm_insights", "contributor events name the servers"),
        ("alarm_math_two_servers", "watches 2 servers"),
        ("alarm_tags_bad", "rescue:severity has a value that is not valid"),
        ("ec2_hibernating", "not known here"),
        ("autoscaling_terminate", "EC2 Instance Terminate Successful"),
    ],
)
def test_what_is_unusual_is_told_in_a_note(shape, words):
    assert any(words in note for note in read(shape).notes)


def test_a_plain_alarm_needs_no_notes():
    assert read("alarm_metric").notes == ()


@pytest.mark.parametrize(
    ("shape", "message_id"),
    [
        ("alarm_metric", "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92"),
        ("sns_event_bridge", "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92"),
        ("lambda_sqs_event", "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92"),
        ("sqs_body_sns_alarm", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"),
        ("sns_in_sns", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"),
        ("lambda_sns_event", "5b000000-0000-4000-8000-000000000006"),
        ("lambda_sqs_raw_alarm", "97e4e804-1188-4528-9327-94f0af040539"),
        ("sns_raw_alarm", "sqs-1"),
    ],
)
def test_a_report_keeps_the_identity_that_its_first_sender_gave_it(shape, message_id):
    assert read(shape).message_id == message_id


@pytest.mark.parametrize(
    ("shape", "moment"),
    [
        ("alarm_metric", "2026-11-22T01:04:40.989000+00:00"),  # its state's timestamp
        ("alarm_configuration_change", "2026-11-22T01:04:40+00:00"),  # not that of its old state
        ("sqs_body_sns_alarm", "2026-11-22T01:04:40.989000+00:00"),
        ("ec2_state_change", "2026-11-22T01:29:54+00:00"),
        ("rds_instance_event", "2026-11-22T01:34:09.293000+00:00"),
    ],
)
def test_an_event_happened_when_its_message_says(shape, moment):
    assert read(shape).event_time.isoformat() == moment


def test_the_message_reads_as_alarm_description_and_reason():
    message = read("sqs_body_sns_alarm").event_message

    assert message == (
        "rescue-prod-mysql-down: mysqld has no process. Threshold Crossed: 2 out of the last "
        "2 datapoints were less than the threshold (1.0)."
    )


def test_the_raw_text_is_what_was_inside_the_envelopes():
    direct = (SHAPES / "alarm_metric.json").read_text(encoding="utf-8")

    assert read("alarm_metric").raw == direct
    assert read("lambda_sqs_event").raw.startswith('{"version": "0", "id": "c4c1c1c9')
    assert read("sns_in_sns").raw.startswith('{"AlarmName": "rescue-prod-mysql-down"')
