"""Shell drafts: parsed, never run, and judged by all that they would touch.

Invariant: what cannot be parsed, understood or told beforehand is refused.
"""

from __future__ import annotations

from rescuebot.advice.shell.risk import Assessment, Findings, Reason, Risk, Touch
from rescuebot.advice.shell.walk import Walk

__all__ = ["Assessment", "Findings", "Reason", "Risk", "Touch", "assess"]


def assess(script: str, *, service: str) -> Assessment:
    """How dangerous a shell script is, why, and what it would touch.

    It may act on what is of this service alone, the service of the event.
    """
    findings = Findings()
    Walk(script, findings=findings, service=service).run()
    return findings.assessment()
