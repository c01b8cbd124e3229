"""The part of a plan that carries events and notices, made for real in the AWS emulator.

Names, attributes, patterns and targets are those of the plan; nothing is written here anew. The
stand-in's ARNs have another form than AWS's, so each is exchanged for the one that the emulator
gave. What the emulator does not do is left out: policies and keys are not enforced there, and
dead-letter queues of targets are kept as settings only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devstack.emulator import Emulator
from devstack.lambdas import DeployedLambda, runtime_libraries
from devstack.queues import Queue
from lambdas import build
from tests.infra.terraform.plan import Plan, Resource
from tests.infra.terraform.rows import function, targets, variables
from tests.infra.terraform.rows_events import events_queue, topics

# The two that events and notices pass through; the model is asked in tests of its own.
FUNCTIONS = ("event_router", "slack_notifier")

_QUEUE = {
    "VisibilityTimeout": "visibility_timeout_seconds",
    "MessageRetentionPeriod": "message_retention_seconds",
    "ReceiveMessageWaitTimeSeconds": "receive_wait_time_seconds",
    "KmsMasterKeyId": "kms_master_key_id",
}


class Account:
    """Queues, topics, functions and rules of a plan, in the emulator."""

    def __init__(self, emulator: Emulator, plan: Plan, folder: Path) -> None:
        self._emulator, self._plan, self._folder = emulator, plan, folder
        self._arns: dict[str, str] = {}
        self.queues = {one.address: self._queue(one) for one in self._queues()}
        self.queue = self.queues[events_queue(plan).address]
        self._secrets = emulator.client("secretsmanager")
        for one in plan.all("aws_secretsmanager_secret"):
            made = self._secrets.create_secret(Name=one["name"], SecretString="{}")
            self._arns[one["arn"]] = made["ARN"]
        sns = emulator.client("sns")
        for one in plan.all("aws_sns_topic"):
            self._arns[one["arn"]] = sns.create_topic(Name=one["name"])["TopicArn"]
        self.topics = {name: self._arns[one["arn"]] for name, one in topics(plan).items()}
        self.functions = {name: self._function(name) for name in FUNCTIONS}
        self._subscribe(sns)
        self._rules()

    def tell_secret(self, word: str, value: Any) -> None:
        """Give the secret whose name ends in `word` its value, as `put-secret-value` would."""
        (one,) = [
            found
            for found in self._plan.all("aws_secretsmanager_secret")
            if found["name"].endswith(word)
        ]
        text = value if isinstance(value, str) else json.dumps(value)
        self._secrets.put_secret_value(SecretId=one["name"], SecretString=text)

    def put(self, event: Mapping[str, Any], *, source: str) -> str:
        """Put an event on the bus; the id that it was given there."""
        entry = {
            "Source": source,
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "Resources": event.get("resources", []),
        }
        answer = self._emulator.client("events").put_events(Entries=[entry])
        assert not answer["FailedEntryCount"], answer
        return str(answer["Entries"][0]["EventId"])

    def _queues(self) -> list[Resource]:
        # Those that are somebody's dead-letter queue first.
        return sorted(self._plan.all("aws_sqs_queue"), key=lambda one: bool(_redrive(one)))

    def _queue(self, one: Resource) -> Queue:
        client = self._emulator.client("sqs")
        attributes = {
            name: str(one[attribute])
            for name, attribute in _QUEUE.items()
            if one.values.get(attribute) or (one.made or {}).get(attribute)
        }
        if redrive := _redrive(one):
            attributes["RedrivePolicy"] = self._exchanged(redrive)
        url = str(client.create_queue(QueueName=one["name"], Attributes=attributes)["QueueUrl"])
        told = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        self._arns[one["arn"]] = told["Attributes"]["QueueArn"]
        return Queue(client, url)

    def _function(self, name: str) -> DeployedLambda:
        one = function(self._plan, name)
        made = DeployedLambda.deploy(
            self._emulator,
            name=one["function_name"],
            archive=build.build(name, into=self._folder).path,
            handler=one["handler"],
            libraries=runtime_libraries(self._folder / "libraries"),
            environment={key: self._exchanged(text) for key, text in variables(one).items()},
            timeout=one["timeout"],
        )
        self._arns[one["arn"]] = made.arn
        return made

    def _subscribe(self, sns: Any) -> None:
        for one in self._plan.all("aws_sns_topic_subscription", protocol="lambda"):
            sns.subscribe(
                TopicArn=self._arns[one["topic_arn"]],
                Protocol="lambda",
                Endpoint=self._target(one["endpoint"]),
            )

    def _rules(self) -> None:
        client = self._emulator.client("events")
        for rule in self._plan.all("aws_cloudwatch_event_rule"):
            client.put_rule(Name=rule["name"], EventPattern=rule["event_pattern"])
            sent = [
                {
                    "Id": one["target_id"],
                    "Arn": self._target(one["arn"]),
                    "DeadLetterConfig": {"Arn": self._arns[one.block("dead_letter_config")["arn"]]},
                }
                for one in targets(self._plan, rule)
            ]
            answer = client.put_targets(Rule=rule["name"], Targets=sent)
            assert not answer["FailedEntryCount"], answer

    def _target(self, arn: str) -> str:
        """Where a target or subscription leads: a queue, or a function whatever its alias."""
        for made in self.functions.values():
            if f":function:{made.name}" in arn:
                return made.arn
        return self._arns[arn]

    def _exchanged(self, text: str) -> str:
        """A text with the emulator's ARNs instead of the stand-in's; longer ones first."""
        for known in sorted(self._arns, key=len, reverse=True):
            text = text.replace(known, self._arns[known])
        return text


def _redrive(queue: Resource) -> str:
    """The redrive policy of a queue; the stand-in makes an empty one where there is none."""
    text = str((queue.made or queue.values).get("redrive_policy") or "")
    return text if "deadLetterTargetArn" in text else ""
