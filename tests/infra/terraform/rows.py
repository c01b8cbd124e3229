"""The rows of the specification that an AWS account must fulfil, as checks of a plan.

A check takes a plan, fails with AssertionError where the row is not met, and yields what meets it:
the resource and what is worth saying of it. docs/aws.md is written from just that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.infra.terraform.plan import Plan, Resource, statements

# A resource, or what is summed up under the name of a kind.
Found = Iterator[tuple[Resource | str, str]]
Check = Callable[[Plan], Found]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was asked, and the check of it."""

    number: str
    asked: str
    check: Check
    only: str = ""

    @property
    def name(self) -> str:
        """How it is called in a test's name."""
        return f"{self.number} {self.asked}"


@dataclass(frozen=True, slots=True)
class Size:
    """What the two environments differ in."""

    instance: str
    asg: tuple[int, int]
    zones: int
    nat: int
    multi_az: bool
    replicas: int
    retention: tuple[int, int]


SIZES = {
    "dev": Size("t3.micro", (1, 2), 1, 1, False, 0, (1, 7)),
    "prod": Size("t3.medium", (2, 5), 2, 2, True, 1, (15, 30)),
}

ROWS: list[Row] = []


def row(number: str, asked: str, *, only: str = "") -> Callable[[Check], Check]:
    """Make a function the check of a row; `only` names the environment that it is asked of."""

    def keep(check: Check) -> Check:
        ROWS.append(Row(number, asked, check, only))
        return check

    return keep


# --- what several checks ask ------------------------------------------------------------------


def role_of(plan: Plan, module: str) -> Resource:
    """The role of the machines of a module."""
    roles = [
        one
        for one in plan.all("aws_iam_role", module=module)
        if "ec2.amazonaws.com" in one["assume_role_policy"]
    ]
    assert len(roles) == 1, f"roles for EC2 in {module}: {[one.address for one in roles]}"
    return roles[0]


def allowed(plan: Plan, role: Resource) -> dict[str, list[str]]:
    """Which actions a role's own policies allow, and on what."""
    found: dict[str, list[str]] = {}
    for one, document in _policies(plan, role):
        for statement in statements(document):
            if statement["Effect"] != "Allow":
                continue
            assert "NotAction" not in statement, f"{one.address} allows all but something"
            for action in statement["Action"]:
                found.setdefault(action, []).extend(statement["Resource"])
    return found


def _policies(plan: Plan, role: Resource) -> Iterator[tuple[Resource, dict[str, object]]]:
    names = {role["name"], role["id"], role["arn"]}
    attached = {
        one["policy_arn"]
        for one in plan.all("aws_iam_role_policy_attachment")
        if one["role"] in names
    }
    for one in plan.all("aws_iam_role_policy"):
        if one["role"] in names:
            yield one, json.loads(one["policy"])
    for one in plan.all("aws_iam_policy"):
        if one["arn"] in attached:
            yield one, json.loads(one["policy"])


def function(plan: Plan, name: str) -> Resource:
    """The Lambda function whose code is this folder of lambdas/."""
    found = [
        one for one in plan.all("aws_lambda_function") if one["handler"] == f"{name}.handler.handle"
    ]
    assert len(found) == 1, f"functions of {name}: {[one.address for one in found]}"
    return found[0]


def variables(one: Resource) -> dict[str, str]:
    """The environment of a function."""
    return dict(one.block("environment")["variables"])


def calls(arn: str, one: Resource) -> bool:
    """Whether an ARN is that of a function, of one of its versions or of an alias."""
    return f"{arn}:".partition(":function:")[2].startswith(f"{one['function_name']}:")


def patterns(plan: Plan) -> list[tuple[Resource, dict[str, list[str]]]]:
    """The rules of EventBridge, with their patterns."""
    return [
        (one, json.loads(one["event_pattern"]))
        for one in plan.all("aws_cloudwatch_event_rule")
        if one.values.get("event_pattern")
    ]


def targets(plan: Plan, rule: Resource) -> list[Resource]:
    """Where a rule sends to."""
    return [one for one in plan.all("aws_cloudwatch_event_target") if one["rule"] == rule["name"]]


def queries(alarm: Resource) -> str:
    """What an alarm looks at, as one text: its expressions, or its metric."""
    told = [query.get("expression") or "" for query in alarm["metric_query"] or []]
    return " ".join(told) or f"{alarm['namespace']} {alarm['metric_name']}"
