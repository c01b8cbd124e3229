"""How long a page of events, its filters, its count and the dashboard take over ten million events.

Asked of the library, as the API asks it: rows loaded, cursor made. The floor is the same server's
answer to one row by its primary key. ``python -m benchmarks.api 20000`` takes another size.
"""

from __future__ import annotations

import itertools
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import event, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from benchmarks import api_http, ledger
from benchmarks.measure import table
from devstack import mariadb
from rescuebot import clock, cursors, dashboard, paging
from rescuebot.cursors import Mark, Total
from rescuebot.database import Database
from rescuebot.events import search as events
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.events.reported import Severity
from rescuebot.events.search import Filter
from rescuebot.executions import search as executions
from rescuebot.executions.model import ExecutionState
from rescuebot.settings import DatabaseSettings, Settings

SIZE = 10_000_000
CALLS = 200
# The dashboard is answered once in some seconds, not once for each who looks.
FEWER_CALLS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One question, asked again and again with other values in turn."""

    name: str
    ask: Callable[[Session, int], object]
    calls: int = CALLS


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """How long it took, in milliseconds, and what the server did for it."""

    case: Case
    milliseconds: list[float]
    plans: list[tuple[str, ...]]

    @property
    def median(self) -> float:
        """Half of the calls took no longer."""
        return statistics.median(self.milliseconds)

    @property
    def p95(self) -> float:
        """95 of 100 calls took no longer."""
        return statistics.quantiles(self.milliseconds, n=20)[-1]


def run(size: int = SIZE) -> str:
    """Fill a MariaDB of its own and ask it; its data are removed afterwards."""
    if not mariadb.is_installed():
        return "### API\n\nMariaDB is not installed, so nothing was measured.\n"
    with _filled(size) as (database, seconds):
        return report(database, size=size, seconds=seconds)


@contextmanager
def _filled(size: int) -> Iterator[tuple[Database, float]]:
    folder = Path(tempfile.mkdtemp(prefix="rescue-bench-"))
    server = mariadb.MariaDB(folder, options=ledger.OPTIONS)
    try:
        server.start()
        database = Database(DatabaseSettings(url=SecretStr(server.url()), read_seconds=600))
        began = time.perf_counter()
        ledger.fill(database, size=size)
        yield database, time.perf_counter() - began
        database.dispose()
    finally:
        server.stop()
        shutil.rmtree(folder)


def report(database: Database, *, size: int, seconds: float) -> str:
    """Ask everything of a filled ledger and draw the tables."""
    with database.reading() as session:
        seen = [asked(session, case) for case in cases(session)]
    return "\n".join([_times(seen, size, seconds), api_http.report(database), _plans(seen)])


def cases(session: Session) -> Iterator[Case]:
    """All that is asked, with values that are in the ledger."""
    yield Case(name="one row by its id (floor)", ask=_one)
    yield Case(name="first page", ask=_page(Filter()))
    yield Case(name="first page, with its count", ask=_page(Filter(), counted=True))
    yield Case(name="page at half depth", ask=_page(Filter(), marks=_marks(session, 0.5)))
    yield Case(name="deepest page", ask=_page(Filter(), marks=_marks(session, 0.0)))
    oldest = _page(Filter(), sort="event_time")
    yield Case(name="oldest first", ask=oldest)
    for name, wanted in _filters(session):
        yield Case(name=name, ask=_page(*wanted))
    deep = _page(Filter(severity=(Severity.CRITICAL, Severity.FATAL)), marks=_marks(session, 0.02))
    yield Case(name="severity any of two, deepest", ask=deep)
    for name, wanted in _filters(session):
        if " and " in name or name in ("severity, common", "text, rare, 24 h"):
            yield Case(name=f"count: {name}", ask=_count(*wanted))
    for name, runs in _EXECUTIONS.items():
        yield Case(name=f"executions: {name}", ask=_executions(runs))
    yield Case(name="dashboard", ask=_overview, calls=FEWER_CALLS)
    yield Case(name="figures for Prometheus", ask=_figures, calls=FEWER_CALLS)


_EXECUTIONS = {
    "first page": executions.Filter(),
    "one state": executions.Filter(state=(ExecutionState.FAILED,)),
    "service and state": executions.Filter(
        service_type=("service-3",), state=(ExecutionState.FAILED,)
    ),
}


def _filters(session: Session) -> Iterator[tuple[str, list[Filter]]]:
    week = clock.now() - timedelta(days=7)
    servers = [f"i-{number:017X}" for number in range(0, 2000, 40)]
    services = [f"service-{number}" for number in range(20)]
    alarms = [f"cpu_high-{server}" for server in servers]
    yield "severity, common", [Filter(severity=(Severity.INFO,))]
    yield "severity, rare", [Filter(severity=(Severity.FATAL,))]
    yield "severity any of two", [Filter(severity=(Severity.CRITICAL, Severity.FATAL))]
    yield "status, common", [Filter(status=(EventStatus.RESOLVED,))]
    yield "status, rare", [Filter(status=(EventStatus.NEW,))]
    yield "status any of two", [Filter(status=(EventStatus.NEW, EventStatus.PROCESSING))]
    yield "outcome, common", [Filter(outcome=(Outcome.FIXED,))]
    yield "outcome, rare", [Filter(outcome=(Outcome.TIMEOUT,))]
    yield "server", [Filter(server_id=(name,)) for name in servers]
    yield "server any of ten", [Filter(server_id=tuple(servers[:10]))]
    yield "service", [Filter(service_type=(name,)) for name in services]
    yield "service, rare", [Filter(service_type=("rare",))]
    yield "service any of five", [Filter(service_type=tuple(services[:5]))]
    yield "type", [Filter(event_type=("cpu_high",))]
    yield "type, rare", [Filter(event_type=("rare_type",))]
    yield "source", [Filter(event_source=("EC2",))]
    yield "source, rare", [Filter(event_source=("custom.rare",))]
    yield "alarm", [Filter(alarm_name=(name,)) for name in alarms]
    yield "time range", [Filter(since=week, until=week + timedelta(days=1))]
    yield "taken back", [Filter(deleted=True)]
    yield "server and severity", [
        Filter(server_id=(name,), severity=(Severity.FATAL,)) for name in servers
    ]
    yield "service and severity", [
        Filter(service_type=(name,), severity=(Severity.FATAL,)) for name in services
    ]
    yield "service and status new", [
        Filter(service_type=(name,), status=(EventStatus.NEW,)) for name in services
    ]
    yield "severity and status failed", [
        Filter(severity=(Severity.FATAL,), status=(EventStatus.FAILED,))
    ]
    yield "service and type and severity and week", [
        Filter(
            service_type=(name,),
            event_type=("cpu_high",),
            severity=(Severity.CRITICAL, Severity.FATAL),
            since=week,
        )
        for name in services
    ]
    yield "text, common, 24 h", [Filter(text="threshold")]
    yield "text, rare, 24 h", [Filter(text="trace 00000")]
    yield "text, rare, 24 h and service", [Filter(text="trace 00000", service_type=("service-3",))]


def _marks(session: Session, depth: float) -> list[Mark]:
    """Places at so much of all ids from the oldest, as cursors mark them."""
    last = session.scalar(select(func.max(CloudWatchEvent.id)))
    begin = max(200, int((last or 0) * depth))
    found = session.execute(
        select(CloudWatchEvent.id, CloudWatchEvent.event_time).where(
            CloudWatchEvent.id.in_(range(begin, begin + 50))
        )
    )
    none = Total(number=0, is_bounded=False)
    return [Mark(value=moment, id=number, total=none) for number, moment in found]


def _page(
    *wanted: Filter,
    marks: list[Mark] | None = None,
    sort: str = "-event_time",
    counted: bool = False,
) -> Callable[[Session, int], object]:
    """Ask for a page; the first one without its count, by a cursor of the future."""
    future = clock.now().replace(year=2037)
    places = marks or [Mark(value=future, id=1, total=Total(number=0, is_bounded=False))]
    if sort == "event_time":
        places = [Mark(value=future.replace(year=1971), id=1, total=places[0].total)]
    chosen = itertools.cycle(wanted)

    def ask(session: Session, number: int) -> object:
        filters = next(chosen)
        way = paging.way(events.LISTING, filters, sort=sort)
        cursor = cursors.write(places[number % len(places)], bound_to=way.bound_to)
        return events.search(
            session=session, wanted=filters, sort=sort, cursor=None if counted else cursor
        )

    return ask


def _count(*wanted: Filter) -> Callable[[Session, int], object]:
    return lambda session, number: events.count(
        session=session, wanted=wanted[number % len(wanted)]
    )


def _executions(wanted: executions.Filter) -> Callable[[Session, int], object]:
    return lambda session, number: executions.search(session=session, wanted=wanted)


def _overview(session: Session, number: int) -> object:
    return dashboard.overview(session=session, settings=Settings(), now=clock.now())


def _figures(session: Session, number: int) -> object:
    return dashboard.figures(session=session, now=clock.now())


def _one(session: Session, number: int) -> object:
    return session.get(CloudWatchEvent, 1 + number)


def asked(session: Session, case: Case) -> Seen:
    """Ask a case as often as it says, after three calls that warm it up."""
    for number in range(3):
        case.ask(session, number)
        session.rollback()
    milliseconds = []
    for number in range(case.calls):
        began = time.perf_counter()
        case.ask(session, number)
        milliseconds.append((time.perf_counter() - began) * 1e3)
        session.expunge_all()
        session.rollback()
    return Seen(case=case, milliseconds=milliseconds, plans=_explained(session, case))


def _explained(session: Session, case: Case) -> list[tuple[str, ...]]:
    """The plan of each statement that reads one of the big tables."""
    told: list[tuple[str, Any]] = []

    def note(
        connection: Connection, cursor: Any, statement: str, parameters: Any, *more: object
    ) -> None:
        told.append((statement, parameters))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        case.ask(session, 0)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    plans = []
    for statement, parameters in told:
        bare = statement.partition(" FOR ")[2] if statement.startswith("SET ") else statement
        found = session.connection().exec_driver_sql(f"EXPLAIN {bare}", parameters)
        plans += [
            (str(row.table), str(row.key), str(row.rows), str(row.Extra))
            for row in found
            if row.table in ("cloudwatch_event", "execution")
        ]
    session.expunge_all()
    session.rollback()
    return list(dict.fromkeys(plans))


def _times(seen: list[Seen], size: int, seconds: float) -> str:
    first = next(item.median for item in seen if item.case.name == "first page")
    rows = [
        (item.case.name, f"{item.median:.2f}", f"{item.p95:.2f}", f"{item.median / first:.2f}")
        for item in seen
    ]
    title = f"Lists over {size:,} events, made in {seconds:.0f} s, {CALLS} calls each"
    return table(title, ("what", "p50 ms", "p95 ms", "p50 : first page"), rows)


def _plans(seen: list[Seen]) -> str:
    rows = [
        (item.case.name if number == 0 else "", *plan)
        for item in seen
        for number, plan in enumerate(item.plans)
    ]
    return table("Plans", ("what", "table", "key", "rows", "Extra"), rows)


if __name__ == "__main__":
    print(run(int(sys.argv[1]) if len(sys.argv) > 1 else SIZE))
