"""What is asked for in Slack: as the person of that id, in their role of now, and once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from rescuebot import admitting, chatops
from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.audit import service as audit
from rescuebot.chatops import Reply
from rescuebot.database import Contention, Database
from rescuebot.errors import Conflict, Invalid, Unauthorized
from rescuebot.events.model import CloudWatchEvent
from rescuebot.guard.model import Halt
from rescuebot.notices.cards import APPROVE, REJECT
from rescuebot.people.roles import Role
from rescuebot.runbooks.model import RunbookMode
from rescuebot.settings import Settings
from tests import factories
from tests.conftest import open_database
from tests.factories import NO_GUARD
from tests.integration.test_people import a_user
from tests.integration.test_remediation import an_event, handle

SETTINGS = Settings(guard=NO_GUARD)
IDS = {Role.VIEWER: "U0VIEWER", Role.OPERATOR: "U0OPERATOR", Role.ADMIN: "U0ADMIN"}


@pytest.fixture
def people(database: Database) -> Database:
    """A ledger with a person of each role whom Slack knows, and one whom it does not."""
    for role, slack_id in IDS.items():
        a_user(database, role.value, role=role, locale="ja", must_change_password=False)
        admitting.alter(role.value, slack_id=slack_id, actor="tests", database=database)
    a_user(database, "unlinked", role="admin", must_change_password=False)
    return database


def about(database: Database) -> dict[str, Any]:
    """What a request is answered from, a minute after all that happens here."""
    return {
        "database": database,
        "settings": SETTINGS,
        "now": lambda: factories.NOW + timedelta(minutes=1),
    }


def say(database: Database, text: str, who: str = IDS[Role.OPERATOR]) -> Reply:
    return chatops.obey(text, slack_id=who, **about(database))


def press(database: Database, action: str, value: str, who: str = IDS[Role.OPERATOR]) -> Reply:
    return chatops.press(action, value, slack_id=who, **about(database))


def approval(database: Database) -> Approval:
    """The question of a runbook that asks, which `tests` has written."""
    factories.a_server(database)
    factories.a_runbook(database, mode=RunbookMode.ASK)
    event_id = an_event(database)
    assert handle(database, event_id) == {"held": 1}
    return asked(database)


def asked(database: Database) -> Approval:
    with database.reading() as session:
        return session.scalars(select(Approval)).one()


def halts(database: Database) -> list[Halt]:
    with database.reading() as session:
        return list(session.scalars(select(Halt).where(Halt.lifted_at.is_(None))))


def audited(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        found = audit.list_(session=session, limit=50)
    return [(entry.actor, entry.action) for entry in found if entry.actor != "tests"]


def refusal(reply: Reply) -> Any:
    assert reply.kind == "refused"
    return reply.told


def test_a_button_approves_what_it_was_beneath_as_the_person_who_pressed_it(
    people: Database,
) -> None:
    found = approval(people)
    reply = press(people, APPROVE, f"{found.id}:{found.digest}")
    assert (reply.kind, reply.told) == ("approved", {"what": str(found.id), "by": "slack:operator"})
    assert reply.language == "ja"
    assert (asked(people).state, asked(people).decided_by) == (
        ApprovalState.APPROVED,
        "slack:operator",
    )
    assert audited(people) == [("slack:operator", "approval_approved")]


def test_a_button_beneath_something_else_does_nothing(people: Database) -> None:
    found = approval(people)
    for action in (APPROVE, REJECT):
        assert isinstance(refusal(press(people, action, f"{found.id}:{'0' * 64}")), Conflict)
    assert asked(people).state is ApprovalState.PENDING


@pytest.mark.parametrize(
    ("action", "value"),
    [
        (APPROVE, ""),
        (APPROVE, "1"),
        (APPROVE, "1:abc"),
        (APPROVE, f"0:{'0' * 64}"),
        (APPROVE, f"1:{'0' * 64}\n"),
        (APPROVE, f"9999999999:{'0' * 64}"),
        ("resume", f"1:{'0' * 64}"),
        ("__class__", f"1:{'0' * 64}"),
    ],
)
def test_a_button_that_is_none_of_ours_is_told_so(
    people: Database, action: str, value: str
) -> None:
    assert isinstance(refusal(press(people, action, value)), Invalid)


def test_approving_without_a_digest_only_shows_what_would_run(people: Database) -> None:
    found = approval(people)
    reply = say(people, f"approve {found.id}")
    assert reply.kind == "approval" and reply.told.approval.digest == found.digest
    assert asked(people).state is ApprovalState.PENDING
    assert say(people, f"approve #{found.id} {found.digest[:12]} looks good").kind == "approved"
    assert asked(people).comment == "looks good"


def test_rejecting_needs_no_digest_and_keeps_its_reason(people: Database) -> None:
    found = approval(people)
    assert say(people, f"reject {found.id} not during the sale").kind == "rejected"
    assert (asked(people).state, asked(people).comment) == (
        ApprovalState.REJECTED,
        "not during the sale",
    )


def test_who_proposed_it_does_not_approve_it_in_slack_either(people: Database) -> None:
    found = approval(people)
    admitting.alter("operator", slack_id=None, actor="tests", database=people)
    a_user(people, "tests", role="operator", must_change_password=False)
    admitting.alter("tests", slack_id=IDS[Role.OPERATOR], actor="x", database=people)
    settings = Settings(guard=NO_GUARD.model_copy(update={"four_eyes": True}))
    reply = chatops.press(
        APPROVE,
        f"{found.id}:{found.digest}",
        slack_id=IDS[Role.OPERATOR],
        **{**about(people), "settings": settings},
    )
    assert "has proposed this" in refusal(reply).message


def test_a_halt_and_its_end(people: Database) -> None:
    reply = say(people, "halt service:mysql a bad release")
    assert (reply.kind, reply.told) == (
        "halted",
        {"what": "service:mysql", "by": "slack:operator"},
    )
    (halt,) = halts(people)
    assert (halt.target, halt.reason) == ("service:mysql", "a bad release")
    assert say(people, "halt all everything burns").told["what"] == "*"
    assert say(people, "RESUME all").kind == "resumed"
    assert say(people, "resume service:mysql").kind == "resumed"
    assert halts(people) == []


@pytest.mark.parametrize(
    "text",
    [
        "halt",
        "halt service:mysql",
        "halt everything now",
        "halt <!channel> now",
        "resume",
        "resume nothing",
        "approve",
        "approve x",
        "approve 1 2 3",
        "reject -1",
        "ack",
        "ack 99",
        "event",
        "event 99",
        "event 1; DROP TABLE user",
        "event ١",
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(people: Database, text: str) -> None:
    assert refusal(say(people, text)).message
    assert halts(people) == []


def test_a_stranger_sees_counts_and_nothing_else(people: Database) -> None:
    factories.a_server(people)
    for text in ("stats", "help", "", "nonsense"):
        assert say(people, text, "U0NOBODY").kind in ("stats", "help")
    for text in ("events", "event 1", "approve 1", "reject 1", "halt all x", "resume all"):
        reply = say(people, text, "U0NOBODY")
        assert (reply.kind, reply.told, reply.language) == ("stranger", "U0NOBODY", "")
    assert press(people, APPROVE, f"1:{'0' * 64}", "U0NOBODY").kind == "stranger"


@pytest.mark.parametrize("text", ["approve 1", "reject 1", "halt all x", "resume all"])
def test_a_viewer_only_looks(people: Database, text: str) -> None:
    assert refusal(say(people, text, IDS[Role.VIEWER])).code == "forbidden"
    assert say(people, "events", IDS[Role.VIEWER]).kind == "events"


def test_whoever_is_disabled_or_owes_a_password_is_let_in_no_further(people: Database) -> None:
    admitting.alter("operator", disabled=True, actor="tests", database=people)
    assert say(people, "halt all x").kind == "stranger"
    admitting.alter("operator", disabled=False, actor="tests", database=people)
    assert say(people, "halt all x").kind == "halted"
    admitting.set_password("operator", actor="tests", database=people)
    assert refusal(say(people, "resume all")).code == "forbidden"


def test_the_role_is_that_of_now(people: Database) -> None:
    admitting.alter("operator", role="viewer", actor="tests", database=people)
    assert refusal(say(people, "halt all x")).code == "forbidden"


def test_events_are_listed_by_what_one_says(people: Database) -> None:
    event_id = an_event(people)
    with people.reading() as session:
        service = session.get_one(CloudWatchEvent, event_id).service_type
        severity = session.get_one(CloudWatchEvent, event_id).severity
    for word in ("", "open", "new", service, severity):
        rows = say(people, f"events {word}").told
        assert [row.event_id for row in rows] == [event_id], word
    for word in ("failed", "info", "no-such-service", "%", "'--"):
        assert say(people, f"events {word}").told == []
    assert say(people, f"event {event_id}").told.event_id == event_id


def test_who_acknowledges_an_event_is_noted_by_name(people: Database) -> None:
    event_id = an_event(people)
    reply = say(people, f"ack {event_id} on it")
    assert (reply.kind, reply.told) == (
        "acknowledged",
        {"what": str(event_id), "by": "slack:operator"},
    )
    with people.reading() as session:
        assert session.get_one(CloudWatchEvent, event_id).acknowledged_by == "slack:operator"
    assert refusal(say(people, "ack 99")).code == "not_found"


def test_nobody_is_two_people_in_slack(people: Database) -> None:
    with pytest.raises(Conflict):
        admitting.alter("viewer", slack_id=IDS[Role.ADMIN], actor="tests", database=people)
    for wrong in ("kim", "u0abcdef", "U0", "U0ABC DEF", "X0ABCDEF", "U" + "A" * 30, ""):
        with pytest.raises(Invalid):
            admitting.alter("viewer", slack_id=wrong, actor="tests", database=people)


def test_the_same_request_is_answered_once_however_many_send_it(people: Database) -> None:
    def one(number: int) -> str:
        own = open_database(people.url.render_as_string(hide_password=False))
        try:
            chatops.require_first("v0=abc", b"text=stats", database=own)
        except (Unauthorized, Contention) as error:
            return error.code
        finally:
            own.dispose()
        return "first"

    with ThreadPoolExecutor(4) as pool:
        became = list(pool.map(one, range(8)))
    assert became.count("first") == 1
    with pytest.raises(Unauthorized):
        chatops.require_first("v0=abc", b"text=stats", database=people)
    chatops.require_first("v0=abd", b"text=stats", database=people)
