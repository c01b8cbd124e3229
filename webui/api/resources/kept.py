"""What commands and runbooks have in common: they are kept in versions.

Invariant: nobody's change is lost unseen. A change needs the ETag of what its author saw, and the
library's guarded UPDATE decides among those who saw the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from flask import request
from sqlalchemy.orm import Session

from rescuebot import clock
from rescuebot.errors import Problem
from rescuebot.versions import service as versions
from webui.api import context, who
from webui.api.door import ADMIN, LOCATION, OPERATOR, SEEN, VIEWER, Door
from webui.api.schemas import runbooks as schemas

_ID = "<int(min=1, max=2147483647):{}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Noun:
    """Commands, or runbooks."""

    word: str
    service: Any
    noun: versions.Noun
    problems_of: Callable[[Mapping[str, Any]], list[Problem]]
    row: type[ma.Schema]
    new: type[ma.Schema]
    change: type[ma.Schema]
    # What a new one holds beside what was sent.
    more: Callable[[], Mapping[str, Any]] = dict

    def add_to(self, door: Door) -> None:
        """All routes but the list."""
        for routes in (self._reading, self._changing, self._of_versions):
            routes(door)

    @property
    def _one(self) -> str:
        return "/" + _ID.format(f"{self.word}_id")

    def _named(self, view: Callable[..., Any], name: str, words: str) -> Callable[..., Any]:
        """The view under the names that its noun has in the specification."""

        def named(**given: Any) -> Any:
            which = given.pop(f"{self.word}_id", None)
            return view(**given) if which is None else view(which=which, **given)

        named.__name__ = name.format(self.word)
        named.__doc__ = words.format(self.word)
        return named

    def _reading(self, door: Door) -> None:
        def get(which: int) -> Any:
            row = context.read(lambda session: self.service.get(session=session, which=which))
            door.set_etag(_tag(row))
            return row

        def check(body: dict[str, Any]) -> Any:
            problems = self.problems_of(_plain(body))
            found = [{"field": one.field, "message": one.message} for one in problems]
            return {"ok": not found, "problems": found}

        door.operation("GET", self._one, allow=VIEWER, returns=self.row, etag=True)(
            self._named(get, "get_{}", "One {}, deleted or not.")
        )
        door.operation("POST", "/check", allow=VIEWER, body=self.change, returns=schemas.Checked)(
            self._named(
                check, "check_{}", "What is wrong with the fields of a {}. Nothing is kept."
            )
        )

    def _changing(self, door: Door) -> None:
        def create(body: dict[str, Any]) -> Any:
            row = context.change(
                lambda session: self.service.create(
                    session=session,
                    now=clock.now(),
                    actor=who.actor(),
                    **self.more(),
                    **_plain(body),
                )
            )
            door.set_etag(_tag(row))
            return row, 201, {"Location": f"{request.path}/{row.id}"}

        def update(which: int, body: dict[str, Any]) -> Any:
            return self._changed(
                door, which, self.service.update, tagged=True, changes=_plain(body)
            )

        def delete(which: int) -> Any:
            self._changed(door, which, self.service.delete)
            return ""

        def restore(which: int) -> Any:
            return context.change(
                lambda session: self.service.restore(
                    session=session, which=which, actor=who.actor(), now=clock.now()
                )
            )

        words = "Register a {}."
        door.operation(
            "POST",
            "",
            allow=OPERATOR,
            body=self.new,
            returns=self.row,
            status=201,
            etag=True,
            fails=(409,),
            describe=LOCATION,
        )(self._named(create, "create_{}", words))
        door.operation(
            "PATCH",
            self._one,
            allow=OPERATOR,
            body=self.change,
            returns=self.row,
            etag=True,
            fails=(409,),
        )(self._named(update, "update_{}", "Change fields of a {} that is still as you saw it."))
        door.operation("DELETE", self._one, allow=ADMIN, status=204, etag=True, fails=(409,))(
            self._named(delete, "delete_{}", "Take a {} out of use; it can be restored.")
        )
        door.operation("POST", self._one + "/restore", allow=ADMIN, returns=self.row, fails=(409,))(
            self._named(restore, "restore_{}", "Bring a deleted {} back as it was.")
        )

    def _of_versions(self, door: Door) -> None:
        def list_versions(which: int) -> Any:
            return {
                "items": context.read(
                    lambda session: self.service.versions(session=session, which=which)
                )
            }

        def get_version(which: int, number: int) -> Any:
            def _work(session: Session) -> Any:
                row = self.service.get(session=session, which=which)
                return versions.content(session=session, noun=self.noun, row=row, number=number)

            return {"number": number, "content": context.read(_work)}

        def diff(which: int, query: dict[str, Any]) -> Any:
            return {
                "diff": context.read(
                    lambda session: self.service.diff(session=session, which=which, **query)
                )
            }

        def revert(which: int, body: dict[str, int]) -> Any:
            return self._changed(door, which, self.service.revert, tagged=True, to=body["to"])

        door.operation("GET", self._one + "/versions", allow=VIEWER, returns=schemas.VersionAll)(
            self._named(list_versions, "list_{}_versions", "What was made of a {}, newest first.")
        )
        door.operation(
            "GET",
            self._one + "/versions/" + _ID.format("number"),
            allow=VIEWER,
            returns=schemas.VersionContent,
        )(self._named(get_version, "get_{}_version", "A {} as it was at one version."))
        door.operation(
            "GET", self._one + "/diff", allow=VIEWER, query=schemas.DiffQuery, returns=schemas.Diff
        )(self._named(diff, "diff_{}", "What differs between two versions of a {}."))
        door.operation(
            "POST",
            self._one + "/revert",
            allow=OPERATOR,
            body=schemas.Revert,
            returns=self.row,
            etag=True,
            fails=(409, 412, 428),
            describe=SEEN,
        )(self._named(revert, "revert_{}", "Make a new version of a {} out of an old one."))

    def _changed(
        self,
        door: Door,
        which: int,
        change: Callable[..., Any],
        *,
        tagged: bool = False,
        **more: Any,
    ) -> Any:
        def _work(session: Session) -> Any:
            row = self.service.get(session=session, which=which)
            door.check_etag(_tag(row))
            return change(
                session=session,
                which=which,
                expected_version=row.version,
                actor=who.actor(),
                now=clock.now(),
                **more,
            )

        row = context.change(_work)
        if tagged:
            door.set_etag(_tag(row))
        return row


def _tag(row: Any) -> list[Any]:
    return [type(row).__name__, row.id, row.version]


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    """Enums as the words that the library takes."""
    return {name: getattr(value, "value", value) for name, value in body.items()}
