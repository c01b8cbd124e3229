"""What a call leaves behind: one log line and the metrics of its model.

Invariant: numbers, names and codes only. Neither the question's nor the answer's text is here.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(service="bedrock_advisor")
metrics = Metrics(namespace="RescueBot", service="bedrock_advisor")


def told(response: dict[str, Any], *, question_id: str, called: bool) -> None:
    """Log and count what goes back to the caller."""
    usage = response["usage"]
    seen: dict[str, Any] = {
        "question_id": question_id,
        "model_id": response["model_id"],
        "latency_ms": response["latency_ms"],
        "cost_usd": response["cost_usd"],
        "cache_hit": usage["cache_read_tokens"] > 0,
        **usage,
    }
    if response["ok"]:
        chosen = response["answer"]["action"]["kind"]
        logger.info("answered", extra=seen | {"action": chosen})
    else:
        error = response["error"]
        logger.warning("no_answer", extra=seen | {"code": error["code"], "retry": error["retry"]})
    if called and response["cost_usd"] is None:
        logger.warning("price_unknown", extra={"model_id": response["model_id"]})
    _count(response, called=called)


def _count(response: dict[str, Any], *, called: bool) -> None:
    metrics.add_dimension(name="model", value=response["model_id"] or "none")
    usage = response["usage"]
    count = MetricUnit.Count
    metrics.add_metric(name="Called", unit=count, value=int(called))
    metrics.add_metric(name="Answered", unit=count, value=int(response["ok"]))
    metrics.add_metric(name="Failed", unit=count, value=int(not response["ok"]))
    if not response["ok"]:
        metrics.add_metric(name=f"Failed_{response['error']['code']}", unit=count, value=1)
    if not called:
        return
    metrics.add_metric(name="Latency", unit=MetricUnit.Milliseconds, value=response["latency_ms"])
    for name, kind in (
        ("InputTokens", "input_tokens"),
        ("OutputTokens", "output_tokens"),
        ("CacheReadTokens", "cache_read_tokens"),
        ("CacheWriteTokens", "cache_write_tokens"),
    ):
        metrics.add_metric(name=name, unit=count, value=usage[kind])
    if response["cost_usd"] is not None:
        metrics.add_metric(name="CostUsd", unit=MetricUnit.NoUnit, value=response["cost_usd"])
