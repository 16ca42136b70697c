"""The store of the stand-in finds rows by values and stamps, hides some, and takes back what failed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.salesforce_sandbox.records.people import LEAD
from connectors.salesforce_sandbox.records.schema import SObjectField
from connectors.salesforce_sandbox.records.store import RecordStore

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
KEY = "Leadstream_Id__c"


@pytest.fixture
def store() -> RecordStore:
    store = RecordStore()
    store.set_clock(START)
    return store


def test_a_row_is_found_by_its_new_value_and_no_more_by_the_former(store: RecordStore) -> None:
    row = store.insert(LEAD, {"LastName": "Ada", "Email": "Ada@example.com"})
    assert store.find("Lead", "Email", "ada@EXAMPLE.com") == [row]
    store.update(LEAD, row, {"Email": "countess@example.com"})
    assert store.find("Lead", "Email", "ada@example.com") == []
    assert store.find("Lead", "Email", "countess@example.com") == [row]


def test_rows_are_found_by_the_time_of_their_last_change(store: RecordStore) -> None:
    first = store.insert(LEAD, {"LastName": "Ada"})
    store.advance_clock(60)
    second = store.insert(LEAD, {"LastName": "Bob"})
    store.advance_clock(60)
    store.update(LEAD, first, {"Title": "Countess"})
    changed = first["SystemModstamp"]
    assert store.find_ids_by_stamp("Lead", None, None) == [second["Id"], first["Id"]]
    assert store.find_ids_by_stamp("Lead", changed, None) == [first["Id"]]
    assert store.find_ids_by_stamp("Lead", None, second["SystemModstamp"]) == [second["Id"]]


def test_what_failed_is_taken_back_with_its_indexes(store: RecordStore) -> None:
    row = store.insert(LEAD, {"LastName": "Ada", KEY: "a"})
    store.start_transaction()
    store.update(LEAD, row, {KEY: "b"})
    other = store.insert(LEAD, {"LastName": "Bob", KEY: "c"})
    store.roll_back()
    assert [each["Id"] for each in store.find("Lead", KEY, "a")] == [row["Id"]]
    assert store.find("Lead", KEY, "b") == []
    assert store.get("Lead", other["Id"]) is None
    assert store.find_ids_by_stamp("Lead", None, None) == [row["Id"]]


def test_a_row_without_access_or_before_its_time_is_not_selected(store: RecordStore) -> None:
    hidden, late, seen = (store.insert(LEAD, {"LastName": name}) for name in ("Ada", "Bob", "Eve"))
    store.restrict(hidden["Id"], "none")
    store.hide(LEAD, late["Id"], seconds=60, stamped_ago=300)
    assert list(store.rows("Lead")) == [seen]
    assert late["SystemModstamp"].startswith("2026-03-01T09:55")
    store.advance_clock(61)
    assert list(store.rows("Lead")) == [late, seen]
    assert len(list(store.all_rows("Lead"))) == 3


def test_a_new_field_is_in_old_rows_and_in_the_index(store: RecordStore) -> None:
    row = store.insert(LEAD, {"LastName": "Ada"})
    more = LEAD.with_field(SObjectField("Badge__c", external_id=True, default="none"))
    store.redefine(LEAD, more)
    assert store.find("Lead", "Badge__c", "NONE") == [row]
    store.redefine(more, LEAD)
    assert "Badge__c" not in row


def test_a_purged_row_is_gone_but_for_the_log_of_deletions(store: RecordStore) -> None:
    row = store.insert(LEAD, {"LastName": "Ada", KEY: "a"})
    store.update(LEAD, row, {"IsDeleted": True})
    assert store.deletions("Lead") == [(row["Id"], "2026-03-01T10:00:00.000+0000")]
    store.purge(LEAD, row["Id"])
    assert store.get("Lead", row["Id"]) is None
    assert store.deletions("Lead") == [(row["Id"], "2026-03-01T10:00:00.000+0000")]
