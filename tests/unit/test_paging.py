"""Cursors and filters: any text is answered with Invalid or a place, and never with a crash."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.orm import Mapped, Session, mapped_column

from rescuebot import cursors, paging
from rescuebot.cursors import Mark, Total
from rescuebot.database import Base
from rescuebot.errors import Invalid
from rescuebot.paging import Drive, Listing
from rescuebot.runbooks import search as runbooks
from rescuebot.runbooks.model import SolutionKind
from tests.factories import NOW

FEW = Total(number=7, is_bounded=False)


class Fruit(Base):
    """A table of these tests, in a registry of its own."""

    __tablename__ = "fruit_of_a_test"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    ripe: Mapped[int | None]


# The ledger must not learn of it.
Base.metadata.remove(Fruit.__table__)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Filter:
    since: datetime | None = None
    until: datetime | None = None
    kind: tuple[str, ...] = ()
    deleted: bool = False


BY_RIPE = Listing(
    table=Fruit,
    sorts={"ripe": Fruit.ripe, "kind": Fruit.kind},
    sort="ripe",
    filters={"kind": Fruit.kind},
    drives=(Drive(name="kind", index="ix_fruit_kind"),),
)


def bound(wanted: object = Filter(), sort: str = "-event_time") -> tuple[str, str, Any]:
    return "events", sort, wanted


def refused(cursor: str, kind: type = datetime, **of: Any) -> str:
    with pytest.raises(Invalid) as error:
        cursors.read(cursor, kind=kind, bound_to=bound(**of))
    assert [problem.field for problem in error.value.problems] == ["cursor"]
    return str(error.value)


def packed(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Fruit.__table__.create(engine)  # type: ignore[attr-defined]
    with Session(engine) as session:
        for number in range(1, 41):
            ripe = None if number % 5 == 0 else number // 6
            session.add(Fruit(id=number, kind="apple" if number % 3 else "fig", ripe=ripe))
        session.flush()
        yield session


def walk(session: Session, wanted: Filter, sort: str, limit: int) -> list[Fruit]:
    found: list[Fruit] = []
    cursor = None
    while True:
        way = paging.way(BY_RIPE, wanted, sort=sort)
        page = paging.page(session=session, way=way, cursor=cursor, limit=limit)
        found += page.rows
        assert page.total == len(walked(session, wanted)) and not page.total_is_bounded
        if page.next is None:
            return found
        cursor = page.next


def walked(session: Session, wanted: Filter) -> list[Fruit]:
    rows = session.query(Fruit).all()
    return [row for row in rows if not wanted.kind or row.kind in wanted.kind]


@pytest.mark.parametrize("sort", ["ripe", "-ripe", "kind", "-kind"])
@pytest.mark.parametrize("limit", [1, 3, 39, 40, 41])
@pytest.mark.parametrize("kinds", [(), ("fig",), ("fig", "apple"), ("fig", "fig", "pear")])
def test_the_pages_of_a_walk_are_the_whole_list_in_order(
    session: Session, sort: str, limit: int, kinds: tuple[str, ...]
) -> None:
    name = sort.removeprefix("-")

    def key(row: Fruit) -> tuple[Any, ...]:
        value = getattr(row, name)
        return (value is not None, -1 if value is None else value, row.id)

    wanted = Filter(kind=kinds)
    expected = sorted(walked(session, wanted), key=key, reverse=sort.startswith("-"))
    assert [row.id for row in walk(session, wanted, sort, limit)] == [row.id for row in expected]


@given(
    moment=st.datetimes(
        min_value=datetime(1971, 1, 2),
        max_value=datetime(2037, 12, 30),
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))]),
    ),
    identity=st.integers(0, 2**63 - 1),
)
def test_a_cursor_gives_back_its_place(moment: datetime, identity: int) -> None:
    mark = Mark(value=moment, id=identity, total=FEW)
    text = cursors.write(mark, bound_to=bound())
    assert text.isascii() and not set(text) & set("+/= ")
    assert cursors.read(text, kind=datetime, bound_to=bound()) == mark


@given(st.text(max_size=200))
def test_a_cursor_holds_any_title(title: str) -> None:
    mark = Mark(value=title, id=1, total=FEW)
    assert cursors.read(cursors.write(mark, bound_to=bound()), kind=str, bound_to=bound()) == mark


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_text_is_a_cursor(text: str) -> None:
    refused(text)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=8,
)
OF_THE_LIST = json.loads(
    base64.urlsafe_b64decode(
        cursors.write(Mark(value=None, id=1, total=FEW), bound_to=bound()) + "=="
    )
)[1]


@given(
    value=ANYTHING, identity=ANYTHING, total=ANYTHING, kind=st.sampled_from([datetime, int, str])
)
def test_a_forged_cursor_of_the_right_list_points_or_is_refused(
    value: object, identity: object, total: object, kind: type
) -> None:
    forged = packed(1, OF_THE_LIST, value, identity, total, False)
    try:
        mark = cursors.read(forged, kind=kind, bound_to=bound())
    except Invalid as error:
        assert error.problems[0].field == "cursor"
        return
    assert 0 <= mark.id < 2**63 and 0 <= mark.total.number < 2**63
    assert mark.value is None or isinstance(mark.value, kind)


@pytest.mark.parametrize(
    "value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2500-01-01", "x", 5, True]
)
def test_a_time_that_no_row_can_have_is_refused(value: object) -> None:
    refused(packed(1, OF_THE_LIST, value, 1, 1, False))


def test_half_of_a_surrogate_pair_is_refused() -> None:
    refused(packed(1, OF_THE_LIST, "\ud800", 1, 1, False), kind=str)


def test_a_cursor_of_another_sort_filter_or_list_is_refused_with_the_remedy() -> None:
    text = cursors.write(Mark(value=NOW, id=1, total=FEW), bound_to=bound())
    assert "begin without a cursor" in refused(text, sort="event_time")
    assert "begin without a cursor" in refused(text, wanted=Filter(kind=("fig",)))
    with pytest.raises(Invalid, match="another list"):
        cursors.read(text, kind=datetime, bound_to=("audit", "-event_time", Filter()))


def test_the_order_of_values_and_the_zone_of_a_time_make_no_other_filter() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    one = cursors.write(
        Mark(value=NOW, id=1, total=FEW), bound_to=bound(Filter(since=NOW, kind=("a", "b")))
    )
    cursors.read(one, kind=datetime, bound_to=bound(Filter(since=there, kind=("b", "a", "a"))))


def problem(wanted: Filter, **of: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as error:
        paging.way(of.pop("listing", BY_RIPE), wanted, **of)
    (found,) = error.value.problems
    return found.field, found.message


def test_a_filter_of_too_many_values_is_refused() -> None:
    field, message = problem(Filter(kind=tuple(str(number) for number in range(51))))
    assert field == "kind" and "at most 50" in message


def test_a_filter_that_cannot_be_stored_is_refused() -> None:
    assert problem(Filter(kind=("\ud800",)))[0] == "kind"


def test_a_value_that_is_none_of_an_enum_is_refused_with_those_that_are() -> None:
    perl: Any = ("perl",)
    with pytest.raises(Invalid, match="must be of state, sls, shell"):
        paging.way(runbooks.LISTING, runbooks.Filter(solution_kind=perl))
    paging.way(runbooks.LISTING, runbooks.Filter(solution_kind=(SolutionKind.SLS,)))


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    spanned = Listing(table=Fruit, sorts={"ripe": Fruit.ripe}, sort="ripe", span=Fruit.ripe)
    assert problem(Filter(since=NOW, until=NOW), listing=spanned)[0] == "until"
    far = datetime(9999, 12, 31, tzinfo=timezone(-timedelta(hours=14)))
    assert problem(Filter(until=far), listing=spanned)[0] == "until"
    assert problem(Filter(since=datetime(1, 1, 1, tzinfo=UTC)), listing=spanned)[0] == "since"


@pytest.mark.parametrize("limit", [0, -1, 201, 10**30, True])
def test_a_limit_beyond_the_most_is_refused(session: Session, limit: int) -> None:
    with pytest.raises(Invalid, match="limit: must be a number from 1 to 200"):
        paging.page(session=session, way=paging.way(BY_RIPE, Filter()), limit=limit)


def test_an_unknown_sort_is_refused_with_those_that_there_are(session: Session) -> None:
    way = paging.way(BY_RIPE, Filter(), sort="-id; DROP TABLE fruit")
    with pytest.raises(Invalid, match="sort: must be one of ripe, -ripe, kind, -kind"):
        paging.page(session=session, way=way)


def test_counting_stops_at_a_thousand(session: Session) -> None:
    session.add_all(Fruit(kind="plum", ripe=1) for _ in range(1_000))
    session.flush()
    plums = Filter(kind=("plum",))
    assert paging.count(session=session, way=paging.way(BY_RIPE, plums)) == Total(
        number=1_000, is_bounded=False
    )
    session.add(Fruit(kind="plum", ripe=1))
    session.flush()
    page = paging.page(session=session, way=paging.way(BY_RIPE, plums))
    assert (page.total, page.total_is_bounded) == (1_000, True)


def test_counting_looks_at_so_many_rows_and_says_there_may_be_more(session: Session) -> None:
    session.add_all(Fruit(kind="plum", ripe=7 * (number > 3_000)) for number in range(3_060))
    session.flush()
    listing = Listing(
        table=Fruit,
        sorts={"ripe": Fruit.ripe},
        sort="ripe",
        filters={"kind": Fruit.kind},
        drives=BY_RIPE.drives,
    )
    rare = paging.way(listing, Filter(kind=("plum",)), rest=[Fruit.ripe == 7])
    total = paging.count(session=session, way=rare)
    assert total.is_bounded and total.number < 50
    page = paging.page(session=session, way=rare, limit=50)
    assert (len(page.rows), page.total, page.total_is_bounded) == (50, 51, True)
