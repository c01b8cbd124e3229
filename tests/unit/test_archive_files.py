"""Files of the archive: the same content gives the same file, and foreign content gets nowhere."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, Enum, Integer, Table
from sqlalchemy.types import TypeEngine

from rescuebot import tables
from rescuebot.adapters import places
from rescuebot.archive import files
from rescuebot.archive.content import Content
from rescuebot.archive.lines import Line, decoded, encoded
from rescuebot.archive.model import ItemKind
from rescuebot.archive.rows import KNOWN, ORDER
from rescuebot.database import UtcTimestamp
from rescuebot.errors import ArchiveRefused, ArchiveUnavailable
from rescuebot.settings import AwsSettings

LINES = [b'{"a":1}\n', "한국어 日本語\n".encode(), b"x" * 5000 + b"\n"]


def written(path: Path, lines: list[bytes] = LINES) -> Content:
    with files.Writer(path) as writer:
        for line in lines:
            writer.add(line)
    return writer.content


def test_the_same_lines_give_the_same_file(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "elsewhere.gz"
    assert written(first) == written(second)
    assert first.read_bytes() == second.read_bytes()
    assert gzip.decompress(first.read_bytes()) == b"".join(LINES)


def test_what_was_written_is_read_line_by_line(tmp_path: Path) -> None:
    content = written(tmp_path / "file")
    files.check(tmp_path / "file", expected=content)
    assert list(files.read(tmp_path / "file", most_bytes=content.plain_size)) == LINES


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data[:30] + bytes([data[30] ^ 1]) + data[31:],
        lambda data: b"",
        lambda data: b"not gzip at all",
    ],
    ids=["cut", "longer", "flipped", "empty", "other"],
)
def test_a_damaged_file_is_refused_with_or_without_its_checksum(
    tmp_path: Path, damage: Any
) -> None:
    path = tmp_path / "file"
    content = written(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ArchiveRefused, match="checksum"):
        files.check(path, expected=content)
    # Whoever can change the file and all that is known of it must still not crash us.
    try:
        read = list(files.read(path, most_bytes=content.plain_size))
    except ArchiveRefused:
        return
    assert b"".join(read) in (b"".join(LINES), b"")


def test_no_more_is_unpacked_than_was_written(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    bomb.write_bytes(gzip.compress(b"0" * 50_000_000))
    unpacked = 0
    with pytest.raises(ArchiveRefused, match="more than was written"):
        for line in files.read(bomb, most_bytes=1000):
            unpacked += len(line)
    assert unpacked == 0


def made_up(column: Column[Any]) -> Any:
    kind: TypeEngine[Any] = column.type
    if isinstance(kind, UtcTimestamp):
        return datetime(2026, 8, 14, 1, 5, 0, 123456, tzinfo=UTC)
    if isinstance(kind, Enum):
        return list(kind.enum_class or [])[-1]
    if isinstance(kind, Boolean):
        return True
    return 7 if isinstance(kind, Integer) else "한\x00\n"


@pytest.mark.parametrize("name", ORDER)
def test_a_row_of_each_table_comes_back_as_it_was(name: str) -> None:
    row = {column.name: made_up(column) for column in KNOWN[name].columns}
    line = Line(ItemKind.EVENT, 17, name, row)
    assert decoded(encoded(line), known=KNOWN) == line
    empty = {column.name: None for column in KNOWN[name].columns if column.nullable}
    line = Line(ItemKind.EXECUTION, 3, name, {**row, **empty})
    assert decoded(encoded(line), known=KNOWN) == line


def referring() -> dict[str, set[str]]:
    """For each table the tables that refer to it."""
    found: dict[str, set[str]] = {}
    for table in tables.metadata.tables.values():
        for key in table.foreign_keys:
            found.setdefault(key.column.table.name, set()).add(table.name)
    return found


def test_whatever_hangs_on_an_event_or_a_run_is_archived_with_it() -> None:
    for name in ORDER:
        assert referring().get(name, set()) <= set(ORDER), f"{name} would not let itself be deleted"


def test_parents_are_put_back_before_their_children() -> None:
    for name, children in referring().items():
        if name in ORDER:
            assert all(ORDER.index(child) > ORDER.index(name) for child in children)


def told(**changes: Any) -> bytes:
    table: Table = KNOWN["decision"]
    row = {column.name: made_up(column) for column in table.columns}
    line = json.loads(encoded(Line(ItemKind.EVENT, 17, "decision", row)))
    row_changes = changes.pop("row", None)
    if isinstance(row_changes, dict):
        line["row"].update(row_changes)
    elif row_changes is not None:
        line["row"] = row_changes
    return json.dumps({**line, **changes}).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\n",
        b"[]",
        b"[" * 100_000,
        told(more=1),
        told(table="user"),
        told(table=["decision"]),
        told(table="decision; DROP TABLE decision"),
        told(of=["event"]),
        told(of=["user", 1]),
        told(of=[["event"], 1]),
        told(of=["event", True]),
        told(of=["event", 2**40]),
        told(row=[]),
        told(row={"id": "7"}),
        told(row={"id": True}),
        told(row={"id": 2**31}),
        told(row={"id": None}),
        told(row={"words": 7}),
        told(row={"words": "\ud800"}),
        told(row={"subject": "x" * 31}),
        told(row={"decided_at": "yesterday"}),
        told(row={"decided_at": "2026-08-14T01:05:00"}),
        told(row={"decided_at": "9999-08-14T01:05:00+00:00"}),
        told(row={"decided_at": 7}),
    ],
)
def test_a_line_that_is_no_row_of_ours_is_refused(line: bytes) -> None:
    with pytest.raises(ArchiveRefused):
        decoded(line, known=KNOWN)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_no_value_of_any_column_does_more_than_be_refused(value: Any) -> None:
    for name in ("subject", "decided_at", "id", "runbook_id"):
        try:
            line = decoded(told(row={name: value}), known=KNOWN)
        except ArchiveRefused:
            continue
        assert decoded(encoded(line), known=KNOWN) == line


def test_a_column_that_is_unknown_by_now_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match="decision.'mood', unknown to this version"):
        decoded(told(row={"mood": "good"}), known=KNOWN)


def test_a_column_that_the_file_does_not_have_yet_gets_its_default() -> None:
    line = json.loads(told())
    del line["row"]["runbook_id"], line["row"]["decided_at"]
    read = decoded(json.dumps(line).encode(), known=KNOWN)
    assert "runbook_id" not in read.row and "decided_at" not in read.row
    del line["row"]["words"]
    with pytest.raises(ArchiveRefused, match="without decision.words"):
        decoded(json.dumps(line).encode(), known=KNOWN)


def a_folder(root: Path) -> places.Place:
    return places.opened(str(root), aws=AwsSettings())


def test_a_folder_keeps_a_file_for_nobody_elses_eyes(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"content")
    folder = a_folder(tmp_path / "new" / "archive")
    assert folder.size("2026/08/1-ab.jsonl.gz") is None
    for _ in range(2):
        folder.put("2026/08/1-ab.jsonl.gz", source)
    folder.get("2026/08/1-ab.jsonl.gz", target, most_bytes=7)
    assert target.read_bytes() == b"content"
    assert folder.size("2026/08/1-ab.jsonl.gz") == 7
    kept = tmp_path / "new/archive/2026/08/1-ab.jsonl.gz"
    assert kept.stat().st_mode & 0o077 == 0
    with pytest.raises(ArchiveUnavailable, match="larger"):
        folder.get("2026/08/1-ab.jsonl.gz", target, most_bytes=6)


@pytest.mark.parametrize(
    "name", ["../up", "/etc/passwd", "a/../../b", "a//b", ".hidden", "a/.b", ""]
)
def test_no_name_leaves_the_place(tmp_path: Path, name: str) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"content")
    folder = a_folder(tmp_path / "archive")
    with pytest.raises(ArchiveUnavailable, match="name"):
        folder.put(name, source)
    with pytest.raises(ArchiveUnavailable, match="name"):
        folder.get(name, tmp_path / "target", most_bytes=100)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"content")
    with pytest.raises(ArchiveUnavailable, match="rescue.archive.place"):
        a_folder(source).put("2026/08/1-ab.jsonl.gz", source)
