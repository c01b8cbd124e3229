"""The code itself, and the way into production: rows A5 and A6."""

from __future__ import annotations

from tests.infra.terraform.plan import Plan
from tests.infra.terraform.rows import SIZES, Found, allowed, function, row


@row("A5", "VPC and networking: subnets, route tables, internet gateway, NAT")
def network(plan: Plan) -> Found:
    for kind in ("aws_subnet", "aws_route_table", "aws_internet_gateway", "aws_nat_gateway"):
        found = plan.all(kind, module="network")
        assert found, f"no {kind}"
        yield kind, f"{len(found)}"


@row("A5", "EC2 and Auto Scaling, RDS MySQL, load balancer")
def machines(plan: Plan) -> Found:
    for kind in ("aws_launch_template", "aws_autoscaling_group", "aws_db_instance", "aws_lb"):
        found = plan.all(kind)
        assert found, f"no {kind}"
        yield kind, f"{len(found)}"


@row("A5", "Security groups and IAM roles")
def doors(plan: Plan) -> Found:
    for kind in ("aws_security_group", "aws_iam_role"):
        found = plan.all(kind)
        assert found, f"no {kind}"
        yield kind, f"{len(found)}"


@row("A5", "CloudWatch and EventBridge, SNS topics and subscriptions, Secrets Manager")
def eyes(plan: Plan) -> Found:
    for kind in (
        "aws_cloudwatch_metric_alarm",
        "aws_cloudwatch_event_rule",
        "aws_sns_topic",
        "aws_sns_topic_subscription",
        "aws_secretsmanager_secret",
    ):
        found = plan.all(kind)
        assert found, f"no {kind}"
        yield kind, f"{len(found)}"


@row("A5", "Lambdas: SNS to Slack, Bedrock, EventBridge")
def functions(plan: Plan) -> Found:
    for name in ("slack_notifier", "bedrock_advisor", "event_router"):
        one = function(plan, name)
        assert one.block("dead_letter_config")[
            "target_arn"
        ], f"{one.address} loses what it cannot do"
        assert one.block("tracing_config")["mode"] == "Active"
        yield one, f"{one['runtime']} on {one['architectures'][0]}, dead-letter queue"


@row("A5", "dev: one AZ, t3.micro; prod: Multi-AZ, t3.medium")
def sizes(plan: Plan) -> Found:
    size = SIZES[plan.name]
    templates = plan.all("aws_launch_template")
    assert templates, "no machines"
    for one in templates:
        assert one["instance_type"] == size.instance, f"{one.address} {one['instance_type']}"
        yield one, one["instance_type"]
    group = plan.one("aws_autoscaling_group", module="web")
    assert len(group.whole("vpc_zone_identifier")) == size.zones
    yield group, f"in {size.zones} AZ"


@row("A6", "Rolling deployment: machines are replaced one after another, and rolled back")
def rolling(plan: Plan) -> Found:
    group = plan.one("aws_autoscaling_group", module="web")
    refresh = group.block("instance_refresh")
    preferences = refresh["preferences"][0]
    assert refresh["strategy"] == "Rolling" and preferences["auto_rollback"] is True
    # The group is never smaller than it should be while it is renewed.
    assert preferences["min_healthy_percentage"] == 100
    healthy = (
        f"{preferences['min_healthy_percentage']} to {preferences['max_healthy_percentage']} %"
    )
    yield group, f"{refresh['strategy']}, {healthy} healthy, rolls back by itself"
    # A rollback goes to a numbered version; $Latest would be the broken one again.
    assert group.whole("launch_template")[0]["version"] not in ("$Latest", "$Default")


@row("A6", "Images in ECR")
def images(plan: Plan) -> Found:
    found = plan.all("aws_ecr_repository")
    assert {one["name"].split("/")[-1].split("-")[-1] for one in found} == {"web", "master"}
    for one in found:
        assert one["image_tag_mutability"] == "IMMUTABLE"
        assert one.block("image_scanning_configuration")["scan_on_push"] is True
        yield one, "immutable tags, scanned on push"


@row("A6", "GitHub Actions comes in by OIDC, without stored keys")
def by_oidc(plan: Plan) -> Found:
    roles = [
        one
        for one in plan.all("aws_iam_role", module="delivery")
        if "token.actions.githubusercontent.com" in one["assume_role_policy"]
    ]
    assert roles, "no role for GitHub Actions"
    for one in roles:
        trust = one["assume_role_policy"]
        assert '"sts.amazonaws.com"' in trust and "repo:" in trust and ':*"' not in trust
        assert "*" not in allowed(plan, one), f"{one.address} may do everything"
        yield one, "for one repository and its environments"
    assert not plan.all("aws_iam_access_key") and not plan.all("aws_iam_user")
