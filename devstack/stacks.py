"""Stacks of the CDK in the emulator: those of their resources that its CloudFormation knows.

Invariant: what is left out is told, resource by resource; all that is left is deployed as it was
synthesized, but for what a function has to be told to find its way here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from devstack.emulator import Emulator
from devstack.errors import WorldError
from devstack.place import REGION, REPOSITORY

CDK = REPOSITORY / "cdk"
# In the order in which one needs another.
ORDER = ("Network", "Security", "Database", "Application", "Edge", "Distribution", "Operations")
EDGE_REGION = "us-east-1"
MIGRATION = "Custom::RescueMigration"
# What the emulator's CloudFormation answers to with "Unsupported resource type".
REFUSED = frozenset(
    {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::Chatbot::SlackChannelConfiguration",
        "AWS::EC2::EIP",
        "AWS::EC2::FlowLog",
        "AWS::EC2::NatGateway",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::ECS::ClusterCapacityProviderAssociations",
        "AWS::SecretsManager::ResourcePolicy",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::WAFv2::LoggingConfiguration",
    }
)
# A transform of AWS: the application that rotates secrets.
TRANSFORMED = frozenset({"AWS::Serverless::Application"})
_ASSETS = "cdk-hnb659fds-assets-123456789012-{region}"
_SYNTHESIS_SECONDS = 300
_STACK_SECONDS = 120


def synthesize(environment: str, into: Path) -> Path:
    """Make the templates of an environment, without asking anything of the network."""
    if not (CDK / "node_modules").is_dir():
        raise WorldError("The packages of the CDK are not installed.", remedy="Run `make cdk`.")
    programs = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    ran = subprocess.run(
        ["npx", "--no-install", "cdk", "synth", "--quiet", "--no-notices"]
        + ["--no-version-reporting", "--context", f"environment={environment}"]
        + ["--output", str(into)],
        cwd=CDK,
        env={"PATH": programs, "HOME": str(into.parent), "CI": "1"},
        capture_output=True,
        text=True,
        timeout=_SYNTHESIS_SECONDS,
        check=False,
    )
    if ran.returncode:
        raise WorldError(f"The stacks cannot be synthesized: {ran.stderr[-2000:]}", remedy="")
    return into


@dataclass
class Stacks:
    """The stacks of one environment. `left_out` has the type of each resource that is not there."""

    emulator: Emulator
    folder: Path
    environment: str = "dev"
    # Variables that all functions get beside their own: how they find what is here.
    variables: Mapping[str, str] = field(default_factory=dict)
    # In the place of the asset of a function, by the name of the function's folder.
    zips: Mapping[str, Path] = field(default_factory=dict)
    # Words of the templates, such as the id of a hosted zone, and what they are called here.
    instead: Mapping[str, str] = field(default_factory=dict)
    left_out: dict[str, dict[str, str]] = field(default_factory=dict)
    _crossing: dict[str, str] = field(default_factory=dict)
    _missing: set[str] = field(default_factory=set)

    def client(self, service: str, region: str = REGION) -> Any:
        """A client for a region; what is behind CloudFront is in another one than the rest."""
        return boto3.client(
            service,
            endpoint_url=self.emulator.endpoint,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(proxies={}),
        )

    def template(self, stack: str) -> dict[str, Any]:
        """The template as it was synthesized."""
        found: dict[str, Any] = json.loads((self.folder / f"{stack}.template.json").read_text())
        return found

    def reduced(self, stack: str) -> dict[str, Any]:
        """The template without what cannot be made here, and without what hangs on that."""
        template = self.template(stack)
        for part in ("Rules", "Parameters", "Transform"):
            template.pop(part, None)
        self._cross(template)
        resources = template["Resources"]
        gone = {name for name, one in resources.items() if not _is_made_here(one["Type"])}
        while more := {
            name for name, one in resources.items() if name not in gone and self._hangs(one, gone)
        }:
            gone |= more
        self.left_out[stack] = {name: resources.pop(name)["Type"] for name in sorted(gone)}
        for one in resources.values():
            self._adapt(one, resources)
        for name, output in list(template.get("Outputs", {}).items()):
            if set(_named(output)) & gone:
                self._missing.add(output.get("Export", {}).get("Name", ""))
                del template["Outputs"][name]
        return template

    def deploy(self, stack: str, template: dict[str, Any] | None = None) -> str:
        """Make or change a stack with all that it can have here; its state in the end."""
        body = json.dumps(template or self.reduced(stack), separators=(",", ":"))
        for word, here in self.instead.items():
            body = body.replace(word, here)
        region = EDGE_REGION if stack == "Edge" else REGION
        cloudformation, name = self.client("cloudformation", region), self.name(stack)
        known = {one["StackName"] for one in cloudformation.describe_stacks()["Stacks"]}
        change = cloudformation.update_stack if name in known else cloudformation.create_stack
        self._upload(stack, region)
        change(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        state = self._settled(cloudformation, name)
        if stack == "Edge":
            told = cloudformation.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
            self._crossing |= {one["Description"]: one["OutputValue"] for one in told}
        return state

    def delete(self, stack: str) -> None:
        """Take a stack away."""
        region = EDGE_REGION if stack == "Edge" else REGION
        cloudformation, name = self.client("cloudformation", region), self.name(stack)
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )

    def name(self, stack: str) -> str:
        """The name of a stack in the account."""
        return f"rescuebot-{self.environment}-{stack.lower()}"

    def made(self, stack: str, kind: str) -> dict[str, str]:
        """The resources of a kind that were made: physical ids by logical ones."""
        region = EDGE_REGION if stack == "Edge" else REGION
        told = self.client("cloudformation", region).describe_stack_resources(
            StackName=self.name(stack)
        )
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for one in told["StackResources"]
            if one["ResourceType"] == kind and one["ResourceStatus"].endswith("_COMPLETE")
        }

    def failures(self, stack: str) -> list[str]:
        """Why a stack could not be made or changed, resource by resource."""
        region = EDGE_REGION if stack == "Edge" else REGION
        told = self.client("cloudformation", region).describe_stack_events(
            StackName=self.name(stack)
        )
        return [
            f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', '')}"
            for one in told["StackEvents"]
            if one["ResourceStatus"].endswith("FAILED")
        ]

    def _settled(self, cloudformation: Any, name: str) -> str:
        end = time.monotonic() + _STACK_SECONDS
        while time.monotonic() < end:
            state = str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
            if not state.endswith("_IN_PROGRESS"):
                return state
            time.sleep(0.1)
        raise WorldError(f"The stack {name} does not come to an end.", remedy="")

    def _hangs(self, resource: Mapping[str, Any], gone: set[str]) -> bool:
        """Whether it needs what is not there. To be made behind something is no need."""
        properties = resource.get("Properties", {})
        needs = set(_named(properties)) & gone
        return bool(needs or {str(one) for one in _imported(properties)} & self._missing)

    def _cross(self, template: dict[str, Any]) -> None:
        """Carry values between regions: the CDK's own functions for that are written for Node."""
        for name, one in list(template["Resources"].items()):
            if one["Type"] == "Custom::CrossRegionExportWriter":
                exports = one["Properties"]["WriterProps"]["exports"]
                for number, (path, value) in enumerate(exports.items()):
                    told = {"Description": path, "Value": value}
                    template.setdefault("Outputs", {})[f"Crossing{number}"] = told
            if one["Type"] == "Custom::CrossRegionExportReader":
                template["Resources"] = _filled(template["Resources"], name, self._crossing)

    def _adapt(self, resource: dict[str, Any], resources: Mapping[str, Any]) -> None:
        """Take out what is not there any more, and tell functions where they are."""
        resource.pop("Metadata", None)
        needs = resource.get("DependsOn", [])
        needs = [needs] if isinstance(needs, str) else needs
        resource["DependsOn"] = [name for name in needs if name in resources]
        if resource["Type"] == "AWS::Lambda::Function":
            own = resource["Properties"].setdefault("Environment", {}).setdefault("Variables", {})
            own |= dict(self.variables)

    def _upload(self, stack: str, region: str) -> None:
        """What `cdk deploy` would upload: the code of the functions."""
        s3, bucket = self.client("s3", region), _ASSETS.format(region=region)
        if bucket not in {one["Name"] for one in s3.list_buckets()["Buckets"]}:
            where = {"LocationConstraint": region}
            made = {} if region == EDGE_REGION else {"CreateBucketConfiguration": where}
            s3.create_bucket(Bucket=bucket, **made)
        for one in self.template(stack)["Resources"].values():
            if one["Type"] != "AWS::Lambda::Function" or "S3Key" not in one["Properties"]["Code"]:
                continue
            folder = one["Properties"]["Handler"].partition(".")[0]
            key = one["Properties"]["Code"]["S3Key"]
            given = self.zips.get(folder)
            content = given.read_bytes() if given else self._asset(key)
            s3.put_object(Bucket=bucket, Key=key, Body=content)

    def _asset(self, key: str) -> bytes:
        name = self.folder / f"asset.{key.removesuffix('.zip')}"
        if name.with_name(f"{name.name}.zip").is_file():
            return name.with_name(f"{name.name}.zip").read_bytes()
        made = BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for path in sorted(one for one in name.rglob("*") if one.is_file()):
                archive.write(path, path.relative_to(name))
        return made.getvalue()


def _is_made_here(kind: str) -> bool:
    # The CDK's own custom resources are functions for Node, or need AWS's command line.
    ours = kind == MIGRATION or not kind.startswith("Custom::")
    return ours and kind not in REFUSED | TRANSFORMED


def _named(value: Any) -> Iterator[str]:
    """The logical ids that a part of a template refers to."""
    for key, inner in _pairs(value):
        if key == "Ref" and isinstance(inner, str):
            yield inner
        elif key == "Fn::GetAtt":
            yield inner[0] if isinstance(inner, list) else inner.partition(".")[0]
        elif key == "Fn::Sub":
            yield from re.findall(r"\$\{([A-Za-z0-9]+)", json.dumps(inner))


def _imported(value: Any) -> Iterator[Any]:
    yield from (inner for key, inner in _pairs(value) if key == "Fn::ImportValue")


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    """All keys with their values, however deep."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        if isinstance(value, dict):
            yield key, one
        if isinstance(one, dict | list):
            yield from _pairs(one)


def _filled(value: Any, reader: str, values: Mapping[str, str]) -> Any:
    """The same with what a reader of another region would have read."""
    if isinstance(value, dict):
        found = value.get("Fn::GetAtt")
        if isinstance(found, list) and found[0] == reader and found[1] in values:
            return values[found[1]]
        return {key: _filled(inner, reader, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, reader, values) for inner in value]
    return value
