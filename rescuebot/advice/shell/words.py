"""What the words of a shell draft can be when it runs, told without running it.

Invariant: every text that a word can have is among its values; what cannot be told stands there
as a hole, and a hole says no more than is certain.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from tree_sitter import Node

from rescuebot.advice.shell.syntax import Tree, line_of, nodes

# Holes are characters of private use; a draft that holds one itself is refused.
UNKNOWN = "\ue000"  # any text in one word
MANY = "\ue001"  # any text in any number of words
NUMBER = "\ue002"  # digits
PID = "\ue003"  # process ids, as pgrep or a pid file tell; behind it whose they are
TOKEN = "\ue004"  # letters, digits, dots, dashes: a date, the name of a unit
OWN = "\ue005"  # the name of the unit or the process of the event's own service
PID_END = "\ue006"
TOKENS = TOKEN + OWN
HOLES = {
    UNKNOWN: "…",
    MANY: "…",
    NUMBER: "<number>",
    PID: "<pid of ",
    PID_END: ">",
    TOKEN: "<name>",
    OWN: "<own name>",
}
# Names stand with commas between them; what of a pid file's path tells of its owner, with plus.
PID_HOLE = re.compile(rf"{PID}([A-Za-z0-9_.,+@{TOKENS}-]+){PID_END}")
_MOST = 16
Values = tuple[str, ...]

# What the minion's module sets for scripts.
_GIVEN = {
    "RESCUE_SERVICE": TOKEN,
    "RESCUE_UNIT": OWN,
    "RESCUE_PROCESS": OWN,
    "RESCUE_PORT": NUMBER,
    "RESCUE_PID_FILE": f"/run/{OWN}.pid",
}
_NUMBERS = "?#$!"
_ESCAPED_LETTER = re.compile(r"\\[A-Za-z0-9]")
_BRACES = re.compile(r"\{[^{}]*(,|\.\.)[^{}]*\}")
# Only where services write them; a draft itself may write none.
_PID_FILE = re.compile(rf"/(?:run|var/run|var/lib)/((?:[\w.{OWN}-]+/)*[\w.{OWN}-]+)\.pid", re.ASCII)
# A shorter name would fit more than one program.
_PROCESS = re.compile(r"\^?(?!salt|systemd|init|python|bash|sh$)[a-z][a-z0-9_.-]{3,}\$?")


class Unclear(ValueError):
    """A word that must not be judged at all: where, and why."""

    def __init__(self, node: Node, words: str) -> None:
        super().__init__(words)
        self.line = line_of(node)
        self.words = words


def shown(text: str) -> str:
    """A value as a person reads it."""
    return "".join(HOLES.get(letter, letter) for letter in text)


class Words:
    """The values of the words of one tree."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._assigned: dict[str, list[Node]] = {}
        self._tainted: set[str] = set()
        self._open: set[str] = set()
        if tree.root is not None:
            self._collect(tree.root)

    def taint(self, name: str) -> None:
        """From now on nothing is known of this variable."""
        self._tainted.add(name)

    def values(self, node: Node) -> Values:
        """All that an argument can be; raises Unclear for what is written to mislead."""
        plain = "".join(self._tree.text(part) for part in _unquoted(node))
        if _BRACES.search(plain):
            raise Unclear(node, "{a,b} is not taken; write the words out")
        if plain.startswith("~"):
            raise Unclear(node, "~ is somebody's home; write the path out")
        return self._of(node, quoted=False)

    def variable(self, node: Node, name: str) -> Values:
        """All that a variable can be where the node stands."""
        return self._variable(node, name)

    def listed(self, node: Node) -> Values:
        """The values in the list of a `for`, where unquoted text falls into words."""
        found = self._of(node, quoted=False)
        if node.type in ("simple_expansion", "expansion"):
            return _few(part for text in found for part in text.split())
        return found

    def _collect(self, root: Node) -> None:
        for node in nodes(root):
            name = None
            if node.type == "variable_assignment":
                name = node.child_by_field_name("name")
            elif node.type == "for_statement":
                name = node.child_by_field_name("variable")
            if name is not None:
                self._assigned.setdefault(self._tree.text(name), []).append(node)

    def _of(self, node: Node, *, quoted: bool) -> Values:
        kind = node.type
        text = self._tree.text(node)
        if kind in ("word", "number", "extglob_pattern", "regex"):
            return (self._unescaped(node, text),)
        if kind == "raw_string":
            return (text[1:-1],)
        if kind == "string":
            return self._string(node)
        if kind in ("concatenation", "command_name"):
            return _joined([self._of(child, quoted=quoted) for child in node.children])
        if kind == "simple_expansion":
            return self._loosened(self._variable(node, text[1:]), quoted)
        if kind == "expansion":
            return self._loosened(self._expansion(node), quoted)
        if kind == "arithmetic_expansion":
            return (NUMBER,)
        if kind == "command_substitution":
            lead = text[: len(text) - len(text.lstrip())]
            return self._loosened((lead + self._told_by(node),), quoted)
        raise Unclear(node, "cannot be understood; write it plainer")

    def _unescaped(self, node: Node, text: str) -> str:
        if _ESCAPED_LETTER.search(text):
            raise Unclear(node, "a \\ before a letter only hides it; leave it out")
        return re.sub(r"\\(.)", r"\1", text.replace("\\\n", ""))

    def _string(self, node: Node) -> Values:
        """By its bytes, for blanks between its parts belong to no part of the tree."""
        parts: list[Values] = []
        end = node.start_byte + 1
        for child in node.children:
            if child.type not in ("string_content", '"', "$"):
                parts.append((self._plain(end, child.start_byte),))
                parts.append(self._of(child, quoted=True))
                end = child.end_byte
        parts.append((self._plain(end, node.end_byte - 1),))
        return _joined(parts)

    def _plain(self, start: int, end: int) -> str:
        text = self._tree.source[start:end].decode(errors="replace")
        return re.sub(r'\\([$`"\\])', r"\1", text.replace("\\\n", ""))

    def _loosened(self, values: Values, quoted: bool) -> Values:
        """Without quotes a text may fall into several words, and an unknown one always may."""
        if quoted:
            return values
        loose = (text.replace(UNKNOWN, MANY) for text in values)
        return tuple(MANY if re.search(r"[ \t\n*?\[]", text) else text for text in loose)

    def _variable(self, node: Node, name: str) -> Values:
        if name in _GIVEN:
            return (_GIVEN[name],)
        if len(name) == 1 and name in _NUMBERS:
            return (NUMBER,)
        first, *_ = assigned = self._assigned.get(name, [node])
        if name in self._tainted or name in self._open or first is node:
            return (UNKNOWN,)
        self._open.add(name)
        found = _few(text for where in assigned for text in self._assigned_values(where))
        self._open.discard(name)
        numeric = all(is_number(text) for text in found)
        certain = _dominates(first, node)
        if certain or (numeric and NUMBER in found):
            return found
        return (UNKNOWN,)

    def _assigned_values(self, where: Node) -> Iterable[str]:
        if where.type == "for_statement":
            listed = where.children_by_field_name("value")
            return [t for n in listed for t in self.listed(n)] or (UNKNOWN,)
        value = where.child_by_field_name("value")
        if value is None:
            return ("",)
        try:
            return (text.replace(MANY, UNKNOWN) for text in self._of_value(value))
        except Unclear:
            return (UNKNOWN,)

    def _of_value(self, value: Node) -> Values:
        """What an assignment takes: nothing falls into words there."""
        return self._of(value, quoted=value.type != "concatenation")

    def _expansion(self, node: Node) -> Values:
        signs = [self._tree.text(c) for c in node.children if not c.is_named][1:-1]
        names = [c for c in node.children if c.type.endswith("variable_name")]
        if not names or any(sign in ("!", "@", "=", ":=") for sign in signs):
            raise Unclear(node, "this kind of ${…} is not taken; write it plainer")
        if signs[:1] == ["#"]:
            return (NUMBER,)
        own = self._variable(names[0], self._tree.text(names[0]))
        if not signs or signs in (["?"], [":?"]):
            return own
        if signs in (["-"], [":-"]):
            rest = [c for c in node.children if c.is_named and c != names[0]][1:]
            other = _joined([self._of(c, quoted=True) for c in rest]) if rest else ("",)
            return _few((*own, *other))
        return (UNKNOWN,)

    def _told_by(self, node: Node) -> str:
        """What a command substitution gives, by its last command."""
        inner = [c for c in node.children if c.is_named and c.type != "comment"]
        if len(inner) != 1:
            return UNKNOWN
        last = inner[0]
        if last.type == "file_redirect":
            target = last.child_by_field_name("destination")
            return self._in_pid_file(target) if target is not None else UNKNOWN
        if last.type == "list":
            return UNKNOWN
        return self.output_of(last)

    def output_of(self, node: Node) -> str:
        """What a command writes, as a hole."""
        while node.type in ("pipeline", "redirected_statement"):
            named = [c for c in node.children if c.is_named]
            node = named[-1] if node.type == "pipeline" else named[0]
        if node.type != "command":
            return UNKNOWN
        try:
            words = [self.values(child) for child in node.children if child.is_named]
        except Unclear:
            return UNKNOWN
        if any(len(values) != 1 for values in words):
            return UNKNOWN
        return _output([values[0] for values in words])

    def _in_pid_file(self, node: Node) -> str:
        try:
            return _pid_of_files(self.values(node)) or UNKNOWN
        except Unclear:
            return UNKNOWN


def is_number(text: str) -> bool:
    """Whether a value can only be a whole number."""
    return bool(re.fullmatch(f"-?[0-9{NUMBER}]+", text) or PID_HOLE.fullmatch(text))


def _pid_of(names: Iterable[str]) -> str:
    """Process ids, with the names that tell whose they are."""
    hole = f"{PID}{','.join(names)}{PID_END}"
    return hole if PID_HOLE.fullmatch(hole) else UNKNOWN


def _pid_of_files(paths: Iterable[str]) -> str | None:
    """The process ids in files, if all of them are files of services."""
    found = [_PID_FILE.fullmatch(path) for path in paths]
    if not found or not all(found):
        return None
    return _pid_of(one.group(1).replace("/", "+") for one in found if one)


def _output(words: list[str]) -> str:
    name, arguments = words[0], words[1:]
    files = [word for word in arguments if not word.startswith("-")]
    if name in ("cat", "head") and (told := _pid_of_files(files)):
        return told
    if name == "pidof" or (
        name == "pgrep" and {"-x"} <= set(arguments) - set(files) <= {"-x", "-o", "-n"}
    ):
        certain = files and all(word == OWN or _PROCESS.fullmatch(word) for word in files)
        return _pid_of(word.strip("^$") for word in files) if certain else UNKNOWN
    if name == "systemctl":
        return _main_pid(arguments)
    if name in ("wc", "nproc") and not files or words in (["date", "+%s"], ["id", "-u"]):
        return NUMBER
    if name == "tr" and arguments in (["-dc", "0-9"], ["-cd", "0-9"]):
        return NUMBER
    if name == "grep" and any(re.fullmatch(r"-[A-Zabd-z]*c[A-Za-z]*", word) for word in arguments):
        return NUMBER if len(files) <= 2 and "-r" not in arguments else UNKNOWN
    if name == "date" and len(words) == 2 and re.fullmatch(r"\+[%A-Za-z0-9_-]+", words[1]):
        return TOKEN
    return UNKNOWN


def _main_pid(arguments: list[str]) -> str:
    """What `systemctl show -p MainPID --value unit` tells."""
    rest = " ".join(arguments).replace("--property MainPID", "-p MainPID")
    rest = rest.replace("--property=MainPID", "-p MainPID")
    found = re.fullmatch(r"show (?:(\S+) )?-p MainPID --value(?: (\S+))?", rest)
    units = [unit for unit in found.groups() if unit] if found else []
    return _pid_of(unit.removesuffix(".service") for unit in units) if units else UNKNOWN


def _unquoted(node: Node) -> Iterable[Node]:
    if node.type == "word":
        return [node]
    if node.type == "concatenation":
        return [child for child in node.children if child.type == "word"]
    return []


def _joined(parts: list[Values]) -> Values:
    size = 1
    for part in parts:
        size *= len(part)
    if size > _MOST:
        return (UNKNOWN,)
    return _few("".join(choice) for choice in itertools.product(*parts))


def _few(texts: Iterable[str]) -> Values:
    found = tuple(dict.fromkeys(itertools.islice(texts, _MOST + 1)))
    return found if 0 < len(found) <= _MOST else (UNKNOWN,)


_BLOCKS = (
    "program",
    "do_group",
    "compound_statement",
    "subshell",
    "case_item",
    "if_statement",
    "elif_clause",
    "else_clause",
    "command_substitution",
)


def _dominates(assignment: Node, use: Node) -> bool:
    """Whether the assignment has happened whenever the use is reached."""
    if assignment.start_byte >= use.start_byte:
        return False
    if assignment.type == "for_statement":
        body = assignment.child_by_field_name("body")
        return body is not None and body.start_byte <= use.start_byte < body.end_byte
    inner, block = assignment, assignment.parent
    while block is not None and (
        block.type == "variable_assignments" or (block.type == "list" and _is_first(inner, block))
    ):
        inner, block = block, block.parent
    if block is None or block.type not in _BLOCKS or use.start_byte >= block.end_byte:
        # The right side of a list is reached only by way of its left.
        return False
    if block.type != "if_statement" or _is_condition(inner, block):
        return True
    other = [c for c in block.children if c.type in ("elif_clause", "else_clause")]
    return not any(c.start_byte <= use.start_byte < c.end_byte for c in other)


def _is_first(node: Node, parent: Node) -> bool:
    return bool(parent.children[0].start_byte == node.start_byte)


def _is_condition(node: Node, block: Node) -> bool:
    then = next((c for c in block.children if c.type == "then"), block)
    return bool(node.start_byte < then.start_byte)
