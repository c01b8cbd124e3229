"""The epilogue of the demo: what people were told in Slack, as Slack's double kept it.

Invariant: what is shown and counted comes from the messages that were posted and from the ledger,
none of it from what was meant to be told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from devstack import slack_picture
from devstack.acts import Stage
from devstack.errors import WorldError
from devstack.slack import SlackDouble
from devstack.slack_kept import Kept
from devstack.slack_picture import Phone
from rescuebot.events.model import CloudWatchEvent, Outcome
from rescuebot.notices.model import Notice, NoticeStatus

CHANNEL = "C0RESCUE"
NAME = "rescue"
_PATIENCE = 60.0
_SEVERITIES = ["info", "warning", "critical", "fatal"]
_PHONE = 12  # messages that are fit to be looked at
# Of a message, as the demo retells it.
_HEAD, _REPLY, _LINE = 3, 5, 84


def settings(slack: SlackDouble, *, language: str = "en", url: str = "") -> dict[str, Any]:
    """What a world's ``rescue:`` block needs, so that its people are told through this double.

    Without `url` the cards lead to the API of the world, if it has one.
    """
    if CHANNEL not in slack.channels:
        slack.add_channel(CHANNEL)
    return {
        "slack": {
            "api_url": slack.api_url,
            "bot_token": slack.token,
            "signing_secret": slack.signing_secret,
        },
        "notices": {
            "language": language,
            **({"url": url} if url else {}),
            "channels": {
                NAME: {"severities": _SEVERITIES, "ways": ["slack"], "slack_channel": CHANNEL}
            },
        },
    }


def what_people_were_told(
    slack: SlackDouble, *, language: str = "en", picture: Path | None = None
) -> Callable[[Stage], None]:
    """The act. With `picture` the channel is also drawn as a phone shows it."""

    def act(stage: Stage) -> None:
        say = stage.narrator
        say.title("Epilogue: what people were told in Slack")
        _wait_for_the_outbox(stage)
        messages = slack.messages(CHANNEL)
        for head in (one for one in messages if one.thread_ts is None):
            _tell(stage, head, [one for one in messages if one.thread_ts == head.ts])
        _check(stage, slack)
        if picture is not None:
            _draw(stage, messages, picture, language)

    return act


def news(slack: SlackDouble, *, after: int) -> list[str]:
    """The lines by which people are called, of all messages after the first so many."""
    return [_unescaped(one.text) for one in slack.messages(CHANNEL)[after:]]


def words_of(kept: Kept) -> list[str]:
    """A message as lines of text."""
    found: list[str] = []
    for block in kept.blocks:
        found += _lines(block)
    return found or [kept.text]


def _wait_for_the_outbox(stage: Stage) -> None:
    """Until the tracker has sent all that it had to tell."""
    ledger = stage.world.ledger()
    waiting = select(func.count(Notice.id)).where(Notice.status == NoticeStatus.PENDING)

    def empty() -> bool:
        with ledger.reading() as session:
            return session.scalar(waiting) == 0

    try:
        words = "all notices have been sent"
        tail = stage.world.master.daemon.tail
        stage.narrator.while_waiting(empty, seconds=_PATIENCE, what=words, explain=tail)
    finally:
        ledger.dispose()


def _tell(stage: Stage, head: Kept, replies: list[Kept]) -> None:
    say = stage.narrator
    title, *rest = words_of(head)[:_HEAD]
    say.blank()
    say.say(title, colour="bold")
    say.lines("\n".join(map(_cut, rest)))
    for reply in replies:
        first, *more = map(_cut, words_of(reply)[:_REPLY])
        say.lines("\n".join([f"↳ {first}", *(f"  {line}" for line in more)]))


def _check(stage: Stage, slack: SlackDouble) -> None:
    messages = slack.messages(CHANNEL)
    told = Counter(_notice_of(one) for one in messages)
    heads = [one for one in messages if one.thread_ts is None]
    stage.narrator.blank()
    words = f"threads: {len(heads)}, messages: {len(messages)}, one for each notice"
    stage.expect(bool(messages) and set(told.values()) == {1} and None not in told, words)
    _check_rescues(stage, set(told))
    refused = [call for call in slack.calls if call.answer != "ok"]
    words = (
        f"Slack would have taken all of them: {len(refused)} of {len(slack.calls)} calls refused"
    )
    stage.expect(not refused, words)
    changed = sum(one.versions > 1 for one in heads)
    words = f"their first messages were kept up to date: {changed} were changed later"
    stage.expect(changed > 0, words)
    stage.summary.append(f"Slack: {len(messages)} messages, first ones of a thread: {len(heads)}")


def _check_rescues(stage: Stage, posted: set[object]) -> None:
    """Each event that was fixed has one thread, which says so once."""
    ledger = stage.world.ledger()
    try:
        with ledger.reading() as session:
            fixed = select(CloudWatchEvent.id).where(CloudWatchEvent.outcome == Outcome.FIXED)
            rescues = set(session.scalars(fixed))
            rows = session.execute(select(Notice.uuid, Notice.event_id, Notice.state))
            told = Counter((event_id, state) for uuid, event_id, state in rows if uuid in posted)
    finally:
        ledger.dispose()
    wrong = sorted(
        event_id
        for event_id in rescues
        if not told[event_id, "opened"] == told[event_id, "rescued"] == 1
    )
    words = f"each of {len(rescues)} rescues was told once, in a thread of its own"
    stage.expect(not wrong, f"{words}; not so: {wrong}" if wrong else words)


def _draw(stage: Stage, messages: list[Kept], picture: Path, language: str) -> None:
    """The picture is a treat: a machine without a browser shows the demo all the same."""
    phone = Phone(channel=NAME, language=language, messages=_latest(messages))
    try:
        slack_picture.take([phone], picture)
    except (ImportError, OSError, WorldError) as error:
        stage.narrator.say(f"No picture was taken ({type(error).__name__}).")
    else:
        stage.narrator.say(f"As a phone shows it: {picture}")


def _latest(messages: list[Kept]) -> list[Kept]:
    """The latest threads, whole, as many as one looks at."""
    chosen: list[Kept] = []
    for head in reversed([one for one in messages if one.thread_ts is None]):
        thread = [one for one in messages if head.ts in (one.ts, one.thread_ts)]
        if chosen and len(chosen) + len(thread) > _PHONE:
            break
        chosen = thread + chosen
    return chosen


def _notice_of(kept: Kept) -> object:
    return (kept.metadata or {}).get("event_payload", {}).get("notice")


def _lines(block: Mapping[str, Any]) -> Iterator[str]:
    if block["type"] == "rich_text":
        for element in block["elements"]:
            text = "".join(_inline(one) for one in element["elements"])
            yield from text.split("\n")
    elif block["type"] == "actions":
        yield "  ".join(f"[{one['text']['text']}]" for one in block["elements"])
    elif "text" in block:
        text = str(block["text"]["text"])
        yield _unescaped(text)


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _cut(line: str) -> str:
    return line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"


def _inline(one: Mapping[str, Any]) -> str:
    if one["type"] == "date":
        return str(one["fallback"])
    return str(one.get("text") or one.get("url") or "")
