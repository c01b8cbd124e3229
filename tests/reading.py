"""What the tests of the parser share: shapes, and reading them as if they had just arrived."""

import json
from datetime import UTC, datetime
from pathlib import Path

from rescuebot.events.parse import parse
from rescuebot.settings import IntakeSettings

SHAPES = Path(__file__).parent / "shapes"
ARRIVED = datetime(2026, 11, 22, 2, tzinfo=UTC)


def load(shape):
    return json.loads((SHAPES / f"{shape}.json").read_text(encoding="utf-8"))


def read(message, *, settings=None, arrived=ARRIVED, fallback_id="sqs-1"):
    body = message if isinstance(message, str) else json.dumps(message)
    return parse(
        body=body,
        fallback_id=fallback_id,
        received_at=arrived,
        settings=settings or IntakeSettings(),
    )


def alarm(**detail):
    """The alarm of a dead mysqld, with parts of its detail replaced."""
    event = load("alarm_metric")
    event["detail"] |= detail
    return event
