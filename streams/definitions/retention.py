"""Refuses conditions that need records which the journal's retention deleted (SPEC section 9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.clock import now_ms
from streams.definitions.history_needs import HistoryNeed, new_history_needs
from streams.engine.decisions.decide import NO_TICK
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
    """What is left of a journal: the first instant that it covers, and the instant of the question (ms)."""

    start: int
    now: int


def coverage_problems(needs: Iterable[HistoryNeed], coverage: JournalCoverage) -> list[str]:
    """A line for each leaf that reaches behind what is left."""
    lines = []
    for each in needs:
        reach = each.earliest_needed(coverage.now)
        if reach is not None and reach >= coverage.start:
            continue
        to = "over all the past" if reach is None or reach < 0 else f"back to {instant_text(reach)}"
        leaf = msgspec.json.encode(each.leaf).decode()
        lines.append(
            f"{each.owner}: {leaf} reaches {to}, but the journal speaks from {instant_text(coverage.start)} on:"
            " what was before fell to its retention; take a window that begins later"
        )
    return lines


async def require_coverage(
    store: DeploymentStore, account: str, proposed: Definitions, log: ReleaseLog, at: int | None = None
) -> None:
    """Raises DefinitionsRefused, a line per leaf, for definitions that need deleted records.

    `at` (ms): when they would take effect; without it as soon as may be. Only what nobody keeps yet is looked at.
    """
    latest = log.latest(account)
    needs = new_history_needs(latest.definitions if latest is not None else None, proposed)
    if not needs:
        return
    coverage = await _journal_coverage(store, account, at)
    lines = [] if coverage is None else coverage_problems(needs, coverage)
    if lines:
        more = [f"and {len(lines) - MAX_LISTED} more"] if len(lines) > MAX_LISTED else []
        raise DefinitionsRefused("\n".join([*lines[:MAX_LISTED], *more]))


async def _journal_coverage(store: DeploymentStore, account: str, at: int | None) -> JournalCoverage | None:
    """Of all partitions that lost records and have contacts of the account; None where nothing of it is gone."""
    coverages = []
    for number, speaks_from in (await truncated_partitions(store, account)).items():
        slot = await store.read_slot(number, lambda key: key.startswith(account.encode() + b"/"), "", ignore_progress)
        if slot.rows:
            now = _effective_instant(account, slot, store.deployment.clock) if at is None else at
            coverages.append(JournalCoverage(now if speaks_from is None else speaks_from, now))
    if not coverages:
        return None
    return JournalCoverage(max(each.start for each in coverages), min(each.now for each in coverages))


def _effective_instant(account: str, slot: SlotSnapshot, clock: Clock) -> int:
    """When a release would take effect, for whoever it reaches first, that came at once."""
    if clock == "wall":
        return now_ms()
    tick = slot.partition_status.clock_of(account, NO_TICK)
    return min(max(_decode_header(row).clock, tick) for row in slot.rows.values())
