"""The file of principals: who there is, with which access keys and policies. Secrets are named in it, never written.

    principals:
      - arn: arn:aws:iam::111122223333:user/ana
        access_keys:
          - {id: AKIAIOSFODNN7EXAMPLE, secret: {env: ANA_SECRET}}
        policies: [operators]
    policies:
      operators:
        Statement:
          - {Effect: Allow, Action: 'ssm:*', Resource: '*'}

YAML, of which JSON is a part. Nothing in it is optional but `policies: []`, and nothing unknown is passed over.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from runwright.access.policies import InvalidPolicy, Statement, read_policy
from runwright.messages import Json

SHORTEST_SECRET = 20
"""Characters; AWS's own have 40."""

_ARN = re.compile(r"arn:aws[a-z-]*:(iam|sts)::(?P<account>[0-9]{12}):(user|role|assumed-role)/[\w+=,.@/-]{1,512}")
_KEY_ID = re.compile(r"\w{16,128}", re.ASCII)
_MOST_BYTES = 4 * 1024 * 1024


class InvalidPrincipals(ValueError):
    """A file of principals that cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Principal:
    arn: str
    account: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class AccessKey:
    """`secret` stays out of every text that is made of this."""

    id: str
    principal: Principal
    secret: str = field(repr=False)


def read_principals(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[AccessKey, ...]:
    """Every access key of the file. Raises InvalidPrincipals, also for files that others may read."""
    document = _mapping(_load(path), str(path), {"principals"}, {"principals", "policies"})
    try:
        policies = {
            name: read_policy(policy, f"{path}: policy {name}")
            for name, policy in _names(document.get("policies", {}), f"{path}: policies").items()
        }
    except InvalidPolicy as error:
        raise InvalidPrincipals(f"{error}.") from None
    keys: dict[str, AccessKey] = {}
    arns: set[str] = set()
    for number, raw in enumerate(_list(document["principals"], f"{path}: principals"), 1):
        where = f"{path}: principal {number}"
        each = _mapping(raw, where, {"arn", "access_keys", "policies"}, {"arn", "access_keys", "policies"})
        principal = _principal(each, where, policies)
        if principal.arn in arns:
            raise InvalidPrincipals(f"{where}: {principal.arn} is in the file twice.")
        arns.add(principal.arn)
        for given in _list(each["access_keys"], f"{where}: access_keys"):
            key = _key(given, where, principal, path.parent, environment)
            if key.id in keys:
                raise InvalidPrincipals(f"{where}: the access key {key.id} is in the file twice.")
            keys[key.id] = key
    return tuple(keys.values())


def private_text(path: Path, what: str) -> str:
    """The text of a file that nobody else may read, or change. Raises InvalidPrincipals."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
                mode = stat.S_IMODE(status.st_mode)
                raise InvalidPrincipals(
                    f"{what} {path} may be read or changed by others (mode {mode:03o}): chmod 600 {path}."
                )
            if status.st_uid not in (os.geteuid(), 0):
                raise InvalidPrincipals(f"{what} {path} belongs to another user: chown it to the server's.")
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InvalidPrincipals(f"{what} {path} cannot be read: {error.strerror}.") from None
    if len(text) > _MOST_BYTES:
        raise InvalidPrincipals(f"{what} {path} has more than {_MOST_BYTES} bytes.")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise InvalidPrincipals(f"{what} {path} is not UTF-8.") from None


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice: the one that wins could be the wrong one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key.value}' is written twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _load(path: Path) -> Json:
    text = private_text(path, "The principals file")
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InvalidPrincipals(f"{path}{place}: {error.problem}.") from None
    except (yaml.YAMLError, RecursionError):
        raise InvalidPrincipals(f"{path} is no YAML.") from None


def _principal(each: dict[str, Json], where: str, policies: Mapping[str, tuple[Statement, ...]]) -> Principal:
    arn = each["arn"]
    found = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    if found is None:
        raise InvalidPrincipals(f"{where}: arn is that of a user or role, such as arn:aws:iam::111122223333:user/ana.")
    statements: list[Statement] = []
    for name in _list(each["policies"], f"{where}: policies"):
        if not isinstance(name, str) or name not in policies:
            known = ", ".join(policies) or "none"
            raise InvalidPrincipals(f"{where}: the file has no policy {name!r}; it has {known}.")
        statements += policies[name]
    return Principal(arn, found["account"], tuple(statements))


def _key(raw: Json, where: str, principal: Principal, folder: Path, environment: Mapping[str, str]) -> AccessKey:
    each = _mapping(raw, f"{where}: an access key", {"id", "secret"}, {"id", "secret"})
    id_ = each["id"]
    if not isinstance(id_, str) or not _KEY_ID.fullmatch(id_):
        raise InvalidPrincipals(f"{where}: the id of an access key is a text of 16 to 128 letters, digits and _.")
    source = each["secret"]
    if not isinstance(source, Mapping) or len(source) != 1 or not isinstance(next(iter(source.values())), str):
        raise InvalidPrincipals(
            f"{where}: the secret of {id_} is not written here but named: {{env: VARIABLE}} or {{file: PATH}}."
        )
    ((kind, name),) = source.items()
    match kind:
        case "env":
            secret = environment.get(name, "")
            missing = f"the environment has no variable {name}"
        case "file":
            secret = private_text(folder / name, f"{where}: the secret of {id_}").strip()
            missing = f"{folder / name} is empty"
        case _:
            raise InvalidPrincipals(f"{where}: the secret of {id_} comes from env or file, not {kind}.")
    if not secret:
        raise InvalidPrincipals(f"{where}: the secret of {id_} is not there: {missing}.")
    if len(secret) < SHORTEST_SECRET:
        raise InvalidPrincipals(f"{where}: the secret of {id_} has fewer than {SHORTEST_SECRET} characters.")
    return AccessKey(id_, principal, secret)


def _mapping(value: Json, where: str, needed: set[str], known: set[str]) -> dict[str, Json]:
    if not isinstance(value, dict) or not needed <= value.keys() <= known:
        raise InvalidPrincipals(f"{where} has the members {', '.join(sorted(needed))}, and no others.")
    return value


def _names(value: Json, where: str) -> dict[str, Json]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise InvalidPrincipals(f"{where} is a map of policies by name.")
    return value


def _list(value: Json, where: str) -> list[Json]:
    if not isinstance(value, list):
        raise InvalidPrincipals(f"{where} is a list.")
    return value
