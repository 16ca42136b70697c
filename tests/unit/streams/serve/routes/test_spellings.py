"""A deployment that normalizes ids finds a contact however its id is written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest

from streams.kafka.deployment import DeploymentRecord
from streams.serve.routes import dead_letters
from streams.store.dead_letters.letter import Letter, LetterCoordinates
from streams.store.dead_letters.marks import RetryMarks
from streams.store.dead_letters.selection import LetterSelection
from tests.harness.serve.api import FixedDefinitions, serving

WRITTEN = ("Ada ", "ada", "Bob")
NORMALIZING = DeploymentRecord("wall", 4, {"normalize_ids": True})
PLAIN = DeploymentRecord("wall", 4)


def letter_of(number: int, contact: str) -> Letter:
    value = msgspec.json.encode({"type": "web.visited", "id": f"e{number}", "contact": contact})
    return Letter(LetterCoordinates(0, number), number, "missing_field", "", None, (), contact.encode(), value)


class MemoryLetters:
    """A reader of one letter for each contact as it was written."""

    marks = RetryMarks({})

    async def read(self, selection: LetterSelection, *_report: object) -> AsyncIterator[Letter]:
        for number, contact in enumerate(WRITTEN):
            letter = letter_of(number, contact)
            if selection.fits(letter, is_retried=False):
                yield letter


@pytest.fixture(autouse=True)
def letters(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def open_letters(_settings: object) -> AsyncIterator[MemoryLetters]:
        yield MemoryLetters()

    monkeypatch.setattr(dead_letters, "open_letters", open_letters)


@asynccontextmanager
async def serving_in(deployment: DeploymentRecord) -> AsyncIterator[httpx.AsyncClient]:
    async with serving() as (api, client):
        assert isinstance(api.context.definitions, FixedDefinitions)
        api.context.definitions.record = deployment
        yield client


@pytest.mark.parametrize(
    ("deployment", "contact", "found"),
    [
        pytest.param(NORMALIZING, "ada", ["Ada ", "ada"], id="as the deployment writes it"),
        pytest.param(NORMALIZING, " ADA", ["Ada ", "ada"], id="in another spelling"),
        pytest.param(PLAIN, "ada", ["ada"], id="where spellings are different contacts"),
        pytest.param(PLAIN, "ADA", [], id="where nobody is written so"),
    ],
)
async def test_dead_letters_of_a_contact_are_found_in_every_spelling_of_its_id(
    deployment: DeploymentRecord, contact: str, found: list[str]
) -> None:
    async with serving_in(deployment) as client:
        answer = (await client.get("/api/v1/dead-letters", params={"contact": contact})).json()
    assert [each["contact"] for each in answer["letters"]] == found


@pytest.mark.parametrize(
    ("deployment", "prefix", "found"),
    [
        (NORMALIZING, " Ad", ["ada"]),
        (NORMALIZING, "ada ", []),
        (NORMALIZING, "", ["ada", "bob"]),
        (PLAIN, "Ad", []),
        (PLAIN, "ad", ["ada"]),
    ],
)
async def test_contacts_are_found_by_the_beginning_of_every_spelling(
    deployment: DeploymentRecord, prefix: str, found: list[str]
) -> None:
    async with serving_in(deployment) as client:
        answer = (await client.get("/api/v1/contacts", params={"prefix": prefix})).json()
    assert answer["contacts"] == found
