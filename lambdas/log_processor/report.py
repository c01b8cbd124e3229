"""What a call leaves behind: one log line for each payload, and metrics of its log group.

Invariant: names of log groups, ids, numbers and codes only; never a line that was processed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from .failure import Failure
from .tally import Tally

# At level DEBUG these would write out what is put into the bucket.
for _name in ("botocore", "boto3", "urllib3", "s3transfer"):
    logging.getLogger(_name).setLevel(logging.INFO)

logger = Logger(service="log_processor")
metrics = Metrics(namespace="RescueBot", service="log_processor")


def written(*, group: str, key: str, tally: Tally, milliseconds: int) -> None:
    """A batch is in the bucket."""
    seen = {"log_group": group, "key": key, "lines": tally.lines, "redacted": tally.redacted}
    logger.info("written", extra=seen | {"ms": milliseconds})
    times = [("ResponseTime", value) for value in tally.response_times()]
    found = {name: number for name, number in tally.counts.items() if number}
    counts = {"Written": 1, "Lines": tally.lines, "Redacted": tally.redacted, **found}
    _count(group, counts, times=[*times, ("Latency", milliseconds)])


def poisoned(*, code: str, key: str) -> None:
    """A payload that nobody can read was put aside."""
    logger.error("poisoned", extra={"code": code, "key": key})
    _count("none", {"Poisoned": 1, f"Poisoned_{code}": 1})


def left_out(group: str, why: str) -> None:
    """There was nothing to keep: a test of CloudWatch, or lines of this function itself."""
    logger.info("left_out", extra={"log_group": group, "why": why})


def failed(failure: Failure) -> None:
    """A payload was not kept; it comes again, or goes into the dead-letter queue."""
    seen = {"code": failure.code, "again": failure.again, "words": str(failure)}
    logger.warning("not_written", extra=seen)
    _count("none", {"Failed": 1, f"Failed_{type(failure).__name__}": 1})


def _count(group: str, counts: Mapping[str, int], times: Iterable[tuple[str, float]] = ()) -> None:
    # First: of a metric with a hundred values powertools writes out what there is so far.
    metrics.add_dimension(name="log_group", value=group)
    for name, milliseconds in times:
        metrics.add_metric(name=name, unit=MetricUnit.Milliseconds, value=milliseconds)
    for name, number in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)
    metrics.flush_metrics()
