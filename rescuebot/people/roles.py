"""Who may do what: the roles, and who comes in with one of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_ACTOR = 100


class Role(StrEnum):
    """What somebody may do. A viewer ⊂ operator ⊂ admin; `ingest` may only hand in events."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    INGEST = "ingest"


# Persons are one of these; machines may be any.
PERSONS = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)


def at_least(role: Role) -> frozenset[Role]:
    """The roles that may do what `role` may."""
    if role is Role.INGEST:
        return frozenset({Role.INGEST})
    return frozenset(PERSONS[PERSONS.index(role) :])


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who has proved who they are, as of the moment of asking."""

    user_id: int
    username: str
    role: Role
    epoch: int
    must_change_password: bool

    @property
    def actor(self) -> str:
        """How the ledger names them."""
        return f"web:{self.username}"[:_ACTOR]


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """Something that came with a key."""

    key_id: int
    name: str
    role: Role

    @property
    def actor(self) -> str:
        """How the ledger names it."""
        return f"key:{self.name}"[:_ACTOR]
