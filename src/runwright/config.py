"""One table of settings: the command line, the environment and the documentation are made from it.

A setting is looked for on the command line, then in the environment, then it has its default. This module knows the
table and how texts become values; which command shows which flag is the commands' business.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

QUOTAS = {
    "running": (100, "Executions that run at a time in an account and region; further ones are Pending."),
    "queued": (1000, "Starts that may wait for a running slot; a start beyond is refused."),
    "rate-controlled": (25, "Executions with targets that are under way at a time in an account and region."),
}
"""Name: (AWS's value, what it limits). 0 stands for no limit."""


def _default_quotas() -> dict[str, int]:
    return {name: value for name, (value, _) in QUOTAS.items()}


@dataclass(frozen=True, slots=True)
class Settings:
    """`data` None keeps nothing on disk. `aws` is `default`, `simulated` or the URL of every service's endpoint."""

    data: Path | None = None
    aws: str = "default"
    region: str = "us-east-1"
    account: str = "123456789012"
    skip_time: bool = False
    attachments: tuple[Path, ...] = ()
    script_sandbox: str = "auto"
    quotas: dict[str, int] = field(default_factory=_default_quotas)


class InvalidSetting(ValueError):
    """A setting whose text cannot be read; the text says which and what is accepted."""


class Setting(NamedTuple):
    """`read` makes the value of a text, or of a list of texts where the setting `repeats`.

    Without `metavar` the flag takes no text. `separator` parts several texts in one environment variable.
    """

    name: str
    metavar: str
    default: str
    read: Callable[[Any], Any]
    help: str
    repeats: bool = False
    separator: str = ","

    @property
    def flag(self) -> str:
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        return f"RUNWRIGHT_{self.name.upper().replace('-', '_')}"

    @property
    def attribute(self) -> str:
        return self.name.replace("-", "_")


# --------------------------------------------------------------------------------------------- texts to values


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise InvalidSetting(f"'{text}' is no port: a number from 0 (a free one is picked) to 65535 is expected")
    return int(text)


def _data(text: str) -> Path | None:
    if not text:
        raise InvalidSetting("it is empty: a directory or :memory: is expected")
    return None if text == ":memory:" else Path(text)


def _aws(text: str) -> str:
    if text in ("default", "simulated") or re.fullmatch(r"https?://[^/\s]+(/\S*)?", text):
        return text
    raise InvalidSetting(f"'{text}' is none of default, simulated and an http(s) URL")


def _host(text: str) -> str:
    if not text:
        raise InvalidSetting("it is empty: a name or address of this machine is expected")
    return text


def _region(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,}(-[a-z0-9]+)+", text):
        raise InvalidSetting(f"'{text}' is no name of a region, such as us-east-1")
    return text


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise InvalidSetting(f"'{text}' is no account id: 12 digits are expected")
    return text


def _script_sandbox(text: str) -> str:
    if text not in ("auto", "none"):
        raise InvalidSetting(f"'{text}' is neither auto nor none")
    return text


def _switch(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
    if text.lower() not in words:
        raise InvalidSetting(f"'{text}' is neither true nor false")
    return words[text.lower()]


def _directories(texts: list[str]) -> tuple[Path, ...]:
    return tuple(Path(text) for text in texts)


def _quotas(texts: list[str]) -> dict[str, int]:
    quotas = _default_quotas()
    for text in texts:
        name, equals, number = text.partition("=")
        if name not in QUOTAS or not equals:
            raise InvalidSetting(f"'{text}' is not NAME=N with NAME one of {', '.join(QUOTAS)}")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise InvalidSetting(f"'{text}': a whole number is expected behind {name}=, 0 for no limit")
        quotas[name] = int(number)
    return quotas


# --------------------------------------------------------------------------------------------------- the table

_SETTINGS = (
    Setting(
        "host", "HOST", "127.0.0.1", _host,
        "The address to listen at; the only name but loopback ones that a Host header may have.",
    ),
    Setting("port", "PORT", "4583", _port, "The port to listen at; 0 picks a free one."),
    Setting(
        "data", "PATH", "./.runwright", _data,
        "The directory that keeps documents and executions, made when it is not there; `:memory:` keeps nothing.",
    ),
    Setting(
        "aws", "AWS", "default", _aws,
        "Where runbooks act: `default` is real AWS through botocore's own chain of credentials, `simulated` a moto "
        "server that is started along, a URL the endpoint of every service (a moto server, LocalStack).",
    ),
    Setting(
        "skip-time", "", "false", _switch,
        "Skip the waiting of sleeps, polls and timeouts: an execution's clock jumps when nothing is really at work and "
        "no person is awaited.",
    ),
    Setting(
        "script-sandbox", "MODE", "auto", _script_sandbox,
        "How scripts of runbooks are isolated: `auto` as well as this machine can (`runwright doctor` shows how), and "
        "not run where it cannot; `none` runs them as the server's user, with limits only.",
    ),
    Setting(
        "runbooks", "DIR", "", _directories,
        "Make a document of each *.json, *.yaml and *.yml directly in DIR, named by the file's stem; content other "
        "than the document has becomes its new default version.",
        repeats=True, separator=os.pathsep,
    ),
    Setting(
        "attachments", "DIR", "", _directories,
        "A folder of attached files: runbooks get those that they name with their SHA-256, and `file://` sources of "
        "CreateDocument may lie in it.",
        repeats=True, separator=os.pathsep,
    ),
    Setting(
        "quota", "NAME=N", "", _quotas,
        "Set a quota, 0 for no limit. "
        + " ".join(f"`{name}` ({value}): {text}" for name, (value, text) in QUOTAS.items()),
        repeats=True,
    ),
    Setting(
        "region", "REGION", "us-east-1", _region,
        "The region of unsigned requests, of `--runbooks` and of `runwright run`.",
    ),
    Setting(
        "account", "ID", "123456789012", _account,
        "The account of unsigned requests and of `--runbooks` where the backend does not say whose; real AWS says "
        "it itself.",
    ),
)  # fmt: skip

SETTINGS = {setting.name: setting for setting in _SETTINGS}


def read(name: str, given: object, environment: Mapping[str, str] = os.environ) -> Any:
    """The value of a setting: as given on the command line (None: not given), from the environment, or its default.

    Raises InvalidSetting, which names the flag or variable that holds the text.
    """
    setting = SETTINGS[name]
    if isinstance(given, bool):
        given = "true" if given else None
    source, texts = setting.flag, given
    if given is None:
        text = environment.get(setting.variable)
        source = setting.variable if text is not None else setting.flag
        texts = setting.default if text is None else text
        if setting.repeats:
            texts = [part for part in str(texts).split(setting.separator) if part]
    try:
        return setting.read(texts)
    except InvalidSetting as error:
        raise InvalidSetting(f"{source}: {error}.") from None


def engine_settings(given: Mapping[str, object], environment: Mapping[str, str] = os.environ) -> Settings:
    """What an engine is opened with, from the flags in `given`. Raises InvalidSetting."""
    values = {
        name: read(name, given.get(SETTINGS[name].attribute), environment)
        for name in ("data", "aws", "region", "account", "skip-time", "script-sandbox")
    }
    return Settings(
        data=values["data"],
        aws=values["aws"],
        region=values["region"],
        account=values["account"],
        skip_time=values["skip-time"],
        script_sandbox=values["script-sandbox"],
        attachments=read("attachments", given.get("attachments"), environment),
        quotas=read("quota", given.get("quota"), environment),
    )
