"""Which events wait for the journal, so that a contact's order holds across topics."""

from __future__ import annotations

from streams.publish.ordering import OrderAcrossTopics, Outgoing


def event(contact: str | None, topic: str, name: str = "") -> Outgoing:
    key = contact.encode() if contact else None
    return Outgoing(topic, key, name.encode(), ("default", contact) if contact else None)


def test_events_of_one_topic_follow_each_other_without_waiting() -> None:
    order = OrderAcrossTopics()
    assert all(order.may_go(event("ann", "web-visits")) for _ in range(3))
    assert order.waiting == 0


def test_an_event_for_another_topic_waits_until_the_journal_holds_the_last_one() -> None:
    order = OrderAcrossTopics()
    visit, change = event("ann", "web-visits"), event("ann", "contact-changes")
    assert order.may_go(visit)
    assert not order.may_go(change)
    assert order.released() == []
    order.acknowledged(visit, partition=2, offset=7)
    order.journaled([(("web-visits", 2), 6), (("web-visits", 1), 9)])
    assert order.released() == []
    order.journaled([(("web-visits", 2), 8)])
    assert order.released() == [change]
    assert order.waiting == 0


def test_a_contact_that_waits_holds_up_itself_and_nobody_else() -> None:
    order = OrderAcrossTopics()
    assert order.may_go(event("ann", "web-visits"))
    assert not order.may_go(event("ann", "contact-changes"))
    assert order.may_go(event("bob", "contact-changes"))
    # Her next visit stays behind the change that waits, although her last one was a visit too.
    assert not order.may_go(event("ann", "web-visits"))
    assert order.waiting == 2


def test_waiting_events_come_out_one_topic_at_a_time() -> None:
    order = OrderAcrossTopics()
    first = event("ann", "web-visits", "1")
    assert order.may_go(first)
    queue = [
        event("ann", "contact-changes", "2"),
        event("ann", "contact-changes", "3"),
        event("ann", "web-visits", "4"),
    ]
    for each in queue:
        assert not order.may_go(each)
    order.acknowledged(first, 0, 0)
    order.journaled([(("web-visits", 0), 0)])
    assert order.released() == queue[:2]
    for offset, sent in enumerate(queue[:2]):
        order.acknowledged(sent, 1, offset)
    order.journaled([(("contact-changes", 1), 0)])
    assert order.released() == []
    order.journaled([(("contact-changes", 1), 1)])
    assert order.released() == queue[2:]


def test_settled_means_that_the_journal_holds_everything() -> None:
    order = OrderAcrossTopics()
    nobody = event(None, "web-visits")
    assert order.may_go(nobody)
    order.acknowledged(nobody, 0, 5)
    assert not order.settled()
    order.journaled([(("web-visits", 0), 5)])
    assert order.settled()


def test_contacts_whose_last_event_is_journaled_are_forgotten() -> None:
    order = OrderAcrossTopics()
    for contact, offset in (("ann", 0), ("bob", 1)):
        visit = event(contact, "web-visits")
        assert order.may_go(visit)
        order.acknowledged(visit, 0, offset)
    order.journaled([(("web-visits", 0), 0)])
    order.forget_settled()
    assert order.known == 1
    assert order.may_go(event("ann", "contact-changes"))
    assert not order.may_go(event("bob", "contact-changes"))
