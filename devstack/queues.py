"""The queue that alarms are sent to, seen from the sender's side."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any

Body = dict[str, Any] | str

# What SQS takes in one call.
_BATCH = 10


class Queue:
    """An SQS queue of the emulator."""

    def __init__(self, client: Any, url: str) -> None:
        self.url = url
        self._client = client

    def send(self, body: Body) -> str:
        """Put one message in; the id that SQS gave it."""
        answer = self._client.send_message(QueueUrl=self.url, MessageBody=_text(body))
        return str(answer["MessageId"])

    def send_all(self, bodies: Iterable[Body]) -> int:
        """Put many messages in, ten a call; how many there were."""
        remaining = iter(bodies)
        count = 0
        while batch := list(islice(remaining, _BATCH)):
            entries = [{"Id": str(i), "MessageBody": _text(body)} for i, body in enumerate(batch)]
            self._client.send_message_batch(QueueUrl=self.url, Entries=entries)
            count += len(batch)
        return count

    def depth(self) -> int:
        """How many messages are in the queue, waiting or handed out and not yet deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)


def _text(body: Body) -> str:
    return body if isinstance(body, str) else json.dumps(body)
