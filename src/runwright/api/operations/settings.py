"""Service settings: those of Automation are ours and none is kept here; all others are the backend's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runwright.api.answers import Answer, Elsewhere, Handler, not_served
from runwright.constraints import shorten
from runwright.messages import Json
from runwright.runtime.scope import Caller

if TYPE_CHECKING:
    from runwright.engine import Engine

OURS = "/ssm/automation/"


async def refuse_ours(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    setting = request["SettingId"]
    refusal = not_served(f"The service setting {shorten(setting)}")
    if is_ours(setting):
        raise refusal
    return Elsewhere(refusal)


def is_ours(setting: str) -> bool:
    """Whether a setting, by its path or ARN, is one of Automation."""
    return setting.startswith(OURS) or f":servicesetting{OURS}" in setting


HANDLERS: dict[str, Handler] = dict.fromkeys(
    ("GetServiceSetting", "UpdateServiceSetting", "ResetServiceSetting"), refuse_ours
)
