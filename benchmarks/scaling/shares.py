"""Which worker has which slots, and when it had to stop for a rebalance, from the workers' logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.harness.deployment.live_deployment import LiveDeployment

Slots = frozenset[int]


@dataclass(frozen=True)
class WorkerRebalance:
    """A worker stopped at `began` (ms), when partitions were revoked, and worked again or was gone at `ended`."""

    worker: str
    began: float
    ended: float
    before: Slots
    after: Slots


def worker_rebalances(worker: str, entries: Iterable[Mapping[str, Any]]) -> list[WorkerRebalance]:
    """Returns the rebalances of one worker. One that is interrupted by another ends with that one."""
    found: list[WorkerRebalance] = []
    slots: Slots = frozenset()
    began: float | None = None
    for entry in entries:
        match entry.get("event"):
            case "rested" if began is None:
                began = _logged_at(entry) - entry["ms"]
            case "working":
                ended, after = _logged_at(entry), frozenset(entry["slots"])
                found.append(WorkerRebalance(worker, ended if began is None else began, ended, slots, after))
                slots, began = after, None
            case "closed" if began is not None:
                found.append(WorkerRebalance(worker, began, _logged_at(entry), slots, frozenset()))
                slots, began = frozenset(), None
    return found


def all_rebalances(deployment: LiveDeployment) -> list[WorkerRebalance]:
    """Returns the rebalances of all workers so far."""
    workers = deployment.fleet.all_workers()
    return [each for worker in workers for each in worker_rebalances(worker.name, worker.log_entries())]


def shares(deployment: LiveDeployment) -> dict[str, Slots]:
    """Returns the slots that each running worker works on now; none for one that rests."""
    return {name: working_slots(worker.log_entries()) for name, worker in deployment.fleet.workers.items()}


def working_slots(entries: Iterable[Mapping[str, Any]]) -> Slots:
    """Returns the slots that a worker works on after these lines of its log."""
    slots: Slots = frozenset()
    for entry in entries:
        if entry.get("event") == "working":
            slots = frozenset(entry["slots"])
        elif entry.get("event") in ("rested", "start"):
            slots = frozenset()
    return slots


def is_shared_out(deployment: LiveDeployment) -> bool:
    """Whether each running worker works, and each slot has one worker."""
    parts = list(shares(deployment).values())
    all_slots = sorted(slot for part in parts for slot in part)
    return all(parts) and all_slots == list(range(deployment.settings.partitions))


def _logged_at(entry: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(entry["timestamp"]).timestamp() * 1000
