"""From queue messages to events, on both databases."""

from __future__ import annotations

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from devstack import alarms
from rescuebot import intake
from rescuebot.adapters.cloudwatch import AlarmDescription
from rescuebot.adapters.sqs import QueueMessage
from rescuebot.database import Database
from rescuebot.audit import service as audit
from rescuebot.errors import Conflict, DatabaseUnavailable, NotFound, Unreadable
from rescuebot.events import dead_letters
from rescuebot.events import service as events
from rescuebot.events.model import (
    CloudWatchEvent,
    DeadLetter,
    EventOccurrence,
    EventStatus,
    Outcome,
)
from rescuebot.guard import service as decisions
from rescuebot.settings import IntakeSettings
from tests import factories
from tests.conftest import SHAPES, open_database
from tests.factories import NOW, SERVER, message

SETTINGS = IntakeSettings()


def receive(database: Database, *messages: QueueMessage, **options: Any) -> intake.Receipt:
    options.setdefault("now", lambda: NOW)
    return intake.receive(messages, database=database, settings=SETTINGS, **options)


def all_events(database: Database) -> list[CloudWatchEvent]:
    with database.reading() as session:
        return list(session.scalars(select(CloudWatchEvent).order_by(CloudWatchEvent.id)))


def count(database: Database, table: Any) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_message_becomes_an_event_and_a_hint_of_its_id(database: Database) -> None:
    sent = message()
    receipt = receive(database, sent)
    (event,) = all_events(database)
    assert receipt.done == (sent.handle,)
    assert receipt.hints == (
        intake.Hint(tag="rescue/event/ec2/process_down", event_ids=(event.id,)),
    )
    assert (event.server_id, event.service_type, event.event_type) == (
        SERVER,
        "mysql",
        "process_down",
    )
    assert (event.status, event.occurrences, event.outcome) == (EventStatus.NEW, 1, None)
    assert event.last_seen_at == event.event_time == NOW - timedelta(seconds=20)


def test_a_redelivered_message_is_not_even_counted(database: Database) -> None:
    sent = message()
    receive(database, sent)
    again = receive(database, sent, sent)
    (event,) = all_events(database)
    assert event.occurrences == 1
    assert again.hints == () and again.done == (sent.handle, sent.handle)


def test_the_same_event_in_two_messages_is_one_event(database: Database) -> None:
    body = alarms.process_down(SERVER, time=NOW)
    receive(database, message(body))
    receive(database, message(alarms.sns_wrapped(body)))
    (event,) = all_events(database)
    assert event.occurrences == 1


def test_the_same_server_and_type_within_five_minutes_is_counted_on_the_first_row(
    database: Database,
) -> None:
    times = [NOW, NOW + timedelta(minutes=4, seconds=59), NOW - timedelta(minutes=3)]
    for at in times:
        receive(database, message(time=at))
    (event,) = all_events(database)
    assert event.occurrences == 3
    assert event.event_time == NOW
    assert event.last_seen_at == NOW + timedelta(minutes=4, seconds=59)
    assert count(database, EventOccurrence) == 3


def test_after_five_minutes_it_is_another_event(database: Database) -> None:
    receive(database, message(time=NOW))
    receipt = receive(database, message(time=NOW + timedelta(minutes=5, seconds=1)))
    assert len(all_events(database)) == 2
    assert len(receipt.hints) == 1


def test_another_server_service_or_type_is_another_event(database: Database) -> None:
    receive(database, message(), message(server_id="i-0bbbbbbbbbbbbbbbb"), message(exe="nginx"))
    assert len({(e.server_id, e.service_type) for e in all_events(database)}) == 3


def test_a_repeat_of_a_counted_repeat_is_not_counted_again(database: Database) -> None:
    second = message(time=NOW)
    receive(database, message(time=NOW - timedelta(minutes=1)), second)
    receive(database, second)
    (event,) = all_events(database)
    assert event.occurrences == 2


def test_an_alarm_raised_after_its_predecessor_was_dealt_with_is_a_new_event(
    database: Database,
) -> None:
    receive(database, message(time=NOW))
    (first,) = all_events(database)
    with database.transaction() as session:
        events.claim(session=session, event_id=first.id, owner="t", now=NOW)
        events.end(
            session=session,
            event_id=first.id,
            status=EventStatus.RESOLVED,
            outcome=Outcome.FIXED,
            now=NOW + timedelta(seconds=5),
        )
    receive(database, message(time=NOW + timedelta(seconds=4)))
    assert all_events(database)[0].occurrences == 2, "raised before the fix: a repeat"
    receive(database, message(time=NOW + timedelta(minutes=2)))
    assert [event.status for event in all_events(database)] == [
        EventStatus.RESOLVED,
        EventStatus.NEW,
    ]


def test_many_engines_at_once_and_out_of_order_make_one_event(database: Database) -> None:
    body = [alarms.process_down(SERVER, time=NOW + timedelta(seconds=n)) for n in range(40)]
    sent = [message(text) for text in body]
    redelivered = sent + random.Random(7).sample(sent, 20)
    random.Random(8).shuffle(redelivered)
    url = database.url.render_as_string(hide_password=False)
    gate = threading.Barrier(4)

    def engine(number: int) -> None:
        own = open_database(url)
        gate.wait()
        for one in redelivered[number::4]:
            receive(own, one)
        own.dispose()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(engine, range(4)))
    (event,) = all_events(database)
    assert event.occurrences == 40
    assert event.last_seen_at == NOW + timedelta(seconds=39)


def test_two_engines_with_batches_of_the_same_servers_in_opposite_order_both_finish(
    database: Database,
) -> None:
    servers = [f"i-{n:017x}" for n in range(10)]
    url = database.url.render_as_string(hide_password=False)

    def engine(order: list[str]) -> None:
        own = open_database(url)
        for _ in range(10):
            receive(own, *[message(server_id=name) for name in order])
        own.dispose()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(engine, [servers, servers[::-1]]))
    found = all_events(database)
    assert len(found) == 10
    assert {event.occurrences for event in found} == {20}


def test_ok_closes_what_has_not_begun(database: Database) -> None:
    receive(database, message(time=NOW))
    receipt = receive(database, message(state="OK", time=NOW + timedelta(seconds=30)))
    (event,) = all_events(database)
    assert receipt.hints == ()
    assert (event.status, event.outcome) == (EventStatus.RESOLVED, Outcome.RECOVERED)
    assert event.recovered_at == NOW + timedelta(seconds=30)
    with database.reading() as session:
        words = [d.words for d in decisions.list_for_event(session=session, event_id=event.id)]
    assert any("returned to OK" in text for text in words)


def test_ok_leaves_what_is_being_run_to_its_verification(database: Database) -> None:
    receive(database, message(time=NOW))
    with database.transaction() as session:
        events.claim(session=session, event_id=all_events(database)[0].id, owner="t", now=NOW)
    receive(database, message(state="OK", time=NOW + timedelta(seconds=30)))
    (event,) = all_events(database)
    assert event.status is EventStatus.PROCESSING
    assert event.recovered_at == NOW + timedelta(seconds=30)


def test_ok_without_an_alarm_is_kept_for_information_and_opens_nothing(database: Database) -> None:
    receipt = receive(database, message(state="OK", time=NOW))
    (event,) = all_events(database)
    assert receipt.hints == ()
    assert (event.severity, event.status, event.outcome) == ("info", "resolved", "recovered")


@pytest.mark.parametrize("seconds", [-60, 60])
def test_an_alarm_beside_a_lone_ok_is_never_swallowed_by_it(
    database: Database, seconds: int
) -> None:
    receive(database, message(state="OK", time=NOW))
    receipt = receive(database, message(time=NOW + timedelta(seconds=seconds)))
    assert len(receipt.hints) == 1
    assert all_events(database)[1].status is EventStatus.NEW


def test_an_alarm_without_data_is_kept_and_opens_nothing(database: Database) -> None:
    receipt = receive(database, message(state="INSUFFICIENT_DATA"))
    (event,) = all_events(database)
    assert receipt.hints == ()
    assert (event.status, event.outcome) == (EventStatus.RESOLVED, Outcome.SUPPRESSED)
    assert len(receive(database, message()).hints) == 1


def test_what_cannot_be_understood_becomes_a_dead_letter_once_and_leaves_the_queue(
    database: Database,
) -> None:
    bad = [message("{"), message("[]"), message('{"hello": "world"}'), message("한" * 10)]
    for _ in range(2):
        receipt = receive(database, *bad, message())
        assert set(receipt.done) >= {one.handle for one in bad}
        assert receipt.buried == 4
    assert count(database, DeadLetter) == 4
    assert [event.occurrences for event in all_events(database)] == [2]
    with database.reading() as session:
        letters = session.scalars(select(DeadLetter).order_by(DeadLetter.id)).all()
    assert [letter.body for letter in letters] == [one.body for one in bad]
    assert all(letter.reason and letter.detail for letter in letters)


@pytest.mark.parametrize("path", sorted((SHAPES / "poison").glob("*")), ids=lambda path: path.name)
def test_poison_ends_as_an_event_or_a_dead_letter(sqlite: Database, path: Any) -> None:
    body = path.read_bytes().decode("utf-8", errors="surrogateescape")
    receipt = receive(sqlite, message(body), message())
    assert len(receipt.done) == 2
    assert count(sqlite, DeadLetter) + len(receipt.recorded) == 2


@pytest.mark.parametrize(
    "path", sorted(SHAPES.glob("*.json")), ids=lambda path: path.name.removesuffix(".json")
)
def test_every_known_shape_can_be_stored(database: Database, path: Any) -> None:
    receipt = receive(database, message(path.read_text()))
    assert len(receipt.recorded) >= 1 and receipt.buried == 0


def composite(children: list[str]) -> dict[str, Any]:
    body = json.loads((SHAPES / "alarm_composite.json").read_text())
    arn = "arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:"
    triggering = [{"arn": arn + name, "state": {"value": "ALARM"}} for name in children]
    body["detail"]["state"]["reasonData"] = json.dumps({"triggeringAlarms": triggering})
    return dict(body)


def test_a_composite_alarm_is_resolved_to_its_children_by_cloudwatch(database: Database) -> None:
    asked: list[Any] = []

    def describe(names: Any) -> list[AlarmDescription]:
        asked.append(list(names))
        return [
            AlarmDescription(
                name="rescue-prod-mysql-down",
                in_alarm=True,
                namespace="CWAgent",
                metric="procstat_lookup_pid_count",
                dimensions={"InstanceId": SERVER, "exe": "mysqld"},
            )
        ]

    receive(database, message(composite(["rescue-prod-mysql-down"])), describe=describe)
    (event,) = all_events(database)
    assert asked == [["rescue-prod-mysql-down"]]
    assert (event.server_id, event.service_type, event.event_type) == (
        SERVER,
        "mysql",
        "process_down",
    )


def test_a_composite_alarm_repeats_the_event_of_its_child(database: Database) -> None:
    at = json.loads((SHAPES / "alarm_composite.json").read_text())["detail"]["state"]["timestamp"]
    raised = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%f%z")
    receive(database, message(alarm_name="child-alarm", time=raised - timedelta(minutes=1)))
    receipt = receive(database, message(composite(["child-alarm"])), describe=lambda names: [])
    (event,) = all_events(database)
    assert event.occurrences == 2
    assert receipt.hints == ()


def test_a_composite_alarm_whose_children_name_no_server_says_so(database: Database) -> None:
    receive(database, message(composite(["unheard-of"])), describe=lambda names: [])
    (event,) = all_events(database)
    assert event.server_id == ""
    assert "nor do its children unheard-of" in event.event_message


def test_nothing_is_done_while_the_database_is_away(tmp_path: Any) -> None:
    away = open_database("mysql+pymysql://nobody:nothing@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable) as refused:
        receive(away, message())
    assert "nothing@" not in str(refused.value)


def test_one_message_that_cannot_be_stored_does_not_keep_the_others_out(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rescuebot.database import Unstorable

    real = events.record

    def picky(*, report: Any, **rest: Any) -> Any:
        if report.server_id == "i-bad":
            raise Unstorable("The database refuses these values.")
        return real(report=report, **rest)

    monkeypatch.setattr(events, "record", picky)
    receipt = receive(sqlite, message(), message(server_id="i-bad"), message(server_id="i-good"))
    assert len(receipt.done) == 3
    assert [event.server_id for event in all_events(sqlite)] == [SERVER, "i-good"]
    assert count(sqlite, DeadLetter) == 1


def test_tags_hold_only_letters_that_mean_nothing_to_salt() -> None:
    assert intake.tag_of("EC2", "process_down") == "rescue/event/ec2/process_down"
    assert intake.tag_of("a*?[]/b\n\n", "x y") == "rescue/event/a_b_/x_y"


def test_hints_of_a_batch_are_grouped_by_source_and_type(database: Database) -> None:
    batch = [message(server_id=f"i-{n:017x}") for n in range(9)]
    batch.append(message((SHAPES / "ec2_state_change.json").read_text()))
    receipt = receive(database, *batch, now=lambda: factories.NOW)
    assert sorted(len(hint.event_ids) for hint in receipt.hints) == [1, 9]


def a_letter(database: Database, body: str) -> int:
    receive(database, message(body))
    with database.reading() as session:
        return session.scalars(select(DeadLetter.id).order_by(DeadLetter.id.desc())).first() or 0


def test_a_dead_letter_that_is_understood_now_becomes_an_event_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps(alarms.process_down(SERVER, time=NOW))
    with monkeypatch.context() as patch:

        def refuse(**_: Any) -> None:
            raise Unreadable("unknown_shape", "This version does not know it.")

        patch.setattr(intake, "parse", refuse)
        letter = a_letter(database, body)
    options: dict[str, Any] = {"actor": "kim", "database": database, "settings": SETTINGS}
    receipt = intake.requeue(letter, now=lambda: NOW, **options)
    assert len(receipt.hints) == 1 and len(all_events(database)) == 1
    with pytest.raises(Conflict, match="has been requeued already"):
        intake.requeue(letter, now=lambda: NOW, **options)
    with database.reading() as session:
        (entry,) = audit.list_(session=session)
        assert dead_letters.count(session=session) == 0
    assert (entry.actor, entry.action) == ("kim", "dead_letter_requeued")


def test_a_dead_letter_that_is_still_not_understood_is_kept(database: Database) -> None:
    letter = a_letter(database, "{")
    with pytest.raises(Unreadable):
        intake.requeue(letter, actor="kim", database=database, settings=SETTINGS)
    with database.reading() as session:
        assert dead_letters.get(session=session, letter_id=letter).state == "kept"
        assert audit.list_(session=session) == []


def test_a_dead_letter_is_discarded_once_and_its_row_stays(database: Database) -> None:
    letter = a_letter(database, "{")
    intake.discard(letter, actor="kim", database=database)
    with pytest.raises(Conflict, match="has been discarded already"):
        intake.discard(letter, actor="lee", database=database)
    with pytest.raises(NotFound, match="There is no dead letter 999"):
        intake.discard(999, actor="lee", database=database)
    with database.reading() as session:
        assert [entry.actor for entry in audit.list_(session=session)] == ["kim"]
        assert dead_letters.get(session=session, letter_id=letter).body == "{"
