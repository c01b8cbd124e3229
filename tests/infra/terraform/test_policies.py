"""Least privilege: what no policy of either environment may say."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.infra.terraform import runs
from tests.infra.terraform.plan import Plan, Resource, statements

# Kinds whose policy says who may come to the thing itself: there `*` is that thing, or whoever.
ON_THEMSELVES = {"aws_kms_key", "aws_kms_key_policy"}
# AWS knows no resource for these (Service Authorization Reference), so `*` is all that can be said.
NO_RESOURCE = {
    "cloudwatch:DescribeAlarms": "CloudWatch looks alarms up by name, over all of the account",
    "cloudwatch:PutMetricData": "limited by the condition cloudwatch:namespace instead",
    "ec2:DescribeInstances": "no resource level",
    "ec2:DescribeTags": "no resource level; the CloudWatch Agent reads the group's name",
    "ec2:DescribeVolumes": "no resource level",
    "ecr:GetAuthorizationToken": "the token is for the account",
    "ssm:UpdateInstanceInformation": "Session Manager registers the instance",
    "ssmmessages:CreateControlChannel": "Session Manager",
    "ssmmessages:CreateDataChannel": "Session Manager",
    "ssmmessages:OpenControlChannel": "Session Manager",
    "ssmmessages:OpenDataChannel": "Session Manager",
    "xray:PutTelemetryRecords": "no resource level",
    "xray:PutTraceSegments": "no resource level",
}


def _grants(plan: Plan) -> list[tuple[Resource, str, dict[str, Any]]]:
    return [
        (one, attribute, statement)
        for one, attribute, document in plan.policies()
        for statement in statements(document)
        if statement["Effect"] == "Allow"
    ]


@pytest.fixture(scope="session", params=runs.ENVIRONMENTS)
def plan(request: pytest.FixtureRequest) -> Plan:
    found: Plan = request.getfixturevalue(request.param)
    return found


def test_policies_are_rendered_and_there_are_many(planner: runs.Terraform, plan: Plan) -> None:
    if planner.kind != "standin":
        pytest.skip("policies name ARNs that are known after apply; the stand-in renders them")
    kinds = {one.kind for one, _, _ in plan.policies()}
    assert {"aws_iam_role", "aws_iam_role_policy", "aws_kms_key", "aws_sqs_queue_policy"} <= kinds


def test_no_policy_allows_every_action_of_a_service(plan: Plan) -> None:
    found = [
        f"{one.address}: {action}"
        for one, _, statement in _grants(plan)
        for action in statement.get("Action", ["NotAction"])
        if (action.endswith("*") or action == "NotAction")
        and not (one.kind in ON_THEMSELVES and action == "kms:*")
        and not _only_this_account(one, statement)
        and not _is_deployer(one)
    ]
    assert not found


def _is_deployer(one: Resource) -> bool:
    """Terraform's role in a delivery: it makes and changes all of this; see the test below."""
    return one.address == 'module.delivery.aws_iam_role_policy.this["deploy"]'


def test_the_deployer_is_held_by_region_trust_and_refusals(plan: Plan) -> None:
    """It must be able to apply: what holds it is who may take the role and what it never may."""
    (document,) = [found for one, _, found in plan.policies() if _is_deployer(one)]
    refused = {
        action
        for statement in statements(document)
        if statement["Effect"] == "Deny"
        for action in statement["Action"]
    }
    assert {
        "iam:PutRolePolicy",
        "kms:ScheduleKeyDeletion",
        "rds:DeleteDBInstance",
        "s3:DeleteBucket",
        "secretsmanager:GetSecretValue",
        "ssm:StartSession",
    } <= refused
    wide = [
        statement
        for statement in statements(document)
        if statement["Effect"] == "Allow" and "*" in statement.get("Resource", [])
    ]
    for statement in wide:
        services = {action.split(":")[0] for action in statement["Action"]}
        bound = "aws:RequestedRegion" in str(statement.get("Condition"))
        assert bound or services <= {"budgets", "route53"}, "services without a region only"
    role = plan.one("aws_iam_role", module="delivery", name=f"rescuebot-{plan.name}-github-deploy")
    trust = json.loads(role["assume_role_policy"])
    subjects = [
        statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
        for statement in statements(trust)
    ]
    assert subjects and all(f":environment:{plan.name}" in str(one) for one in subjects), subjects


def _only_this_account(one: Resource, statement: dict[str, Any]) -> bool:
    """An endpoint lets through what the caller's own policy allows, of callers of this account."""
    return one.kind == "aws_vpc_endpoint" and "aws:PrincipalAccount" in str(
        statement.get("Condition")
    )


def test_no_policy_reaches_every_resource_where_aws_knows_one(plan: Plan) -> None:
    found = [
        f"{one.address}: {action} on *"
        for one, _, statement in _grants(plan)
        if "*" in statement.get("Resource", [])
        and one.kind not in ON_THEMSELVES
        and not _only_this_account(one, statement)
        and not _is_deployer(one)
        for action in statement.get("Action", [])
        if action not in NO_RESOURCE
    ]
    assert not found


def test_metrics_are_written_into_named_namespaces_only(plan: Plan) -> None:
    found = [
        one.address
        for one, _, statement in _grants(plan)
        if "cloudwatch:PutMetricData" in statement.get("Action", [])
        and "cloudwatch:namespace" not in str(statement.get("Condition"))
    ]
    assert not found


def test_nobody_but_the_account_and_named_services_is_trusted(plan: Plan) -> None:
    found = [
        f"{one.address}: {statement['Principal']}"
        for one, _, statement in _grants(plan)
        if "Principal" in statement
        and _anybody(statement["Principal"])
        and not _only_this_account(one, statement)
    ]
    assert not found


def _anybody(principal: Any) -> bool:
    if principal == "*":
        return True
    return any(
        "*" in (named if isinstance(named, list) else [named]) for named in principal.values()
    )


@pytest.mark.parametrize(
    "kind", ["aws_sqs_queue_policy", "aws_sns_topic_policy", "aws_s3_bucket_policy"]
)
def test_queues_topics_and_buckets_take_nothing_without_tls(plan: Plan, kind: str) -> None:
    policies = [(one, document) for one, _, document in plan.policies() if one.kind == kind]
    if not policies:
        pytest.fail(f"no {kind} in the plan")
    bare = [
        one.address
        for one, document in policies
        if not any(
            statement["Effect"] == "Deny" and "aws:SecureTransport" in str(statement["Condition"])
            for statement in statements(document)
        )
    ]
    assert not bare


def test_each_wildcard_in_the_code_says_why() -> None:
    """A `*` stands beside a comment, or within ten lines beneath one."""
    bare = []
    for path in sorted(runs.SOURCE.rglob("*.tf")):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if _is_wildcard(line) and not _is_explained(lines, number):
                bare.append(f"{path.relative_to(runs.SOURCE)}:{number + 1} {line.strip()}")
    assert not bare


def _is_wildcard(line: str) -> bool:
    code = line.split("#")[0]
    return bool(re.match(r"\s*(not_)?(actions|resources)\b.*\"(\*|[a-z0-9-]+:\*)\"", code))


def _is_explained(lines: list[str], number: int) -> bool:
    near = lines[max(0, number - 10) : number]
    beside = lines[number : number + 2]
    return any(line.strip().startswith("#") for line in near) or any("#" in one for one in beside)


@pytest.mark.parametrize(
    ("lines", "explained"),
    [
        (['  resources = ["*"]'], False),
        (['  resources = ["*"] # This call knows no resource.'], True),
        (["  # The key itself.", '  actions = ["kms:*"]'], True),
        (["  # Too far away."] + ["  statement {"] * 10 + ['  actions = ["kms:*"]'], False),
    ],
)
def test_a_wildcard_is_explained_only_by_a_comment_near_it(
    lines: list[str], explained: bool
) -> None:
    assert _is_wildcard(lines[-1]) and _is_explained(lines, len(lines) - 1) is explained
