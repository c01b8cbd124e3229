"""What a plan says: resources by kind, with the values that are known.

A value that AWS decides is known only after apply. The stand-in applies, so there it is read from
the state; where a real provider answers nothing is made, and whoever asks is told `NotKnownYet`.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tests.infra.terraform import runs


class NotKnownYet(Exception):
    """AWS would decide this value; a plan alone does not know it."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource or data source of a plan."""

    address: str
    kind: str
    name: str
    values: Mapping[str, Any]
    made: Mapping[str, Any] | None

    def __getitem__(self, attribute: str) -> Any:
        """A value as it was planned, else as it was made; raises NotKnownYet."""
        if attribute in self.values:
            return self.values[attribute]
        if self.made is None or attribute not in self.made:
            raise NotKnownYet(f"{self.address}.{attribute}")
        return self.made[attribute]

    def whole(self, attribute: str) -> Any:
        """A value with all that is in it known, such as a list of ids; raises NotKnownYet."""
        if self.made is None:
            raise NotKnownYet(f"{self.address}.{attribute}")
        return self.made[attribute]

    def block(self, name: str) -> Mapping[str, Any]:
        """The one block of this name; fails when there is none or more."""
        blocks = (self.made or self.values).get(name) or []
        assert len(blocks) == 1, f"{self.address} has {len(blocks)} blocks {name}"
        found: Mapping[str, Any] = blocks[0]
        return found

    @property
    def module(self) -> str:
        """The module that it is in, such as `network`."""
        return self.address.split(".")[1] if self.address.startswith("module.") else ""


class Plan:
    """All resources of an environment."""

    def __init__(self, name: str, document: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        self.name = name
        self.document = document
        made = {one["address"]: one["values"] for one in _resources(state.get("values", {}))}
        known = state.get("values") is not None
        planned = document["planned_values"]
        prior = document.get("prior_state", {}).get("values", {})
        self.resources = [
            Resource(
                address=one["address"],
                kind=one["type"],
                name=one["name"],
                values=one.get("values", {}),
                made=made.get(one["address"]) if known else None,
            )
            for one in [*_resources(planned), *_resources(prior)]
        ]

    @classmethod
    def of(cls, planned: runs.Planned) -> Plan:
        """The plan of an environment."""
        return cls(planned.name, planned.plan, planned.state)

    def without(self, lost: Container[str]) -> Plan:
        """The same plan without some resources, named by address or kind."""
        copy = Plan(self.name, self.document, {})
        copy.resources = [
            one for one in self.resources if one.address not in lost and one.kind not in lost
        ]
        return copy

    def all(self, kind: str, *, module: str = "", **wanted: Any) -> list[Resource]:
        """The resources of a kind whose values are these; the module is the outermost one."""
        return [
            one
            for one in self.resources
            if one.kind == kind
            and (not module or one.module == module)
            and all(one.values.get(key) == value for key, value in wanted.items())
        ]

    def one(self, kind: str, *, module: str = "", **wanted: Any) -> Resource:
        """The one resource of a kind whose values are these; fails when there is not just one."""
        found = self.all(kind, module=module, **wanted)
        assert len(found) == 1, f"{len(found)} {kind} {wanted}: {[one.address for one in found]}"
        return found[0]

    def made_as(self, attribute: str, value: Any, *kinds: str) -> Resource:
        """The resource that has this id or ARN; raises NotKnownYet when nothing is made."""
        assert value, f"no {attribute}"
        found = [
            one
            for one in self.resources
            if one.made is not None
            and one.made.get(attribute) == value
            and (not kinds or one.kind in kinds)
        ]
        assert len(found) == 1, f"{attribute} {value}: {[one.address for one in found]}"
        return found[0]

    def policies(self) -> Iterator[tuple[Resource, str, dict[str, Any]]]:
        """Each policy of the plan, rendered: the resource, its attribute and the document."""
        for one in self.resources:
            if one.address.startswith("data.") or ".data." in one.address:
                continue
            for attribute in ("policy", "assume_role_policy", "redrive_policy_json"):
                text = one.values.get(attribute) or (one.made or {}).get(attribute)
                if isinstance(text, str) and text.startswith("{") and '"Statement"' in text:
                    yield one, attribute, json.loads(text)


def statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements of a policy, with actions, resources and principals as lists."""
    given = document["Statement"]
    found = [dict(one) for one in (given if isinstance(given, list) else [given])]
    for one in found:
        for key in ("Action", "Resource", "NotAction"):
            if key in one and isinstance(one[key], str):
                one[key] = [one[key]]
    return found


def files(template: Resource) -> dict[str, str]:
    """The files that cloud-init writes on a machine of this launch template, by path."""
    cloud_config = yaml.safe_load(base64.b64decode(template["user_data"]))
    return {
        one["path"]: runs.as_aws(gzip.decompress(base64.b64decode(one["content"])).decode())
        for one in cloud_config["write_files"]
    }


def _resources(values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    def inside(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        yield from module.get("resources", [])
        for child in module.get("child_modules", []):
            yield from inside(child)

    yield from inside(values.get("root_module", {}))
