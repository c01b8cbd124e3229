"""Live streams: what has changed is told, also to whoever was away; places are given back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from devstack.waiting import until
from rescuebot.database import Database
from rescuebot.errors import Busy
from tests import factories
from webui.api.live import Live


@contextmanager
def following(live: Live, last_id: str = "") -> Iterator[Iterator[str]]:
    live.enter()
    try:
        yield live.stream(last_id, 30)
    finally:
        live.leave()


def changes(stream: Iterator[str], most: int) -> dict[str, str]:
    """Topics and the ids they came with, out of the next messages."""
    found = {}
    for message in (next(stream) for _ in range(most)):
        if "event: changed" in message:
            number, _, topic = message.strip().splitlines()
            found[topic.removeprefix("data: ")] = number.removeprefix("id: ")
    return found


def has_looked(live: Live) -> None:
    until(lambda: live._marks, seconds=20, what="the ledger was looked at")


def test_a_change_is_told_by_its_topic(database: Database) -> None:
    live = Live(database, 2)
    with following(live) as stream:
        assert next(stream).startswith("retry:")
        has_looked(live)
        factories.a_runbook(database)
        assert set(changes(stream, 1)) == {"runbooks"}


def test_who_comes_back_hears_of_what_changed_while_nobody_listened(database: Database) -> None:
    live = Live(database, 2)
    with following(live) as stream:
        next(stream)
        has_looked(live)
        factories.a_runbook(database)
        (last_id,) = changes(stream, 1).values()
    until(lambda: not live._looking, seconds=20, what="nobody looks any more")
    factories.a_command(database)
    with following(live, last_id) as stream:
        next(stream)
        assert set(changes(stream, 1)) == {"commands"}


def test_who_has_just_come_hears_of_what_changed_while_the_page_was_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webui.api.live._BEFORE_SECONDS", 600.0)
    live = Live(database, 3)
    with following(live) as first:
        next(first)
        has_looked(live)
        factories.a_runbook(database)
        assert set(changes(first, 1)) == {"runbooks"}
        with following(live) as second:
            next(second)
            assert set(changes(second, 1)) == {"runbooks"}
        monkeypatch.setattr("webui.api.live._BEFORE_SECONDS", 0.0)
        with following(live) as third:
            next(third)
            factories.a_command(database)
            assert set(changes(third, 1)) == {"commands"}


def test_who_comes_from_another_process_is_told_to_ask_for_everything(database: Database) -> None:
    live = Live(database, 2)
    with following(live, "00000000-7") as stream:
        next(stream)
        assert len(changes(stream, 9)) == 9


def test_a_place_is_free_again_when_a_stream_has_ended(database: Database) -> None:
    live = Live(database, 1)
    with following(live):
        with pytest.raises(Busy):
            live.enter()
    with following(live):
        pass


def test_all_streams_end_when_the_process_does(database: Database) -> None:
    live = Live(database, 2)
    with following(live) as stream:
        next(stream)
        live.end()
        assert list(stream) == []
