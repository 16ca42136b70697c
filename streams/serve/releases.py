"""The definitions in force, as the routes need them: read anew every few seconds.

What reads and validates them is imported for the first that asks, in a thread: the server starts without it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from schemas.definitions import Campaign, Segment
from streams.errors import BrokerUnavailable, LeadstreamError
from streams.hints import suggestion
from streams.kafka.deployment import DeploymentRecord, require_deployment
from streams.serve.freshness import FreshValue
from streams.serve.problems import HttpProblem
from streams.settings import Clock, Settings

if TYPE_CHECKING:
    from streams.engine.releases.release_log import Release, ReleaseLog
    from streams.store.releases import ReleaseRepository

SECONDS = 2.0
READ_SECONDS = 8.0
PATIENCE_SECONDS = 2.0
PAUSE_SECONDS = 10.0
FIRST_DEFINITIONS = "`leadstream definitions apply` makes some"

_Definition = TypeVar("_Definition", Segment, Campaign)


class AppliedDefinitions:
    """The releases of all accounts; while Kafka is away, those that were read last."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._deployment: DeploymentRecord | None = None
        self._repository: ReleaseRepository | None = None
        self._failed_at = float("-inf")
        self._log = FreshValue(self._read, SECONDS, keeps_last=True)

    async def deployment(self) -> DeploymentRecord:
        """What is fixed with the deployment. Raises TopicsMissing, BrokerUnavailable."""
        if self._deployment is None:
            self._deployment = await require_deployment(self._settings)
        return self._deployment

    async def deployment_or_none(self) -> DeploymentRecord | None:
        """The same; None where Kafka does not tell at once. What fails is not tried again for a while."""
        if self._deployment is None and time.monotonic() - self._failed_at >= PAUSE_SECONDS:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    return await self.deployment()
            except (LeadstreamError, TimeoutError):
                self._failed_at = time.monotonic()
        return self._deployment

    async def log(self) -> ReleaseLog:
        """All releases. Raises TopicsMissing, BrokerUnavailable."""
        return await self._log.get()

    async def release(self, account: str) -> Release:
        """The latest release of an account. Raises HttpProblem, which says what to do, where it has none."""
        log = await self.log()
        release = log.latest(account)
        if release is None:
            hint = suggestion(account, sorted(log.accounts())) or f" yet; {FIRST_DEFINITIONS}"
            raise HttpProblem("not-found", f"account {account!r} has no definitions{hint}")
        return release

    async def release_or_none(self, account: str) -> Release | None:
        """The latest release of an account; None where it has none. Raises TopicsMissing, BrokerUnavailable."""
        return (await self.log()).latest(account)

    async def segment(self, account: str, segment: str) -> Segment:
        """A segment as it is defined. Raises HttpProblem where it is not."""
        return _find(
            segment, {each.id: each for each in (await self.release(account)).definitions.segments}, "segment"
        )

    async def campaign(self, account: str, campaign: str) -> Campaign:
        """A campaign as it is defined. Raises HttpProblem where it is not."""
        known = {each.id: each for each in (await self.release(account)).definitions.campaigns}
        return _find(campaign, known, "campaign")

    async def _read(self) -> ReleaseLog:
        before = self._progress()
        try:
            async with asyncio.timeout(READ_SECONDS):
                deployment = await self.deployment()
                if self._repository is None:
                    self._repository = await asyncio.to_thread(_open_repository, self._settings, deployment.clock)
                return await self._repository.read_log()
        except TimeoutError as error:
            if self._progress() > before:
                # The repository stays: the next reading goes on where this one ended.
                raise BrokerUnavailable(
                    f"the definitions are still being read, up to offset {self._progress()} so far; ask again"
                ) from error
            raise BrokerUnavailable(
                f"Kafka at {self._settings.bootstrap} does not answer within {READ_SECONDS:g} s; see whether it runs"
            ) from error

    def _progress(self) -> int:
        return 0 if self._repository is None else self._repository.next_offset


def _open_repository(settings: Settings, clock: Clock) -> ReleaseRepository:
    from streams.store.releases import ReleaseRepository  # noqa: PLC0415 - see the module's docstring

    return ReleaseRepository(settings, clock)


def _find(name: str, known: dict[str, _Definition], noun: str) -> _Definition:
    if name not in known:
        raise HttpProblem("not-found", f"there is no {noun} {name!r}{suggestion(name, known)}")
    return known[name]
