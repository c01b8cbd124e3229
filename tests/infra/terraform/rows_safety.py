"""Who may do what, and what keeps others out: row A4.4."""

from __future__ import annotations

import re
from typing import Any

from tests.infra.terraform.plan import NotKnownYet, Plan, Resource
from tests.infra.terraform.rows import Found, allowed, calls, function, role_of, row


def _may(plan: Plan, module: str, actions: list[str]) -> tuple[Resource, dict[str, list[str]]]:
    role = role_of(plan, module)
    found = allowed(plan, role)
    missing = [one for one in actions if one not in found]
    assert not missing, f"{role.address} may not {missing}; it may {sorted(found)}"
    return role, found


@row("A4.4", "IAM role: EC2 to CloudWatch")
def to_cloudwatch(plan: Plan) -> Found:
    for module in ("web", "master"):
        role, _ = _may(plan, module, ["cloudwatch:PutMetricData", "logs:PutLogEvents"])
        yield role, "cloudwatch:PutMetricData, logs:PutLogEvents"


@row("A4.4", "IAM role: EC2 to SNS")
def to_sns(plan: Plan) -> Found:
    topics = {one["arn"] for one in plan.all("aws_sns_topic")}
    for module in ("web", "master"):
        role, found = _may(plan, module, ["sns:Publish"])
        assert set(found["sns:Publish"]) <= topics, "may publish on topics that are not ours"
        yield role, f"sns:Publish, topics: {len(set(found['sns:Publish']))}"


@row("A4.4", "IAM role: EC2 to Bedrock, through the Lambda")
def to_bedrock(plan: Plan) -> Found:
    advisor = function(plan, "bedrock_advisor")
    for module in ("web", "master"):
        role, found = _may(plan, module, ["lambda:InvokeFunction"])
        for arn in found["lambda:InvokeFunction"]:
            assert calls(arn, advisor), f"{role.address} may invoke {arn}"
        assert not [one for one in found if one.startswith("bedrock:")]
        yield role, "lambda:InvokeFunction on bedrock_advisor, nothing of Bedrock itself"


@row("A4.4", "Secrets Manager: credentials of the database, token of Slack")
def secrets(plan: Plan) -> Found:
    found = {one["name"]: one for one in plan.all("aws_secretsmanager_secret")}
    for word in ("database", "slack"):
        assert any(word in name for name in found), f"no secret of {word} in {sorted(found)}"
    for name, one in sorted(found.items()):
        assert _is_set(one, "kms_key_id"), f"{one.address} has no key of our own"
        yield one, name
    kept = [
        version.address
        for version in plan.all("aws_secretsmanager_secret_version")
        if version.values.get("secret_string")
    ]
    assert not kept, f"values in the state: {kept}"


def _is_set(one: Resource, attribute: str) -> bool:
    try:
        return bool(one[attribute])
    except NotKnownYet:
        return True


@row("A4.4", "Secrets Manager: the database's own password is changed by itself")
def rotated(plan: Plan) -> Found:
    rotation = plan.one("aws_secretsmanager_secret_rotation")
    secret = plan.made_as("id", rotation["secret_id"], "aws_secretsmanager_secret")
    assert secret.module == "database"
    days = rotation.block("rotation_rules")["automatically_after_days"]
    assert 0 < days <= 90
    yield rotation, f"every {days} days"


@row("A4.4", "WAF: SQL injection")
def sql_injection(plan: Plan) -> Found:
    yield _managed(plan, "AWSManagedRulesSQLiRuleSet"), "AWSManagedRulesSQLiRuleSet"


@row("A4.4", "WAF: XSS")
def cross_site(plan: Plan) -> Found:
    yield _managed(plan, "AWSManagedRulesCommonRuleSet"), "AWSManagedRulesCommonRuleSet"


@row("A4.4", "WAF: what it only marks in a body, it blocks for whoever has not signed in")
def strangers(plan: Plan) -> Found:
    acl = plan.one("aws_wafv2_web_acl")
    marked = {
        override["name"].lower()
        for rule in _rules(acl)
        for group in rule["statement"][0].get("managed_rule_group_statement") or []
        for override in group.get("rule_action_override") or []
    }
    blocked = {
        label.rsplit(":", 1)[1].lower()
        for rule in _rules(acl)
        if rule["action"] and rule["action"][0]["block"]
        for label in re.findall(r"awswaf:managed:aws:[a-z-]+:\w+", str(rule["statement"]))
    }
    assert marked and marked == blocked, marked ^ blocked
    yield acl, f"{len(marked)} rules about bodies: those who have signed in write scripts"


@row("A4.4", "WAF: stands before the load balancer, and limits the rate")
def before(plan: Plan) -> Found:
    acl = plan.one("aws_wafv2_web_acl")
    joined = plan.one("aws_wafv2_web_acl_association")
    assert joined["resource_arn"] == plan.one("aws_lb")["arn"]
    assert joined["web_acl_arn"] == acl["arn"]
    yield joined, "web ACL on the load balancer"
    rates = [one for one in _rules(acl) if one["statement"][0].get("rate_based_statement")]
    assert rates, "no limit of the rate"
    for rate in rates:
        assert rate["action"][0]["block"], "the rate is counted and not held"
        limit = rate["statement"][0]["rate_based_statement"][0]
        path = limit["scope_down_statement"][0]["byte_match_statement"][0]["search_string"]
        minutes = limit["evaluation_window_sec"] // 60
        yield acl, f"{limit['limit']} in {minutes} minutes from one address, at {path}"


def _managed(plan: Plan, name: str) -> Resource:
    acl = plan.one("aws_wafv2_web_acl")
    assert acl["scope"] == "REGIONAL"
    groups = {}
    for rule in _rules(acl):
        for group in rule["statement"][0].get("managed_rule_group_statement") or []:
            groups[group["name"]] = rule
    assert name in groups, f"{name} is not in {sorted(groups)}"
    # `count` would let everything of the whole group through.
    override = groups[name]["override_action"][0]
    assert override["none"] and not override["count"], f"{name} only counts"
    return acl


def _rules(acl: Resource) -> list[dict[str, Any]]:
    return list(acl["rule"])


@row("A4.4", "TLS certificate of ACM")
def certificate(plan: Plan) -> Found:
    listener = plan.one("aws_lb_listener", port=443)
    assert listener["protocol"] == "HTTPS" and "TLS13" in listener["ssl_policy"]
    yield listener, f"HTTPS 443, {listener['ssl_policy']}"
    made = plan.all("aws_acm_certificate")
    if made:
        (one,) = made
        assert one["validation_method"] == "DNS"
        yield one, "validated by DNS"
    else:
        assert listener["certificate_arn"].startswith("arn:aws:acm:")
    redirect = plan.one("aws_lb_listener", port=80)
    aim = redirect.block("default_action")
    assert aim["type"] == "redirect" and aim["redirect"][0]["port"] == "443"
    yield redirect, "80 leads to 443"
