"""One table of settings: the command line, the environment and the documentation are made from it.

A setting is looked for on the command line, then in the environment, then it has its default. This module knows the
table and how texts become values; which command shows which flag is the commands' business.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from runwright.records import field, record

if TYPE_CHECKING:
    from pathlib import Path

QUOTAS = {
    "running": (100, "Executions that run at a time in an account and region; further ones are Pending."),
    "queued": (1000, "Starts that may wait for a running slot; a start beyond is refused."),
    "rate-controlled": (25, "Executions with targets that are under way at a time in an account and region."),
}
"""Name: (AWS's value, what it limits). 0 stands for no limit."""


class Limit(NamedTuple):
    """`least` and `most` are the values that the setting takes."""

    default: int
    least: int
    most: int
    help: str


LIMITS = {
    "body": Limit(16 * 1024 * 1024, 1024, 1024 * 1024 * 1024, "Bytes of a request's body."),
    "header": Limit(64 * 1024, 1024, 1024 * 1024, "Bytes of a request's headers together, its first line included."),
    "document": Limit(65_536, 1, 65_536, "Bytes of a document's content."),
    "nesting": Limit(100, 1, 500, "How deep lists and objects of a request may lie in each other."),
    "connections": Limit(500, 1, 100_000, "Connections that are open at a time."),
    "client-seconds": Limit(30, 1, 3600, "Seconds that a client may take to send a request, or to take its answer."),
    "requests": Limit(200, 0, 1_000_000, "Requests of one principal in a second; 0 for no limit."),
    "clock-skew": Limit(300, 1, 900, "Seconds that the time of a signature may be off."),
}


def _default_limits() -> dict[str, int]:
    return {name: limit.default for name, limit in LIMITS.items()}


def _default_quotas() -> dict[str, int]:
    return {name: value for name, (value, _) in QUOTAS.items()}


@record
class Settings:
    """`data` None keeps nothing on disk. `aws` is `default`, `simulated` or the URL of every service's endpoint."""

    data: Path | None = None
    aws: str = "default"
    region: str = "us-east-1"
    account: str = "123456789012"
    skip_time: bool = False
    attachments: tuple[Path, ...] = ()
    script_sandbox: str = "auto"
    pwsh: Path | None = None
    quotas: dict[str, int] = field(factory=_default_quotas)
    keep_seconds: float | None = None
    limits: dict[str, int] = field(factory=_default_limits)


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
    return None if text == ":memory:" else _path(text)


def _path(text: str) -> Path:
    from pathlib import Path  # loaded when needed

    return Path(text)


def _aws(text: str) -> str:
    if text in ("default", "simulated"):
        return text
    from urllib.parse import urlsplit  # loaded when needed

    neither = InvalidSetting(f"'{text}' is none of default, simulated and an http(s) URL")
    try:
        url = urlsplit(text)
    except ValueError:  # brackets that hold no address
        raise neither from None
    if "@" in url.netloc:  # which would be shown wherever the endpoint is
        raise InvalidSetting("the URL holds a user; credentials are not taken from there")
    if url.scheme not in ("http", "https") or not url.hostname or re.search(r"\s", text):
        raise neither
    try:
        _ = url.port
    except ValueError:
        raise InvalidSetting(f"'{text}' has no port: a number up to 65535 is expected") from None
    return text


def _host(text: str) -> str:
    bare = text.removeprefix("[").removesuffix("]")  # as URLs write addresses of IPv6
    if not bare:
        raise InvalidSetting("it is empty: a name or address of this machine is expected")
    return bare


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


def _log_level(text: str) -> str:
    if text not in ("warning", "info", "debug"):
        raise InvalidSetting(f"'{text}' is none of warning, info and debug")
    return text


def _program(text: str) -> Path | None:
    if not text:
        return None
    if not os.path.exists(text):
        found = "does not exist"
    elif not os.path.isfile(text):
        found = "is no file"
    elif not os.access(text, os.X_OK):
        found = "may not be executed"
    else:
        return _path(text).absolute()
    raise InvalidSetting(f"'{text}' {found}: the path of a file that may be executed is expected")


def _switch(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
    if text.lower() not in words:
        raise InvalidSetting(f"'{text}' is neither true nor false")
    return words[text.lower()]


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}[smhd]", text):
        raise InvalidSetting(f"'{text}' is no time: a whole number with s, m, h or d is expected, such as 30d")
    return float(text[:-1]) * _UNITS[text[-1]]


def _keep(text: str) -> float | None:
    return _seconds(text) if text else None


def _directories(texts: list[str]) -> tuple[Path, ...]:
    return tuple(_path(text) for text in texts)


def _directories_there(texts: list[str]) -> tuple[Path, ...]:
    for text in texts:
        if not os.path.isdir(text):
            raise InvalidSetting(f"'{text}' is no directory")
    return _directories(texts)


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


def _limits(texts: list[str]) -> dict[str, int]:
    limits = _default_limits()
    for text in texts:
        name, equals, number = text.partition("=")
        if name not in LIMITS or not equals:
            raise InvalidSetting(f"'{text}' is not NAME=N with NAME one of {', '.join(LIMITS)}")
        least, most = LIMITS[name].least, LIMITS[name].most
        if not (number.isascii() and number.isdigit() and len(number) < 12 and least <= int(number) <= most):
            raise InvalidSetting(f"'{text}': a whole number from {least} to {most} is expected behind {name}=")
        limits[name] = int(number)
    return limits


def _file(text: str) -> Path | None:
    return _path(text) if text else None


def _host_names(texts: list[str]) -> tuple[str, ...]:
    for text in texts:
        if not re.fullmatch(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", text):
            raise InvalidSetting(f"'{text}' is no name of a host; it has neither a scheme nor a port")
    return tuple(text.lower().strip("[]") for text in texts)


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
        "pwsh", "PATH", "", _program,
        "The PowerShell that runs PowerShell scripts of runbooks; without it the `pwsh` that is on PATH.",
    ),
    Setting(
        "runbooks", "DIR", "", _directories,
        "Make a document of each *.json, *.yaml and *.yml directly in DIR, named by the file's stem; content other "
        "than the document has becomes its new default version.",
        repeats=True, separator=os.pathsep,
    ),
    Setting(
        "attachments", "DIR", "", _directories_there,
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
        "keep", "TIME", "", _keep,
        "Remove executions that ended longer ago than this, such as 30d or 12h; without it they are kept for ever.",
    ),
    Setting(
        "drain", "TIME", "4s", _seconds,
        "What requests, calls and scripts under way get when the server is told to stop; what is cut short then is "
        "begun again by the next start.",
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
    Setting(
        "principals", "FILE", "", _file,
        "Who may do what: access keys, ARNs and policies. With it each request must be signed and allowed; without it "
        "the server listens on loopback only.",
    ),
    Setting(
        "allowed-host", "NAME", "", _host_names,
        "A further name that a Host header may have, such as the server's name in DNS.",
        repeats=True,
    ),
    Setting("tls-certificate", "FILE", "", _file, "The certificate chain (PEM) to serve https with."),
    Setting("tls-key", "FILE", "", _file, "The private key (PEM) of `--tls-certificate`."),
    Setting(
        "audit-log", "FILE", "", _file,
        "Append a line of JSON for each request: who asked what of what, and the outcome. With principals and a data "
        "directory it is audit.jsonl there when not given.",
    ),
    Setting(
        "log-level", "LEVEL", "warning", _log_level,
        "The least severe lines to log: `warning` for troubles, `info` also for executions that start and end and for "
        "steps that fail, `debug` for every step.",
    ),
    Setting(
        "limit", "NAME=N", "", _limits,
        "Set a limit of the port. "
        + " ".join(f"`{name}` ({limit.default}): {limit.help}" for name, limit in LIMITS.items()),
        repeats=True,
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
        for name in ("data", "aws", "region", "account", "skip-time", "script-sandbox", "pwsh")
    }
    return Settings(
        data=values["data"],
        aws=values["aws"],
        region=values["region"],
        account=values["account"],
        skip_time=values["skip-time"],
        script_sandbox=values["script-sandbox"],
        pwsh=values["pwsh"],
        attachments=read("attachments", given.get("attachments"), environment),
        quotas=read("quota", given.get("quota"), environment),
        keep_seconds=read("keep", given.get("keep"), environment),
        limits=read("limit", given.get("limit"), environment),
    )
