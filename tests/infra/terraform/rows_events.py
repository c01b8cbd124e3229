"""What watches, what carries events, and who is told: rows A4.5 to A4.7, C4 and C7."""

from __future__ import annotations

import json
import re

from tests.infra.terraform.plan import NotKnownYet, Plan, Resource
from tests.infra.terraform.rows import (
    SIZES,
    Found,
    allowed,
    calls,
    function,
    patterns,
    queries,
    row,
    targets,
    variables,
)

SEVERITIES = ("info", "warning", "critical", "fatal")
ALARM = "CloudWatch Alarm State Change"
CONTRIBUTOR = "CloudWatch Alarm Contributor State Change"


# --- A4.5 monitoring --------------------------------------------------------------------------


@row("A4.5", "CloudWatch logs, kept for a time")
def logs(plan: Plan) -> Found:
    shortest, longest = SIZES[plan.name].retention
    groups = plan.all("aws_cloudwatch_log_group")
    assert groups, "no log groups"
    for one in sorted(groups, key=lambda group: group.address):
        assert shortest <= one["retention_in_days"] <= longest, one.address
        yield one, f"{one['retention_in_days']} days"


@row("A4.5", "CloudWatch Agent: processes, CPU, memory")
def watched(plan: Plan) -> Found:
    patterns_of: list[str] = []
    for one in plan.all("aws_ssm_parameter", module="observability"):
        metrics = json.loads(_text(one))["metrics"]
        collected = metrics["metrics_collected"]
        assert list(metrics["append_dimensions"]) == ["InstanceId"], "alarms would not see it"
        assert {"procstat", "cpu", "mem"} <= set(collected)
        names = [process["exe"] for process in collected["procstat"]]
        patterns_of += names
        yield one, f"CPU, memory, disk, logs, and the processes {', '.join(names)}".replace(
            "|", "\\|"
        )
    assert any("mysqld" in name for name in patterns_of), patterns_of


def _text(parameter: Resource) -> str:
    for values in (parameter.values, parameter.made or {}):
        for attribute in ("insecure_value", "value"):
            if values.get(attribute):
                return str(values[attribute])
    raise NotKnownYet(f"{parameter.address}.value")


def _alarms(plan: Plan, pattern: str) -> list[Resource]:
    return [
        one for one in plan.all("aws_cloudwatch_metric_alarm") if re.search(pattern, queries(one))
    ]


@row("A4.5", "Alarm: a MySQL process is down, on whichever instance")
def mysql_down(plan: Plan) -> Found:
    found = [one for one in _alarms(plan, r"procstat_lookup_pid_count") if "mysqld" in queries(one)]
    assert found, "no alarm looks at mysqld"
    for one in found:
        assert re.search(r"GROUP BY\s+\"?InstanceId", queries(one)), one.address
        assert one["treat_missing_data"] == "breaching", "silence would hide a dead host"
        yield one, one["alarm_name"]


@row("A4.5", "Alarm: CPU")
def cpu(plan: Plan) -> Found:
    found = _alarms(plan, r"(?i)cpu_?(utilization|usage)")
    assert any("GROUP BY" in queries(one) for one in found), "no alarm looks at each instance"
    for one in found:
        yield one, one["alarm_name"]


@row("A4.5", "Alarm: memory")
def memory(plan: Plan) -> Found:
    found = _alarms(plan, r"mem_used_percent|mem_available")
    assert any("GROUP BY" in queries(one) for one in found), "no alarm looks at each instance"
    for one in found:
        yield one, one["alarm_name"]


@row("A4.5", "EventBridge: CloudWatch to the Lambda, and to the queue of C4")
def bridged(plan: Plan) -> Found:
    router = function(plan, "event_router")
    queue = events_queue(plan)
    seen: set[str] = set()
    for rule, pattern in patterns(plan):
        if not {ALARM, CONTRIBUTOR} & set(pattern.get("detail-type", [])):
            continue
        sent = [one["arn"] for one in targets(plan, rule)]
        assert any(calls(arn, router) for arn in sent), f"{rule.address} {sent}"
        assert queue["arn"] in sent, f"{rule.address} {sent}"
        seen |= set(pattern["detail-type"])
        yield rule, f"{', '.join(pattern['detail-type'])}: to event_router and the queue"
    assert {ALARM, CONTRIBUTOR} <= seen, f"only {seen}"


@row("A4.5", "EventBridge: what goes wrong is kept and tried again")
def kept(plan: Plan) -> Found:
    rules = [rule for rule, _ in patterns(plan)]
    assert rules, "no rules"
    for rule in rules:
        sent = [
            one for one in targets(plan, rule) if ":sqs:" in one["arn"] or _is_router(plan, one)
        ]
        assert len(sent) == 2, f"{rule.address} leads to {[one.address for one in sent]}"
        for target in sent:
            dead = target.block("dead_letter_config")["arn"]
            plan.made_as("arn", dead, "aws_sqs_queue")
            assert target.block("retry_policy")["maximum_retry_attempts"] > 0
            yield target, "dead-letter queue, retries"


def _is_router(plan: Plan, target: Resource) -> bool:
    return calls(str(target["arn"]), function(plan, "event_router"))


@row("A4.5", "EventBridge: changes of EC2 and RDS come in, too")
def others(plan: Plan) -> Found:
    wanted = {"EC2 Instance State-change Notification", "RDS DB Instance Event"}
    for rule, pattern in patterns(plan):
        of_it = wanted & set(pattern.get("detail-type", []))
        if of_it:
            wanted -= of_it
            yield rule, ", ".join(sorted(of_it))
    assert not wanted, f"nobody hears of {wanted}"


# --- C4: the queue ----------------------------------------------------------------------------


def events_queue(plan: Plan) -> Resource:
    """The queue that the engine reads."""
    found = [
        one
        for one in plan.all("aws_sqs_queue", module="queue")
        if "maxReceiveCount" in str((one.made or one.values).get("redrive_policy"))
    ]
    assert len(found) == 1, [one.address for one in found]
    return found[0]


@row("C4", "SQS queue of the engine, with a dead-letter queue")
def queued(plan: Plan) -> Found:
    queue = events_queue(plan)
    redrive = json.loads(queue["redrive_policy"])
    dead = plan.made_as("arn", redrive["deadLetterTargetArn"], "aws_sqs_queue")
    assert dead["message_retention_seconds"] == 1_209_600
    assert queue["kms_master_key_id"] and dead["kms_master_key_id"]
    yield queue, f"dead letters after {redrive['maxReceiveCount']} receipts, encrypted"
    yield dead, "kept 14 days, encrypted"


# --- A4.6 Bedrock -----------------------------------------------------------------------------


@row("A4.6", "Claude Sonnet, called through a Lambda; the model is a setting")
def model(plan: Plan) -> Found:
    advisor = function(plan, "bedrock_advisor")
    name = variables(advisor)["BEDROCK_MODEL_ID"]
    assert "claude-sonnet" in name
    assert advisor["runtime"] == "python3.13" and advisor["architectures"] == ["arm64"]
    yield advisor, name


@row("A4.6", "IAM policy on access: this model and no other")
def model_policy(plan: Plan) -> Found:
    advisor = function(plan, "bedrock_advisor")
    role = plan.made_as("arn", advisor["role"], "aws_iam_role")
    found = allowed(plan, role)
    asked = found["bedrock:InvokeModel"]
    name = variables(advisor)["BEDROCK_MODEL_ID"]
    base = name.split(".", 1)[1] if name.count(".") > 1 else name
    assert asked and all(arn.endswith((f"/{name}", f"/{base}")) for arn in asked), asked
    assert not [one for one in found if one.startswith("bedrock:") and one != "bedrock:InvokeModel"]
    yield role, f"bedrock:InvokeModel on {len(asked)} ARNs of {base}"


@row("A4.6", "Calls logged with their response time; token use watched; cost kept down")
def cost(plan: Plan) -> Found:
    advisor = function(plan, "bedrock_advisor")
    (group,) = [
        one
        for one in plan.all("aws_cloudwatch_log_group")
        if one["name"] == f"/aws/lambda/{advisor['function_name']}"
    ]
    yield group, f"calls and milliseconds, {group['retention_in_days']} days"
    board = plan.one("aws_cloudwatch_dashboard")
    assert all(word in board["dashboard_body"] for word in ("InputTokens", "OutputTokens"))
    yield board, "tokens in and out, cost"
    budgets = plan.all("aws_budgets_budget")
    assert budgets, "no budget"
    for one in budgets:
        assert one["notification"], f"{one.address} tells nobody"
        yield one, f"{float(one['limit_amount']):g} {one['limit_unit']} a month"
    assert 0 < advisor["reserved_concurrent_executions"] <= 10
    yield advisor, f"at most {advisor['reserved_concurrent_executions']} calls at once"


# --- A4.7 SNS ---------------------------------------------------------------------------------


def topics(plan: Plan) -> dict[str, Resource]:
    """The topic of each severity."""
    found = {
        severity: one
        for one in plan.all("aws_sns_topic")
        for severity in SEVERITIES
        if one["name"].endswith(f"-{severity}")
    }
    assert set(found) == set(SEVERITIES), sorted(found)
    return found


@row("A4.7", "A topic, and a Slack channel, for each severity")
def by_severity(plan: Plan) -> Found:
    for severity in SEVERITIES:
        one = topics(plan)[severity]
        assert one["kms_master_key_id"]
        yield one, "encrypted; its channel by the secret of webhooks"


@row("A4.7", "Lambda from SNS to the Slack webhook")
def to_slack(plan: Plan) -> Found:
    notifier = function(plan, "slack_notifier")
    arns = {one["arn"] for one in topics(plan).values()}
    told = [one for one in plan.all("aws_sns_topic_subscription") if one["protocol"] == "lambda"]
    assert arns <= {one["topic_arn"] for one in told}, "a topic that nobody hears"
    for one in told:
        assert calls(one["endpoint"], notifier)
    secret = variables(notifier)["WEBHOOK_SECRET"]
    plan.made_as("arn", secret, "aws_secretsmanager_secret")
    permissions = plan.all("aws_lambda_permission", principal="sns.amazonaws.com")
    assert arns <= {one["source_arn"] for one in permissions}
    yield notifier, "called by the topics; webhooks from Secrets Manager"


@row("A7.3", "One variable says who tells of an event first")
def who_tells(plan: Plan) -> Found:
    router = function(plan, "event_router")
    told = variables(router)["TELL"]
    assert told in ("all", "unreached")
    yield router, f"TELL={told}"
