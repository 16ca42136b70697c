"""Ids of applied events: a row has few of them, older ones stand in records that are written once."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS, DuplicateWindow
from streams.engine.state.applied_ids import CHUNK, AppliedIds, chunk_key, is_chunk_key
from streams.engine.state.contact import Contact, applied_ids, decode_contact, encode_contact
from streams.engine.state.contact_store import ContactStore
from streams.engine.state.deduplication import is_repeat, remember_id
from tests.harness.engine.engine_driver import START, sound_definitions

HARD_IDS = ('a","b', '["x",5]', "é\u2028", "\\", "ids:0:default/ann", "x" * 255)
KEY = b"default/ann"
UNBOUNDED = Budget(1 << 40, 1 << 40)
Changelog = dict[bytes, bytes | None]


def contact_with(*ids: tuple[str, int]) -> Contact:
    return Contact("default", "ann", created=START, clock=START, settled=1, applied=list(ids))


def store_of(changelog: Changelog) -> ContactStore:
    store = ContactStore()
    for key, record in changelog.items():
        store.restore(key, record)
    store.finish_restore()
    return store


class PlainIds:
    """All ids in one list, as engine version 3 has them."""

    def __init__(self, window: DuplicateWindow) -> None:
        self._window = window
        self._ids: list[tuple[str, int]] = []

    def contains(self, event_id: str, clock: int) -> bool:
        oldest = clock - self._window.duration
        return any(name == event_id and at >= oldest for name, at in self._ids)

    def add(self, event_id: str, clock: int) -> None:
        self._ids.append((event_id, clock))
        self._ids = [each for each in self._ids[-self._window.max_ids :] if each[1] >= clock - self._window.duration]


def test_an_id_is_known_in_whatever_chunk_it_is() -> None:
    ann, window = contact_with(), DuplicateWindow(1 << 40, 256)
    for number in range(40 * CHUNK):
        assert not is_repeat(ann, f"e{number}", START, window)
        remember_id(ann, f"e{number}", window, in_chunks=True)
        assert is_repeat(ann, f"e{max(number - 255, 0)}", START, window)
        assert is_repeat(ann, f"e{max(number - 3 * CHUNK, 0)}", START, window)
        assert not is_repeat(ann, f"e{number - 256}", START, window)


@pytest.mark.parametrize("seed", range(30))
def test_chunks_recognize_the_same_repeats_as_one_list(seed: int) -> None:
    chance = random.Random(seed)
    window = DuplicateWindow(chance.choice((50, 500, 5_000)), chance.choice((1, 15, 16, 17, 40, 256)))
    plain, clock = PlainIds(window), START
    changelog: Changelog = {KEY: encode_contact(contact_with())}
    store, repeats = store_of(changelog), 0
    for number in range(600):
        clock += chance.choice((0, 0, 1, 5, 60))
        event_id = chance.choice((*HARD_IDS, f"e{number}", f"e{number}", f"e{chance.randint(0, number)}"))
        contact = store.get(KEY)
        assert contact is not None
        is_known = is_repeat(contact, event_id, clock, window)
        assert is_known == plain.contains(event_id, clock)
        repeats += is_known
        if not is_known:
            contact.clock = clock
            remember_id(contact, event_id, window, in_chunks=True)
            plain.add(event_id, clock)
            store.put(KEY, contact)
        if chance.random() < 0.3:
            changelog |= store.flush()
        if chance.random() < 0.05:
            changelog |= store.flush()
            store = store_of(changelog)
    assert repeats > 10


def test_a_row_has_few_ids_and_each_chunk_is_written_once() -> None:
    store, written = store_of({KEY: encode_contact(contact_with())}), 0
    changelog: Changelog = {}
    window = DuplicateWindow(86_400_000, 256)
    for number in range(1_000):
        contact = store.get(KEY)
        assert contact is not None
        remember_id(contact, f"event-{number:020}", window, in_chunks=True)
        store.put(KEY, contact)
        records_of_event = store.flush()
        written += sum(len(record or b"") for key, record in records_of_event.items() if is_chunk_key(key))
        changelog |= records_of_event
    chunks = {key: record for key, record in changelog.items() if is_chunk_key(key)}
    assert len(chunks) == 1_000 // CHUNK
    assert sum(record is not None for record in chunks.values()) in (16, 17)
    assert len(changelog[KEY] or b"") < 1_000
    assert written < 60_000  # 45 bytes for each id


def test_an_id_of_the_first_instant_of_the_window_stays_in_a_row_without_chunks() -> None:
    ids = AppliedIds([])
    ids.append("first", 0, -1_000, 256, in_chunks=False)
    ids.append("second", 1_000, 0, 256, in_chunks=False)
    assert ids.contains("first", 0, 256)
    ids.append("third", 1_001, 1, 256, in_chunks=False)
    assert not ids.contains("first", 0, 256)


def test_without_chunks_a_row_has_the_form_of_engine_version_3() -> None:
    contact = contact_with()
    for number in range(40):
        contact.clock = START + number
        remember_id(contact, f"e{number}", DuplicateWindow(86_400_000, 256))
    row = encode_contact(contact)
    ids = msgspec.json.decode(row)[Contact.__struct_fields__.index("applied")]
    assert ids == [[f"e{number}", START + number] for number in range(40)]
    assert encode_contact(decode_contact(row)) == row
    assert applied_ids(contact).take_changes() == {}


def test_a_row_of_the_former_form_gives_its_ids_to_chunks_and_forgets_none() -> None:
    window = DuplicateWindow(86_400_000, 256)
    ids = [(f"e{number}", START + number) for number in range(256)]
    store = store_of({KEY: encode_contact(contact_with(*ids))})
    contact = store.get(KEY)
    assert contact is not None
    assert is_repeat(contact, "e0", START + 300, window)
    contact.clock = START + 300
    remember_id(contact, "new", window, in_chunks=True)
    store.put(KEY, contact)
    changelog = store.flush()
    assert len(changelog) == 1 + 256 // CHUNK
    restored = store_of(changelog).get(KEY)
    assert restored is not None
    assert not is_repeat(restored, "e0", START + 300, window)  # 256 came after it
    assert all(is_repeat(restored, name, START + 300, window) for name, _ in [*ids[1:], ("new", 0)])


def test_a_row_read_alone_knows_the_ids_in_it() -> None:
    contact = contact_with()
    for number in range(CHUNK + 3):
        remember_id(contact, f"e{number}", DuplicateWindow(86_400_000, 256), in_chunks=True)
    alone = store_of({KEY: encode_contact(contact)}).get(KEY)
    assert alone is not None
    window = DuplicateWindow(86_400_000, 256)
    assert [is_repeat(alone, f"e{number}", START, window) for number in (0, CHUNK - 1, CHUNK)] == [False, False, True]


@pytest.mark.parametrize(("version", "has_chunks"), [(OLDEST_VERSION, False), (NEWEST_VERSION, True)])
def test_chunks_do_not_depend_on_batches_and_only_version_4_has_them(version: int, has_chunks: bool) -> None:
    journal = [_marker(version), *(_visit(number) for number in range(1, 400))]
    changelogs = [_decide(journal, records, version) for records in (1, 7, 1_000)]
    assert changelogs[0] == changelogs[1] == changelogs[2]
    assert any(map(is_chunk_key, changelogs[0])) == has_chunks


def _marker(version: int) -> tuple[int, bytes, bytes]:
    return 0, records.MARKER_KEY, records.encode(records.Marker("default", 1, 0, "", None, version))


def _visit(offset: int) -> tuple[int, bytes, bytes]:
    event = records.JournalEvent(
        type="web.visited",
        id=f"v{offset % 390}",
        at=START + offset,
        account="default",
        owner="ann",
        source=("in", 0, offset),
    )
    return offset, KEY, records.encode(event)


def _decide(journal: list[tuple[int, bytes, bytes]], batch: int, version: int) -> Changelog:
    """The latest changelog records of the journal; each batch is decided by a decider restored from them."""
    definitions = sound_definitions({"segments": [], "engine_version": version})
    changelog: Changelog = {}
    checkpoint: Any = None
    for first in range(0, len(journal), batch):
        decider = PartitionDecider(0, lambda *_: definitions, DEFAULT_ENGINE_SETTINGS)
        for key, record in changelog.items():
            decider.restore(key, record)
        decider.resume(checkpoint)
        for entry in journal[first : first + batch]:
            decider.feed(*entry)
        while decider.has_pending():
            changelog |= decider.work(UNBOUNDED).rows
        checkpoint = decider.checkpoint()
    return {key: record for key, record in changelog.items() if record is not None}


def test_the_key_of_a_chunk_is_no_contact_key() -> None:
    assert chunk_key(KEY, 3) == b"ids:3:default/ann"
    assert not is_chunk_key(b"ids/ann")
