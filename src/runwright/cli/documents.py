"""`runwright documents pull`: copies runbooks of an AWS account into a folder that `--runbooks` takes.

A folder and not a running server: CreateDocument refuses AWS's names everywhere, `--runbooks` takes them, and what was
copied can be read, kept under version control and checked.
"""

from __future__ import annotations

import argparse
import fnmatch
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from runwright.actions import DECLARATIONS
from runwright.cli.check import line_of
from runwright.language import parse

SUFFIXES = {"YAML": ".yaml", "JSON": ".json"}
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,128}")
_WILDCARD = re.compile(r"[*?\[]")


class Found(NamedTuple):
    name: str
    format: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    pull = what.add_parser("pull", help="copy runbooks of an AWS account into a folder for --runbooks")
    pull.add_argument("patterns", nargs="+", metavar="PATTERN", help="names of documents, with * and ?: 'AWS-*'")
    pull.add_argument("--to", type=Path, default=Path("runbooks"), metavar="DIR", help="the folder (./runbooks)")
    pull.add_argument("--region", help="the region to copy from; by default that of the AWS configuration")
    pull.add_argument("--profile", help="the profile of the AWS configuration to use")
    pull.add_argument("--from-url", metavar="URL", help="ask this endpoint instead of AWS")


def main(args: argparse.Namespace) -> int:
    """Exit code 0 when all were copied, 1 when some could not be used, 2 when nothing could be had."""
    try:
        session = boto3.Session(profile_name=args.profile, region_name=args.region)
        retries: Any = {"mode": "standard", "total_max_attempts": 8}  # GetDocument is throttled when hundreds are asked
        ssm = _client(session, args.from_url, Config(retries=retries))
        found = _matching(ssm, args.patterns)
        if not found:
            return _refuse(f"no runbook there is called {' or '.join(args.patterns)}")
        args.to.mkdir(parents=True, exist_ok=True)
        unusable = [each.name for each in found if not _copy(ssm, each, args.to)]
    except (BotoCoreError, ClientError, InvalidEndpoint) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"cannot write to {args.to}: {error.strerror}")
    print(f"{len(found) - len(unusable)} of {len(found)} runbooks are in {args.to}.")
    return 1 if unusable else 0


class InvalidEndpoint(Exception):
    """What `--from-url` says is no URL."""


def _client(session: boto3.Session, url: str | None, config: Config) -> Any:
    try:
        return session.client("ssm", endpoint_url=url, config=config)
    except ValueError:
        raise InvalidEndpoint(f"--from-url: '{url}' is no URL, such as http://127.0.0.1:4583.") from None


def _refuse(reason: str) -> int:
    print(f"runwright documents pull: {reason}", file=sys.stderr)
    return 2


def _matching(ssm: Any, patterns: Sequence[str]) -> list[Found]:
    """Runbooks by name, each once. A name without wildcards is not looked for in the list."""
    found: dict[str, Found] = {}
    for pattern in patterns:
        named = _listed(ssm, pattern) if _WILDCARD.search(pattern) else [_described(ssm, pattern)]
        found |= {each.name: each for each in named}
    return [found[name] for name in sorted(found)]


def _listed(ssm: Any, pattern: str) -> Iterator[Found]:
    filters = [{"Key": "DocumentType", "Values": ["Automation"]}]
    if beginning := _WILDCARD.split(pattern, maxsplit=1)[0]:
        filters.append({"Key": "Name", "Values": [beginning]})
    for page in ssm.get_paginator("list_documents").paginate(Filters=filters):
        for each in page["DocumentIdentifiers"]:
            if fnmatch.fnmatchcase(each["Name"], pattern):
                yield Found(each["Name"], each.get("DocumentFormat", "JSON"))


def _described(ssm: Any, name: str) -> Found:
    return Found(name, ssm.describe_document(Name=name)["Document"].get("DocumentFormat", "JSON"))


def _copy(ssm: Any, found: Found, folder: Path) -> bool:
    """Write one document; False when this program could not use it, and then it is not written."""
    if not _NAME.fullmatch(found.name) or found.format not in SUFFIXES:
        print(f"{found.name}: left out, only documents of the account itself in JSON or YAML are copied")
        return False
    got = ssm.get_document(Name=found.name, DocumentFormat=found.format)
    text, path = got["Content"], folder / f"{found.name}{SUFFIXES[found.format]}"
    errors = [each for each in parse(text, found.format, DECLARATIONS).problems if each.is_error]
    if errors:
        print(f"{found.name}: left out, `runwright check` would refuse it")
        for problem in errors:
            print(f"  {line_of(path.name, problem)}")
        return False
    other = next((each for each in _namesakes(path) if each.exists()), None)
    if other is not None:
        print(f"{found.name}: left out, {other} has that name already")
        return False
    if got.get("AttachmentsContent"):
        print(f"{found.name}: its attached files are not copied; steps that need them will fail")
    if path.exists() and path.read_bytes() == text.encode():
        print(f"{found.name}: unchanged")
    else:
        path.write_bytes(text.encode())
        print(f"{found.name}: version {got.get('DocumentVersion', '?')} written")
    return True


def _namesakes(path: Path) -> list[Path]:
    return [path.with_suffix(suffix) for suffix in (".yaml", ".yml", ".json") if suffix != path.suffix]
