"""Finding targets in moto, each test in an account of its own."""

from __future__ import annotations

import itertools
import json
from typing import Any

import boto3
import pytest
import urllib3

from runwright.messages import FindTargets, Json, Reply, WishId
from runwright.runtime.backend import Backend
from runwright.runtime.effects import Effects
from runwright.runtime.locations import FILE_BYTES, download, locations_problem
from runwright.runtime.scope import Scope
from tests.runtime.servers import Answer, Request, server
from tests.runtime.test_backend import with_backend
from tests.runtime.test_effects import StillClock

IMAGE = "ami-12c6146b"
ACCOUNTS = itertools.count(1)
REGION = "eu-west-1"


class Aws:
    """An account of moto: the role there, and clients that act in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.account = f"7{next(ACCOUNTS):011}"
        self.role: str | None = f"arn:aws:iam::{self.account}:role/Operator"
        sts = boto3.client("sts", endpoint_url=url, region_name=REGION, **_keys("123456789012"))
        self._given = sts.assume_role(RoleArn=self.role, RoleSessionName="tests")["Credentials"]

    def client(self, service: str, region: str = REGION) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=self._given["AccessKeyId"],
            aws_secret_access_key=self._given["SecretAccessKey"],
            aws_session_token=self._given["SessionToken"],
        )

    def instances(self, count: int, region: str = REGION, **tags: str) -> list[str]:
        specifications = [
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        ]
        made = self.client("ec2", region).run_instances(
            ImageId=IMAGE, MinCount=count, MaxCount=count, TagSpecifications=specifications if tags else []
        )
        return [instance["InstanceId"] for instance in made["Instances"]]

    def find(self, effect: FindTargets, url: str | None = None) -> Reply:
        replies: list[Reply] = []

        async def scenario(backend: Backend) -> None:
            effects = Effects(backend)
            scope = Scope("6f2b9f0e-0000-4d0a-9b5e-2c1d6f1c7a11", "f", self.account, REGION, self.role)
            try:
                wish = WishId("!targets", 1, 1, 0)
                replies.append(await effects.perform(effect, wish, scope, StillClock(), lambda _: None))
            finally:
                effects.close()

        with_backend(url or self.url, scenario)
        return replies[0]

    def found(self, key: str, *values: str, of: str | None = None) -> list[str]:
        reply = self.find(FindTargets({"Key": key, "Values": list(values)}, of))
        assert reply.failure is None, reply.failure
        found: list[str] = reply.value
        return found

    def failure(self, effect: FindTargets) -> str:
        reply = self.find(effect)
        assert reply.failure is not None
        return reply.failure.message


def without_role(moto_url: str) -> Aws:
    """For backends that know no STS."""
    aws = Aws(moto_url)
    aws.role = None
    return aws


def _keys(key_id: str) -> dict[str, str]:
    return {"aws_access_key_id": key_id, "aws_secret_access_key": "any"}


@pytest.fixture
def aws(moto_url: str) -> Aws:
    return Aws(moto_url)


# ------------------------------------------------------------------------------------------------------ by tag


def test_a_tag_finds_what_has_one_of_its_values(aws: Aws) -> None:
    red, blue, _ = aws.instances(2, Colour="red"), aws.instances(1, Colour="blue"), aws.instances(1, Colour="green")
    assert sorted(aws.found("tag:Colour", "red", "blue", of="/AWS::EC2::Instance")) == sorted(red + blue)


def test_all_pages_are_read_and_values_beyond_a_filters_twenty_are_asked_in_parts(aws: Aws) -> None:
    made = [id_ for number in range(3) for id_ in aws.instances(40, Batch=f"b{number * 10}")]
    values = [f"b{number}" for number in range(50)]
    assert sorted(aws.found("tag:Batch", *values, of="/AWS::EC2::Instance")) == sorted(made)


def test_the_runbooks_target_type_decides_which_tagged_resources_count(aws: Aws) -> None:
    [instance] = aws.instances(1, Team="blue")
    ec2 = aws.client("ec2")
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "Team", "Value": "blue"}]}]
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=tags)["VolumeId"]
    assert aws.found("tag:Team", "blue", of="/AWS::EC2::Volume") == [volume]
    assert aws.found("tag:Team", "blue", of="/AWS::EC2::Instance") == [instance]
    for every in (None, "/"):
        assert sorted(aws.found("tag:Team", "blue", of=every)) == sorted([instance, volume])


def test_resources_that_are_not_ec2s_are_given_by_arn(aws: Aws) -> None:
    arn = aws.client("sns").create_topic(Name="news", Tags=[{"Key": "Team", "Value": "blue"}])["TopicArn"]
    assert aws.found("tag:Team", "blue", of="/AWS::SNS::Topic") == [arn]


def test_tag_keys_find_what_has_one_of_them_once(aws: Aws) -> None:
    both, one = aws.instances(1, Owner="me", Shift="day"), aws.instances(1, Shift="night")
    aws.instances(1, Other="x")
    assert sorted(aws.found("tag-key", "Owner", "Shift", of="/AWS::EC2::Instance")) == sorted(both + one)


# ---------------------------------------------------------------------------------------------------- by group


def group(aws: Aws, types: list[str], **tags: str) -> None:
    query = {
        "ResourceTypeFilters": types,
        "TagFilters": [{"Key": key, "Values": [value]} for key, value in tags.items()],
    }
    resource_query = {"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)}
    aws.client("resource-groups").create_group(Name="fleet", ResourceQuery=resource_query)


def test_a_group_that_the_backend_cannot_list_is_found_by_its_query(aws: Aws) -> None:
    wanted = aws.instances(2, Stage="test", Team="a")
    aws.instances(1, Stage="test", Team="b")
    group(aws, ["AWS::EC2::Instance"], Stage="test", Team="a")
    assert sorted(aws.found("ResourceGroup", "fleet", of="/AWS::EC2::Instance")) == sorted(wanted)
    assert aws.found("ResourceGroup", "fleet", of="/AWS::S3::Bucket") == []


def test_a_group_of_every_type_gives_all_its_members(aws: Aws) -> None:
    wanted = aws.instances(2, Stage="test")
    group(aws, ["AWS::AllSupported"], Stage="test")
    assert sorted(aws.found("ResourceGroup", "fleet")) == sorted(wanted)


def test_a_group_that_is_not_there_is_named(aws: Aws) -> None:
    effect = FindTargets({"Key": "ResourceGroup", "Values": ["nothing"]})
    assert aws.failure(effect) == f"There is no resource group nothing in account {aws.account}, region {REGION}."


def test_a_backend_that_lists_groups_is_asked_page_by_page(moto_url: str) -> None:
    asked: list[Json] = []

    def answer(request: Request) -> Answer:
        asked.append(json.loads(request.body))
        page = len(asked)
        arn = f"arn:aws:ec2:eu-west-1:123456789012:instance/i-{page:017}"
        document: dict[str, Json] = {"Resources": [{"Identifier": {"ResourceArn": arn}}]}
        if page == 1:
            document["NextToken"] = "more"
        return 200, {"Content-Type": "application/json"}, json.dumps(document).encode()

    with server(answer) as url:
        reply = without_role(moto_url).find(
            FindTargets({"Key": "ResourceGroup", "Values": ["fleet"]}, "/AWS::EC2::Instance"), url
        )
    assert reply.value == [f"i-{1:017}", f"i-{2:017}"]
    assert asked[0] == {
        "Group": "fleet",
        "Filters": [{"Name": "resource-type", "Values": ["AWS::EC2::Instance"]}],
    }
    assert asked[1]["NextToken"] == "more"


# ------------------------------------------------------------------------------------------------- by instance


def test_every_instance_that_lives_is_found_by_a_star(aws: Aws) -> None:
    living, ended = aws.instances(2), aws.instances(1)
    aws.client("ec2").terminate_instances(InstanceIds=ended)
    assert sorted(aws.found("AWS::EC2::Instance", "*")) == sorted(living)


def test_instances_named_by_id_are_looked_up(aws: Aws) -> None:
    first, second, _ = aws.instances(3)
    assert aws.found("AWS::EC2::Instance", second, first, second) == [second, first]
    effect = FindTargets({"Key": "AWS::EC2::Instance", "Values": ["i-0123456789abcdef0"]})
    assert "i-0123456789abcdef0" in aws.failure(effect)


def test_managed_instances_are_found_by_a_star_and_taken_by_id(moto_url: str) -> None:
    pages = [
        {"InstanceInformationList": [{"InstanceId": "mi-1"}, {"InstanceId": "i-2"}], "NextToken": "t"},
        {"InstanceInformationList": [{"InstanceId": "i-3"}]},
    ]

    def answer(_: Request) -> Answer:
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(pages.pop(0)).encode()

    aws = without_role(moto_url)
    with server(answer) as url:
        reply = aws.find(FindTargets({"Key": "InstanceIds", "Values": ["*"]}), url)
    assert reply.value == ["mi-1", "i-2", "i-3"]
    assert aws.found("InstanceIds", "i-1", "i-1", "mi-2") == ["i-1", "mi-2"]


# ---------------------------------------------------------------------------------------------------- locations


def pairs(reply: Reply) -> list[Json]:
    assert reply.failure is None, reply.failure
    found: list[Json] = reply.value["Pairs"]
    return found


def test_places_are_listed_in_order_and_none_twice(aws: Aws) -> None:
    locations = [
        {"Accounts": ["222222222222", "111111111111"], "Regions": ["eu-west-1", "us-east-1"]},
        {"Accounts": ["111111111111", "333333333333"], "Regions": ["us-east-1"]},
    ]
    assert pairs(aws.find(FindTargets(locations=locations))) == [
        [0, "222222222222", "eu-west-1"],
        [0, "222222222222", "us-east-1"],
        [0, "111111111111", "eu-west-1"],
        [0, "111111111111", "us-east-1"],
        [1, "333333333333", "us-east-1"],
    ]


@pytest.fixture
def organization(aws: Aws) -> dict[str, str]:
    """Accounts `top` (in the unit), `below` (in the unit below it) and `closed`, with the ids of `unit` and `root`."""
    client = aws.client("organizations", "us-east-1")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    unit = client.create_organizational_unit(ParentId=root, Name="unit")["OrganizationalUnit"]["Id"]
    lower = client.create_organizational_unit(ParentId=unit, Name="lower")["OrganizationalUnit"]["Id"]
    ids = {"root": root, "unit": unit, "lower": lower}
    for name, parent in (("top", unit), ("below", lower), ("closed", unit)):
        made = client.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]
        ids[name] = made["AccountId"]
        client.move_account(AccountId=ids[name], SourceParentId=root, DestinationParentId=parent)
    client.close_account(AccountId=ids["closed"])
    return ids


def accounts_in(aws: Aws, **location: Json) -> list[str]:
    found = pairs(aws.find(FindTargets(locations=[{"Regions": ["eu-west-1"], **location}])))
    return [account for _, account, _ in found]


def test_a_unit_stands_for_its_active_accounts(aws: Aws, organization: dict[str, str]) -> None:
    assert accounts_in(aws, Accounts=[organization["unit"]]) == [organization["top"]]


def test_units_below_count_when_they_are_asked_for(aws: Aws, organization: dict[str, str]) -> None:
    deep = accounts_in(aws, Accounts=[organization["unit"]], IncludeChildOrganizationUnits=True)
    assert deep == [organization["top"], organization["below"]]
    whole = accounts_in(aws, Accounts=[organization["root"]], IncludeChildOrganizationUnits=True)
    assert whole == [aws.account, organization["top"], organization["below"]]


def test_excluded_accounts_and_units_are_left_out(aws: Aws, organization: dict[str, str]) -> None:
    root = {"Accounts": [organization["root"]], "IncludeChildOrganizationUnits": True}
    without_one = accounts_in(aws, **root, ExcludeAccounts=[organization["top"]])
    assert without_one == [aws.account, organization["below"]]
    assert accounts_in(aws, **root, ExcludeAccounts=[organization["unit"]]) == [aws.account]


def test_a_unit_that_organizations_does_not_know_is_named(aws: Aws, organization: dict[str, str]) -> None:
    location = {"Accounts": ["ou-abcd-12345678"], "Regions": ["eu-west-1"]}
    message = aws.failure(FindTargets(locations=[location]))
    assert message.startswith("The accounts of ou-abcd-12345678 could not be found in Organizations: ")


# ------------------------------------------------------------------------------------------------- from a file

LOCATIONS = [{"Accounts": ["111111111111"], "Regions": ["eu-west-1"], "TargetLocationMaxErrors": "10%"}]


def stored(aws: Aws, content: bytes) -> FindTargets:
    bucket = f"places-{aws.account}"
    s3 = aws.client("s3", "us-east-1")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="my places/list.json", Body=content)
    return FindTargets(url=f"https://{bucket}.s3.amazonaws.com/my%20places/list.json?X-Amz-Signature=secret")


def test_locations_are_read_from_the_backends_bucket(aws: Aws) -> None:
    reply = aws.find(stored(aws, json.dumps(LOCATIONS).encode()))
    assert reply.value == {"Locations": LOCATIONS, "Pairs": [[0, "111111111111", "eu-west-1"]]}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "holds no JSON: a list of TargetLocations is expected."),
        (b"[" * 200_000, "holds no JSON: a list of TargetLocations is expected."),
        (b"{}", "holds no TargetLocations: a list of 1 to 100 items is expected."),
        (b"[" + b" " * FILE_BYTES + b"]", f"has more than {FILE_BYTES} bytes, the most that is read."),
    ],
)
def test_a_file_that_holds_something_else_is_refused(aws: Aws, content: bytes, complaint: str) -> None:
    message = aws.failure(stored(aws, content))
    assert message == f"The file at https://places-{aws.account}.s3.amazonaws.com/my places/list.json {complaint}"


def test_a_file_that_is_not_there_is_named_without_the_signature(aws: Aws) -> None:
    message = aws.failure(FindTargets(url="https://nowhere-at-all.s3.eu-west-1.amazonaws.com/a?X-Amz-Signature=secret"))
    assert "https://nowhere-at-all.s3.eu-west-1.amazonaws.com/a could not be read: " in message
    assert "NoSuchBucket" in message
    assert "secret" not in message


def test_an_address_that_only_looks_like_a_bucket_is_never_asked(aws: Aws) -> None:
    message = aws.failure(FindTargets(url="https://169.254.169.254#x.s3.amazonaws.com/a"))
    assert message == "TargetLocationsURL has a fragment: it is not accepted."


def test_a_download_follows_no_redirect_and_reads_a_byte_too_many_at_most() -> None:
    asked: list[str] = []

    def answer(request: Request) -> Answer:
        asked.append(request.path)
        if request.path == "/away":
            return 302, {"Location": "/large"}, b""
        return 200, {}, b"x" * (FILE_BYTES + 1000)

    with server(answer) as url, urllib3.PoolManager() as http:
        assert download(http, f"{url}/away")[0] == 302
        assert asked == ["/away"]
        status, content = download(http, f"{url}/large")
    assert (status, len(content)) == (200, FILE_BYTES + 1)


@pytest.mark.parametrize(
    ("location", "complaint"),
    [
        ({"Accounts": ["1"], "Regions": ["eu-west-1"]}, "Accounts of item 0 is not what"),
        ({"Accounts": ["111111111111"]}, "item 0 needs Regions: at least one."),
        ({"Accounts": ["111111111111"], "Regions": []}, "Regions of item 0 is not what"),
        ({"Accounts": ["111111111111"], "Regions": ["eu-west-1"], "Color": 1}, "item 0 has the member 'Color'"),
        ({"TargetLocationMaxConcurrency": "0"}, "TargetLocationMaxConcurrency of item 0 is not what"),
        ({"TargetsMaxErrors": "1" * 8}, "TargetsMaxErrors of item 0 is not what"),
        ({"ExecutionRoleName": "a b"}, "ExecutionRoleName of item 0 is not what"),
        ({"IncludeChildOrganizationUnits": "true"}, "IncludeChildOrganizationUnits of item 0 is not what"),
        ({"Targets": [{"Key": 1}]}, "Targets of item 0 is not what"),
        ({"TargetLocationAlarmConfiguration": {"Alarms": []}}, "TargetLocationAlarmConfiguration of item 0 is not"),
        ("x", "item 0 is no JSON object."),
    ],
)
def test_each_member_of_a_file_is_held_against_the_model(location: Json, complaint: str) -> None:
    problem = locations_problem([location])
    assert problem is not None
    assert problem.startswith(complaint)


def test_all_members_of_a_location_are_taken_from_a_file() -> None:
    location = {
        "Accounts": ["111111111111", "ou-abcd-12345678", "r-abcd"],
        "Regions": ["us-gov-west-1"],
        "TargetLocationMaxConcurrency": "100%",
        "TargetLocationMaxErrors": "0",
        "ExecutionRoleName": "a/Role",
        "TargetLocationAlarmConfiguration": {"IgnorePollAlarmFailure": True, "Alarms": [{"Name": "an alarm"}]},
        "IncludeChildOrganizationUnits": True,
        "ExcludeAccounts": ["222222222222"],
        "Targets": [{"Key": "tag:Colour", "Values": ["red"]}],
        "TargetsMaxConcurrency": "10%",
        "TargetsMaxErrors": "0%",
    }
    assert locations_problem([location]) is None
