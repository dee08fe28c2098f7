"""A warm, empty Python step in its sandbox, through the engine, against starting bare Python: `python -m benchmarks.script_step`.

Both are measured in turns, so that what else the machine does weighs on both.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.rows import HEAD, Row
from runwright.api.operations.documents import create_document
from runwright.config import Settings
from runwright.hosting import Host
from runwright.runtime.scope import Caller

ROUNDS = 15
STEPS = 10
NO_BACKEND = "http://127.0.0.1:1"
"""A URL that no script calls: it makes the network closed, which is the dearer sandbox."""
