"""Shell drafts: parsed, never run, and judged by all that they would touch.

Invariant: what cannot be parsed, understood or told beforehand is refused.
"""

from __future__ import annotations

from rescuebot.advice.shell.risk import Assessment, Findings, Reason, Risk, Touch
from rescuebot.advice.shell.walk import Walk

__all__ = ["Assessment", "Findings", "Reason", "Risk", "Touch", "assess"]


def assess(script: str) -> Assessment:
    """How dangerous a shell script is, why, and what it would touch."""
    findings = Findings()
    Walk(script, findings=findings).run()
    return findings.assessment()
