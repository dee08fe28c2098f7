"""Where log lines go: standard error, as text in a terminal and as one JSON object a line elsewhere."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(least: int = logging.INFO) -> None:
    """Write what is at least this severe; standard output stays free for what the command says."""
    if sys.stderr.isatty():
        last: structlog.typing.Processor = structlog.dev.ConsoleRenderer()
        on_exception: list[structlog.typing.Processor] = []
    else:
        last = structlog.processors.JSONRenderer()
        on_exception = [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso"),
            *on_exception,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
