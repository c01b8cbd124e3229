"""Whatever an alarm, a log or a model says: a card stays valid, short, and calls nobody."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devstack import slack_rules
from rescuebot.notices import cards
from rescuebot.notices.cards import Card, Figures
from rescuebot.notices.facts import (
    Approval,
    Digest,
    Facts,
    Halt,
    Line,
    StepDone,
    Storm,
    Trouble,
)

URL = "https://rescue.example.com/events/1"
SENT = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
NASTY = st.sampled_from(
    [
        "<!channel>",
        "<!here|x>",
        "<@U0123456>",
        "<#C0123456>",
        "<https://evil.example|console>",
        "*bold*",
        "```",
        "`",
        ":tada:",
        "&lt;",
        "&amp",
        "&",
        "> quote",
        "\r\nBcc: all@example.com",
        "\n",
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
        "\ud800",
        "\x1b[31m",
        "\x00",
        "{name}",
        "%s",
        "e\u0301\u0301\u0301\u0301\u0301",
        "\U000e0041",
        "한국어",
        "日本語",
        "<" * 200,
        "&" * 3001,
        "x" * 5000,
    ]
)
TEXT = st.one_of(
    st.text(max_size=40),
    st.lists(st.one_of(NASTY, st.text(max_size=10)), max_size=6).map("".join),
)
TIME = st.datetimes(
    min_value=datetime(1971, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC)
)
COUNT = st.integers(min_value=0, max_value=10**9)
SECONDS = st.one_of(st.none(), st.floats())
APPROVAL = st.builds(
    Approval,
    id=st.integers(min_value=0, max_value=2**63),
    digest=st.one_of(TEXT, st.just("a" * 64)),
    expires_at=TIME,
    proposed_by=TEXT,
    servers=st.lists(TEXT, max_size=30).map(tuple),
    what=TEXT,
    preview=TEXT,
    state=st.one_of(st.just("pending"), TEXT),
    decided_by=st.one_of(st.none(), TEXT),
    comment=TEXT,
)
STORM = st.builds(
    Storm,
    service=TEXT,
    servers=st.lists(TEXT, max_size=300).map(tuple),
    count=COUNT,
    fixed=COUNT,
    failed=COUNT,
    open=COUNT,
    waiting=COUNT,
    since=TIME,
    until=st.one_of(st.none(), TIME),
)
LINE = st.builds(
    Line,
    event_id=COUNT,
    severity=TEXT,
    service=TEXT,
    server_id=TEXT,
    status=TEXT,
    outcome=st.one_of(st.none(), TEXT),
    at=TIME,
)
DIGEST = st.builds(
    Digest,
    since=TIME,
    until=TIME,
    count=COUNT,
    fixed=COUNT,
    failed=COUNT,
    open=COUNT,
    lines=st.lists(LINE, max_size=40).map(tuple),
    quiet=st.booleans(),
)
HALT = st.builds(
    Halt, target=TEXT, reason=TEXT, called_by=TEXT, at=TIME, lifted_by=st.one_of(st.none(), TEXT)
)
TROUBLE = st.builds(Trouble, way=st.one_of(st.sampled_from(["slack", "email"]), TEXT), reason=TEXT)
STEP = st.builds(StepDone, step=TEXT, ok=st.booleans(), seconds=SECONDS)


def maybe(what: Any) -> Any:
    return st.one_of(st.none(), what)


FACTS = st.builds(
    Facts,
    kind=st.sampled_from(["event", "approval", "storm", "halt", "digest", "trouble", "odd"]),
    state=st.one_of(st.sampled_from(["opened", "held", "failed", "summary", "lifted"]), TEXT),
    severity=st.one_of(st.sampled_from(["info", "fatal"]), TEXT),
    event_id=maybe(COUNT),
    service=TEXT,
    server_id=TEXT,
    minion_id=TEXT,
    what=TEXT,
    message=TEXT,
    event_time=maybe(TIME),
    received_at=maybe(TIME),
    resolved_at=maybe(TIME),
    status=TEXT,
    outcome=maybe(TEXT),
    remedy=TEXT,
    remedy_kind=TEXT,
    steps=st.lists(STEP, max_size=40).map(tuple),
    helped=maybe(st.booleans()),
    seconds=SECONDS,
    why=TEXT,
    occurrences=COUNT,
    acknowledged_by=maybe(TEXT),
    level=COUNT,
    approval=maybe(APPROVAL),
    storm=maybe(STORM),
    halt=maybe(HALT),
    digest=maybe(DIGEST),
    trouble=maybe(TROUBLE),
    url=st.sampled_from(["", URL]),
)
LANGUAGE = st.sampled_from(["ko", "en", "ja"])
MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def is_good(card: Card) -> None:
    for part in (card.blocks, card.reply):
        assert slack_rules.problems({"text": card.text, "blocks": list(part)}) == []
    blocks = [*card.blocks, *card.reply]
    json.dumps([card.text, card.subject, card.plain, blocks], ensure_ascii=False).encode()
    seen = [card.text, card.subject, *slack_rules.texts(blocks), card.plain]
    for text in seen:
        assert not [sign for sign in text if unicodedata.category(sign) in SENT and sign != "\n"]
    assert "\n" not in card.text and "\n" not in card.subject
    assert 0 < len(card.subject) <= 150
    assert len(card.plain) < 20_000
    for one in slack_rules.objects(blocks):
        if one["type"] == "link":
            assert one["url"] == URL
        if one["type"] == "button":
            assert one["action_id"] in (cards.APPROVE, cards.REJECT)
            assert len(one["value"]) <= 255


@given(facts=FACTS, language=LANGUAGE)
@MANY
def test_a_card_of_any_facts_is_valid_within_all_limits_and_escaped(
    facts: Facts, language: str
) -> None:
    is_good(cards.render(facts, language=language))


@given(text=TEXT, language=LANGUAGE)
@MANY
def test_no_foreign_text_can_write_a_line_of_ours_into_a_letter(text: str, language: str) -> None:
    plain = Facts(kind="event", state="failed", severity="fatal", service="mysql", url=URL)
    hostile = Facts(
        kind="event",
        state="failed",
        severity="fatal",
        service="mysql",
        message=text,
        url=URL,
    )
    told = cards.render(plain, language=language).plain.split("\n")
    more = [line for line in cards.render(hostile, language=language).plain.split("\n")]
    added = [line for line in more if line not in told]
    # What it adds is quoted, but for the sentence that it was cut.
    assert all(line.startswith("> ") or URL in line for line in added)


@given(
    figures=st.builds(
        Figures,
        hours=COUNT,
        events=COUNT,
        fixed=COUNT,
        failed=COUNT,
        open=COUNT,
        by_hour=st.lists(COUNT, max_size=60).map(tuple),
        median_seconds=SECONDS,
        top_services=st.lists(st.tuples(TEXT, COUNT), max_size=12).map(tuple),
        approvals_waiting=COUNT,
        stops=COUNT,
        url=st.sampled_from(["", URL]),
    ),
    language=LANGUAGE,
)
@MANY
def test_a_card_of_any_figures_is_valid(figures: Figures, language: str) -> None:
    is_good(cards.render_stats(figures, language=language))
