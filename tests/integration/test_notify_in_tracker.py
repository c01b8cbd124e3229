"""The tracker's threads that tell people: one for each channel, whatever befalls the work."""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from devstack.waiting import until
from rescuebot import gathering
from rescuebot.database import Database
from rescuebot.settings import Settings

ENGINE = Path(__file__).parents[2] / "salt/_engines/rescue_tracker.py"
CHANNELS = {"ops": {"ways": ["log"]}, "bosses": {"ways": ["log"]}}


def tracker(ledger: Database, stop: threading.Event) -> Any:
    spec = importlib.util.spec_from_file_location("rescue_tracker_of_the_test", ENGINE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.GATHER_SECONDS = module.NOTICE_SECONDS = 0.05
    life = SimpleNamespace(owner="rescue_tracker@test:1", stop=stop)
    settings = Settings.model_validate({"notices": {"channels": CHANNELS}})
    return module.Tracker({}, life, ledger, settings)


def tellers() -> list[str]:
    return sorted(one.name for one in threading.enumerate() if one.name.startswith("_tell "))


def test_a_channel_keeps_its_one_thread_when_the_work_begins_anew(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    original = gathering.Gatherer

    def failing_at_first(**given: Any) -> gathering.Gatherer:
        begun.append(tellers())
        if len(begun) == 1:
            raise RuntimeError("a mistake of ours")
        return original(**given)

    monkeypatch.setattr(gathering, "Gatherer", failing_at_first)
    stop = threading.Event()
    one = tracker(sqlite, stop)
    work = threading.Thread(target=one._go_on, args=(one._notify,), daemon=True)
    try:
        work.start()
        until(lambda: len(begun) == 2, seconds=20, what="it begins anew", explain=str)
        assert begun == [["_tell bosses", "_tell ops"]] * 2
        assert tellers() == ["_tell bosses", "_tell ops"]
    finally:
        stop.set()
        work.join(timeout=10)
    until(lambda: not tellers(), seconds=10, what="its threads end", explain=str)
