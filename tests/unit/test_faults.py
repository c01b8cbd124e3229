"""Fault points do nothing unless they are told to, and then kill exactly once."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rescuebot import faults

LIBRARY = Path(faults.__file__).parent


def test_a_point_does_nothing_unless_the_environment_names_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(faults.FOLDER, raising=False)
    (tmp_path / "intake.received").touch()
    faults.point("intake.received")
    monkeypatch.setenv(faults.FOLDER, str(tmp_path))
    faults.point("intake.committed")
    assert (tmp_path / "intake.received").exists()


def test_a_file_kills_the_first_that_gets_there_and_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "intake.received").touch()
    code = "from rescuebot import faults; faults.point('intake.received'); print('alive')"
    environment = {**os.environ, faults.FOLDER: str(tmp_path)}
    ends = [
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode
        for _ in range(2)
    ]
    assert ends == [-signal.SIGKILL, 0]


def test_a_pause_goes_on_afterwards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(faults.FOLDER, str(tmp_path))
    (tmp_path / "intake.received").write_text("pause 0.01")
    faults.point("intake.received")
    assert not (tmp_path / "intake.received").exists()


def test_every_named_point_is_reached_in_exactly_one_place() -> None:
    called = [
        node.args[0].value
        for path in LIBRARY.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "point"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert sorted(map(str, called)) == sorted((*faults.POINTS, *faults.NOTICE_POINTS))
