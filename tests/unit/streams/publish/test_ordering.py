"""Which events wait for the journal, so that each contact's order holds across topics."""

from __future__ import annotations

from streams.publish.ordering import OrderAcrossTopics, OutgoingEvent


def event(contact: str | None, topic: str, name: str = "") -> OutgoingEvent:
    key = contact.encode() if contact else None
    return OutgoingEvent(topic, key, name.encode(), ("default", contact) if contact else None)


def test_events_of_one_topic_follow_each_other_without_waiting() -> None:
    order = OrderAcrossTopics()
    assert all(order.admit(event("ann", "web-visits")) for _ in range(3))
    assert order.held_count == 0


def test_an_event_for_another_topic_waits_until_the_journal_holds_the_last_one() -> None:
    order = OrderAcrossTopics()
    visit, change = event("ann", "web-visits"), event("ann", "contact-changes")
    assert order.admit(visit)
    assert not order.admit(change)
    assert order.pop_ready() == []
    order.acknowledge(visit, partition=2, offset=7)
    order.mark_journaled([(("web-visits", 2), 6), (("web-visits", 1), 9)])
    assert order.pop_ready() == []
    order.mark_journaled([(("web-visits", 2), 8)])
    assert order.pop_ready() == [change]
    assert order.held_count == 0


def test_a_contact_that_waits_delays_no_other() -> None:
    order = OrderAcrossTopics()
    assert order.admit(event("ann", "web-visits"))
    assert not order.admit(event("ann", "contact-changes"))
    assert order.admit(event("bob", "contact-changes"))
    # Her next visit waits behind the change, although the event sent last was a visit too.
    assert not order.admit(event("ann", "web-visits"))
    assert order.held_count == 2


def test_waiting_events_come_out_one_topic_at_a_time() -> None:
    order = OrderAcrossTopics()
    first = event("ann", "web-visits", "1")
    assert order.admit(first)
    queue = [
        event("ann", "contact-changes", "2"),
        event("ann", "contact-changes", "3"),
        event("ann", "web-visits", "4"),
    ]
    for each in queue:
        assert not order.admit(each)
    order.acknowledge(first, 0, 0)
    order.mark_journaled([(("web-visits", 0), 0)])
    assert order.pop_ready() == queue[:2]
    for offset, sent in enumerate(queue[:2]):
        order.acknowledge(sent, 1, offset)
    order.mark_journaled([(("contact-changes", 1), 0)])
    assert order.pop_ready() == []
    order.mark_journaled([(("contact-changes", 1), 1)])
    assert order.pop_ready() == queue[2:]


def test_it_is_drained_when_the_journal_has_everything() -> None:
    order = OrderAcrossTopics()
    ownerless = event(None, "web-visits")
    assert order.admit(ownerless)
    order.acknowledge(ownerless, 0, 5)
    assert not order.is_drained()
    order.mark_journaled([(("web-visits", 0), 5)])
    assert order.is_drained()


def test_contacts_whose_last_event_is_journaled_are_forgotten() -> None:
    order = OrderAcrossTopics()
    for contact, offset in (("ann", 0), ("bob", 1)):
        visit = event(contact, "web-visits")
        assert order.admit(visit)
        order.acknowledge(visit, 0, offset)
    order.mark_journaled([(("web-visits", 0), 0)])
    order.forget_journaled()
    assert order.tracked_count == 1
    assert order.admit(event("ann", "contact-changes"))
    assert not order.admit(event("bob", "contact-changes"))
