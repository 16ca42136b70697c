"""Collects the operations of records by account, in portions that Redis does in half a millisecond."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.redis.connection import Argument
from streams.views.models.operation import Operation

PORTION = 500
"""The most time that one script takes at the server, about (us): so long others wait."""


@dataclass(slots=True)
class ScriptPortion:
    """Operations of one account for one run of the script."""

    partitions: dict[str, int] = field(default_factory=dict)
    """`topic:partition` to the offset behind its last operation, in the order of first use."""
    arguments: list[Argument] = field(default_factory=list)
    weight: int = 0


class OperationBatch:
    """The operations of some records: of one account in the order in which they were added."""

    def __init__(self) -> None:
        self._portions: dict[str, list[ScriptPortion]] = {}

    def add(self, partition: str, offset: int, operation: Operation) -> None:
        """Adds the operation of the record at `offset` of `partition` (`topic:partition`)."""
        portions = self._portions.get(operation.account)
        if portions is None:
            portions = self._portions[operation.account] = [ScriptPortion()]
        portion = portions[-1]
        if portion.weight >= PORTION:
            portion = ScriptPortion()
            portions.append(portion)
        partitions = portion.partitions
        partitions[partition] = offset + 1
        # Positions of a dictionary's keys: there are few partitions in a batch.
        place = 1
        for each in partitions:
            if each == partition:
                break
            place += 1
        portion.arguments += (operation.code, place, offset, *operation.arguments)
        portion.weight += operation.weight

    def accounts(self) -> Iterator[tuple[str, list[ScriptPortion]]]:
        """Each account with its portions."""
        yield from self._portions.items()
