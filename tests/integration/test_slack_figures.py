"""The card of figures from a real ledger, and the picture from a real browser."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from PIL import Image

from devstack import slack_picture, slack_rules
from rescuebot import dashboard
from rescuebot.database import Database
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.events.reported import Severity
from rescuebot.notices import cards
from rescuebot.settings import Settings
from tests.factories import NOW


def an_event(number: int, service: str, *, fixed: bool) -> CloudWatchEvent:
    moment = NOW - timedelta(minutes=number)
    over = {
        "status": EventStatus.RESOLVED,
        "outcome": Outcome.FIXED,
        "resolved_at": moment + timedelta(seconds=4),
    }
    return CloudWatchEvent(
        event_source="EC2",
        event_type="process_down",
        severity=Severity.FATAL,
        server_id="i-1",
        event_message="",
        event_time=moment,
        message_id=str(number),
        service_type=service,
        last_seen_at=moment,
        received_at=moment,
        raw="{}",
        **(over if fixed else {}),
    )


def test_the_card_has_the_numbers_of_the_dashboard(database: Database) -> None:
    with database.transaction() as session:
        session.add(an_event(1, "mysql", fixed=True))
        session.add(an_event(2, "mysql", fixed=False))
        session.add(an_event(3, "<!channel>", fixed=False))
    with database.reading() as session:
        seen = dashboard.overview(session=session, settings=Settings(), now=NOW)
    figures = cards.figures_of(seen, url="https://rescue.example.com")
    assert (figures.events, figures.fixed, figures.failed, figures.open) == (3, 1, 0, 2)
    assert sum(figures.by_hour) == 3 and len(figures.by_hour) == 24
    assert figures.top_services == (("mysql", 2), ("<!channel>", 1))
    assert (figures.approvals_waiting, figures.stops, figures.median_seconds) == (0, 0, 4.0)
    card = cards.render_stats(figures, language="ko")
    assert slack_rules.problems({"text": card.text, "blocks": list(card.blocks)}) == []
    assert "이벤트  3" in card.plain


def test_a_dashboard_that_says_something_else_gives_a_card_all_the_same() -> None:
    for told in ({}, {"events": None, "top": {"services": 1}, "rescues": []}):
        assert cards.render_stats(cards.figures_of(told), language="en").blocks


def test_a_browser_takes_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "notices.png"
    slack_picture.take(slack_picture.sample_phones(["ko", "ja"]), path)
    with Image.open(path) as taken:
        colours = {colour for _, colour in taken.convert("RGB").getcolors(1 << 20) or []}
        width, height = taken.size
    # The head of a phone, and the button that approves.
    for wanted in ((0x4A, 0x15, 0x4B), (0x00, 0x7A, 0x5A)):
        near = min(max(abs(a - b) for a, b in zip(wanted, one, strict=True)) for one in colours)
        assert near <= 2
    assert width > 900 and height > 1500
