"""Documents that can be run: their fenced blocks, a shell for them, and what they say one sees.

A block of ``sh`` is run, and a block of ``text`` right after it is what one sees of it. In that
text `…` stands for anything, and white space for any white space. A command that is refused says so
in a comment, ``# refused``; a block that is run until one sees it, ``# repeat until …``. A block of
another language with ``title=`` is a file that the reader writes.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_FENCE = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
# What no reader looks at: the lines of tables, and what Salt says about its own housekeeping.
_UNSEEN = re.compile(r"─+|unclosed \w+ <[^\n]*")
# How much of one line `…` may stand for; a line that is nothing but `…` stands for any lines.
_GAP = r".{0,400}?"
_LINES = r".*?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A fenced block and the line of its document that it begins in."""

    language: str
    title: str
    body: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What the reader does: writes a file, or types commands and sees something."""

    block: Block
    seen: str | None = None

    @property
    def repeats(self) -> bool:
        """Whether the commands are typed again until one sees what is said."""
        return "# repeat until" in self.block.body

    def commands(self) -> list[str]:
        """Line by line; a backslash at the end joins two."""
        joined = self.block.body.replace("\\\n", " ")
        return [line for line in joined.splitlines() if line.strip()]


def blocks_of(text: str) -> list[Block]:
    """All fenced blocks of a document in their order."""
    return [
        Block(
            language=found["info"].split()[0],
            title=found["info"].partition("title=")[2].strip(),
            body=found["body"],
            line=text.count("\n", 0, found.start()) + 1,
        )
        for found in _FENCE.finditer(text)
    ]


def steps_of(text: str) -> Iterator[Step]:
    """What the reader does, in order."""
    blocks = blocks_of(text)
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        if block.language == "sh":
            seen = after.body if after is not None and after.language == "text" else None
            yield Step(block=block, seen=seen)
        elif block.title:
            yield Step(block=block)


def is_seen(seen: str, output: str) -> bool:
    """Whether the output holds what a document says one sees."""
    parts = []
    for line in seen.splitlines():
        if line.strip() == "…":
            parts.append(_LINES)
        elif line.strip():
            pieces = [r"\s+".join(map(re.escape, piece.split())) for piece in line.split("…")]
            parts.append(_GAP.join(pieces))
    return re.search(r"\s*".join(parts), _UNSEEN.sub("", output), re.DOTALL) is not None


class Shell:
    """One shell that commands are typed into, as the reader's is one."""

    def __init__(self, *, directory: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh"],
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def type(self, command: str) -> tuple[int, str]:
        """The exit code of a command, and all that it has written."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        end = f"--- {uuid.uuid4().hex}"
        self._process.stdin.write(f"{{ {command}\n}} </dev/null\necho {shlex.quote(end)} $?\n")
        self._process.stdin.flush()
        written = []
        for line in self._process.stdout:
            before, found, code = line.partition(end)
            written.append(before)
            if found:
                return int(code), "".join(written)
        raise AssertionError(f"the shell has ended: {command}\n{''.join(written)}")
