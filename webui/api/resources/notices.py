"""Notices: what was told to whom, by which way, and what was not."""

from __future__ import annotations

from typing import Any

from rescuebot.notices import looking, search
from webui.api import context, listing
from webui.api.door import VIEWER, Door
from webui.api.schemas import notices as schemas

door = Door("notices", path="/notices", words="What was told to whom.")

ONE = "/<int(min=1, max=2147483647):notice_id>"


@door.operation("GET", "", allow=VIEWER, query=schemas.NoticeQuery, returns=schemas.NoticePage)
def list_notices(query: dict[str, Any]) -> Any:
    """Notices, the latest first; ``status=given_up`` are those that reached nobody."""
    return listing.page(search, query)


@door.operation("GET", ONE, allow=VIEWER, returns=schemas.NoticeWhole)
def get_notice(notice_id: int) -> Any:
    """One notice with what each way answered."""
    return context.read(lambda session: looking.whole(session=session, notice_id=notice_id))
