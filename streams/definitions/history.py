"""The course of an account's definitions: its releases from the first on, and where each of them stands; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.values import instant_text
from streams.definitions.diff import Plan, plan
from streams.engine.partition.broadcast import Standing
from streams.engine.releases.release_log import Release, ReleaseLog, Void


@dataclass(frozen=True, slots=True)
class Step:
    """One release: what it changed, and in how many journal partitions it decides or is being counted."""

    release: Release
    plan: Plan
    decides: int
    counted: int

    def described(self) -> dict[str, Any]:
        """For a machine."""
        release = self.release
        return {
            "number": release.number,
            "offset": release.offset,
            "id": release.id,
            "hash": release.hash,
            "at": None if release.at is None else instant_text(release.at),
            "arrival": instant_text(release.arrival),
            "changes": list(self.plan.differences()),
            "decides_in": self.decides,
            "counted_in": self.counted,
        }


@dataclass(frozen=True, slots=True)
class Course:
    """An account's releases and void records, over a journal of so many partitions."""

    account: str
    partitions: int
    steps: tuple[Step, ...]
    voids: tuple[Void, ...]

    def described(self) -> dict[str, Any]:
        """For a machine."""
        voids = [{"offset": void.offset, "id": void.id, "reason": void.reason} for void in self.voids]
        steps = [step.described() for step in self.steps]
        return {"account": self.account, "partitions": self.partitions, "releases": steps, "void": voids}

    def lines(self) -> Iterator[str]:
        """For people, in the order they were written."""
        entries: list[Step | Void] = [*self.steps, *self.voids]
        for entry in sorted(entries, key=_offset):
            if isinstance(entry, Void):
                yield f"void at offset {entry.offset}: {entry.reason}"
            else:
                yield from self._step(entry)

    def _step(self, step: Step) -> Iterator[str]:
        release = step.release
        at = "at the account's last tick" if release.at is None else instant_text(release.at)
        yield f"release {release.number}  {at}  {release.hash[:12]}"
        for line in step.plan.differences():
            yield f"  {line}"
        if not step.plan:
            yield "  the same, written otherwise"
        stands = self._stands(step)
        if stands:
            yield f"  {stands}"

    def _stands(self, step: Step) -> str:
        parts = []
        if step.decides:
            parts.append(f"decides in {step.decides} of {self.partitions} partitions")
        if step.counted:
            parts.append(f"is being counted in {step.counted}")
        if not parts and step is self.steps[-1]:
            return f"has come to none of {self.partitions} partitions yet"
        return ", ".join(parts)


def course_of(account: str, log: ReleaseLog, standings: Sequence[Standing]) -> Course:
    """The account's course; `standings` are those of all journal partitions."""
    steps = []
    before: Release | None = None
    for release in log.all(account):
        based_on = before.number if before is not None else 0
        changes = plan(before.content if before is not None else None, release.content, based_on)
        decides = sum(standing.releases.get(account) == release.number for standing in standings)
        counted = sum(_is_counted(standing, account, release.number) for standing in standings)
        steps.append(Step(release, changes, decides, counted))
        before = release
    voids = tuple(void for void in log.voids if void.account == account)
    return Course(account, len(standings), tuple(steps), voids)


def _is_counted(standing: Standing, account: str, number: int) -> bool:
    proposed = standing.proposed.get(account)
    return proposed is not None and proposed.number == number


def _offset(entry: Step | Void) -> int:
    return entry.offset if isinstance(entry, Void) else entry.release.offset
