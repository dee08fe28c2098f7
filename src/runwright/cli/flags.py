"""Flags of the command line, made from the table of settings."""

from __future__ import annotations

import argparse

from runwright.config import SETTINGS


def add(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add the flags of these settings; one that is not given is None, so that the environment is asked."""
    for name in names:
        setting = SETTINGS[name]
        default = f" (default: {setting.default})" if setting.metavar and setting.default else ""
        text = (setting.help + default + f" [{setting.variable}]").replace("%", "%%")
        if not setting.metavar:
            parser.add_argument(setting.flag, action="store_true", default=None, help=text)
        elif setting.repeats:
            parser.add_argument(setting.flag, action="append", metavar=setting.metavar, help=text)
        else:
            parser.add_argument(setting.flag, metavar=setting.metavar, help=text)
