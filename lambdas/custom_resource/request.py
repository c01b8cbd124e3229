"""What CloudFormation asks for, and what of it is needed to answer.

Invariant: a request that can be answered is read, whatever else is wrong with it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .failure import PropertyInvalid, RequestRefused

KINDS = ("Create", "Update", "Delete")
# TLS to AWS always, but for a double of it on the same machine.
_ADDRESS = re.compile(
    r"(https://[a-z0-9.-]{1,200}\.amazonaws\.com(\.cn)?|http://127\.0\.0\.1:[0-9]{1,5})/[^\s#]*"
)
_ARN = r"arn:aws[a-z-]*:ecs:[a-z0-9-]{1,30}:[0-9]{12}"
_CLUSTER = re.compile(rf"{_ARN}:cluster/[A-Za-z0-9_-]{{1,255}}")
# With its revision: without one, the newest counts, which is not what the stack has been asked for.
_DEFINITION = re.compile(rf"{_ARN}:task-definition/[A-Za-z0-9_-]{{1,255}}:[0-9]{{1,9}}")
_CONTAINER = re.compile(r"[A-Za-z0-9_-]{1,255}")
_SUBNET = re.compile(r"subnet-[0-9a-z]{1,40}")
_GROUP = re.compile(r"sg-[0-9a-z]{1,40}")
_LOG_GROUP = re.compile(r"[A-Za-z0-9_./#-]{1,512}")
_LOG_PREFIX = re.compile(r"[A-Za-z0-9_./#-]{1,128}")
_MOST_SUBNETS, _MOST_GROUPS = 16, 5


@dataclass(frozen=True, slots=True)
class Request:
    """`url` is a secret: who has it can answer. Ids are copied into the answer as they came."""

    kind: str
    url: str
    stack: str
    name: str
    logical: str
    physical: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)

    @property
    def goes_back(self) -> bool:
        """Whether a stack is rolled back: a deployment makes a revision that is higher, always."""
        family, revision = _revision(self.properties)
        family_before, revision_before = _revision(self.before)
        same = self.kind == "Update" and family == family_before
        return same and 0 < revision < revision_before

    @property
    def token(self) -> str:
        """The same for each call with this request, so that ECS starts its task once."""
        return hashlib.sha256(f"{self.stack} {self.name}".encode(errors="replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Work:
    """The task to run, where, and where its output is found."""

    cluster: str
    definition: str
    container: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    log_group: str = ""
    log_prefix: str = ""


def read(event: Any) -> Request:
    """The request; RequestRefused where there is nobody to answer."""
    told = event if isinstance(event, Mapping) else {}
    url = _text(told, "ResponseURL")
    if not _ADDRESS.fullmatch(url):
        raise RequestRefused("no_address", "The event has no address of CloudFormation to answer.")
    stack, logical = _text(told, "StackId"), _text(told, "LogicalResourceId")
    properties, before = told.get("ResourceProperties"), told.get("OldResourceProperties")
    return Request(
        kind=_text(told, "RequestType"),
        url=url,
        stack=stack,
        name=_text(told, "RequestId"),
        logical=logical,
        physical=_text(told, "PhysicalResourceId") or _physical(stack, logical),
        properties=properties if isinstance(properties, Mapping) else {},
        before=before if isinstance(before, Mapping) else {},
    )


def _revision(properties: Mapping[str, Any]) -> tuple[str, int]:
    """The family of the task definition and its revision, 0 where it has none."""
    given = properties.get("TaskDefinition")
    if not isinstance(given, str) or not _DEFINITION.fullmatch(given):
        return "", 0
    family, _, revision = given.rpartition(":")
    return family, int(revision)


def _physical(stack: str, logical: str) -> str:
    """The same each time: CloudFormation would take another one for a replacement."""
    known = hashlib.sha256(f"{stack} {logical}".encode(errors="replace")).hexdigest()
    return f"rescue-migrations-{known[:20]}"


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def work(request: Request) -> Work:
    """What the properties ask for; PropertyInvalid names all that are wrong."""
    given = request.properties
    wrong: list[str] = []

    def one(name: str, pattern: re.Pattern[str], *, needed: bool = True) -> str:
        value = given.get(name, "")
        if not (isinstance(value, str) and (pattern.fullmatch(value) or not (value or needed))):
            wrong.append(name)
            return ""
        return value

    def several(name: str, pattern: re.Pattern[str], most: int) -> tuple[str, ...]:
        values = given.get(name)
        listed = isinstance(values, list) and 0 < len(values) <= most
        if not listed or not all(isinstance(v, str) and pattern.fullmatch(v) for v in values):
            wrong.append(name)
            return ()
        return tuple(values)

    found = Work(
        cluster=one("Cluster", _CLUSTER),
        definition=one("TaskDefinition", _DEFINITION),
        container=one("Container", _CONTAINER),
        subnets=several("Subnets", _SUBNET, _MOST_SUBNETS),
        groups=several("SecurityGroups", _GROUP, _MOST_GROUPS),
        log_group=one("LogGroup", _LOG_GROUP, needed=False),
        log_prefix=one("LogStreamPrefix", _LOG_PREFIX, needed=False),
    )
    if wrong:
        raise PropertyInvalid("bad_property", f"Missing or wrong: {', '.join(wrong)}.")
    return found
