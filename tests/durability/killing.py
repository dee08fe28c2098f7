"""A loaded server that is killed again and again, and the account of it: what was lost, repeated or left unfinished."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import threading
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from tests.cli.conftest import COMMAND, clean_environment
from tests.durability.counting import Counting, counting

CHILD = """
schemaVersion: '0.3'
parameters: {Mark: {type: String}}
mainSteps:
  - name: createInChild
    action: aws:executeAwsApi
    inputs:
      Service: ec2
      Api: CreateVolume
      AvailabilityZone: us-east-1a
      Size: 1
      TagSpecifications:
        - {ResourceType: volume, Tags: [{Key: made-by, Value: "{{Mark}}/child"}]}
"""

PARENT = """
schemaVersion: '0.3'
parameters: {Mark: {type: String}}
variables: {passes: {type: Integer, default: 0}}
mainSteps:
  - name: create
    action: aws:executeAwsApi
    inputs: &volume
      Service: ec2
      Api: CreateVolume
      AvailabilityZone: us-east-1a
      Size: 1
      TagSpecifications:
        - {ResourceType: volume, Tags: [{Key: made-by, Value: "{{Mark}}/create"}]}
    outputs: [{Name: Id, Selector: $.VolumeId, Type: String}]
  - name: rest
    action: aws:sleep
    inputs: {Duration: PT0S}
  - name: each
    action: aws:loop
    inputs:
      Iterators: [a, b]
      Steps:
        - name: createInLoop
          action: aws:executeAwsApi
          inputs:
            Service: ec2
            Api: CreateVolume
            AvailabilityZone: us-east-1a
            Size: 1
            TagSpecifications:
              - {ResourceType: volume, Tags: [{Key: made-by, Value: "{{Mark}}/{{each.CurrentIteratorValue}}"}]}
        - name: count
          action: aws:updateVariable
          inputs: {Name: "variable:passes", Value: "{{each.CurrentIteration}}"}
  - name: child
    action: aws:executeAutomation
    inputs: {DocumentName: Child, RuntimeParameters: {Mark: ["{{Mark}}"]}}
outputs: [create.Id]
"""

VOLUMES = ("create", "a", "b", "child")
ENDED = {"Success", "Failed", "TimedOut", "Cancelled"}


@dataclass
class Account:
    """What became of it all."""

    kills: int = 0
    acknowledged: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    unsuccessful: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    asked_again: int = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {len(self.acknowledged)} acknowledged starts: {len(self.lost)} lost, "
            f"{len(self.repeated)} effects repeated, {len(self.missing)} missing, {len(self.unfinished)} unfinished, "
            f"{len(self.unsuccessful)} unsuccessful, {len(self.changed)} changed after they were read "
            f"({self.asked_again} calls in flight asked again with their token)"
        )


class Killed:
    """One server on one data folder, started again after each kill."""

    def __init__(self, folder: Path, backend_url: str) -> None:
        self._folder, self._backend_url = folder, backend_url
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        process = self._process = subprocess.Popen(
            [
                *COMMAND, "serve", "--port", "0", "--data", str(self._folder), "--aws", self._backend_url,
                "--quota", "running=0", "--quota", "queued=0",
            ],
            stdout=subprocess.PIPE, text=True, cwd=self._folder.parent, env=clean_environment(),
        )  # fmt: skip
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if lines[-1] == "Ready.":
                self.url = lines[-2]
                return
        process.stdout.close()
        raise AssertionError(f"it ended with {process.wait()} and said {lines}")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()

    def is_alive(self) -> bool:
        assert self._process is not None
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            return True
        return False

    def wait(self) -> None:
        assert self._process is not None
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def call(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
        """One call of SSM. OSError when the server is not there or dies meanwhile."""
        headers = {"X-Amz-Target": f"AmazonSSM.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        request = urllib.request.Request(f"{self.url}/", json.dumps(members).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as refused:
            text = refused.read()
            raise AssertionError(f"{operation}: {refused.code} {text!r}") from None
        except (OSError, ValueError, http.client.HTTPException) as broken:
            raise OSError(str(broken)) from broken
        return found


class _Load:
    """Clients that start executions and read them, and try again whenever the server is gone."""

    def __init__(self, server: Killed, clients: int) -> None:
        self.server, self.account = server, Account()
        self.seen: dict[str, dict[str, Any]] = {}
        self.up, self.done = threading.Event(), threading.Event()
        self.failures: list[BaseException] = []
        self._lock = threading.Lock()
        self._number = 0
        self.threads = [threading.Thread(target=self._guard, args=(each,)) for each in range(clients)]

    def _guard(self, client: int) -> None:
        try:
            self._run(random.Random(client))
        except BaseException as broken:
            self.failures.append(broken)

    def _run(self, choice: random.Random) -> None:
        while not self.done.is_set():
            with self._lock:
                self._number += 1
                mark = f"m{self._number}"
                token = f"00000000-0000-0000-0000-{self._number:012d}"
            members = {"DocumentName": "Parent", "ClientToken": token, "Parameters": {"Mark": [mark]}}
            id_ = self.persist("StartAutomationExecution", members)["AutomationExecutionId"]
            with self._lock:
                known = self.account.acknowledged.setdefault(mark, id_)
            assert known == id_
            self.look(choice.choice(list(self.account.acknowledged.values())))
            while not self.done.is_set() and self.look(id_) not in ENDED:
                pass

    def finish(self) -> None:
        """Let the clients end with what they are at; no server need be there for it."""
        self.done.set()
        self.up.set()
        for thread in self.threads:
            thread.join()

    def look(self, id_: str) -> str:
        """Read an execution, and note what of it has ended: that must never change."""
        found = self.persist("GetAutomationExecution", {"AutomationExecutionId": id_})["AutomationExecution"]
        for step in found["StepExecutions"]:
            if step["StepStatus"] in ENDED:
                known = self.seen.setdefault(step["StepExecutionId"], step)
                if known != step:
                    self.account.changed.append(step["StepExecutionId"])
        status: str = found["AutomationExecutionStatus"]
        if status in ENDED:
            known = self.seen.setdefault(id_, found)
            if known["AutomationExecutionStatus"] != status:
                self.account.changed.append(id_)
        return status

    def persist(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
        while True:
            try:
                return self.server.call(operation, members)
            except OSError:
                if self.done.is_set():
                    raise
                self.up.wait()


def play(folder: Path, moto_url: str, kills: int, *, clients: int = 12, seed: int = 1) -> Account:
    """Load a server, kill it so many times in the middle of outside effects, let all come to its end, and account."""
    chance = random.Random(seed)
    with counting(moto_url) as (proxy, url):
        server = Killed(folder, url)
        server.start()
        for name, text in (("Child", CHILD), ("Parent", PARENT)):
            document = {"Name": name, "DocumentType": "Automation", "DocumentFormat": "YAML", "Content": text}
            server.call("CreateDocument", document)
        load = _Load(server, clients)
        load.up.set()
        for thread in load.threads:
            thread.start()
        try:
            for _ in range(kills):
                _kill_once(server, proxy, load, chance)
            load.finish()
            _let_end(load)
            _settle(load, server, proxy, moto_url)
        finally:
            load.finish()
            server.kill()
            server.wait()
    return load.account


def _kill_once(server: Killed, proxy: Counting, load: _Load, chance: random.Random) -> None:
    def strike() -> None:
        load.up.clear()
        server.kill()

    proxy.arm(chance.randrange(1, 80), after=chance.random() < 0.5, strike=strike)
    while server.is_alive():
        assert not load.failures, load.failures
    server.wait()
    load.account.kills += 1
    server.start()
    load.up.set()


def _let_end(load: _Load) -> None:
    assert not load.failures, load.failures
    for id_ in load.account.acknowledged.values():
        while load.look(id_) not in ENDED:
            pass


def _settle(load: _Load, server: Killed, proxy: Counting, moto_url: str) -> None:
    account = load.account
    listed: dict[str, str] = {}
    token: dict[str, str] = {}
    while True:
        page = server.call("DescribeAutomationExecutions", {"MaxResults": 50, **token})
        for each in page["AutomationExecutionMetadataList"]:
            listed[each["AutomationExecutionId"]] = each["AutomationExecutionStatus"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    account.lost = [id_ for id_ in account.acknowledged.values() if id_ not in listed]
    account.unfinished = [id_ for id_, status in listed.items() if status not in ENDED]
    account.unsuccessful = {id_: status for id_, status in listed.items() if status in ENDED - {"Success"}}
    ec2 = boto3.client(
        "ec2", endpoint_url=moto_url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="a"
    )
    made: Counter[str] = Counter()
    for page in ec2.get_paginator("describe_volumes").paginate():
        made.update(tag["Value"] for each in page["Volumes"] for tag in each.get("Tags", ()) if tag["Key"] == "made-by")
    wanted = {f"{mark}/{volume}" for mark in account.acknowledged for volume in VOLUMES}
    account.missing = sorted(wanted - made.keys())
    account.repeated = sorted(name for name, count in made.items() if count > 1)
    account.asked_again = sum(count - 1 for count in proxy.asked.values())
