"""Hides the credentials that a script was given in whatever it prints, returns or fails with.

Only as they are: a script that encodes a secret has chosen to give it away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from runwright.messages import Failure, Json

MASK = "***"

_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_OWN_ENDPOINT = "AWS_ENDPOINT_URL_SSM"
_SHORTEST = 16
"""Characters; the placeholder credentials of a simulated AWS are shorter and no secret."""


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What of a script's variables nobody else may see: keys, and the token in the address of its own SSM."""
    values = [environment.get(name, "") for name in _SECRET_VARIABLES]
    values.append(environment.get(_OWN_ENDPOINT, "").rpartition("/")[2])
    return tuple(sorted((value for value in values if len(value) >= _SHORTEST), key=len, reverse=True))


def mask_text(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def mask_value(value: Json, secrets: tuple[str, ...]) -> Json:
    """A value like this one, its texts and keys masked."""
    match value:
        case str():
            return mask_text(value, secrets)
        case list():
            return [mask_value(each, secrets) for each in value]
        case dict():
            return {mask_text(key, secrets): mask_value(each, secrets) for key, each in value.items()}
        case _:
            return value


def mask_failure(failure: Failure, secrets: tuple[str, ...]) -> Failure:
    return Failure(mask_text(failure.message, secrets), failure.code, failure.type)


def masking(report: Callable[[str], None], secrets: tuple[str, ...]) -> Callable[[str], None]:
    """A report that hides secrets; it is told whole lines, so that none is told in two parts."""
    return lambda text: report(mask_text(text, secrets))
