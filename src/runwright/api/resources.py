"""What an operation acts on, as the ARNs that policies name; * where IAM knows no resource of it.

[Service Authorization Reference, "Actions, resources, and condition keys for AWS Systems Manager"] for those of AWS:
an operation on no resource in particular is covered by the resource * of a statement alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runwright.access.policies import ANY
from runwright.documents import local_name
from runwright.messages import Json
from runwright.runtime.scope import Caller, partition_of
from runwright.starting import definition_arn

_TAGGED = {
    "Automation": "automation-execution/",
    "Document": "document/",
    "Parameter": "parameter/",
    "MaintenanceWindow": "maintenancewindow/",
    "PatchBaseline": "patchbaseline/",
    "OpsItem": "opsitem/",
    "OpsMetadata": "opsmetadata/",
    "Association": "association/",
    "ManagedInstance": "managed-instance/",
}
"""Kind of resource of the tagging operations: how its ARN goes on behind the account."""


def resources_of(operation: str, request: Mapping[str, Any], caller: Caller) -> list[str]:
    """The ARNs that a request is about, each of which has to be allowed; members of a wrong type count as absent."""
    if operation == "StartAutomationExecution" and isinstance(request.get("DocumentName"), str):
        return [definition_arn(request, caller.account, caller.region)]
    name_of = _NAMED.get(operation)
    return (name_of(request, caller) if name_of else []) or [ANY]


def _arn(caller: Caller, rest: str) -> str:
    return f"arn:{partition_of(caller.region)}:ssm:{caller.region}:{caller.account}:{rest}"


def _of(prefix: str, *members: str) -> Callable[[Mapping[str, Json], Caller], list[str]]:
    def named(request: Mapping[str, Json], caller: Caller) -> list[str]:
        return [_one(prefix, name, caller) for member in members for name in _texts(request.get(member))]

    return named


def _one(prefix: str, name: str, caller: Caller) -> str:
    if prefix == "document/":
        own = local_name(caller.account, caller.region, name)
        return name if own is None else _arn(caller, prefix + own)
    return name if name.startswith("arn:") else _arn(caller, prefix + name.lstrip("/"))


def _tagged(request: Mapping[str, Json], caller: Caller) -> list[str]:
    kind, name = request.get("ResourceType"), request.get("ResourceId")
    if not isinstance(kind, str) or not isinstance(name, str) or kind not in _TAGGED:
        return []
    return [_one(_TAGGED[kind], name, caller)]


def _texts(value: Json) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]


_EXECUTION = _of("automation-execution/", "AutomationExecutionId")
_DOCUMENT = _of("document/", "Name")
_PARAMETER = _of("parameter/", "Name", "Names", "Path")

_NAMED: dict[str, Callable[[Mapping[str, Json], Caller], list[str]]] = {
    **dict.fromkeys(
        (
            "GetAutomationExecution",
            "DescribeAutomationStepExecutions",
            "StopAutomationExecution",
            "SendAutomationSignal",
        ),
        _EXECUTION,
    ),
    **dict.fromkeys(
        (
            "CreateDocument",
            "UpdateDocument",
            "UpdateDocumentDefaultVersion",
            "UpdateDocumentMetadata",
            "DeleteDocument",
            "GetDocument",
            "DescribeDocument",
            "DescribeDocumentPermission",
            "ModifyDocumentPermission",
            "ListDocumentVersions",
            "ListDocumentMetadataHistory",
        ),
        _DOCUMENT,
    ),
    **dict.fromkeys(
        (
            "GetParameter",
            "GetParameters",
            "GetParametersByPath",
            "GetParameterHistory",
            "PutParameter",
            "DeleteParameter",
            "DeleteParameters",
            "LabelParameterVersion",
            "UnlabelParameterVersion",
        ),
        _PARAMETER,
    ),
    **dict.fromkeys(("AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"), _tagged),
    **dict.fromkeys(
        ("GetServiceSetting", "UpdateServiceSetting", "ResetServiceSetting"), _of("servicesetting/", "SettingId")
    ),
    **dict.fromkeys(("SendCommand",), _of("document/", "DocumentName")),
}
