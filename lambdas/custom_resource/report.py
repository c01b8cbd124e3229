"""What a call leaves behind: one log line for each request, and metrics.

Invariant: ids, numbers and codes only. The address of the answer is in no log: it is all that one
needs to answer in our place.
"""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from .failure import Failure
from .request import KINDS, Request

# At level DEBUG these would write out the address that is answered to.
for _name in ("botocore", "boto3", "urllib3"):
    logging.getLogger(_name).setLevel(logging.INFO)

logger = Logger(service="custom_resource")
metrics = Metrics(namespace="RescueBot", service="custom_resource")


def answered(request: Request, *, outcome: str, code: str, task: str, milliseconds: int) -> None:
    """CloudFormation knows what came of it."""
    seen = _of(request) | {"outcome": outcome, "code": code, "task": task, "ms": milliseconds}
    if outcome == "failed":
        logger.warning("answered", extra=seen)
    else:
        logger.info("answered", extra=seen)
    _count(request, {"Answered": 1, "Failed": int(outcome == "failed")}, milliseconds=milliseconds)


def unanswered(request: Request | None, failure: Failure) -> None:
    """CloudFormation could not be told; AWS calls again."""
    seen = _of(request) if request else {}
    logger.error("unanswered", extra=seen | {"code": failure.code, "again": failure.again})
    _count(request, {"Unanswered": 1})


def waits(request: Request, failure: Failure) -> None:
    """ECS did not do as it was asked; it is asked again."""
    logger.warning("waits", extra=_of(request) | {"code": failure.code})


def broke(request: Request, error: BaseException) -> None:
    """A mistake of ours. Its words may be anybody's, so only its kind is told."""
    logger.error("broke", extra=_of(request) | {"kind": type(error).__name__})


def _of(request: Request) -> dict[str, str]:
    # The name of a stack and ids; the rest of the stack's ARN says nothing more.
    stack = request.stack.rpartition(":stack/")[2].partition("/")[0][:128]
    return {
        "request_type": _kind(request),
        "request": request.name[:64],
        "stack": stack,
        "resource": request.logical[:255],
    }


def _kind(request: Request | None) -> str:
    return request.kind if request and request.kind in KINDS else "none"


def _count(
    request: Request | None, counts: dict[str, int], milliseconds: int | None = None
) -> None:
    metrics.add_dimension(name="request_type", value=_kind(request))
    for name, number in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)
    if milliseconds is not None:
        metrics.add_metric(name="Latency", unit=MetricUnit.Milliseconds, value=milliseconds)
    metrics.flush_metrics()
