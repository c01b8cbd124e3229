"""What a call leaves behind: one log line for each notice, and the metrics of its severity.

Invariant: ids, numbers and codes only. Neither a text of a notice nor an address is here.
"""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from .failure import Failure
from .message import Notice

# At level DEBUG these would write out the address that is posted to, and the secret.
for _name in ("botocore", "boto3", "urllib3"):
    logging.getLogger(_name).setLevel(logging.INFO)

logger = Logger(service="slack_notifier")
metrics = Metrics(namespace="RescueBot", service="slack_notifier")


def posted(notice: Notice, *, milliseconds: int, degraded: bool) -> None:
    """Slack has it."""
    logger.info("posted", extra=_of(notice) | {"ms": milliseconds, "degraded": degraded})
    _count(notice.severity, "Posted", milliseconds=milliseconds, kind=notice.kind)


def repeated(notice: Notice) -> None:
    """It was posted before by this instance."""
    logger.info("repeated", extra=_of(notice))
    _count(notice.severity, "Repeated", kind=notice.kind)


def failed(notice: Notice | None, failure: Failure) -> None:
    """It was not posted."""
    seen = _of(notice) if notice else {}
    told = {"code": failure.code, "again": failure.again, "status": failure.status}
    if failure.retry_after is not None:
        told["retry_after"] = failure.retry_after
    logger.warning("not_posted", extra=seen | told)
    severity = notice.severity if notice else "none"
    _count(severity, "Failed", code=failure.code, kind=notice.kind if notice else "none")


def _of(notice: Notice) -> dict[str, str]:
    return {
        "notice": notice.name,
        "kind": notice.kind,
        "severity": notice.severity,
        "state": notice.state,
    }


def _count(
    severity: str, name: str, *, kind: str, milliseconds: int | None = None, code: str = ""
) -> None:
    """Written at once, because each notice has a severity, and so dimensions, of its own."""
    metrics.add_dimension(name="severity", value=severity)
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
    if code:
        metrics.add_metric(name=f"Failed_{code}", unit=MetricUnit.Count, value=1)
    if kind == "unreadable":
        metrics.add_metric(name="Unreadable", unit=MetricUnit.Count, value=1)
    if milliseconds is not None:
        metrics.add_metric(name="Latency", unit=MetricUnit.Milliseconds, value=milliseconds)
    metrics.flush_metrics()
