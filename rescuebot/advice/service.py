"""What can be done with advice: ask once for all who ask the same, answer, count, list.

Invariant: a question has at most one live row, which a unique key holds; each change of a state is
one conditional UPDATE here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, delete, func, select, update
from sqlalchemy.orm import Session, undefer

from rescuebot.advice.model import (
    Advice,
    AdviceState,
    Consultation,
    ConsultationState,
)
from rescuebot.database import insert_missing
from rescuebot.errors import NotFound

ENDED = (AdviceState.ANSWERED, AdviceState.FAILED, AdviceState.UNASKED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What one call has cost."""

    model_id: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_micros: int = 0
    latency_ms: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What all calls since some time have cost."""

    calls: int
    tokens: int
    cost_micros: int


def consult(
    *, session: Session, event_id: int, question_hash: str, service_type: str, now: datetime
) -> tuple[Advice, bool]:
    """Let an event wait for the answer to its question; True when it is the first that asks."""
    forget_old(session=session, question_hash=question_hash, now=now)
    if live(session=session, question_hash=question_hash) is None:
        insert_missing(session, Advice, [_new(event_id, question_hash, service_type, now)])
    advice = live(session=session, question_hash=question_hash)
    assert advice is not None, "it has just been inserted, by us or by another"
    session.add(
        Consultation(
            cloudwatch_event_id=event_id,
            advice_id=advice.id,
            state=ConsultationState.WAITING,
            begun_at=now,
        )
    )
    session.flush()
    return advice, advice.cloudwatch_event_id == event_id


def live(*, session: Session, question_hash: str) -> Advice | None:
    """The row of a question that may be used, or None."""
    return session.scalars(select(Advice).where(Advice.live_hash == question_hash)).one_or_none()


def forget_old(*, session: Session, question_hash: str, now: datetime) -> None:
    """Use an answer no more whose time is over, and what came to nothing."""
    over = (Advice.expires_at <= now) & Advice.state.in_(ENDED)
    session.execute(
        update(Advice).where(Advice.live_hash == question_hash, over).values(live_hash=None)
    )


def gather(*, session: Session, advice: Advice, execution_id: int) -> None:
    """Note which run gathers the evidence."""
    session.execute(
        update(Advice)
        .where(Advice.id == advice.id, Advice.evidence_execution_id.is_(None))
        .values(evidence_execution_id=execution_id)
    )


def begin(*, session: Session, advice: Advice, question: str, owner: str, now: datetime) -> bool:
    """Take a question for asking: nobody else asks it now. False when somebody has it."""
    return _move(
        session,
        advice.id,
        (AdviceState.GATHERING,),
        state=AdviceState.ASKING,
        question=question,
        asked_by=owner[:100],
        asked_at=now,
        calls=Advice.calls + 1,
    )


def take_over(
    *, session: Session, advice: Advice, owner: str, now: datetime, most_calls: int
) -> bool:
    """Ask what somebody began to ask who has not been heard of since; at most so often."""
    return _move(
        session,
        advice.id,
        (AdviceState.ASKING,),
        Advice.calls == advice.calls,
        Advice.calls < most_calls,
        asked_by=owner[:100],
        asked_at=now,
        calls=Advice.calls + 1,
    )


def answered(
    *,
    session: Session,
    advice_id: int,
    answer: str,
    usage: Usage,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """Keep the answer; False when another's was kept before."""
    return _move(
        session,
        advice_id,
        (AdviceState.ASKING,),
        state=AdviceState.ANSWERED,
        answer=answer,
        answered_at=now,
        expires_at=expires_at,
        **_added(usage),
    )


def failed(
    *,
    session: Session,
    advice_id: int,
    code: str,
    words: str,
    usage: Usage,
    again_at: datetime | None,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """Note that a call came to nothing; with `again_at` it is asked again then."""
    ended: dict[str, Any] = {"state": AdviceState.FAILED, "answered_at": now}
    ended["expires_at"] = expires_at
    retried = {"state": AdviceState.GATHERING, "not_before": again_at}
    return _move(
        session,
        advice_id,
        (AdviceState.ASKING,),
        error_code=code[:30],
        error=words[:2000],
        **(ended if again_at is None else retried),
        **_added(usage),
    )


def leave_unasked(
    *, session: Session, advice_id: int, code: str, words: str, now: datetime, until: datetime
) -> bool:
    """Note that the question is not asked, or not waited for, and why."""
    return _move(
        session,
        advice_id,
        (AdviceState.GATHERING, AdviceState.ASKING),
        state=AdviceState.UNASKED,
        error_code=code[:30],
        error=words,
        answered_at=now,
        expires_at=until,
    )


def open_(*, session: Session, now: datetime, limit: int) -> Sequence[Advice]:
    """Questions that somebody has to take care of, oldest first."""
    states = (AdviceState.GATHERING, AdviceState.ASKING)
    query = select(Advice).where(Advice.state.in_(states), Advice.not_before <= now)
    return session.scalars(query.order_by(Advice.id).limit(limit)).all()


def waiting(*, session: Session, limit: int) -> Sequence[tuple[Consultation, Advice]]:
    """Events that wait although their question has come to its end, oldest first."""
    query = (
        select(Consultation, Advice)
        .join(Advice, Advice.id == Consultation.advice_id)
        .where(Consultation.state == ConsultationState.WAITING, Advice.state.in_(ENDED))
        .order_by(Consultation.id)
    )
    return [(row[0], row[1]) for row in session.execute(query.limit(limit))]


def consultation_of(*, session: Session, event_id: int) -> Consultation | None:
    """The consultation of an event, or None."""
    return session.scalars(
        select(Consultation).where(Consultation.cloudwatch_event_id == event_id)
    ).one_or_none()


def forget_consultation(*, session: Session, event_id: int) -> None:
    """Let an event that is decided anew ask anew: it has at most one consultation."""
    session.execute(delete(Consultation).where(Consultation.cloudwatch_event_id == event_id))


def finish(*, session: Session, consultation_id: int, now: datetime) -> bool:
    """Note that an event has been served; False when somebody was first."""
    done = session.execute(
        update(Consultation)
        .where(
            Consultation.id == consultation_id,
            Consultation.state == ConsultationState.WAITING,
        )
        .values(state=ConsultationState.DONE, done_at=now)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def spent_since(*, session: Session, since: datetime) -> Spent:
    """What the calls since then have cost; one that is out counts as a call."""
    tokens = func.sum(
        Advice.input_tokens
        + Advice.output_tokens
        + Advice.cache_read_tokens
        + Advice.cache_write_tokens
    )
    query = select(func.sum(Advice.calls), tokens, func.sum(Advice.cost_micros)).where(
        Advice.asked_at >= since
    )
    calls, used, cost = session.execute(query).one()
    return Spent(calls=int(calls or 0), tokens=int(used or 0), cost_micros=int(cost or 0))


def latest_ends(*, session: Session, limit: int) -> Sequence[Advice]:
    """The questions that were asked and have ended, the latest first, for the breaker."""
    query = select(Advice).where(
        Advice.state.in_((AdviceState.ANSWERED, AdviceState.FAILED)), Advice.calls > 0
    )
    return session.scalars(query.order_by(Advice.answered_at.desc()).limit(limit)).all()


def get(*, session: Session, advice_id: int) -> Advice:
    """The advice with its question, or NotFound."""
    query = select(Advice).where(Advice.id == advice_id).options(undefer(Advice.question))
    advice = session.scalars(query).one_or_none()
    if advice is None:
        raise NotFound(
            f"There is no advice {advice_id}.", remedy="salt-run rescue.advice lists the latest."
        )
    return advice


def of_event(*, session: Session, event_id: int) -> Advice | None:
    """The advice that an event waits for or was given, or None."""
    query = (
        select(Advice)
        .join(Consultation, Consultation.advice_id == Advice.id)
        .where(Consultation.cloudwatch_event_id == event_id)
    )
    return session.scalars(query).one_or_none()


def list_(*, session: Session, limit: int = 50) -> Sequence[Advice]:
    """The latest questions, newest first."""
    return session.scalars(select(Advice).order_by(Advice.id.desc()).limit(limit)).all()


def stats(*, session: Session, since: datetime) -> list[dict[str, Any]]:
    """Calls, tokens, money and time since then, by model."""
    answered_ = func.sum(case((Advice.state == AdviceState.ANSWERED, 1), else_=0))
    query = (
        select(
            Advice.model_id,
            func.sum(Advice.calls).label("calls"),
            answered_.label("answered"),
            func.sum(Advice.input_tokens).label("input_tokens"),
            func.sum(Advice.output_tokens).label("output_tokens"),
            func.sum(Advice.cache_read_tokens).label("cache_read_tokens"),
            func.sum(Advice.cache_write_tokens).label("cache_write_tokens"),
            func.sum(Advice.cost_micros).label("cost_micros"),
            func.avg(Advice.latency_ms).label("latency_ms"),
        )
        .where(Advice.asked_at >= since)
        .group_by(Advice.model_id)
    )
    return [
        {
            name: value if isinstance(value, str) else int(value or 0)
            for name, value in row._mapping.items()
        }
        for row in session.execute(query)
    ]


def _new(event_id: int, question_hash: str, service_type: str, now: datetime) -> dict[str, Any]:
    numbers = ("input", "output", "cache_read", "cache_write")
    return {
        "question_hash": question_hash,
        "live_hash": question_hash,
        "service_type": service_type,
        "cloudwatch_event_id": event_id,
        "state": AdviceState.GATHERING,
        "begun_at": now,
        "not_before": now,
        "calls": 0,
        "model_id": "",
        "cost_micros": 0,
        "latency_ms": 0,
        **{f"{name}_tokens": 0 for name in numbers},
    }


def _added(usage: Usage) -> dict[str, Any]:
    """What was spent before counts, too: an error may have cost something."""
    return {
        "model_id": usage.model_id[:200],
        "input_tokens": Advice.input_tokens + usage.input_tokens,
        "output_tokens": Advice.output_tokens + usage.output_tokens,
        "cache_read_tokens": Advice.cache_read_tokens + usage.cache_read_tokens,
        "cache_write_tokens": Advice.cache_write_tokens + usage.cache_write_tokens,
        "cost_micros": Advice.cost_micros + usage.cost_micros,
        "latency_ms": usage.latency_ms,
    }


def _move(
    session: Session,
    advice_id: int,
    was: Sequence[AdviceState],
    *also: ColumnElement[bool],
    **values: Any,
) -> bool:
    moved = session.execute(
        update(Advice).where(Advice.id == advice_id, Advice.state.in_(was), *also).values(**values)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]
