"""The model's part: ask it once for all who ask the same, check its answer, put it to a person.

Invariant: the call happens outside of transactions, under a row that says who asks; and nothing of
an answer runs that a person has not approved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import clock, consulting, proposing
from rescuebot.advice import budget
from rescuebot.advice import service as advice
from rescuebot.advice.model import Advice, AdviceState, Consultation
from rescuebot.advice.question import request
from rescuebot.advice.response import Response, read
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import FunctionUnavailable
from rescuebot.logs import logger
from rescuebot.one_by_one import one_by_one
from rescuebot.settings import Settings

log = logger(__name__)

Ask = Callable[[Mapping[str, Any]], dict[str, Any]]

# A question is asked again once: after an error that may pass, or when its asker was lost.
_MOST_CALLS = 2
_AGAIN_AFTER = timedelta(seconds=10)
_SILENT_FOR = timedelta(seconds=15)
# After a failure the same question is left alone for so long.
_FAILED_FOR = timedelta(minutes=10)
_AT_ONCE = 100


class Advisor:
    """One look of one tracker at all that waits for advice. `ask` calls the Lambda."""

    def __init__(
        self,
        *,
        database: Database,
        settings: Settings,
        ask: Ask | None,
        owner: str,
        now: clock.Clock = clock.now,
    ) -> None:
        self._database = database
        self._settings = settings
        self._ask = ask
        self._owner = owner
        self._now = now

    def run(self) -> dict[str, int]:
        """Ask what is to be asked, then serve all that wait for what was answered."""
        with self._database.reading() as session:
            found = advice.open_(session=session, now=self._now(), limit=_AT_ONCE)
        asked = one_by_one(found, self._take_care, trouble="advice_not_asked")
        with self._database.reading() as session:
            waiting = advice.waiting(session=session, limit=_AT_ONCE)
        served = one_by_one(waiting, lambda pair: self._serve(*pair), trouble="advice_not_served")
        return {"asked": asked, "served": served}

    # --- asking -----------------------------------------------------------------------------

    def _take_care(self, asked: Advice) -> bool:
        if self._settings.advice.function is None:
            return self._switched_off(asked)
        if asked.state is AdviceState.GATHERING:
            return self._begin(asked)
        patience = timedelta(seconds=self._settings.advice.timeout_seconds) + _SILENT_FOR
        if asked.asked_at is None or self._now() - asked.asked_at < patience:
            return False  # somebody is asking it just now
        return self._take_over(asked)

    @repeat_on_contention
    def _switched_off(self, asked: Advice) -> bool:
        """Nobody is to be asked any more, so nobody shall wait for it either."""
        now = self._now()
        with self._database.transaction() as session:
            advice.leave_unasked(
                session=session,
                advice_id=asked.id,
                code="off",
                words="The model is not asked, because advice.function is not set any more.",
                until=now,
                now=now,
            )
        return False

    def _begin(self, asked: Advice) -> bool:
        question = self._question(asked)
        if question is None or not self._let_through(asked, question):
            return False
        return self._call(asked.id, asked.calls + 1, question)

    def _question(self, asked: Advice) -> dict[str, Any] | None:
        """What is sent, once the evidence is there."""
        with self._database.reading() as session:
            ready = consulting.is_gathered(
                session=session, asked=asked, settings=self._settings, now=self._now()
            )
            if not ready:
                return None
            whole = consulting.whole_question(session=session, asked=asked, settings=self._settings)
        return request(whole, limit=self._settings.advice.evidence_characters)

    @repeat_on_contention
    def _let_through(self, asked: Advice, question: Mapping[str, Any]) -> bool:
        """Take the question for asking, unless the budget or the breaker is against it."""
        now = self._now()
        with self._database.transaction() as session:
            refused = self._refusal(session, now)
            if refused is not None:
                advice.leave_unasked(
                    session=session,
                    advice_id=asked.id,
                    code=refused.code,
                    words=refused.words,
                    until=refused.until,
                    now=now,
                )
                return False
            text = json.dumps(question, ensure_ascii=False)
            return advice.begin(
                session=session, advice=asked, question=text, owner=self._owner, now=now
            )

    def _refusal(self, session: Session, now: datetime) -> budget.Refusal | None:
        ends = advice.latest_ends(session=session, limit=self._settings.advice.breaker_failures + 1)
        return budget.refusal(
            hour=advice.spent_since(session=session, since=now - budget.HOUR),
            day=advice.spent_since(session=session, since=now - budget.DAY),
            ends=[
                budget.Ended(ok=row.state is AdviceState.ANSWERED, at=row.answered_at)
                for row in ends
                if row.answered_at is not None
            ],
            settings=self._settings.advice,
            now=now,
        )

    @repeat_on_contention
    def _take_over(self, asked: Advice) -> bool:
        """Its asker has not been heard of: ask once more, or give it up."""
        now = self._now()
        with self._database.transaction() as session:
            fresh = advice.get(session=session, advice_id=asked.id)
            taken = advice.take_over(
                session=session,
                advice=asked,
                owner=self._owner,
                now=now,
                most_calls=_MOST_CALLS,
            )
            refused = self._refusal(session, now) if taken else None
            if refused is not None:
                self._fail(session, asked.id, refused.code, refused.words, None)
                return False
            if not taken:
                self._fail(session, asked.id, "lost", "Whoever asked was lost twice.", None)
                return False
            question = json.loads(fresh.question or "{}")
        return self._call(asked.id, asked.calls + 1, question)

    def _call(self, advice_id: int, calls: int, question: Mapping[str, Any]) -> bool:
        """The call itself, outside of any transaction, and what came of it."""
        assert self._ask is not None, "only without a function there is nobody to ask"
        try:
            response = read(self._ask(question))
        except FunctionUnavailable as error:
            response = Response(ok=False, code="unavailable", words=error.message, retry=True)
        self._store(advice_id, calls, response)
        log.info(
            "advice_asked",
            advice_id=advice_id,
            ok=response.ok,
            code=response.code,
            latency_ms=response.usage.latency_ms,
            cost_micros=response.usage.cost_micros,
        )
        return True

    @repeat_on_contention
    def _store(self, advice_id: int, calls: int, response: Response) -> None:
        now = self._now()
        with self._database.transaction() as session:
            if not response.ok:
                again = now + _AGAIN_AFTER if response.retry and calls < _MOST_CALLS else None
                self._fail(session, advice_id, response.code, response.words, again, response)
                return
            keep = timedelta(hours=self._settings.advice.keep_hours)
            advice.answered(
                session=session,
                advice_id=advice_id,
                answer=json.dumps(response.answer, ensure_ascii=False),
                usage=response.usage,
                expires_at=now + keep,
                now=now,
            )

    def _fail(
        self,
        session: Session,
        advice_id: int,
        code: str,
        words: str,
        again_at: datetime | None,
        response: Response | None = None,
    ) -> None:
        now = self._now()
        advice.failed(
            session=session,
            advice_id=advice_id,
            code=code,
            words=words,
            usage=advice.Usage() if response is None else response.usage,
            again_at=again_at,
            expires_at=now + _FAILED_FOR,
            now=now,
        )

    # --- serving ----------------------------------------------------------------------------

    @repeat_on_contention
    def _serve(self, consultation: Consultation, answered: Advice) -> bool:
        """Put the answer to a person, for one event; or end the event and say why."""
        now = self._now()
        with self._database.transaction() as session:
            if not advice.finish(session=session, consultation_id=consultation.id, now=now):
                return False
            proposing.propose(
                session=session,
                event_id=consultation.cloudwatch_event_id,
                answered=answered,
                settings=self._settings,
                now=now,
            )
        return True
