"""Whether an answer of the model may be shown to a person as something that can be done.

Invariant: nothing of an answer is trusted; what is accepted has the shape of the schema, cites what
was there, names what exists and fits, and drafts only what may run with approval.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from rescuebot import scripts, yaml_text
from rescuebot.advice import shell, states
from rescuebot.advice.question import Question, request
from rescuebot.advice.shell import Assessment, Risk, syntax
from rescuebot.commands.validation import unprintable
from rescuebot.errors import Problem
from rescuebot.runbooks import patterns, validation

_LARGEST = 64_000
_TEXT = 2_000
_QUOTE = 500
_ITEMS = 20
_ARGUMENTS = 10
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# Values travel in the environment of scripts that people wrote; no shell acts on these.
_VALUE = re.compile(r"[\w.,:/@=+% -]{0,200}")
_KINDS = ("existing_runbook", "existing_command", "draft_runbook", "no_safe_action")
# A pattern that is found in one of these would be found in nearly every message.
_ANYTHING = ("ok", "0", "-", "the quick brown fox jumps over 1 lazy dog.")
_TURNING = "\u200b\u200c\u200d\u200e\u200f\u061c\ufeff"

Action = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Validated:
    """What became of an answer.

    `action` is what the model wants, without characters that mislead; None where the answer has no
    shape at all. It may be offered to a person only when it is `accepted`. `words` says why, in
    one sentence; `assessment` is there for drafts.
    """

    accepted: bool
    action: Action | None
    risk: Risk
    problems: list[Problem]
    words: str
    diagnosis: str = ""
    assessment: Assessment | None = None


def validate(
    answer: object,
    *,
    question: Question,
    runbooks: Mapping[int, str],
    commands: Mapping[int, str],
    minion_functions: Collection[str] | None = None,
    rejected: Collection[str] = (),
) -> Validated:
    """Check an answer against its question.

    `runbooks` and `commands` tell the service of each id that exists now; `minion_functions` are
    the state functions of the minion's own loader; `rejected` are hashes as `solution_hash` makes.
    """
    problems = _shape_problems(answer)
    if problems or not isinstance(answer, dict):
        words = f"The answer cannot be read: {problems[0]}." if problems else "There is no answer."
        return Validated(
            accepted=False, action=None, risk=Risk.REFUSED, problems=problems, words=words
        )
    action = answer["action"]
    problems += _text_problems(answer) + _evidence_problems(answer, question)
    assessment = None
    if action["kind"] == "existing_runbook":
        problems += _choice_problems("runbook_id", action, question, runbooks)
    elif action["kind"] == "existing_command":
        problems += _choice_problems("command_id", action, question, commands)
    elif action["kind"] == "draft_runbook":
        assessment = assess(
            kind=action["solution_kind"],
            text=action["solution"],
            service=question.event.service,
            minion_functions=minion_functions,
        )
        problems += _draft_problems(action, question, assessment, rejected)
    return _verdict(answer, problems, assessment)


def assess(
    *, kind: str, text: str, service: str, minion_functions: Collection[str] | None = None
) -> Assessment:
    """How dangerous a drafted solution for a service is, in either language."""
    if kind == "sls":
        return states.assess(text, service=service, minion_functions=minion_functions)
    return shell.assess(text, service=service)


def solution_hash(kind: str, text: str) -> str:
    """What a solution is known by again, however it is indented and commented."""
    plain = _plain_states(text) if kind == "sls" else _plain_shell(text)
    content = f"{kind}\0{plain}"
    return hashlib.sha256(content.encode(errors="replace")).hexdigest()


def _verdict(
    answer: Mapping[str, Any], problems: list[Problem], assessment: Assessment | None
) -> Validated:
    action = answer["action"]
    is_draft = assessment is not None
    risk = Risk.LOW
    if assessment is not None:
        # Neither the model nor we are believed alone when the other is more careful.
        risk = max(assessment.risk, Risk(action["risk"]), key=lambda risk: risk.rank)
    elif action["kind"] != "no_safe_action":
        risk = Risk.MEDIUM
    accepted = not problems or action["kind"] == "no_safe_action"
    return Validated(
        accepted=accepted,
        action=_clean(action),
        risk=risk,
        problems=problems,
        words=_words(action["kind"], accepted, risk, problems, is_draft),
        diagnosis=_clean(answer["diagnosis"])[:_TEXT],
        assessment=assessment,
    )


def _words(
    kind: str, accepted: bool, risk: Risk, problems: Sequence[Problem], is_draft: bool
) -> str:
    if kind == "no_safe_action":
        return "The model knows no safe action; a person has to look."
    if not accepted:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        return f"The answer is refused: {problems[0]}{more}."
    if is_draft:
        return f"The draft may run when a second person approves it; its risk is {risk.value}."
    return "The answer names what exists and fits; a person may approve it."


# The shape.


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    text = (files("rescuebot.advice") / "answer.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _shape_problems(answer: object) -> list[Problem]:
    try:
        if len(json.dumps(answer)) > _LARGEST:
            return [Problem("answer", f"must be at most {_LARGEST:,} characters")]
    except (TypeError, ValueError, RecursionError):
        return [Problem("answer", "must be plain JSON")]
    schema = _schema()
    errors = list(Draft202012Validator(schema).iter_errors(answer))
    if not errors:
        return []
    action = answer.get("action") if isinstance(answer, dict) else None
    kind = action.get("kind") if isinstance(action, dict) else None
    if isinstance(kind, str) and kind in _KINDS:
        inner = {"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}
        errors = [error for error in errors if error.validator != "anyOf"]
        found = [_told(e, "action") for e in Draft202012Validator(inner).iter_errors(action)]
        return [*(_told(error, "") for error in errors), *found]
    return [_told(error, "") for error in errors]


def _told(error: ValidationError, prefix: str) -> Problem:
    """An error of the schema in words of ours; it quotes nothing of the answer."""
    path = ".".join([prefix, *map(str, error.absolute_path)]).strip(".") or "answer"
    rule = str(error.validator)
    words = {
        "required": "lacks a field that it must have",
        "additionalProperties": "has a field that it must not have",
        "type": f"must be {error.validator_value}",
        "enum": "is none of the words that it may be",
        "const": "is not the word that it must be",
        "anyOf": f"must be one of {', '.join(_KINDS)}",
    }.get(rule, "is not as the schema says")
    return Problem(path, words)


# Texts, and what they cite.


def _text_problems(answer: Mapping[str, Any]) -> list[Problem]:
    problems = []
    for field, text in _texts("", answer):
        if any(_misleads(letter) for letter in text):
            problems.append(Problem(field, "holds control or turning characters"))
        most = syntax.LONGEST if field == "action.solution" else _TEXT
        if len(text) > most:
            problems.append(Problem(field, f"must be at most {most:,} characters"))
    for field, items in (
        ("evidence", answer["evidence"]),
        ("action.look_at", answer["action"].get("look_at", [])),
    ):
        if len(items) > _ITEMS:
            problems.append(Problem(field, f"must have at most {_ITEMS} items"))
    return problems


def _texts(field: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(field, value)]
    if isinstance(value, dict):
        pairs = [(f"{field}.{key}".strip("."), inner) for key, inner in value.items()]
    else:
        items = value if isinstance(value, list) else []
        pairs = [(f"{field}.{number}", inner) for number, inner in enumerate(items)]
    return [text for name, inner in pairs for text in _texts(name, inner)]


def _misleads(letter: str) -> bool:
    return letter not in "\n\t" and (unprintable(letter) or letter in _TURNING)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return "".join("?" if _misleads(letter) else letter for letter in value)
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list) else value


def _evidence_problems(answer: Mapping[str, Any], question: Question) -> list[Problem]:
    """A quote must stand in what was sent, blanks aside; what was cut out was not sent."""
    sent = request(question)
    given = {item["id"]: f"{item['title']}\n{item['text']}" for item in sent["evidence"]}
    given["event"] = sent["event"]["message"]
    problems = []
    for number, cited in enumerate(answer["evidence"]):
        field = f"evidence.{number}"
        quote = " ".join(cited["quote"].split())
        if cited["id"] not in given:
            problems.append(Problem(field, "cites evidence that was not given"))
        elif len(quote) < 3 or len(quote) > _QUOTE:
            problems.append(Problem(field, f"must quote 3 to {_QUOTE} characters"))
        elif quote not in " ".join(given[cited["id"]].split()):
            problems.append(Problem(field, "cites what was not there"))
    if not answer["evidence"] and answer["action"]["kind"] != "no_safe_action":
        problems.append(Problem("evidence", "must cite what the diagnosis rests on"))
    return problems


# What is chosen.


def _choice_problems(
    field: str, action: Action, question: Question, known: Mapping[int, str]
) -> list[Problem]:
    chosen = int(action[field])
    offered = question.runbooks if field == "runbook_id" else question.commands
    problems = []
    if chosen not in known:
        problems.append(Problem(f"action.{field}", "does not exist"))
    elif known[chosen] != question.event.service:
        problems.append(Problem(f"action.{field}", "belongs to another service"))
    elif chosen not in {item.id for item in offered}:
        problems.append(Problem(f"action.{field}", "was not on offer"))
    return problems + _argument_problems(action["arguments"])


def _argument_problems(arguments: Sequence[Mapping[str, str]]) -> list[Problem]:
    problems = []
    names = [argument["name"] for argument in arguments]
    if len(names) > _ARGUMENTS or len(set(names)) != len(names):
        words = f"must be at most {_ARGUMENTS}, each name once"
        problems.append(Problem("action.arguments", words))
    for number, argument in enumerate(arguments):
        if not _NAME.fullmatch(argument["name"]):
            words = "must be small letters, digits and underscores, at most 40"
            problems.append(Problem(f"action.arguments.{number}.name", words))
        value = argument["value"]
        if not _VALUE.fullmatch(value) or value.startswith("-") or ".." in value:
            words = "must be one plain line of at most 200 characters"
            problems.append(Problem(f"action.arguments.{number}.value", words))
    return problems


# What is drafted.


def _draft_problems(
    action: Action, question: Question, assessment: Assessment, rejected: Collection[str]
) -> list[Problem]:
    problems = _runbook_problems(action)
    if action["service_type"] != question.event.service:
        problems.append(Problem("action.service_type", "must be the service of the event"))
    problems += _pattern_problems(action["error_pattern"], question.event.message)
    problems += [
        Problem("action.solution", scripts.shown(str(reason), 300))
        for reason in assessment.refusals[:_ITEMS]
    ]
    for field in ("verification", "rollback", "risk_words"):
        if not action[field].strip():
            problems.append(Problem(f"action.{field}", "must not be empty"))
    if solution_hash(action["solution_kind"], action["solution"]) in rejected:
        problems.append(Problem("action.solution", "was rejected by a person before"))
    return problems


def _runbook_problems(action: Action) -> list[Problem]:
    """The same that a runbook of a person has to pass."""
    fields = {
        "title": action["title"],
        "service_type": action["service_type"],
        "error_pattern": action["error_pattern"],
        "solution_kind": action["solution_kind"],
        "solution_script": action["solution"],
    }
    names = {"solution_script": "solution"}
    return [
        Problem(f"action.{names.get(problem.field, problem.field)}", problem.message)
        for problem in validation.problems_of(fields)
    ]


def _pattern_problems(pattern: str, message: str) -> list[Problem]:
    field = "action.error_pattern"
    if not pattern:
        return [Problem(field, "must be given; an empty one fits every message")]
    if any(patterns.search(pattern, text) for text in _ANYTHING):
        return [Problem(field, "fits nearly every message; it must name this trouble")]
    if not patterns.search(pattern, message):
        return [Problem(field, "is not found in the message of the event")]
    return []


def _plain_shell(text: str) -> str:
    tree = syntax.Tree(text)
    if tree.root is None:
        return " ".join(text.split())
    leaves = (node for node in syntax.nodes(tree.root) if not node.child_count)
    words = (tree.text(node).strip() for node in leaves if node.type != "comment")
    return "\x1f".join(word for word in words if word and word != ";")


def _plain_states(text: str) -> str:
    try:
        node = yaml_text.node_of(text, most=8 * syntax.LONGEST)
        return json.dumps(None if node is None else yaml_text.value_of(node))
    except (yaml_text.BadYaml, TypeError, ValueError):
        return " ".join(text.split())
