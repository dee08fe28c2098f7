"""Real servers for these tests too."""

from tests.cli.conftest import serve

__all__ = ["serve"]
