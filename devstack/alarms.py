"""Alarms as AWS sends them, for the demo, the tests and the benchmarks.

The shapes are those of real messages: timestamps end in ``+0000``, `reasonData` is JSON inside of
a string, EventBridge gives dimensions as a map and SNS as a list.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from devstack.place import ACCOUNT, REGION
from rescuebot import clock

_WELL_KNOWN = ("mysqld", "mariadbd")
_METRIC = "procstat_lookup_pid_count"
_DOWN = "Threshold Crossed: 2 out of the last 2 datapoints [0.0 ({0}), 0.0 ({1})] were less than"
_CAME_BACK = "Threshold Crossed: 1 datapoint [1.0 ({0})] was not less than the threshold (1.0)."


def process_down(
    server_id: str,
    exe: str = "mysqld",
    *,
    service: str | None = None,
    state: str = "ALARM",
    event_id: str | None = None,
    time: datetime | None = None,
    alarm_name: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A metric alarm of the CloudWatch agent on one instance: no process of this name.

    `service` is said by a tag of the alarm where the process alone does not tell it.
    """
    at = time or clock.now()
    name = alarm_name or f"rescue-demo-{exe}-down"
    dimensions = {"InstanceId": server_id, "exe": exe, "pid_finder": "native"}
    detail = {
        "alarmName": name,
        "configuration": {
            "description": f"{exe} has no process",
            "metrics": [_metric(dimensions)],
        },
        "previousState": _state("OK" if state == "ALARM" else "ALARM", at - timedelta(minutes=5)),
        "state": _state(state, at),
    }
    said = dict(tags or {}) | ({"rescue:service": service} if service else {})
    if said:
        detail["alarmTags"] = said
    return _event("CloudWatch Alarm State Change", name, detail, event_id=event_id, at=at)


def service_down(
    server_id: str, service: str, process: str, *, state: str = "ALARM"
) -> dict[str, Any]:
    """The alarm that belongs to a service of the world, by the process that it runs as."""
    # The names of well-known processes tell the service; for ours the alarm's owner tags it.
    told = None if process in _WELL_KNOWN else service
    return process_down(server_id, process, service=told, state=state)


def contributor(
    server_id: str,
    exe: str = "mysqld",
    *,
    state: str = "ALARM",
    event_id: str | None = None,
    time: datetime | None = None,
    alarm_name: str | None = None,
) -> dict[str, Any]:
    """One instance of an alarm over a whole fleet, as an Auto Scaling group needs it."""
    at = time or clock.now()
    name = alarm_name or f"rescue-demo-{exe}-down-fleet"
    query = (
        f'SELECT MIN({_METRIC}) FROM SCHEMA("CWAgent", InstanceId, exe, pid_finder) '
        f"WHERE exe = '{exe}' GROUP BY InstanceId"
    )
    told = _state(state, at)
    detail = {
        "alarmName": name,
        "alarmContributor": {
            "id": uuid.uuid4().hex[:16],
            "attributes": {"InstanceId": server_id},
        },
        # A contributor's state comes without reasonData.
        "state": {key: told[key] for key in ("value", "reason", "timestamp")},
        "configuration": {
            "metrics": [{"id": "q1", "expression": query, "returnData": True, "period": 60}],
            "description": f"{exe} has no process (any instance)",
        },
    }
    kind = "CloudWatch Alarm Contributor State Change"
    return _event(kind, name, detail, event_id=event_id, at=at)


def sns_wrapped(message: Mapping[str, Any], *, subject: str | None = None) -> dict[str, Any]:
    """`message` as it arrives through an SNS topic without raw delivery."""
    return {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:rescue-alarms",
        "Subject": subject,
        "Message": json.dumps(dict(message)),
        "Timestamp": clock.isoformat(clock.now()),
        "SignatureVersion": "1",
        "Signature": "EXAMPLE==",
        "SigningCertURL": f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService-0.pem",
        "UnsubscribeURL": f"https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe",
    }


def sns_alarm(
    server_id: str,
    exe: str = "mysqld",
    *,
    state: str = "ALARM",
    time: datetime | None = None,
    alarm_name: str | None = None,
) -> dict[str, Any]:
    """The alarm that CloudWatch itself sends to SNS, in its envelope."""
    at = time or clock.now()
    name = alarm_name or f"rescue-demo-{exe}-down"
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:rescue-alarms"
    message = {
        "AlarmName": name,
        "AlarmDescription": f"{exe} has no process",
        "AWSAccountId": ACCOUNT,
        "AlarmConfigurationUpdatedTimestamp": _timestamp(at - timedelta(days=20)),
        "NewStateValue": state,
        "NewStateReason": _state(state, at)["reason"],
        "StateChangeTime": _timestamp(at),
        "Region": "Asia Pacific (Tokyo)",
        "AlarmArn": _arn(name),
        "OldStateValue": "OK" if state == "ALARM" else "ALARM",
        "OKActions": [topic],
        "AlarmActions": [topic],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": _METRIC,
            "Namespace": "CWAgent",
            "StatisticType": "Statistic",
            "Statistic": "MINIMUM",
            "Unit": None,
            "Dimensions": [
                {"value": server_id, "name": "InstanceId"},
                {"value": exe, "name": "exe"},
                {"value": "native", "name": "pid_finder"},
            ],
            "Period": 60,
            "EvaluationPeriods": 2,
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 1.0,
            "TreatMissingData": "breaching",
            "EvaluateLowSampleCountPercentile": "",
        },
    }
    return sns_wrapped(message, subject=f'{state}: "{name}" in Asia Pacific (Tokyo)')


def _event(
    kind: str, name: str, detail: Mapping[str, Any], *, event_id: str | None, at: datetime
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": event_id or str(uuid.uuid4()),
        "detail-type": kind,
        "source": "aws.cloudwatch",
        "account": ACCOUNT,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [_arn(name)],
        "detail": dict(detail),
    }


def _metric(dimensions: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "metricStat": {
            "metric": {
                "dimensions": dict(dimensions),
                "name": _METRIC,
                "namespace": "CWAgent",
            },
            "period": 60,
            "stat": "Minimum",
        },
        "returnData": True,
    }


def _state(value: str, at: datetime) -> dict[str, Any]:
    down = value == "ALARM"
    minutes = [f"{at - timedelta(minutes=ago):%d/%m/%y %H:%M:00}" for ago in (1, 2)]
    words = (
        f"{_DOWN.format(*minutes)} the threshold (1.0) "
        "(minimum 2 datapoints for OK -> ALARM transition)."
        if down
        else _CAME_BACK.format(*minutes)
    )
    data = {
        "version": "1.0",
        "queryDate": _timestamp(at),
        "startDate": _timestamp(at - timedelta(minutes=2)),
        "statistic": "Minimum",
        "period": 60,
        "recentDatapoints": [0.0, 0.0] if down else [1.0],
        "threshold": 1.0,
    }
    return {
        "reason": words,
        "reasonData": json.dumps(data, separators=(",", ":")),
        "timestamp": _timestamp(at),
        "value": value,
    }


def _timestamp(at: datetime) -> str:
    return clock.isoformat(at).replace("Z", "+0000")


def _arn(name: str) -> str:
    return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
