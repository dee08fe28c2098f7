"""The logger of every room: structlog over the standard library's `runwright` logger.

A program that uses the library sees its lines where it has standard logging go; the command line decides in `cli/logs`.
"""

from __future__ import annotations

import logging
from typing import Any

import structlog


def get_logger() -> Any:
    """A structlog logger; what it is given besides the event are fields of the line."""
    return structlog.wrap_logger(
        logging.getLogger("runwright"),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper("iso"),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
