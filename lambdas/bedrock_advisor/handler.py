"""The door of the function: a question in, an answer or a coded failure out.

Invariant: what can be foreseen comes back as a response. Only a fault of ours ends in a crash,
which the runtime reports as FunctionError.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from . import answer, converse, prompt, report
from .converse import Reply
from .failure import Failure
from .pricing import Usage
from .report import logger, metrics
from .settings import DEFAULT_MODEL, Settings

# Kept back from the function's own time, so that it can still say that the model was too slow.
_OWN_SECONDS = 2
_NAMED = re.compile(r"[0-9a-f]{64}")


@dataclass(slots=True)
class _Call:
    """What is known so far about the one call of the model."""

    settings: Settings | None = None
    reply: Reply | None = None
    started: float | None = None
    latency_ms: int = 0

    def ask(self, asked: prompt.Prompt, settings: Settings, seconds: int) -> Reply:
        """Make the call and remember how long it took, whether or not it came back."""
        self.started = time.monotonic()
        try:
            self.reply = converse.ask(asked, settings=settings, seconds=seconds)
        finally:
            self.latency_ms = round((time.monotonic() - self.started) * 1000)
        return self.reply

    def figures(self) -> dict[str, Any]:
        """The part of a response that is the same whether or not there is an answer."""
        usage = self.reply.usage if self.reply else Usage()
        model_id = self.settings.model_id if self.settings else DEFAULT_MODEL
        # Nothing was asked: nothing was paid, whatever the prices are.
        prices = self.settings.prices if self.settings and self.started is not None else None
        return {
            "usage": usage.as_dict(),
            "model_id": model_id,
            "latency_ms": self.latency_ms,
            "cost_usd": prices.cost(usage, model_id=model_id) if prices else 0.0,
        }


# Said here, because otherwise a variable of the environment could have whole events logged.
@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics(capture_cold_start_metric=False)
def handle(event: Any, context: Any) -> dict[str, Any]:
    """What Lambda calls."""
    call = _Call()
    try:
        response = _advise(event, call=call, milliseconds=context.get_remaining_time_in_millis())
    except Failure as failure:
        response = {"ok": False, "error": failure.as_dict(), **call.figures()}
    report.told(response, question_id=_name_of(event), called=call.started is not None)
    return response


def _advise(event: Any, *, call: _Call, milliseconds: int) -> dict[str, Any]:
    call.settings = settings = Settings.read()
    asked = prompt.build(prompt.check(event))
    reply = call.ask(asked, settings, _patience(settings, milliseconds))
    given = answer.read(reply.text, stop_reason=reply.stop_reason)
    return {"ok": True, "answer": given, **call.figures(), "stop_reason": reply.stop_reason}


def _patience(settings: Settings, milliseconds: int) -> int:
    """How long to wait for the model, within what is left of the function's own time."""
    left = milliseconds // 1000 - _OWN_SECONDS
    if left < 1:
        raise Failure(
            "timeout",
            "The function has no time for a question. Set its timeout above READ_TIMEOUT.",
        )
    return min(settings.read_timeout, left)


def _name_of(event: Any) -> str:
    """The question's id for the log, when it is one: a log line takes no foreign text."""
    name = event.get("question_id") if isinstance(event, dict) else None
    return name if isinstance(name, str) and _NAMED.fullmatch(name) else ""
