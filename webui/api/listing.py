"""Pages of lists as answers: the rows, the cursor in the body and in the header Link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import request

from rescuebot.paging import Page
from webui.api import context

F = TypeVar("F")


def page(noun: Any, query: Mapping[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The page of a noun's list that was asked for."""
    filter_ = _wanted(noun.Filter, query)
    return _answered(
        context.read(
            lambda session: noun.search(
                session=session,
                wanted=filter_,
                sort=query["sort"],
                cursor=query["cursor"],
                limit=query["limit"],
            )
        )
    )


def _answered(page: Page[Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """What a list answers."""
    body = {
        "items": page.rows,
        "next": page.next,
        "total": page.total,
        "total_is_bounded": page.total_is_bounded,
    }
    headers = {"Link": f'<{_following(page.next)}>; rel="next"'} if page.next else {}
    return body, 200, headers


def _wanted(kind: type[F], query: Mapping[str, Any]) -> F:
    """The filter of a noun out of what stood in the address."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    given = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in query.items()
        if name in names and value is not None
    }
    return kind(**given)


def _following(cursor: str) -> str:
    pairs = [(k, v) for k, v in request.args.items(multi=True) if k != "cursor"]
    return f"{request.path}?{urlencode([*pairs, ('cursor', cursor)])}"
