"""The tables that a person sees."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rescuebot import columns as shown_columns
from rescuebot.tables import metadata

SOURCE = Path(__file__).parents[2] / "salt/_output/rescue.py"


@pytest.fixture
def outputter(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("rescue_output", SOURCE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__opts__ = {"color": False}  # type: ignore[attr-defined]
    monkeypatch.setenv("COLUMNS", "120")
    return module


def an_event(**changes: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "event_time": "2026-11-22T04:35:19.123Z",
        "severity": "critical",
        "server_id": "i-0123456789abcdef0",
        "service_type": "mysql",
        "status": "resolved",
        "outcome": "fixed",
        "occurrences": 2,
        "event_message": "rescue-prod-mysql-down: mysqld has no process. " * 5,
        "message_id": "m",
        **changes,
    }


def test_an_event_is_one_line_with_what_it_is_known_by_whole(outputter: ModuleType) -> None:
    text = outputter.output([an_event(), an_event(id=8, outcome=None)])
    lines = [line for line in text.splitlines() if "i-0123456789abcdef0" in line]
    assert len(lines) == 2
    for word in ("7", "2026-11-22 04:35:19Z", "critical", "resolved", "fixed", "…"):
        assert word in lines[0], word
    assert max(len(line) for line in text.splitlines()) <= 120


def test_control_characters_of_foreign_texts_never_reach_the_terminal(
    outputter: ModuleType,
) -> None:
    text = outputter.output([an_event(event_message="\x1b]0;owned\x07\x1b[2J\u202e")])
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "\\x1b" in text


def test_markup_of_foreign_texts_is_text(outputter: ModuleType) -> None:
    assert "[bold]x[/bold] :smile:" in outputter.output({"a": "[bold]x[/bold] :smile:"})


def test_korean_and_japanese_letters_keep_the_columns(outputter: ModuleType) -> None:
    rows = [
        {"server_id": "i-1", "words": "한국어", "z": "|"},
        {"server_id": "i-1", "words": "日本", "z": "|"},
    ]
    from rich.cells import cell_len

    places = {
        cell_len(line.split("|")[0]) for line in outputter.output(rows).splitlines() if "|" in line
    }
    assert len(places) == 1


def test_nothing_is_said_as_such_and_a_refusal_with_its_remedy(outputter: ModuleType) -> None:
    assert outputter.output([]) == "There are none yet."
    told = outputter.output({"error": "not_found", "message": "No event 9.", "remedy": "Look."})
    assert told == "Refused: No event 9. Look."


def test_the_doctor_shows_remedies_beside_what_fails(outputter: ModuleType) -> None:
    checks = [
        {"name": "queue", "ok": False, "detail": "SQS is away.", "remedy": "Check the url."},
        {"name": "database", "ok": True, "detail": "sqlite", "remedy": ""},
    ]
    text = outputter.output({"ok": False, "checks": checks})
    assert "FAILS" in text and "-> Check the url." in text and "to be mended" in text


def test_long_results_are_shortened_and_say_where_the_rest_is(outputter: ModuleType) -> None:
    execution = {"id": 1, "logs": [{"step": "fix", "execution_result": "x" * 5000}]}
    text = outputter.output(execution)
    assert "(5000 characters;" in text and "--out=json has them)" in text
    assert text.count("x") < 1000


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("cloudwatch_event", "event_message"),
        ("saltstack_command", "command_script"),
        ("runbook_script", "error_pattern"),
        ("execution", "pinned_sha256"),
        ("saltstack_event_log", "execution_result"),
        ("event_occurrence", "recovery"),
        ("dead_letter", "reason"),
        ("decision", "verdict"),
        ("audit_entry", "noted_at"),
        ("server", "contested_by"),
        ("halt", "called_by"),
        ("maintenance_window", "closed_by"),
        ("approval", "proposed_by"),
        ("version", "changed_at"),
        ("advice", "live_hash"),
        ("draft", "solution_hash"),
        ("user", "last_signed_in_at"),
        ("api_key", "last_used_at"),
    ],
)
def test_every_table_of_the_ledger_is_shown_by_its_own_columns(table: str, key: str) -> None:
    columns = {column.name for column in metadata.tables[table].columns}
    assert next(name for name in shown_columns.COLUMNS if name in columns) == key
    assert set(shown_columns.COLUMNS[key]) <= columns
