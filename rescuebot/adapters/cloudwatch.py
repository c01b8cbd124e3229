"""CloudWatch: ask what an alarm watches. Takes names, gives plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rescuebot.settings import AwsSettings

_MOST = 100  # names that DescribeAlarms takes in one call


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmDescription:
    """What a metric alarm watches, and whether it is in ALARM now."""

    name: str
    in_alarm: bool
    description: str = ""
    namespace: str = ""
    metric: str = ""
    dimensions: dict[str, str] = field(default_factory=dict)


class Alarms:
    """The alarms of one region."""

    def __init__(self, aws: AwsSettings) -> None:
        self._client: Any = boto3.session.Session(region_name=aws.region).client(
            "cloudwatch",
            endpoint_url=aws.endpoint_url,
            config=Config(
                connect_timeout=3,
                read_timeout=5,
                retries={"mode": "standard", "total_max_attempts": 2},
            ),
        )

    def describe(self, names: Sequence[str]) -> list[AlarmDescription]:
        """The metric alarms among `names`; an empty list when CloudWatch does not answer.

        The caller has a second source (past events), so no answer is no error.
        """
        try:
            answer = self._client.describe_alarms(
                AlarmNames=list(names)[:_MOST], AlarmTypes=["MetricAlarm"]
            )
        except (BotoCoreError, ClientError):
            return []
        return [_description(item) for item in answer.get("MetricAlarms", [])]


def _description(item: dict[str, Any]) -> AlarmDescription:
    return AlarmDescription(
        name=item["AlarmName"],
        in_alarm=item.get("StateValue") == "ALARM",
        description=item.get("AlarmDescription") or "",
        namespace=item.get("Namespace") or "",
        metric=item.get("MetricName") or "",
        dimensions={pair["Name"]: pair["Value"] for pair in item.get("Dimensions", [])},
    )
