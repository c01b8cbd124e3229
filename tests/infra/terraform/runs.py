"""Runs Terraform in copies of terraform/, with the real provider or with its offline stand-in.

Invariant: nothing is written into the repository; what a run needs lies in its copy, also the
state and the lock file, which is the stand-in's own where the stand-in answers.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.place import REPOSITORY

SOURCE = REPOSITORY / "terraform"
ENVIRONMENTS = ("dev", "prod")
FUNCTIONS = ("bedrock_advisor", "event_router", "slack_notifier")

# Which provider answers: `real` or `standin`. Else the real one where the registry gives it, for
# all but plans, since it would ask AWS for those; they are the stand-in's then.
PROVIDER = "RESCUE_TERRAFORM_PROVIDER"
STANDIN = "RESCUE_TERRAFORM_STANDIN"

_PROBE = """\
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "6.47.0" }
  }
}
"""
# The state of a test is a file of its copy, never the bucket.
_BACKEND = 'terraform {\n  backend "local" {}\n}\n'
_LEFT_OUT = shutil.ignore_patterns(".terraform", "*.tfstate*", ".terraform.lock.hcl", "*.bin")
_SECONDS = 240
# Images have no default on purpose; any digest will do to plan.
IMAGES = {"web_image_digest": "sha256:" + "a1" * 32, "master_image_digest": "sha256:" + "b2" * 32}


class NoTerraform(Exception):
    """Terraform cannot run here; the words say what would change that."""


class Failed(AssertionError):
    """A command of Terraform has failed; the words are its own."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command has answered."""

    code: int
    output: str


@dataclass(frozen=True, slots=True)
class Terraform:
    """The program with a provider that answers."""

    kind: str
    command: tuple[str, ...]
    cache: Path

    def run(self, folder: Path, *words: str, good: tuple[int, ...] = (0,)) -> Ran:
        """One command in a folder; raises Failed with what it said when its code is no good one."""
        done = subprocess.run(
            [*self.command, f"-chdir={folder}", *words],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env=self._environment(),
            check=False,
        )
        if done.returncode not in good:
            said = f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
            raise Failed(f"terraform {' '.join(words)} in {folder}:\n{said}")
        return Ran(done.returncode, done.stdout)

    def _environment(self) -> dict[str, str]:
        settings = {
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "NO_COLOR": "1",
            "TF_PLUGIN_CACHE_DIR": str(self.cache),
            "TF_CLI_ARGS": "-no-color",
            **{f"TF_VAR_{name}": digest for name, digest in IMAGES.items()},
            # The lock of a copy is thrown away with it.
            "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1",
        }
        if self.kind == "standin":
            del settings["TF_PLUGIN_CACHE_DIR"]
        return {**os.environ, **settings}


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Workers of a test run share what costs seconds: the first makes it, the others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def find(shared: Path) -> Terraform:
    """Terraform for what asks nobody. Raises NoTerraform with the reasons."""
    real = _real(shared)
    wanted = _wanted()
    if wanted != "standin" and (wanted == "real" or _answers(real, shared / "probe")):
        return real
    standin = _standin(shared)
    if standin is None:
        raise NoTerraform(
            "neither Terraform's registry nor the offline stand-in of its provider can be reached: "
            f"connect to the network, or name the stand-in's program in {STANDIN}"
        )
    return standin


def find_planner(shared: Path) -> Terraform:
    """Terraform for plans, for which the real provider asks AWS: only when it was asked for."""
    if _wanted() == "real":
        return _real(shared)
    standin = _standin(shared)
    if standin is None:
        raise NoTerraform(
            f"a plan asks AWS: set {PROVIDER}=real, with credentials of a role that may read, "
            f"or name the program of the offline stand-in in {STANDIN}"
        )
    return standin


def _wanted() -> str:
    wanted = os.environ.get(PROVIDER, "")
    if wanted not in ("", "real", "standin"):
        raise ValueError(f"{PROVIDER} is `real`, `standin` or empty, not {wanted!r}")
    return wanted


def _program() -> str:
    program = shutil.which("terraform")
    if program is None:
        raise NoTerraform("terraform is not on the PATH: install Terraform 1.11 or newer")
    return program


def _real(shared: Path) -> Terraform:
    cache = shared / "plugins"
    cache.mkdir(parents=True, exist_ok=True)
    return Terraform("real", (_program(),), cache)


def _standin(shared: Path) -> Terraform | None:
    """The stand-in: what the environment names, or what lies beside the project."""
    named = os.environ.get(STANDIN)
    beside = REPOSITORY.parent / "shared" / "terraform-standin" / "standin"
    standin = Path(named) if named else beside
    if not standin.is_file():
        return None
    command = (str(standin), *_served_part(standin, shared), _program())
    return Terraform("standin", command, shared / "plugins")


def _answers(real: Terraform, folder: Path) -> bool:
    """Whether the registry gives the provider; without a network that is known in a second."""
    verdict = folder / "verdict"
    if not verdict.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "main.tf").write_text(_PROBE)
        short = {"TF_REGISTRY_CLIENT_TIMEOUT": "5", "TF_REGISTRY_DISCOVERY_RETRY": "0"}
        try:
            done = subprocess.run(
                [*real.command, f"-chdir={folder}", "init", "-backend=false", "-input=false"],
                capture_output=True,
                timeout=_SECONDS,
                env={**real._environment(), **short},
                check=False,
            )
            verdict.write_text("yes" if done.returncode == 0 else "no")
        except subprocess.TimeoutExpired:
            verdict.write_text("no")
    return verdict.read_text() == "yes"


def _served_part(standin: Path, shared: Path) -> tuple[str, ...]:
    """Words that have the stand-in serve only the types and blocks that our code names.

    Terraform asks for all schemas at each command and walks through all of a type's blocks, of
    which a web ACL has some ten thousand. What the code names and AWS does not know stays unknown.
    """
    whole = next(standin.parent.glob("*.schema.json.gz"), None)
    if whole is None:
        return ()
    part = shared / "schema.json"
    if not part.exists():
        code = "\n".join(path.read_text() for path in SOURCE.rglob("*.tf"))
        types = set(re.findall(r'^(?:resource|data) "(aws_\w+)"', code, re.M))
        blocks = set(re.findall(r'^\s*(?:dynamic ")?(\w+)"? \{', code, re.M))
        document = json.loads(gzip.decompress(whole.read_bytes()))
        for provider in document["provider_schemas"].values():
            for kind in ("resource_schemas", "data_source_schemas"):
                provider[kind] = {one: provider[kind][one] for one in types & set(provider[kind])}
                for schema in provider[kind].values():
                    _keep_blocks(schema["block"], blocks)
        part.write_text(json.dumps(document))
    return ("env", f"AWS_STANDIN_SCHEMA={part}")


def _keep_blocks(block: dict[str, Any], names: set[str]) -> None:
    inner = block.get("block_types", {})
    block["block_types"] = {name: inner[name] for name in names & set(inner)}
    for kept in block["block_types"].values():
        _keep_blocks(kept["block"], names)


def copy(into: Path) -> Path:
    """A copy of terraform/, beside zips that only stand for the functions' own."""
    root = into / "terraform"
    if not root.exists():
        shutil.copytree(SOURCE, root, ignore=_LEFT_OUT)
        zips = into / "dist" / "lambdas"
        zips.mkdir(parents=True)
        for name in FUNCTIONS:
            (zips / f"{name}.zip").write_bytes(b"not a real zip")
    return root


# The stand-in makes all ARNs alike, service:region:account:kind/name. AWS does not, and our code
# builds some of its own; so that both meet, the stand-in's are brought into AWS's form.
_ARNS = (
    (r"(arn:aws:sqs:[a-z0-9-]+:\d+:)queue/", r"\1"),
    (r"(arn:aws:sns:[a-z0-9-]+:\d+:)topic/", r"\1"),
    (r"(arn:aws:lambda:[a-z0-9-]+:\d+:)function/", r"\1function:"),
    (r"(arn:aws:secretsmanager:[a-z0-9-]+:\d+:)secret/", r"\1secret:"),
    (r"arn:aws:cloudwatch:([a-z0-9-]+:\d+:)event_rule/", r"arn:aws:events:\1rule/"),
    (r"arn:aws:cloudwatch:([a-z0-9-]+:\d+:)log_group/", r"arn:aws:logs:\1log-group:"),
    (r"arn:aws:iam:[a-z0-9-]+:(\d+:)", r"arn:aws:iam::\1"),
    (r"arn:aws:s3:[a-z0-9-]+:\d+:bucket/", "arn:aws:s3:::"),
)


def as_aws(text: str) -> str:
    """A text with the stand-in's ARNs in AWS's form."""
    for pattern, form in _ARNS:
        text = re.sub(pattern, form, text)
    return text


@dataclass(frozen=True, slots=True)
class Planned:
    """An environment as Terraform would make it, and as the stand-in has made it."""

    name: str
    folder: Path
    plan: dict[str, Any]
    # What is known after apply; empty where a real provider answers, for nothing is made there.
    state: dict[str, Any]
    # The exit code of a second plan: 0 is "nothing to do", 2 is "something would change".
    again: int | None
    difference: str


def plan(terraform: Terraform, name: str, shared: Path) -> Planned:
    """Plan an environment, with the stand-in make it and plan it again; once for all workers."""
    place = shared / name
    with one_at_a_time(place):
        kept = place / "planned.json"
        folder = place / "terraform" / "environments" / name
        if not kept.exists():
            copy(place)
            kept.write_text(json.dumps(_plan(terraform, folder)))
        found = json.loads(kept.read_text())
        return Planned(name, folder, **found)


def _plan(terraform: Terraform, folder: Path) -> dict[str, Any]:
    (folder / "zz_test_override.tf").write_text(_BACKEND)
    terraform.run(folder, "init", "-input=false")
    terraform.run(folder, "plan", "-input=false", "-out=plan.bin")
    found: dict[str, Any] = {
        "plan": json.loads(terraform.run(folder, "show", "-json", "plan.bin").output),
        "state": {},
        "again": None,
        "difference": "",
    }
    if terraform.kind == "standin":
        terraform.run(folder, "apply", "-input=false", "plan.bin")
        found["state"] = json.loads(as_aws(terraform.run(folder, "show", "-json").output))
        second = terraform.run(folder, "plan", "-input=false", "-detailed-exitcode", good=(0, 2))
        found |= {"again": second.code, "difference": second.output[-4000:]}
    return found
