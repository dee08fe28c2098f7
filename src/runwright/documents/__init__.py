"""Documents: names, versions, the default version and the text of each, by account and region.

This room stores text and never parses it: what a text must be, and what can be told of it, is asked elsewhere.
"""

from __future__ import annotations

from runwright.documents.model import AMAZON, Draft, Version, Wanted, is_reserved, local_name
from runwright.documents.shelf import Documents

__all__ = ["AMAZON", "Documents", "Draft", "Version", "Wanted", "is_reserved", "local_name"]
