"""The figures of the ledger for Prometheus, read when it asks.

Invariant: what cannot be read now is left out; a ledger that is away is told by
``rescue_ledger_up`` and never by an answer that fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from rescuebot import clock, dashboard
from rescuebot.database import Database
from rescuebot.errors import RescueError


class Ledger(Collector):
    """All figures of one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterable[Metric]:
        """What Prometheus is told."""
        try:
            with self._database.replica() as session:
                found = dashboard.figures(session=session, now=clock.now())
        except RescueError:
            yield GaugeMetricFamily("rescue_ledger_up", "Whether the ledger answers.", 0)
            return
        yield GaugeMetricFamily("rescue_ledger_up", "Whether the ledger answers.", 1)
        yield from _of_events(found)
        yield from _of_work(found)

    def describe(self) -> Iterable[Metric]:
        """Nothing, when it is registered: the ledger may not be there yet."""
        return []


def install(registry: CollectorRegistry, database: Database) -> None:
    """Let `registry` tell of the ledger, and nobody of when each series began: that is noise."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry.register(Ledger(database))


def _of_events(found: Mapping[str, Any]) -> Iterator[Metric]:
    open_ = GaugeMetricFamily(
        "rescue_events_open", "Events that are not over.", labels=("status", "severity")
    )
    for (status, severity), number in found["open"].items():
        open_.add_metric((status, severity), number)
    yield open_
    yield GaugeMetricFamily(
        "rescue_events_last_minute", "Events that came in the last minute.", found["new"]
    )
    yield GaugeMetricFamily(
        "rescue_oldest_unclaimed_seconds",
        "How long the oldest event that nobody has claimed has been waiting.",
        found["oldest_unclaimed_seconds"],
    )
    yield _histogram(
        "rescue_seconds",
        "From the arrival of an event until its service was verified; the last 24 hours.",
        found["rescue_seconds"],
    )
    yield GaugeMetricFamily(
        "rescue_dead_letters", "Messages that nobody could read.", found["dead_letters"]
    )


def _of_work(found: Mapping[str, Any]) -> Iterator[Metric]:
    if found["queue_depth"] is not None:
        yield GaugeMetricFamily(
            "rescue_queue_depth", "Messages in the queue, about.", found["queue_depth"]
        )
    yield _by("rescue_executions_24h", "Executions of 24 hours.", "state", found["executions"])
    yield _by(
        "rescue_executions_open", "Executions that are not over.", "state", found["executions_open"]
    )
    yield _by("rescue_executions_held", "Executions that are held.", "rule", found["held"])
    for name, words in (
        ("calls", "Calls of the model this month."),
        ("tokens", "Tokens of the model this month."),
        ("dollars", "What the model has cost this month, in US dollars."),
    ):
        yield GaugeMetricFamily(f"rescue_advice_{name}_month", words, found["advice"][name])


def _by(name: str, words: str, label: str, found: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=(label,))
    for value, number in found.items():
        family.add_metric((str(value),), number)
    return family


def _histogram(name: str, words: str, found: Mapping[str, Any]) -> Metric:
    buckets = [(str(float(limit)), number) for limit, number in found["classes"].items()]
    buckets.append(("+Inf", found["count"]))
    return HistogramMetricFamily(name, words, buckets=buckets, sum_value=found["sum"])
