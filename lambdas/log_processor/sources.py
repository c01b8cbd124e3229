"""Who has called, and where in the call the packed payload is.

Invariant: a record of a batch always has data, be it nonsense: who can read none of it decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .failure import EventRefused

DIRECT = "aws:logs"
_BATCHES = ("aws:sqs", "aws:kinesis")


def of(event: Any) -> str:
    """DIRECT, or the source of a batch's records; EventRefused where it was none of them."""
    if isinstance(event, dict):
        if _packed(event) is not None:
            return DIRECT
        records = event.get("Records")
        if isinstance(records, list) and records:
            named = {one.get("eventSource") if isinstance(one, dict) else None for one in records}
            if len(named) == 1 and named & set(_BATCHES):
                return str(named.pop())
    raise EventRefused("no_logs", "The event comes from neither CloudWatch Logs, Kinesis nor SQS.")


def data_of(record: Mapping[str, Any]) -> str:
    """The payload of a call or of a record, in base64."""
    direct = _packed(record)
    if direct is not None:
        return direct
    inner = record.get("kinesis")
    if isinstance(inner, Mapping):
        return _text(inner.get("data"))
    return _of_message(_text(record.get("body")))


def _of_message(body: str) -> str:
    """A message of SQS: the payload itself, or a call that has failed before and was kept.

    A dead-letter queue keeps the call as it was, a destination keeps it as `requestPayload`.
    """
    try:
        told = json.loads(body) if body.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict):
        call = told.get("requestPayload", told)
        found = _packed(call) if isinstance(call, dict) else None
        return body if found is None else found
    return body.strip()


def _packed(call: Mapping[str, Any]) -> str | None:
    logs = call.get("awslogs")
    data = logs.get("data") if isinstance(logs, Mapping) else None
    return data if isinstance(data, str) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
