"""The documents for operators do what they say: every command is typed, every answer compared."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devstack.place import REPOSITORY
from devstack.waiting import until
from rescuebot.guard import targets
from rescuebot.guard.rules import Flapping, Record, Request, Rule, Snapshot, Stop, Window, judge
from rescuebot.settings import GuardSettings
from tests.documents import Shell, Step, blocks_of, is_seen, steps_of
from tests.thorough import thorough

DOCUMENTS = REPOSITORY / "docs"
# How long a reader would type a command again.
PATIENCE = 120

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
FLEET = frozenset(f"i-0de0000000000000{number}" for number in range(1, 5))
OTHERS = FLEET - {"i-0de00000000000001"}
REMEDY = "runbook:1"
TARGET = targets.parse("service:mysql")
# For each rule what it is asked about, and what it sees, in the examples of guard.md.
OBJECTIONS: dict[Rule, tuple[dict[str, Any], dict[str, Any]]] = {
    Rule.APPROVAL: ({"approval_owed": True}, {}),
    Rule.HALT: (
        {},
        {
            "stops": (
                Stop(target=TARGET, reason="failing over", called_by="salt-run:kim", called_at=NOW),
            )
        },
    ),
    Rule.WINDOW: (
        {},
        {
            "windows": (
                Window(target=TARGET, ends_at=NOW + timedelta(hours=2), reason="upgrade to 8.4"),
            )
        },
    ),
    Rule.ONE_AT_A_TIME: ({}, {"busy": {"i-0de00000000000001": 17}}),
    Rule.FLAPPING: ({"event_id": 1}, {"flapping": {1: Flapping(changes=12, last_at=NOW)}}),
    Rule.COOLDOWN: ({}, {"last_fix": {(REMEDY, "i-0de00000000000001"): NOW}}),
    Rule.BREAKER: ({}, {"records": {REMEDY: Record(failures=3, last_failed_at=NOW)}}),
    Rule.LAST_HEALTHY: (
        {"event_type": "disk_full"},
        {"repairing": {"mysql": OTHERS}},
    ),
    Rule.BLAST_RADIUS: (
        {"event_type": "process_down"},
        {"repairing": {"mysql": frozenset(["i-0de00000000000002"])}},
    ),
}


def devstack(directory: Path, *words: str) -> None:
    command = [sys.executable, "-m", "devstack", "--directory", str(directory), *words]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def first_words(document: str) -> list[str]:
    """The words behind ``python -m devstack`` in the block that tells how to begin."""
    begin = next(block for block in blocks_of(document) if block.language == "bash")
    line = next(line for line in begin.body.splitlines() if " -m devstack " in line)
    return shlex.split(line.partition(" -m devstack ")[2])


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """The directory of a world that was begun as the document says."""
    document = (DOCUMENTS / request.param).read_text(encoding="utf-8")
    directory = tmp_path / "world"
    devstack(directory, *first_words(document))
    try:
        yield directory
    finally:
        devstack(directory, "down")


def reader(world: Path) -> dict[str, str]:
    """The environment of somebody called kim who reads the document."""
    kept = {name: value for name, value in os.environ.items() if name != "SUDO_USER"}
    name = {"NAME": "kim", "EMAIL": "kim@example.com"}
    git = {f"GIT_{who}_{what}": name[what] for who in ("AUTHOR", "COMMITTER") for what in name}
    path = f"{world / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return kept | git | {"USER": "kim", "PATH": path, "COLUMNS": "160", "LC_ALL": "C.UTF-8"}


def trouble_with(step: Step, shell: Shell) -> str:
    """What of a step is not as its document says; empty when all is."""
    seen = []
    for command in step.commands():
        code, output = shell.type(command)
        seen.append(output)
        if (code != 0) != ("# refused" in command):
            return f"`{command}` ended with {code}:\n{output}"
    if step.seen is not None and not is_seen(step.seen, "".join(seen)):
        return f"{step.block.body}\nis said to show\n\n{step.seen}\nand shows\n\n{''.join(seen)}"
    return ""


def follow(step: Step, shell: Shell, *, directory: Path, name: str) -> None:
    """Do what the document says at one place."""
    where = f"{name} line {step.block.line}"
    if step.block.language != "sh":
        (directory / step.block.title).write_text(step.block.body, encoding="utf-8")
    elif step.repeats:
        last = [""]

        def holds() -> bool:
            last[0] = trouble_with(step, shell)
            return not last[0]

        until(holds, seconds=PATIENCE, what=where, explain=lambda: last[0])
    else:
        trouble = trouble_with(step, shell)
        assert not trouble, f"{where}: {trouble}"


@thorough
@pytest.mark.salt
@pytest.mark.timeout(590)
@pytest.mark.parametrize(
    ("name", "world"),
    [("runbooks.md", "runbooks.md"), ("guard.md", "guard.md")],
    indirect=["world"],
    ids=["runbooks", "guard"],
)
def test_every_command_of_the_document_does_what_it_says(
    name: str, world: Path, tmp_path: Path
) -> None:
    steps = list(steps_of((DOCUMENTS / name).read_text(encoding="utf-8")))
    assert len([step for step in steps if step.seen]) > 5, "the document shows what one sees"
    desk = tmp_path / "desk"
    desk.mkdir()
    with Shell(directory=desk, environment=reader(world)) as shell:
        for step in steps:
            follow(step, shell, directory=desk, name=name)


def test_a_document_is_read_as_what_its_reader_does() -> None:
    steps = list(
        steps_of(
            "```bash\nnot run\n```\n```yaml title=a.yaml\na: 1\n```\n"
            "```sh\none \\\n  more\ntwo # refused\n```\n```text\nsaid\n```\n```yaml\nb: 2\n```\n"
        )
    )
    assert [(step.block.title, step.seen) for step in steps] == [("a.yaml", None), ("", "said\n")]
    assert steps[1].commands() == ["one    more", "two # refused"]


@pytest.mark.parametrize(
    ("seen", "output", "holds"),
    [
        ("one two", "zero one\n  two three", True),
        ("one\ntwo", "one between two", False),
        ("one\n…\ntwo", "one\nbetween\ntwo", True),
        ("one … three", "one two three", True),
        ("two … one", "one two three", False),
        ("a (b) [c] *", "a (b) [c] *", True),
        ("id title", " id  title \n ───────── \n", True),
    ],
)
def test_what_one_sees_is_found_in_the_output_in_its_order(
    seen: str, output: str, holds: bool
) -> None:
    assert is_seen(seen, output) is holds


def test_a_shell_keeps_its_state_and_tells_each_exit_code(tmp_path: Path) -> None:
    with Shell(directory=tmp_path, environment={"PATH": os.defpath}) as shell:
        assert shell.type("word=kept; cat") == (0, "")
        assert shell.type("printf %s $word # no line end") == (0, "kept")
        assert shell.type("echo told >&2; false # refused") == (1, "told\n")


def test_a_step_that_is_not_as_the_document_says_is_told(tmp_path: Path) -> None:
    document = "```sh\necho {0}\n{1}\n```\n```text\none … three\n```\n"
    with Shell(directory=tmp_path, environment={"PATH": os.defpath}) as shell:

        def trouble(shown: str, command: str) -> str:
            (step,) = steps_of(document.format(shown, command))
            return trouble_with(step, shell)

        assert trouble("one two three", "true") == ""
        assert "is said to show" in trouble("one two", "true")
        assert "ended with 1" in trouble("one two three", "false")
        assert "ended with 0" in trouble("one two three", "true # refused")


@pytest.mark.parametrize("rule", Rule)
def test_the_document_of_the_guard_quotes_each_rule_word_for_word(rule: Rule) -> None:
    asked, seen = OBJECTIONS[rule]
    verdict = judge(
        Request(
            **{
                "server_id": "i-0de00000000000001",
                "minion_id": "minion-1",
                "service_type": "mysql",
                "remedy": REMEDY,
                "remedy_name": "Runbook 1 'Start MySQL'",
                **asked,
            }
        ),
        Snapshot(**{"now": NOW, "servers": {"mysql": FLEET}, **seen}),
        GuardSettings(),
    )
    assert verdict.rule is rule
    assert shown(verdict.words) in quotes((DOCUMENTS / "guard.md").read_text(encoding="utf-8"))


def shown(words: str) -> str:
    """Times as a terminal shows them."""
    return re.sub(r"(\d)T([\d:]{8})\.\d+Z", r"\1 \2Z", words)


def quotes(document: str) -> list[str]:
    """The quoted sentences of a document, each in one line."""
    found = re.findall(r"(?:^> .*\n)+", document, re.MULTILINE)
    return [" ".join(quote.replace("> ", "", 1).replace("\n> ", " ").split()) for quote in found]
