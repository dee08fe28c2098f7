"""From text to a value with places: the same for JSON and YAML, and safe for text from strangers.

The value is plain JSON data. Where something stands in the text is worked out only when it is asked for, since most
texts have no problem. What the value means is not known here; `reader` finds that out.
"""

from __future__ import annotations

from runwright.language.places import MAX_BYTES, Source, place_in, refuse
from runwright.language.problems import Place

FORMATS = ("JSON", "YAML")


def load(text: str, format: str) -> Source:  # noqa: A002 - AWS's word
    """Take `text` apart; `format` is JSON or YAML (a byte order mark is passed over).

    Raises InvalidRunbook where no value can be had: bad syntax, more than 64 KB, more than 60 levels, more than 20,000
    nodes, numbers or characters that JSON cannot hold.
    """
    start = Place(1, 1)
    text = text.removeprefix("\ufeff")
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        half = "the text holds half of a surrogate pair, which is no character"
        refuse("bad-character", half, place_in(text, error.start))
    if size > MAX_BYTES:
        refuse("too-large", f"the text has {size} bytes; a runbook has at most {MAX_BYTES}", start)
    if not text.strip():
        refuse("empty", "the text is empty; a runbook is a map with schemaVersion and mainSteps", start)
    if format not in FORMATS:
        refuse("unknown-format", f"a runbook is written in {' or '.join(FORMATS)}, not in {format}", start)
    if format == "JSON":
        from runwright.language import json_text  # loaded when needed, as its sister is

        return json_text.load(text)
    from runwright.language import yaml_text

    return yaml_text.load(text)
