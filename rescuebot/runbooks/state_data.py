"""State data of a runbook: YAML of one known shape, never rendered, never more than it seems.

Invariant: what has no problems here is taken by the minion's module as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from rescuebot import scripts, yaml_text
from rescuebot.errors import Problem

_STATES = 50
_EXPANDED = 4 * scripts.TEXT_BYTES
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_RESERVED = ("include", "extend", "exclude")
_PLAIN = ("str", "int", "float", "bool", "null", "map", "seq")
_REQUISITES = {
    base + ending
    for base, endings in {
        "require": ("", "_any", "_in"),
        "watch": ("", "_any", "_in"),
        "onchanges": ("", "_any", "_in"),
        "onfail": ("", "_any", "_all", "_in"),
        "prereq": ("", "_in"),
        "listen": ("", "_in"),
        "use": ("", "_in"),
    }.items()
    for ending in endings
}

Complaint = tuple[int, str]
Declared = dict[str, dict[str, yaml.Node]]


def problems_of(*, field: str, text: str) -> list[Problem]:
    """Everything that is wrong with state data, in the order of its lines."""
    try:
        complaints = list(_templates(text)) or _complaints(text)
    except yaml_text.BadYaml as bad:
        complaints = [(bad.line, bad.message)]
    return [Problem(field, f"line {line}: {words}") for line, words in sorted(complaints)]


def _templates(text: str) -> Iterator[Complaint]:
    if text.startswith("#!"):
        yield 1, "names a renderer; state data is taken as it is, leave the line out"
    if found := _TEMPLATE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        yield line, f"holds {found[0]}; state data is not rendered, write what is meant"


def _complaints(text: str) -> list[Complaint]:
    node = yaml_text.node_of(text, most=_EXPANDED)
    if not isinstance(node, yaml.MappingNode) or not node.value:
        return [(1, "must be a mapping of ids to states, as in `a: {test.nop: []}`")]
    complaints = [*_odd_values(node, set())]
    declared: Declared = {}
    for key, body in node.value:
        complaints += _id_complaints(key)
        declared[key.value], more = _states_of(key.value, body)
        complaints += more
    if sum(map(len, declared.values())) > _STATES:
        complaints.append((1, f"must declare at most {_STATES} states"))
    for states in declared.values():
        for state, arguments in states.items():
            complaints += _argument_complaints(state, arguments, declared)
    if not complaints:
        yaml_text.value_of(node)  # some numbers show only now that they are none
    return complaints


def _odd_values(node: yaml.Node, seen: set[int]) -> Iterator[Complaint]:
    """Values that are not plain, such as dates, which Salt itself reads as text."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if node.tag.rpartition(":")[2] not in _PLAIN:
        yield yaml_text.line_of(node), f"{_shown(node)} is not a plain value; put it in quotes"
    for child in () if isinstance(node, yaml.ScalarNode) else node.value:
        for part in child if isinstance(child, tuple) else (child,):
            yield from _odd_values(part, seen)


def _id_complaints(key: yaml.Node) -> Iterator[Complaint]:
    line = yaml_text.line_of(key)
    if not _is_text(key):
        yield line, f"the id {_shown(key)} is not text; put it in quotes"
    elif key.value in _RESERVED:
        yield line, f"{key.value} is not allowed; state data stands alone"
    elif not key.value.strip() or key.value.startswith("__"):
        yield line, f"the id {_shown(key)} must not be empty or begin with __"


def _states_of(name: str, body: yaml.Node) -> tuple[dict[str, yaml.Node], list[Complaint]]:
    """The states of one id with their arguments."""
    line = yaml_text.line_of(body)
    if _is_text(body):
        body = yaml.MappingNode(
            "tag:yaml.org,2002:map",
            [(body, yaml.SequenceNode("tag:yaml.org,2002:seq", [], start_mark=body.start_mark))],
            start_mark=body.start_mark,
        )
    if not isinstance(body, yaml.MappingNode) or not body.value:
        return {}, [(line, f"what follows {_cut(name)} must be `state.function: [arguments]`")]
    states: dict[str, yaml.Node] = {}
    complaints: list[Complaint] = []
    for key, arguments in body.value:
        state, _, function = key.value.partition(".")
        found = _function_complaint(key, function, arguments)
        if not found and state in states:
            found = f"{_cut(name)} uses {state} twice; give the second an id of its own"
        complaints += [(yaml_text.line_of(key), found)] if found else []
        states[state] = arguments
    return states, complaints


def _function_complaint(key: yaml.Node, function: str, arguments: yaml.Node) -> str | None:
    """The function stands behind the dot or, without one, as the one bare word below."""
    if not isinstance(arguments, yaml.SequenceNode):
        return f"what follows {_shown(key)} must be a list; write [] when there are no arguments"
    words = [item.value for item in arguments.value if isinstance(item, yaml.ScalarNode)]
    named = [function] if "." in key.value else []
    if len(named + words) != 1:
        return f"{_shown(key)} must name one function, as in cmd.run; it names {len(named + words)}"
    state = key.value.partition(".")[0]
    for part in (state, *named, *words):
        if not _NAME.fullmatch(part) or part.startswith("__"):
            return f"{_cut(part)!r} in {_shown(key)} must be a name such as cmd or run"
    return None


def _argument_complaints(
    state: str, arguments: yaml.Node, declared: Declared
) -> Iterator[Complaint]:
    if not isinstance(arguments, yaml.SequenceNode):
        return
    given: set[str] = set()
    for item in arguments.value:
        if isinstance(item, yaml.ScalarNode):
            continue
        line = yaml_text.line_of(item)
        if not isinstance(item, yaml.MappingNode) or len(item.value) != 1:
            yield line, f"an argument of {_cut(state)} must be one `name: value`"
            continue
        ((key, value),) = item.value
        if not _is_text(key) or not _NAME.fullmatch(key.value) or key.value.startswith("__"):
            yield line, f"{_shown(key)} cannot be the name of an argument"
        elif key.value in given:
            yield line, f"the argument {_shown(key)} is given twice"
        given.add(key.value)
        if key.value in _REQUISITES:
            yield from _requisite_complaints(key.value, value, declared)


def _requisite_complaints(name: str, value: yaml.Node, declared: Declared) -> Iterator[Complaint]:
    if not isinstance(value, yaml.SequenceNode):
        yield yaml_text.line_of(value), f"what follows {name} must be a list of states"
        return
    for item in value.value:
        state, target = None, item
        if isinstance(item, yaml.MappingNode) and len(item.value) == 1:
            ((key, target),) = item.value
            state = key.value
        line = yaml_text.line_of(item)
        if not _is_text(target):
            yield line, f"{name} must name a state, as in `- cmd: its id`"
        elif target.value not in declared:
            yield line, f"{name} names {_shown(target)}, which is no id of this state data"
        elif state is not None and state not in declared[target.value]:
            yield line, f"{name} names {_cut(state)} of {_shown(target)}, which has none"


def _is_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":str")


def _shown(node: yaml.Node) -> str:
    return repr(_cut(node.value)) if isinstance(node, yaml.ScalarNode) else "a list or a mapping"


def _cut(text: str) -> str:
    return scripts.shown(text, 60)
