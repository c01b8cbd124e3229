"""What cards say, of the facts of a real rescue, in three languages."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from devstack import slack_rules
from devstack import slack_samples as samples
from rescuebot.approvals.model import ApprovalState
from rescuebot.events.model import Outcome
from rescuebot.events.reported import Severity
from rescuebot.notices import cards
from rescuebot.notices.cards import Card, chart
from rescuebot.notices.cards.event import SIGNS
from rescuebot.notices.cards.text import lines, one_line, spoken
from rescuebot.notices.cards.words import LANGUAGES, Words
from rescuebot.notices.facts import Approval, Facts
from rescuebot.runbooks.model import SolutionKind

LETTERS_ON_A_PHONE = 1_400


def problems(card: Card) -> list[str]:
    return slack_rules.problems({"text": card.text, "blocks": list(card.blocks)})


def buttons(card: Card) -> list[dict[str, Any]]:
    return [dict(one) for one in slack_rules.objects(list(card.blocks)) if one["type"] == "button"]


def asked(**change: Any) -> Facts:
    approval = samples.ASKED.approval
    assert approval is not None
    return replace(samples.ASKED, approval=replace(approval, **change))


def test_the_catalogues_have_the_same_keys_and_names() -> None:
    korean = LANGUAGES["ko"]
    for language, words in LANGUAGES.items():
        assert list(words) == list(korean), language
        for key, sentence in words.items():
            names = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
            wanted = {name for _, name, _, _ in string.Formatter().parse(korean[key]) if name}
            assert names == wanted, f"{language}: {key}"


def test_every_state_and_outcome_that_there_is_has_a_word_in_every_language() -> None:
    wanted = [f"outcome.{one.value}" for one in Outcome]
    wanted += [f"severity.{one.value}" for one in Severity]
    wanted += [f"approval.{one.value}" for one in ApprovalState]
    wanted += [f"kind.{one.value}" for one in SolutionKind]
    wanted += [f"state.{state}" for state in [*SIGNS, "summary"]]
    assert [key for key in wanted if key not in LANGUAGES["ko"]] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("facts", samples.ALL, ids=lambda facts: f"{facts.kind}-{facts.state}")
def test_slack_takes_every_card_and_a_phone_shows_it(facts: Facts, language: str) -> None:
    card = cards.render(facts, language=language)
    assert problems(card) == []
    assert sum(len(text) for text in slack_rules.texts(list(card.blocks))) < LETTERS_ON_A_PHONE
    assert len(card.text) <= 300


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_says_what_broke_where_what_was_done_whether_it_helped_and_how_long(
    language: str,
) -> None:
    words, told = Words(language), cards.render(samples.RESCUED, language=language).plain
    for label in ("broke", "where", "done", "helped", "took"):
        assert words(f"label.{label}") in told
    for value in ("mysql", "i-0d41c9a2b7e85f316", "db-1", "prod-mysqld-down", "mysql: start it"):
        assert value in told
    assert words("helped.yes") in told
    assert words.span(4.2) in told
    assert "https://rescue.example.com/events/123" in told


def test_a_reply_tells_the_news_and_leaves_the_rest_to_the_head_of_its_thread() -> None:
    card = cards.render(samples.RESCUED, language="en")
    told = " ".join(slack_rules.texts(list(card.reply)))
    assert slack_rules.problems({"text": card.text, "blocks": list(card.reply)}) == []
    assert "Rescued" in told and "verify ✓ 0.4 s" in told and "Did it help" in told
    assert "Threshold Crossed" not in told and "Where" not in told
    asked = cards.render(samples.ASKED, language="en")
    pressed = [one for one in slack_rules.objects(list(asked.reply)) if one["type"] == "button"]
    assert [one["action_id"] for one in pressed] == [cards.APPROVE, cards.REJECT]


def test_colour_never_stands_without_a_word() -> None:
    card = cards.render(samples.FAILED, language="en")
    (heading,) = [block for block in card.blocks if block["type"] == "header"]
    assert heading["text"]["text"].startswith("❌ Not rescued")
    assert "🔴 Fatal" in card.plain


def test_what_is_held_is_not_done_and_has_taken_no_time_yet() -> None:
    facts = replace(samples.ASKED, state="held", outcome="held", seconds=7.5, approval=None)
    told = cards.render(facts, language="en").plain
    assert "Remedy  orders: remove" in told and "What was done" not in told
    assert "How long" not in told and "Outcome" not in told


def test_where_nothing_was_wrong_nobody_asks_whether_it_helped() -> None:
    over = {"state": "nothing_to_fix", "outcome": "nothing_to_fix", "helped": None}
    told = cards.render(replace(samples.RESCUED, **over), language="en").plain
    assert "Nothing to fix" in told and "Did it help" not in told


def test_the_name_of_an_alarm_is_not_said_twice() -> None:
    facts = replace(samples.OPENED, message=f"{samples.OPENED.what}: mysqld has no process.")
    assert "\n> mysqld has no process.\n" in cards.render(facts, language="en").plain


def test_a_state_that_no_card_knows_is_told_all_the_same() -> None:
    facts = replace(samples.OPENED, state="something_new", severity="odd", outcome="odd")
    card = cards.render(facts, language="xx")
    assert problems(card) == []
    assert "News: mysql" in card.plain


def test_an_approval_shows_all_that_would_run_and_two_buttons_that_ask_again() -> None:
    card = cards.render(samples.ASKED, language="en")
    yes, no = buttons(card)
    assert (yes["action_id"], no["action_id"]) == (cards.APPROVE, cards.REJECT)
    digest = "9f2c41d07ab3" + "0" * 52
    assert yes["value"] == no["value"] == f"31:{digest}"
    assert "i-0d41c9a2b7e85f316" in yes["confirm"]["text"]["text"]
    assert "    - name: /srv/orders/deploy.lock" in card.plain
    assert "What was done" not in card.plain


@pytest.mark.parametrize("state", ["approved", "rejected", "expired", "withdrawn", "spent"])
def test_an_approval_that_is_answered_has_no_buttons_and_says_by_whom(state: str) -> None:
    card = cards.render(asked(state=state, decided_by="kim", comment="no deploy"), language="en")
    assert buttons(card) == []
    assert Words("en").named("approval", state) in card.plain
    assert "kim" in card.plain and "no deploy" in card.plain


@pytest.mark.parametrize("what", ["echo one\n" * 200, "x" * 2501, "", "\u200b"])
def test_what_cannot_be_read_whole_cannot_be_approved_here(what: str) -> None:
    card = cards.render(asked(what=what), language="en")
    offered = [button["action_id"] for button in buttons(card)]
    whole = bool(what) and len(what) < 100
    assert offered == ([cards.APPROVE, cards.REJECT] if whole else [cards.REJECT])


def test_an_approver_sees_what_hides_in_a_script() -> None:
    card = cards.render(asked(what="rm -rf /tmp/a\u202e/b"), language="en")
    assert "rm -rf /tmp/a⟨U+202E⟩/b" in card.plain
    assert Words("en")("hidden") in card.plain


def test_names_that_grow_when_they_are_escaped_fit_all_the_same() -> None:
    facts = replace(asked(servers=("&" * 60,) * 9), service="<" * 60, minion_id="&" * 90)
    assert problems(cards.render(facts, language="ko")) == []


def test_a_digest_that_is_none_gets_no_buttons() -> None:
    assert buttons(cards.render(asked(digest="a b"), language="en")) == []


def test_an_approval_of_no_event_has_a_card_of_its_own() -> None:
    approval = samples.ASKED.approval
    facts = Facts(kind="approval", state="approval_asked", severity="warning", approval=approval)
    card = cards.render(facts, language="ko", url="https://rescue.example.com")
    assert problems(card) == [] and len(buttons(card)) == 2
    assert "https://rescue.example.com" in card.plain


def test_a_storm_of_two_hundred_servers_is_one_short_card() -> None:
    card = cards.render(samples.STORM, language="en")
    assert "and 195 more" in card.plain
    assert "█ fixed 118  ▓ failed 3  ░ open 79" in card.plain
    assert card.text == "🌩️ mysql: 200 events at once · fixed 118 · failed 3 · open 79"
    assert samples.STORM.storm is not None
    over = replace(samples.STORM.storm, until=samples.AT + timedelta(seconds=95))
    told = cards.render(replace(samples.STORM, state="summary", storm=over), language="en").plain
    assert "storm is over" in told and "1 min 35 s" in told


def test_a_digest_tells_the_worst_and_how_many_more() -> None:
    told = cards.render(samples.DIGEST, language="ko").plain
    assert "하루 요약: 이벤트 37건" in told and "#125" in told and "+35" in told
    assert samples.DIGEST.digest is not None
    quiet = replace(samples.DIGEST.digest, quiet=True, count=0, lines=())
    told = cards.render(replace(samples.DIGEST, digest=quiet), language="ko").plain
    assert "조용한 시간" in told and "이벤트가 없었습니다." in told


def test_a_stop_tells_who_why_and_later_who_lifted_it() -> None:
    told = cards.render(samples.HALTED, language="en").plain
    assert "Stopped: mysql" in told and "kim" in told and "Maintenance of the storage" in told
    assert samples.HALTED.halt is not None
    halt = replace(samples.HALTED.halt, lifted_by="sato")
    told = cards.render(replace(samples.HALTED, state="lifted", halt=halt), language="en").plain
    assert "Stop lifted: mysql" in told and "sato" in told


def test_an_escalation_says_that_nobody_is_on_it() -> None:
    card = cards.render(samples.ESCALATED, language="en")
    assert "Nobody has acknowledged this failure (level 1)." in card.plain
    assert card.text.startswith("📣 Nobody is on it · Fatal · redis")


def test_figures_have_a_chart_by_hour() -> None:
    for language in LANGUAGES:
        card = cards.render_stats(samples.FIGURES, language=language)
        assert problems(card) == []
        assert "▂▂▂▂▁▁▂▂▂▂▂▂▂▂▃▇█▄▃▂▂▂▂▂" in card.plain and "97.6 %" in card.plain


def test_a_bar_shows_at_least_one_letter_of_what_there_is() -> None:
    assert chart.progress(done=10_000, failed=1, open_=0) == "█" * 19 + "▓"
    assert chart.progress(done=0, failed=0, open_=0) == "░" * 20
    assert chart.progress(done=1, failed=1, open_=1).count("▓") >= 1
    assert chart.by_time((0, 1, 1000)) == "▁▂█"
    assert chart.by_time((0, 0)) == "▁▁" and chart.by_time(()) == ""


def test_a_long_message_is_cut_with_a_mark_and_a_link() -> None:
    card = cards.render(replace(samples.OPENED, message="down " * 500), language="en")
    assert re.search(
        r"[\d,]+ more letters are not shown. Read all of it in the console", card.plain
    )
    links = [one for one in slack_rules.objects(list(card.blocks)) if one["type"] == "link"]
    assert len(links) == 2 and {one["url"] for one in links} == {samples.OPENED.url}


def test_without_an_address_of_the_console_there_is_no_link() -> None:
    for url in ("", "javascript:alert(1)", "https://a b", "https://a|b", "https://a>b", "/events"):
        card = cards.render(replace(samples.OPENED, url=url), language="en")
        assert all(one["type"] != "link" for one in slack_rules.objects(list(card.blocks)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\tc\r\nd", "a b c d"),
        ("abc\u202edef\u200bghi", "abcdefghi"),
        ("\ud800x", "x"),
        ("\u3164 \u2800", ""),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 3),
        ("x" * 20, "xxxxxxxxx…"),
    ],
)
def test_a_line_holds_nothing_that_hides_or_breaks_it(text: str, shown: str) -> None:
    assert one_line(text, 10) == shown


def test_a_notification_has_no_mentions_no_emoji_and_no_bold() -> None:
    hostile = "<!channel> <@U1> *b* _i_ ~s~ `c` :tada: @here #general a_b & > x"
    told = spoken(hostile, 200)
    assert told == (
        "&lt;!channel&gt; &lt;＠U1&gt; ∗b∗ ＿i＿ ∼s∼ ʼcʼ ：tada: ＠here ＃general a_b &amp; &gt; x"
    )


def test_lines_are_kept_as_they_are_and_counted_when_they_are_cut() -> None:
    assert lines("a\n  b\n\tc", 100, most_lines=5).text == "a\n  b\n    c"
    cut = lines("1\n2\n3\n4", 100, most_lines=2)
    assert cut.text == "1\n2\n…" and cut.left_out > 0


def test_a_span_is_said_as_people_say_it() -> None:
    words = Words("ko")
    assert [
        words.span(seconds) for seconds in (0.42, 42, 75, 7_380, 180_000, -1, float("nan"))
    ] == [
        "0.4초",
        "42초",
        "1분 15초",
        "2시간 3분",
        "2일 2시간",
        "0.0초",
        "0.0초",
    ]


def test_an_approval_of_one_kind_has_one_value() -> None:
    approval = samples.ASKED.approval
    assert isinstance(approval, Approval)
    assert cards.value_of(approval).split(":") == [str(approval.id), approval.digest]
