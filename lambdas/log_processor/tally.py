"""What is counted on the way: calls of the API, errors, what the engines and the model did.

Invariant: counted is what our own log events say by name; a line of anybody else changes nothing
but the number of lines of its level. No name of a metric comes out of a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .lines import Parsed

_LEVELS = {"ERROR": "ErrorLines", "CRITICAL": "ErrorLines", "WARNING": "WarningLines"}
# A log event of ours, and which of its numbers are summed up as what.
_SUMS: Mapping[str, Mapping[str, str]] = {
    "batch_recorded": {"received": "Received", "new": "NewEvents", "buried": "Buried"},
    "advice_asked": {"cost_micros": "AdviceCostMicros"},
}
# Load balancers ask these all day long.
_DULL = frozenset({"/health", "/health/ready"})
# So many of a call's response times are told, evenly taken from slowest to fastest.
_MOST_TIMES = 200
_LARGEST = 10**12


class Tally:
    """Of one batch."""

    def __init__(self) -> None:
        self.lines = 0
        self.redacted = 0
        self.counts: Counter[str] = Counter()
        self._times: list[float] = []

    def add(self, parsed: Parsed, *, redacted: int) -> None:
        """Count a line."""
        self.lines += 1
        self.redacted += redacted
        if name := _LEVELS.get(parsed.level):
            self.counts[name] += 1
        if parsed.event == "api_call":
            self._call(parsed.fields)
        if parsed.event == "advice_asked":
            self.counts["AdviceAsked"] += 1
            self.counts["AdviceFailed"] += parsed.fields.get("ok") is False
        for field, name in _SUMS.get(parsed.event, {}).items():
            self.counts[name] += int(_number(parsed.fields.get(field)))

    def response_times(self) -> list[float]:
        """Milliseconds; of very many a part that has the same shape."""
        ordered = sorted(self._times)
        if len(ordered) <= _MOST_TIMES:
            return ordered
        step = (len(ordered) - 1) / (_MOST_TIMES - 1)
        return [ordered[round(place * step)] for place in range(_MOST_TIMES)]

    def _call(self, fields: Mapping[str, Any]) -> None:
        if fields.get("route") in _DULL:
            return
        self.counts["Requests"] += 1
        self._times.append(_number(fields.get("ms")))
        status = _number(fields.get("status"))
        self.counts["ClientErrors"] += 400 <= status < 500
        self.counts["ServerErrors"] += 500 <= status < 600


def _number(value: Any) -> float:
    """A sum must not be spoilt by one line: what is no sane number counts as none."""
    sane = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if sane and 0 <= value < _LARGEST else 0.0
