"""For each scenario of terraform/compliance, a change of a plan that it must not let pass.

A scenario that nothing can break says nothing. Each change is small: one value of one resource, as
somebody might really change it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

Document = dict[str, Any]
Break = Callable[[Document], None]


def resources(plan: Document, kind: str) -> Iterator[Document]:
    """The values of all planned resources of a kind."""
    modules = [plan["planned_values"]["root_module"]]
    while modules:
        module = modules.pop(0)
        modules += module.get("child_modules", [])
        for one in module.get("resources", []):
            if one["type"] == kind:
                yield one


def put(kind: str, path: str, value: Any, *, where: str = "", **wanted: Any) -> Break:
    """Put a value into the first resource of a kind whose address and values fit."""

    def change(plan: Document) -> None:
        for one in resources(plan, kind):
            fits = all(one["values"].get(key) == given for key, given in wanted.items())
            if re.search(where, one["address"]) and fits:
                _put(one["values"], path.split("."), value)
                return
        raise AssertionError(f"no {kind} like {where or wanted}")

    return change


def _put(values: Any, path: list[str], value: Any) -> None:
    *way, last = path
    for step in way:
        values = values[int(step) if step.isdigit() else step]
    values[int(last) if last.isdigit() else last] = value


def rename(kind: str, path: str, old: str, new: str) -> Break:
    """Replace a word in a value wherever a resource of the kind has it there."""

    def change(plan: Document) -> None:
        found = [one["values"] for one in resources(plan, kind) if one["values"].get(path) == old]
        assert found, f"no {kind} with {path} {old}"
        for values in found:
            values[path] = new

    return change


def drop(kind: str, where: str) -> Break:
    """Leave a resource out of the plan."""

    def change(plan: Document) -> None:
        modules = [plan["planned_values"]["root_module"]]
        dropped = 0
        while modules:
            module = modules.pop(0)
            modules += module.get("child_modules", [])
            before = module.get("resources", [])
            module["resources"] = [
                one
                for one in before
                if not (one["type"] == kind and re.search(where, one["address"]))
            ]
            dropped += len(before) - len(module["resources"])
        assert dropped, f"no {kind} like {where}"

    return change


def forget(kind: str, block: str) -> Break:
    """Leave a block out of all resources of a kind, as if nobody had written it.

    Out of the configuration, too: the tool takes from there what a plan does not know.
    """

    def change(plan: Document) -> None:
        for one in resources(plan, kind):
            one["values"][block] = []
        for module in configured(plan):
            for one in module.get("resources", []):
                if one["type"] == kind:
                    one["expressions"].pop(block, None)

    return change


def configured(plan: Document) -> Iterator[Document]:
    """The configuration of each module."""
    modules = [plan["configuration"]["root_module"]]
    while modules:
        module = modules.pop(0)
        yield module
        modules += [call["module"] for call in module.get("module_calls", {}).values()]


def only(plan: Document, kinds: set[str]) -> Document:
    """A copy of a plan with these kinds of resources alone: what is smaller is judged faster."""
    names = ("format_version", "terraform_version", "planned_values", "configuration")
    copy = deepcopy({name: plan[name] for name in names})
    modules = [copy["planned_values"]["root_module"]]
    for module in modules:
        modules += module.get("child_modules", [])
    for module in [*modules, *configured(copy)]:
        kept = [one for one in module.get("resources", []) if one["type"] in kinds]
        module["resources"] = kept
    _prune(copy["configuration"]["root_module"])
    return copy


def _prune(module: Document) -> bool:
    """Leave out calls of modules in which nothing is left; whether something is left here."""
    calls = module.get("module_calls", {})
    module["module_calls"] = {name: one for name, one in calls.items() if _prune(one["module"])}
    return bool(module["resources"] or module["module_calls"])


def without_rule_group(name: str) -> Break:
    """A web ACL without one of AWS's rule groups."""

    def change(plan: Document) -> None:
        (acl,) = resources(plan, "aws_wafv2_web_acl")
        rules = acl["values"]["rule"]
        acl["values"]["rule"] = [one for one in rules if name not in str(one)]
        assert len(acl["values"]["rule"]) < len(rules)

    return change


def unlimited(plan: Document) -> None:
    """A web ACL whose limits of the rate limit nothing."""
    (acl,) = resources(plan, "aws_wafv2_web_acl")
    for rule in acl["values"]["rule"]:
        for limit in rule["statement"][0].get("rate_based_statement") or []:
            limit["limit"] = 2_000_000


def unprotected_connections(plan: Document) -> None:
    """A database that talks without TLS, too."""
    for one in resources(plan, "aws_db_parameter_group"):
        for parameter in one["values"]["parameter"]:
            if parameter["name"] == "require_secure_transport":
                parameter["value"] = "0"


def broken(plan: Document, change: Break) -> Document:
    """A copy of a plan with the change in it."""
    copy = deepcopy(plan)
    change(copy)
    assert copy != plan, "nothing was changed"
    return copy


RULE = "aws_vpc_security_group_ingress_rule"
OPEN = "0.0.0.0/0"
WEB, LEDGER = r"module\.web\.aws_autoscaling_group", r"module\.database\.aws_db_instance\.this"

_NETWORK: dict[str, tuple[str, Break]] = {
    "The VPC is 10.0.0.0/16": ("prod", put("aws_vpc", "cidr_block", "10.1.0.0/16")),
    "Nothing but 80 and 443 is open to the world": (
        "prod",
        put(RULE, "cidr_ipv4", OPEN, to_port=22),
    ),
    "Flask is reached through the load balancer only": (
        "prod",
        put(RULE, "cidr_ipv4", "10.0.0.0/16", to_port=5000),
    ),
    "MySQL is reached from security groups only": (
        "prod",
        put(RULE, "cidr_ipv4", "10.0.0.0/16", to_port=3306),
    ),
    "SSH is reached from inside the VPC only": (
        "prod",
        put(RULE, "cidr_ipv4", "203.0.113.0/24", to_port=22),
    ),
    "No subnet hands out public addresses": (
        "prod",
        put("aws_subnet", "map_public_ip_on_launch", True, where="private"),
    ),
    "One NAT gateway is enough for dev": ("dev", drop("aws_nat_gateway", "")),
    "prod has a NAT gateway in each zone": ("prod", drop("aws_nat_gateway", "1c")),
}

_MACHINES: dict[str, tuple[str, Break]] = {
    "dev runs on t3.micro": ("dev", put("aws_launch_template", "instance_type", "t3.large")),
    "prod runs on t3.medium": ("prod", put("aws_launch_template", "instance_type", "t3.micro")),
    "prod has two instances of the API at least": (
        "prod",
        put("aws_autoscaling_group", "min_size", 1, where=WEB),
    ),
    "prod has five instances of the API at most": (
        "prod",
        put("aws_autoscaling_group", "max_size", 50, where=WEB),
    ),
    "Instances are replaced one after another": (
        "prod",
        forget("aws_autoscaling_group", "instance_refresh"),
    ),
    "A failed replacement is rolled back": (
        "prod",
        put(
            "aws_autoscaling_group",
            "instance_refresh.0.preferences.0.auto_rollback",
            False,
            where=WEB,
        ),
    ),
    "Instances know only the second version of the metadata service": (
        "prod",
        put("aws_launch_template", "metadata_options.0.http_tokens", "optional"),
    ),
    "Instances have no public address": (
        "prod",
        put("aws_launch_template", "network_interfaces.0.associate_public_ip_address", "true"),
    ),
    "Disks of instances are encrypted": (
        "prod",
        put("aws_launch_template", "block_device_mappings.0.ebs.0.encrypted", "false"),
    ),
    "Tags of images are never given twice": (
        "prod",
        put("aws_ecr_repository", "image_tag_mutability", "MUTABLE"),
    ),
    "Images are scanned when they come": (
        "prod",
        put("aws_ecr_repository", "image_scanning_configuration.0.scan_on_push", False),
    ),
}

_DATABASE: dict[str, tuple[str, Break]] = {
    "It is MySQL": ("prod", put("aws_db_instance", "engine", "postgres", where=LEDGER)),
    "It outlives the loss of a zone": (
        "prod",
        put("aws_db_instance", "multi_az", False, where=LEDGER),
    ),
    "Backups are kept for 7 days": (
        "prod",
        put("aws_db_instance", "backup_retention_period", 1, where=LEDGER),
    ),
    "A replica serves the dashboard": ("prod", drop("aws_db_instance", "replica")),
    "It is encrypted": ("prod", put("aws_db_instance", "storage_encrypted", False, where=LEDGER)),
    "It has no public address": (
        "prod",
        put("aws_db_instance", "publicly_accessible", True, where=LEDGER),
    ),
    "Nobody talks to it without TLS": ("prod", unprotected_connections),
    "It cannot be deleted by mistake": (
        "prod",
        put("aws_db_instance", "deletion_protection", False, where=LEDGER),
    ),
}

_GROUPS = ("SQLi", "Common", "KnownBadInputs", "AmazonIpReputation")
_EDGE: dict[str, tuple[str, Break]] = {
    "The load balancer is an application load balancer": (
        "prod",
        put("aws_lb", "load_balancer_type", "network"),
    ),
    "It drops headers that are no headers": (
        "prod",
        put("aws_lb", "drop_invalid_header_fields", False),
    ),
    "HTTP only leads to HTTPS": (
        "prod",
        put("aws_lb_listener", "default_action.0.type", "forward", protocol="HTTP"),
    ),
    "HTTPS is TLS 1.2 or newer": (
        "prod",
        put("aws_lb_listener", "ssl_policy", "ELBSecurityPolicy-2016-08", protocol="HTTPS"),
    ),
    "Health is asked at /health": (
        "prod",
        put("aws_lb_target_group", "health_check.0.path", "/health/ready"),
    ),
    "The web ACL limits the rate of an address": ("prod", unlimited),
} | {
    f"The web ACL holds <what> - row {row}": ("prod", without_rule_group(name))
    for row, name in enumerate(_GROUPS)
}

_TARGET, _SILENT = "aws_cloudwatch_event_target", "treat_missing_data"
_EVENTS: dict[str, tuple[str, Break]] = {
    "What EventBridge cannot deliver is kept": ("prod", forget(_TARGET, "dead_letter_config")),
    "EventBridge tries again": (
        "prod",
        put(_TARGET, "retry_policy.0.maximum_retry_attempts", 0, target_id="queue"),
    ),
    "A function that fails keeps what it could not do": (
        "prod",
        forget("aws_lambda_function", "dead_letter_config"),
    ),
    "Functions are traced": (
        "prod",
        put("aws_lambda_function", "tracing_config.0.mode", "PassThrough"),
    ),
    "Dead letters are kept for 14 days": (
        "prod",
        put("aws_sqs_queue", "message_retention_seconds", 3600, where="dead_letter"),
    ),
    "The function that posts into Slack hears the topics": (
        "prod",
        drop("aws_sns_topic_subscription", r"\.slack\["),
    ),
    "A silent agent is an alarm": (
        "prod",
        put("aws_cloudwatch_metric_alarm", _SILENT, "notBreaching", where="mysql-down"),
    ),
    "Alarms tell somebody": ("prod", put("aws_cloudwatch_metric_alarm", "alarm_description", "")),
} | {
    f"There is a topic for <severity> - row {row}": (
        "prod",
        rename("aws_sns_topic", "name", f"rescuebot-prod-{name}", "rescuebot-prod-other"),
    )
    for row, name in enumerate(("info", "warning", "critical", "fatal"))
}

_PUBLIC = ("block_public_acls", "block_public_policy", "ignore_public_acls")
_SECRETS: dict[str, tuple[str, Break]] = {
    "Logs of dev are kept for days": (
        "dev",
        put("aws_cloudwatch_log_group", "retention_in_days", 30),
    ),
    "Logs of prod are kept for weeks": (
        "prod",
        put("aws_cloudwatch_log_group", "retention_in_days", 0),
    ),
    "Keys are changed every year": ("prod", put("aws_kms_key", "enable_key_rotation", False)),
    "The archive keeps versions": (
        "prod",
        put(
            "aws_s3_bucket_versioning",
            "versioning_configuration.0.status",
            "Suspended",
            where=r"\.private\.",
        ),
    ),
} | {
    f"Buckets refuse <property> - row {row}": (
        "prod",
        put("aws_s3_bucket_public_access_block", name, False),
    )
    for row, name in enumerate((*_PUBLIC, "restrict_public_buckets"))
}


def _untagged(tag: str) -> Break:
    def change(plan: Document) -> None:
        del next(resources(plan, "aws_sqs_queue"))["values"]["tags_all"][tag]

    return change


_SECRETS |= {
    f"Everything says whose it is, by the tag <tag> - row {row}": ("prod", _untagged(tag))
    for row, tag in enumerate(("Project", "Environment", "ManagedBy"))
}

# By feature file; within it by the scenario's name.
BREAKAGES = {
    "network": _NETWORK,
    "machines": _MACHINES,
    "database": _DATABASE,
    "edge": _EDGE,
    "events": _EVENTS,
    "secrets": _SECRETS,
}
