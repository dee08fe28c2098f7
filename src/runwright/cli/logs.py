"""Where log lines go: standard error, as text in a terminal and as one JSON object a line elsewhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

import structlog


class _Masking(structlog.stdlib.ProcessorFormatter):
    """Hides secrets in whole lines, wherever in them they come from."""

    secrets: Sequence[str] = ()

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self.secrets:
            line = line.replace(secret, "***")
        return line


def configure(least: int, secrets: Sequence[str] = ()) -> None:
    """Write what is at least this severe, without the secrets; standard output stays free for what the command says."""
    if sys.stderr.isatty():
        last: list[structlog.typing.Processor] = [structlog.dev.ConsoleRenderer()]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    handler = logging.StreamHandler(sys.stderr)
    formatter = _Masking(processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last])
    formatter.secrets = secrets
    handler.setFormatter(formatter)
    logger = logging.getLogger("runwright")
    logger.handlers = [handler]
    logger.setLevel(least)
    logger.propagate = False
