"""The card of figures, for whoever asks how it goes: a few numbers, and a chart by hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rescuebot.notices.cards import chart
from rescuebot.notices.cards.page import Card, Page, bar, foreign, own, spoken_line
from rescuebot.notices.cards.words import Words

_TOP = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What there was in the last hours. `by_hour` has the latest hour last."""

    hours: int
    events: int
    fixed: int
    failed: int
    open: int
    by_hour: tuple[int, ...] = ()
    median_seconds: float | None = None
    # Names come from outside.
    top_services: tuple[tuple[str, int], ...] = ()
    approvals_waiting: int = 0
    stops: int = 0
    url: str = ""


def figures_of(overview: Mapping[str, object], *, url: str = "") -> Figures:
    """The figures of the last 24 hours from what `dashboard.overview` tells."""
    events, rescues = _in(overview, "events"), _in(_in(overview, "rescues"), "24h")
    hours = events.get("by_hour")
    by_hour = tuple(_hour(one) for one in hours) if isinstance(hours, list) else ()
    top = _in(overview, "top").get("services")
    listed = top if isinstance(top, list) else []
    halts = overview.get("halts")
    return Figures(
        hours=24,
        events=sum(_number(n) for n in _in(events, "by_severity").values()),
        fixed=_number(rescues.get("fixed")),
        failed=_number(rescues.get("failed")),
        open=sum(_number(n) for n in _in(events, "open").values()),
        by_hour=by_hour,
        median_seconds=_seconds(rescues.get("seconds_p50")),
        top_services=tuple((str(one["name"]), _number(one["events"])) for one in listed),
        approvals_waiting=_number(_in(overview, "approvals").get("waiting")),
        stops=len(halts) if isinstance(halts, list) else 0,
        url=url,
    )


def render_stats(figures: Figures, *, language: str) -> Card:
    """The card."""
    words = Words(language)
    page = Page(words, url=figures.url)
    title = words("stats.title", n=figures.hours)
    page.title("📊", title)
    counts = words(
        "counts",
        fixed=f"{figures.fixed:,}",
        failed=f"{figures.failed:,}",
        open=f"{figures.open:,}",
    )
    page.labelled("count", own(f"{figures.events:,}  ({counts})"))
    ended = figures.fixed + figures.failed
    if ended:
        drawn = chart.progress(done=figures.fixed, failed=figures.failed, open_=0)
        page.labelled("rate", own(f"{100 * figures.fixed / ended:.1f} %  "), bar(drawn))
    if figures.median_seconds is not None:
        page.labelled("median", own(words.span(figures.median_seconds)))
    if figures.by_hour:
        most = f"  max {max(figures.by_hour):,}"
        page.labelled("hours", bar(chart.by_time(figures.by_hour)), own(most))
    _lists(page, figures)
    page.footer()
    return page.card(text=spoken_line(f"📊 {title}", counts))


def _lists(page: Page, figures: Figures) -> None:
    if figures.top_services:
        page.labelled("top")
        most = max(count for _, count in figures.top_services[:_TOP]) or 1
        for name, count in figures.top_services[:_TOP]:
            length = max(1, 10 * count // most) if count > 0 else 0
            page.line(bar("█" * length + "░" * (10 - length)), own(f" {count:,}  "), foreign(name))
    if figures.approvals_waiting:
        page.labelled("waiting", own(f"✋ {figures.approvals_waiting:,}"))
    if figures.stops:
        page.labelled("stops", own(f"🛑 {figures.stops:,}"))


def _in(of: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = of.get(name)
    return found if isinstance(found, Mapping) else {}


def _hour(of: Mapping[str, object]) -> int:
    return sum(_number(count) for name, count in of.items() if name != "from")


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
