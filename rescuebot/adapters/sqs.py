"""SQS: receive messages and remove them. Knows nothing of events.

Every error of botocore, also those that are no ClientError, comes out as QueueUnavailable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rescuebot.errors import Problem, QueueUnavailable, SettingsInvalid
from rescuebot.settings import AwsSettings, QueueSettings

BATCH = 10  # the most that SQS gives or removes in one call


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueMessage:
    """A message as it came: `handle` removes it, `receive_count` tells how often it was given."""

    message_id: str
    handle: str
    body: str
    receive_count: int = 1


class Queue:
    """One queue. A client of boto3 may be used by several threads, a session may not."""

    def __init__(self, settings: QueueSettings, aws: AwsSettings) -> None:
        if not settings.url:
            raise SettingsInvalid([Problem("rescue.queue.url", "must name the SQS queue")])
        self._settings = settings
        self._client: Any = boto3.session.Session(region_name=aws.region).client(
            "sqs",
            endpoint_url=aws.endpoint_url,
            config=Config(
                connect_timeout=5,
                # A long poll is silent for wait_seconds; giving up earlier would lose its messages
                # until their visibility ends.
                read_timeout=settings.wait_seconds + 10,
                retries={"mode": "standard", "total_max_attempts": 2},
                max_pool_connections=settings.receivers + 2,
            ),
        )

    def receive(self) -> list[QueueMessage]:
        """Up to ten messages, after at most `wait_seconds`."""
        try:
            answer = self._client.receive_message(
                QueueUrl=self._settings.url,
                MaxNumberOfMessages=BATCH,
                WaitTimeSeconds=self._settings.wait_seconds,
                VisibilityTimeout=self._settings.visibility_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        except (BotoCoreError, ClientError) as error:
            raise _unavailable("receive", error) from error
        return [_message(item) for item in answer.get("Messages", [])]

    def delete(self, handles: Sequence[str]) -> int:
        """Remove messages; returns how many SQS kept nevertheless (they will come again)."""
        kept = 0
        for start in range(0, len(handles), BATCH):
            chunk = handles[start : start + BATCH]
            entries = [{"Id": str(n), "ReceiptHandle": handle} for n, handle in enumerate(chunk)]
            try:
                answer = self._client.delete_message_batch(
                    QueueUrl=self._settings.url, Entries=entries
                )
            except (BotoCoreError, ClientError) as error:
                raise _unavailable("delete", error) from error
            kept += len(answer.get("Failed", []))
        return kept

    def release(self, handles: Sequence[str]) -> None:
        """Let others have these messages at once; without it they wait for `visibility_seconds`."""
        entries = [
            {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
            for number, handle in enumerate(handles[:BATCH])
        ]
        try:
            self._client.change_message_visibility_batch(
                QueueUrl=self._settings.url, Entries=entries
            )
        except (BotoCoreError, ClientError) as error:
            raise _unavailable("release", error) from error

    def depth(self) -> int:
        """About how many messages wait or are in somebody's hands."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        try:
            answer = self._client.get_queue_attributes(
                QueueUrl=self._settings.url, AttributeNames=names
            )
        except (BotoCoreError, ClientError) as error:
            raise _unavailable("ask", error) from error
        return sum(int(answer["Attributes"].get(name, 0)) for name in names)


def _message(item: dict[str, Any]) -> QueueMessage:
    count = item.get("Attributes", {}).get("ApproximateReceiveCount", "1")
    return QueueMessage(
        message_id=item["MessageId"],
        handle=item["ReceiptHandle"],
        body=item.get("Body", ""),
        receive_count=int(count) if count.isdigit() else 1,
    )


def _unavailable(what: str, error: Exception) -> QueueUnavailable:
    # The class or AWS's own code says enough; the text may hold addresses and account ids.
    code = type(error).__name__
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", code))
    return QueueUnavailable(
        f"SQS did not {what} ({code}).",
        remedy="Check rescue.queue.url, the region, and the permissions of the instance role.",
    )
