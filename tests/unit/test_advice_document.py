"""The page about advice names what the code has, and all that it has."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from lambdas.bedrock_advisor.failure import CODES
from rescuebot import advising, consulting, proposing
from rescuebot.advice import budget, redact, states
from rescuebot.advice.model import AdviceState, DraftState
from rescuebot.advice.question import EventFacts, EvidenceKind, Question, request
from rescuebot.advice.service import Spent
from rescuebot.events.model import Outcome
from rescuebot.settings import AdviceSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/advice.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
NOTHING = Spent(calls=0, tokens=0, cost_micros=0)


def rows_under(head: str) -> Iterator[list[str]]:
    """The rows of the table whose first column has this head."""
    found = re.search(rf"^\| {head} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found, f"there is no table of {head}"
    for line in found[1].splitlines():
        yield [cell.strip() for cell in line.strip("|").split("|")]


def named_under(head: str) -> set[str]:
    """What the first column names; a cell may name several."""
    return {name for row in rows_under(head) for name in re.findall(r"`([^`]+)`", row[0])}


def tree_of(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def codes_of_ours() -> set[str]:
    """The codes that are given where no Lambda has answered: by keyword, or to `_fail`."""
    found = set()
    for node in [*ast.walk(tree_of(advising)), *ast.walk(tree_of(budget))]:
        if isinstance(node, ast.Call):
            given: Iterable[ast.expr] = [k.value for k in node.keywords if k.arg == "code"]
            if isinstance(node.func, ast.Attribute) and node.func.attr == "_fail":
                given = [*given, node.args[2]]
            found |= {str(one.value) for one in given if isinstance(one, ast.Constant)}
    return found


def verdicts_of(module: ModuleType) -> set[str]:
    """The verdicts of its decision rows that stand in it as they are."""
    return {
        str(keyword.value.value)
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "verdict" and isinstance(keyword.value, ast.Constant)
    }


def test_every_setting_of_the_advice_is_told_and_no_other() -> None:
    told = set(re.findall(r"`advice\.([a-z_]+)", PAGE))
    assert told == set(AdviceSettings.model_fields)


def test_the_defaults_are_those_of_the_settings() -> None:
    defaults = AdviceSettings().model_dump()
    told = re.findall(r"`advice\.([a-z_]+)`(?: \(| \| )([\d.]+)", PAGE)
    assert len(told) >= 9
    assert [(name, value) for name, value in told if float(value) != defaults[name]] == []


def test_every_error_code_is_told_and_no_other() -> None:
    assert codes_of_ours() >= {"lost", "budget", "breaker", "unavailable"}
    assert named_under("error code") == set(CODES) | codes_of_ours()


def test_every_state_of_an_advice_and_of_a_draft_is_told_and_no_other() -> None:
    assert named_under("advice") == set(AdviceState)
    assert named_under("draft") == set(DraftState)


def test_every_outcome_is_told_that_an_event_can_have_after_it_was_consulted() -> None:
    # What is suppressed was never to be repaired, so nobody was asked about it.
    assert named_under("outcome") == set(Outcome) - {Outcome.SUPPRESSED}


def test_every_decision_of_the_advice_is_told_and_no_other() -> None:
    plain = verdicts_of(consulting) | verdicts_of(proposing)
    assert named_under("verdict") == plain | {Outcome.NO_RUNBOOK, Outcome.RECOVERED}


def test_all_parts_of_what_is_sent_are_told_and_no_other() -> None:
    facts = {name: "x" for name in EventFacts.__dataclass_fields__}
    sent = request(Question(event=EventFacts(**facts)))
    assert named_under("part") == set(sent)
    (event,) = [row[1] for row in rows_under("part") if row[0] == "`event`"]
    assert [name for name in facts if name not in event] == []


def test_every_kind_of_evidence_that_is_gathered_is_told_and_no_other() -> None:
    gathered = {
        EvidenceKind[node.attr]
        for node in ast.walk(tree_of(consulting))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "EvidenceKind"
    }
    assert named_under("evidence") == gathered


def test_every_kind_of_secret_that_is_taken_out_is_told_and_no_other() -> None:
    assert named_under("kind") == {rule.kind for rule in redact._RULES} | {"internal"}


def test_every_function_of_a_draft_is_told_with_its_risk() -> None:
    assert named_under("function") == set(states.FUNCTIONS)
    for names, risk in rows_under("function"):
        for name in re.findall(r"`([^`]+)`", names):
            found = states._TABLE[name][0].value
            assert risk == found or (name == "cmd.run" and risk == "that of its text")


def test_the_kinds_of_answers_are_those_of_the_schema() -> None:
    schema = json.loads((ROOT / "rescuebot/advice/answer.schema.json").read_text())
    kinds = {item["$ref"].rsplit("/", 1)[-1] for item in schema["properties"]["action"]["anyOf"]}
    assert named_under("answer") == kinds


@pytest.mark.parametrize(
    ("hour", "ends"),
    [(Spent(calls=20, tokens=0, cost_micros=0), 0), (NOTHING, 3)],
    ids=["budget", "breaker"],
)
def test_what_is_quoted_is_what_is_said(hour: Spent, ends: int) -> None:
    refused = budget.refusal(
        hour=hour,
        day=NOTHING,
        ends=[budget.Ended(ok=False, at=NOW)] * ends,
        settings=AdviceSettings(),
        now=NOW + timedelta(seconds=1),
    )
    assert refused is not None
    assert refused.words in re.findall(r"^> (.+)$", PAGE, re.MULTILINE)


def test_every_command_and_every_linked_file_exists() -> None:
    commands = set(re.findall(r"\brescue\.([a-z_]+)\b", PAGE))
    reference = (ROOT / "docs/runner.md").read_text(encoding="utf-8")
    assert [name for name in commands if f"### rescue.{name}(" not in reference] == []
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE)
    assert links and [link for link in links if not (ROOT / "docs" / link).exists()] == []
