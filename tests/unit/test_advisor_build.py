"""What goes into a function's zip: always the same bytes, and nothing that ties it to a machine."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from lambdas import build


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A function of its own without packages."""
    folder = tmp_path / "lambdas/greeter"
    folder.mkdir(parents=True)
    (tmp_path / "words.json").write_text("{}")
    (folder / "handler.py").write_text("def handle(event, context):\n    return event\n")
    (folder / "words.json").symlink_to(tmp_path / "words.json")
    (folder / "README.md").write_text("For people.")
    monkeypatch.setattr(build, "HERE", folder.parent)
    return folder


def test_the_same_sources_make_the_same_bytes_at_another_time(folder: Path, tmp_path: Path) -> None:
    first = build.build("greeter", into=tmp_path / "a")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/handler.cpython-311.pyc").write_bytes(b"1")
    (folder / ".hidden").write_text("")
    (folder / "handler.py").chmod(0o600)
    os.utime(folder / "handler.py", (0, 0))
    second = build.build("greeter", into=tmp_path / "b")
    assert first.path.read_bytes() == second.path.read_bytes() and first.sha256 == second.sha256
    (folder / "handler.py").write_text("def handle(event, context):\n    return 2\n")
    assert build.build("greeter", into=tmp_path / "c").sha256 != first.sha256


def test_a_zip_holds_what_runs_with_links_made_real(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(build.build("greeter", into=tmp_path / "a").path) as archive:
        assert archive.namelist() == ["greeter/handler.py", "greeter/words.json"]
        assert archive.read("greeter/words.json") == b"{}"
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_native_code_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "fast.cpython-313-aarch64-linux-gnu.so").write_bytes(b"")
    with pytest.raises(build.BuildError, match="native"):
        build.build("greeter", into=tmp_path / "a")
    assert not (tmp_path / "a/greeter.zip").exists()


def test_an_unknown_function_is_told_with_those_that_there_are(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build.main(["nobody", "--into", str(tmp_path)]) == 1
    assert "greeter" in capsys.readouterr().err


def test_every_function_has_a_lock_with_hashes_that_names_no_index() -> None:
    for name in build.functions():
        for line in (build.HERE / name / "requirements.txt").read_text().splitlines():
            assert "://" not in line
            assert line.startswith(" ") == ("--hash=sha256:" in line)
