"""``python -m tests.infra.terraform.page --write``: docs/aws.md, from the plans of dev and prod."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from itertools import groupby
from pathlib import Path

from devstack.place import REPOSITORY
from tests.infra.terraform import (
    rows_delivery,
    rows_events,
    rows_machines,
    rows_safety,
    runs,
)
from tests.infra.terraform.plan import Plan
from tests.infra.terraform.rows import ROWS, Row

PAGE = REPOSITORY / "docs" / "aws.md"
TEMPLATE = Path(__file__).with_name("page.template.md")
MARK = "<!-- rows -->"
# Imported for the rows that they bring.
SECTIONS = (rows_machines, rows_safety, rows_events, rows_delivery)


def write(dev: Plan, prod: Plan) -> str:
    """The whole page."""
    ordered = sorted(ROWS, key=lambda one: one.number)
    parts = [
        _part(number, list(rows), {"dev": dev, "prod": prod})
        for number, rows in groupby(ordered, key=lambda one: one.number)
    ]
    return TEMPLATE.read_text().replace(MARK, "\n".join(parts).rstrip())


def _part(number: str, rows: list[Row], plans: dict[str, Plan]) -> str:
    lines = [f"### {number}", "", "| asked | in the plan | dev | prod |", "|---|---|---|---|"]
    for row in rows:
        lines += _lines(row, plans)
    return "\n".join(lines) + "\n"


def _lines(row: Row, plans: dict[str, Plan]) -> list[str]:
    told: dict[str, dict[str, list[str]]] = {}
    for name, plan in plans.items():
        if row.only in ("", name):
            for one, words in row.check(plan):
                address = one if isinstance(one, str) else one.address
                told.setdefault(address, {}).setdefault(name, []).append(words)
    asked = row.asked
    lines = []
    for address, values in _together(told).items():
        cells = ["<br>".join(values.get(name, ["–"])) for name in plans]
        lines.append(f"| {asked} | `{address}` | {' | '.join(cells)} |")
        asked = ""
    return lines


def _together(told: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, list[str]]]:
    """Instances of one resource that say the same, in one line."""
    found: dict[str, dict[str, list[str]]] = {}
    for address in told:
        alike = [other for other in told if _bare(other) == _bare(address)]
        if len(alike) > 1 and all(told[other] == told[address] for other in alike):
            keys = ", ".join(other.removeprefix(_bare(other)).strip('[]"') for other in alike)
            found[f"{_bare(address)}[{keys}]"] = told[address]
        else:
            found[address] = told[address]
    return found


def _bare(address: str) -> str:
    """An address without the key of its instance."""
    return re.sub(r"\[[^]]*\]$", "", address)


def main() -> int:
    """Plan both environments and write the page, or print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/aws.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rescue-terraform-") as made:
        try:
            planner = runs.find_planner(Path(made))
        except runs.NoTerraform as error:
            print(error, file=sys.stderr)
            return 1
        dev, prod = (Plan.of(runs.plan(planner, one, Path(made))) for one in runs.ENVIRONMENTS)
        text = write(dev, prod)
    if given.write:
        PAGE.write_text(text)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
