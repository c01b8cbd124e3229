"""What an alarm is about, read as the library reads it: the metric that names a server, else any.

Invariant: what comes out is one line each and bounded, whatever came in, and takes little time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAME_LENGTH = 255
_VALUE_LENGTH = 1024
_QUERY_LENGTH = 10_000
_PAIRS = 200
_METRICS = 500

# Controls, direction and halves of surrogate pairs, as the library has them.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# The parts of a Metrics Insights query, in patterns that never try the same letter twice.
_SELECTED = re.compile(r'(?ai)SELECT\s+\w+\(\s*+"?+([^")]++)"?\s*+\)')
_SCHEMA = re.compile(r'(?ai)FROM\s+(?:SCHEMA\(\s*)?"?([^",)\s]+)')
_EQUALS = re.compile(r"""(?a)(?<![\w.-])([\w.-]+)"?\s*=\s*'([^']*)'""")


@dataclass(frozen=True, slots=True)
class Metric:
    """One series, or one query over many."""

    name: str = ""
    namespace: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)


def of_event_bridge(configuration: Mapping[str, Any]) -> list[Metric]:
    """The metrics at ``detail.configuration`` of an alarm's event."""
    return [_of_query(mapping(one)) for one in items(configuration.get("metrics"))[:_METRICS]]


def of_sns(trigger: Mapping[str, Any]) -> list[Metric]:
    """The metrics at ``Trigger`` of an alarm's SNS message: one on its own, or a list."""
    several = [_of_query(mapping(one)) for one in items(trigger.get("Metrics"))[:_METRICS]]
    return [_of_series(trigger), *several] if trigger.get("MetricName") else several


def subject(metrics: Sequence[Metric], *, names: Iterable[str]) -> Metric:
    """The metric that names a server, else one that has a name."""
    wanted = tuple(names)
    for metric in metrics:
        if any(name in metric.dimensions for name in wanted):
            return metric
    return next((metric for metric in metrics if metric.name), Metric())


def server(dimensions: Mapping[str, str], *, names: Iterable[str]) -> str:
    """The server that dimensions name, by the first of `names` that they have."""
    return next((dimensions[name] for name in names if name in dimensions), "")


def pairs(value: Any) -> dict[str, str]:
    """Names and values out of either form of AWS: ``{n: v}`` or ``[{"name": n, "value": v}]``."""
    if isinstance(value, list):
        entries = [_pair(mapping(one)) for one in value[:_PAIRS]]
    else:
        entries = list(mapping(value).items())[:_PAIRS]
    return {
        line(name): line(text, _VALUE_LENGTH)
        for name, text in entries
        if isinstance(name, str) and isinstance(text, str)
    }


def line(value: Any, limit: int = NAME_LENGTH) -> str:
    """`value` as one line of at most `limit` characters; "" when it is no text."""
    if not isinstance(value, str):
        return ""
    plain = value[:limit].replace("\n", " ").replace("\t", " ")
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", plain)


def mapping(value: Any) -> dict[str, Any]:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """`value` if it is a JSON list, else an empty one."""
    return value if isinstance(value, list) else []


def _of_query(entry: Mapping[str, Any]) -> Metric:
    """One entry of a list of metrics; EventBridge writes ``metricStat``, SNS ``MetricStat``."""
    stat = mapping(entry.get("metricStat") or entry.get("MetricStat"))
    series = mapping(stat.get("metric") or stat.get("Metric"))
    if series:
        return _of_series(series)
    return _of_expression(line(entry.get("expression") or entry.get("Expression"), _QUERY_LENGTH))


def _of_series(series: Mapping[str, Any]) -> Metric:
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
    )


def _fixed(equations: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The dimensions that a query holds to one value; ``exe = 'a' OR exe = 'b'`` tells nothing."""
    values: dict[str, set[str]] = {}
    for name, value in equations:
        values.setdefault(line(name), set()).add(line(value, _VALUE_LENGTH))
    return {name: found.pop() for name, found in values.items() if len(found) == 1}


def _pair(entry: Mapping[str, Any]) -> tuple[Any, Any]:
    folded = {key.lower(): value for key, value in entry.items()}
    return folded.get("name", folded.get("key")), folded.get("value")
