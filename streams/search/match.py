"""Matches contacts against a search and collects the hits; pure."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from schemas.conditions import Condition, StatusLeaf
from schemas.definitions import Definitions
from streams.definitions.history_needs import HistoryNeed, condition_history_needs
from streams.definitions.stored_values.event_checks import EventCheck, condition_event_checks
from streams.definitions.stored_values.mismatches import ValueMismatches
from streams.definitions.stored_values.property_checks import condition_checks
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.protocols import CompiledCondition
from streams.engine.decisions.backfill_leaves import NO_BACKFILL, BackfillLeaves, advance_tracking, update_tracking
from streams.engine.journal.records import BackfilledState
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.releases.compile import compile_release
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.releases.conditions import build_compile_scope
from streams.engine.state.contact import Contact
from streams.engine.version import walk
from streams.search.free_text import FreeTextQuery
from streams.store.contact_view import build_view, settled_instant

CONDITION_OWNER = "the condition"
"""The owner of a search's condition; those of definitions begin with `segment` or `rule`."""

_SAMPLE_PROPERTIES = ("first_name", "last_name", "email", "company")


@dataclass(frozen=True, slots=True)
class Hit:
    """A contact that matches; `static_segments` are the static segments that list it."""

    contact: str
    status: str
    static_segments: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns the hit as JSON for a machine."""
        return {"contact": self.contact, "status": self.status}


class ContactMatcher:
    """Matches contacts of an account against a condition, words, or both; `definitions` are those in force."""

    def __init__(
        self, definitions: Definitions, condition: Condition | None, free_text: FreeTextQuery | None
    ) -> None:
        self.account = definitions.account
        self._free_text = free_text
        self._release: CompiledRelease = compile_release(definitions, 1)
        self._compiled: CompiledCondition | None = None
        self._includes_deleted = False
        self.backfill_leaves = NO_BACKFILL
        """The counters and held states that the condition needs."""
        self.history_needs: list[HistoryNeed] = []
        """The same need, leaf by leaf."""
        self.mismatches = ValueMismatches()
        """Where the condition met values of another type in the contacts that it was evaluated for."""
        self.event_checks: tuple[EventCheck, ...] = ()
        """What to look at in the journal, for the same report."""
        if condition is not None:
            scope = build_compile_scope(definitions)
            self._compiled = compile_condition(condition, scope)
            self.history_needs.extend(condition_history_needs(CONDITION_OWNER, condition, scope))
            self.mismatches = ValueMismatches(condition_checks(CONDITION_OWNER, condition, scope))
            self.event_checks = tuple(condition_event_checks(CONDITION_OWNER, condition, scope))
            self.backfill_leaves = BackfillLeaves(
                1, tuple(self._compiled.counters), tuple(self._compiled.held_states)
            )
            self._includes_deleted = any(isinstance(node, StatusLeaf) for node in walk(condition))

    def matches(
        self, contact: Contact, partition_status: PartitionStatus, backfilled: BackfilledState | None
    ) -> bool:
        """Whether the contact matches at its settled instant; `backfilled` is its back-fill (None: empty)."""
        if contact.status == "deleted" and not self._includes_deleted:
            return False
        if self._free_text is not None and not self._free_text.matches(contact.properties):
            return False
        if self._compiled is None:
            return True
        self.mismatches.add(contact)
        now = settled_instant(contact, partition_status)
        view = build_view(_with_backfill(contact, backfilled, self.backfill_leaves, now), self._release, now)
        return self._compiled.node.holds(view.evaluation_context())


def _with_backfill(
    contact: Contact, backfilled: BackfilledState | None, backfill_leaves: BackfillLeaves, now: int
) -> Contact:
    """Returns the contact as if the leaves had always been tracked; None as `backfilled` means an empty past."""
    if not backfill_leaves:
        return contact
    state = backfilled or BackfilledState(contact.created, {}, {})
    copy = msgspec.structs.replace(
        contact, counts=state.counts, held=dict(state.held), tracked_until=state.tracked_until
    )
    advance_tracking(copy, backfill_leaves, now)
    update_tracking(copy, backfill_leaves, now)
    return copy


class SearchHits:
    """Collects the hits, and some properties of a sample of `sample_size` of them."""

    def __init__(self, sample_size: int) -> None:
        self.scanned_count = 0
        self.entries: list[Hit] = []
        self._sample_size = sample_size
        self._sample: list[tuple[int, str, dict[str, Any]]] = []

    def add(self, contact: Contact) -> None:
        """Adds a contact that matches."""
        hit = Hit(contact.id, contact.status, tuple(contact.listed))
        self.entries.append(hit)
        if self._sample_size:
            self._add_to_sample(hit, contact)

    def counts_by_status(self) -> dict[str, int]:
        """Returns status -> number of hits."""
        return dict(sorted(Counter(hit.status for hit in self.entries).items()))

    def sorted_entries(self) -> list[Hit]:
        """Returns all hits by id."""
        return sorted(self.entries, key=lambda hit: hit.contact)

    def sample_rows(self) -> Iterator[dict[str, Any]]:
        """Yields the sample as JSON; it depends on the hits alone, not on their order."""
        for _, _, row in sorted(self._sample, reverse=True, key=lambda each: each[:2]):
            yield row

    def _add_to_sample(self, hit: Hit, contact: Contact) -> None:
        """Keeps the hits with the smallest hashes: a pseudo-random choice."""
        digest = -int.from_bytes(blake2b(hit.contact.encode(), digest_size=8).digest())
        if len(self._sample) == self._sample_size and digest <= self._sample[0][0]:
            return
        properties = {name: contact.properties[name] for name in _SAMPLE_PROPERTIES if name in contact.properties}
        entry = (digest, hit.contact, {**hit.to_dict(), **properties})
        if len(self._sample) < self._sample_size:
            heapq.heappush(self._sample, entry)
        else:
            heapq.heapreplace(self._sample, entry)
