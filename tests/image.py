"""An image of the Dockerfile without an engine: its steps, run in their order in a folder.

Its last stage runs as its user, with its environment alone. As root, also with a root file system
that cannot be written, as ``--read-only`` makes it.
"""

from __future__ import annotations

import fnmatch
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.dockerfile import ROOT, Stage, stages

STAGES = stages()
# Nothing can be written but what the container gets for that: /tmp, /dev/shm and its volumes.
READ_ONLY = "mount -o remount,bind,ro / && mount -t tmpfs -o mode=1777 tmpfs /tmp"
# The Python under the virtual environment may lie where only root can look; it cannot write there.
LOOKS = ["--inh-caps", "-all,+dac_read_search", "--ambient-caps", "-all,+dac_read_search"]


@dataclass
class Image:
    """What the steps have made, under `root`; `last` is the stage that runs."""

    root: Path
    last: Stage
    # Salt wants a user that this machine knows; nobody stands for the one of the image then.
    user: str = ""
    volumes: Sequence[Path] = field(default_factory=list)

    @property
    def installed(self) -> Path:
        return self.root / "opt/rescuebot"

    @property
    def who(self) -> list[str]:
        """Number of user and of group."""
        if not self.user:
            return self.last.one("USER").split(":")
        known = pwd.getpwnam(self.user)
        return [str(known.pw_uid), str(known.pw_gid)]

    def environment(self, **given: str) -> dict[str, str]:
        """That of the last stage, and what the container is started with."""
        own = self.last.environment()
        path = own["PATH"].replace("/opt/rescuebot", str(self.installed))
        return own | {"PATH": path.replace("$PATH", os.defpath)} | given

    def command(self, words: list[str]) -> list[str]:
        """The words as the user of the image, in its file system."""
        program = str(self.installed / "bin" / words[0])
        if os.geteuid() != 0:
            return [program, *words[1:]]
        user, group = self.who
        as_user = ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", *LOOKS]
        kept = "".join(f"mount --bind {volume} {volume} && " for volume in self.volumes)
        inside = f'{kept}{READ_ONLY} && cd {self.last.one("WORKDIR")} && exec "$@"'
        shell = ["unshare", "--mount", "--propagation", "private", "sh", "-c", inside, "sh"]
        return [*shell, *as_user, "--no-new-privs", program, *words[1:]]

    def files(self) -> dict[str, int]:
        """All files with the time of their last change, but those on volumes."""
        found = [path for path in self.root.rglob("*") if path.is_file()]
        inside = [p for p in found if not any(p.is_relative_to(v) for v in self.volumes)]
        return {str(path): path.stat().st_mtime_ns for path in inside}


def build(image: Image, names: Sequence[str], *, made: Image | None = None) -> None:
    """Run the stages of these names; what they copy from others is in `made`."""
    image.installed.parent.mkdir(parents=True, exist_ok=True)
    # The base image has a Python of its own that is not in a virtual environment.
    subprocess.run([sys.executable, "-m", "venv", image.root / "usr"], check=True)
    programs = os.pathsep.join([str(image.root / "usr/bin"), str(Path(sys.executable).parent)])
    for name in names:
        run(STAGES[name], image, programs=programs, made=made or image)


def run(stage: Stage, image: Image, *, programs: str, made: Image) -> None:
    """Run the steps of one stage, with these programs of its base image."""
    source = image.root / stage.one("WORKDIR").strip("/")
    source.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([programs, os.environ["PATH"]])
    environment = {**os.environ, **stage.environment(), "PATH": path}
    # The base image has none; with ours, pip would find the library installed already.
    environment.pop("PYTHONPATH", None)
    for instruction, words in stage.steps:
        if instruction == "COPY":
            copy(words, into=source, made=made)
        elif instruction == "RUN":
            line = words.replace("/opt/rescuebot", str(image.installed))
            done = subprocess.run(
                ["/bin/sh", "-ec", line],
                cwd=source,
                env=environment,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def copy(words: str, *, into: Path, made: Image) -> None:
    """COPY, of what .dockerignore lets through, or of what a stage before has made."""
    *names, target = words.split()
    assert not target.startswith("/"), "that would be this machine"
    if names[0].startswith("--from"):
        # It may have run at the same place; then it is there already.
        origin = made.root / names[1].strip("/")
        if origin != into / target.strip("/"):
            shutil.copytree(origin, into / target)
        return
    for name in names:
        for path in sorted(let_through(ROOT / name)):
            inside = path.relative_to(ROOT / name) if (ROOT / name).is_dir() else Path(path.name)
            copied = into / target / inside if target.endswith("/") else into / target
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copied, follow_symlinks=False)


def lay_out(image: Image) -> None:
    """The files that the last stage takes from the project, under the root of the image."""
    for words in image.last.all("COPY"):
        if not words.startswith("--from"):
            *names, target = words.split()
            copy(" ".join([*names, target.lstrip("/")]), into=image.root, made=image)


def let_through(path: Path) -> Iterator[Path]:
    """The files that .dockerignore does not keep back."""
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    wanted = [rule[1:] for rule in rules if rule.startswith("!")]
    unwanted = [rule.removeprefix("**/") for rule in rules if rule.startswith("**/")]
    for one in [path] if path.is_file() else path.rglob("*"):
        parts = one.relative_to(ROOT).parts
        inside = any(parts[: len(Path(name).parts)] == Path(name).parts for name in wanted)
        shunned = any(fnmatch.fnmatch(part, rule) for part in parts for rule in unwanted)
        if inside and not shunned and not one.is_dir():
            yield one
