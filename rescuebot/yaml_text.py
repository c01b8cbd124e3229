"""YAML as people write it: read without surprises, and written so that it comes back byte for byte.

Invariant: what aliases would expand to, the depth and the number of documents are bounded before
anything is built, and no key is dropped in silence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from rescuebot.scripts import shown

_DEPTH = 20
# A literal block may hold these beside what the dumper allows there; the reader keeps them.
_KEPT_IN_BLOCKS = str.maketrans("\t", "-")
# What YAML takes for an end of a line too; only escapes keep them apart from it.
_OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")


class BadYaml(ValueError):
    """It cannot be taken as it is: in which line, and why."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


def node_of(text: str, *, most: int, merges: bool = False) -> yaml.Node | None:
    """The one document of `text`, checked; None when it holds nothing.

    `most` bounds the characters that it has when all aliases are written out.
    """
    try:
        _check_events(text, most)
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _check_keys(node, merges, set())
        return node
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise BadYaml(line, f"is not YAML: {shown(error.problem or 'it breaks off')}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadYaml(line, "holds a character that YAML does not allow") from None


def line_of(node: yaml.Node) -> int:
    """The line in which it begins, counted from one."""
    line: int = node.start_mark.line + 1
    return line


def value_of(node: yaml.Node) -> Any:
    """The plain value of a checked node."""
    try:
        return SafeConstructor().construct_document(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        raise BadYaml(
            line_of(node), "holds a value that cannot be read; put it in quotes"
        ) from None


def dump(value: Any) -> str:
    """`value` for people and for git: keys in their order, long texts as blocks."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=math.inf,
    )
    return text


def fields(content: Mapping[str, Any]) -> dict[str, list[str]]:
    """Each field as lines of YAML, for comparing field by field."""
    return {name: dump({name: value}).splitlines() for name, value in content.items()}


def _check_events(text: str, most: int) -> None:
    """One pass without recursion and without building anything."""
    sizes: dict[str, int] = {}
    within: list[tuple[str | None, int]] = []
    total = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = within.pop()
            sizes |= {anchor: total - before} if anchor else {}
        elif isinstance(event, yaml.NodeEvent):
            size = _size(event, sizes, line)
            if isinstance(event, yaml.CollectionStartEvent):
                within.append((event.anchor, total))
            elif isinstance(event, yaml.ScalarEvent) and event.anchor:
                sizes[event.anchor] = size
            total += size
        _check_bounds(line, depth=len(within), documents=documents, total=total, most=most)


def _size(event: yaml.NodeEvent, sizes: Mapping[str, int], line: int) -> int:
    if isinstance(event, yaml.AliasEvent):
        name = event.anchor or ""
        if name not in sizes:
            raise BadYaml(line, f"the alias *{shown(name, 40)} stands for nothing before it")
        return sizes[name]
    if tag := getattr(event, "tag", None):
        raise BadYaml(line, f"the tag {shown(str(tag), 60)} is not allowed; leave it out")
    return 1 + len(event.value) if isinstance(event, yaml.ScalarEvent) else 1


def _check_bounds(line: int, *, depth: int, documents: int, total: int, most: int) -> None:
    if depth > _DEPTH:
        raise BadYaml(line, f"is nested deeper than {_DEPTH} levels")
    if documents > 1:
        raise BadYaml(line, "a second document begins; write one, without ---")
    if total > most:
        raise BadYaml(line, f"is longer than {most} characters when its aliases are written out")


def _check_keys(node: yaml.Node, merges: bool, seen: set[int]) -> None:
    """No key twice in one mapping: YAML readers keep the last one and say nothing."""
    if id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, merges, seen)
        return
    lines: dict[Any, int] = {}
    for key, value in node.value:
        name = _key(key, merges)
        if name in lines:
            words = f"the key {shown(str(name), 60)} stands in line {lines[name]} already"
            raise BadYaml(line_of(key), words)
        lines[name] = line_of(key)
        _check_keys(value, merges, seen)


def _key(node: yaml.Node, merges: bool) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        raise BadYaml(line_of(node), "a list or a mapping cannot be a key")
    if node.tag.endswith(":merge"):
        if not merges:
            raise BadYaml(line_of(node), "<< is not allowed here; write the keys out")
        return node.value
    return value_of(node)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as literal blocks, also those with tabs or spaces at ends."""

    def analyze_scalar(self, scalar: str) -> Any:
        """Also let into a block what the reader keeps there: tabs, spaces before a line's end."""
        analysis = super().analyze_scalar(scalar)
        # Some readers take a tab before the first word for a part of the indentation.
        if "\n" in scalar and not analysis.allow_block and not scalar.lstrip(" \n")[:1] == "\t":
            lines = scalar.translate(_KEPT_IN_BLOCKS).split("\n")
            bare = "\n".join(line.rstrip(" ") for line in lines)
            analysis.allow_block = super().analyze_scalar(bare).allow_block
        return analysis

    def ignore_aliases(self, data: Any) -> bool:
        """Never: what is the same twice is written twice."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if _OTHER_BREAKS.search(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
