"""From the tree of a shell draft to what it would do: each command, redirection and assignment.

Invariant: every node that can have an effect is looked at, wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from rescuebot.advice.shell import syntax
from rescuebot.advice.shell.judge import Judge, Line, environment_problem
from rescuebot.advice.shell.kinds import CHECKS, SPECIAL_VARIABLE
from rescuebot.advice.shell.risk import Findings, Risk, Touch
from rescuebot.advice.shell.syntax import Tree, line_of
from rescuebot.advice.shell.words import UNKNOWN, Unclear, Words, is_number, shown

_SECRET_VARIABLE = re.compile(
    r"(?i).*(secret|token|passw|api_?key|credential|auth|private).*|AWS_.*"
)
_COMPARES = ("-eq", "-ne", "-lt", "-le", "-gt", "-ge")
# Where one of these is a command for the parser, it is none for a shell.
_RESERVED = frozenset("if then else elif fi for while until do done case esac in".split())
_NAME = re.compile(r"[A-Za-z0-9_./+-]+|:")


class Walk:
    """One draft, or one text inside of a draft that would be run as a script of its own."""

    def __init__(
        self,
        text: str,
        *,
        findings: Findings,
        service: str,
        depth: int = 0,
        line: int = 0,
        frozen: bool = False,
    ) -> None:
        self._findings = findings
        self._service = service
        self._depth = depth
        self._above = line
        # In the handler of a trap nothing may be assigned: it would change what was judged.
        self._frozen = frozen
        self._tree = Tree(text)
        self._words = Words(self._tree)
        self._functions: dict[str, Node] = {}

    def run(self) -> None:
        """Look at all of it."""
        for line, words in self._tree.complaints:
            self._refuse(line, words)
        if self._tree.root is None or self._tree.complaints:
            return
        looked = list(syntax.nodes(self._tree.root))
        for node in looked:
            self._prepare(node)
        checks = {
            "command": self._command,
            "file_redirect": self._redirect,
            "variable_assignment": self._assignment,
            "declaration_command": self._declaration,
            "unset_command": self._unset,
            "function_definition": self._function,
            "arithmetic_expansion": self._arithmetic,
            "test_command": self._test,
            "for_statement": self._loop,
            "simple_expansion": self._variable,
            "expansion": self._variable,
        }
        for node in looked:
            if node.type in checks:
                try:
                    checks[node.type](node)
                except Unclear as unclear:
                    self._refuse(unclear.line, unclear.words)

    def _refuse(self, line: int, words: str) -> None:
        self._findings.refuse(line + self._above, words)

    def _prepare(self, node: Node) -> None:
        """Functions, and the variables of which nothing can be told."""
        if node.type == "function_definition":
            name = node.child_by_field_name("name")
            if name is not None:
                self._functions.setdefault(self._tree.text(name), node)
        elif node.type == "unset_command" or (
            node.type in ("command", "declaration_command")
            and self._tree.text(node).lstrip().startswith(("read", "local", "IFS"))
        ):
            for part in syntax.nodes(node):
                if part.type in ("word", "variable_name") and not _is_assigned(part):
                    self._words.taint(self._tree.text(part))

    def _command(self, node: Node) -> None:
        name_node = node.child_by_field_name("name")
        line = line_of(node) + self._above
        if name_node is None:
            return
        name = self._tree.text(name_node)
        if len(name_node.children) != 1 or name_node.children[0].type != "word":
            self._refuse(line_of(node), f"the name of a command must be plain: {shown(name)[:60]}")
            return
        if not _NAME.fullmatch(name) or name in _RESERVED:
            self._refuse(line_of(node), f"{name[:60]!r} is no plain name of a command")
            return
        self._given(node, name)
        arguments = [self._words.values(part) for part in node.children_by_field_name("argument")]
        judge = Judge(
            findings=self._findings,
            functions=self._functions,
            nested=self._nested,
            line=line,
            service=self._service,
        )
        judge.command(Line(name, tuple(arguments), self._stdin(node)))

    def _given(self, node: Node, name: str) -> None:
        """Variables that stand before a command are given to it."""
        for part in node.children:
            if part.type != "variable_assignment":
                continue
            variable = self._tree.text(part.children[0])
            value = part.child_by_field_name("value")
            values = self._words.values(value) if value is not None else ("",)
            if variable == "IFS" and name == "read":
                continue
            for text in values:
                problem = environment_problem(variable, text)
                if problem:
                    self._refuse(line_of(part), problem)

    def _stdin(self, node: Node) -> tuple[tuple[str, ...], ...] | str:
        """What is piped into a command: the words of a find, or a hole for what is told."""
        around = node
        while around.parent is not None and around.parent.type == "redirected_statement":
            around = around.parent
        pipeline = around.parent
        if pipeline is None or pipeline.type != "pipeline":
            return UNKNOWN
        stages = [child for child in pipeline.children if child.is_named]
        place = next((n for n, s in enumerate(stages) if s.start_byte == around.start_byte), 0)
        if not place:
            return UNKNOWN
        before = stages[place - 1]
        while before.type == "redirected_statement":
            before = before.children[0]
        if before.type == "command" and self._tree.text(before).startswith("find "):
            parts = before.children_by_field_name("argument")
            return tuple(self._words.values(part) for part in parts)
        return self._words.output_of(before)

    def _nested(self, text: str, line: int, *, frozen: bool) -> None:
        """A text that would be run as a script."""
        if self._depth >= 3:
            self._findings.refuse(line, "scripts within scripts are nested too deeply")
            return
        Walk(
            text,
            findings=self._findings,
            service=self._service,
            depth=self._depth + 1,
            line=line - 1,
            frozen=frozen or self._frozen,
        ).run()

    def _redirect(self, node: Node) -> None:
        sign = next(child.type for child in node.children if not child.is_named)
        target = node.child_by_field_name("destination")
        if target is None:
            self._refuse(line_of(node), "a redirection goes nowhere")
            return
        for text in self._words.values(target):
            if sign in (">&", "<&"):
                if not re.fullmatch(r"[0-9]|-", text):
                    self._refuse(line_of(node), f"{sign} may only name a number, as in 2>&1")
                continue
            self._file(node, sign, text)

    def _file(self, node: Node, sign: str, text: str) -> None:
        is_read = sign == "<"
        problem = None if text == "/dev/null" else CHECKS["READ" if is_read else "WRITE"](text)
        if problem:
            self._refuse(line_of(node), problem)
        elif text not in ("/dev/null", "/dev/stdout", "/dev/stderr"):
            self._findings.touch(Touch.READS if is_read else Touch.WRITES, shown(text))
            if not is_read:
                words = f"writes {shown(text)}"
                self._findings.say(Risk.MEDIUM, line_of(node) + self._above, words)

    def _assignment(self, node: Node) -> None:
        if node.parent is not None and node.parent.type == "command":
            return  # looked at with its command
        name = self._tree.text(node.children[0])
        is_export = node.parent is not None and self._tree.text(node.parent).startswith("export")
        if self._frozen:
            self._refuse(line_of(node), "the handler of a trap may not assign variables")
        if is_export and node.parent is not None and node.parent.type == "declaration_command":
            value = node.child_by_field_name("value")
            for text in self._words.values(value) if value is not None else ("",):
                problem = environment_problem(name, text)
                if problem:
                    self._refuse(line_of(node), problem)
        elif SPECIAL_VARIABLE.fullmatch(name):
            self._refuse(line_of(node), f"{name} changes how everything else runs; leave it alone")

    def _loop(self, node: Node) -> None:
        name = node.child_by_field_name("variable")
        problem = CHECKS["VARIABLE"](self._tree.text(name)) if name is not None else None
        if problem or self._frozen:
            self._refuse(line_of(node), problem or "the handler of a trap may not assign variables")

    def _declaration(self, node: Node) -> None:
        kind = self._tree.text(node.children[0])
        if kind not in ("export", "local", "readonly"):
            self._refuse(line_of(node), f"{kind} is not taken; write a plain assignment")
        for part in node.children[1:]:
            bare = part.type != "variable_assignment"
            if part.type not in ("variable_assignment", "variable_name"):
                self._refuse(line_of(node), f"options of {kind} are not taken")
            elif bare and kind == "export":
                self._refuse(line_of(node), f"{self._tree.text(part)} may not be exported")

    def _unset(self, node: Node) -> None:
        for part in node.children[1:]:
            if part.type != "variable_name" or CHECKS["VARIABLE"](self._tree.text(part)):
                self._refuse(line_of(node), "unset may only name variables of the draft")

    def _function(self, node: Node) -> None:
        """A function calls only what was defined before it, so none calls itself."""
        name = self._tree.text(node.children[0])
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", name) or Judge.is_known(name):
            self._refuse(line_of(node), f"a function may not be called {name[:40]!r}")
        for part in self._names_in(node):
            called = self._functions.get(self._tree.text(part))
            if called is not None and called.end_byte > part.start_byte:
                self._refuse(line_of(part), "a function calls itself, or one that follows it")

    def _names_in(self, node: Node) -> Iterator[Node]:
        return (part for part in syntax.nodes(node) if part.type == "command_name")

    def _arithmetic(self, node: Node) -> None:
        for part in syntax.nodes(node):
            inner = part.parent is not None and part.parent.type.endswith("expansion")
            if part.type == "variable_name" and (not inner or part.parent == node):
                self._numeric(part, self._words.variable(part, self._tree.text(part)))
            elif part.type in ("simple_expansion", "expansion", "command_substitution"):
                self._numeric(part, self._words.values(part))

    def _numeric(self, node: Node, values: tuple[str, ...]) -> None:
        """Bash runs what stands in the brackets of a text that it calculates with."""
        if not all(is_number(text) or not text for text in values):
            words = "may only calculate with what is certainly a number; use tr -dc 0-9 or wc"
            self._refuse(line_of(node), words)

    def _test(self, node: Node) -> None:
        if node.children[0].type != "[[":
            return
        for part in syntax.nodes(node):
            signs = [self._tree.text(c).strip() for c in part.children if c.type == "test_operator"]
            if part.type == "binary_expression" and set(signs) & set(_COMPARES):
                for field in ("left", "right"):
                    side = part.child_by_field_name(field)
                    if side is not None:
                        self._numeric(side, self._words.values(side))

    def _variable(self, node: Node) -> None:
        names = [child for child in node.children if child.type == "variable_name"]
        for name in (self._tree.text(child) for child in names):
            if _SECRET_VARIABLE.fullmatch(name):
                self._refuse(line_of(node), f"{name[:60]} may hold a secret; it is not read")
        if node.type == "expansion":
            self._words.values(node)


def _is_assigned(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "variable_assignment"
