"""Which of 10,000 runbooks fits a message: ours against a loop over Python's re and over RE2.

Every message is new, as alarms are: no engine has seen its text before. All three give the same
answer, and that is checked. Evil patterns are measured in CPU time, as growth with the message.
"""

from __future__ import annotations

import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import re2
from pydantic import SecretStr
from sqlalchemy import insert, update

from benchmarks.measure import spread, table
from devstack import mariadb
from rescuebot import clock, migrations
from rescuebot.database import Database
from rescuebot.runbooks import index
from rescuebot.runbooks.index import Index
from rescuebot.runbooks.match import Candidate
from rescuebot.runbooks.model import RunbookMode, RunbookScript, SolutionKind
from rescuebot.runbooks.patterns import search
from rescuebot.settings import DatabaseSettings
from tests.unit.test_patterns import EVIL

RUNBOOKS = 10_000
MESSAGES = 200
EDITS = 5
PAGE_MB = 4096 / 1e6
NOUNS = (
    "mysqld",
    "httpd",
    "nginx",
    "redis",
    "dockerd",
    "sshd",
    "chronyd",
    "disk",
    "memory",
    "swap",
)
ENDS = ("not running", "has no process", "is down", "refused", "timed out", "is full", "가 멈춤")
SHAPES = (
    "{noun}-{one} {end}",
    "{noun}.*{one}.*{end}",
    r"\b{one}\d+\b|{two} (failed|{end})",
    r"{one}_[a-z]+ [<>]=? \d+\.\d",
    "(error|fail|crit)[^:]*: {one} {two}?",
)


def run() -> str:
    """Measure one service that has them all, then the ledger, then the evil patterns."""
    chance = random.Random(1)
    patterns = [_pattern(chance) for _ in range(RUNBOOKS)]
    messages = [_message(chance, patterns) for _ in range(MESSAGES)]
    return "\n".join((_engines(patterns, messages), _ledgers(patterns), _evil()))


def _engines(patterns: list[str], messages: list[str]) -> str:
    compiled = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    floor, wanted = _each(messages[:20], lambda text: _loop(compiled, text))
    options = re2.Options()
    options.case_sensitive, options.log_errors, options.never_capture = False, False, True
    faster = [re2._Regexp(pattern, options) for pattern in patterns]
    single, found = _each(messages[:20], lambda text: _loop(faster, text.encode()))
    assert found == wanted
    before, began = _resident(), time.perf_counter()
    ours = Index(_candidates(patterns))
    ours.look_up("any", patterns[0])
    built = time.perf_counter() - began
    new, told = _each(messages, lambda text: _ids(ours, text))
    assert told[:20] == wanted
    memory = _resident() - before
    fits = [micros for micros, ids in zip(new, told, strict=True) if ids]
    fitted = [message for message, ids in zip(messages, told, strict=True) if ids]
    again, _ = _each(fitted, lambda text: _ids(ours, text))
    none = [micros for micros, ids in zip(new, told, strict=True) if not ids]
    rows = [
        _row("Python re, one by one (floor)", floor, floor),
        _row("google-re2, one by one", single, floor),
        _row("the index, a new message that a runbook fits", fits, floor),
        _row("the index, a new message that none fits, with the nearest", none, floor),
        _row("the index, a message that fitted before", again, floor),
    ]
    heads = ("engine", "µs a message", "floor : it")
    title = (
        f"{RUNBOOKS:,} runbooks of one service, {MESSAGES} messages; built in {built:.2f} s, "
        f"{memory:.0f} MB"
    )
    return table(title, heads, rows)


def _ledgers(patterns: list[str]) -> str:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rows.append(_ledger("SQLite", f"sqlite:///{Path(folder, 'ledger.db')}", patterns))
        if mariadb.is_installed():
            server = mariadb.MariaDB(Path(folder, "mariadb"))
            server.start()
            try:
                rows.append(_ledger("MariaDB, TCP", server.url(), patterns))
            finally:
                server.stop()
    heads = ("ledger", "ms to see that nothing changed", "ms to answer after an edit")
    return table(f"The index in a session, {RUNBOOKS:,} runbooks of 50 services", heads, rows)


def _ledger(name: str, url: str, patterns: list[str]) -> tuple[str, ...]:
    database = Database(DatabaseSettings(url=SecretStr(url)))
    migrations.upgrade(database)
    with database.transaction() as session:
        session.execute(insert(RunbookScript), _rows(patterns))

    def look() -> None:
        with database.reading() as session:
            index.current(session=session)

    def answer() -> None:
        with database.reading() as session:
            index.current(session=session).look_up("service-7", "edited")

    answer()
    same = [_milliseconds(look) for _ in range(20)]
    edited = []
    for number in range(EDITS):
        with database.transaction() as session:
            changed = {"version": RunbookScript.version + 1, "error_pattern": f"edited|{number}"}
            session.execute(update(RunbookScript).where(RunbookScript.id == 8).values(changed))
        edited.append(_milliseconds(answer))
    database.dispose()
    return name, spread(same), spread(edited)


def _evil() -> str:
    """CPU time for four times the message: 4 is linear, 16 and more is what re does."""
    growth, cost = [], []
    for pattern, pump, end, _ in EVIL:
        short, long = ((pump * (size // len(pump)))[:size] + end for size in (1_000_000, 4_000_000))
        quick = min(_cpu(pattern, short) for _ in range(3))
        growth.append(min(_cpu(pattern, long) for _ in range(3)) / quick)
        cost.append(quick * 1e3)
    plain = min(_cpu("mysqld.*not running", "mysqld is running " * 55_555) for _ in range(3)) * 1e3
    random_text = "".join(random.Random(3).choices("ab", k=1_000_000))
    widest = [_cpu("a[ab]{400}c", random_text[:size]) for size in (250_000, 1_000_000)]
    rows = [
        (f"{len(EVIL)} evil patterns", spread(cost), spread(growth)),
        ("an ordinary pattern", f"{plain:.3g}", ""),
        ("a[ab]{400}c on random text", f"{widest[1] * 1e3:,.0f}", f"{widest[1] / widest[0]:.3g}"),
    ]
    return table(
        "Evil patterns on 1 MB of what hurts them",
        ("what", "CPU ms", "four times the message"),
        rows,
    )


def _each(
    messages: list[str], work: Callable[[str], list[int]]
) -> tuple[list[float], list[list[int]]]:
    micros, answers = [], []
    for message in messages:
        began = time.perf_counter()
        answers.append(work(message))
        micros.append((time.perf_counter() - began) * 1e6)
    return micros, answers


def _loop(compiled: list[re.Pattern[str]], text: str | bytes) -> list[int]:
    return [number for number, one in enumerate(compiled, start=1) if one.search(text)]


def _ids(ours: Index, text: str) -> list[int]:
    told = ours.look_up("any", text)
    return sorted(fit.candidate.id for fit in told.matched)


def _row(name: str, micros: list[float], floor: list[float]) -> tuple[str, ...]:
    ratio = statistics.median(floor) / statistics.median(micros)
    return name, spread(micros), f"{ratio:,.3g}"


def _milliseconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def _cpu(pattern: str, message: str) -> float:
    began = time.process_time()
    search(pattern, message)
    return time.process_time() - began


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_MB


def _pattern(chance: random.Random) -> str:
    words = {"one": _word(chance), "two": _word(chance)}
    return chance.choice(SHAPES).format(noun=chance.choice(NOUNS), end=chance.choice(ENDS), **words)


def _word(chance: random.Random) -> str:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(4, 9)))


def _message(chance: random.Random, patterns: list[str]) -> str:
    wanted = re.sub(r"\W+", " ", chance.choice(patterns)) if chance.random() < 0.7 else "nothing"
    return (
        f"{chance.choice(NOUNS)}-{_word(chance)} on i-{chance.getrandbits(64):016x}: Threshold "
        f"Crossed: 1 datapoint [{chance.random() * 100:.3f} ({chance.randint(1, 28)}/11/26 01:05)] "
        f"was less than the threshold (1.0). error in {_word(chance)}: {wanted}"
    )


def _candidates(patterns: list[str]) -> Iterator[Candidate]:
    for number, pattern in enumerate(patterns, start=1):
        yield Candidate(id=number, title=f"T{number}", service_type="any", error_pattern=pattern)


def _rows(patterns: list[str]) -> list[dict[str, object]]:
    return [
        {
            "title": f"T{number}",
            "service_type": f"service-{number % 50}",
            "error_pattern": pattern,
            "solution_kind": SolutionKind.SHELL,
            "solution_script": "systemctl restart it\n" * 50,
            "description": "",
            "created_by": "benchmark",
            "mode": RunbookMode.ASK,
            "updated_at": clock.now(),
        }
        for number, pattern in enumerate(patterns)
    ]
