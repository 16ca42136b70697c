"""Outputs per contact and rows do not depend on portions and restarts (SPEC section 6)."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.engine_versions import NEWEST_VERSION
from streams.engine.journal import records
from streams.engine.journal.effects import Budget, Effects
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from tests.harness.engine.engine_driver import DAY, HOUR, START, sound_definitions
from tests.harness.engine.journal_builder import JournalBuilder

CONTACTS = ("ann", "bob", "cid", "dora")
ACCOUNTS = ("one", "two")
JournalEntries = list[tuple[int, bytes, bytes]]
OutputsByContact = dict[bytes, list[tuple[str, bytes, bytes | None]]]

SEGMENTS: list[dict[str, Any]] = [
    {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "2d"}},
    {"id": "twice", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}, "within": "1d"}},
    {"id": "asleep", "dynamic": True, "when": {"inactive_for": "3d"}},
    {"id": "awake", "dynamic": True, "when": {"not": {"segment": "asleep"}}},
    {"id": "vip"},
    {"id": "new", "dynamic": True, "when": {"visit": {}, "first": True, "within": "2d"}},
    {"id": "often", "dynamic": True, "when": {"visit": {}, "regular": {"at_least": 2, "of": 3, "each": "1d"}}},
    {
        "id": "steps",
        "dynamic": True,
        "when": {"sequence": [{"visit": {}}, {"visit": {}}], "within": "3d", "gap": "1d"},
    },
    {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE", "held_for": "2d"}},
]
RULES: list[dict[str, Any]] = [
    {"id": "hot", "when": {"points": {"gte": 9}}, "then": {"set_status": "qualified", "add_to_segment": "vip"}},
    {"id": "old", "when": {"lead_age": {"gte": "4d"}}, "then": {"set_status": "rejected", "notify": "lost"}},
]
SPRING: dict[str, Any] = {
    "id": "spring",
    "audience": ["recent"],
    "leave": "delete",
    "points_changed": True,
    "half_life": "2d",
    "scoring": [{"id": "visit", "when": {"visit": {}}, "points": 8, "at_most": {"times": 3, "per": "1d"}}],
    "automation": RULES,
}
MAPPING: dict[str, Any] = {
    "do_not_sync": {"visit": {}, "count": {"gte": 3}, "within": "1d"},
    "updates": [
        {"on": occasion, "fields": {"Status": {"value": "Changed"}}}
        for occasion in ("contact.status", "lead.rejected", {"property": "country"})
    ],
}
RELEASES = [
    sound_definitions({"segments": SEGMENTS, "campaigns": [SPRING], "salesforce": MAPPING}),
    sound_definitions({"segments": SEGMENTS[1:], "campaigns": [{**SPRING, "audience": ["twice"]}]}),
    sound_definitions(
        {
            "segments": SEGMENTS,
            "campaigns": [{**SPRING, "paused": True}],
            "salesforce": {"updates": MAPPING["updates"]},
        }
    ),
    sound_definitions({"segments": [{**SEGMENTS[0], "paused": True}, *SEGMENTS[1:]], "campaigns": [SPRING]}),
]


def lookup(_: str, number: int) -> Any:
    return RELEASES[number % len(RELEASES)]


def event_of(chance: random.Random, offset: int, now: int) -> records.JournalEvent:
    at = now - chance.choice((0, 0, 0, HOUR, DAY, 3 * DAY))
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("web.visited", {"url": "https://www.example.com/"}),
        ("web.visited", {"campaign": "spring"}),
        ("contact.changed", {"status": chance.choice(("active", "bounced", "deleted"))}),
        ("contact.changed", {"properties": {"country": chance.choice(("DE", "DE", "FR"))}}),
        ("score.adjusted", {"points": chance.randint(-5, 15) * 1_000_000}),
        ("lead.reactivated", {"campaign": "spring"}),
        ("lead.added", {"campaign": "spring", "acquired": True}),
        ("segment.member_added", {"segment": "vip"}),
    ]
    type_, fields = chance.choice(kinds)
    return records.JournalEvent(
        type=type_,
        id=f"e{chance.randint(0, offset)}",  # some ids repeat
        at=at,
        account=chance.choice(ACCOUNTS),
        owner=chance.choice(CONTACTS),
        source=("in", 0, offset),
        fields=fields,
    )


def journal_of(chance: random.Random, length: int, wall: bool) -> JournalEntries:
    builder = JournalBuilder(lookup)
    numbers: dict[str, int] = defaultdict(int)
    now = START
    for offset in range(length):
        skip = chance.choice((0, 0, 1))  # transactions leave gaps
        now += chance.choice((0, 0, HOUR, 5 * HOUR, DAY))
        what = chance.random()
        if what < 0.7:
            event = event_of(chance, offset, now)
            builder.append(records.event_key(event.account, event.owner), event, skip)
        elif what < 0.9:
            builder.append(records.TICK_KEY, records.Tick(now, "" if wall else chance.choice(ACCOUNTS)), skip)
        else:
            account = chance.choice(ACCOUNTS)
            numbers[account] += 1
            at = chance.choice((None, now))
            marker = records.Marker(account, numbers[account], offset, "", at, NEWEST_VERSION)
            builder.start_release(marker, gap=chance.choice((0, 1, 3)))
    return builder.entries


class CommittedState:
    """The effects of all committed transactions: rows, outputs, the checkpoint and the position."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes | None] = {}
        self.outputs: list[tuple[str, bytes, bytes | None]] = []
        self.letters: list[Any] = []
        self.checkpoint: bytes | None = None
        self.position = 0

    def commit(self, effects: Effects, decider: PartitionDecider, fetched: int) -> None:
        self.rows.update(effects.rows)
        self.outputs += [(output.topic, output.key, output.value) for output in effects.outputs]
        self.letters += effects.dead_letters
        self.checkpoint = decider.checkpoint()
        self.position = decider.resume_offset(fetched)

    def outputs_by_contact(self) -> OutputsByContact:
        outputs: OutputsByContact = defaultdict(list)
        for topic, key, value in self.outputs:
            account, *_, contact = key.split(b"/")
            outputs[account + b"/" + contact].append((topic, key, value))
        return outputs

    def restored_decider(self) -> PartitionDecider:
        decider = PartitionDecider(3, lookup, DEFAULT_ENGINE_SETTINGS)
        for key, value in self.rows.items():
            decider.restore(key, value)
        decider.resume(self.checkpoint)
        return decider


def decide_one_by_one(journal: JournalEntries) -> CommittedState:
    """Decides each record for all contacts before the next is fed."""
    committed = CommittedState()
    decider = committed.restored_decider()
    for offset, key, value in journal:
        decider.feed(offset, key, value)
        while decider.has_pending():
            committed.commit(decider.work(Budget(1 << 40, 1 << 40)), decider, offset + 1)
    return committed


def decide_in_portions(journal: JournalEntries, chance: random.Random) -> CommittedState:
    """Decides random portions; sometimes a decider dies before the commit, and another restores its state."""
    committed = CommittedState()
    decider = committed.restored_decider()
    fetched = committed.position
    while True:
        for offset, key, value in _portion(journal, fetched, chance):
            decider.feed(offset, key, value)
            fetched = offset + 1
        if decider.has_pending():
            effects = decider.work(Budget(chance.randint(1, 6), chance.choice((200, 5_000, 1 << 40))))
            if chance.random() < 0.2:
                decider = committed.restored_decider()  # killed before the commit
                fetched = committed.position
                continue
            committed.commit(effects, decider, fetched)
            if chance.random() < 0.2:
                decider = committed.restored_decider()
                fetched = committed.position
        elif fetched > journal[-1][0]:
            return committed


def _portion(journal: JournalEntries, position: int, chance: random.Random) -> Iterator[tuple[int, bytes, bytes]]:
    waiting = [entry for entry in journal if entry[0] >= position]
    yield from waiting[: chance.randint(0, 12)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_portions_and_restarts_change_nothing(seed: int, wall: bool) -> None:
    chance = random.Random(seed)
    journal = journal_of(chance, 60, wall)
    expected, actual = decide_one_by_one(journal), decide_in_portions(journal, chance)
    assert actual.outputs_by_contact() == expected.outputs_by_contact()
    assert actual.rows == expected.rows
    assert sorted(map(repr, actual.letters)) == sorted(map(repr, expected.letters))
    assert actual.checkpoint == expected.checkpoint


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_instants_and_numbers_never_go_back_for_one_contact(seed: int, wall: bool) -> None:
    journal = journal_of(random.Random(seed), 60, wall)
    for outputs in decide_one_by_one(journal).outputs_by_contact().values():
        bodies = [msgspec.json.decode(value) for _, _, value in outputs if value is not None]
        instants = [body["at"] for body in bodies]
        numbers = [tuple(body["number"].values()) for body in bodies]
        assert instants == sorted(instants)
        assert numbers == sorted(set(numbers))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_every_output_has_an_id_of_its_own(seed: int, wall: bool) -> None:
    journal = journal_of(random.Random(seed), 60, wall)
    outputs = decide_one_by_one(journal).outputs
    ids = [msgspec.json.decode(value)["id"] for _, _, value in outputs if value is not None]
    assert len(ids) == len(set(ids))


def test_the_random_journals_cause_enough_outputs() -> None:
    total = [decide_one_by_one(journal_of(random.Random(seed), 60, True)).outputs for seed in range(10)]
    topics = {topic for outputs in total for topic, _, _ in outputs}
    assert topics == {
        *("contacts", "segment-changes", "segment-members", "lead-changes", "leads", "qualified-leads"),
        "notifications",
    }
    assert sum(map(len, total)) > 500
