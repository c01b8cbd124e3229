"""The syntax tree of a shell draft, of a part of the language that all shells read alike.

Invariant: a draft is taken only when every byte of it stands in a leaf of the tree or is a blank,
every node is of a kind that is known here, and nothing in it means something else to dash, bash or
an older shell; so what the tree shows is what would run.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

LONGEST = 16_000
_DEEPEST = 60
_LANGUAGE = Language(tree_sitter_bash.language())
_KNOWN = frozenset("""
    program comment command command_name word number string string_content raw_string concatenation
    simple_expansion expansion variable_name special_variable_name variable_assignment
    variable_assignments command_substitution arithmetic_expansion binary_expression
    unary_expression parenthesized_expression ternary_expression postfix_expression pipeline list
    redirected_statement file_redirect file_descriptor heredoc_redirect heredoc_start heredoc_body
    heredoc_content heredoc_end if_statement elif_clause else_clause for_statement while_statement
    do_group case_statement case_item extglob_pattern regex compound_statement subshell
    function_definition test_command test_operator negated_command declaration_command
    unset_command
    """.split())
_ODD = {
    "ansi_c_string": "a string as $'…' can hide anything; write the characters themselves",
    "process_substitution": "<(…) and >(…) are not taken; use a file or a pipe",
    "array": "arrays are not taken; write a plain list of words",
    "subscript": "arrays are not taken; write a plain list of words",
    "brace_expression": "{a,b} is not taken; write the words out",
    "herestring_redirect": "<<< is not taken; use printf and a pipe",
    "c_style_for_statement": "for ((…)) is not taken; use seq or a while loop",
    "translated_string": '$"…" is not taken; write a plain string',
}
_REDIRECTS = ("<", ">", ">>", ">&")
_TESTS = frozenset("""
    = == != ! -a -o -e -f -d -s -r -w -x -z -n -L -h -p -S -t -b -c -eq -ne -lt -le -gt -ge -nt -ot
    -ef
    """.split())
_SHEBANG = re.compile(r"#!\s*/(usr/)?bin/(ba|da)?sh( -[eux]+)?\s*")
# A `$` or a backquote that a shell would act on although the tree takes it for plain text.
_LIVE = re.compile(r"(?:^|[^\\])(?:\\\\)*(?:`|\$[A-Za-z_0-9({@*#?$!-])")
_GLUED = re.compile(r"[^ \t\n]\\\n")
_HEREDOC = re.compile(r"'[A-Za-z_]+'|\"[A-Za-z_]+\"|[A-Za-z_]+")
_ARITHMETIC = re.compile(r"\$\(\([A-Za-z0-9_$\s+*/%<>=!&|?:(){}-]*\)\)")
_TURNING = "\u200b\u200c\u200d\u200e\u200f\u2028\u2029\ufeff"

Complaint = tuple[int, str]


class Tree:
    """A draft with its tree and with all that keeps it from being judged."""

    def __init__(self, text: str) -> None:
        self.source = text.encode("utf-8", errors="replace")
        self.complaints = list(_text_complaints(text))
        self.root: Node | None = None
        if not self.complaints:
            self.root = Parser(_LANGUAGE).parse(self.source).root_node
            self.complaints = list(_complaints(self))

    def text(self, node: Node) -> str:
        """What stands there."""
        return self.source[node.start_byte : node.end_byte].decode(errors="replace")


def line_of(node: Node) -> int:
    """The line in which it begins, counted from one."""
    return int(node.start_point[0]) + 1


def nodes(root: Node) -> Iterator[Node]:
    """All nodes below and including this one, in the order of the text."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)


def _text_complaints(text: str) -> Iterator[Complaint]:
    if len(text) > LONGEST:
        yield 1, f"must be at most {LONGEST:,} characters to be judged; it has {len(text):,}"
        return
    first = text.split("\n", 1)[0]
    if first.startswith("#!") and not _SHEBANG.fullmatch(first):
        yield 1, "only /bin/sh and /bin/bash can be judged; leave the first line out"
    for number, line in enumerate(text.split("\n"), start=1):
        odd = next((letter for letter in line if _is_odd(letter)), None)
        if odd is not None:
            yield number, f"holds the character U+{ord(odd):04X}, which hides what is written"
    if found := _GLUED.search(text):
        yield text.count(
            "\n", 0, found.start()
        ) + 1, "a word goes on behind a line break; write it in one line"


def _is_odd(letter: str) -> bool:
    """Controls, invisible and turning characters, private use, and blanks that are none."""
    if letter == "\t" or " " <= letter <= "~":
        return False
    category = unicodedata.category(letter)
    return category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp") or letter in _TURNING


def _complaints(tree: Tree) -> Iterator[Complaint]:
    root = tree.root
    assert root is not None
    if root.has_error:
        bad = next((n for n in nodes(root) if n.is_error or n.is_missing), root)
        yield line_of(bad), "cannot be parsed; what is not understood is not run"
        return
    if _depth(root) > _DEEPEST:
        yield 1, "is nested too deeply to be judged"
        return
    is_bash = tree.source.startswith(b"#!") and b"bash" in tree.source.split(b"\n", 1)[0]
    end = 0
    for node in nodes(root):
        if node.is_named and node.type not in _KNOWN:
            yield line_of(node), _ODD.get(node.type, f"{node.type} is not taken; write it plainer")
        yield from _node_complaints(tree, node, is_bash)
        if not node.child_count:
            yield from _gap(tree, node, end)
            end = node.end_byte
    if tree.source[end:].strip():
        yield line_of(root), "its end cannot be parsed"


def _depth(root: Node) -> int:
    deepest, waiting = 0, [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting += [(child, depth + 1) for child in node.children]
    return deepest


def _gap(tree: Tree, leaf: Node, start: int) -> Iterator[Complaint]:
    """Text between two leaves that the tree does not show; in here-documents it is their text."""
    between = tree.source[start : leaf.start_byte].replace(b"\\\n", b" ")
    if not between.strip(b" \t\n"):
        return
    around = leaf
    while around.parent is not None and around.type not in ("heredoc_body", "heredoc_redirect"):
        around = around.parent
    if around.parent is None or _LIVE.search(between.decode(errors="replace")):
        yield line_of(leaf), "a part of the line cannot be parsed; write it plainer"


def _node_complaints(tree: Tree, node: Node, is_bash: bool) -> Iterator[Complaint]:
    check = _CHECKS.get(node.type)
    if check is not None:
        words = check(tree, node, is_bash)
        if words:
            yield line_of(node), words


def _background(tree: Tree, node: Node, is_bash: bool) -> str | None:
    return "nothing may go on in the background; leave the & out"


def _redirect(tree: Tree, node: Node, is_bash: bool) -> str | None:
    sign = next((c.type for c in node.children if not c.is_named), "")
    if len(node.children_by_field_name("destination")) != 1:
        # A shell takes what follows the file for arguments of the command.
        return "nothing may stand behind a redirection; write it last"
    if sign in _REDIRECTS:
        return None
    return f"{sign} means other things to other shells; write > file 2>&1"


def _comment(tree: Tree, node: Node, is_bash: bool) -> str | None:
    before = tree.source[node.start_byte - 1 : node.start_byte] if node.start_byte else b"\n"
    if before in b" \t\n;()" and "\n" not in tree.text(node):
        return None
    return "a # within a line is not clear; put comments into lines of their own"


def _plain_leaf(tree: Tree, node: Node, is_bash: bool) -> str | None:
    text = tree.text(node)
    if _LIVE.search(text):
        return "holds a $ or ` that is not clear; put it in single quotes"
    if node.type == "word" and text.startswith("#"):
        return "a # within a line is not clear; put it in quotes"
    if node.type == "word" and not text.isascii():
        return "letters other than ASCII may stand only in quotes and comments"
    return None


def _heredoc(tree: Tree, node: Node, is_bash: bool) -> str | None:
    """Its end is looked for as a shell does, for grammars err there."""
    start = next((c for c in node.children if c.type == "heredoc_start"), None)
    end = next((c for c in node.children if c.type == "heredoc_end"), None)
    kinds = {"heredoc_start", "heredoc_body", "heredoc_end", "file_redirect", "<<"}
    if start is None or end is None or {c.type for c in node.children} - kinds:
        return "a here-document may only be followed by > file; pipe it from cat inside of ( )"
    if not _HEREDOC.fullmatch(tree.text(start)):
        return "a here-document must end with a plain word such as EOF"
    lines = tree.source.decode(errors="replace").split("\n")
    word = tree.text(start).strip("'\"")
    first = start.start_point[0]
    if lines[first].count("<<") > 1:
        return "only one here-document may begin in a line"
    found = next((n for n in range(first + 1, len(lines)) if lines[n] == word), None)
    return None if found == end.start_point[0] else "it is not clear where the document ends"


def _arithmetic(tree: Tree, node: Node, is_bash: bool) -> str | None:
    if _ARITHMETIC.fullmatch(tree.text(node)):
        return None
    return "only plain numbers and variables may be calculated with"


def _test(tree: Tree, node: Node, is_bash: bool) -> str | None:
    if node.children[0].type == "[[" and not is_bash:
        return "[[ is not known to every sh; write [ or begin with #!/bin/bash"
    allowed = {"[", "]", "(", ")", *_TESTS}
    if node.children[0].type == "[[":
        allowed |= {"[[", "]]", "&&", "||", "=~"}
    for part in _tests_of(node):
        sign = tree.text(part).strip()
        if sign not in allowed:
            return f"{sign} within a test is not clear; use the tests of POSIX"
    return None


def _tests_of(node: Node) -> Iterator[Node]:
    """The signs of a test, without those of what is substituted in it."""
    for child in node.children:
        if child.type == "test_operator" or not child.is_named:
            yield child
        elif child.type.endswith("_expression"):
            yield from _tests_of(child)


def _compound(tree: Tree, node: Node, is_bash: bool) -> str | None:
    return None if node.children[0].type == "{" else "((…)) is not taken; write n=$((n + 1))"


def _assignment(tree: Tree, node: Node, is_bash: bool) -> str | None:
    plain = any(c.type == "=" for c in node.children)
    return None if plain else "+= is not known to every sh; write x=$x…"


def _for(tree: Tree, node: Node, is_bash: bool) -> str | None:
    return None if node.children[0].type == "for" else "select is not taken; nobody is there"


def _end_of_case(tree: Tree, node: Node, is_bash: bool) -> str | None:
    is_in_case = node.parent is not None and node.parent.type == "case_item"
    return None if is_in_case else ";; stands outside of a case"


def _pipeline(tree: Tree, node: Node, is_bash: bool) -> str | None:
    odd = any(c.type == "|&" for c in node.children)
    return "|& is not known to every sh; write 2>&1 |" if odd else None


def _function(tree: Tree, node: Node, is_bash: bool) -> str | None:
    body = node.child_by_field_name("body")
    if node.children[0].type != "function" and body is not None:
        return None if body.type == "compound_statement" else "a function needs braces"
    return "function is not known to every sh; write name() { …; }"


_CHECKS = {
    ";;": _end_of_case,
    "&": _background,
    "file_redirect": _redirect,
    "comment": _comment,
    "word": _plain_leaf,
    "extglob_pattern": _plain_leaf,
    "regex": _plain_leaf,
    "string_content": _plain_leaf,
    "heredoc_redirect": _heredoc,
    "arithmetic_expansion": _arithmetic,
    "test_command": _test,
    "compound_statement": _compound,
    "variable_assignment": _assignment,
    "for_statement": _for,
    "pipeline": _pipeline,
    "function_definition": _function,
}
