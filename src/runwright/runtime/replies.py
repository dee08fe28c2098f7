"""What AWS answers, as JSON values: the one place where botocore's Python objects end.

What its protocol does not allow is a ResponseParserError. Times become ISO 8601 text in UTC
(`2024-05-01T12:30:00+00:00`, what `isoformat` gives), bytes base64; streams are refused. `ResponseMetadata` stays as
botocore gives it.
"""

from __future__ import annotations

import base64
import datetime
import math
from collections.abc import Callable
from typing import Any

from botocore.parsers import ResponseParserError, ResponseParserFactory

from runwright.members import Members
from runwright.messages import Json

_SHOWN_OF_AN_ANSWER = 500


class StreamRefused(Exception):
    """The reply is, or holds, a stream."""


class ReplyParsers(ResponseParserFactory):  # type: ignore[misc]
    """botocore's parsers, with one exception for an answer that is not what the service's protocol makes it.

    They raise what comes of it otherwise: KeyError, AttributeError, UnicodeDecodeError.
    """

    def create_parser(self, protocol_name: str) -> Any:
        parser = super().create_parser(protocol_name)
        parser.parse = _telling(parser.parse)
        return parser


def _telling(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parse_or_tell(response: dict[str, Any], *given: Any) -> Any:
        try:
            parsed = parse(response, *given)
            if isinstance(parsed, dict):
                return parsed
            reason = None
        except Exception as strange:
            reason = strange
        body = response.get("body") or b""
        shown = body[:_SHOWN_OF_AN_ANSWER] if isinstance(body, bytes) else "a stream"
        raise ResponseParserError(f"status {response.get('status_code')}, {shown!r}") from reason

    return parse_or_tell


def as_json(value: object) -> Json:
    """`value`, which botocore parsed, in JSON values that can be stored.

    Raises StreamRefused, and ResponseParserError for what is nested too deeply.
    """
    try:
        return _as_json(value)
    except RecursionError:
        raise ResponseParserError("its lists and maps are nested too deeply") from None


def _as_json(value: object) -> Json:
    match value:
        case None | bool() | int():
            return value
        case str():
            return value if value.isascii() else _storable(value)
        case dict():
            return Members((_storable(str(key)), _as_json(one)) for key, one in value.items())
        case list() | tuple():
            return [_as_json(one) for one in value]
        case float():
            return value if math.isfinite(value) else str(value)
        case datetime.datetime():
            # botocore gives numeric times the machine's zone.
            return value.astimezone(datetime.UTC).isoformat()
        case bytes() | bytearray():
            return base64.b64encode(value).decode("ascii")
        case _:
            raise StreamRefused(type(value).__name__)


def _storable(text: str) -> str:
    """Lone surrogates, which no UTF-8 can carry, replaced by `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")
