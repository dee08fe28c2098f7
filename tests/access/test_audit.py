from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from runwright.access.audit import AuditLog
from runwright.errors import ServiceError
from runwright.messages import Json
from tests.access.secured import EVERYTHING, Options, Secured, key, secured
from tests.api.runbooks import SLEEP, text

ANA, POOR = key("ana", EVERYTHING), key("poor")


def lines(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_who_did_what_is_on_record_with_its_outcome(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"

    async def story(server: Secured) -> None:
        await server.call(ANA, "CreateDocument", {"Name": "Rest", "DocumentType": "Automation", "Content": text(SLEEP)})
        await server.call(POOR, "DeleteDocument", {"Name": "Rest"})
        await server.call(ANA, "GetDocument", {"Name": "Rest"})
        await server.call(key("nobody"), "GetDocument", {"Name": "Rest"})

    secured([ANA, POOR], story, Options(audit=AuditLog(path)))

    told = [
        (line["phase"], line.get("principal"), line["operation"], line.get("status"), line.get("error"))
        for line in lines(path)
    ]
    assert told == [
        ("asked", ANA.principal.arn, "CreateDocument", None, None),
        ("answered", ANA.principal.arn, "CreateDocument", 200, None),
        ("asked", POOR.principal.arn, "DeleteDocument", None, None),
        ("answered", POOR.principal.arn, "DeleteDocument", 400, "AccessDeniedException"),
        ("answered", ANA.principal.arn, "GetDocument", 200, None),
        ("answered", None, "GetDocument", 400, "UnrecognizedClientException"),
    ]
    first = lines(path)[0]
    assert first["resources"] == ["arn:aws:ssm:eu-central-1:111122223333:document/Rest"]
    assert (first["access_key"], first["address"], first["account"]) == (ANA.id, "127.0.0.1", "111122223333")


def test_the_log_is_appended_to_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for number in (1, 2):
        log = AuditLog(path)
        log.write("asked", status=number)
        log.close()

    assert [line["status"] for line in lines(path)] == [1, 2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_done_that_cannot_be_put_on_record(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path)
    log.close()

    async def story(server: Secured) -> None:
        code, _ = await server.call(
            ANA, "CreateDocument", {"Name": "Rest", "DocumentType": "Automation", "Content": text(SLEEP)}
        )
        assert code == "InternalServerError"
        found = await server.host.engine.documents.find("111122223333", "eu-central-1", "Rest")
        raise AssertionError(f"{found.name} was made")

    with pytest.raises(ServiceError, match="InvalidDocument"):
        secured([ANA], story, Options(audit=log))
