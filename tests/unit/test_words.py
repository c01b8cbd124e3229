"""Every stable word that can reach the console has words in all its languages."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, get_args

import pytest
import sqlalchemy as sa

from rescuebot import doctor, tables
from rescuebot.adapters import slack
from rescuebot.advice.shell.risk import Risk
from rescuebot.approving import Obstacle
from rescuebot.events.model import Outcome
from rescuebot.events.service import Kind as Recorded
from rescuebot.executions import returns
from rescuebot.guard.rules import Rule
from rescuebot.notices import service as notices
from rescuebot.settings import Settings
from rescuebot.settings.section import Source
from rescuebot.versions.model import Kind as Versioned
from tests.codes import ROOT, Library
from webui.api import problems
from webui.api.resources import health

CATALOGUES = ROOT / "webui/app/src/i18n"
LANGUAGES = ("ko", "en", "ja")
OWN_REASONS = ("no_topic", "no_address", "schema", "too_large", "bad_address")
# What cannot be followed in the code, and what it can be.
KNOWN: Mapping[str, Collection[str]] = {
    "rescuebot.guarding: verdict.rule": list(Rule),
    "rescuebot.intake: recorded.kind": list(Recorded),
    "rescuebot.versions.service: noun.kind": list(Versioned),
    "rescuebot.executions.ending: result.verdict": get_args(returns.Verdict),
    "rescuebot.notices.service: state_of(outcome=outcome)": {
        notices.state_of(outcome=one) for one in Outcome
    },
    "rescuebot.notifying: sent.code": ("posted", "found", "updated", "partly", "not_needed"),
    # Of what a way says itself, that for which there is a remedy; other words are shown as such.
    "rescuebot.notifying: error.reason": (*slack._REMEDIES, *OWN_REASONS),
}
# The words of each column that holds one of a closed list; None for those that no page shows.
COLUMNS: Mapping[str, str | None] = {
    "advice.state": "adviceState",
    "api_key.role": "role",
    "approval.state": "approvalState",
    "archive.state": "archiveState",
    "archived_item.kind": None,
    "cloudwatch_event.outcome": "outcome",
    "cloudwatch_event.severity": "severity",
    "cloudwatch_event.status": "status",
    "consultation.state": None,
    "dead_letter.state": "letterState",
    "draft.state": "draftState",
    "execution.state": "state",
    "notice.severity": "severity",
    "notice.status": "noticeStatus",
    "runbook_script.mode": "mode",
    "runbook_script.solution_kind": "kind",
    "saltstack_command.command_type": "commandType",
    "saltstack_event_log.execution_status": "logStatus",
    "saltstack_event_log.step": "step",
    "saltstack_event_log_original.execution_status": None,
    "user.role": "role",
    "version.change": "change",
    "version.kind": None,
}
# Words that are given to these calls: their words in the catalogue.
CALLS: Mapping[tuple[str, str], str] = {
    ("rescuebot.guard.service.record", "subject"): "subject",
    ("rescuebot.guard.service.record", "verdict"): "verdict",
    ("rescuebot.executions.service.end", "verdict"): "verdict",
    ("rescuebot.audit.service.note", "action"): "audit",
    ("rescuebot.errors.Unreadable", "reason"): "unreadable",
    ("rescuebot.notices.service.put", "state"): "noticeState",
    ("rescuebot.notices.service.put_once", "state"): "noticeState",
    ("rescuebot.notices.ways.Sent", "code"): "receipt",
    ("rescuebot.notices.service.Receipt", "code"): "receipt",
}
# One that each must find, or the search itself is broken.
SURE: Mapping[str, str] = {
    "subject": "match",
    "verdict": "no_module",
    "audit": "archive_run",
    "unreadable": "not_json",
    "noticeState": "held",
    "receipt": "posted",
}


@pytest.fixture(scope="module")
def library() -> Library:
    return Library("rescuebot", "webui/api", known=KNOWN)


@pytest.fixture(scope="module", params=LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> Any:
    return json.loads((CATALOGUES / f"{request.param}.json").read_text(encoding="utf-8"))


def lacking(catalogue: Any, kind: str, words: Collection[str]) -> list[str]:
    """Those that have no words, as keys of the catalogue."""
    known = catalogue
    for step in kind.split("."):
        known = known.get(step, {})
    return [f"{kind}.{word}" for word in sorted(words) if not known.get(word, "").strip()]


def test_every_refusal_has_words(catalogue: Any) -> None:
    codes = {code for _, code, _ in problems.refusals()}
    # What the console says itself when nothing, or nothing of ours, was answered.
    assert lacking(catalogue, "problem", codes | {"offline", "unknown"}) == []


def enums() -> dict[str, list[str]]:
    """The values of each column that holds one of a closed list."""
    return {
        f"{table.name}.{column.name}": list(column.type.enums)
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.Enum)
    }


def test_every_closed_list_of_the_tables_is_known_here() -> None:
    assert set(enums()) == set(COLUMNS)


def test_every_state_of_the_tables_has_words(catalogue: Any) -> None:
    found = enums()
    missing = [lacking(catalogue, kind, found[name]) for name, kind in COLUMNS.items() if kind]
    assert sum(missing, []) == []


@pytest.mark.parametrize("call", CALLS, ids=lambda call: ".".join(call))
def test_every_word_that_is_written_down_has_words(
    library: Library, catalogue: Any, call: tuple[str, str]
) -> None:
    kind = CALLS[call]
    words = library.words(*call)
    if call != ("rescuebot.guard.service.record", "verdict"):
        assert SURE[kind] in words
    assert library.unknown == set(), "say in KNOWN what these can be"
    assert lacking(catalogue, kind, words) == []


def test_what_is_known_here_is_still_in_the_code(library: Library) -> None:
    for call in CALLS:
        library.words(*call)
    assert library.met == set(KNOWN)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("rule", list(Rule)),
        ("risk", list(Risk)),
        # What has been answered is not offered for an answer.
        ("approval.because", sorted(set(Obstacle) - {Obstacle.ANSWERED})),
        ("source", list(Source)),
    ],
)
def test_other_closed_lists_have_words(
    catalogue: Any, kind: str, words: Collection[StrEnum]
) -> None:
    assert lacking(catalogue, kind, words) == []


def test_every_check_of_the_house_has_words(catalogue: Any, library: Library) -> None:
    checks = library.words("rescuebot.doctor.Check", "name")
    assert {"database", "minions"} <= checks
    assert library.unknown == set()
    assert lacking(catalogue, "finding", checks) == []
    assert lacking(catalogue, "check", health._CHECKS) == []
    assert lacking(catalogue, "engine", doctor.ENGINES) == []


def test_every_section_of_the_settings_has_words(catalogue: Any) -> None:
    assert lacking(catalogue, "section", Settings.model_fields) == []
