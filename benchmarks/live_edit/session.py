"""Edits the definitions of a deployment under traffic, and measures each edit."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks import harness
from benchmarks.live_edit.command import leadstream
from benchmarks.live_edit.contacts import RandomContacts
from benchmarks.live_edit.definitions import DefinitionsDocument, initial
from benchmarks.live_edit.edits import Edit
from benchmarks.live_edit.observer import LiveEditObserver, TimeRange
from streams.runtime.process.supervisor import child_environment
from tests.harness.deployment.live_deployment import LiveDeployment, wait_until

LIMIT_SECONDS = 300.0
AFTERMATH_SECONDS = 1.0


@dataclass(frozen=True)
class TrafficSize:
    """`rate` in events a second; `calm` in seconds between two edits, `first_calm` in seconds before the first."""

    contacts: int
    rate: float
    first_calm: float
    calm: float


@dataclass(frozen=True)
class FrozenSegment:
    """A segment that keeps its members of a release; `definitions` are those before it."""

    segment: str
    release: int
    definitions: DefinitionsDocument


@dataclass(frozen=True)
class EditRun:
    """An edit: its last release, the duration of its command (s), and the range in which live events count for it."""

    kind: str
    release: int
    command_seconds: float
    time_range: TimeRange


@dataclass
class EditSession:
    """The state of the run; `calm_ranges` are the ranges without an edit."""

    deployment: LiveDeployment
    folder: Path
    size: TrafficSize
    observer: LiveEditObserver
    document: DefinitionsDocument = field(default_factory=initial)
    release: int = 0
    """The number of the last release."""
    frozen_segments: list[FrozenSegment] = field(default_factory=list)
    edit_runs: list[EditRun] = field(default_factory=list)
    calm_ranges: list[TimeRange] = field(default_factory=list)

    def paused_segments(self) -> set[str]:
        """Returns the segments that are paused at present."""
        return {segment["id"] for segment in self.document["segments"] if segment.get("paused")}

    async def publish_first_events(self) -> None:
        """Applies the first definitions, publishes the first event of every contact and waits for them."""
        await self._apply_definitions(self.document)
        for topic, event in RandomContacts(self.size.contacts, seed=1).first_events():
            await self.deployment.send(topic, event)
        await self.deployment.flush()
        everybody = self.size.contacts
        await wait_until(lambda: self.observer.everybody_count == everybody, LIMIT_SECONDS, "everybody has arrived")

    async def run_edits(self, edits: Sequence[Edit]) -> None:
        """Applies all edits, with a calm range before and after each, while the traffic flows."""
        await wait_until(lambda: bool(self.observer.probes), LIMIT_SECONDS, "the traffic has begun")
        await self.wait_calm(self.size.first_calm)
        for edit in edits:
            harness.report_progress(f"edit: {edit.kind}")
            await self._measure(edit)
            await self.wait_calm(self.size.calm)

    async def wait_calm(self, seconds: float) -> None:
        """Waits so long, and remembers the time as one without an edit."""
        start = now_ms()
        await asyncio.sleep(seconds)  # the length of the range
        self.calm_ranges.append((start, now_ms()))

    async def _measure(self, edit: Edit) -> None:
        start, before = now_ms(), self.document
        if edit.superseded is not None:
            await self._supersede(edit)
        else:
            await self._apply_definitions(edit.apply(before))
        command, release = (now_ms() - start) / 1000, self.release
        if edit.frozen_segment is not None:
            self.frozen_segments.append(FrozenSegment(edit.frozen_segment, release, before))
        await wait_until(
            lambda: self.observer.is_deciding(release), LIMIT_SECONDS, "every partition decides under the release"
        )
        await wait_until(
            lambda: self.observer.is_settled(release), LIMIT_SECONDS, "everybody is settled under the release"
        )
        await asyncio.sleep(AFTERMATH_SECONDS)  # as above
        self.edit_runs.append(EditRun(edit.kind, release, command, (start, now_ms())))

    async def _supersede(self, edit: Edit) -> None:
        """Applies a release, and another one before the first can take effect everywhere."""
        first, second = edit.apply_both(self.document)
        await self._apply_definitions(first, wait=False)
        # In this process, since another command would come a second later.
        release = await self.deployment.apply(second)
        self.document, self.release = second, release.number

    async def _apply_definitions(self, document: DefinitionsDocument, wait: bool = True) -> None:
        path = self.folder / f"release-{self.release + 1}.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(document)))
        options = ["--wait", "--patience", "120"] if wait else []
        environment = child_environment(self.deployment.settings)
        command = ["definitions", "apply", "--json", *options, str(path)]
        (report,) = json.loads(await leadstream(*command, log=self.folder / "commands.log", environment=environment))
        if not report["applied"]:
            raise RuntimeError(f"{path} is the same as the active release: no edit")
        self.document, self.release = document, report["number"]


def now_ms() -> float:
    """Returns the present time in ms."""
    return time.time() * 1000
