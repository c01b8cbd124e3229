"""Structured logs: an event name and fields, through the logging of whoever hosts us.

structlog renders ``event_recorded event_id=7 server_id=i-0abc`` and hands the line to the standard
library, so a Salt master's log level, format and files apply as they are.
"""

from __future__ import annotations

import logging

import structlog


def configure() -> None:
    """Route structlog into standard logging. Safe to call more than once."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True),
        ],
        logger_factory=_standard_logger,
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _standard_logger(*names: str) -> logging.Logger:
    """structlog's own factory would put its class in the place of Salt's for all later loggers."""
    return logging.getLogger(*names)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for the module `name`; use event names and fields, never f-strings."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound
