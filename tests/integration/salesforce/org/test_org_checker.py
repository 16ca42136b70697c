"""A worker holds the releases against the org when it starts and when one comes, and says what does not fit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from agents.crm import org_checker
from agents.crm.org_checker import OrgChecker
from connectors.salesforce.org.directory import OrgDirectory
from streams.engine.releases.release_log import ReleaseLog
from streams.store.releases import releases_in_order
from tests.harness.deployment.live_deployment import wait_until
from tests.harness.salesforce.sandbox import SandboxClient

NEEDED = {"LastName": {"value": "x"}, "Company": {"value": "y"}}
LIMIT_SECONDS = 30.0


class Releases:
    """The releases of one account, `acme`."""

    def __init__(self) -> None:
        self.log = ReleaseLog("wall")
        self.count = 0

    def apply(self, **lead_fields: Any) -> None:
        """Applies a release with what a Lead needs and `lead_fields`."""
        definitions = {"account": "acme", "salesforce": {"lead_fields": {**NEEDED, **lead_fields}}}
        record = {"type": "definitions.applied", "id": f"r{self.count}", "account": "acme", "based_on": self.count}
        encoded = msgspec.json.encode(record | {"definitions": definitions})
        assert self.log.add(self.count, 1, b"acme", encoded) is not None
        self.count += 1


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(org_checker, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(org_checker, "REPEAT_SECONDS", 0.1)


@asynccontextmanager
async def running(sandbox: SandboxClient, releases: Releases) -> AsyncIterator[OrgChecker]:
    checker = OrgChecker(OrgDirectory(sandbox.connection()), lambda: releases_in_order(releases.log))
    task = asyncio.create_task(checker.run())
    try:
        yield checker
    finally:
        checker.stop()
        await asyncio.wait_for(task, LIMIT_SECONDS)


async def until(condition: Callable[[], bool]) -> None:
    await wait_until(condition, LIMIT_SECONDS, "the check did not come to it")


async def test_what_does_not_fit_is_told_until_it_does(sandbox: SandboxClient) -> None:
    releases = Releases()
    releases.apply(Plan__c={"property": "email"})
    async with running(sandbox, releases) as checker:
        await until(lambda: bool(checker.problems))
        assert checker.problems == (
            "acme: lead_fields: the Lead has no field Plan__c that the integration user may see",
        )
        sandbox.post("field", sobject="Lead", name="Plan__c")
        await until(lambda: not checker.problems)


async def test_a_new_release_is_checked_when_it_comes(sandbox: SandboxClient) -> None:
    releases = Releases()
    releases.apply()
    async with running(sandbox, releases) as checker:
        await until(lambda: bool(sandbox.requests("/composite")))
        releases.apply(Nope__c={"value": "x"})
        await until(lambda: bool(checker.problems))
        assert "Nope__c" in checker.problems[0]


async def test_an_org_that_fits_is_asked_once_for_each_release(sandbox: SandboxClient) -> None:
    releases = Releases()
    releases.apply()
    async with running(sandbox, releases) as checker:
        await until(lambda: len(sandbox.requests("/composite")) == 1)
        looks = 0

        def has_looked_often() -> bool:
            nonlocal looks
            looks += 1
            return looks > 20

        await until(has_looked_often)
        assert (checker.problems, len(sandbox.requests("/composite"))) == ((), 1)


async def test_an_org_that_is_away_is_told_and_asked_again(sandbox: SandboxClient) -> None:
    sandbox.add_fault("html_503", path="services/data", times=-1)
    async with running(sandbox, Releases()) as checker:
        await until(lambda: checker.outage_log.current_problem is not None)
        sandbox.clear_faults()
        await until(lambda: checker.outage_log.current_problem is None)
        assert checker.problems == ()
