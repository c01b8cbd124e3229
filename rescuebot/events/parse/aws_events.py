"""Events that are no alarms: EC2 instances, RDS databases, and whatever else a rule lets in."""

from __future__ import annotations

import json
from typing import Any

from rescuebot.events.parse.draft import Draft, required
from rescuebot.events.parse.text import block, items, line, source
from rescuebot.events.reported import Severity
from rescuebot.events.rules import Facts

DETAIL_LENGTH = 4_000

# state of an EC2 instance: (type, whether it is a recovery of that type)
INSTANCE_STATES = {
    "stopping": ("instance_stopped", False),
    "stopped": ("instance_stopped", False),
    "shutting-down": ("instance_stopped", False),
    "terminated": ("instance_terminated", False),
    "pending": ("instance_stopped", True),
    "running": ("instance_stopped", True),
}

# RDS event: (type, whether it is a recovery of that type); before the categories below.
RDS_EVENTS = {
    "RDS-EVENT-0004": ("db_shutdown", False),  # DB instance shutdown
    "RDS-EVENT-0087": ("db_shutdown", False),  # stopped
    "RDS-EVENT-0006": ("db_shutdown", True),  # restarted
    "RDS-EVENT-0088": ("db_shutdown", True),  # started
    "RDS-EVENT-0022": ("db_failure", False),  # error restarting mysql
    "RDS-EVENT-0069": ("db_failure", False),  # cluster failover failed
    "RDS-EVENT-0419": ("db_failure", False),  # KMS key out of reach, database inaccessible
    "RDS-EVENT-0420": ("db_failure", True),  # KMS key in reach again
    "RDS-EVENT-0021": ("db_failure", True),  # recovery of the instance is complete
    "RDS-EVENT-0053": ("db_failure", True),  # recovery of the Multi-AZ instance is complete
    "RDS-EVENT-0015": ("db_failover", True),  # failover to standby complete
    "RDS-EVENT-0049": ("db_failover", True),  # failover completed
    "RDS-EVENT-0051": ("db_failover", True),  # activation completed
    "RDS-EVENT-0065": ("db_failover", True),  # recovered from partial failover
    "RDS-EVENT-0071": ("db_failover", True),  # cluster failover completed
    "RDS-EVENT-0034": ("db_notice", False),  # a requested failover was given up
    "RDS-EVENT-0221": ("db_low_storage", False),  # storage full, shut down
    "RDS-EVENT-0222": ("db_low_storage", False),  # free storage is low
    "RDS-EVENT-0330": ("db_low_storage", False),  # log volume, will shut down
    "RDS-EVENT-0331": ("db_low_storage", False),  # log volume is low
    "RDS-EVENT-0219": ("db_notice", False),  # autoscaling retries by itself
    "RDS-EVENT-0220": ("db_notice", False),  # autoscaling cools off
    "RDS-EVENT-0237": ("db_notice", False),  # autoscaling retries by itself
}

# Old events carry no EventID: (category, word in the message, type, recovery).
RDS_CATEGORIES = (
    ("low storage", "", "db_low_storage", False),
    ("failover", "complete", "db_failover", True),
    ("failover", "", "db_failover", False),
    ("failure", "", "db_failure", False),
    ("availability", "shutdown", "db_shutdown", False),
    ("availability", "restarted", "db_shutdown", True),
    ("notification", "instance stopped", "db_shutdown", False),
    ("notification", "instance started", "db_shutdown", True),
)


def ec2_state_change(event: dict[str, Any]) -> Draft:
    """``EC2 Instance State-change Notification``."""
    detail = event["detail"]
    instance = required(detail, "instance-id", path="detail.instance-id")
    state = required(detail, "state", path="detail.state")
    type_, recovery = INSTANCE_STATES.get(state, ("alarm", False))
    known = state in INSTANCE_STATES
    message = f"EC2 instance {instance} is {state}."
    return Draft(
        facts=Facts(
            source="EC2",
            message=message,
            dimensions={"InstanceId": instance},
            presumed_type=type_,
            presumed_severity=None if known else Severity.INFO,
        ),
        message=message,
        server=instance,
        times=(event.get("time"),),
        severity=Severity.INFO if recovery else None,
        recovery=recovery,
        notes=[] if known else ["The instance is in a state that is not known here."],
    )


def rds_event(event: dict[str, Any]) -> Draft:
    """``RDS DB Instance Event`` and ``RDS DB Cluster Event``."""
    detail = event["detail"]
    said = required(detail, "Message", path="detail.Message", limit=DETAIL_LENGTH)
    identifier = required(detail, "SourceIdentifier", path="detail.SourceIdentifier")
    number = line(detail.get("EventID"), 40)
    categories = [line(category, 40) for category in items(detail.get("EventCategories"))[:20]]
    type_, recovery = _kind_of_rds(number, categories, said)
    marks = ", ".join(mark for mark in (number, *categories) if mark)
    # Old samples write the identifier as "rds:name"; alarms name the same database "name".
    server = identifier.removeprefix("rds:")
    message = f"{server}: {said}" + (f" ({marks})" if marks else "")
    return Draft(
        facts=Facts(source="RDS", message=message, presumed_type=type_),
        message=message,
        server=server,
        times=(detail.get("Date"), event.get("time")),
        severity=Severity.INFO if recovery else None,
        recovery=recovery,
    )


def _kind_of_rds(number: str, categories: list[str], message: str) -> tuple[str, bool]:
    if number in RDS_EVENTS:
        return RDS_EVENTS[number]
    for category, word, type_, recovery in RDS_CATEGORIES:
        if category in categories and word in message.lower():
            return type_, recovery
    return "db_notice", False


def other(event: dict[str, Any]) -> Draft:
    """Any other event of EventBridge: information, unless a rule of the operator says more."""
    kind = line(event["detail-type"], 100)
    detail = json.dumps(event["detail"], ensure_ascii=False)[:DETAIL_LENGTH]
    message = block(f"{kind}: {detail}")
    name = source(event.get("source"))
    service = name.removeprefix("aws.")
    known = {"ec2": "EC2", "rds": "RDS", "autoscaling": "AutoScaling", "cloudwatch": "CloudWatch"}
    return Draft(
        facts=Facts(
            source=known.get(service, service),
            message=message,
            presumed_type="db_notice" if service == "rds" else "alarm",
            presumed_severity=Severity.INFO,
        ),
        message=message,
        server=_instance_of(event["detail"]),
        times=(event.get("time"),),
        notes=[f"Nothing is known here about events of type '{kind}'."],
    )


def _instance_of(detail: dict[str, Any]) -> str:
    """The instance that EC2 (``instance-id``) or Auto Scaling (``EC2InstanceId``) speaks of."""
    return line(detail.get("instance-id") or detail.get("EC2InstanceId"))
