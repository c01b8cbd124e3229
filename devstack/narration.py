"""What the demo says: fit for 80 columns, colour only on a terminal, never silent for long."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO, TypeVar

from devstack.errors import WorldError
from devstack.waiting import until

T = TypeVar("T")

_NARROWEST, _WIDEST = 60, 100
_LABEL = 18
_STAMP = 10
_QUIET_SECONDS = 5.0

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}


class Narrator:
    """Prints the story. All of its text goes through here, so that it looks alike."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._colour = self._stream.isatty() and "NO_COLOR" not in os.environ
        columns = shutil.get_terminal_size((90, 24)).columns
        self._width = max(_NARROWEST, min(columns, _WIDEST))
        self._began = time.monotonic()

    def title(self, words: str) -> None:
        """The heading of a part."""
        self._print()
        self._print(self._painted(words, "bold"))
        self._print(self._painted("-" * min(len(words), self._width), "dim"))

    def say(self, words: str, *, colour: str | None = None) -> None:
        """A sentence."""
        for line in textwrap.wrap(words, self._width):
            self._print(self._painted(line, colour))

    def blank(self) -> None:
        """Some air."""
        self._print()

    def lines(self, text: str) -> None:
        """Text that has its lines already, such as what a program printed or what to copy."""
        for line in text.splitlines():
            self._print(f"  {line}".rstrip())

    def progress(self, words: str) -> None:
        """Something that is being done, with the seconds since the beginning."""
        self._stamped(time.monotonic() - self._began, "", words, sign="")

    def moment(self, seconds: float, label: str, words: str) -> None:
        """A moment of an event's walk, by the seconds since the alarm was sent."""
        self._stamped(seconds, label, words, sign="+")

    def fact(self, holds: bool, words: str) -> None:
        """Something that had to be so, and whether it is."""
        mark = self._painted("  ok    ", "green") if holds else self._painted("  FAILED", "red")
        first, *rest = textwrap.wrap(words, self._width - 9) or [""]
        self._print(f"{mark} {first}")
        for line in rest:
            self._print(" " * 9 + line)

    def table(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Rows under their names; the last column gets what is left of the width."""
        if not rows:
            return
        names = list(rows[0])
        cells = [names, *([_one_line(row[name]) for name in names] for row in rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
        widths[-1] = max(10, self._width - sum(widths[:-1]) - 2 * len(names))
        for number, row in enumerate(cells):
            line = "  ".join(_cut(cell, width) for cell, width in zip(row, widths, strict=True))
            self._print("  " + self._painted(line.rstrip(), "dim" if number == 0 else None))

    def while_waiting(
        self, condition: Callable[[], T], *, seconds: float, what: str, explain: Callable[[], str]
    ) -> T:
        """Wait for `condition` and say now and then that we still do."""
        began = told = time.monotonic()

        def watched() -> T:
            nonlocal told
            value = condition()
            now = time.monotonic()
            if not value and now - told >= _QUIET_SECONDS:
                told = now
                self.say(f"... still waiting ({now - began:.0f} s): {what}", colour="dim")
            return value

        return until(watched, seconds=seconds, what=what, explain=explain)

    def trouble(self, error: WorldError) -> None:
        """An error, and below it what to do or what the logs say."""
        self._print()
        for number, line in enumerate(error.message.splitlines()):
            self._print(self._painted(("Sorry. " if number == 0 else "") + line, "red"))
        self.lines(error.remedy)

    def _stamped(self, seconds: float, label: str, words: str, *, sign: str) -> None:
        stamp = f"{sign}{seconds:.2f} s".rjust(_STAMP)
        head = f"{stamp}  " + (f"{label:<{_LABEL}}" if label else "")
        indent = " " * len(head)
        first, *rest = textwrap.wrap(words, self._width - len(head)) or [""]
        coloured = self._painted(stamp, "cyan") + head[len(stamp) :]
        self._print(coloured + first)
        for line in rest:
            self._print(indent + line)

    def _painted(self, words: str, colour: str | None) -> str:
        if not self._colour or colour is None:
            return words
        return f"\x1b[{_CODES[colour]}m{words}\x1b[0m"

    def _print(self, line: str = "") -> None:
        encoding = self._stream.encoding or "ascii"
        safe = line.encode(encoding, errors="replace").decode(encoding)
        try:
            print(safe, file=self._stream, flush=True)
        except BrokenPipeError:
            # Nobody reads any more (`| head`); what was begun is finished in silence.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def _one_line(value: object) -> str:
    """The first line of a value that holds anything, without what would move the cursor."""
    lines = [line for line in str(value).splitlines() if line.strip()]
    return "".join(c if c.isprintable() else " " for c in lines[0].strip()) if lines else ""


def _cut(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
