from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from runwright.documents import AMAZON, Documents, Draft, Wanted, is_reserved, local_name
from runwright.documents import shelf as rules
from runwright.errors import ServiceError
from runwright.runtime.sqlite import Database

T = TypeVar("T")
HOME = ("111122223333", "eu-central-1")


@dataclass
class Shelf:
    """Documents in one account and region, and a clock that goes on by a second with each change."""

    documents: Documents

    async def create(self, name: str = "Demo", text: str = "one", **members: Any) -> None:
        await self.documents.create(*HOME, name, "Automation", Draft(text, "JSON", **members), {})

    async def update(self, text: str, based_on: str | None = None, **members: Any) -> int:
        return (await self.documents.update(*HOME, "Demo", Draft(text, "JSON", **members), based_on)).number

    async def number(self, version: str | None = None, version_name: str | None = None) -> int:
        return (await self.documents.find(*HOME, "Demo", version, version_name)).number


def on_a_shelf(story: Callable[[Shelf], Awaitable[T]]) -> T:
    async def all_of_it() -> T:
        database = Database.open(None)
        moments = iter(range(1000, 9999))
        try:
            return await story(Shelf(Documents(database, lambda: float(next(moments)))))
        finally:
            await database.close()

    return asyncio.run(all_of_it())


def refused(story: Callable[[Shelf], Awaitable[object]]) -> str:
    with pytest.raises(ServiceError) as caught:
        on_a_shelf(story)
    return caught.value.code


def test_a_new_version_does_not_become_the_default() -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.create()
        assert await shelf.update("two", version_name="second") == 2
        assert [await shelf.number(each) for each in (None, "$DEFAULT", "$LATEST", "2")] == [1, 1, 2, 2]
        assert await shelf.number(version_name="second") == 2
        await shelf.documents.set_default(*HOME, "Demo", "2")
        assert await shelf.number() == 2

    on_a_shelf(story)


@pytest.mark.parametrize("version", ["3", "0", "9" * 40])
def test_a_version_that_there_is_not_is_an_invalid_document_version(version: str) -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.create()
        await shelf.number(version)

    assert refused(story) == "InvalidDocumentVersion"


def test_a_version_must_have_both_the_number_and_the_name_that_are_asked_for() -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.create(version_name="first")
        assert await shelf.number("1", "first") == 1
        await shelf.number("$LATEST", "second")

    assert refused(story) == "InvalidDocumentVersion"


def test_a_document_belongs_to_one_account_and_region() -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.create()
        for home in (("999999999999", HOME[1]), (HOME[0], "us-east-1")):
            with pytest.raises(ServiceError, match="InvalidDocument: "):
                await shelf.documents.find(*home, "Demo")
            await shelf.documents.create(*home, "Demo", "Automation", Draft("other", "JSON"), {})
        assert (await shelf.documents.find(*HOME, "Demo")).text == "one"

    on_a_shelf(story)


def test_names_are_had_from_arns_of_the_same_account_and_region() -> None:
    assert local_name(*HOME, "Demo") == "Demo"
    assert local_name(*HOME, f"arn:aws:ssm:{HOME[1]}:{HOME[0]}:document/Demo") == "Demo"
    assert local_name(*HOME, f"arn:aws:ssm:us-east-1:{HOME[0]}:document/Demo") is None
    assert local_name(*HOME, f"arn:aws:ssm:{HOME[1]}:999999999999:document/Demo") is None


@pytest.mark.parametrize("name", ["AWS-Demo", "awsDemo", "AmazonDemo", "AMZN"])
def test_names_of_aws_are_reserved_in_any_case(name: str) -> None:
    assert is_reserved(name)
    assert not is_reserved(f"My{name}")


def test_a_name_is_given_once() -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.create()
        await shelf.create(text="other")

    assert refused(story) == "DocumentAlreadyExists"


def test_the_content_of_the_latest_version_cannot_be_given_again() -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.create()
        await shelf.update("one")

    assert refused(story) == "DuplicateDocumentContent"


def test_a_version_name_is_given_once_in_a_document() -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.create(version_name="a")
        await shelf.update("two", version_name="a")

    assert refused(story) == "DuplicateDocumentVersionName"


def test_only_the_latest_version_is_updated() -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.create()
        assert await shelf.update("two", "$DEFAULT") == 2
        assert await shelf.update("three", "2") == 3
        assert await shelf.update("four", "$LATEST") == 4
        await shelf.update("five", "$DEFAULT")

    assert refused(story) == "InvalidDocumentVersion"


def test_an_update_keeps_the_target_type_that_it_does_not_give() -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.create(target_type="/AWS::EC2::Instance", display_name="Demo of all")
        await shelf.update("two", display_name="Demo of most")
        found = await shelf.documents.find(*HOME, "Demo", "$LATEST")
        assert (found.target_type, found.display_name) == ("/AWS::EC2::Instance", "Demo of most")

    on_a_shelf(story)


def test_a_deleted_version_is_gone_and_its_number_is_not_given_again() -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.create()
        await shelf.update("two")
        await shelf.documents.delete(*HOME, "Demo", "2", None)
        assert await shelf.number("$LATEST") == 1
        assert await shelf.update("three") == 3
        assert [each.number for each in await shelf.documents.versions(*HOME, "Demo", None, 10)] == [3, 1]
        assert [each.number for each in await shelf.documents.versions(*HOME, "Demo", 3, 10)] == [1]

    on_a_shelf(story)


@pytest.mark.parametrize("version", ["1", "$DEFAULT", "7"])
def test_the_default_version_and_one_that_there_is_not_cannot_be_deleted(version: str) -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.create()
        await shelf.documents.delete(*HOME, "Demo", version, None)

    assert refused(story) == "InvalidDocumentOperation"


def test_a_deleted_document_leaves_no_tags_to_its_successor() -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.documents.create(*HOME, "Demo", "Automation", Draft("one", "JSON"), {"team": "a"})
        await shelf.documents.delete(*HOME, "Demo", None, None)
        await shelf.create()
        assert (await shelf.documents.find(*HOME, "Demo")).tags == []

    on_a_shelf(story)


def test_an_installed_text_becomes_the_default_and_the_same_text_changes_nothing() -> None:
    async def story(shelf: Shelf) -> None:
        for text, number in (("one", 1), ("one", 1), ("two", 2), ("two", 2), ("one", 3)):
            await shelf.documents.install(*HOME, "AWS-Demo", text, "YAML")
            found = await shelf.documents.find(*HOME, "AWS-Demo")
            assert (found.number, found.text) == (number, text)

    on_a_shelf(story)


def test_what_is_no_runbook_is_no_definition() -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.documents.create(*HOME, "Plan", "Automation.ChangeTemplate", Draft("one", "JSON"), {})
        await shelf.create()
        codes = []
        for name, version in (("Plan", None), ("Nothing", None), ("Demo", "2")):
            with pytest.raises(ServiceError) as caught:
                await shelf.documents.definition(*HOME, name, version)
            codes.append(caught.value.code)
        assert codes == [
            "AutomationDefinitionNotFoundException",
            "AutomationDefinitionNotFoundException",
            "AutomationDefinitionVersionNotFoundException",
        ]

    on_a_shelf(story)


def test_limits_of_documents_and_versions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_DOCUMENTS", 2)
    monkeypatch.setattr(rules, "MOST_VERSIONS", 2)

    async def documents(shelf: Shelf) -> None:
        await shelf.documents.install(*HOME, "AWS-Uncounted", "one", "JSON")
        for name in ("Demo", "Demo2", "Demo3"):
            await shelf.create(name)

    async def versions(shelf: Shelf) -> None:
        await shelf.create()
        await shelf.update("two")
        await shelf.update("three")

    assert refused(documents) == "DocumentLimitExceeded"
    assert refused(versions) == "DocumentVersionLimitExceeded"


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Wanted(), ["Alpha", "Beta", "alphabet"]),
        (Wanted(name_prefixes=("Al", "B")), ["Alpha", "Beta"]),
        (Wanted(name_prefixes=("%",)), []),
        (Wanted(keywords=("ALPHA",)), ["Alpha", "alphabet"]),
        (Wanted(types=("Automation.ChangeTemplate",)), []),
        (Wanted(target_types=("/AWS::EC2::Instance",)), ["Beta"]),
        (Wanted(tags={"team": ("a", "b")}), ["Alpha", "Beta"]),
        (Wanted(tags={"team": ("a", "b"), "cost": ("x",)}), ["Beta"]),
    ],
)
def test_documents_are_listed_by_name_as_all_filters_allow(wanted: Wanted, names: list[str]) -> None:
    async def story(shelf: Shelf) -> list[str]:
        for name, target, tagged in (
            ("alphabet", None, {}),
            ("Alpha", "/AWS::S3::Bucket", {"team": "a"}),
            ("Beta", "/AWS::EC2::Instance", {"team": "b", "cost": "x"}),
        ):
            draft = Draft(name, "JSON", target_type=target)
            await shelf.documents.create(*HOME, name, "Automation", draft, tagged)
        pages = [await shelf.documents.page(*HOME, wanted, "", 1)]
        while pages[-1]:
            pages.append(await shelf.documents.page(*HOME, wanted, pages[-1][-1].name, 1))
        return [each.name for page in pages for each in page]

    assert on_a_shelf(story) == names


def test_a_document_of_the_account_goes_before_a_shipped_one_of_its_name() -> None:
    async def story(shelf: Shelf) -> None:
        shelf.documents = Documents(shelf.documents._database, shipped={"AWS-Demo": "shipped", "AWS-Else": "else"})
        assert (await shelf.documents.find(*HOME, "AWS-Demo")).owner == AMAZON
        with pytest.raises(ServiceError, match="owned by Amazon"):
            await shelf.documents.delete(*HOME, "AWS-Demo", None, None)

        await shelf.documents.install(*HOME, "AWS-Demo", "own", "YAML")

        found = await shelf.documents.find(*HOME, "AWS-Demo")
        assert (found.owner, found.text) == (HOME[0], "own")
        listed = await shelf.documents.page(*HOME, Wanted(), "", 9)
        assert [(each.name, each.owner) for each in listed] == [("AWS-Demo", HOME[0]), ("AWS-Else", "Amazon")]
        await shelf.documents.delete(*HOME, "AWS-Demo", None, None)
        assert (await shelf.documents.find(*HOME, "AWS-Demo")).text == "shipped"

    on_a_shelf(story)
