"""Contacts used lately stay decoded between batches, and are what the rows say."""

from __future__ import annotations

import pytest

from streams.engine.state.contact import Contact, encode_contact
from streams.engine.state.contact_store import ContactStore
from streams.engine.state.decoded_contacts import DecodedContacts
from tests.harness.engine.engine_driver import START, EngineDriver


def contact_of(name: str, due: int | None = None) -> Contact:
    return Contact("default", name, created=START, clock=START, settled=1, due=due)


def test_a_contact_stays_decoded_over_a_flush() -> None:
    store, ann = ContactStore(), contact_of("ann")
    store.put(b"default/ann", ann)
    store.flush()
    assert store.get(b"default/ann") is ann


def test_without_a_limit_for_decoded_ones_every_batch_decodes_anew() -> None:
    store, ann = ContactStore(decoded_limit=0), contact_of("ann")
    store.put(b"default/ann", ann)
    store.flush()
    again = store.get(b"default/ann")
    assert again is not ann
    assert again == ann


def test_a_contact_knows_the_size_of_its_row_as_last_flushed() -> None:
    store, ann = ContactStore(decoded_limit=0), contact_of("ann")
    store.put(b"default/ann", ann)
    assert ann.row_size == 0
    size = len(store.flush()[b"default/ann"] or b"")
    again = store.get(b"default/ann")
    assert again is not None
    assert [ann.row_size, again.row_size] == [size, size]
    again.properties["city"] = "Bern"
    store.put(b"default/ann", again)
    assert again.row_size == size
    store.flush()
    assert again.row_size == len(encode_contact(again)) > size


def test_only_changed_rows_are_flushed() -> None:
    store = ContactStore()
    store.put(b"default/ann", contact_of("ann"))
    store.put(b"default/bob", contact_of("bob"))
    store.flush()
    bob = store.get(b"default/bob")
    assert bob is not None
    store.get(b"default/ann")
    bob.score = 5
    store.put(b"default/bob", bob)
    assert store.flush() == {b"default/bob": encode_contact(bob)}


def test_a_contact_that_is_visited_stays_decoded_only_until_the_flush() -> None:
    store = ContactStore()
    store.put(b"default/ann", contact_of("ann"))
    store.put(b"default/bob", contact_of("bob"))
    store.flush()
    fresh = ContactStore()
    for key in (b"default/ann", b"default/bob"):
        contact = store.get(key)
        assert contact is not None
        fresh.restore(key, encode_contact(contact))
    ann = fresh.visit(b"default/ann")
    assert ann is not None
    ann.score = 5
    fresh.put(b"default/ann", ann, is_visited=True)
    assert fresh.visit(b"default/ann") is ann
    assert fresh.flush() == {b"default/ann": encode_contact(ann)}
    again = fresh.visit(b"default/ann")
    assert again is not ann
    assert again == ann


def test_a_visited_contact_stays_decoded_when_a_record_of_its_own_follows_or_came_before() -> None:
    store = ContactStore()
    store.restore(b"default/ann", encode_contact(contact_of("ann")))
    ann = store.visit(b"default/ann")
    assert ann is not None
    store.put(b"default/ann", ann, is_visited=True)
    assert store.get(b"default/ann") is ann
    store.flush()
    assert store.visit(b"default/ann") is ann
    assert store.visit(b"default/nobody") is None


def test_listing_all_contacts_gives_copies_and_keeps_none_decoded() -> None:
    store = ContactStore(decoded_limit=4)
    for number in range(20):
        store.put(f"default/c{number}".encode(), contact_of(f"c{number}"))
    store.flush()
    used = store.get(b"default/c19")
    listed = {contact.id: contact for contact in store.contacts()}
    assert len(listed) == 20
    assert listed["c19"] == used
    assert listed["c19"] is not used
    assert store.get(b"default/c19") is used


@pytest.mark.parametrize("batch", [1, 3, 9])
def test_the_cache_is_bounded_and_keeps_what_is_used(batch: int) -> None:
    cache = DecodedContacts(limit=20)
    ann = contact_of("ann")
    cache.put(b"ann", ann)
    for number in range(0, 400, batch):
        for each in range(number, number + batch):
            cache.put(f"c{each}".encode(), contact_of(f"c{each}"))
        assert cache.get(b"ann") is ann
        cache.trim()
        assert len(cache) <= 20
    assert cache.get(b"c0") is None


def test_a_repeat_leaves_the_decoded_contact_as_its_row() -> None:
    driver = EngineDriver(segments=[{"id": "seen", "dynamic": True, "when": {"visit": {}, "within": "7d"}}])
    driver.visit(START, id="first")
    row = encode_contact(driver.contact())
    assert driver.visit(START + 5, id="first") == []
    held = driver.decider._contacts.get(b"default/ann")
    assert encode_contact(held) == row
