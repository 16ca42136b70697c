"""One deployment with traffic on it, whose definitions are edited: what each edit takes, and what it costs others."""

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
from benchmarks.live_edit.contacts import People
from benchmarks.live_edit.definitions import Document, initial
from benchmarks.live_edit.edits import Edit
from benchmarks.live_edit.observer import Seen, Window
from streams.runtime.process.supervisor import environment_of
from tests.harness.deployment.live_deployment import Stage, until

LIMIT_SECONDS = 300.0
AFTERMATH_SECONDS = 1.0


@dataclass(frozen=True)
class Size:
    """`rate` in events a second; `calm` are seconds without an edit between two, `first_calm` before the first."""

    contacts: int
    rate: float
    first_calm: float
    calm: float


@dataclass(frozen=True)
class Kept:
    """A segment whose members at a release are kept; `before` are the definitions until then."""

    segment: str
    release: int
    before: Document


@dataclass(frozen=True)
class Done:
    """An edit: the number of its last release, how long (s) the command took, and when live events are looked at."""

    kind: str
    release: int
    command: float
    window: Window


@dataclass
class Session:
    """What was done so far; `calm` is when nothing was."""

    made: Stage
    folder: Path
    size: Size
    seen: Seen
    document: Document = field(default_factory=initial)
    release: int = 0
    """The number of the last release that was applied."""
    kept: list[Kept] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    calm: list[Window] = field(default_factory=list)

    def paused(self) -> set[str]:
        """The segments that are paused now."""
        return {segment["id"] for segment in self.document["segments"] if segment.get("paused")}

    async def arrive(self) -> None:
        """The first definitions, and everybody's first event."""
        await self._command(self.document)
        for topic, event in People(self.size.contacts, seed=1).arrive():
            await self.made.send(topic, event)
        await self.made.delivered()
        everybody = self.size.contacts
        await until(lambda: self.seen.members_of_all == everybody, LIMIT_SECONDS, "everybody has arrived")

    async def edit(self, edits: Sequence[Edit]) -> None:
        """All edits, with some calm before and after each; the traffic flows meanwhile."""
        await until(lambda: bool(self.seen.probes), LIMIT_SECONDS, "the traffic has begun")
        await self._be_calm(self.size.first_calm)
        for edit in edits:
            harness.say(f"edit: {edit.kind}")
            await self._measure(edit)
            await self._be_calm(self.size.calm)

    async def _be_calm(self, seconds: float) -> None:
        began = now()
        await asyncio.sleep(seconds)  # the length of what is measured
        self.calm.append((began, now()))

    async def _measure(self, edit: Edit) -> None:
        began, before = now(), self.document
        if edit.superseded is not None:
            await self._supersede(edit)
        else:
            await self._command(edit.changed(before))
        command, release = (now() - began) / 1000, self.release
        if edit.keeps is not None:
            self.kept.append(Kept(edit.keeps, release, before))
        await until(lambda: self.seen.decides(release), LIMIT_SECONDS, "every partition decides under the release")
        await until(lambda: self.seen.settled(release), LIMIT_SECONDS, "everybody is settled under the release")
        await asyncio.sleep(AFTERMATH_SECONDS)  # as above
        self.done.append(Done(edit.kind, release, command, (began, now())))

    async def _supersede(self, edit: Edit) -> None:
        """Applies a release, and another on top of it before the first can have taken effect everywhere."""
        first, second = edit.both(self.document)
        await self._command(first, wait=False)
        # In this process: another command would be a second later.
        made = await self.made.apply(second)
        self.document, self.release = second, made.number

    async def _command(self, document: Document, wait: bool = True) -> None:
        path = self.folder / f"release-{self.release + 1}.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(document)))
        options = ["--wait", "--patience", "120"] if wait else []
        environment = environment_of(self.made.settings)
        command = ["definitions", "apply", "--json", *options, str(path)]
        (applied,) = json.loads(await leadstream(*command, log=self.folder / "commands.log", environment=environment))
        if not applied["applied"]:
            raise RuntimeError(f"{path} says what is in force already: no edit")
        self.document, self.release = document, applied["number"]


def now() -> float:
    """The instant, in ms."""
    return time.time() * 1000
