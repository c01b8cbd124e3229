"""What all schemas share: rows of the ledger as JSON, and lists of them.

Invariant: a schema names each column that it shows. A column that is added to a table is shown to
nobody until somebody writes it down here.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, cast

import marshmallow as ma
import sqlalchemy as sa
from marshmallow_sqlalchemy import ModelConverter

from rescuebot import clock
from rescuebot.database import Base, UtcTimestamp

MOST_ROWS = 200
BIGGEST_ID = 2**31 - 1


class Moment(ma.fields.AwareDateTime):
    """A time with its zone: ``2026-11-22T01:04:40.989Z``. Without a zone it is refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _serialize(self, value: datetime | str | None, *args: Any, **kwargs: Any) -> str | None:
        if value is None or isinstance(value, str):
            return value
        return clock.isoformat(value)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime:
        try:
            return clock.as_utc(super()._deserialize(value, *args, **kwargs))
        except OverflowError:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None


class Text(ma.fields.String):
    """A text that can be kept as it is."""

    def __init__(self, *, least: int = 0, most: int, **kwargs: Any) -> None:
        super().__init__(validate=ma.validate.Length(least, most), **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, *args, **kwargs))
        if "\x00" in text:
            raise ma.ValidationError("must not hold the character NUL.")
        return text


class Whole(ma.fields.Integer):
    """A whole number of JSON, where 3.0 is 3; text that looks like one is none."""

    def __init__(self, *, strict: bool = True, **kwargs: Any) -> None:
        super().__init__(strict=strict, **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return super()._validated(value)


class Flag(ma.fields.Boolean):
    """True or false of JSON, and nothing that merely looks like it."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


def matching(pattern: str, words: str) -> ma.validate.Regexp:
    """Text that is all of this pattern; `words` say so to people."""
    return ma.validate.Regexp(rf"^{pattern}\Z", error=f"must be {words}.")


# Names of services, people and keys.
NAME = matching(
    r"[a-z0-9][a-z0-9._-]{0,49}",
    "1 to 50 of a-z, digits, dots, dashes or underscores, and begin with a letter or digit",
)


def _one_of(kind: sa.Enum) -> Any:
    if kind.enum_class is not None:
        return partial(ma.fields.Enum, kind.enum_class, by_value=True)
    return ma.fields.String


class _Converter(ModelConverter):
    """Columns of our tables: enums by their values, times with their zone."""

    SQLA_TYPE_MAPPING = {
        **ModelConverter.SQLA_TYPE_MAPPING,
        UtcTimestamp: Moment,
        sa.Enum: lambda converter, kind: _one_of(kind),
    }

    def _add_column_kwargs(self, kwargs: dict[str, Any], column: sa.Column[Any]) -> None:
        super()._add_column_kwargs(kwargs, column)
        kwargs.pop("enum", None)
        kwargs["validate"] = []
        kwargs["required"] = True
        if isinstance(column.type, sa.String) and column.type.length:
            kwargs["metadata"] = {"maxLength": column.type.length}


def rows_of(
    model: type[Base], name: str, *columns: str, words: str = "", **more: ma.fields.Field[Any]
) -> type[ma.Schema]:
    """The schema `name` of a row: these of its columns, and what is worked out beside them.

    `words` say what it is, where those of its table do not.
    """
    known = _Converter().fields_for_model(cast(Any, model), fields=columns, include_fk=True)
    shown = {column: known[column] for column in columns}
    return type(name, (ma.Schema,), {"__doc__": words or model.__doc__, **shown, **more})


def page_of(schema: type[ma.Schema], name: str) -> type[ma.Schema]:
    """The schema `name` of a page of a list."""
    fields = {
        "items": ma.fields.List(ma.fields.Nested(schema), required=True),
        "next": ma.fields.String(
            required=True,
            allow_none=True,
            metadata={"description": "The cursor of the next page; null on the last one."},
        ),
        "total": ma.fields.Integer(
            required=True, allow_none=True, metadata={"description": "Counted up to 1000."}
        ),
        "total_is_bounded": ma.fields.Boolean(
            required=True, metadata={"description": "Whether there are more than `total`."}
        ),
    }
    return type(name, (ma.Schema,), {"__doc__": "One page of a list.", **fields})


def any_of(kind: Any, **kwargs: Any) -> ma.fields.List[Any]:
    """A filter that may be given several times: ``?severity=fatal&severity=critical``."""
    inner = ma.fields.Enum(kind, by_value=True) if isinstance(kind, type) else kind
    return ma.fields.List(inner, validate=ma.validate.Length(max=50), **kwargs)


class ListQuery(ma.Schema):
    """What every list takes."""

    limit = ma.fields.Integer(
        load_default=50,
        validate=ma.validate.Range(1, MOST_ROWS),
        metadata={"description": "How many rows at most."},
    )
    cursor = Text(
        least=1,
        most=1000,
        load_default=None,
        metadata={"description": "The `next` of the page before, with the same filters."},
    )


def sorted_by(noun: Any) -> ma.fields.String:
    """How the list of a noun may be sorted: as its search says; ``-`` means descending."""
    choices = [sort for name in noun.LISTING.sorts for sort in (f"-{name}", name)]
    return ma.fields.String(load_default=noun.LISTING.sort, validate=ma.validate.OneOf(choices))


Id = partial(Whole, validate=ma.validate.Range(1, BIGGEST_ID))


class Reason(ma.Schema):
    """Why somebody does something; it is kept in the audit."""

    reason = Text(least=1, most=1000, required=True)


class Became(ma.Schema):
    """What became of one of many."""

    id = Id(required=True)
    became = ma.fields.String(
        required=True,
        metadata={"description": "A word such as `closed`, or the code of what refused it."},
    )
    words = ma.fields.String(required=True)
    remedy = ma.fields.String(required=True)
    made = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "The id of what was made for it."}
    )


class BecameAll(ma.Schema):
    """What became of each."""

    items = ma.fields.List(ma.fields.Nested(Became), required=True)
