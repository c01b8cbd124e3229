"""Files of commands and runbooks, read with all that is wrong in them told by file and line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rescuebot import yaml_text
from rescuebot.as_code.content import (
    BASED_ON,
    FINGERPRINT,
    LISTS,
    NOUNS,
    SCRIPT,
    completed,
    key_of,
    problems_of,
)
from rescuebot.errors import Invalid, NotFound, Problem
from rescuebot.scripts import shown
from rescuebot.versions.model import Kind

_FILE_BYTES = 8 * 1024 * 1024
_EXPANDED = 32 * 1024 * 1024
_FILES = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One file: its name for people, and its text."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Documents:
    """What is imported together; `whole` when it is meant to be all that there is."""

    files: tuple[Document, ...]
    whole: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One command or runbook of a file, not yet validated."""

    kind: Kind
    name: str
    content: dict[str, Any]
    based_on: str | None
    file: str
    lines: dict[str, int]

    @property
    def line(self) -> int:
        """Where it begins."""
        return min(self.lines.values())

    def problems(self) -> list[Problem]:
        """All that is wrong with it, by file, line and field."""
        found = problems_of(self.kind, self.content)
        return [self.problem(problem.field, problem.message) for problem in found]

    def problem(self, field: str, message: str) -> Problem:
        """A problem of one of its fields."""
        line = self.lines.get(field, self.line)
        name = shown(self.name)
        return Problem(f"{self.file} line {line}, {self.kind} {name!r}, {field}", message)


def read(path: Path) -> Documents:
    """The YAML files of a directory, or one file."""
    if not path.exists():
        raise NotFound(f"There is no file or directory {path}.", remedy="Name one on the master.")
    whole = path.is_dir()
    paths = [path]
    if whole:
        found = (each for each in path.iterdir() if each.suffix in (".yaml", ".yml"))
        paths = sorted(each for each in found if each.is_file() and each.name[0] != ".")
    if len(paths) > _FILES:
        raise Invalid([Problem("path", f"must hold at most {_FILES} files; it has {len(paths)}")])
    problems: list[Problem] = []
    files = [_document(each, problems) for each in paths]
    if problems:
        raise Invalid(problems, what="The files cannot be read")
    return Documents(files=tuple(file for file in files if file), whole=whole)


def items_of(documents: Documents) -> list[Item]:
    """All items, valid in themselves; Invalid tells every problem of every file."""
    items, problems = parsed(documents)
    problems += [problem for item in items for problem in item.problems()]
    if problems:
        raise Invalid(problems, what="The files are not valid")
    return items


def parsed(documents: Documents) -> tuple[list[Item], list[Problem]]:
    """The items that have a kind and a name, and what is wrong with the form of the files."""
    items: list[Item] = []
    problems: list[Problem] = []
    for document in documents.files:
        try:
            node = yaml_text.node_of(document.text, most=_EXPANDED, merges=True)
            for kind, part in _nodes(document.name, node, problems):
                _take(document.name, kind, part, items, problems)
        except yaml_text.BadYaml as bad:
            problems.append(Problem(f"{document.name} line {bad.line}", bad.message))
    return items, problems + _twice(items)


def _document(path: Path, problems: list[Problem]) -> Document | None:
    try:
        if path.stat().st_size > _FILE_BYTES:
            problems.append(Problem(path.name, f"must be at most {_FILE_BYTES} bytes"))
            return None
        return Document(name=path.name, text=path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(Problem(path.name, f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError:
        problems.append(Problem(path.name, "must be UTF-8"))
    return None


def _nodes(
    file: str, node: yaml.Node | None, problems: list[Problem]
) -> Iterator[tuple[Kind | None, yaml.Node]]:
    """The items: under `commands:` and `runbooks:`, or in one list, where they tell their kind."""
    if node is None:
        return
    if isinstance(node, yaml.SequenceNode):
        yield from ((None, part) for part in node.value)
        return
    kinds = {name: kind for kind, name in LISTS.items()}
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value not in kinds:
            words = f"{shown(key.value, 60)!r} is not one of {', '.join(kinds)}"
            problems.append(Problem(f"{file} line {yaml_text.line_of(key)}", words))
        elif isinstance(value, yaml.SequenceNode):
            yield from ((kinds[key.value], part) for part in value.value)
        elif value.value not in ("", "null", "~"):
            words = f"what follows {key.value} must be a list"
            problems.append(Problem(f"{file} line {yaml_text.line_of(value)}", words))
    if isinstance(node, yaml.ScalarNode):
        problems.append(Problem(f"{file} line 1", "must hold commands: or runbooks:, or a list"))


def _take(
    file: str, kind: Kind | None, node: yaml.Node, items: list[Item], problems: list[Problem]
) -> None:
    where = f"{file} line {yaml_text.line_of(node)}"
    if not isinstance(node, yaml.MappingNode):
        problems.append(Problem(where, "must be a mapping of the fields of a command or runbook"))
        return
    lines = {str(key.value): yaml_text.line_of(key) for key, _ in node.value}
    # A field that came by `<<` stands where it was written first; the item begins here.
    lines = {name: max(line, yaml_text.line_of(node)) for name, line in lines.items()}
    fields = {str(name): value for name, value in yaml_text.value_of(node).items()}
    kind = kind or (Kind.COMMAND if "command_name" in fields else Kind.RUNBOOK)
    name = fields.get(NOUNS[kind].name)
    if not isinstance(name, str) or not name.strip():
        words = f"must have a {NOUNS[kind].name}, as text"
        problems.append(Problem(where, words))
        return
    item = _item(kind, name, fields, file, lines)
    items.append(item)
    if item.based_on is not None and not FINGERPRINT.fullmatch(item.based_on):
        words = "must be as it was exported, sha256: and 12 digits; or leave it out"
        problems.append(item.problem(BASED_ON, words))


def _item(kind: Kind, name: str, fields: dict[str, Any], file: str, lines: dict[str, int]) -> Item:
    based_on = fields.pop(BASED_ON, None)
    script = fields.get(SCRIPT[kind])
    if isinstance(script, list) and all(isinstance(part, str) for part in script):
        # YAML can name a part of a text again, but not join parts.
        fields[SCRIPT[kind]] = "\n".join(script)
    return Item(
        kind=kind,
        name=name,
        content=completed(kind, fields),
        based_on=None if based_on is None else str(based_on),
        file=file,
        lines=lines,
    )


def _twice(items: Sequence[Item]) -> list[Problem]:
    """Names that two items have."""
    first: dict[tuple[Kind, str], Item] = {}
    problems = []
    for item in items:
        other = first.setdefault((item.kind, key_of(item.name)), item)
        if other is not item:
            words = f"stands in {other.file} line {other.line} already"
            problems.append(item.problem(NOUNS[item.kind].name, words))
    return problems
