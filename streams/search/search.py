"""Runs a search over a deployment's contact rows and journal, partition by partition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streams.definitions.document import Document
from streams.definitions.retention import MAX_LISTED, JournalCoverage, coverage_problems
from streams.definitions.stored_values.mismatches import EventMismatches, ValueMismatches
from streams.engine.journal.records import BackfilledState
from streams.engine.releases.release_log import Release
from streams.engine.state.contact import decode_contact
from streams.errors import JournalTruncated, UsageError
from streams.progress import ProgressCallback
from streams.search.condition import validate_condition
from streams.search.free_text import FreeTextQuery
from streams.search.match import ContactMatcher, SearchHits
from streams.settings import Settings
from streams.store.contact_view import settled_instant
from streams.store.retention import truncated_partitions
from streams.store.store import DeploymentStore, JournalCounter, SlotSnapshot, open_store

ReleaseCheck = Callable[[Release], None]
"""Raises UsageError for a release that does not allow to save or freeze the result."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A condition, words, or both; `sample_size` is how many hits to show with properties.

    `most_partitions` limits the scan to so many partitions of the contacts; None scans all. A contact's partition is
    a hash of its id, so the contacts of one are a fair sample of all.
    """

    account: str
    condition: Document | None
    free_text: FreeTextQuery | None
    sample_size: int = 0
    most_partitions: int | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits in `partitions_scanned` of `partitions`, and the release under which the condition was evaluated."""

    hits: SearchHits
    release: Release
    is_journal_scanned: bool
    mismatches: ValueMismatches
    """Where the condition met values of another type."""
    partitions_scanned: int
    partitions: int

    @property
    def estimate(self) -> int:
        """How many hits there are in all partitions, if the others are like those that were scanned."""
        return round(len(self.hits.entries) * self.partitions / self.partitions_scanned)


async def search(
    settings: Settings, request: SearchRequest, on_progress: ProgressCallback, check: ReleaseCheck | None = None
) -> SearchResult:
    """Returns the contacts that match. `check` may refuse the release before the scan.

    Raises UsageError for a condition that the definitions in force refuse, JournalTruncated for one that
    needs records from before the journal's beginning.
    """
    async with open_store(settings) as store:
        release = (await store.read_releases()).latest(request.account)
        if release is None:
            hint = "`leadstream definitions apply` makes some"
            raise UsageError(f"account {request.account!r} has no definitions yet; {hint}")
        if check is not None:
            check(release)
        condition = (
            None if request.condition is None else validate_condition(request.condition, release.versioned_document)
        )
        run = _SearchRun(
            store,
            release,
            ContactMatcher(release.definitions, condition, request.free_text),
            request.sample_size,
        )
        await run.record_truncation()
        scanned = min(store.slot_count, request.most_partitions or store.slot_count)
        for number in range(scanned):
            await run.scan_slot(number, on_progress)
        await run.require_same_truncation()
        return SearchResult(
            run.hits, release, bool(run.matcher.backfill_leaves), run.matcher.mismatches, scanned, store.slot_count
        )


class _SearchRun:
    def __init__(self, store: DeploymentStore, release: Release, matcher: ContactMatcher, sample_size: int) -> None:
        self.matcher = matcher
        self.hits = SearchHits(sample_size)
        self._store = store
        self._account = release.account
        self._prefix = release.account.encode() + b"/"
        self._truncated_partitions: dict[int, int | None] = {}

    async def record_truncation(self) -> None:
        """Remembers which journal partitions lost records, where the search has to read the journal."""
        if self.matcher.backfill_leaves:
            self._truncated_partitions = await truncated_partitions(self._store, self._account)

    async def require_same_truncation(self) -> None:
        """Raises JournalTruncated where the journal lost records during the scan."""
        if (
            self.matcher.backfill_leaves
            and (await truncated_partitions(self._store, self._account)).keys() != self._truncated_partitions.keys()
        ):
            raise JournalTruncated("the journal's retention took records away while they were read; search again")

    async def scan_slot(self, number: int, on_progress: ProgressCallback) -> None:
        """Matches the contacts of one partition, from their rows and, for a back-fill, their journal."""
        part = f"{number + 1}/{self._store.slot_count}"
        slot = await self._store.read_slot(
            number, lambda key: key.startswith(self._prefix), f"scanning contacts {part}", on_progress
        )
        self._require_coverage(number, slot)
        backfilled = await self._read_backfill(number, slot, on_progress)
        status = slot.partition_status
        for value in slot.rows.values():
            contact = decode_contact(value)
            self.hits.scanned_count += 1
            if self.matcher.matches(contact, status, backfilled.get(contact.id)):
                self.hits.add(contact)

    def _require_coverage(self, number: int, slot: SlotSnapshot) -> None:
        """Raises JournalTruncated where the condition needs records from before the journal's beginning."""
        if number not in self._truncated_partitions or not slot.rows:
            return
        now = min(settled_instant(decode_contact(row), slot.partition_status) for row in slot.rows.values())
        own_start = self._truncated_partitions[number]
        start = now if own_start is None else own_start
        needs = self.matcher.history_needs
        if not coverage_problems(needs, JournalCoverage(start, now)):
            return
        # Name the latest start of all partitions: a window that begins after it works in every one.
        others = [each for each in self._truncated_partitions.values() if each is not None]
        problems = coverage_problems(needs, JournalCoverage(max([start, *others]), now))
        raise JournalTruncated("\n".join(problems[:MAX_LISTED]))

    async def _read_backfill(
        self, number: int, slot: SlotSnapshot, on_progress: ProgressCallback
    ) -> dict[str, BackfilledState]:
        """Counts the journal up to where the rows are decided, so that both cover the same records."""
        leaves = self.matcher.backfill_leaves
        if not leaves:
            return {}
        # After the rows: the log then has every release that the journal holds up to the decided offset.
        releases = await self._store.read_releases()
        from streams.engine.partition.backfill import BackfillCounter  # noqa: PLC0415 - slow to import

        counter = BackfillCounter(self._account, leaves, releases.definitions, self._store.settings.engine)
        counters: list[JournalCounter] = [counter]
        if self.matcher.event_checks:
            counters.append(EventMismatches(self._account, self.matcher.event_checks, self.matcher.mismatches))
        await self._store.count_journal(number, counters, on_progress, end=slot.decided_offset(number))
        return counter.states()
