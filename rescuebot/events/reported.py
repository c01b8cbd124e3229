"""What one message reports, in the field's own words.

Invariant: a ReportedEvent holds no foreign value that is too long, of a wrong type or unfit to be
stored; whoever reads it need not check it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is, from good to know to dead."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    FATAL = "fatal"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportedEvent:
    """One message of the queue, understood.

    `message_id` is the identity of the report: the `id` of EventBridge, else the MessageId of SNS,
    else that of SQS; at most 100 characters. `event_source` (``EC2``, ``RDS``, ``CloudWatch``; at
    most 100) names the AWS service that it happened in, `event_type` is ``[a-z0-9_]{1,50}``.
    `server_id`, `service_type` and `alarm_name` are "" where the message names none.

    `recovery` says that the alarm returned to OK or the instance runs again; type, service and
    server are then those that the alarm had. `for_information` says that nothing is to
    be done: the alarm lacks data, was only configured, or its contributors report by themselves.
    `children` names the child alarms of a composite alarm that are in ALARM. `notes`
    are sentences for people on what was unusual. `raw` is the JSON text that was understood,
    without its envelopes.
    """

    message_id: str
    event_source: str
    event_type: str
    severity: Severity
    server_id: str
    service_type: str
    event_message: str
    event_time: datetime
    recovery: bool
    for_information: bool = False
    alarm_name: str
    children: tuple[str, ...]
    notes: tuple[str, ...]
    raw: str
