"""`runwright schema`: the JSON Schema of runbooks, which editors check and complete them with."""

from __future__ import annotations

import argparse
import json

from runwright.actions import DECLARATIONS
from runwright.language.schema import schema_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def main(args: argparse.Namespace) -> int:
    print(json.dumps(schema_of(DECLARATIONS), indent=2))
    return 0
