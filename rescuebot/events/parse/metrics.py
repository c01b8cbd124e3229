"""What an alarm watches: its metrics and their dimensions, in either of the forms of AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

from rescuebot.events.parse.text import VALUE_LENGTH, items, line, mapping, pairs, quote

# CloudWatch allows 500 metrics an alarm, and queries of this length.
METRICS = 500
QUERY_LENGTH = 10_000

# The parts of a Metrics Insights query that tell what it is about. RE2, since queries are foreign.
_SELECTED = re2.compile(r'(?i)SELECT\s+\w+\(\s*"?([^")]+)"?\s*\)')
_SCHEMA = re2.compile(r'(?i)FROM\s+(?:SCHEMA\(\s*)?"?([^",)\s]+)')
_EQUALS = re2.compile(r"""([\w.-]+)"?\s*=\s*'([^']*)'""")
_GROUPED = re2.compile(r"(?i)\sGROUP\s+BY\s")


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One series, or one query over many; `grouped` when it makes one series per server or so."""

    name: str = ""
    namespace: str = ""
    dimensions: dict[str, str] = field(default_factory=dict)
    grouped: bool = False


def of_event_bridge(configuration: dict[str, Any]) -> list[Metric]:
    """The metrics at ``detail.configuration`` of an alarm's event."""
    return [_of_query(mapping(entry)) for entry in items(configuration.get("metrics"))[:METRICS]]


def of_sns(trigger: dict[str, Any]) -> list[Metric]:
    """The metrics at ``Trigger`` of an alarm's SNS message: one on its own, or a list."""
    several = [_of_query(mapping(entry)) for entry in items(trigger.get("Metrics"))[:METRICS]]
    return [_of_series(trigger), *several] if trigger.get("MetricName") else several


def _of_query(entry: dict[str, Any]) -> Metric:
    """One entry of a list of metrics; EventBridge writes ``metricStat``, SNS ``MetricStat``."""
    stat = mapping(entry.get("metricStat") or entry.get("MetricStat"))
    series = mapping(stat.get("metric") or stat.get("Metric"))
    if series:
        return _of_series(series)
    return _of_expression(line(entry.get("expression") or entry.get("Expression"), QUERY_LENGTH))


def _of_series(series: dict[str, Any]) -> Metric:
    return Metric(
        name=line(series.get("name") or series.get("MetricName")),
        namespace=line(series.get("namespace") or series.get("Namespace")),
        dimensions=pairs(series.get("dimensions") or series.get("Dimensions")),
    )


def _of_expression(expression: str) -> Metric:
    """What a Metrics Insights query says; metric math (``m1/m2``) says nothing."""
    selected = _SELECTED.search(expression)
    if not selected:
        return Metric()
    schema = _SCHEMA.search(expression)
    return Metric(
        name=line(selected.group(1)),
        namespace=line(schema.group(1)) if schema else "",
        dimensions=_fixed(_EQUALS.findall(expression)),
        grouped=bool(_GROUPED.search(expression)),
    )


def _fixed(equations: list[tuple[str, str]]) -> dict[str, str]:
    """The dimensions that a query holds to one value; ``exe = 'a' OR exe = 'b'`` tells nothing."""
    values: dict[str, set[str]] = {}
    for name, value in equations:
        values.setdefault(line(name), set()).add(line(value, VALUE_LENGTH))
    return {name: found.pop() for name, found in values.items() if len(found) == 1}


def subject(metrics: Sequence[Metric], *, names: Iterable[str]) -> Metric:
    """The metric that tells what the alarm is about: one that names a server, else any."""
    wanted = tuple(names)
    for metric in metrics:
        if any(name in metric.dimensions for name in wanted):
            return metric
    return next((metric for metric in metrics if metric.name), Metric())


def server(dimensions: Mapping[str, str], *, names: Iterable[str]) -> str:
    """The server that `dimensions` name, by the first of `names` that they have."""
    return next((dimensions[name] for name in names if name in dimensions), "")


def grouped(metrics: Sequence[Metric]) -> bool:
    """Whether one of them makes a series, and so an event, for each server."""
    return any(metric.grouped for metric in metrics)


def remarks(metrics: Sequence[Metric], *, chosen: str, names: Sequence[str]) -> list[str]:
    """Notes on alarms that watch more than one server."""
    if not chosen:
        if grouped(metrics):
            return ["The alarm watches many series; its contributor events name the servers."]
        return []
    others = {server(metric.dimensions, names=names) for metric in metrics} - {"", chosen}
    if not others:
        return []
    return [f"The alarm watches {len(others) + 1} servers; {quote(chosen)}, its first, is taken."]
