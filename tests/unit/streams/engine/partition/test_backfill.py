"""The past of all contacts in one pass, or in as many as memory needs: the same slices of the same states."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from schemas.engine_versions import NEWEST_VERSION
from streams.engine.decisions.backfill_leaves import BackfillLeaves, new_leaves
from streams.engine.journal.records import (
    BackfilledState,
    JournalEvent,
    Marker,
    Slice,
    Tick,
    decode,
    encode,
    event_key,
)
from streams.engine.partition import backfill
from streams.engine.partition.backfill import RUN_CONTACTS, BackfillCounter, JournalEntry
from streams.engine.partition.backfill_contact import CONTACT_BYTES
from streams.engine.releases.cache import ReleaseCache, ReleaseCompiler
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from tests.harness.engine.engine_driver import HOUR, day, sound_definitions

COUNTED = {"id": "busy", "dynamic": True, "when": {"visit": {"path": {"eq": "/pricing"}}, "count": {"gte": 3}}}
HELD = {"id": "held", "dynamic": True, "when": {"property": "city", "eq": "Bonn", "held_for": "5d"}}
SCORED = {"id": "scored", "dynamic": True, "when": {"score": {"exists": True}}}


class PastJournal:
    """A journal under an empty release, to be counted for the leaves of `segments`."""

    def __init__(self, *segments: dict[str, Any]) -> None:
        self.definitions = [sound_definitions({"segments": []}), sound_definitions({"segments": list(segments)})]
        cache = ReleaseCache(ReleaseCompiler(lambda _account, number: self.definitions[number - 1]))
        self.leaves: BackfillLeaves = new_leaves(cache.get("default", 1), cache.get("default", 2))
        self.entries: list[JournalEntry] = []
        self.add(b"release", Marker("default", 1, 1, "", day(0), NEWEST_VERSION))

    def add(self, key: bytes, record: JournalEvent | Marker | Tick) -> None:
        self.entries.append((len(self.entries), key, encode(record)))

    def event(self, contact: str, kind: str, at: int, event_id: str = "", **fields: Any) -> None:
        number = len(self.entries)
        event = JournalEvent(kind, event_id or f"e{number}", at, "default", contact, ("t", 0, number), at, fields)
        self.add(event_key("default", contact), event)

    def counter(self, after: str = "", limit: int | None = None) -> BackfillCounter:
        counter = BackfillCounter(
            "default",
            self.leaves,
            lambda _account, number: self.definitions[number - 1],
            DEFAULT_ENGINE_SETTINGS,
            after=after,
            limit=limit,
        )
        counter.count(self.entries, set())
        return counter

    def passes(self, limit: int) -> list[BackfillCounter]:
        """The counters of all passes with that limit in bytes."""
        counters = [self.counter(limit=limit)]
        while (after := counters[-1].continue_after()) is not None:
            counters.append(self.counter(after, limit))
        return counters


def slices_of(counter: BackfillCounter) -> list[Slice]:
    slices = [decode(part.value) for part in counter.slices()]
    return [part for part in slices if isinstance(part, Slice)]


def random_journal(seed: int, *segments: dict[str, Any]) -> PastJournal:
    rng, journal = random.Random(seed), PastJournal(*segments)
    names = [f"{rng.choice('aäz€𝄞')}{rng.randrange(60)}" for _ in range(80)]
    for number in range(600):
        at, contact = day(0) + number * HOUR, rng.choice(names)
        match rng.randrange(4):
            case 0:
                journal.event(contact, "web.visited", at, url=f"https://s.example/{rng.choice(('pricing', 'docs'))}")
            case 1:
                journal.event(contact, "contact.changed", at, properties={"city": rng.choice(("Bonn", "Ulm"))})
            case 2:
                journal.event(contact, "score.adjusted", at, points=5)
            case _:
                journal.add(b"tick", Tick(at))
    return journal


@pytest.mark.parametrize("segments", [(COUNTED,), (COUNTED, HELD), (SCORED, HELD)])
@pytest.mark.parametrize("seed", range(4))
def test_all_contacts_are_counted_once_in_as_many_passes_as_memory_needs(
    seed: int, segments: tuple[dict[str, Any], ...]
) -> None:
    journal = random_journal(seed, *segments)
    expected = journal.counter().states()
    assert len(expected) > 20
    passes = journal.passes(limit=12_000)
    assert len(passes) > 2
    told: dict[str, BackfilledState] = {}
    for counter in passes:
        for part in slices_of(counter):
            assert not told.keys() & part.contacts.keys()
            told |= part.contacts
    assert told == expected
    assert list(told) == sorted(expected)


def test_where_memory_is_too_little_for_one_contact_each_pass_counts_one() -> None:
    journal = PastJournal(COUNTED)
    for name in ("b", "c", "a", "b"):
        journal.event(name, "web.visited", day(1), url="https://s.example/pricing")
    assert [list(counter.states()) for counter in journal.passes(limit=1)] == [["a"], ["b"], ["c"]]


def test_memory_stays_within_the_limit_whatever_the_order_of_the_contacts() -> None:
    limit = 100 * CONTACT_BYTES
    for names in (range(1_000), range(1_000, 0, -1)):
        journal = PastJournal(COUNTED)
        for name in names:
            journal.event(f"c{name:04}", "web.visited", day(1), url="https://s.example/docs")
        counter = journal.counter(limit=limit)
        last = counter.continue_after()
        assert last is not None
        assert "c0030" < last < "c0100"


def test_a_slice_is_the_journal_value_of_its_states() -> None:
    journal = random_journal(1, COUNTED, HELD)
    for part in journal.counter().slices():
        decoded = decode(part.value)
        assert isinstance(decoded, Slice)
        assert encode(decoded) == part.value
        assert list(decoded.contacts)[-1] == part.last_contact


def test_a_slice_holds_a_bounded_number_of_bytes_and_a_larger_state_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = PastJournal(COUNTED)
    for number, name in enumerate("abcccd"):
        journal.event(name, "web.visited", day(1) + number, url="https://s.example/pricing")
    (everyone,) = slices_of(journal.counter())
    entry_bytes = len(msgspec.json.encode(everyone.contacts["a"])) + len('"a":') + 2
    assert len(msgspec.json.encode(everyone.contacts["c"])) > entry_bytes

    monkeypatch.setattr(backfill, "MAX_SLICE_BYTES", 2 * entry_bytes)
    assert ["".join(part.contacts) for part in slices_of(journal.counter())] == ["ab", "c", "d"]
    monkeypatch.setattr(backfill, "MAX_SLICE_BYTES", entry_bytes)
    assert ["".join(part.contacts) for part in slices_of(journal.counter())] == ["a", "b", "c", "d"]


def test_keys_that_are_sorted_in_parts_give_the_same_slices() -> None:
    journal = PastJournal(COUNTED)
    names = [f"c{number}" for number in range(RUN_CONTACTS + 500)]
    random.Random(1).shuffle(names)
    for name in names:
        journal.event(name, "web.visited", day(1), url="https://s.example/pricing")
    counter = journal.counter()
    keys = counter.unsorted_keys()
    assert [len(part) for part in keys] == [RUN_CONTACTS, 500]
    for part in keys:
        part.sort()
    assert list(counter.slices(keys)) == list(counter.slices())


def test_an_event_with_an_id_that_was_applied_is_not_counted_and_one_that_was_refused_is() -> None:
    journal = PastJournal(COUNTED)
    for at in (1, 2, 3):
        journal.event("ann", "web.visited", day(1) + at, event_id="same", url="https://s.example/pricing")
    assert counted_instants(journal.counter().states()) == [day(1) + 1]
    counter = BackfillCounter("default", journal.leaves, lambda *_: journal.definitions[0], DEFAULT_ENGINE_SETTINGS)
    counter.count(journal.entries, {("t", 0, 1)})
    assert counted_instants(counter.states()) == [day(1) + 1, day(1) + 2]


def test_only_the_own_score_counts_as_adjusted() -> None:
    journal = PastJournal(SCORED)
    journal.event("ann", "score.adjusted", day(1), points=5, campaign="spring")
    journal.event("bob", "score.adjusted", day(1), points=5, score="fit")
    journal.event("cem", "score.adjusted", day(1), points=5)
    assert list(journal.counter().states()) == ["cem"]


def counted_instants(states: Mapping[str, BackfilledState]) -> list[int]:
    (state,) = states.values()
    (instants,) = state.counts.values()
    return instants
