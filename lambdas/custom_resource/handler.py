"""The door of the function: a request of CloudFormation in, an answer at its address out.

Invariant: once the address is known, it is answered: after success, failure, a mistake of ours,
and some seconds before the function's own time is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import answer, output, report, request, task
from .answer import Reply
from .failure import Failure, PropertyInvalid
from .report import logger
from .request import KINDS, Request
from .settings import poll_seconds

# Kept back from the function's own time: to look at the log, to answer, to answer again.
_ANSWER_SECONDS = 20.0
# The very last of it, in which nothing is begun any more.
_LAST_SECONDS = 0.5
# All attributes are there always: CloudFormation refuses a stack that asks for one that is not.
_NOTHING = {"Outcome": "", "From": "", "To": "", "Task": ""}


@dataclass(slots=True)
class _Ending:
    """How it ended; `outcome` is migrated, newer, rolled_back, deleted or failed."""

    outcome: str = "failed"
    code: str = ""
    task: str = ""
    reply: Reply = field(default_factory=lambda: Reply(ok=False))


# Said here, because otherwise a variable of the environment could have the address logged.
@logger.inject_lambda_context(log_event=False)
def handle(event: Any, context: Any) -> dict[str, str]:
    """What Lambda calls. It ends in an error only where CloudFormation could not be told."""
    began = time.monotonic()

    def remaining() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000 - _LAST_SECONDS

    try:
        asked = request.read(event)
    except Failure as failure:
        report.unanswered(None, failure)
        raise
    kept_back = min(_ANSWER_SECONDS, remaining() / 3)
    ending = _in_time(asked, lambda: remaining() - kept_back, grace=kept_back / 2)
    try:
        answer.put(asked, ending.reply, left=remaining)
    except Failure as failure:
        report.unanswered(asked, failure)
        raise
    took = round((time.monotonic() - began) * 1000)
    report.answered(
        asked, outcome=ending.outcome, code=ending.code, task=ending.task, milliseconds=took
    )
    return {"outcome": ending.outcome, "code": ending.code}


def _in_time(asked: Request, left: Callable[[], float], *, grace: float) -> _Ending:
    """Do the work, and come back in time even where something hangs that has no time-out.

    The work has its own sense of time, `left`, and half of the `grace` for its last words.
    """
    endings: list[_Ending] = []
    worker = threading.Thread(
        target=lambda: endings.append(_ended(asked, left, grace / 2)), name="work", daemon=True
    )
    worker.start()
    # For a name that is never resolved, and the like.
    worker.join(max(0.1, left() + grace))
    if endings:
        return endings[0]
    words = "AWS has not answered in time. Look at ECS whether a task runs; then deploy again."
    return _Ending("failed", "hangs", reply=Reply(ok=False, reason=f"hangs: {words}"))


def _ended(asked: Request, left: Callable[[], float], grace: float) -> _Ending:
    try:
        return _work(asked, left)
    except Failure as failure:
        return _failed(asked, failure, left=lambda: left() + grace)
    except Exception as error:  # a stack must not hang on a mistake of ours
        report.broke(asked, error)
        words = "broke: The function met a mistake of its own; its log says of which kind."
        return _Ending("failed", "broke", reply=Reply(ok=False, reason=words))


def _work(asked: Request, left: Callable[[], float]) -> _Ending:
    if asked.kind == "Delete":
        # Tables are data: they go with the database, never with this.
        return _Ending("deleted", reply=Reply(ok=True))
    if asked.kind not in KINDS:
        raise PropertyInvalid("bad_request", f"RequestType must be one of {', '.join(KINDS)}.")
    work = request.work(asked)
    if asked.goes_back:
        # The tables only ever go forward, so an older image has nothing to do. A stack that fell
        # because of its database must be able to go back without it.
        return _Ending(
            "rolled_back", reply=Reply(ok=True, data=dict(_NOTHING, Outcome="rolled_back"))
        )

    def waits(failure: Failure) -> None:
        report.waits(asked, failure)

    arn = task.start(work, token=asked.token, left=left, waits=waits)
    try:
        code = task.wait(work, arn, poll=poll_seconds(), left=left, waits=waits)
    except Failure as failure:
        failure.task = failure.task or arn
        raise
    said = output.of(work, arn, left=left)
    outcome = "newer" if code == task.NEWER else "migrated"
    revisions = {"From": said.get("before", ""), "To": said.get("after", "")}
    data = _NOTHING | {"Outcome": outcome, "Task": arn} | revisions
    return _Ending(outcome, said.get("code", ""), arn, Reply(ok=True, data=data))


def _failed(asked: Request, failure: Failure, *, left: Callable[[], float]) -> _Ending:
    """The failure in words for the events of the stack, with what the task said and where it is."""
    words = [f"{failure.code}: {failure.words}"]
    code = failure.code
    if failure.task:
        work = request.work(asked)
        words.append(f"Task: {failure.task}.")
        if found := output.of(work, failure.task, left=left).get("code"):
            words.append(f"The task says: {found}.")
            code = f"{code}_{found}"
        if work.log_group:
            stream = output.stream(work, failure.task, failure.container)
            words.append(f"Log: {work.log_group}, {stream}.")
    return _Ending("failed", code, failure.task, Reply(ok=False, reason=" ".join(words)))
