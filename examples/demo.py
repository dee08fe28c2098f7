"""Run a runbook on a simulated AWS: `make demo`.

Starts a moto server, creates two instances in it, stops one of them, restarts both with `restart-instances.yaml` and
shows what became of them. It needs no AWS account, and nothing is left behind.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import boto3

from runwright.cli import main as runwright
from runwright.runtime.simulated import start_simulated_aws

RUNBOOK = Path(__file__).with_name("restart-instances.yaml")


def main() -> int:
    aws = start_simulated_aws()
    try:
        ec2 = boto3.client(
            "ec2",
            endpoint_url=aws.url,
            region_name="us-east-1",
            aws_access_key_id="123456789012",
            aws_secret_access_key="runwright",  # noqa: S106 - opens nothing but the simulated AWS
        )
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2)["Instances"]
        ids = [instance["InstanceId"] for instance in made]
        ec2.stop_instances(InstanceIds=ids[1:])
        show("Before", ec2, ids)

        parameters = [f"--param=InstanceIds={id_}" for id_ in ids]
        command = ["run", str(relative(RUNBOOK)), "--aws", aws.url, "--skip-time", *parameters]
        print("\n$ runwright", " ".join(command), "\n", flush=True)
        code = runwright(command)

        print()
        show("After", ec2, ids)
        return code
    finally:
        aws.close()


def show(when: str, ec2: Any, ids: list[str]) -> None:
    for reservation in ec2.describe_instances(InstanceIds=ids)["Reservations"]:
        for instance in reservation["Instances"]:
            print(f"{when:6}  {instance['InstanceId']}  {instance['State']['Name']}", flush=True)


def relative(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


if __name__ == "__main__":
    sys.exit(main())
