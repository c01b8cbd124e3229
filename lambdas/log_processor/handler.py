"""The door of the function: payloads of CloudWatch Logs in, objects in S3 out.

They come from a subscription filter, one a call, or in batches of Kinesis or SQS, of which only
what has failed is asked for again.
Invariant: nothing is reported as done that is not in the bucket, be it read or put aside.
"""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)

from . import bucket, objects, payload, report, sources
from .failure import Broken, Failure, Poison, TimeShort
from .report import logger
from .settings import Settings

# What a payload may take; with less than that left, it is left to the next call.
_OWN_SECONDS = 15.0
_TYPES = {"aws:sqs": EventType.SQS, "aws:kinesis": EventType.KinesisDataStreams}


# Said here, because otherwise a variable of the environment could have whole events logged.
@logger.inject_lambda_context(log_event=False)
def handle(event: Any, context: Any) -> dict[str, Any]:
    """What Lambda calls. A single payload ends in an error when it fails, a batch in its parts."""
    try:
        settings, source = Settings.read(), sources.of(event)
    except Failure as failure:
        report.failed(failure)
        raise
    owner = str(context.invoked_function_arn).split(":")[4]
    if source == sources.DIRECT:
        return {"kept": _reported(sources.data_of(event), settings, owner)}

    def take(record: Any) -> str:
        if float(context.get_remaining_time_in_millis()) / 1000 < _OWN_SECONDS and taken:
            late = TimeShort("time_short", "The call ends soon; the record comes again.")
            report.failed(late)
            raise late
        taken.append(1)
        return _reported(sources.data_of(record.raw_event), settings, owner)

    taken: list[int] = []
    # Where all have failed it is the same as where one has: each of them comes again by itself.
    processor = BatchProcessor(event_type=_TYPES[source], raise_on_entire_batch_failure=False)
    told = process_partial_response(
        event=event, record_handler=take, processor=processor, context=context
    )
    return dict(told)


def _reported(data: str, settings: Settings, owner: str) -> str:
    try:
        return _keep(data, settings, owner)
    except Failure as failure:
        report.failed(failure)
        raise
    except Exception as error:
        # In a batch nobody else would tell of it; its words may be those of a line.
        broken = Broken("broke", f"{type(error).__name__} was not expected.")
        report.failed(broken)
        raise broken from None


def _keep(data: str, settings: Settings, owner: str) -> str:
    """Keep one payload; the key of its object, "" where there is nothing to keep."""
    began = time.monotonic()
    content = b""
    try:
        content = payload.packed(data)
        batch = payload.read(content, most_bytes=settings.most_bytes)
    except Poison as poison:
        raw = content or data.encode(errors="replace")
        return _put_aside(raw, poison.code, settings, owner)
    if batch is None:
        report.left_out("none", "control_message")
        return ""
    # Each line that is written here would otherwise come back as one more to be written.
    if batch.group == os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME"):
        report.left_out(batch.group, "own_log")
        return ""
    packed, tally = objects.packed(batch)
    key = objects.key(batch, settings.prefix)
    bucket.put(key, packed, kind="application/gzip", settings=settings, owner=owner)
    took = round((time.monotonic() - began) * 1000)
    report.written(group=batch.group, key=key, tally=tally, milliseconds=took)
    return key


def _put_aside(content: bytes, code: str, settings: Settings, owner: str) -> str:
    key = f"{settings.poison_prefix}/{code}/{hashlib.sha256(content).hexdigest()}"
    kind = "application/octet-stream"
    bucket.put(key, content, kind=kind, settings=settings, owner=owner, marks={"code": code})
    report.poisoned(code=code, key=key)
    return key
