"""A card as it is written: Block Kit for Slack and plain lines for a letter, from the same pieces.

Invariant: foreign text stands only in elements of rich text, of which Slack reads no sign, or is
escaped; the SDK's own models check what comes out. Nothing here can call a person.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    HeaderBlock,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextPreformattedElement,
    RichTextQuoteElement,
    RichTextSectionElement,
)

from rescuebot import clock
from rescuebot.notices.cards.text import MARK, Shown, cut, escaped, lines, one_line
from rescuebot.notices.cards.words import Words

HEADER = 150
NAME = 80  # letters of a name in a line: a server, a service, a person
SENTENCE = 300
_TEXT = 300
_URL = 1000
_QUOTE_LINES = 6
_DATE = "{date_short_pretty} {time_secs}"
_INDENT = "    "


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What is sent: `text` is the line of the notification, `plain` the letter, with `subject`.

    `reply` is for a thread whose first message shows the card; empty where the card is all.
    """

    text: str
    blocks: tuple[dict[str, Any], ...]
    subject: str
    plain: str
    reply: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line: as Slack gets it, and as it stands in a letter."""

    element: Any
    plain: str


def own(text: str, *, bold: bool = False) -> Piece:
    """Words of ours."""
    style = {"bold": True} if bold else None
    return Piece(RichTextElementParts.Text(text=text, style=style), text)


def foreign(text: str, most: int = NAME) -> Piece:
    """A name or a short text from outside."""
    shown = one_line(text, most) or "-"
    return Piece(RichTextElementParts.Text(text=shown, style={"code": True}), shown)


def said(text: str, most: int = SENTENCE) -> Piece:
    """A sentence that may quote what came from outside."""
    shown = one_line(text, most) or "-"
    return Piece(RichTextElementParts.Text(text=shown), shown)


def bar(text: str) -> Piece:
    """A chart of letters, all of one width."""
    return Piece(RichTextElementParts.Text(text=text, style={"code": True}), text)


def at(moment: datetime) -> Piece:
    """A moment: in Slack in the zone of whoever looks, else in UTC."""
    utc = clock.as_utc(moment)
    plain = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    date = RichTextElementParts.Date(timestamp=int(utc.timestamp()), format=_DATE, fallback=plain)
    return Piece(date, plain)


def link(url: str, words: str) -> Piece:
    """A way to the console."""
    return Piece(RichTextElementParts.Link(url=url, text=words), f"{words}: {url}")


def phrase(template: str, **pieces: Piece) -> list[Piece]:
    """A sentence of a catalogue with pieces in the places of its names."""
    found: list[Piece] = []
    for words, name, _, _ in string.Formatter().parse(template):
        found += [own(words)] if words else []
        found += [pieces[name]] if name else []
    return found


class Page:
    """A card in the making, from top to bottom."""

    def __init__(self, words: Words, *, url: str) -> None:
        self.words = words
        self.url = url if _is_address(url) else ""
        self._blocks: list[Block] = []
        self._elements: list[Any] = []
        self._line: list[Any] = []
        self._plain: list[str] = []
        self._title = ""

    def title(self, emoji: str, text: str) -> None:
        """The heading. What is foreign in it is in one line already."""
        self._title = cut(f"{emoji} {text}", HEADER)
        fits = self._title
        while len(escaped(fits)) > HEADER:
            fits = cut(fits, len(fits) - 1)
        words = PlainTextObject(text=escaped(fits), emoji=False)
        self._blocks.append(HeaderBlock(text=words))
        self._plain += [self._title, ""]

    def line(self, *pieces: Piece) -> None:
        """A line of its own."""
        if self._line:
            self._line.append(RichTextElementParts.Text(text="\n"))
        self._line += [piece.element for piece in pieces]
        self._plain.append("".join(piece.plain for piece in pieces))

    def labelled(self, label: str, *pieces: Piece) -> None:
        """A line that begins with a word of the catalogue."""
        self.line(own(f"{self.words(f'label.{label}')}  ", bold=True), *pieces)

    def quote(self, text: str, most: int = SENTENCE) -> None:
        """Foreign text with its lines, as something that somebody else says."""
        shown = lines(text, most, most_lines=_QUOTE_LINES)
        if shown.text:
            self._flush()
            part = RichTextElementParts.Text(text=shown.text)
            self._elements.append(RichTextQuoteElement(elements=[part]))
            self._plain += [f"> {row}" for row in shown.text.split("\n")]
            self._tell_rest(shown)

    def code(self, text: str, most: int, *, most_lines: int, telling: bool = False) -> Shown:
        """Foreign text that people judge by its letters, such as a script."""
        shown = lines(text, most, most_lines=most_lines, telling=telling)
        self._flush()
        part = RichTextElementParts.Text(text=shown.text or "-")
        self._elements.append(RichTextPreformattedElement(elements=[part]))
        self._plain += [f"{_INDENT}{row}" for row in shown.text.split("\n")]
        self._tell_rest(shown)
        return shown

    def buttons(self, buttons: Sequence[ButtonElement]) -> None:
        """Something to press. A letter has none, but for its link."""
        self._flush_all()
        self._blocks.append(ActionsBlock(elements=list(buttons)))

    def footer(self, *pieces: Piece) -> None:
        """Whence it comes, and where there is more."""
        if pieces:
            self.line(*pieces)
        if self.url:
            self.line(link(self.url, self.words("open")))

    def blocks(self) -> tuple[dict[str, Any], ...]:
        """Block Kit, checked by the SDK's models."""
        self._flush_all()
        return tuple(block.to_dict() for block in self._blocks)

    def card(self, *, text: str, reply: Page | None = None) -> Card:
        """The card. `text` is spoken already: all that is foreign in it is escaped."""
        return Card(
            text=text,
            blocks=self.blocks(),
            subject=one_line(self._title, HEADER),
            plain="\n".join(self._plain).rstrip() + "\n",
            reply=() if reply is None else reply.blocks(),
        )

    def _tell_rest(self, shown: Shown) -> None:
        if shown.left_out:
            way = [own(" "), link(self.url, self.words("whole"))] if self.url else []
            self.line(own(self.words("cut", n=f"{shown.left_out:,}")), *way)

    def _flush(self) -> None:
        if self._line:
            self._elements.append(RichTextSectionElement(elements=self._line))
            self._line = []

    def _flush_all(self) -> None:
        self._flush()
        if self._elements:
            self._blocks.append(RichTextBlock(elements=self._elements))
            self._elements = []


def names(words: Words, all_of_them: Iterable[str], *, most: int) -> list[Piece]:
    """The first of many names, and how many more there are."""
    given = list(all_of_them)
    found: list[Piece] = []
    for name in given[:most]:
        found += [own(", ")] if found else []
        found.append(foreign(name))
    if len(given) > most:
        found.append(own(" " + words("more", n=f"{len(given) - most:,}")))
    return found or [own("-")]


def spoken_line(*parts: str) -> str:
    """The line of a notification from parts that are spoken."""
    return cut_escaped(" · ".join(part for part in parts if part), _TEXT)


def cut_escaped(text: str, most: int) -> str:
    """Cut without leaving half of an entity."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    begun = kept.rfind("&")
    if begun >= 0 and ";" not in kept[begun:]:
        kept = kept[:begun]
    return kept.rstrip() + MARK


def _is_address(url: str) -> bool:
    good = url.startswith(("https://", "http://")) and len(url) <= _URL
    return good and not set(url) & set("<>|\"'") and url.isprintable() and " " not in url
