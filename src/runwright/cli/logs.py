"""Where log lines go: standard error, as text in a terminal and as one JSON object a line elsewhere."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(least: int = logging.INFO) -> None:
    """Write what is at least this severe; standard output stays free for what the command says."""
    if sys.stderr.isatty():
        last: list[structlog.typing.Processor] = [structlog.dev.ConsoleRenderer()]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    logger = logging.getLogger("runwright")
    logger.handlers = [handler]
    logger.setLevel(least)
    logger.propagate = False
