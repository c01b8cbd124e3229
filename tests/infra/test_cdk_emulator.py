"""The stacks of the CDK in the emulator: what its CloudFormation knows is made, and does its work.

What it does not know stands in LEFT_OUT, by stack; for each of those kinds it is tried that the
emulator refuses it. Nothing is asked of AWS.
"""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from devstack.emulator import Emulator
from devstack.lambdas import runtime_libraries
from devstack.queues import Queue
from devstack.stacks import CDK, EDGE_REGION, MIGRATION, ORDER, REFUSED, Stacks, synthesize
from devstack.tasks import TasksDouble
from devstack.topics import arn_of
from devstack.waiting import until
from lambdas import build

BUILT = CDK.parent / "webui/app/dist/assets"
FUNCTIONS = ("custom_resource", "log_processor")
ZONE = "Z0123456789EXAMPLE00"
SECRET = "hunter22-that-no-log-may-hold"
# What is not made here, and how often. Custom:: resources of the CDK itself are functions for Node,
# or need AWS's command line; routes hang on the NAT gateways.
LEFT_OUT = {
    "Network": {
        "AWS::EC2::EIP": 2,
        "AWS::EC2::FlowLog": 1,
        "AWS::EC2::NatGateway": 2,
        "AWS::EC2::Route": 2,
        "Custom::VpcRestrictDefaultSG": 1,
    },
    "Security": {
        "AWS::EC2::SecurityGroupEgress": 2,
        "AWS::EC2::SecurityGroupIngress": 3,
        "AWS::SecretsManager::ResourcePolicy": 1,
    },
    "Database": {
        "AWS::SecretsManager::ResourcePolicy": 2,
        "AWS::SecretsManager::RotationSchedule": 2,
        "AWS::Serverless::Application": 2,
    },
    "Application": {
        "AWS::ApplicationAutoScaling::ScalableTarget": 2,
        "AWS::ApplicationAutoScaling::ScalingPolicy": 4,
        "AWS::ECS::ClusterCapacityProviderAssociations": 1,
    },
    "Edge": {"AWS::WAFv2::LoggingConfiguration": 1, "Custom::CrossRegionExportWriter": 1},
    "Distribution": {
        # The sorry page, and the console's files where they are built.
        "Custom::CDKBucketDeployment": 1 + BUILT.is_dir(),
        "Custom::CrossRegionExportReader": 1,
        "Custom::S3AutoDeleteObjects": 1,
    },
    "Operations": {},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The templates of dev, synthesized now."""
    if not (CDK / "node_modules").is_dir():
        pytest.skip("The packages of the CDK are not installed: `make cdk` installs them.")
    return synthesize("dev", tmp_path_factory.mktemp("synth") / "out")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = Emulator(tmp_path_factory.mktemp("emulator"))
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def ecs(emulator: Emulator) -> Iterator[TasksDouble]:
    """Where tasks run: the emulator keeps them in its books, but runs none without Docker."""

    def log(task_id: str, lines: Sequence[str]) -> None:
        logs, group = emulator.client("logs"), "/rescuebot-dev/migration"
        found = logs.describe_log_groups()["logGroups"]
        (group,) = [one["logGroupName"] for one in found if "migration" in one["logGroupName"]]
        stream = f"app/app/{task_id}"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    with TasksDouble(container="app", log=log) as double:
        double.program = lambda: (0, ["migrations code=done from=none to=0014"])
        yield double


@pytest.fixture(scope="module")
def states() -> dict[str, str]:
    """In what state each stack is after it was made."""
    return {}


@pytest.fixture(scope="module")
def stacks(
    folder: Path,
    emulator: Emulator,
    ecs: TasksDouble,
    states: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Stacks:
    """All stacks, as far as they can be made."""
    zips = tmp_path_factory.mktemp("zips")
    route53 = emulator.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="test")["HostedZone"]
    made = Stacks(
        emulator,
        folder,
        variables={
            "PYTHONPATH": str(runtime_libraries(tmp_path_factory.mktemp("libraries"))),
            "AWS_ENDPOINT_URL_ECS": ecs.url,
            "POLL_SECONDS": "1",
        },
        zips={name: build.build(name, into=zips).path for name in FUNCTIONS},
        instead={ZONE: zone["Id"].rpartition("/")[2]},
    )
    for stack in ORDER:
        states[stack] = made.deploy(stack)
    return made


def test_every_stack_is_made_and_all_that_is_not_left_out_is_in_it(
    stacks: Stacks, states: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert states == dict.fromkeys(ORDER, "CREATE_COMPLETE")
    with capsys.disabled():
        print()
        for stack in ORDER:
            here = len(stacks.template(stack)["Resources"])
            gone = Counter(stacks.left_out[stack].values())
            print(f"{stack}: {here - gone.total()} of {here} resources made; not {dict(gone)}")


@pytest.mark.parametrize("stack", ORDER)
def test_what_is_left_out_is_what_the_table_says(stacks: Stacks, stack: str) -> None:
    assert dict(Counter(stacks.left_out[stack].values())) == LEFT_OUT[stack]


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_the_emulator_really_refuses_what_is_left_out(emulator: Emulator, kind: str) -> None:
    """The day it does not any more this fails, and the kind can leave the list."""
    cloudformation = emulator.client("cloudformation")
    body = json.dumps({"Resources": {"It": {"Type": kind, "Properties": {}}}})
    with pytest.raises(cloudformation.exceptions.ClientError, match="Unrecognized resource types"):
        cloudformation.create_stack(StackName="alone", TemplateBody=body)


# --- the network and what lies in it


def test_the_network_is_two_zones_with_public_application_and_database_subnets(
    stacks: Stacks, emulator: Emulator
) -> None:
    made = set(stacks.made("Network", "AWS::EC2::Subnet").values())
    found = [
        one
        for one in emulator.client("ec2").describe_subnets()["Subnets"]
        if one["SubnetId"] in made
    ]
    masks = Counter((one["AvailabilityZone"], one["CidrBlock"].partition("/")[2]) for one in found)
    assert masks == {
        ("ap-northeast-1a", "24"): 2,
        ("ap-northeast-1a", "23"): 1,
        ("ap-northeast-1c", "24"): 2,
        ("ap-northeast-1c", "23"): 1,
    }
    assert len(stacks.made("Network", "AWS::EC2::VPCEndpoint")) == 7


def test_the_services_run_two_tasks_each_and_roll_back_by_themselves(
    stacks: Stacks, emulator: Emulator
) -> None:
    (cluster,) = stacks.made("Application", "AWS::ECS::Cluster").values()
    arns = list(stacks.made("Application", "AWS::ECS::Service").values())
    found = emulator.client("ecs").describe_services(cluster=cluster, services=arns)["services"]
    assert len(found) == 2
    for one in found:
        assert one["desiredCount"] >= 2 and one["launchType"] == "FARGATE"
        breaker = one["deploymentConfiguration"]["deploymentCircuitBreaker"]
        assert breaker == {"enable": True, "rollback": True}


def test_what_is_behind_cloudfront_is_bound_to_the_firewall_of_the_other_region(
    stacks: Stacks,
) -> None:
    (arn,) = [value for value in stacks.made("Edge", "AWS::WAFv2::WebACL").values() if value]
    (distribution,) = stacks.made("Distribution", "AWS::CloudFront::Distribution").values()
    told = stacks.client("cloudfront").get_distribution(Id=distribution)["Distribution"]
    assert EDGE_REGION in told["DistributionConfig"]["WebACLId"]
    assert told["DistributionConfig"]["WebACLId"].rpartition("/")[2] in arn


# --- migrations


def test_the_tables_were_migrated_by_a_task_of_this_stack_in_its_own_subnets(
    stacks: Stacks, ecs: TasksDouble, emulator: Emulator
) -> None:
    (physical,) = stacks.made("Application", MIGRATION).values()
    assert physical.startswith("rescue-migrations-")
    operation, given = ecs.asked[0]
    network = given["networkConfiguration"]["awsvpcConfiguration"]
    assert operation == "RunTask"
    assert set(network["subnets"]) <= set(stacks.made("Network", "AWS::EC2::Subnet").values())
    groups = set(stacks.made("Security", "AWS::EC2::SecurityGroup").values())
    assert set(network["securityGroups"]) <= groups
    told = emulator.client("ecs").describe_task_definition(taskDefinition=given["taskDefinition"])
    container = {one["name"]: one for one in told["taskDefinition"]["containerDefinitions"]}["app"]
    assert container["entryPoint"] == ["python", "-m", "rescuebot.migrations"]


def test_a_new_image_migrates_again_and_a_migration_that_fails_fails_the_update(
    stacks: Stacks, ecs: TasksDouble
) -> None:
    before, physical = len(ecs.tasks), stacks.made("Application", MIGRATION)
    body = json.dumps(stacks.reduced("Application"))
    newer = json.loads(body.replace("0" * 64, "1" * 64))
    assert stacks.deploy("Application", newer) == "UPDATE_COMPLETE"
    assert len(ecs.tasks) == before + 1
    assert stacks.made("Application", MIGRATION) == physical
    ecs.program = lambda: (1, ["migrations code=database_unavailable", SECRET])
    try:
        broken = json.loads(body.replace("0" * 64, "2" * 64))
        assert stacks.deploy("Application", broken) == "UPDATE_ROLLBACK_COMPLETE"
        reasons = [line for line in stacks.failures("Application") if "exit_1: " in line]
        assert reasons and all("The task says: database_unavailable." in line for line in reasons)
        assert SECRET not in "".join(reasons)
    finally:
        ecs.program = lambda: (0, ["migrations code=done from=0014 to=0014"])


# --- operations


def test_what_the_api_writes_lies_in_the_archive_a_moment_later_without_secrets(
    stacks: Stacks, emulator: Emulator
) -> None:
    logs, s3 = emulator.client("logs"), emulator.client("s3")
    (group,) = [
        name
        for logical, name in stacks.made("Application", "AWS::Logs::LogGroup").items()
        if logical.startswith("BackLog")
    ]
    (bucket,) = [
        name
        for logical, name in stacks.made("Operations", "AWS::S3::Bucket").items()
        if logical.startswith("LogArchiveBucket")
    ]
    logs.create_log_stream(logGroupName=group, logStreamName="app/app/1")
    now = int(time.time() * 1000)
    texts = ["event='started'", f"password={SECRET}"]
    logs.put_log_events(
        logGroupName=group,
        logStreamName="app/app/1",
        logEvents=[{"timestamp": now, "message": text} for text in texts],
    )

    def kept() -> list[dict[str, Any]]:
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
        lines = [
            json.loads(row) for body in bodies for row in gzip.decompress(body).split(b"\n")[:-1]
        ]
        return [line for line in lines if line["group"] == group]

    found = until(kept, seconds=30, what="the lines are in the archive")
    assert [line["message"] for line in found] == ["event='started'", "password=<password>"]


def test_an_alarm_reaches_the_topic_of_operations(stacks: Stacks, emulator: Emulator) -> None:
    (topic,) = stacks.made("Operations", "AWS::SNS::Topic").values()
    alarms = stacks.made("Operations", "AWS::CloudWatch::Alarm")
    inbox: Queue = emulator.queue("inbox")
    emulator.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn_of(emulator, inbox)
    )
    cloudwatch = emulator.client("cloudwatch")
    (name,) = [value for logical, value in alarms.items() if "LogProcessorDead" in logical]
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name.rpartition(":")[2]])["MetricAlarms"]
    assert alarm["AlarmActions"] == [topic]
    cloudwatch.put_metric_data(
        Namespace=alarm["Namespace"],
        MetricData=[
            {"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Value": 1}
        ],
    )
    sqs = emulator.client("sqs")

    def told() -> list[str]:
        found = sqs.receive_message(QueueUrl=inbox.url, WaitTimeSeconds=1).get("Messages", [])
        return [one["Body"] for one in found if alarm["AlarmName"] in one["Body"]]

    (message,) = until(told, seconds=60, what="the alarm is told")
    assert json.loads(json.loads(message)["Message"])["NewStateValue"] == "ALARM"


def test_a_stack_that_is_taken_away_takes_no_table_with_it(
    stacks: Stacks, ecs: TasksDouble
) -> None:
    before = len(ecs.asked)
    stacks.delete("Operations")
    stacks.delete("Application")
    assert len(ecs.asked) == before
