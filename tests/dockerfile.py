"""The Dockerfile as its tests see it: stages of instructions, with what is given for its ARGs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass
class Stage:
    """What is between one FROM and the next."""

    name: str
    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        """What stands behind each of these instructions."""
        return [words for name, words in self.steps if name == instruction]

    def one(self, instruction: str) -> str:
        """What stands behind the only one."""
        (words,) = self.all(instruction)
        return words

    def program(self, instruction: str) -> list[str]:
        """The words of a program in exec form, which needs no shell."""
        words: list[str] = json.loads("[" + self.one(instruction).partition("[")[2])
        return words

    def environment(self) -> dict[str, str]:
        """What its ENV lines set."""
        pairs = [word.partition("=") for words in self.all("ENV") for word in words.split()]
        return {name: value for name, _, value in pairs}


def stages(path: Path = ROOT / "Dockerfile") -> dict[str, Stage]:
    """The stages by name; continued lines are joined, comments left out."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: dict[str, Stage] = {}
    given: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        instruction, _, words = line.partition(" ")
        if instruction == "FROM":
            base, _, name = words.partition(" AS ")
            stage = found[name] = Stage(name, given.get(base.strip("${}"), base))
        elif instruction == "ARG" and not found:
            given |= dict([words.split("=", 1)])
        else:
            stage.steps.append((instruction, words))
    return found
