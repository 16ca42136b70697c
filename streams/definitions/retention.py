"""Refuses conditions that need records which the journal's retention deleted (SPEC section 9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.clock import now_ms
from streams.definitions.history_needs import HistoryNeed, new_history_needs
from streams.engine.journal.records import NO_TICK
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.state.contact import ContactHeader
from streams.errors import DefinitionsRefused
from streams.progress import ignore_progress
from streams.settings import Clock
from streams.store.retention import truncated_partitions
from streams.store.store import DeploymentStore, SlotSnapshot

MAX_LISTED = 10

_decode_header = msgspec.json.Decoder(ContactHeader).decode


@dataclass(frozen=True, slots=True)
class JournalCoverage:
    """The part of a journal that is left: the first instant that it covers, and the instant of the decision (ms)."""

    start: int
    now: int


def coverage_problems(needs: Iterable[HistoryNeed], coverage: JournalCoverage) -> list[str]:
    """Returns a line for each leaf that needs records from before the coverage."""
    lines = []
    for each in needs:
        earliest = each.earliest_needed(coverage.now)
        if earliest is not None and earliest >= coverage.start:
            continue
        reach = "over all the past" if earliest is None or earliest < 0 else f"back to {instant_text(earliest)}"
        leaf = msgspec.json.encode(each.leaf).decode()
        lines.append(
            f"{each.owner}: {leaf} reaches {reach}, but the journal speaks from {instant_text(coverage.start)} on:"
            " what was before fell to its retention; take a window that begins later"
        )
    return lines


async def require_coverage(
    store: DeploymentStore, account: str, definitions: Definitions, log: ReleaseLog, at: int | None = None
) -> None:
    """Raises DefinitionsRefused, one line per leaf, for definitions that need deleted records.

    `at` (ms) is when they would take effect; None for at once. Leaves that the rows track already need no records.
    """
    latest = log.latest(account)
    needs = new_history_needs(latest.definitions if latest is not None else None, definitions)
    if not needs:
        return
    coverage = await _journal_coverage(store, account, at)
    lines = [] if coverage is None else coverage_problems(needs, coverage)
    if lines:
        more = [f"and {len(lines) - MAX_LISTED} more"] if len(lines) > MAX_LISTED else []
        raise DefinitionsRefused("\n".join([*lines[:MAX_LISTED], *more]))


async def _journal_coverage(store: DeploymentStore, account: str, at: int | None) -> JournalCoverage | None:
    """Returns the coverage common to all partitions with contacts of the account; None where all are complete."""
    coverages = []
    for number, start in (await truncated_partitions(store, account)).items():
        slot = await store.read_slot(number, lambda key: key.startswith(account.encode() + b"/"), "", ignore_progress)
        if slot.rows:
            now = _effective_instant(account, slot, store.deployment.clock) if at is None else at
            coverages.append(JournalCoverage(now if start is None else start, now))
    if not coverages:
        return None
    return JournalCoverage(max(each.start for each in coverages), min(each.now for each in coverages))


def _effective_instant(account: str, slot: SlotSnapshot, clock: Clock) -> int:
    """Returns the earliest instant (ms) at which a release that is written now would decide a contact of the slot."""
    if clock == "wall":
        return now_ms()
    tick = slot.partition_status.clock_of(account, NO_TICK)
    return min(max(_decode_header(row).clock, tick) for row in slot.rows.values())
