"""`--param NAME=VALUE`: from texts on a command line to the lists of strings that StartAutomationExecution takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from runwright.language.model import Parameter
from runwright.messages import Json

_LISTS = ("StringList", "MapList")


class InvalidParameter(ValueError):
    """A text that is not NAME=VALUE."""


def parameters_of(given: Iterable[str], declared: Mapping[str, Parameter]) -> dict[str, list[str]]:
    """Read each NAME=VALUE; a repeated NAME makes a list, and a list may be given as JSON. Raises InvalidParameter.

    What the values must be is for the service to say: nothing is checked here.
    """
    texts: dict[str, list[str]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InvalidParameter(f"--param {text}: NAME=VALUE is expected.")
        texts.setdefault(name, []).append(value)
    return {name: _values(values, declared.get(name)) for name, values in texts.items()}


def _values(texts: list[str], parameter: Parameter | None) -> list[str]:
    if parameter is None or parameter.kind not in _LISTS:
        return texts
    return [value for text in texts for value in _items(text)]


def _items(text: str) -> list[str]:
    if not text.lstrip().startswith("["):
        return [text]
    try:
        items: Json = json.loads(text)
    except ValueError:
        return [text]
    return [item if isinstance(item, str) else json.dumps(item) for item in items]
