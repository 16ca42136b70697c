"""The newest hand-overs of each contact."""

from __future__ import annotations

from connectors.salesforce.handover.handover_records import LeadHandOverNumber
from connectors.salesforce.handover.newest import MAX_CONTACTS, MAX_UPDATES, NewestHandOvers
from tests.harness.salesforce.handovers import lead_of

NONE = LeadHandOverNumber(0, 0, 0)


def offsets(newest: NewestHandOvers, contact: str = "ada") -> list[int]:
    return [each.number.offset for each in newest.newer_than({f"default/{contact}": NONE})]


def test_a_hand_over_takes_the_place_of_what_was_before_and_updates_stand_behind_it() -> None:
    newest = NewestHandOvers()
    for handover in (lead_of(offset=1), lead_of(offset=5), lead_of(offset=3), lead_of(offset=5)):
        newest.add(handover)
    assert offsets(newest) == [5]
    newest.add(lead_of(offset=6, update=("lead.rejected",)))
    newest.add(lead_of(offset=7, update=("contact.status",)))
    assert offsets(newest) == [5, 6, 7]
    newest.add(lead_of(offset=8))
    assert offsets(newest) == [8]
    assert newest.newer_than({"default/ada": LeadHandOverNumber(0, 8, 0)}) == []


def test_a_hand_over_stays_before_the_last_updates_however_many_followed() -> None:
    newest = NewestHandOvers()
    newest.add(lead_of(offset=1))
    for offset in range(2, 31):
        newest.add(lead_of(offset=offset, update=("contact.status",)))
    kept = offsets(newest)
    assert (kept[0], kept[1:]) == (1, list(range(31 - MAX_UPDATES, 31)))


def test_of_a_contact_whose_hand_over_is_not_known_the_last_updates_are_kept() -> None:
    newest = NewestHandOvers()
    for offset in range(1, 31):
        newest.add(lead_of(offset=offset, update=("contact.status",)))
    assert offsets(newest) == list(range(31 - MAX_UPDATES, 31))


def test_the_record_of_the_last_answer_is_remembered() -> None:
    newest = NewestHandOvers()
    newest.add(lead_of(record="00Q1"))
    assert newest.record_of("default/ada") == "00Q1"
    newest.set_record("default/ada", "00Q2")
    assert (newest.record_of("default/ada"), newest.record_of("default/bob")) == ("00Q2", None)


def test_the_contacts_that_were_quiet_for_longest_are_forgotten() -> None:
    newest = NewestHandOvers()
    newest.add(lead_of("first"))
    for number in range(MAX_CONTACTS):
        newest.add(lead_of(f"c{number}", number + 1))
    assert (offsets(newest, "first"), offsets(newest, "c0")) == ([], [1])
