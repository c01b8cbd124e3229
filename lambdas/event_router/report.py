"""What a call leaves behind: one log line and the metrics of the event's severity.

Invariant: ids, numbers and codes only. Neither a text of the event nor a key is here.
"""

from __future__ import annotations

import logging
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from .failure import Failure

# At level DEBUG these would write out whole requests, the key among their headers.
for _name in ("botocore", "boto3", "urllib3"):
    logging.getLogger(_name).setLevel(logging.INFO)

logger = Logger(service="event_router")
metrics = Metrics(namespace="RescueBot", service="event_router")


def routed(result: dict[str, Any], *, failures: list[Failure], milliseconds: int) -> None:
    """Log and count what became of an event."""
    codes = [failure.code for failure in failures]
    seen = result | {"ms": milliseconds, "codes": codes}
    if failures:
        logger.warning("not_routed", extra=seen)
    else:
        logger.info("routed", extra=seen)
    metrics.add_dimension(name="severity", value=result["severity"])
    count = MetricUnit.Count
    metrics.add_metric(name="Routed", unit=count, value=int(not failures))
    metrics.add_metric(name="Failed", unit=count, value=int(bool(failures)))
    metrics.add_metric(name="HandedIn", unit=count, value=int(bool(result["events"])))
    metrics.add_metric(name="Refused", unit=count, value=int(bool(result["refused"])))
    metrics.add_metric(name="Told", unit=count, value=int(result["told"]))
    metrics.add_metric(name="Latency", unit=MetricUnit.Milliseconds, value=milliseconds)
    for failure in failures:
        metrics.add_metric(name=f"Failed_{type(failure).__name__}", unit=count, value=1)
    metrics.flush_metrics()


def refused(failure: Failure) -> None:
    """The call was none that can be routed."""
    logger.error("refused", extra={"code": failure.code})
    metrics.add_dimension(name="severity", value="none")
    metrics.add_metric(name="Failed", unit=MetricUnit.Count, value=1)
    metrics.flush_metrics()
