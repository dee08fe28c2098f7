from __future__ import annotations

import pytest

from runwright.access.policies import InvalidPolicy, decide, matches, read_policy
from runwright.messages import Json

DOCUMENT = "arn:aws:ssm:eu-central-1:111122223333:document/Restart"


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("a*c", "abbc", True),
        ("a*c", "abbd", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*b*", "abc", True),
        ("[a]", "a", False),
        ("a.c", "abc", False),
        ("**a", "aa", True),
    ],
)
def test_wildcards_are_the_only_special_characters(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


def test_a_pattern_of_many_stars_is_answered_at_once() -> None:
    assert not matches("*a" * 50 + "b", "a" * 5000)


def policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def decision(action: str, resource: str, *statements: Json) -> str:
    return decide(read_policy(policy(*statements), "p"), action, resource)


ALLOW = {"Effect": "Allow", "Action": "ssm:Get*", "Resource": "arn:aws:ssm:*:111122223333:document/R*"}


def test_what_nobody_allows_is_not_allowed() -> None:
    assert decision("ssm:GetDocument", DOCUMENT, ALLOW) == "allowed"
    assert decision("SSM:getdocument", DOCUMENT, ALLOW) == "allowed"
    assert decision("ssm:DeleteDocument", DOCUMENT, ALLOW) == "unmentioned"
    assert decision("ssm:GetDocument", DOCUMENT.replace("Restart", "restart"), ALLOW) == "unmentioned"
    assert decision("ssm:GetDocument", "*", ALLOW) == "unmentioned"


def test_a_deny_beats_every_allow_wherever_it_stands() -> None:
    deny = {"Effect": "Deny", "Action": ["ssm:GetDocument"], "Resource": [DOCUMENT]}

    assert decision("ssm:GetDocument", DOCUMENT, ALLOW, deny) == "denied"
    assert decision("ssm:GetDocument", DOCUMENT, deny, ALLOW) == "denied"
    assert decision("ssm:GetDocument", DOCUMENT + "2", deny, ALLOW) == "allowed"


def test_a_wildcard_of_one_part_of_an_arn_does_not_reach_into_the_next() -> None:
    narrow = {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:ssm:*:document/R*"}

    assert decision("ssm:GetDocument", DOCUMENT, narrow) == "unmentioned"


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({"Statement": []}, "a list of statements"),
        ({}, "the member Statement"),
        ({"Statement": [ALLOW], "Rules": []}, "the member Statement"),
        (policy(ALLOW | {"Condition": {}}), "Condition is not known here"),
        (policy({"Effect": "Allow", "NotAction": "x", "Resource": "*"}), "NotAction is not known here"),
        (policy(ALLOW | {"Effect": "allow"}), "Effect is Allow or Deny"),
        (policy(ALLOW | {"Action": "GetDocument"}), "has no service in front"),
        (policy(ALLOW | {"Resource": []}), "Resource is a text or a list of texts"),
        (policy("Allow"), "Effect, Action and Resource"),
    ],
)
def test_a_policy_that_is_not_wholly_understood_is_refused(broken: Json, complaint: str) -> None:
    with pytest.raises(InvalidPolicy, match=complaint):
        read_policy(broken, "p")
