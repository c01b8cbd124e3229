"""Timing and tables that the benchmarks share."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence


def rate(work: Callable[[], int]) -> float:
    """How many a second `work` did; it returns how many it did."""
    began = time.perf_counter()
    count = work()
    return count / (time.perf_counter() - began)


def spread(values: Sequence[float]) -> str:
    """Median (least–most)."""
    middle, least, most = (_short(f(values)) for f in (statistics.median, min, max))
    return f"{middle} ({least}–{most})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [f"### {title}", "", "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows), ""])
