from __future__ import annotations

import pytest

from runwright.constraints import MOST_FAULTS, MOST_LISTED, check, known_operations, undeclared_members
from runwright.errors import ServiceError
from runwright.messages import Json

ID = "8a5f5be8-5d93-437a-adbb-394f70000000"
START = {"DocumentName": "Demo"}


def refusal(operation: str, body: Json) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        check(operation, body)
    return caught.value


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        (
            "GetAutomationExecution",
            {},
            "Value null at 'automationExecutionId' failed to satisfy constraint: Member must not be null",
        ),
        (
            "GetAutomationExecution",
            {"AutomationExecutionId": "short"},
            (
                "Value 'short' at 'automationExecutionId' failed to satisfy constraint: "
                "Member must have length greater than or equal to 36"
            ),
        ),
        (
            "StartAutomationExecution",
            START | {"Mode": "X"},
            "Value 'X' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [Auto, Interactive]",
        ),
        (
            "StartAutomationExecution",
            START | {"MaxConcurrency": "0"},
            (
                "Value '0' at 'maxConcurrency' failed to satisfy constraint: Member must satisfy "
                "regular expression pattern: ^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$"
            ),
        ),
        (
            "StartAutomationExecution",
            START | {"Parameters": {"Name": ["a", ""]}},
            (
                "Value '{Name=[a, ]}' at 'parameters' failed to satisfy constraint: Map value must satisfy constraint: "
                "[Member must have length less than or equal to 50, Member must satisfy constraint: [Member must have "
                "length less than or equal to 512, Member must have length greater than or equal to 1]]"
            ),
        ),
        (
            "StartAutomationExecution",
            START | {"Tags": [{"Key": "ok", "Value": ""}, {"Key": "a!", "Value": ""}]},
            (
                "Value 'a!' at 'tags.2.member.key' failed to satisfy constraint: Member must satisfy "
                "regular expression pattern: ^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$"
            ),
        ),
        (
            "DescribeAutomationExecutions",
            {"MaxResults": 51},
            "Value '51' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50",
        ),
        (
            "DescribeAutomationExecutions",
            {"Filters": [{"Key": "ExecutionId", "Values": []}]},
            (
                "Value '[]' at 'filters.1.member.values' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1"
            ),
        ),
        (
            "DescribeAutomationExecutions",
            {"Filters": [None]},
            "Value null at 'filters.1.member' failed to satisfy constraint: Member must not be null",
        ),
    ],
)
def test_a_breach_of_a_constraint_is_worded_as_aws_words_it(operation: str, body: Json, message: str) -> None:
    error = refusal(operation, body)

    assert error.code == "ValidationException"
    assert error.message == f"1 validation error detected: {message}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "Start of list found where not expected."),
        (None, "null found where a structure was expected."),
        ("text", "STRING_VALUE can not be converted to a Structure."),
        ({"DocumentName": 1}, "NUMBER_VALUE can not be converted to a String. At 'documentName'."),
        ({"DocumentName": ["x"]}, "Start of list found where not expected. At 'documentName'."),
        (START | {"Parameters": []}, "Start of list found where not expected. At 'parameters'."),
        (START | {"Parameters": {"a": "b"}}, "STRING_VALUE can not be converted to a List. At 'parameters.a'."),
        (START | {"Parameters": {"a": [True]}}, "BOOLEAN_VALUE can not be converted to a String. At 'parameters.a.1'."),
        ({"DocumentName": "\ud800"}, "The text at 'documentName' holds half of a surrogate pair."),
    ],
)
def test_a_wrong_json_type_is_a_serialization_exception(body: Json, message: str) -> None:
    error = refusal("StartAutomationExecution", body)

    assert (error.code, error.message) == ("SerializationException", message)


@pytest.mark.parametrize("value", [True, "10", 1.5, float("inf")])
def test_a_number_is_taken_from_nothing_but_a_whole_number(value: Json) -> None:
    assert refusal("DescribeAutomationExecutions", {"MaxResults": value}).code == "SerializationException"


def test_whole_floats_are_numbers() -> None:
    assert check("DescribeAutomationExecutions", {"MaxResults": 10.0}) == {"MaxResults": 10}


def test_several_breaches_are_all_listed() -> None:
    error = refusal("StartAutomationExecution", {"DocumentName": "x", "Mode": "X"})

    assert error.message.startswith("2 validation errors detected: Value 'x' at 'documentName' failed")
    assert "; Value 'X' at 'mode' failed" in error.message


def test_unknown_and_null_members_are_left_out() -> None:
    assert check("StartAutomationExecution", START | {"Mode": None, "Colour": {"deep": "\ud800"}}) == START


def test_letters_of_any_language_may_be_in_tags_and_only_ascii_in_names() -> None:
    tags = [{"Key": "Größe", "Value": "大"}]

    assert check("StartAutomationExecution", START | {"Tags": tags})["Tags"] == tags
    assert refusal("StartAutomationExecution", {"DocumentName": "Größe"}).code == "ValidationException"


def test_a_pattern_must_match_all_of_the_value() -> None:
    assert refusal("StartAutomationExecution", START | {"DocumentVersion": "x$LATEST"}).code == "ValidationException"
    assert refusal("StartAutomationExecution", {"DocumentName": "Demo\n"}).code == "ValidationException"


def test_the_size_of_targets_is_left_to_the_operation_and_its_own_message() -> None:
    targets = [{"Key": "tag:A", "Values": ["x"]}, {"Key": "tag:B", "Values": ["y"]}]

    assert check("StartAutomationExecution", START | {"Targets": targets})["Targets"] == targets


def test_giant_values_are_not_echoed() -> None:
    huge = "x" * 1_000_000
    bodies: list[Json] = [
        {"DocumentName": huge},
        START | {"Parameters": {huge: ["v"]}},
        START | {"Parameters": {huge: 1}},
        START | {"Parameters": {"a": [huge] * 60}},
        START | {"Tags": [{"Key": huge, "Value": huge}] * 2000},
        START | {"TargetMaps": [{huge: [huge]}] * 400},
    ]

    for body in bodies:
        assert len(refusal("StartAutomationExecution", body).message) < MOST_FAULTS * 1000


def test_every_operation_of_the_model_is_known() -> None:
    assert {"StartAutomationExecution", "PutParameter"} <= known_operations()
    assert "StartAutomationExecutions" not in known_operations()


def test_members_that_the_model_does_not_declare_are_found_in_answers() -> None:
    step = {"StepName": "a", "Colour": "red", "Outputs": {"x": ["y"]}}
    answer = {"AutomationExecution": {"StepExecutions": [step], "Shape": 1}}

    assert undeclared_members("GetAutomationExecution", answer) == [
        "AutomationExecution.Shape",
        "AutomationExecution.StepExecutions.0.Colour",
    ]
    assert undeclared_members("StopAutomationExecution", {}) == []


def test_empty_parameters_may_start_an_execution() -> None:
    assert check("StartAutomationExecution", START | {"Parameters": {}})["Parameters"] == {}


def test_of_a_list_or_map_that_is_too_long_no_more_is_looked_at_than_tells_so() -> None:
    tags: Json = [{"Key": "a", "Value": "b"}] * 1001 + [5]
    parameters: Json = {f"p{n}": ["a"] for n in range(201)} | {"last": 5}
    for member in ({"Tags": tags}, {"Parameters": parameters}):
        told = refusal("StartAutomationExecution", START | member)
        assert (told.code, "length less than or equal to" in told.message) == ("ValidationException", True)
    assert refusal("StartAutomationExecution", START | {"Tags": [5]}).code == "SerializationException"


UNBOUNDED: dict[str, tuple[str, Json, Json]] = {
    "tagKeys": ("RemoveTagsFromResource", {"ResourceType": "Document", "ResourceId": "Demo"}, {"TagKeys": ["a"]}),
    "requires": ("CreateDocument", {"Name": "Demo", "Content": "{}"}, {"Requires": [{"Name": "Other"}]}),
    "documentFilterList": ("ListDocuments", {}, {"DocumentFilterList": [{"key": "Name", "value": "a"}]}),
}


@pytest.mark.parametrize("named", UNBOUNDED)
def test_a_list_for_which_the_model_states_no_maximum_has_one(named: str) -> None:
    operation, others, listed = UNBOUNDED[named]
    ((member, items),) = listed.items()
    assert check(operation, others | {member: items * MOST_LISTED})[member] == items * MOST_LISTED
    told = refusal(operation, others | {member: items * (MOST_LISTED + 1)})
    assert told.code == "ValidationException"
    assert (
        f"at '{named}' failed to satisfy constraint: Member must have length less than or equal to 1000" in told.message
    )
    assert refusal(operation, others | {member: [*items * 999_999, 5]}).code == "ValidationException"
