"""The table that a run of the fault suite leaves: what was done, to whom, and how it went."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.harness import Verdict


@dataclass(frozen=True, kw_only=True)
class Row:
    """One cell: `fault` at `process` while the ledger was on `database`."""

    fault: str
    process: str
    database: str
    lost: int
    doubled: int
    stuck: int
    seconds: float
    words: str = ""


class Report:
    """All cells of a run."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, *, fault: str, process: str, database: str, verdict: Verdict) -> None:
        """Note how a cell went."""
        self.rows.append(Row(fault=fault, process=process, database=database, **asdict(verdict)))

    def tell(self, line: Callable[[str], object]) -> None:
        """The table, line by line."""
        widths = (31, 18, 8)
        names = ("fault", "process", "ledger")
        head = "".join(name.ljust(width) for name, width in zip(names, widths, strict=True))
        line(head + "  lost  doubled  stuck  seconds to recover")
        for row in self.rows:
            said = (row.fault, row.process, row.database)
            words = "".join(text.ljust(width) for text, width in zip(said, widths, strict=True))
            line(
                f"{words}{row.lost:>6}{row.doubled:>9}{row.stuck:>7}{row.seconds:>10.1f}"
                + (f"  {row.words}" if row.words else "")
            )
        line(self._sum())

    def write(self, path: Path, about: Mapping[str, object]) -> None:
        """The same as JSON, with what the run was."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {**about, "cells": [asdict(row) for row in self.rows]}
        path.write_text(json.dumps(content, indent=1) + "\n")

    def _sum(self) -> str:
        lost, doubled, stuck = (
            sum(getattr(row, name) for row in self.rows) for name in ("lost", "doubled", "stuck")
        )
        times = sorted(row.seconds for row in self.rows)
        middle = times[len(times) // 2] if times else 0.0
        return (
            f"{len(self.rows)} cells: {lost} lost, {doubled} doubled, {stuck} stuck; "
            f"half recovered within {middle:.1f} s, all within {max(times, default=0.0):.1f} s"
        )
