"""`leadstream definitions upgrade`: accounts are raised one after the other, each as it stands then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streams.cli.definitions.upgrade import raise_accounts
from streams.definitions.apply import ReleaseApplier
from streams.engine.releases.release_log import Release, ReleaseLog
from streams.errors import DefinitionsRefused
from streams.settings import Settings
from tests.harness.kafka.memory_releases import MemoryReleases


def segment(country: str) -> dict[str, Any]:
    return {"id": "here", "dynamic": True, "when": {"property": "country", "eq": country}}


class EditedReleases(MemoryReleases):
    """Two accounts of version 3; `edit` runs before each answer to its question for an account's latest release."""

    def __init__(self) -> None:
        super().__init__()
        self.before_latest: Callable[[str], None] | None = None
        self.before_read: Callable[[], None] | None = None
        for account in ("a", "b"):
            self.append_release(account, 0, segments=[segment("DE")])

    async def latest(self, account: str) -> Release | None:
        if self.before_latest is not None:
            self.before_latest(account)
        return await super().latest(account)

    async def read_log(self) -> ReleaseLog:
        if self.before_read is not None:
            self.before_read()
        return await super().read_log()

    def edit(self, account: str) -> None:
        """Applies another release, as a colleague might at any time."""
        self.before_latest = self.before_read = None
        self.append_release(account, 1, segments=[segment("FR")])


async def stated(releases: MemoryReleases, account: str) -> list[tuple[int, str]]:
    """The engine version and the country of each of the account's releases."""
    log = await releases.read_log()
    return [
        (each.definitions.engine_version, each.document["segments"][0]["when"]["eq"])
        for each in log.releases_of(account)
    ]


async def test_an_account_is_raised_with_what_was_applied_while_another_one_was() -> None:
    releases = EditedReleases()
    releases.before_latest = lambda account: releases.edit("b") if account == "b" else None
    results = await raise_accounts(ReleaseApplier(Settings(), releases), ["a", "b"], quiet=True)
    assert [(each["account"], each["number"]) for each in results] == [("a", 2), ("b", 3)]
    assert await stated(releases, "a") == [(3, "DE"), (4, "DE")]
    assert await stated(releases, "b") == [(3, "DE"), (3, "FR"), (4, "FR")]


async def test_a_release_that_comes_just_then_is_not_overwritten_and_no_void_record_is_written() -> None:
    releases = EditedReleases()
    releases.before_read = lambda: releases.edit("a")
    with pytest.raises(DefinitionsRefused, match="account a: based on release 1, but release 2 is the latest"):
        await raise_accounts(ReleaseApplier(Settings(), releases), ["a"], quiet=True)
    assert await stated(releases, "a") == [(3, "DE"), (3, "FR")]
    assert (await releases.read_log()).void_releases == []


async def test_an_account_that_somebody_raised_in_the_meantime_is_left_alone() -> None:
    releases = EditedReleases()
    releases.append_release("a", 1, engine_version=4, segments=[segment("DE")])
    assert await raise_accounts(ReleaseApplier(Settings(), releases), ["a"], quiet=True) == []
