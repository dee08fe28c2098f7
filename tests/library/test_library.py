"""The runbooks that come with the program, each run against a simulated AWS."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import boto3
import pytest

from runwright import client, library
from runwright.actions import DECLARATIONS
from runwright.language import parse

REGION = "us-east-1"
ENDED = ("Success", "Failed", "TimedOut", "Cancelled")


@pytest.mark.parametrize("name", library.texts())
def test_a_runbook_has_no_problem_at_all(name: str) -> None:
    assert parse(library.texts()[name], "YAML", DECLARATIONS).problems == ()


class Aws:
    """Clients of the simulated AWS, in an account of the test's own."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __getattr__(self, service: str) -> Any:
        keys = {"aws_access_key_id": "123456789012", "aws_secret_access_key": "any"}
        return boto3.client(service, region_name=REGION, endpoint_url=self._url, **keys)


@pytest.fixture
def aws(moto_url: str) -> Aws:
    return Aws(moto_url)


@pytest.fixture(scope="module")
def ssm(moto_url: str) -> Iterator[Any]:
    with client(aws=moto_url, region_name=REGION, skip_time=True) as made:
        yield made


def run(ssm: Any, name: str, **parameters: str | list[str]) -> dict[str, Any]:
    """Start a runbook and wait for its end."""
    sent = {key: value if isinstance(value, list) else [value] for key, value in parameters.items()}
    identity = ssm.start_automation_execution(DocumentName=name, Parameters=sent)["AutomationExecutionId"]
    return until(ssm, identity, ENDED)


def until(ssm: Any, identity: str, statuses: tuple[str, ...]) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = ssm.get_automation_execution(AutomationExecutionId=identity)["AutomationExecution"]
        if found["AutomationExecutionStatus"] in (*statuses, *ENDED):
            return found


def instance(aws: Aws) -> str:
    images = aws.ec2.describe_images(Owners=["amazon"])["Images"]
    launched = aws.ec2.run_instances(ImageId=images[0]["ImageId"], MinCount=1, MaxCount=1, InstanceType="t3.micro")
    return str(launched["Instances"][0]["InstanceId"])


def described(aws: Aws, instance_id: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    return found


def database(aws: Aws) -> str:
    name = f"db-{uuid.uuid4().hex[:8]}"
    aws.rds.create_db_instance(
        DBInstanceIdentifier=name, Engine="mysql", DBInstanceClass="db.t3.micro", AllocatedStorage=5,
        MasterUsername="root", MasterUserPassword="password",
    )  # fmt: skip
    return name


def bucket(aws: Aws) -> str:
    name = f"bucket-{uuid.uuid4().hex}"
    aws.s3.create_bucket(Bucket=name)
    return name


class Case(NamedTuple):
    """`make` makes what the runbook acts on and gives its parameters; `seen` gives what has to equal `expected`."""

    make: Callable[[Aws], dict[str, Any]]
    seen: Callable[[Aws, dict[str, Any], dict[str, Any]], Any]
    expected: Any


def state_of(aws: Aws, given: dict[str, Any], ended: dict[str, Any]) -> Any:
    return described(aws, given["InstanceId"])["State"]["Name"]


def database_status(aws: Aws, given: dict[str, Any], ended: dict[str, Any]) -> Any:
    found = aws.rds.describe_db_instances(DBInstanceIdentifier=given["InstanceId"])["DBInstances"][0]
    return found["DBInstanceStatus"]


def one(aws: Aws) -> dict[str, Any]:
    return {"InstanceId": instance(aws)}


def stopped(aws: Aws) -> dict[str, Any]:
    given = one(aws)
    aws.ec2.stop_instances(InstanceIds=[given["InstanceId"]])
    return given


def volume(aws: Aws) -> dict[str, Any]:
    made = aws.ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)
    return {"VolumeId": made["VolumeId"], "Description": "nightly"}


def snapshot(aws: Aws) -> dict[str, Any]:
    made = aws.ec2.create_snapshot(VolumeId=volume(aws)["VolumeId"])
    return {"SnapshotId": made["SnapshotId"]}


def snapshot_ids(aws: Aws) -> list[str]:
    return [each["SnapshotId"] for each in aws.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]]


def image(aws: Aws) -> dict[str, Any]:
    made = aws.ec2.create_image(InstanceId=instance(aws), Name=f"image-{uuid.uuid4().hex}")
    return {"ImageId": made["ImageId"]}


def image_ids(aws: Aws) -> list[str]:
    return [each["ImageId"] for each in aws.ec2.describe_images(Owners=["self"])["Images"]]


def sleeping_database(aws: Aws) -> dict[str, Any]:
    name = database(aws)
    aws.rds.stop_db_instance(DBInstanceIdentifier=name)
    return {"InstanceId": name}


def logged(aws: Aws) -> dict[str, Any]:
    target = bucket(aws)
    grants = {"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}}
    aws.s3.put_bucket_acl(
        Bucket=target,
        AccessControlPolicy={
            "Owner": aws.s3.get_bucket_acl(Bucket=target)["Owner"],
            "Grants": [grants | {"Permission": "WRITE"}, grants | {"Permission": "READ_ACP"}],
        },
    )
    return {"BucketName": bucket(aws), "TargetBucket": target, "TargetPrefix": "log/"}


CASES = {
    "AWS-StartEC2Instance": Case(stopped, state_of, "running"),
    "AWS-StopEC2Instance": Case(one, state_of, "stopped"),
    "AWS-RestartEC2Instance": Case(one, state_of, "running"),
    "AWS-TerminateEC2Instance": Case(one, state_of, "terminated"),
    "AWS-ResizeInstance": Case(
        lambda aws: one(aws) | {"InstanceType": "t3.large"},
        lambda aws, given, ended: (described(aws, given["InstanceId"])["InstanceType"], state_of(aws, given, ended)),
        ("t3.large", "running"),
    ),
    "AWS-CreateImage": Case(
        lambda aws: one(aws) | {"NoReboot": "true"},
        lambda aws, given, ended: ended["Outputs"]["createImage.ImageId"][0] in image_ids(aws),
        expected=True,
    ),
    "AWS-DeleteImage": Case(image, lambda aws, given, ended: given["ImageId"] in image_ids(aws), expected=False),
    "AWS-CreateSnapshot": Case(
        volume,
        lambda aws, given, ended: ended["Outputs"]["createSnapshot.SnapshotId"][0] in snapshot_ids(aws),
        expected=True,
    ),
    "AWS-DeleteSnapshot": Case(
        snapshot, lambda aws, given, ended: given["SnapshotId"] in snapshot_ids(aws), expected=False
    ),
    "AWS-StartRdsInstance": Case(sleeping_database, database_status, "available"),
    "AWS-StopRdsInstance": Case(lambda aws: {"InstanceId": database(aws)}, database_status, "stopped"),
    "AWS-RebootRdsInstance": Case(lambda aws: {"InstanceId": database(aws)}, database_status, "available"),
    "AWS-CreateRdsSnapshot": Case(
        lambda aws: {
            "DBInstanceIdentifier": database(aws), "DBSnapshotIdentifier": f"snapshot-{uuid.uuid4().hex}",
            "SnapshotTags": "Key=team,Value=web Key=use,Value=test",
        },
        lambda aws, given, ended: aws.rds.describe_db_snapshots(
            DBSnapshotIdentifier=given["DBSnapshotIdentifier"]
        )["DBSnapshots"][0]["TagList"],
        [{"Key": "team", "Value": "web"}, {"Key": "use", "Value": "test"}],
    ),
    "AWS-EnableS3BucketEncryption": Case(
        lambda aws: {"BucketName": bucket(aws)},
        lambda aws, given, ended: aws.s3.get_bucket_encryption(Bucket=given["BucketName"])[
            "ServerSideEncryptionConfiguration"
        ]["Rules"][0]["ApplyServerSideEncryptionByDefault"],
        {"SSEAlgorithm": "AES256"},
    ),
    "AWS-DisableS3BucketPublicReadWrite": Case(
        lambda aws: {"S3BucketName": bucket(aws)},
        lambda aws, given, ended: set(
            aws.s3.get_public_access_block(Bucket=given["S3BucketName"])["PublicAccessBlockConfiguration"].values()
        ),
        {True},
    ),
    "AWS-ConfigureS3BucketVersioning": Case(
        lambda aws: {"BucketName": bucket(aws)},
        lambda aws, given, ended: aws.s3.get_bucket_versioning(Bucket=given["BucketName"])["Status"],
        "Enabled",
    ),
    "AWS-ConfigureS3BucketLogging": Case(
        logged,
        lambda aws, given, ended: aws.s3.get_bucket_logging(Bucket=given["BucketName"])["LoggingEnabled"][
            "TargetBucket"
        ] == given["TargetBucket"],
        expected=True,
    ),
    "AWS-PublishSNSNotification": Case(
        lambda aws: {"TopicArn": aws.sns.create_topic(Name="news")["TopicArn"], "Message": "hello"},
        lambda aws, given, ended: list(ended["StepExecutions"][0]["Outputs"]),
        ["MessageId"],
    ),
}  # fmt: skip


def test_each_runbook_is_run_here() -> None:
    assert {*CASES, "AWS-StopEC2InstanceWithApproval"} == library.texts().keys()


@pytest.mark.parametrize("name", CASES)
def test_a_runbook_does_what_it_is_named_for(name: str, ssm: Any, aws: Aws) -> None:
    case = CASES[name]
    given = case.make(aws)

    ended = run(ssm, name, **given)

    assert ended["AutomationExecutionStatus"] == "Success", ended.get("FailureMessage")
    assert case.seen(aws, given, ended) == case.expected


def test_instances_are_stopped_when_somebody_approves(ssm: Any, aws: Aws) -> None:
    given = one(aws)
    topic = aws.sns.create_topic(Name="Automation-approvals")["TopicArn"]
    parameters = {
        "InstanceId": [given["InstanceId"]], "Approvers": ["arn:aws:iam::123456789012:root"], "SNSTopicArn": [topic],
    }  # fmt: skip
    started = ssm.start_automation_execution(DocumentName="AWS-StopEC2InstanceWithApproval", Parameters=parameters)
    identity = started["AutomationExecutionId"]
    waiting = until(ssm, identity, ("Waiting",))
    assert waiting["AutomationExecutionStatus"] == "Waiting", waiting.get("FailureMessage")
    assert state_of(aws, given, {}) == "running"

    ssm.send_automation_signal(AutomationExecutionId=identity, SignalType="Approve")

    assert until(ssm, identity, ())["AutomationExecutionStatus"] == "Success"
    assert state_of(aws, given, {}) == "stopped"
