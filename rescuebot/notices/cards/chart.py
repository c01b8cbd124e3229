"""Charts of letters, for where no picture can be: how far something is, how it went by hour."""

from __future__ import annotations

from collections.abc import Sequence

_WIDTH = 20
_HEIGHTS = "▁▂▃▄▅▆▇█"
_MOST = 48


def progress(*, done: int, failed: int, open_: int, width: int = _WIDTH) -> str:
    """A bar of what is fixed (█), failed (▓) and open (░). What there is at all has one letter."""
    counts = [max(0, done), max(0, failed), max(0, open_)]
    whole = sum(counts)
    if not whole:
        return "░" * width
    shares = [max(1, count * width // whole) if count else 0 for count in counts]
    largest = counts.index(max(counts))
    shares[largest] += width - sum(shares)
    return "".join(letter * share for letter, share in zip("█▓░", shares, strict=True))


def by_time(counts: Sequence[int]) -> str:
    """One letter a span, as high as its count; the latest is last."""
    shown = [max(0, count) for count in counts[-_MOST:]]
    most = max(shown, default=0)
    if not most:
        return _HEIGHTS[0] * len(shown)
    # Whatever there is stands above the ground.
    steps = len(_HEIGHTS) - 1
    return "".join(_HEIGHTS[-(-count * steps // most)] for count in shown)
