"""The directory that a world lives in: logs, run records, sockets, and the environment inside.

Invariant: only directories that a world has made are emptied, and only on the next start.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from devstack.errors import WorldError

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_DIRECTORY = REPOSITORY / ".devstack"
REGION = "ap-northeast-1"
ACCOUNT = "123456789012"

# Stands in the environment of every process of a world, so that those which a minion starts
# later are found as well. Not RESCUE_…: those names are settings.
MARK = "DEVSTACK_WORLD"

# Unix socket paths must stay below 107 characters and Salt's own names are long already, so
# sockets live in a directory of their own with a short name.
_SHORT = "/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir()
_SHORT_PREFIX = "rescue-"


class Place:
    """One directory and what is derived from it. Making it is cheap and touches nothing."""

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory).resolve()

    @property
    def logs(self) -> Path:
        """Where every process of the world writes its log."""
        return self.folder("logs")

    @property
    def run(self) -> Path:
        """The records of started processes."""
        return self.folder("run")

    def folder(self, *parts: str) -> Path:
        """A folder of this place, made when missing, for us alone."""
        folder = self.directory.joinpath(*parts)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise WorldError(
                f"The folder {folder} cannot be made: {error.strerror}.",
                remedy="Choose another place with --directory.",
            ) from None
        return folder

    @property
    def sockets(self) -> Path:
        """A private folder with a short path, the same until `release`."""
        note = self.run / "sockets"
        if note.exists() and (short := Path(note.read_text())).is_dir():
            return short
        short = Path(tempfile.mkdtemp(prefix=_SHORT_PREFIX, dir=_SHORT))
        note.write_text(str(short))
        return short

    def release(self) -> None:
        """Remove the short folder of the sockets."""
        note = self.run / "sockets"
        if not note.exists():
            return
        short = Path(note.read_text())
        # The note is a file that anybody with our rights can edit: remove only what we made.
        if str(short.parent) == _SHORT and short.name.startswith(_SHORT_PREFIX):
            shutil.rmtree(short, ignore_errors=True)
        note.unlink()

    @property
    def mark(self) -> str:
        """The entry that every process of this world has in its environment."""
        return f"{MARK}={self.directory}"

    def environment(self) -> dict[str, str]:
        """What a process of this world is started with.

        Credentials, proxies and settings of the user stay outside: nothing in here may reach a
        real AWS account or be configured by chance.
        """
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "RESCUE_", "SALT_"))
        }
        beside = str(Path(sys.executable).parent)
        path = os.pathsep.join([beside, kept.get("PATH", os.defpath)])
        return kept | self._own_environment() | {"PATH": path}

    def put_programs(self, master_config: Path) -> Path:
        """Make a folder to put before PATH, so that one types ``salt-run`` as on a real master."""
        folder = self.folder("bin")
        for name in ("salt", "salt-run"):
            self._put_program(folder / name, [tool(name), "-c", master_config])
        module = ["env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-m", "devstack"]
        self._put_program(folder / "devstack", [*module, "--directory", self.directory])
        return folder

    def _put_program(self, path: Path, words: Sequence[object]) -> None:
        own = [f"{name}={value}" for name, value in self._own_environment().items()]
        called = shlex.join(["env", *own, *map(str, words)])
        path.write_text(f'#!/bin/sh\nexec {called} "$@"\n')
        path.chmod(0o700)

    def _own_environment(self) -> dict[str, str]:
        """What every process of this world has in its environment, beside what it inherits."""
        return {
            MARK: str(self.directory),
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def user() -> str:
    """Who we are, by the kernel. Not by USER, which su and sudo may leave as it was."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise WorldError(
            f"The user with the number {os.geteuid()} has no name.",
            remedy="Salt and MariaDB need one: add the user to /etc/passwd.",
        ) from None


def tool(name: str) -> Path:
    """A program of the virtual environment, such as ``salt-run``."""
    for folder in (Path(sys.executable).parent, REPOSITORY / ".venv" / "bin"):
        if (folder / name).exists():
            return folder / name
    raise WorldError(
        f"The program {name} is not in the virtual environment.",
        remedy=f"Run `make setup emulator` in {REPOSITORY} first.",
    )
