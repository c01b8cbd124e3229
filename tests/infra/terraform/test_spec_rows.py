"""Every row of the specification that an AWS account fulfils, looked for in both plans."""

from __future__ import annotations

import pytest

from tests.infra.terraform import page, runs
from tests.infra.terraform.plan import NotKnownYet, Plan
from tests.infra.terraform.rows import Row

CASES = [
    pytest.param(row, name, id=f"{name} {row.name}")
    for row in page.ROWS
    for name in runs.ENVIRONMENTS
    if row.only in ("", name)
]


@pytest.mark.parametrize(("row", "name"), CASES)
def test_the_plan_fulfils(row: Row, name: str, request: pytest.FixtureRequest) -> None:
    plan: Plan = request.getfixturevalue(name)
    try:
        found = list(row.check(plan))
    except NotKnownYet as error:
        pytest.skip(f"{error} is known only after apply; with the stand-in it is known here, too")
    assert found, "nothing in the plan stands for it"


@pytest.mark.parametrize("row", page.ROWS, ids=lambda row: row.name)
def test_the_row_is_not_fulfilled_without_what_stands_for_it(row: Row, prod: Plan) -> None:
    try:
        found = list(row.check(prod))
    except NotKnownYet as error:
        pytest.skip(f"{error} is known only after apply; with the stand-in it is known here, too")
    lost = {one if isinstance(one, str) else one.address for one, _ in found}
    # A check that unpacks what is not there fails by ValueError.
    with pytest.raises((AssertionError, ValueError)):
        list(row.check(prod.without(lost)))


def test_every_part_of_the_specification_about_aws_has_a_row() -> None:
    wanted = {f"A4.{number}" for number in range(1, 8)} | {"A5", "A6", "A7.3", "C4"}
    assert wanted <= {row.number for row in page.ROWS}


def test_the_page_says_what_the_plans_say(planner: runs.Terraform, dev: Plan, prod: Plan) -> None:
    if planner.kind != "standin":
        pytest.skip(
            "the page names values that are known after apply: it is compared with the stand-in"
        )
    assert page.PAGE.read_text() == page.write(dev, prod), (
        "docs/aws.md is not what the plans say; write it anew: "
        "python -m tests.infra.terraform.page --write"
    )
