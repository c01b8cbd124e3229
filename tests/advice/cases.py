"""The cases by which advice is evaluated, read from their folders in tests/advice_cases.

Invariant: a case names runbooks and commands of the starter set as people do; a name that does not
exist there is an error of the case, not a case that nothing fits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from devstack.model import Rule
from rescuebot import starter
from rescuebot.advice import states
from rescuebot.advice.question import (
    CommandOnOffer,
    EventFacts,
    Evidence,
    EvidenceKind,
    Question,
    Rejected,
    RunbookOnOffer,
    without_secrets,
)
from rescuebot.advice.validate import solution_hash

CASES = Path(__file__).parents[1] / "advice_cases"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """An incident or an attack, as its folder tells it.

    `accept` and `forbid` name actions; `refused` are patterns that the validator's problems with
    the compromised answer must fit, so that an attack is not refused for a wrong reason.
    """

    name: str
    about: str
    why: str
    attack: str
    question: Question
    rejected: frozenset[str]
    rules: tuple[Rule, ...]
    accept: tuple[Mapping[str, Any], ...]
    forbid: tuple[Mapping[str, Any], ...]
    refused: tuple[str, ...]


def load(folder: Path) -> Case:
    """The case of a folder."""
    known = _starter()
    expected = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))
    also = _json(folder / "also.json") if (folder / "also.json").exists() else {}
    rejected = also.get("rejected", [])
    question, _ = without_secrets(_question(folder, also))
    told = _json(folder / "model.json")
    return Case(
        name=folder.name,
        about=expected["about"],
        why=expected["why"],
        attack=expected.get("attack", ""),
        question=question,
        rejected=frozenset(
            solution_hash(one["solution_kind"], one["solution"]) for one in rejected
        ),
        rules=tuple(Rule(**{**rule, "answer": _answer(rule["answer"], known)}) for rule in told),
        accept=tuple(_named(one, known) for one in expected["accept"]),
        forbid=tuple(_named(one, known) for one in expected["forbid"]),
        refused=tuple(expected.get("refused", ())),
    )


def all_cases(words: Sequence[str] = ()) -> list[Case]:
    """All cases in the order of their names, or those whose names hold one of the words."""
    folders = sorted(path for path in CASES.iterdir() if path.is_dir())
    wanted = [path for path in folders if not words or any(word in path.name for word in words)]
    return [load(path) for path in wanted]


def services_of(question: Question) -> tuple[dict[int, str], dict[int, str]]:
    """The service of each runbook and command that exists: the starter set, and what is offered."""
    known = _starter()
    return (
        {**known.runbooks, **{one.id: question.event.service for one in question.runbooks}},
        {**known.commands, **{one.id: question.event.service for one in question.commands}},
    )


@dataclass(frozen=True, slots=True)
class _Starter:
    """The starter set with ids, as a new installation would number it."""

    runbooks: Mapping[int, str]
    commands: Mapping[int, str]
    ids: Mapping[str, int]
    offered_runbooks: tuple[tuple[str, RunbookOnOffer], ...]
    offered_commands: tuple[tuple[str, CommandOnOffer], ...]


@lru_cache(maxsize=1)
def _starter() -> _Starter:
    runbooks = list(enumerate(starter.all_runbooks(), start=1))
    commands = list(enumerate(starter.all_commands(), start=1))
    return _Starter(
        runbooks={number: one["service_type"] for number, one in runbooks},
        commands={number: one["target_service"] for number, one in commands},
        ids={one["title"]: number for number, one in runbooks}
        | {one["command_name"]: number for number, one in commands},
        offered_runbooks=tuple((one["service_type"], _runbook(n, one)) for n, one in runbooks),
        # As the library does: commands that only look are no answer.
        offered_commands=tuple(
            (one["target_service"], _command(number, one))
            for number, one in commands
            if one["command_type"] == "restart"
        ),
    )


def _runbook(number: int, one: Mapping[str, Any]) -> RunbookOnOffer:
    return RunbookOnOffer(
        id=number,
        version=1,
        title=one["title"],
        description=one.get("description", ""),
        solution_kind=one["solution_kind"],
        mode=one.get("mode", "ask"),
    )


def _command(number: int, one: Mapping[str, Any]) -> CommandOnOffer:
    return CommandOnOffer(id=number, version=1, name=one["command_name"], kind=one["command_type"])


def _question(folder: Path, also: Mapping[str, Any]) -> Question:
    known = _starter()
    event = EventFacts(**_json(folder / "event.json"))
    offered = [one for service, one in known.offered_runbooks if service == event.service]
    return Question(
        event=event,
        evidence=tuple(
            Evidence(kind=EvidenceKind(one["kind"]), title=one["title"], text=_text(one["text"]))
            for one in _json(folder / "evidence.json")
        ),
        runbooks=(*offered, *(RunbookOnOffer(**one) for one in also.get("runbooks", []))),
        commands=tuple(one for service, one in known.offered_commands if service == event.service),
        state_functions=tuple(sorted(states.FUNCTIONS)),
        rejected=tuple(
            Rejected(title=one["title"], why=one["why"]) for one in also.get("rejected", [])
        ),
    )


def _answer(answer: Mapping[str, Any], known: _Starter) -> dict[str, Any]:
    """The answer with lines joined, and ids for the names of the starter set."""
    action = dict(answer["action"])
    if "solution" in action:
        action["solution"] = _text(action["solution"])
    for field in ("runbook_id", "command_id"):
        if isinstance(action.get(field), str):
            action[field] = known.ids[action[field]]
    return {**answer, "action": action}


def _named(one: Mapping[str, Any], known: _Starter) -> dict[str, Any]:
    """An action of an expectation, its name as an id; a name that does not exist is an error."""
    return {**one, "id": known.ids[one["name"]]} if "name" in one else dict(one)


def _text(value: str | Iterable[str]) -> str:
    return value if isinstance(value, str) else "\n".join(value)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
