"""Foreign text made fit to be shown: nothing that hides, turns, calls or breaks a line.

Invariant: what comes out of `one_line` and `lines` holds no control, format or surrogate character,
and is no longer than asked for. `escaped` and `spoken` are for the places where Slack still reads
signs; in the elements of rich text it reads none.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MARK = "…"
# Nobody reads further, and cleaning must not take long: a message may have 64 KB.
_AHEAD = 4
_TAB = "    "
# Letters that show nothing, though Unicode calls them letters or signs.
_BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_HIDING = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
# More marks on one letter than any language has climb into the lines above.
_MARKS_ON_A_LETTER = 3
_EMOJI = re.compile(r":(?=[^\s:]+:)")
_OUTER_LINE = re.compile(r"(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
_SIGNS = str.maketrans({"*": "∗", "~": "∼", "`": "ʼ", "@": "＠", "#": "＃"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as it is shown; `left_out` letters did not fit, `hidden` could not be seen."""

    text: str
    left_out: int = 0
    hidden: bool = False


def one_line(text: str, most: int) -> str:
    """The text in one line of at most `most` letters, with a mark where it was cut."""
    words = " ".join(_seen(text[: most * _AHEAD]).split())
    return cut(words, most) if len(text) <= most * _AHEAD else cut(words + MARK, most)


def lines(text: str, most: int, *, most_lines: int, telling: bool = False) -> Shown:
    """The text with its own lines. `telling` shows what hides, for whoever decides by it."""
    rows = text[: most * _AHEAD].replace("\r\n", "\n").replace("\t", _TAB).split("\n")
    kept = "\n".join(_seen(row, telling=telling).rstrip() for row in rows[:most_lines]).strip("\n")
    shown = kept[:most].rstrip()
    whole = len(rows) <= most_lines and len(kept) <= most and len(text) <= most * _AHEAD
    hidden = telling and any(_hides(letter) for letter in text[: most * _AHEAD] if letter != "\r")
    if whole:
        return Shown(shown, hidden=hidden)
    return Shown(f"{shown}\n{MARK}", left_out=max(1, len(text) - len(shown)), hidden=hidden)


def cut(text: str, most: int) -> str:
    """At most `most` letters, the last of them a mark when there were more."""
    return text if len(text) <= most else text[: most - 1].rstrip() + MARK


def escaped(text: str) -> str:
    """For mrkdwn and plain_text. Source: Slack, formatting text for app surfaces."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def spoken(text: str, most: int) -> str:
    """For the line of a notification, which Slack reads as mrkdwn and nobody copies from."""
    calm = _OUTER_LINE.sub("＿", _EMOJI.sub("：", one_line(text, most).translate(_SIGNS)))
    return escaped(calm)


def _seen(text: str, *, telling: bool = False) -> str:
    found: list[str] = []
    marks = 0
    for letter in text:
        if _hides(letter):
            found.append(
                f"⟨U+{ord(letter):04X}⟩" if telling and letter != "\n" else _instead(letter)
            )
            continue
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= _MARKS_ON_A_LETTER:
            found.append(letter)
    return "".join(found)


def _hides(letter: str) -> bool:
    if letter == "\n":
        return False
    return letter in _BLANK or unicodedata.category(letter) in _HIDING


def _instead(letter: str) -> str:
    """Format characters stand within words, the others between them."""
    return "" if unicodedata.category(letter) == "Cf" else " "
