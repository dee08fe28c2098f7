"""Attachments of CreateDocument and UpdateDocument: where their files are read from, and what is told of them.

Which files a runbook has its own text says, with the SHA-256 of each; a request only says where they are.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from runwright.api import document_text
from runwright.attachments import MOST_BYTES, read_in
from runwright.documents import Draft, Version
from runwright.errors import ServiceError
from runwright.messages import Json
from runwright.runtime.failures import Refused
from runwright.runtime.scope import Caller, Scope, partition_of

if TYPE_CHECKING:
    from runwright.engine import Engine

S3_SECONDS = 25.0


async def keep(engine: Engine, request: dict[str, Json], draft: Draft, caller: Caller) -> None:
    """Read and store what `Attachments` names. Raises InvalidDocumentContent for what cannot be had or is another file.

    AWS does this later and gives the document the status Failed (the texts are ours).
    """
    files = _files(draft.sha256, draft.text, draft.format)
    contents: dict[str, bytes] = {}
    for item in request.get("Attachments", ()):
        for name, content in await _read(engine, item, files, caller):
            found = hashlib.sha256(content).hexdigest()
            if found != files[name]:
                raise _refusal(
                    f"The attached file '{name}' has the SHA-256 {found}; files of the runbook says {files[name]}."
                )
            contents[name] = content
    await engine.attachments.keep(contents.values())


async def information(engine: Engine, version: Version) -> list[dict[str, Json]]:
    """AttachmentsInformation: the files of the text that are to be had."""
    sizes = await engine.attachments.sizes(_files(version.sha256, version.text, version.format))
    return [{"Name": name} for name in sizes]


async def contents(engine: Engine, version: Version) -> list[dict[str, Json]]:
    """AttachmentsContent, without the Url: nothing here serves files."""
    files = _files(version.sha256, version.text, version.format)
    sizes = await engine.attachments.sizes(files)
    return [{"Name": name, "Size": size, "Hash": files[name], "HashType": "Sha256"} for name, size in sizes.items()]


def _files(sha256: str, text: str, text_format: str) -> dict[str, str]:
    """The SHA-256 of each file by name, as the text has them."""
    runbook = document_text.described(sha256, text, text_format)
    return {name: each.sha256 for name, each in runbook.files.items()} if runbook else {}


async def _read(
    engine: Engine, item: dict[str, Json], files: Mapping[str, str], caller: Caller
) -> list[tuple[str, bytes]]:
    """The files that one item of Attachments brings."""
    source, name = (item.get("Values") or [""])[0], item.get("Name")
    if name is not None and name not in files:
        raise _refusal(f"The attached file '{name}' does not stand under files of the runbook, with its SHA-256.")
    match item.get("Key"):
        case "SourceUrl":
            wanted = list(files) if name is None else [name]
            return [(each, await _from_folder(engine, source, each, caller)) for each in wanted]
        case "S3FileUrl" if name is not None:
            return [(name, await _from_s3(engine, source, caller))]
        case "AttachmentReference" if name is not None:
            return [(name, await _from_document(engine, source, caller))]
        case None:
            raise _refusal("An attachment has no Key: SourceUrl, S3FileUrl or AttachmentReference is expected.")
        case other:
            raise _refusal(f"An attachment by {other} needs a Name.")


async def _from_folder(engine: Engine, source: str, name: str, caller: Caller) -> bytes:
    if urlsplit(source).scheme != "file":
        return await _from_s3(engine, f"{source.rstrip('/')}/{name}", caller)
    folder = Path(unquote(urlsplit(source).path))
    if not engine.attachments.is_allowed(folder):
        raise _refusal(f"{source} is in no folder that the server was started with as --attachments.")
    content = await asyncio.to_thread(read_in, folder, name)
    if content is None:
        raise _refusal(f"There is no file '{name}' in {source}, or it has more than {MOST_BYTES} bytes.")
    return content


async def _from_s3(engine: Engine, url: str, caller: Caller) -> bytes:
    bucket, key, region = next(_places(url), ("", "", None))
    if not bucket or not key:
        raise _refusal(
            f"{url} is no place in S3: s3://BUCKET/KEY or https://BUCKET.s3.REGION.amazonaws.com/KEY is expected."
        )
    # It is read with the server's own credentials, so that the caller needs the right to read it.
    engine.authorize(caller.initiator, "s3:GetObject", f"arn:{partition_of(caller.region)}:s3:::{bucket}/{key}")
    scope = Scope("", "", caller.account, caller.region, None)
    content = await engine.backend.object_in_s3(
        scope, bucket, key, region or caller.region, most=MOST_BYTES + 1, seconds=S3_SECONDS
    )
    if isinstance(content, Refused):
        raise _refusal(f"The attached file {url} cannot be read: {content.failure.message}")
    if len(content) > MOST_BYTES:
        raise _refusal(f"The attached file {url} has more than {MOST_BYTES} bytes.")
    return content


def _places(url: str) -> Iterator[tuple[str, str, str | None]]:
    """Bucket, key and region (where the URL tells it) of an object in S3."""
    parts = urlsplit(url)
    host, key = str(parts.netloc), unquote(parts.path.removeprefix("/"))
    if parts.scheme == "s3":
        yield host, key, None
    elif parts.scheme == "https" and host.endswith(".amazonaws.com"):
        service = host.removesuffix(".amazonaws.com")
        if service.startswith(("s3.", "s3-")) or service == "s3":
            bucket, _, rest = key.partition("/")
            yield bucket, rest, service[3:] or None
        elif ".s3" in service:
            bucket, _, region = service.partition(".s3")
            yield bucket, key, region.strip(".-") or None


async def _from_document(engine: Engine, reference: str, caller: Caller) -> bytes:
    """`Document/version/file`, or with the document's ARN."""
    document, _, rest = reference.rpartition("/")
    document, _, version = document.rpartition("/")
    try:
        found = await engine.documents.find(caller.account, caller.region, document, version)
    except ServiceError as error:
        raise _refusal(f"{reference} is no attached file: {error.message}") from None
    sha256 = _files(found.sha256, found.text, found.format).get(rest)
    content = await engine.attachments.content(rest, sha256) if sha256 else None
    if content is None:
        raise _refusal(f"Document {document}, version {version}, has no attached file '{rest}' here.")
    return content


def _refusal(message: str) -> ServiceError:
    return ServiceError("InvalidDocumentContent", message)
