"""Upgrades a deployment of a former engine under traffic, one worker after the other, and compares everything."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.live_edit.observer import read_changes
from benchmarks.live_edit.reference_run import JournalCut, PublishedHistory, ReferenceRun, read_history
from benchmarks.live_edit.verification import members_at, verify_changes, verify_members
from schemas.engine_versions import NEWEST_VERSION
from streams.engine.journal.records import Tick, decode
from streams.runtime.process.supervisor import child_environment
from streams.settings import Settings
from tests.harness.deployment.live_deployment import LiveDeployment, is_working, live_deployment, wait_until
from tests.harness.deployment.settled import wait_until_settled
from tests.harness.deployment.workers import WorkerProcess, interpreter_of
from tests.harness.runtime.oracle import OracleVerdict, read_evidence
from tests.programs.chaos.replay_check import compare_with_replay
from tests.programs.recorded_deployment import story
from tests.programs.upgrade.traffic import Traffic

PREFIX = "upgrade-"
LIMIT_SECONDS = 600.0
COMMAND = (sys.executable, "-c", "from streams.cli.main import run; run()")


@dataclass(frozen=True)
class UpgradeRun:
    """`former` is the folder of the former version of the project; `rate` in events a second, `calm` in seconds."""

    former: Path
    folder: Path
    contacts: int
    rate: float
    calm: float

    async def run(self, bootstrap: str) -> Counter[str]:
        """Runs everything on an empty Kafka; returns what is wrong, by kind."""
        settings = Settings(bootstrap=bootstrap, prefix=PREFIX)
        self._former_command(settings, "topics", "create")
        async with live_deployment(bootstrap, PREFIX, self.folder, partitions=4, in_partitions=4) as deployment:
            self._apply_first_release(deployment.settings)
            for name in ("w0", "w1"):
                await self._start(deployment, name, self.former)
            traffic = Traffic(deployment, self.contacts)
            await traffic.publish_contacts()
            flow = asyncio.create_task(traffic.run(self.rate))
            await self._replace_workers(deployment)
            await self._upgrade(deployment.settings)
            await self._wait("under the newer version")
            traffic.stop()
            await flow
            report(f"{traffic.sent:,} events published")
            await asyncio.sleep(2)  # a tick after the last event, which closes its instant
            await wait_until_settled(deployment.spec, deployment.settings, LIMIT_SECONDS)
            await asyncio.to_thread(deployment.fleet.stop)
            return await self._compare(deployment)

    async def _replace_workers(self, deployment: LiveDeployment) -> None:
        await self._wait("the former engine alone")
        await self._replace(deployment, "w0", None)
        await self._wait("both engines side by side")
        report("the new worker is killed")
        deployment.fleet.workers["w0"].signal_child(signal.SIGKILL)
        await self._wait("after the kill")
        await self._replace(deployment, "w0", self.former)
        await self._wait("taken back: the former engine alone")
        await self._replace(deployment, "w0", None)
        await self._replace(deployment, "w1", None)
        await self._wait("the new engine alone, by the former version")

    async def _replace(self, deployment: LiveDeployment, name: str, tree: Path | None) -> None:
        code = await asyncio.to_thread(deployment.fleet.remove, name)
        report(f"{name} stopped with {code}, starts with the {'new' if tree is None else 'former'} engine")
        await self._start(deployment, name, tree)

    async def _start(self, deployment: LiveDeployment, name: str, tree: Path | None) -> None:
        log = deployment.fleet.folder / f"{name}.log"
        before = sum('"event": "working"' in line for line in log.read_text().splitlines()) if log.exists() else 0
        worker: WorkerProcess = deployment.fleet.start(name, tree)
        await wait_until(
            lambda: is_working(worker) and worker.count_logged("working") > before, LIMIT_SECONDS, f"{name} works"
        )

    async def _upgrade(self, settings: Settings) -> None:
        start = time.monotonic()
        command = [*COMMAND, "definitions", "upgrade", "--wait", "--patience", "120"]
        await asyncio.to_thread(
            subprocess.run, command, env={**os.environ, **child_environment(settings)}, check=True
        )
        report(f"raised to version {NEWEST_VERSION} in {time.monotonic() - start:.1f} s")

    async def _wait(self, what: str) -> None:
        report(what)
        await asyncio.sleep(self.calm)  # the length of this part of the run

    def _apply_first_release(self, settings: Settings) -> None:
        path = self.folder / "definitions.json"
        path.write_bytes(msgspec.json.encode(story.FIRST))
        self._former_command(settings, "definitions", "apply", str(path))

    def _former_command(self, settings: Settings, *arguments: str) -> None:
        environment = {**os.environ, **child_environment(settings), "PYTHONPATH": str(self.former)}
        command = [interpreter_of(self.former), *COMMAND[1:], *arguments]
        subprocess.run(command, cwd=self.former, env=environment, check=True)

    async def _compare(self, deployment: LiveDeployment) -> Counter[str]:
        settings = deployment.settings
        verdict = OracleVerdict()
        report("comparing the outputs with a replay of the journal, and verifying")
        compare_with_replay(settings, await read_evidence(deployment.spec, settings), verdict)
        for error, example in verdict.examples.items():
            report(f"{error}: {example}")
        wrong = Counter(verdict.wrong)
        report("starting afresh under the newest version")
        history, changes = await read_history(settings), await read_changes(settings)
        cuts = last_ticks(history)
        document = {**story.FIRST, "account": "default", "engine_version": NEWEST_VERSION}
        expected = await ReferenceRun(history, self.folder).members(document, cuts)
        actual = members_at(changes, {number: cut.offset for number, cut in cuts.items()})
        lists = {"list"}  # automation lists by the version of its time
        wrong += verify_members(
            {each for each in actual if each[0] not in lists}, {each for each in expected if each[0] not in lists}
        )
        report(f"{len(actual):,} memberships, {sum(map(len, changes.values())):,} changes")
        return wrong + verify_changes(changes)


def last_ticks(history: PublishedHistory) -> Mapping[int, JournalCut]:
    """The last tick of each journal partition."""
    cuts = {}
    for number, partition in history.journal.items():
        for record in partition:
            entry: Any = decode(record.value)
            if isinstance(entry, Tick):
                cuts[number] = JournalCut(record.offset, entry.at)
    return cuts


def report(text: str) -> None:
    """Prints a line."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()
