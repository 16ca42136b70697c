"""Holds the releases against the orgs: when the process starts, when a release came, and until everything fits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

from agents.crm.outage_log import OutageLog
from connectors.salesforce.check.deployment_check import check_deployment
from connectors.salesforce.org.directory import OrgDirectory
from connectors.salesforce.org.errors import RequestRefused
from streams.engine.releases.release_log import Release
from streams.errors import SalesforceRefused, SalesforceUnavailable

log = structlog.get_logger()

LOOK_SECONDS = 5.0
"""Time between two looks for new releases, which cost no request."""
REPEAT_SECONDS = 600.0
"""Time between two checks while something does not fit, or an org cannot be asked."""


class OrgChecker:
    """Checks, and stops nothing: what does not fit stops its own account's hand-overs when one is written.

    `problems` are what does not fit, each a line; health shows them, and the log names each when it comes and goes.
    """

    def __init__(self, directory: OrgDirectory, releases: Callable[[], Iterable[Release]]) -> None:
        self._directory = directory
        self._releases = releases
        self._stopping = asyncio.Event()
        self.outage_log = OutageLog("check")
        self.problems: tuple[str, ...] = ()

    def stop(self) -> None:
        """Ends `run`; a check that runs is not awaited."""
        self._stopping.set()

    async def run(self) -> None:
        """Checks until `stop` is called."""
        checked: dict[str, int] | None = None
        due = 0.0
        now = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            latest = {release.account: release for release in self._releases()}
            numbers = {account: release.number for account, release in latest.items()}
            if numbers != checked or (self._has_problem() and now() >= due):
                await self._check(latest)
                checked, due = numbers, now() + REPEAT_SECONDS
            await self._wait(LOOK_SECONDS)

    def _has_problem(self) -> bool:
        return bool(self.problems) or self.outage_log.current_problem is not None

    async def _check(self, latest: dict[str, Release]) -> None:
        accounts = {account: release.definitions for account, release in latest.items()}
        check = asyncio.ensure_future(asyncio.to_thread(check_deployment, self._directory, accounts, all_orgs=True))
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((check, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not check.done():
                return
            report = check.result()
        except (SalesforceUnavailable, SalesforceRefused, RequestRefused) as error:
            self.outage_log.failing(error)
            return
        finally:
            stopped.cancel()
            check.cancel()
        self.outage_log.recovered()
        self._tell(tuple(report.problem_lines()))

    def _tell(self, problems: tuple[str, ...]) -> None:
        for problem in problems:
            if problem not in self.problems:
                log.warning("does not fit the org", problem=problem)
        for problem in self.problems:
            if problem not in problems:
                log.info("fits the org now", problem=problem)
        self.problems = problems

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
