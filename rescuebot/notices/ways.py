"""The ways to people: Slack's Web API, SNS, e-mail, at last the log. Plain letters in.

Invariant: a letter that may have been posted before is looked for first, where a way can be asked;
what a way raises is DeliveryRefused (never) or DeliveryUnavailable (wait).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import jsonschema

from rescuebot.adapters.ses import Mail
from rescuebot.adapters.slack import Workspace
from rescuebot.adapters.sns import Topics
from rescuebot.errors import DeliveryRefused, DeliveryUnavailable, RescueError
from rescuebot.logs import logger
from rescuebot.settings import Settings
from rescuebot.settings.notices import ChannelSettings, NoticeSettings

log = logger(__name__)

# Of what goes through SNS. The Lambda that takes it has the same file.
SCHEMA: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("message.schema.json").read_text(encoding="utf-8")
)


class Card(Protocol):
    """What a letter says: the line for notifications, Block Kit, and what an e-mail holds."""

    @property
    def text(self) -> str:
        """The line that stands for it."""

    @property
    def blocks(self) -> Sequence[Mapping[str, Any]]:
        """Block Kit."""

    @property
    def reply(self) -> Sequence[Mapping[str, Any]]:
        """The news alone, below a first message that shows the rest; empty where there is none."""

    @property
    def subject(self) -> str:
        """Of an e-mail."""

    @property
    def plain(self) -> str:
        """The text of an e-mail."""


class Posted(NamedTuple):
    """A message that is there: the place (a channel, a topic) and its name in it."""

    place: str
    reference: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One notice, ready to be sent.

    `thread` is the first message of its thread and `head` what that is to say from now on;
    `question` is the message that asked what this one answers. `quietly` says that nobody is to be
    told anew. `again` says that it may have been posted already, since `since`.
    """

    notice: str
    thread_key: str
    state: str
    severity: str
    language: str
    channel: ChannelSettings
    card: Card
    head: Card
    since: datetime
    thread: Posted | None = None
    question: Posted | None = None
    quietly: bool = False
    again: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What became of a letter: posted, found, updated, partly (some addresses) or not_needed."""

    code: str
    posted: Posted = Posted("", "")
    begins_thread: bool = False


Way = Callable[[Letter], Sent]
Blocks = Sequence[Mapping[str, Any]]


def build(settings: Settings) -> dict[str, Way]:
    """The ways that are set up, by name. What they need of the network is asked for when used."""
    slack, notices = settings.slack, settings.notices
    found: dict[str, Way] = {"log": to_log}
    if slack.bot_token is not None:
        workspace = Workspace(
            slack.bot_token.get_secret_value(),
            base_url=slack.api_url,
            timeout_seconds=slack.timeout_seconds,
        )
        found["slack"] = lambda letter: by_slack(letter, workspace)
    used = {way for channel in notices.channels.values() for way in channel.ways}
    if "sns" in used:
        topics = Topics(settings.aws)
        found["sns"] = lambda letter: by_sns(letter, topics, notices)
    if "email" in used:
        mail = Mail(settings.aws)
        found["email"] = lambda letter: by_mail(letter, mail, notices)
    return found


def by_slack(letter: Letter, workspace: Workspace) -> Sent:
    """Begin a thread; or bring its first message up to date and reply to it."""
    if letter.thread is None:
        if letter.quietly:
            return Sent(code="not_needed")
        place = letter.channel.slack_channel or ""
        code, reference = _posted(letter, workspace, place, None, letter.card.blocks)
        return Sent(code=code, posted=Posted(place, reference), begins_thread=True)
    # The first message shows all; below it the news is enough, as long as it is there.
    news = letter.card.reply or letter.card.blocks
    if letter.question == letter.thread:
        _update(letter.thread, letter.card.text, letter.card.blocks, workspace)
    else:
        if not _update(letter.thread, letter.head.text, letter.head.blocks, workspace):
            news = letter.card.blocks
        if letter.question is not None:
            _update(letter.question, letter.card.text, news, workspace)
    if letter.quietly:
        return Sent(code="updated", posted=letter.thread)
    place = letter.thread.place
    code, reference = _posted(letter, workspace, place, letter.thread.reference, news)
    return Sent(code=code, posted=Posted(place, reference))


def _posted(
    letter: Letter, workspace: Workspace, place: str, thread: str | None, blocks: Blocks
) -> tuple[str, str]:
    """Post it, unless it is there already."""
    found = _found(letter, workspace, place, thread) if letter.again else None
    if found is not None:
        return "found", found
    reference = workspace.post(
        channel=place,
        text=letter.card.text,
        blocks=blocks,
        notice=letter.notice,
        thread=thread,
    )
    return "posted", reference


def _found(letter: Letter, workspace: Workspace, place: str, thread: str | None) -> str | None:
    try:
        return workspace.find(
            channel=place, notice=letter.notice, since=letter.since, thread=thread
        )
    except DeliveryRefused as error:
        # A bot that may not read can still post. Told twice is better than not at all.
        log.warning("notice_not_looked_for", notice=letter.notice, reason=error.reason)
        return None


def _update(where: Posted, text: str, blocks: Blocks, workspace: Workspace) -> bool:
    """Change a message; False where it is gone. That must not keep the news back."""
    try:
        workspace.update(channel=where.place, ref=where.reference, text=text, blocks=blocks)
    except DeliveryRefused as error:
        log.warning("message_not_updated", place=where.place, reason=error.reason)
        return False
    return True


def by_sns(letter: Letter, topics: Topics, settings: NoticeSettings) -> Sent:
    """Publish to the topic of its severity, behind which a Lambda posts to a webhook."""
    if letter.quietly:
        return Sent(code="not_needed")
    arns: Mapping[Any, str] = {**settings.topics, **letter.channel.topics}
    arn = arns.get(letter.severity)
    if arn is None:
        raise DeliveryRefused("There is no topic for this severity.", reason="no_topic")
    message = {
        "version": 1,
        "notice": letter.notice,
        "severity": letter.severity,
        "language": letter.language,
        "text": letter.card.text,
        "blocks": [dict(block) for block in letter.card.blocks],
        "thread_key": letter.thread_key,
        "state": letter.state,
    }
    try:
        jsonschema.validate(message, SCHEMA)
    except jsonschema.ValidationError:
        raise DeliveryRefused("The message is not of its schema.", reason="schema") from None
    attributes = {"severity": letter.severity, "state": letter.state}
    reference = topics.publish(
        arn=arn,
        subject=letter.card.subject,
        message=message,
        lines=letter.card.plain,
        attributes=attributes,
    )
    return Sent(code="posted", posted=Posted(arn.rpartition(":")[2], reference))


def by_mail(letter: Letter, mail: Mail, settings: NoticeSettings) -> Sent:
    """Send it to each address; one that takes it is enough, because all of it comes again else."""
    if letter.quietly:
        return Sent(code="not_needed")
    taken: list[str] = []
    trouble: RescueError | None = None
    for address in letter.channel.email:
        try:
            taken.append(
                mail.send(
                    sender=settings.sender or "",
                    to=address,
                    subject=letter.card.subject,
                    text=letter.card.plain,
                )
            )
        except (DeliveryRefused, DeliveryUnavailable) as error:
            trouble = error
    if not taken:
        raise trouble or DeliveryRefused("There is no address.", reason="no_address")
    code = "posted" if trouble is None else "partly"
    return Sent(code=code, posted=Posted(f"{len(taken)} addresses", taken[0]))


def to_log(letter: Letter) -> Sent:
    """The last way, which is always there. The words stay out: they are foreign."""
    if letter.quietly:
        return Sent(code="not_needed")
    log.error(
        "notice_only_logged",
        notice=letter.notice,
        thread=letter.thread_key,
        state=letter.state,
        severity=letter.severity,
    )
    return Sent(code="posted", posted=Posted("log", ""))
