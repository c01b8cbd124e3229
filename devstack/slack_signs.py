"""The signs of our cards, drawn: a machine without a font for emoji shows them all the same."""

from __future__ import annotations

import re

_SKY, _SUN = "#7d8fa6", "#f5c542"


def _disc(colour: str) -> str:
    return f'<circle cx="8" cy="8" r="6.5" fill="{colour}"/>'


def _tile(colour: str, inner: str) -> str:
    return f'<rect x="1" y="1" width="14" height="14" rx="3" fill="{colour}"/>{inner}'


def _line(points: str, colour: str, width: float = 2) -> str:
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _shape(points: str, colour: str) -> str:
    return f'<polygon points="{points}" fill="{colour}"/>'


_TICK = _line("4,8.5 7,11.5 12,5", "#fff")
_CROSS = _line("3,3 13,13", "#d6303f", 3) + _line("13,3 3,13", "#d6303f", 3)
_CLOUD = (
    f'<circle cx="6" cy="7" r="4" fill="{_SKY}"/><circle cx="10.5" cy="7.5" r="3.5" fill="{_SKY}"/>'
)
_OCTAGON = "5,1 11,1 15,5 15,11 11,15 5,15 1,11 1,5"
_SIREN = (
    '<path d="M3 11a5 5 0 0 1 10 0z" fill="#e03e3e"/>'
    '<rect x="2" y="11" width="12" height="3" rx="1" fill="#5c6470"/>'
)
_HAND = (
    '<path d="M4 9V5m2 3V3m2 5V2.5M10 8V3.5" stroke="#f0b429" stroke-width="1.9" '
    'stroke-linecap="round"/><path d="M3.2 8h7.7v1l1.6-2 .9.7-2 4.2A4 4 0 0 1 3.2 11z" '
    'fill="#f0b429"/>'
)
_PAGE = (
    '<rect x="3" y="1" width="10" height="14" rx="1" fill="#e8dfc8"/>'
    + _line("5,5 11,5", "#8a7f66", 1)
    + _line("5,8 11,8", "#8a7f66", 1)
    + _line("5,11 9,11", "#8a7f66", 1)
)
_GLASS = _shape("4,2 12,2 8,8", "#e0b060") + _shape("8,8 12,14 4,14", "#c08f3f")
_HORN = _shape("2,6 6,6 13,2 13,14 6,10 2,10", "#e05252")
_CHART = (
    '<rect x="2" y="8" width="3" height="6" fill="#2f9e6e"/>'
    '<rect x="6.5" y="3" width="3" height="11" fill="#d6303f"/>'
    '<rect x="11" y="6" width="3" height="8" fill="#3578d4"/>'
)
_WARNING = (
    _shape("8,1 15.5,15 0.5,15", _SUN)
    + _line("8,6 8,10", "#333", 1.6)
    + ('<circle cx="8" cy="12.6" r="1" fill="#333"/>')
)
_WRENCH = _line("4,12 10,6", "#6b7785", 3) + '<circle cx="11" cy="5" r="3" fill="#6b7785"/>'
_AGAIN = _tile("#3578d4", _line("11.5,6 8,4.5 4.5,8 8,11.5 11.5,9.5", "#fff", 1.6))
_BELL = '<path d="M3 12h10l-1.5-2V7a3.5 3.5 0 0 0-7 0v3z" fill="#f0b429"/>'
_BOX = _tile("#6b7785", _line("5,8 7.5,10.5 11.5,5.5", "#fff"))
_PAUSE = _tile("#3578d4", _line("6,5 6,11", "#fff") + _line("10,5 10,11", "#fff"))

_DRAWN = {
    "🔴": _disc("#d6303f"),
    "🟠": _disc("#f08a24"),
    "🟡": _disc(_SUN),
    "🟢": _disc("#2f9e6e"),
    "🔵": _disc("#3578d4"),
    "⚪": _disc("#c9ced6"),
    "✅": _tile("#2f9e6e", _TICK),
    "❌": _CROSS,
    "🚨": _SIREN,
    "🔧": _WRENCH,
    "🔁": _AGAIN,
    "✋": _HAND,
    "🙋": _HAND,
    "🗳": _BOX,
    "☑": _BOX,
    "⏸": _PAUSE,
    "▶": _tile("#3578d4", _shape("6,4.5 12,8 6,11.5", "#fff")),
    "🛑": _shape(_OCTAGON, "#d6303f"),
    "🌩": _CLOUD + _shape("8,9 5.5,13 7.5,13 6.5,16 11,11.5 8.7,11.5 10,9", _SUN),
    "🌤": f'<circle cx="10" cy="5" r="4" fill="{_SUN}"/>' + _CLOUD,
    "🗒": _PAGE,
    "⏳": _GLASS,
    "📣": _HORN,
    "📊": _CHART,
    "⚠": _WARNING,
    "🔔": _BELL,
}
_SIGN = re.compile("(" + "|".join(map(re.escape, _DRAWN)) + ")\ufe0f?")


def drawn(escaped: str) -> str:
    """HTML with pictures in the place of the signs."""
    return _SIGN.sub(
        lambda found: f'<svg class="sign" viewBox="0 0 16 16">{_DRAWN[found[1]]}</svg>', escaped
    )


def known(letter: str) -> bool:
    """Whether there is a picture of this sign."""
    return _SIGN.fullmatch(letter) is not None
