"""What a machine on AWS does at its start: its real scripts, with AWS and Docker played."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import text

from rescuebot import migrations
from rescuebot.database import Database
from rescuebot.settings import DatabaseSettings

MODULES = Path(__file__).parents[2] / "terraform/modules"
SCRIPTS = {
    "prepare": MODULES / "machine/files/prepare.sh",
    "run": MODULES / "machine/files/run.sh",
    "before": MODULES / "master/files/before.sh",
    "migrate": MODULES / "master/files/migrate.sh",
}
DIGEST = "sha256:" + "a" * 64
HOST = f"""NAME='rescuebot-test-web'
REGION='ap-northeast-1'
IMAGE='registry.example/rescuebot-test-web@{DIGEST}'
LOG_GROUP='/rescuebot-test/web'
OPERATIONS_TOPIC='arn:operations'
"""
MASTER = """FILE_SYSTEM='fs-1'
ACCESS_POINT='fsap-1'
ZONE='Z1'
HOSTNAME='salt.rescue.internal'
REPOSITORY='registry.example/rescuebot-test-master'
"""
# Each says what it was called with, and what it read from its standard input where that matters.
PLAYED = {
    "aws": """case "$*" in
*get-secret-value*password*) printf '%s' "${PASSWORD-s3cret}" ;;
*get-secret-value*) echo 'An error occurred (ResourceNotFoundException): no value' >&2; exit 254 ;;
*get-login-password*) echo token ;;
esac""",
    "docker": """[ "$1" = login ] && cat >/dev/null; exit 0""",
    "curl": """case "$*" in
*--output*) while [ "$1" != --output ]; do shift; done; echo certificates >"$2" ;;
*api/token*) echo imds ;;
*local-ipv4*) printf 10.0.10.7 ;;
esac""",
    "mountpoint": "exit 1",
    "mount": "exit 0",
    "rescuebot-run": "exit 0",
}


@dataclass
class Machine:
    """A folder that stands for the file system of a machine."""

    root: Path

    def start(self, name: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the machine; its absolute paths lie under the folder."""
        words_of_it = SCRIPTS[name].read_text()
        for place in ("/etc/rescuebot", "/run/rescuebot", "/var/lib", "/usr/local/sbin"):
            words_of_it = words_of_it.replace(place, f"{self.root}{place}")
        script = self.root / f"{name}.sh"
        script.write_text(words_of_it)
        path = f"{self.root}/played:{os.defpath}"
        return subprocess.run(
            ["bash", str(script), *words],
            env={"PATH": path, "CALLS": str(self.root / "calls"), **environ},
            capture_output=True,
            text=True,
            timeout=30,
        )

    @property
    def calls(self) -> list[str]:
        """What was called, in its order."""
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def file(self, name: str) -> Path:
        return self.root / name.lstrip("/")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    own = Machine(tmp_path)
    for folder in ("/etc/rescuebot", "/run/rescuebot", "/var/lib/cloud/data", "/played"):
        own.file(folder).mkdir(parents=True)
    for name, does in PLAYED.items():
        program = own.file(f"/played/{name}")
        program.write_text(f'#!/bin/bash\necho "{name} $*" >>"$CALLS"\n{does}\n')
        program.chmod(0o755)
    own.file("/etc/rescuebot/host.env").write_text(HOST)
    own.file("/etc/rescuebot/master.env").write_text(MASTER)
    own.file("/etc/rescuebot/arguments").write_text("--publish\n5000:5000\n")
    own.file("/etc/rescuebot/secrets").write_text(
        "RESCUE_DATABASE__PASSWORD arn:password required\n"
        "RESCUE_SLACK__BOT_TOKEN arn:slack optional\n"
    )
    own.file("/var/lib/cloud/data/instance-id").write_text("i-0123\n")
    return own


def test_secrets_are_in_memory_for_root_alone_and_what_has_no_value_is_left_out(
    machine: Machine,
) -> None:
    done = machine.start("prepare")
    assert (done.returncode, done.stderr) == (0, "")
    env = machine.file("/run/rescuebot/env")
    assert env.read_text() == "RESCUE_DATABASE__PASSWORD=s3cret\n"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert "s3cret" not in done.stdout + "\n".join(machine.calls)


def test_the_image_is_pulled_by_its_digest_and_the_token_of_the_registry_does_not_stay(
    machine: Machine,
) -> None:
    assert machine.start("prepare").returncode == 0
    assert f"docker pull --quiet registry.example/rescuebot-test-web@{DIGEST}" in machine.calls
    assert "docker login --username AWS --password-stdin registry.example" in machine.calls
    assert not machine.file("/run/rescuebot/docker").exists()
    assert machine.file("/etc/rescuebot/rds.pem").read_text() == "certificates\n"


def test_a_missing_secret_ends_the_start_and_is_told_once_at_the_fifth_time(
    machine: Machine,
) -> None:
    machine.file("/etc/rescuebot/secrets").write_text("RESCUE_WEB__JWT_KEY arn:jwt required\n")
    told = []
    for _ in range(7):
        done = machine.start("prepare")
        assert done.returncode != 0
        assert "RESCUE_WEB__JWT_KEY" in done.stderr
        told.append(sum("sns publish" in call for call in machine.calls))
    assert told == [0, 0, 0, 0, 1, 1, 1]
    assert not [call for call in machine.calls if "docker pull" in call]


@pytest.mark.parametrize("value", ["", "two\nlines"])
def test_a_secret_that_would_break_the_environment_is_refused(machine: Machine, value: str) -> None:
    done = machine.start("prepare", PASSWORD=value)
    assert done.returncode != 0 and "must be one line" in done.stderr


def test_what_the_kind_of_machine_needs_comes_before_the_start_and_can_stop_it(
    machine: Machine,
) -> None:
    before = machine.file("/usr/local/sbin/rescuebot-before")
    before.parent.mkdir(parents=True)
    before.write_text("#!/bin/bash\nexit 3\n")
    before.chmod(0o755)
    assert machine.start("prepare").returncode == 3


def test_a_container_is_read_only_and_has_no_rights(machine: Machine) -> None:
    assert machine.start("run").returncode == 0
    (call,) = machine.calls
    for words in (
        "--read-only",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        f"--env-file {machine.root}/run/rescuebot/env",
        "--publish 5000:5000",
        "awslogs-group=/rescuebot-test/web",
        "awslogs-stream=i-0123",
        "mode=non-blocking",
    ):
        assert words in call
    assert call.endswith(f"@{DIGEST}")


def test_a_command_beside_the_service_is_as_closed(machine: Machine) -> None:
    image = "registry.example/rescuebot-test-master@sha256:b"
    assert machine.start("run", "once", image, "python", "-c", "1").returncode == 0
    (call,) = machine.calls
    assert call.endswith(f"--entrypoint python {image} -c 1")
    assert "--read-only" in call and "--name rescuebot" not in call and "--publish" not in call


def test_a_master_mounts_its_keys_over_tls_and_then_shows_its_name_to_itself(
    machine: Machine,
) -> None:
    done = machine.start("before")
    assert done.returncode == 0, done.stderr
    calls = machine.calls
    (mounted,) = [call for call in calls if call.startswith("mount ")]
    assert "noresvport,tls,iam,accesspoint=fsap-1 fs-1:/" in mounted
    (changed,) = [call for call in calls if "change-resource-record-sets" in call]
    assert "--hosted-zone-id Z1" in changed
    assert '"Name":"salt.rescue.internal","Type":"A","TTL":30' in changed
    assert '"Value":"10.0.10.7"' in changed
    assert calls.index(mounted) < calls.index(changed)
    assert machine.file("/var/lib/rescuebot/pki").is_dir()


def test_a_master_without_its_keys_does_not_start(machine: Machine) -> None:
    machine.file("/played/mount").write_text("#!/bin/bash\nexit 32\n")
    assert machine.start("before").returncode == 32
    assert not [call for call in machine.calls if "change-resource-record-sets" in call]


IMAGE = "registry.example/rescuebot-test-master"
NEWER = "sha256:" + "b" * 64
# Containers of the migration; the older image does not know the tables.
UNKNOWING = f"""case "$*" in
*{DIGEST}*--head*) echo 0017 ;;
*{DIGEST}*) exit 3 ;;
*) exit 0 ;;
esac"""


def play(machine: Machine, name: str, does: str) -> None:
    head = f'#!/bin/bash\necho "{name} $*" >>"$CALLS"\n'
    machine.file(f"/played/{name}").write_text(f"{head}{does}\n")


def test_tables_are_migrated_by_the_new_image(machine: Machine) -> None:
    done = machine.start("migrate", DIGEST)
    assert done.returncode == 0, done.stderr
    assert f"docker pull --quiet {IMAGE}@{DIGEST}" in machine.calls
    ran = [call for call in machine.calls if call.startswith("rescuebot-run once")]
    assert ran == [f"rescuebot-run once {IMAGE}@{DIGEST} python -m rescuebot.migrations"]
    assert not list(machine.file("/run/rescuebot").glob("docker.*"))


def test_an_older_image_is_told_that_the_tables_are_newer(machine: Machine) -> None:
    play(machine, "rescuebot-run", UNKNOWING)
    done = machine.start("migrate", DIGEST)
    assert done.returncode == 3 and "The tables are newer than this image" in done.stderr


def test_the_newer_image_takes_the_tables_back_when_it_is_named(machine: Machine) -> None:
    play(machine, "rescuebot-run", UNKNOWING)
    done = machine.start("migrate", DIGEST, NEWER)
    assert done.returncode == 0, done.stderr
    assert f"docker pull --quiet {IMAGE}@{NEWER}" in machine.calls
    assert machine.calls[-1].endswith(f"@{NEWER} python -m rescuebot.migrations --back-to 0017")


def test_the_words_of_the_migration_migrate_up_and_back_and_know_what_they_do_not_know(
    machine: Machine,
) -> None:
    play(machine, "rescuebot-run", f'shift 3; exec "{sys.executable}" "$@"')
    url = f"sqlite:///{machine.root / 'rescue.db'}"
    head = migrations.head()
    before = ScriptDirectory(str(Path(migrations.__file__).parent)).get_revision(head).down_revision
    ledger = Database(DatabaseSettings(url=SecretStr(url)))
    environ = {"RESCUE_DATABASE__URL": url, "PYTHONPATH": str(MODULES.parents[1])}
    try:
        assert machine.start("migrate", DIGEST, **environ).returncode == 0
        assert migrations.current(ledger) == migrations.head()
        with ledger.transaction() as session:
            session.execute(text("update alembic_version set version_num = 'from_the_future'"))
        assert machine.start("migrate", DIGEST, **environ).returncode == 3
        with ledger.transaction() as session:
            session.execute(text("update alembic_version set version_num = :v"), {"v": head})
        older = UNKNOWING.replace("0017", before).partition("*) exit 0")[0]
        play(machine, "rescuebot-run", f'{older}*) shift 3; exec "{sys.executable}" "$@" ;;\nesac')
        done = machine.start("migrate", DIGEST, NEWER, **environ)
        assert (done.returncode, done.stdout.split()[-1]) == (0, f"to={before}"), done.stderr
        assert migrations.current(ledger) == before
    finally:
        ledger.dispose()


@pytest.mark.parametrize("digest", ["latest", "sha256:abc", "sha256:" + "a" * 63 + "; reboot"])
def test_only_a_digest_is_migrated_to(machine: Machine, digest: str) -> None:
    done = machine.start("migrate", digest)
    assert done.returncode == 2 and "Not a digest" in done.stderr
    assert machine.calls == []
