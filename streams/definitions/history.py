"""Lists an account's releases, and in how many partitions each decides; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.values import instant_text
from streams.definitions.diff import DefinitionsDiff, diff_definitions
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.releases.release_log import Release, ReleaseLog, VoidRelease


@dataclass(frozen=True, slots=True)
class ReleaseStep:
    """One release: its changes, and in how many journal partitions it decides or is in back-fill."""

    release: Release
    diff: DefinitionsDiff
    active_partitions: int
    backfilling_partitions: int

    def to_dict(self) -> dict[str, Any]:
        """Returns the release as JSON for a machine."""
        release = self.release
        return {
            "number": release.number,
            "offset": release.offset,
            "id": release.id,
            "hash": release.hash,
            "at": None if release.at is None else instant_text(release.at),
            "arrival": instant_text(release.arrival),
            "changes": list(self.diff.difference_lines()),
            "decides_in": self.active_partitions,
            "counted_in": self.backfilling_partitions,
        }


@dataclass(frozen=True, slots=True)
class ReleaseHistory:
    """An account's releases and void records; `partition_count` is the number of journal partitions."""

    account: str
    partition_count: int
    steps: tuple[ReleaseStep, ...]
    voids: tuple[VoidRelease, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns the history as JSON for a machine."""
        voids = [{"offset": void.offset, "id": void.id, "reason": void.reason} for void in self.voids]
        steps = [step.to_dict() for step in self.steps]
        return {"account": self.account, "partitions": self.partition_count, "releases": steps, "void": voids}

    def lines(self) -> Iterator[str]:
        """Yields lines for people, in the order of the topic `definitions`."""
        entries: list[ReleaseStep | VoidRelease] = [*self.steps, *self.voids]
        for entry in sorted(entries, key=_offset):
            if isinstance(entry, VoidRelease):
                yield f"void at offset {entry.offset}: {entry.reason}"
            else:
                yield from self._step_lines(entry)

    def _step_lines(self, step: ReleaseStep) -> Iterator[str]:
        release = step.release
        at = "at the account's last tick" if release.at is None else instant_text(release.at)
        yield f"release {release.number}  {at}  {release.hash[:12]}"
        for line in step.diff.difference_lines():
            yield f"  {line}"
        if not step.diff:
            yield "  the same, written otherwise"
        status = self._step_status(step)
        if status:
            yield f"  {status}"

    def _step_status(self, step: ReleaseStep) -> str:
        parts = []
        if step.active_partitions:
            parts.append(f"decides in {step.active_partitions} of {self.partition_count} partitions")
        if step.backfilling_partitions:
            parts.append(f"is being counted in {step.backfilling_partitions}")
        if not parts and step is self.steps[-1]:
            return f"has come to none of {self.partition_count} partitions yet"
        return ", ".join(parts)


def build_release_history(
    account: str, log: ReleaseLog, partition_statuses: Sequence[PartitionStatus]
) -> ReleaseHistory:
    """Returns the account's history; `partition_statuses` are those of all journal partitions."""
    steps = []
    before: Release | None = None
    for release in log.releases_of(account):
        based_on = before.number if before is not None else 0
        diff = diff_definitions(before.definitions if before is not None else None, release.definitions, based_on)
        active = sum(status.releases.get(account) == release.number for status in partition_statuses)
        backfilling = sum(_is_backfilling(status, account, release.number) for status in partition_statuses)
        steps.append(ReleaseStep(release, diff, active, backfilling))
        before = release
    voids = tuple(void for void in log.void_releases if void.account == account)
    return ReleaseHistory(account, len(partition_statuses), tuple(steps), voids)


def _is_backfilling(partition_status: PartitionStatus, account: str, number: int) -> bool:
    proposal = partition_status.proposed.get(account)
    return proposal is not None and proposal.number == number


def _offset(entry: ReleaseStep | VoidRelease) -> int:
    return entry.offset if isinstance(entry, VoidRelease) else entry.release.offset
