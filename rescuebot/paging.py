"""Lists by the page: keyset cursors, any-of filters that keep an index's order, bounded counts.

Invariant: a page costs the same wherever it lies, because it is read along one chosen index from
the cursor on; and a filter, whatever it holds, is refused or answered but never crashes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    Enum,
    Select,
    and_,
    case,
    func,
    or_,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, defer

from rescuebot import cursors
from rescuebot.clock import as_utc
from rescuebot.cursors import YEARS, Mark, Total
from rescuebot.database import limited
from rescuebot.errors import Invalid, Problem

DEFAULT_LIMIT = 50
MOST_ROWS = 200
# Matches are counted up to here, and no more rows than that are looked at for it.
COUNTED = 1_000
_LOOKED_AT = 3_000
# Each value of a driving any-of filter is a look of its own into the index.
MOST_VALUES = 50
LONGEST_TEXT = 200
_LARGEST = 2**63 - 1

Row = TypeVar("Row")
Column = InstrumentedAttribute[Any]
Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list. `next` is the cursor of the following page, None on the last.

    When `total_is_bounded` there are `total` or more. It was counted for the first page.
    """

    rows: Sequence[Row]
    next: str | None
    total: int
    total_is_bounded: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Drive:
    """A filter whose `index` has its column first and the sort column second.

    One that leaves `few` rows needs only the first: they are sorted.
    """

    name: str
    index: str
    few: bool = False
    # Whether these values are worth it.
    when: Callable[[Sequence[Any]], bool] = lambda values: True


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing(Generic[Row]):
    """A list that can be paged.

    `sorts` are its sort columns by name; a ``-`` before the name turns them round; `sort` is what
    holds unless another is asked for. `filters` are
    the fields of its Filter that hold one value, or a tuple of which any will do; `span` is what
    its `since` and `until` are about. `drives` are the filters that an index serves in the order
    of the first of `sorts`, best first; `index` serves that order where no filter drives.
    `hidden` columns are never read.
    """

    table: type[Row]
    sorts: Mapping[str, Column]
    sort: str
    span: Column | None = None
    filters: Mapping[str, Column] = field(default_factory=dict)
    drives: tuple[Drive, ...] = ()
    index: str | None = None
    hidden: tuple[Column, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Way(Generic[Row]):
    """How the wanted rows are come by: `branches` by `index`, `rest` by looking at each row."""

    listing: Listing[Row]
    wanted: Any
    sort: str
    branches: tuple[ColumnElement[bool], ...]
    rest: tuple[ColumnElement[bool], ...]
    index: str | None

    @property
    def bound_to(self) -> tuple[str, str, Any]:
        """What its cursors belong to."""
        return self.listing.table.__name__, self.sort, self.wanted


@dataclass(frozen=True, slots=True)
class _Order:
    column: Column
    id: Column
    descending: bool

    def by(self, *columns: Any) -> list[ColumnElement[Any]]:
        """What to order by, all in one direction."""
        return [column.desc() if self.descending else column.asc() for column in columns]

    def after(self, mark: Mark) -> ColumnElement[bool]:
        """The rows behind a mark. NULL is the least value in MySQL and in SQLite.

        This form, neither a row value nor a plain OR, is what MySQL reads as one range.
        """
        column, value = self.column, mark.value
        if self.descending:
            if value is None:
                return and_(column.is_(None), self.id < mark.id)
            behind = and_(column <= value, or_(column < value, self.id < mark.id))
            nullable = column.property.columns[0].nullable
            return or_(behind, column.is_(None)) if nullable else behind
        if value is None:
            return or_(column.is_not(None), self.id > mark.id)
        return and_(column >= value, or_(column > value, self.id > mark.id))


def way(
    listing: Listing[Row],
    wanted: Any,
    *,
    sort: str | None = None,
    rest: Sequence[ColumnElement[bool]] = (),
) -> Way[Row]:
    """Choose what drives: the first filter given for which there is an index, else the order.

    `rest` is what else must hold. Invalid names every filter that no row could answer.
    """
    given = _given(listing, wanted)
    between = _between(listing.span, wanted)
    first = next(iter(listing.sorts))
    in_order = sort is None or sort.removeprefix("-") == first
    drive = next((one for one in listing.drives if _serves(one, given, in_order)), None)
    others = [
        _any_of(listing.filters[name], values)
        for name, values in given.items()
        if drive is None or name != drive.name
    ]
    heads: list[ColumnElement[bool]] = [true()]
    if drive is not None:
        column, values = listing.filters[drive.name], given[drive.name]
        heads = [_any_of(column, values)] if drive.few else [column == one for one in values]
    in_general = listing.index if in_order else None
    return Way(
        listing=listing,
        wanted=wanted,
        sort=first if sort is None else sort,
        branches=tuple(and_(head, *between) for head in heads),
        rest=(*others, *rest),
        index=drive.index if drive else in_general,
    )


def page(
    *, session: Session, way: Way[Row], cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Row]:
    """One page of a list; Invalid names `sort`, `limit` or `cursor` when they are no good."""
    order = _order(way)
    if isinstance(limit, bool) or not 1 <= limit <= MOST_ROWS:
        raise Invalid([Problem("limit", f"must be a number from 1 to {MOST_ROWS}")])
    kind = order.column.type.python_type
    mark = None if cursor is None else cursors.read(cursor, kind=kind, bound_to=way.bound_to)
    places = session.execute(_places(way, order, mark, limit + 1)).all()
    total = mark.total if mark else _total(session, way, seen=len(places), most=limit)
    following = None
    if len(places) > limit:
        last = Mark(id=places[limit - 1].id, value=places[limit - 1].value, total=total)
        following = cursors.write(last, bound_to=way.bound_to)
    return Page(
        rows=_rows(session, way.listing, [place.id for place in places[:limit]]),
        next=following,
        total=total.number,
        total_is_bounded=total.is_bounded,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Search(Generic[Row]):
    """The list of a noun, to be asked for its pages: ``search(session=…, wanted=Filter(…))``.

    `rest` tells what else must hold of a row, given what is wanted.
    """

    listing: Listing[Row]
    rest: Callable[[Any], Sequence[ColumnElement[bool]]] = lambda wanted: ()

    def __call__(
        self,
        *,
        session: Session,
        wanted: Any,
        sort: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> Page[Row]:
        """One page; a `sort` is the name of a column of the listing, with ``-`` descending."""
        order = sort or self.listing.sort
        chosen = way(self.listing, wanted, sort=order, rest=self.rest(wanted))
        return page(session=session, way=chosen, cursor=cursor, limit=limit)

    def count(self, *, session: Session, wanted: Any) -> Total:
        """How many such rows there are, as far as that is counted."""
        return count(session=session, way=way(self.listing, wanted, rest=self.rest(wanted)))


def count(*, session: Session, way: Way[Any]) -> Total:
    """How many there are: exactly up to a thousand, unless most rows looked at do not fit."""
    looks = max(_LOOKED_AT // len(way.branches), COUNTED // 10)
    fits = case((and_(true(), *way.rest), 1), else_=0).label("fits")
    counted = []
    for branch in way.branches:
        query = along(select(fits).select_from(way.listing.table), way.listing.table, way.index)
        seen = query.where(branch).limit(looks + 1).subquery()
        counted.append(select(func.count(), func.coalesce(func.sum(seen.c.fits), 0)))
    rows = session.execute(limited(union_all(*counted))).all()
    number = sum(int(fitting) for _, fitting in rows)
    unseen = any(seen > looks for seen, _ in rows)
    return Total(number=min(number, COUNTED), is_bounded=number > COUNTED or unseen)


def along(query: Query, table: type[Any], index: str | None) -> Query:
    """Read along this index: optimizers like to take another, most where LIMIT is small."""
    if index is None:
        return query
    for dialect in ("mysql", "mariadb"):
        query = query.with_hint(table, f"FORCE INDEX ({index})", dialect)
    return query


def contains(name: str, text: str | None, *columns: Column) -> list[ColumnElement[bool]]:
    """That the text of the filter `name` is part of one of the columns, in whatever case."""
    if text is None:
        return []
    if not text.strip():
        raise Invalid([Problem(name, "must not be blank; leave it out to look for nothing")])
    part = storable(name, text)
    return [or_(*(column.contains(part, autoescape=True) for column in columns))]


def storable(name: str, text: str) -> str:
    """The text, if a database can look for it."""
    if len(text) > LONGEST_TEXT or not _is_storable(text):
        raise Invalid([Problem(name, f"must be text of at most {LONGEST_TEXT} characters")])
    return text


def require_span(since: datetime | None, until: datetime | None) -> None:
    """Invalid names `since` and `until` where no row can lie between them."""
    given = {"since": since, "until": until}
    years = f"must lie in the years {YEARS.start} to {YEARS.stop - 1}"
    problems = [
        Problem(name, years)
        for name, moment in given.items()
        if moment is not None and moment.year not in YEARS
    ]
    if not problems and since is not None and until is not None and as_utc(since) >= as_utc(until):
        problems.append(Problem("until", "must be later than `since`"))
    if problems:
        raise Invalid(problems)


def _order(way: Way[Any]) -> _Order:
    sorts = way.listing.sorts
    column = sorts.get(way.sort.removeprefix("-"))
    if column is None:
        known = ", ".join(f"{sort}, -{sort}" for sort in sorts)
        raise Invalid([Problem("sort", f"must be one of {known}")])
    return _Order(column, way.listing.table.id, way.sort.startswith("-"))


def _total(session: Session, way: Way[Any], *, seen: int, most: int) -> Total:
    """How many there are, when a first page of at most `most` has `seen` these."""
    if seen <= most:
        return Total(number=seen, is_bounded=False)
    total = count(session=session, way=way)
    # A page looks further than counting does.
    return replace(total, number=max(total.number, seen)) if total.is_bounded else total


def _places(way: Way[Any], order: _Order, mark: Mark | None, most: int) -> Select[Any]:
    """Ids and sort values in order; each branch is read in order and no further than needed."""
    after = [] if mark is None else [order.after(mark)]
    found: list[Select[Any]] = []
    for branch in way.branches:
        query: Select[Any] = select(order.id.label("id"), order.column.label("value"))
        query = along(query, way.listing.table, way.index).where(branch, *way.rest, *after)
        found.append(query.order_by(*order.by(order.column, order.id)).limit(most))
    if len(found) == 1:
        return limited(found[0])
    parts = (query.subquery() for query in found)
    # Distinct, for two values can be one to a collation that ignores case.
    whole = union(*(select(part.c.id, part.c.value) for part in parts)).subquery()
    merged: Select[Any] = select(whole).order_by(*order.by(whole.c.value, whole.c.id))
    return limited(merged.limit(most))


def _rows(session: Session, listing: Listing[Row], ids: Sequence[int]) -> Sequence[Row]:
    if not ids:
        return []
    hidden = [defer(column, raiseload=True) for column in listing.hidden]
    identity: Column = listing.table.id  # type: ignore[attr-defined]
    query = select(identity, listing.table).options(*hidden).where(identity.in_(ids))
    found = {number: row for number, row in session.execute(limited(query))}
    return [found[number] for number in ids if number in found]


def _serves(drive: Drive, given: Mapping[str, Sequence[Any]], in_order: bool) -> bool:
    return drive.name in given and (drive.few or in_order) and drive.when(given[drive.name])


def _given(listing: Listing[Any], wanted: Any) -> dict[str, list[Any]]:
    """The values of each filter that is given; Invalid for what no column can hold."""
    given: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    for name, column in listing.filters.items():
        value = getattr(wanted, name)
        values = value if isinstance(value, tuple) else () if value is None else (value,)
        if values:
            given[name] = list(dict.fromkeys(values))
            problems += _problems(name, column, given[name])
    if problems:
        raise Invalid(problems)
    return given


def _problems(name: str, column: Column, values: Sequence[Any]) -> Iterator[Problem]:
    if len(values) > MOST_VALUES:
        yield Problem(name, f"must be at most {MOST_VALUES} values; ask for the others apart")
    if any(isinstance(value, int) and abs(value) > _LARGEST for value in values):
        yield Problem(name, f"must be at most {_LARGEST}")
    if not all(_is_storable(value) for value in values if isinstance(value, str)):
        yield Problem(name, "must be text in UTF-8")
    if isinstance(column.type, Enum) and not set(values) <= set(column.type.enums):
        yield Problem(name, f"must be of {', '.join(column.type.enums)}")


def _is_storable(text: str) -> bool:
    return text == text.encode(errors="replace").decode()


def _any_of(column: Column, values: Sequence[Any]) -> ColumnElement[bool]:
    return column == values[0] if len(values) == 1 else column.in_(values)


def _between(span: Column | None, wanted: Any) -> list[ColumnElement[bool]]:
    if span is None:
        return []
    require_span(wanted.since, wanted.until)
    clauses = []
    if wanted.since is not None:
        clauses.append(span >= as_utc(wanted.since))
    if wanted.until is not None:
        clauses.append(span < as_utc(wanted.until))
    return clauses
