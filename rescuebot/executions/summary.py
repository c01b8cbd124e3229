"""What a run of states says of itself in its last lines, as numbers.

Invariant: a summary is read only from where Salt writes it, at the very end of the output of states
and not indented; what merely looks like one inside of it counts for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# The kinds of solutions that Salt runs as states; a script may print whatever it likes.
_OF_STATES = ("state", "sls")
_TAIL = 2_000
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_SUMMARY = re.compile(
    r"^Summary for local\n-+\n"
    r"Succeeded: +(?P<succeeded>\d{1,6})(?: \((?P<more>[a-z0-9=, ]+)\))?\n"
    r"Failed: +(?P<failed>\d{1,6})\n"
    r"(?:Warnings: +\d{1,6}\n)?"
    r"-+\nTotal states run: +\d{1,6}\n?"
    r"(?:Total run time: [^\n]+)?\s*\Z",
    re.MULTILINE,
)
_CHANGED = re.compile(r"\bchanged=(\d{1,6})\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """How many states succeeded, how many of these changed something, how many failed."""

    succeeded: int
    changed: int
    failed: int


def of(*, kind: str, output: str) -> Summary | None:
    """The summary at the end of the output of a solution, None where there is none."""
    if kind not in _OF_STATES:
        return None
    found = _SUMMARY.search(_COLOURS.sub("", output[-_TAIL:]))
    if found is None:
        return None
    changed = _CHANGED.search(found["more"] or "")
    return Summary(
        succeeded=int(found["succeeded"]),
        changed=int(changed[1]) if changed else 0,
        failed=int(found["failed"]),
    )
