"""Documents of type Automation and Automation.ChangeTemplate.

Content and name decide what is ours; the rest is asked of the backend.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from runwright import tags
from runwright.api import document_text
from runwright.api.answers import Answer, Continued, Elsewhere, Handler, not_served
from runwright.api.operations import attached
from runwright.api.operations.document_filters import documents_wanted
from runwright.api.paging import page_size, place_of, token
from runwright.documents import Draft, Version, is_reserved
from runwright.errors import ServiceError
from runwright.messages import Json
from runwright.runtime.scope import Caller

if TYPE_CHECKING:
    from runwright.engine import Engine

AUTOMATION = "Automation"
CHANGE_TEMPLATE = "Automation.ChangeTemplate"
PLATFORMS = ["Windows", "Linux", "MacOS"]

_UNKNOWN = ("InvalidDocument", "AutomationDefinitionNotFoundException")


async def create(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    kind, name = request.get("DocumentType"), request["Name"]
    if kind is None and is_for_us(request):
        message = f"Document type is required for schema version {document_text.SCHEMA_VERSION}"
        raise ServiceError("InvalidDocumentSchemaVersion", message)
    if kind not in (AUTOMATION, CHANGE_TEMPLATE):
        if await _is_ours(engine, caller, name):
            raise ServiceError("DocumentAlreadyExists", f"Document with same name {name} already exists.")
        return Elsewhere(not_served(f"A document of type {kind or 'Command (the default)'}"))
    if is_reserved(name):
        message = f"Name '{name}': names that begin with aws, amazon or amzn are reserved for AWS."
        raise ServiceError("ValidationException", message)
    tagged = tags.mapping_of(request.get("Tags", ()))
    draft = _draft(engine, request)
    await attached.keep(engine, request, draft, caller)
    made = await engine.documents.create(caller.account, caller.region, name, kind, draft, tagged)
    return {"DocumentDescription": await _described(engine, made, "Creating")}


def is_for_us(request: dict[str, Json]) -> bool:
    """Whether a CreateDocument with these members is ours: by its type, and without one by what its content says."""
    if (kind := request.get("DocumentType")) is not None:
        return kind in (AUTOMATION, CHANGE_TEMPLATE)
    formats = (str(request.get("DocumentFormat", "JSON")), "JSON", "YAML")
    return document_text.schema_version(str(request.get("Content", "")), *formats) == document_text.SCHEMA_VERSION


async def update(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    name, based_on = request["Name"], request.get("DocumentVersion")
    try:
        await engine.documents.find(caller.account, caller.region, name, based_on or "$LATEST")
    except ServiceError as error:
        return _perhaps_elsewhere(error)
    draft = _draft(engine, request)
    await attached.keep(engine, request, draft, caller)
    made = await engine.documents.update(caller.account, caller.region, name, draft, based_on)
    return {"DocumentDescription": await _described(engine, made, "Updating")}


def _draft(engine: Engine, request: dict[str, Json]) -> Draft:
    text, text_format = request["Content"], request.get("DocumentFormat", "JSON")
    document_text.require_size(text, engine.settings.limits["document"])
    document_text.require_runbook(text, text_format)
    return Draft(
        text,
        text_format,
        request.get("VersionName"),
        request.get("DisplayName"),
        request.get("TargetType"),
        request.get("Requires"),
    )


async def update_default_version(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    try:
        found = await engine.documents.set_default(
            caller.account, caller.region, request["Name"], request["DocumentVersion"]
        )
    except ServiceError as error:
        return _perhaps_elsewhere(error)
    return {
        "Description": _present(
            {"Name": found.name, "DefaultVersion": str(found.default), "DefaultVersionName": found.version_name}
        )
    }


async def get(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    try:
        found = await _find(engine, request, caller)
    except ServiceError as error:
        return _perhaps_elsewhere(error)
    wanted = request.get("DocumentFormat", "JSON")
    if wanted == "TEXT":
        raise ServiceError(
            "ValidationException", "Documents of type Automation are to be had as JSON or YAML, not TEXT."
        )
    return _present(
        {
            "Name": found.name_for(caller.account),
            "CreatedDate": found.created_at,
            "DisplayName": found.display_name,
            "VersionName": found.version_name,
            "DocumentVersion": str(found.number),
            "Status": "Active",
            "Content": document_text.converted(found.text, found.format, wanted),
            "DocumentType": found.type,
            "DocumentFormat": wanted,
            "Requires": found.requires,
            "AttachmentsContent": await attached.contents(engine, found),
        }
    )


async def describe(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    try:
        found = await _find(engine, request, caller)
        return {"Document": await _described(engine, found, "Active") | {"Name": found.name_for(caller.account)}}
    except ServiceError as error:
        return _perhaps_elsewhere(error)


async def modify_permission(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    add, remove = request.get("AccountIdsToAdd") or [], request.get("AccountIdsToRemove") or []
    if not add and not remove:
        message = "AccountIdsToAdd or AccountIdsToRemove is required: 12-digit account ids, or All."
        raise ServiceError("ValidationException", message)
    shared_version = request.get("SharedDocumentVersion")
    try:
        await engine.documents.share(caller.account, caller.region, request["Name"], add, remove, shared_version)
    except ServiceError as error:
        return _perhaps_elsewhere(error)
    return {}


async def describe_permission(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    try:
        await engine.documents.find(caller.account, caller.region, request["Name"])
        most, after = page_size(request), place_of("DescribeDocumentPermission", request, caller) or ""
        found = await engine.documents.shares(caller.account, caller.region, request["Name"], after, most + 1)
    except ServiceError as error:
        return _perhaps_elsewhere(error)
    shown = found[:most]
    answer: dict[str, Json] = {
        "AccountIds": [each.account for each in shown],
        "AccountSharingInfoList": [
            {"AccountId": each.account, "SharedDocumentVersion": each.version} for each in shown
        ],
    }
    if len(found) > most:
        answer["NextToken"] = token("DescribeDocumentPermission", request, caller, shown[-1].account)
    return answer


async def list_versions(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    try:
        # A token of the backend's is none of ours, so whose list it is comes first.
        await engine.documents.find(caller.account, caller.region, request["Name"])
        most, before = page_size(request), place_of("ListDocumentVersions", request, caller)
        found = await engine.documents.versions(caller.account, caller.region, request["Name"], before, most + 1)
    except ServiceError as error:
        return _perhaps_elsewhere(error)
    answer: dict[str, Json] = {"DocumentVersions": [_version_info(each) for each in found[:most]]}
    if len(found) > most:
        answer["NextToken"] = token("ListDocumentVersions", request, caller, found[most - 1].number)
    return answer


async def list_all(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    """Ours by name, then the backend's: the token says in which of the two a page goes on."""
    most = page_size(request)
    place = place_of("ListDocuments", request, caller) or {"after": ""}
    wanted = documents_wanted(request)
    found: list[Version] = []
    if wanted is not None and "after" in place:
        found = await engine.documents.page(caller.account, caller.region, wanted, place["after"], most + 1)
    answer: dict[str, Json] = {"DocumentIdentifiers": [_identifier(each, caller) for each in found[:most]]}
    if len(found) > most:
        last = found[most - 1].name_for(caller.account)
        answer["NextToken"] = token("ListDocuments", request, caller, {"after": last})
        return answer
    there = {name: value for name, value in request.items() if name != "NextToken"}
    there["MaxResults"] = most - len(found)
    if "theirs" in place:
        there["NextToken"] = place["theirs"]
    if not there["MaxResults"]:
        return _full_page(request, caller, answer, found[-1].name_for(caller.account))

    def join(theirs: dict[str, Json]) -> dict[str, Json]:
        joined = {"DocumentIdentifiers": answer["DocumentIdentifiers"] + theirs.get("DocumentIdentifiers", [])}
        if isinstance(more := theirs.get("NextToken"), str) and more:
            joined["NextToken"] = token("ListDocuments", request, caller, {"theirs": more})
        return joined

    return Continued(answer, there, join)


def _full_page(request: dict[str, Json], caller: Caller, answer: dict[str, Json], last: str) -> Continued:
    """A page that ours just fill: whether the backend has any is asked with the next one."""
    probe = {name: value for name, value in request.items() if name != "NextToken"} | {"MaxResults": 1}

    def join(theirs: dict[str, Json]) -> dict[str, Json]:
        if theirs.get("DocumentIdentifiers"):
            return answer | {"NextToken": token("ListDocuments", request, caller, {"after": last})}
        return answer

    return Continued(answer, probe, join)


async def delete(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    try:
        await engine.documents.delete(
            caller.account, caller.region, request["Name"], request.get("DocumentVersion"), request.get("VersionName")
        )
    except ServiceError as error:
        return _perhaps_elsewhere(error)
    return {}


# ------------------------------------------------------------------------------------------------------ in common


async def _find(engine: Engine, request: dict[str, Json], caller: Caller) -> Version:
    return await engine.documents.find(
        caller.account, caller.region, request["Name"], request.get("DocumentVersion"), request.get("VersionName")
    )


async def _is_ours(engine: Engine, caller: Caller, name: str) -> bool:
    try:
        await engine.documents.find(caller.account, caller.region, name)
    except ServiceError:
        return False
    return True


def _perhaps_elsewhere(error: ServiceError) -> Elsewhere:
    """A name that we do not have may be the backend's; any other refusal is the answer."""
    if error.code in _UNKNOWN:
        return Elsewhere(error, is_ours=True)
    raise error


async def _described(engine: Engine, version: Version, status: str) -> dict[str, Json]:
    files = await attached.information(engine, version)
    return description(version, status) | ({"AttachmentsInformation": files} if files else {})


def _present(members: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not None}


def description(version: Version, status: str) -> dict[str, Json]:
    """DocumentDescription; what the text tells of itself is read from it."""
    runbook = document_text.described(version.sha256, version.text, version.format)
    return _present(
        {
            "Hash": version.sha256,
            "HashType": "Sha256",
            "Name": version.name,
            "DisplayName": version.display_name,
            "VersionName": version.version_name,
            "Owner": version.owner,
            "CreatedDate": version.created_at,
            "Status": status,
            "DocumentVersion": str(version.number),
            "Description": runbook.description or None if runbook else None,
            "Parameters": [_parameter(each) for each in runbook.parameters.values()] if runbook else [],
            "PlatformTypes": PLATFORMS,
            "DocumentType": version.type,
            "SchemaVersion": document_text.SCHEMA_VERSION,
            "LatestVersion": str(version.latest),
            "DefaultVersion": str(version.default),
            "DocumentFormat": version.format,
            "TargetType": version.target_type,
            "Tags": version.tags,
            "Requires": version.requires,
        }
    )


def _parameter(parameter: Any) -> dict[str, Json]:
    """[B] a parameter without DefaultValue is required; values other than texts are shown as JSON."""
    default = None
    if not parameter.required:
        value = parameter.default
        default = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return _present(
        {
            "Name": parameter.name,
            "Type": parameter.type,
            "Description": parameter.description or None,
            "DefaultValue": default,
        }
    )


def _identifier(version: Version, caller: Caller) -> dict[str, Json]:
    return _present(
        {
            "Name": version.name_for(caller.account),
            "CreatedDate": version.created_at,
            "DisplayName": version.display_name,
            "Owner": version.owner,
            "VersionName": version.version_name,
            "PlatformTypes": PLATFORMS,
            "DocumentVersion": str(version.number),
            "DocumentType": version.type,
            "SchemaVersion": document_text.SCHEMA_VERSION,
            "DocumentFormat": version.format,
            "TargetType": version.target_type,
            "Tags": version.tags,
            "Requires": version.requires,
        }
    )


def _version_info(version: Version) -> dict[str, Json]:
    return _present(
        {
            "Name": version.name,
            "DisplayName": version.display_name,
            "DocumentVersion": str(version.number),
            "VersionName": version.version_name,
            "CreatedDate": version.created_at,
            "IsDefaultVersion": version.number == version.default,
            "DocumentFormat": version.format,
            "Status": "Active",
        }
    )


HANDLERS: dict[str, Handler] = {
    "CreateDocument": create,
    "UpdateDocument": update,
    "UpdateDocumentDefaultVersion": update_default_version,
    "GetDocument": get,
    "DescribeDocument": describe,
    "ModifyDocumentPermission": modify_permission,
    "DescribeDocumentPermission": describe_permission,
    "ListDocuments": list_all,
    "ListDocumentVersions": list_versions,
    "DeleteDocument": delete,
}
