"""Machines, database and network: rows A4.1 to A4.3, A2.4 and C9."""

from __future__ import annotations

import re

import yaml

from tests.infra.terraform.plan import Plan, Resource, files
from tests.infra.terraform.rows import SIZES, Found, row

WORLD = "0.0.0.0/0"


# --- A4.1 compute -----------------------------------------------------------------------------


@row("A4.1", "EC2 that runs the API in Docker")
def web_in_docker(plan: Plan) -> Found:
    template = plan.one("aws_launch_template", module="web")
    written = files(template)
    script = "\n".join(written.values())
    assert re.search(r"docker run .*\n?.*", script), "no container is started"
    assert "--read-only" in script and "--cap-drop ALL" in script
    # By its digest: what was tested is what runs, whatever a tag points to.
    assert re.search(r"IMAGE='\S+@sha256:[0-9a-f]{64}'", written["/etc/rescuebot/host.env"])
    assert template["instance_type"] == SIZES[plan.name].instance
    assert template.block("metadata_options")["http_tokens"] == "required"
    yield template, f"{template['instance_type']}, image by its digest, read-only, IMDSv2 only"


@row("A4.1", "Auto Scaling group of 2 to 5")
def scaled(plan: Plan) -> Found:
    group = plan.one("aws_autoscaling_group", module="web")
    size = (group["min_size"], group["max_size"])
    assert size == SIZES[plan.name].asg
    assert group["health_check_type"] == "ELB"
    yield group, f"{size[0]} to {size[1]}, health asked of the load balancer"
    policies = plan.all("aws_autoscaling_policy", module="web")
    assert policies, "nothing scales it"
    for policy in policies:
        assert policy["policy_type"] == "TargetTrackingScaling"
        aim = policy.block("target_tracking_configuration")
        kind = aim["predefined_metric_specification"][0]["predefined_metric_type"]
        yield policy, f"{kind} {aim['target_value']:g}"


@row("A4.1", "Application Load Balancer")
def balanced(plan: Plan) -> Found:
    balancer = plan.one("aws_lb")
    assert balancer["load_balancer_type"] == "application" and balancer["internal"] is False
    yield balancer, "application, internet-facing"
    target = plan.one("aws_lb_target_group", port=5000, protocol="HTTP")
    health = target.block("health_check")
    assert health["path"] == "/health"
    group = plan.one("aws_autoscaling_group", module="web")
    attached = [one["lb_target_group_arn"] for one in plan.all("aws_autoscaling_attachment")]
    sources = group.values.get("traffic_source") or []
    named = [*(group.made or {}).get("target_group_arns", []), *attached]
    assert target["arn"] in [*named, *(one["identifier"] for one in sources)]
    yield target, "HTTP 5000, health check /health"


# --- A4.2 database ----------------------------------------------------------------------------


def primary(plan: Plan) -> Resource:
    """The database that is written to."""
    (found,) = [one for one in plan.all("aws_db_instance") if not _is_replica(one)]
    return found


def replicas(plan: Plan) -> list[Resource]:
    """Those that follow it."""
    return [one for one in plan.all("aws_db_instance") if _is_replica(one)]


def _is_replica(one: Resource) -> bool:
    # Unknown at plan when it is the id of the other; absent, or null, in the primary.
    return "replicate_source_db" not in one.values or bool(one.values["replicate_source_db"])


@row("A4.2", "RDS MySQL, Multi-AZ in prod")
def mysql(plan: Plan) -> Found:
    database = primary(plan)
    assert database["engine"] == "mysql" and database["engine_version"].startswith("8.4")
    assert bool(database["multi_az"]) is SIZES[plan.name].multi_az
    assert database["storage_encrypted"] is True and database["publicly_accessible"] is False
    zones = "Multi-AZ" if database["multi_az"] else "one AZ"
    version = f"MySQL {database['engine_version']}"
    yield database, f"{version}, {database['instance_class']}, {zones}, encrypted"


@row("A4.2", "Backups kept 7 days")
def backups(plan: Plan) -> Found:
    database = primary(plan)
    assert database["backup_retention_period"] == 7
    yield database, f"{database['backup_retention_period']} days"


@row("A4.2", "A read replica that serves the dashboard", only="prod")
def replica(plan: Plan) -> Found:
    (found,) = replicas(plan)
    assert found["replicate_source_db"] in (primary(plan)["identifier"], primary(plan)["arn"])
    yield found, f"replica, {found['instance_class']}"
    template = plan.one("aws_launch_template", module="web")
    settings = yaml.safe_load(files(template)["/etc/rescuebot/rescue.yaml"])
    assert found["address"] in settings["database"]["replica_url"]
    assert primary(plan)["address"] in settings["database"]["url"]
    yield template, "database.replica_url of the API is its address"


# --- A4.3 network -----------------------------------------------------------------------------


@row("A4.3", "VPC 10.0.0.0/16")
def vpc(plan: Plan) -> Found:
    found = plan.one("aws_vpc")
    assert found["cidr_block"] == "10.0.0.0/16"
    yield found, found["cidr_block"]


@row("A4.3", "Public subnets: load balancer")
def public(plan: Plan) -> Found:
    balancer = plan.one("aws_lb")
    subnets = [plan.made_as("id", one, "aws_subnet") for one in balancer.whole("subnets")]
    assert len({one["availability_zone"] for one in subnets}) >= 2
    for subnet in subnets:
        assert _way_out(plan, subnet) == "aws_internet_gateway"
    yield from _listed(subnets)


@row("A4.3", "Private subnets: EC2")
def private(plan: Plan) -> Found:
    subnets = []
    for module in ("web", "master"):
        group = plan.one("aws_autoscaling_group", module=module)
        found = [
            plan.made_as("id", one, "aws_subnet") for one in group.whole("vpc_zone_identifier")
        ]
        assert len({one["availability_zone"] for one in found}) == SIZES[plan.name].zones
        subnets += found
    for subnet in subnets:
        assert _way_out(plan, subnet) == "aws_nat_gateway"
        assert not subnet["map_public_ip_on_launch"]
    yield from _listed({one.address: one for one in subnets}.values())


@row("A4.3", "Private subnets: RDS")
def hidden(plan: Plan) -> Found:
    group = plan.one("aws_db_subnet_group")
    assert primary(plan)["db_subnet_group_name"] == group["name"]
    subnets = [plan.made_as("id", one, "aws_subnet") for one in group.whole("subnet_ids")]
    for subnet in subnets:
        assert _way_out(plan, subnet) == "", f"{subnet.address} has a way out"
    yield from _listed(subnets)


def _listed(subnets: object) -> Found:
    assert subnets, "no subnets"
    for one in sorted(subnets, key=lambda subnet: subnet.address):  # type: ignore[call-overload]
        yield one, f"{one['cidr_block']} in {one['availability_zone']}"


def _way_out(plan: Plan, subnet: Resource) -> str:
    """What kind of gateway the default route of a subnet leads to; empty when there is none."""
    (joined,) = [
        one for one in plan.all("aws_route_table_association") if one["subnet_id"] == subnet["id"]
    ]
    ways = [
        one
        for one in plan.all("aws_route", destination_cidr_block=WORLD)
        if one["route_table_id"] == joined["route_table_id"]
    ]
    if not ways:
        return ""
    (way,) = ways
    if way["nat_gateway_id"]:
        return plan.made_as("id", way["nat_gateway_id"], "aws_nat_gateway").kind
    return plan.made_as("id", way["gateway_id"], "aws_internet_gateway").kind


def _group_of(plan: Plan, name: str) -> Resource:
    found = plan.one("aws_security_group", name=f"rescuebot-{plan.name}-{name}")
    assert not found.values.get("ingress"), f"{found.address} has rules of its own"
    return found


def _lets_in(plan: Plan, group: Resource, port: int) -> list[Resource]:
    """The rules of a security group for a port."""
    return [
        one
        for one in plan.all("aws_vpc_security_group_ingress_rule")
        if one["security_group_id"] == group["id"]
        and (one["ip_protocol"] == "-1" or one["from_port"] <= port <= one["to_port"])
    ]


def _sources(plan: Plan, rules: list[Resource]) -> list[str]:
    """Who is let in: names of security groups, or networks."""
    return sorted(
        one["cidr_ipv4"]
        or plan.made_as("id", one["referenced_security_group_id"], "aws_security_group")["name"]
        for one in rules
    )


def _only_from(plan: Plan, name: str, port: int, wanted: list[str]) -> Found:
    rules = _lets_in(plan, _group_of(plan, name), port)
    assert _sources(plan, rules) == wanted, f"{name} {port}: {_sources(plan, rules)}"
    for one, source in zip(rules, (_sources(plan, [one])[0] for one in rules), strict=True):
        yield one, f"{port} from {source}"


@row("A4.3", "Security group: Flask 5000, from the load balancer only")
def flask(plan: Plan) -> Found:
    yield from _only_from(plan, "web", 5000, [f"rescuebot-{plan.name}-alb"])
    card = plan.one("aws_launch_template", module="web").whole("network_interfaces")[0]
    assert card["security_groups"] == [_group_of(plan, "web")["id"]]


@row("A4.3", "Security group: MySQL 3306, from API, masters and the password's rotation only")
def mysql_port(plan: Plan) -> Found:
    wanted = [f"rescuebot-{plan.name}-{one}" for one in ("master", "rotation", "web")]
    yield from _only_from(plan, "database", 3306, wanted)
    group = _group_of(plan, "database")
    assert all(one.whole("vpc_security_group_ids") == [group["id"]] for one in [primary(plan)])


@row("A4.3", "Security group: SSH 22, from inside the VPC only")
def ssh(plan: Plan) -> Found:
    rules = [
        one
        for one in plan.all("aws_vpc_security_group_ingress_rule")
        if one["ip_protocol"] == "-1" or one["from_port"] <= 22 <= one["to_port"]
    ]
    assert rules, "SSH is let in nowhere"
    for one in rules:
        assert (one["cidr_ipv4"] or "").startswith("10.0."), f"{one.address} {one['cidr_ipv4']}"
        yield one, f"22 from {one['cidr_ipv4']}"


@row("A4.3", "Only 80 and 443 are open to the world")
def open_to_the_world(plan: Plan) -> Found:
    alb = _group_of(plan, "alb")
    rules = [
        one for one in plan.all("aws_vpc_security_group_ingress_rule") if one["cidr_ipv4"] == WORLD
    ]
    assert sorted(one["from_port"] for one in rules) == [80, 443]
    for one in rules:
        assert one["security_group_id"] == alb["id"] and one["to_port"] == one["from_port"]
        yield one, f"{one['from_port']} from {WORLD}, to the load balancer"


@row("A4.3", "NAT gateway")
def nat(plan: Plan) -> Found:
    gateways = plan.all("aws_nat_gateway")
    assert len(gateways) == SIZES[plan.name].nat
    for one in gateways:
        subnet = plan.made_as("id", one["subnet_id"], "aws_subnet")
        assert _way_out(plan, subnet) == "aws_internet_gateway"
        yield one, f"in {subnet['availability_zone']}"


# --- A2.4 and C9: what must outlive a machine -------------------------------------------------


@row("A2.4", "An archive for what is older than 90 days")
def archive(plan: Plan) -> Found:
    (bucket,) = [one for one in plan.all("aws_s3_bucket", module="archive") if one.name == "this"]
    settings = yaml.safe_load(
        files(plan.one("aws_launch_template", module="master"))["/etc/rescuebot/rescue.yaml"]
    )
    assert settings["archive"]["place"].startswith(f"s3://{bucket['bucket']}/")
    yield bucket, "archive.place of the masters"
    (kept,) = [
        one
        for one in plan.all("aws_s3_bucket_lifecycle_configuration", module="archive")
        if one["bucket"] in (bucket["bucket"], bucket["id"])
    ]
    moved = kept["rule"][0]["transition"][0]
    assert moved["storage_class"].startswith("GLACIER")
    yield kept, f"{moved['storage_class']} after {moved['days']} days"


@row("C9", "A Salt master that comes back by itself, with its keys")
def master(plan: Plan) -> Found:
    group = plan.one("aws_autoscaling_group", module="master")
    assert (group["min_size"], group["max_size"]) == (1, 1)
    yield group, "1, made anew when it is lost"
    disk = plan.one("aws_efs_file_system", module="master")
    backup = plan.one("aws_efs_backup_policy", module="master")
    assert disk["encrypted"] is True
    assert backup.block("backup_policy")["status"] == "ENABLED"
    yield disk, "keys and job cache, encrypted, backed up"
