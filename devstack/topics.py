"""SNS topics and EventBridge rules of the emulator, and the functions that they call.

A topic's name ends in its severity, which is how a function knows it where a message does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from devstack.emulator import Emulator
from devstack.lambdas import DeployedLambda
from devstack.queues import Queue

SEVERITIES = ("info", "warning", "critical", "fatal")


class Topics:
    """One topic for each severity."""

    def __init__(self, emulator: Emulator, *, name: str = "rescue") -> None:
        self._client = emulator.client("sns")
        self.arns: dict[str, str] = {
            severity: str(self._client.create_topic(Name=f"{name}-{severity}")["TopicArn"])
            for severity in SEVERITIES
        }

    def subscribe(self, function: DeployedLambda) -> None:
        """Have a function called with what is published to any of them."""
        for arn in self.arns.values():
            self._client.subscribe(TopicArn=arn, Protocol="lambda", Endpoint=function.arn)

    def collect(self, emulator: Emulator, queue: Queue) -> None:
        """Have what is published put into a queue as well, as e-mail would get it."""
        for arn in self.arns.values():
            self._client.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=arn_of(emulator, queue))

    def publish(self, severity: str, message: str, *, subject: str = "") -> str:
        """Publish a text as somebody else would; the id that SNS gave it."""
        named = {"Subject": subject} if subject else {}
        told = self._client.publish(TopicArn=self.arns[severity], Message=message, **named)
        return str(told["MessageId"])


def route(
    emulator: Emulator, *, name: str, pattern: Mapping[str, Any], targets: Sequence[str]
) -> None:
    """A rule of EventBridge: events of this pattern go to these functions and queues, by ARN."""
    client = emulator.client("events")
    client.put_rule(Name=name, EventPattern=json.dumps(dict(pattern)))
    named = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    client.put_targets(Rule=name, Targets=named)


def put_event(emulator: Emulator, event: Mapping[str, Any], *, source: str) -> str:
    """Put an event on the bus as `source`, for AWS keeps its own; the id that it was given."""
    entry = {
        "Source": source,
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": event.get("resources", []),
    }
    answer = emulator.client("events").put_events(Entries=[entry])
    return str(answer["Entries"][0]["EventId"])


def arn_of(emulator: Emulator, queue: Queue) -> str:
    """The ARN of a queue."""
    answer = emulator.client("sqs").get_queue_attributes(
        QueueUrl=queue.url, AttributeNames=["QueueArn"]
    )
    return str(answer["Attributes"]["QueueArn"])
